/* One member: its session, what was wrong with it, and its routes with why some are refused. */
import { h } from "../lib/dom.js";
import { History, chart } from "../lib/chart.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { link_to } from "../lib/router.js";
import { member_state, plain } from "../lib/words.js";
import * as read from "./read.js";
import * as viewer from "./viewer.js";
import { RouteList } from "./routes.js";

const EVERY_MS = 5000;
const FAMILIES = [["ipv4", "IPv4"], ["ipv6", "IPv6"]];
const TABS = [["filtered", "Refused"], ["accepted", "Accepted"], ["exported", "Sent to it"]];
const NOTHING = {
    filtered: "No refused route to be seen.",
    accepted: "No accepted route to be seen.",
    exported: "No route to be seen that this member is sent.",
};

const histories = new Map(); /* By address; goes on when one comes back. */

function history_of(address) {
    if (!histories.has(address)) {
        histories.set(address, new History());
    }
    return histories.get(address);
}

function query_of(kind, address) {
    return {
        filtered: { from: address, filtered: true },
        accepted: { from: address },
        exported: { to: address },
    }[kind];
}

function top_figures(row) {
    return parts.figures(
        parts.figure(format.count(row.received), "Routes received"),
        parts.figure(format.count(row.accepted), "Accepted"),
        parts.figure(format.count(row.filtered), "Refused", null, row.filtered > 0 ? "bad" : ""),
        parts.figure(format.count(row.exported), "Sent to it"));
}

function authentication_of(row) {
    const it = row.authentication;
    return typeof it === "string" ? it : it?.kind ?? it?.method ?? null;
}

function session_section(row) {
    return parts.section("Session", null, parts.facts([
        ["Since", format.duration(row.since_s)],
        ["Came up", row.established_count === undefined ? null
            : format.plural(row.established_count, "time")],
        ["Router ID", row.router_id],
        ["Hold time", row.hold_time === undefined ? null : `${row.hold_time} s`],
        ["Authentication", authentication_of(row)],
        ["Who connects", row.passive ? "the member" : "both sides"],
        ["Our address", row.local_address],
        ["TTL security", row.hop_limit_min ? `at least ${row.hop_limit_min}` : null],
        ["Our role", row.local_role], ["Its role", row.peer_role],
        ["Round trip", row.rtt_min_us ? `${(row.rtt_min_us / 1000).toFixed(1)} ms` : null],
        ["Extended messages", row.extended_messages ? "yes" : null],
        ["Stale routes are kept", row.stale_time ? `${row.stale_time} s` : null],
        ["Worker", row.worker],
        ["Bytes in, out", row.bytes_in === undefined ? null
            : `${format.bytes(row.bytes_in)}, ${format.bytes(row.bytes_out)}`]]));
}

/* Everything that was wrong, the latest first. */
function trouble_section(row) {
    const notes = [];
    if (row.disabled) {
        notes.push(parts.notice("busy", "An operator has switched it off",
            h("p", {}, row.disabled.reason || "No reason was given.")));
    }
    if (row.rests_for_s) {
        notes.push(parts.notice("busy", `It rests for another ${format.duration(row.rests_for_s)}`,
            h("p", {}, "After an error the server waits before it tries again.")));
    }
    if (row.last_error) {
        notes.push(parts.notice(row.state === "Established" ? "off" : "bad", "Last error",
            h("p", {}, format.sentence(row.last_error))));
    }
    if (row.last_offence) {
        const age = format.duration(row.last_offence.age_s);
        notes.push(parts.notice("bad", `A faulty message, ${age} ago`,
            h("p", {}, format.sentence(row.last_offence.text)),
        h("details", {}, h("summary", {}, "The message"),
            h("p", { class: "mono" }, row.last_offence.message))));
    }
    const faults = row.import?.faults ?? [];
    if (faults.length > 0) {
        notes.push(parts.notice("busy", "Faulty updates", h("ul", {}, faults.map((fault) =>
            h("li", {}, format.sentence(fault.fault),
                ` ${format.plural(fault.count, "time")}`)))));
    }
    return notes.length === 0 ? null : parts.section("What went wrong", null, notes);
}

