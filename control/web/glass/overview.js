/* The server at a glance. */
import { h } from "../lib/dom.js";
import { History, chart } from "../lib/chart.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { table } from "../lib/table.js";
import { session_state } from "../lib/words.js";
import * as read from "./read.js";
import * as viewer from "./viewer.js";

const EVERY_MS = 5000;

/* Goes on where it was when one comes back to the page. */
const history = new History();

const paths = (family) => (sample) => sample.status.routes?.[family].paths ?? null;
const encoded = (sample) => sample.status.log?.prefixes_encoded ?? 0;
const frames = (name) => (sample) =>
    (sample.status.workers ?? []).reduce((sum, worker) => sum + worker[name], 0);

/* What an operator should look at, as [title, text, link]. */
function alarms_of(status) {
    const list = [];
    if (status.restarting) {
        list.push(["The server has just restarted",
            `It waits for ${format.plural(status.restarting.awaited, "member")} before it passes ` +
            `routes on, at most ${format.duration(status.restarting.left_s)} more.`, null]);
    }
    if (status.rpki?.alarms > 0) {
        list.push(["Origin validation", `${format.plural(status.rpki.alarms, "source")} of RPKI ` +
            "data cannot be relied on at the moment.", "#/sources"]);
    }
    if (status.irr?.alarms > 0) {
        list.push(["AS-SETs", `${format.plural(status.irr.alarms, "AS-SET")} could not be ` +
            "brought up to date.", "#/sources"]);
    }
    if (status.registry?.alarms > 0) {
        list.push(["Registry", `${format.plural(status.registry.alarms, "alarm")} in ` +
            "the registry of customers.", null]);
    }
    if (status.events_lost > 0) {
        list.push(["Log", `${format.plural(status.events_lost, "event")} could not be logged.`,
            null]);
    }
    return list;
}

function alarms_section(alarms) {
    return alarms.length === 0 ? null : parts.section("Alarms", null,
        alarms.map(([title, text, link]) => parts.notice("bad", title, h("p", {}, text,
            link ? [" ", h("a", { href: link }, "Look at it")] : null))));
}

function top_figures(status) {
    const { sessions, routes, memory } = status;
    const family = (name, it) => parts.figure(format.count(it.prefixes), name,
        `${format.plural(it.paths, "path")}`);
    return parts.figures(
        sessions ? parts.figure(`${format.count(sessions.established)} of ` +
            format.count(sessions.configured), "Sessions up",
        sessions.disabled > 0 ? `${sessions.disabled} switched off` : "members") : null,
        routes ? [family("IPv4 prefixes", routes.ipv4), family("IPv6 prefixes", routes.ipv6)]
            : null,
        memory ? parts.figure(format.bytes(memory.resident_bytes), "Memory",
            `${format.bytes(memory.table_bytes)} in tables`) : null,
        parts.figure(format.duration(status.uptime_s), "Up for", `version ${status.version}`));
}

/* Those of what the reader may see. */
function charts(samples) {
    const { routes, workers } = samples.at(-1).status;
    return h("div", { class: "columns" },
        routes ? h("section", { class: "card", "aria-label": "Routes over time" },
            chart("Routes", samples, [{ name: "IPv4", read: paths("ipv4") },
                { name: "IPv6", read: paths("ipv6") }])) : null,
        workers ? h("section", { class: "card", "aria-label": "Updates over time" },
            chart("Updates", samples, [
                { name: "prefixes passed on / s", read: history.rate(encoded) },
                { name: "packets in / s", read: history.rate(frames("frames_in")) }])) : null);
}

function sessions_section(status) {
    if (!status.sessions) {
        return null;
    }
    const states = Object.entries(status.sessions.by_state).filter(([, number]) => number > 0);
    return parts.section("Sessions by state", h("a", { href: "#/members" }, "All members"),
        states.length === 0 ? parts.empty("No member is configured.") : h("dl", { class: "facts" },
            states.map(([name, number]) => h("div", {},
                h("dt", {}, parts.badge(session_state(name))),
                h("dd", {}, format.plural(number, "session"), h("br"),
                    h("span", { class: "quiet" }, session_state(name).means))))));
}

function workers_section(status, redraw) {
    const number = (name, title, cell) => ({
        name, title, class: "number", order: (row) => row[name],
        cell: cell ?? ((row) => format.count(row[name])),
    });
    return !status.workers ? null : parts.section("Workers", null, table({
        name: "workers", caption: "Workers of the server", rows: status.workers,
        key: (row) => `worker-${row.worker}`, redraw,
        columns: [
            { name: "worker", title: "Worker", order: (row) => row.worker,
                cell: (row) => (row.cpu === undefined ? row.worker
                    : `${row.worker} on CPU ${row.cpu}`) },
            number("busy_percent", "Busy", (row) => `${row.busy_percent} %`),
            number("connections", "Connections"),
            number("frames_in", "Packets in"), number("frames_out", "Packets out")],
    }));
}

function server_section(status) {
    const { rpki, irr, log, pending, memory } = status;
    return parts.section("Server", null, parts.facts([
        ["AS number", `AS${status.rs_as}`],
        ["Router ID", status.router_id],
        ["Memory for a path", memory ? format.bytes(memory.bytes_per_path) : null],
        ["Attribute sets", status.attribute_sets ? format.count(status.attribute_sets.count)
            : null],
        ["Export log", log ? `${format.bytes(log.bytes)} of ${format.bytes(log.bytes_max)}` : null],
        ["Still to be sent", pending ? `${format.count(pending.prefixes)} prefixes to ` +
            `${format.plural(pending.neighbors, "member")}` : null],
        ["RPKI data", rpki ? `${format.count(rpki.vrps_ipv4 + rpki.vrps_ipv6)} VRPs, ` +
            `${format.plural(rpki.aspas, "ASPA")}` : null],
        ["AS-SETs", irr ? format.count(irr.as_sets) : null]]));
}

function drops_section(status, redraw) {
    const rows = (status.drops ?? []).filter((row) => row.count > 0);
    return !status.drops ? null : parts.section("What was dropped", null, table({
        name: "drops", caption: "What was dropped, and how often", rows, redraw,
        key: (row) => row.name, sort: "-count", empty: parts.empty("Nothing was dropped."),
        columns: [
            { name: "text", title: "What", order: (row) => row.text, cell: (row) => row.text },
            { name: "severity", title: "Meaning", order: (row) => row.severity,
                cell: (row) => ({ NORMAL: "normal", PEER: "somebody's mistake",
                    LOCAL: "we lack something" })[row.severity] ?? row.severity },
            { name: "count", title: "How often", class: "number", order: (row) => row.count,
                cell: (row) => format.count(row.count) }],
    }));
}

export async function overview(context) {
    context.title("Overview");
    let status = null;
    let trouble = null;
    const show = () => {
        const alarms = alarms_of(status);
        const well = !viewer.sees_all() ? null : alarms.length === 0
            ? parts.badge({ tone: "good", sign: "✓" }, "All is well")
            : parts.badge({ tone: "bad", sign: "!" }, format.plural(alarms.length, "alarm"));
        context.show(parts.heading(`Route server AS${status.rs_as}`, well),
            trouble ? parts.failure(trouble) : null,
            alarms_section(alarms), top_figures(status), charts(history.samples),
            h("div", { class: "columns" }, sessions_section(status), server_section(status)),
            workers_section(status, show), drops_section(status, show));
    };
    await keep_reading(async () => {
        status = await read.status(context.signal);
        trouble = null;
        history.add({ at: Date.now(), status });
        show();
    }, EVERY_MS, context.signal, (problem) => {
        trouble = problem;
        show();
    });
}