function limit_text(limit) {
    const then = { none: "nothing happens", warning: "only a warning", block: "more is refused",
        restart: "the session is restarted", shutdown: "the session is shut down" };
    return `${format.count(limit.limit)} (above: ${then[limit.action] ?? limit.action})`;
}

function families_section(row) {
    return parts.section("Address families", null, FAMILIES.map(([name, title]) => {
        const it = row.families?.[name];
        if (!it) {
            return null;
        }
        return h("div", { class: "stack" }, h("h3", {}, `${title} `, it.negotiated
            ? parts.badge({ tone: "good", sign: "●" }, "agreed on")
            : parts.badge({ tone: "off", sign: "○" }, "not agreed on")),
        parts.facts([["Received", format.count(it.received)],
            ["Accepted", format.count(it.accepted)],
            ["Stale", it.stale],
            ["Limit", it.max_prefix ? limit_text(it.max_prefix) : null],
            ["Several paths", it.add_path?.send || it.add_path?.receive
                ? [it.add_path.send ? "sent" : null, it.add_path.receive ? "received" : null]
                    .filter((one) => one).join(" and ") : null]]));
    }));
}

function charts(samples, history) {
    return h("div", { class: "columns" },
        h("section", { class: "card", "aria-label": "Routes over time" },
            chart("Routes", samples, [
                { name: "accepted", read: (sample) => sample.row.accepted },
                { name: "refused", read: (sample) => sample.row.filtered },
                { name: "sent to it", read: (sample) => sample.row.exported }])),
        !samples.at(-1).row.import ? null : h("section",
            { class: "card", "aria-label": "Updates over time" },
            chart("Prefixes in updates, a second", samples, [
                { name: "announced",
                    read: history.rate((sample) => sample.row.import?.announced ?? 0) },
                { name: "withdrawn",
                    read: history.rate((sample) => sample.row.import?.withdrawn ?? 0) }])));
}

/* The three lists of routes; which one is in the address, so that it can be linked to. */
function routes_section(address, tab, list, row, redraw) {
    const numbers = { filtered: row.filtered, accepted: row.accepted, exported: row.exported };
    return parts.section("Routes", h("a",
        { href: link_to("/explain", { from: address }) }, "Explain one of its routes"),
        h("nav", { "aria-label": "Which routes" }, h("ul", { class: "tabs" },
            TABS.map(([name, title]) => h("li", {}, h("a", {
                href: link_to(`/members/${address}`, { routes: name }),
                "aria-current": name === tab ? "true" : null,
            }, `${title} (${format.count(numbers[name])})`))))),
        list.view(`Routes: ${plain(tab)}`, parts.empty(NOTHING[tab], tab === "accepted" ? null
            : viewer.hint("Refused routes, and what a member is sent,")), redraw));
}

function title_of(row, address) {
    return row.description ? `${row.description}, AS${row.asn}` : `AS${row.asn} at ${address}`;
}

export async function member(context) {
    const { address } = context.parameters;
    let row = null;
    let trouble = null;
    context.title(address);
    const history = history_of(address);
    const tab = TABS.some(([name]) => name === context.query.routes) ? context.query.routes
        : "filtered";
    const list = new RouteList(tab, query_of(tab, address), context.signal);
    const show = () => {
        context.title(title_of(row, address));
        context.show(parts.breadcrumb(["Members", "#/members"], [address]),
            parts.heading(title_of(row, address), parts.badge(member_state(row)),
                h("span", { class: "mono quiet" }, address)),
            h("p", { class: "lead" }, member_state(row).means),
            trouble ? parts.failure(trouble) : null, trouble_section(row), top_figures(row),
            charts(history.samples, history),
            row.families ? h("div", { class: "columns" }, session_section(row),
                families_section(row)) : null,
            routes_section(address, tab, list, row, show));
    };
    await keep_reading(async () => {
        const before = row;
        row = await read.member(address, context.signal);
        trouble = null;
        history.add({ at: Date.now(), row });
        if (list.rows === null || changed(before, row, tab)) {
            list.rows = null;
            list.cursor = null;
            await list.more();
        }
        show();
    }, EVERY_MS, context.signal, (problem) => {
        trouble = problem;
        show();
    });
}

/* Whether the list that is shown is another by now, as far as its count says. */
function changed(before, row, tab) {
    return before !== null && before[tab] !== row[tab];
}
