/* Why a route is accepted or refused (from a member), and what becomes of it (to a member):
 * every check and every candidate, as the API says it. */
import { h } from "../lib/dom.js";
import { form, note_query, query_key } from "../lib/form.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { go, link_to } from "../lib/router.js";
import { table } from "../lib/table.js";
import { plain, verdict } from "../lib/words.js";
import * as read from "./read.js";
import * as viewer from "./viewer.js";
import { key_of, why } from "./routes.js";
import { normal_prefix } from "./search.js";

const DIRECTIONS = [["from", "announced by"], ["to", "sent to"]];

function explain_form(query, members) {
    const options = [[null, "choose a member"], ...members.map((row) => [row.address,
        `${row.address}, AS${row.asn}${row.description ? `, ${row.description}` : ""}`])];
    const element = form({
        key: query_key("explain", query), submit: "Explain", label: "Explain a route",
        fields: [
            { name: "prefix", label: "Prefix", required: true, example: "192.0.2.0/24" },
            { name: "direction", label: "Direction", type: "choice", options: DIRECTIONS },
            { name: "member", label: "Member", type: "choice", options }],
        values: { prefix: query.prefix, direction: query.to ? "to" : "from",
            member: query.to ?? query.from },
        on_submit: async ({ prefix, direction, member }) => {
            if (!member) {
                throw { message: "Choose a member.", remedy: "", pointer: "/member", reason: "" };
            }
            go("/explain", note_query("explain",
                { prefix: normal_prefix(prefix), [direction]: member }));
        },
    });
    element.classList.add("inline");
    return element;
}

function checks_table(route, redraw) {
    return table({
        name: `checks-${route.from}`, caption: "Checks of this route", rows: route.checks, redraw,
        key: (row) => row.check,
        empty: parts.empty("No rules are in force for this member."),
        columns: [
            { name: "check", title: "Check", cell: (row) => plain(row.check) },
            { name: "verdict", title: "Result", cell: (row) => parts.badge(verdict(row.verdict)) },
            { name: "detail", title: "What it found", cell: (row) => row.detail ?? "–" },
            { name: "key", title: "Setting", cell: (row) => h("code", {}, row.key) }],
    });
}

function announced(route, redraw) {
    const state = route.rejected ? parts.badge({ tone: "bad", sign: "✕" }, "refused")
        : parts.badge({ tone: "good", sign: "✓" }, `accepted, rank ${route.rank}`);
    return h("section", { class: "card", "data-key": key_of(route), "aria-label": "Route" },
        h("div", { class: "card-head" }, h("h2", {}, route.prefix), state),
        parts.facts([["AS path", h("span", { class: "mono" }, route.as_path)],
            ["Next hop", h("span", { class: "mono" }, route.next_hop)],
            ["From", `${route.from}, AS${route.asn}`]]),
        route.rejected ? parts.notice("bad", null, why(route)) : null,
        h("h3", {}, "Every check"), checks_table(route, redraw));
}

function fate_badge(route) {
    const fates = { chosen: ["good", "✓"], rejected: ["bad", "✕"] };
    const [tone, sign] = fates[route.fate] ?? ["off", "–"];
    return parts.badge({ tone, sign }, route.fate === "rejected" ? "refused"
        : route.fate === "chosen" ? "chosen" : "not chosen");
}

/* In what form the member gets it, where that differs from what was announced. */
function dress_of(route) {
    return [
        route.prepended ? `prepended ${format.plural(route.prepended, "time")}, asked for by ` +
            route.prepended_by : null,
        route.blackhole ? "as a blackhole" : null,
        route.adds_no_export ? "with NO_EXPORT" : null,
        route.adds_no_advertise ? "with NO_ADVERTISE" : null].filter((one) => one).join("; ");
}

function reason_of(route) {
    if (route.fate === "rejected") {
        return why(route);
    }
    const rule = route.rule ? ` Decided by: ${route.rule}.` : "";
    const dress = dress_of(route);
    return h("span", {}, format.sentence(route.fate), rule, dress ? ` Sent ${dress}.` : "");
}

function candidates(rows, redraw) {
    return parts.section("Every candidate", null, table({
        name: "candidates", caption: "Candidates for this prefix", rows, key: key_of, redraw,
        columns: [
            { name: "rank", title: "Rank", cell: (row) => row.rank || "–" },
            { name: "from", title: "From", cell: (row) => h("span", {}, h("a", { class: "mono",
                href: link_to(`/members/${row.from}`) }, row.from), h("br"),
            h("span", { class: "quiet" }, `AS${row.asn}`)) },
            { name: "path", title: "AS path",
                cell: (row) => h("span", { class: "mono" }, row.as_path) },
            { name: "fate", title: "Result", cell: fate_badge },
            { name: "why", title: "Why", cell: reason_of }],
    }));
}

function results(answer, is_from, redraw) {
    const rows = answer.rows ?? answer.candidates ?? [];
    const text = answer.text ?? answer.result ?? "";
    return [
        text ? h("div", { class: "notice off", role: "status" },
            h("p", {}, h("strong", {}, format.sentence(text)))) : null,
        is_from ? rows.map((route) => announced(route, redraw))
            : rows.length > 0 ? candidates(rows, redraw) : null];
}

export async function explain(context) {
    const { query, signal } = context;
    const is_asked = query.prefix && (query.from || query.to);
    context.title(is_asked ? `Explain ${query.prefix}` : "Explain");
    const members = await read.members(signal);
    members.sort((a, b) => (a.address < b.address ? -1 : 1));
    const box = h("section", { class: "card", "aria-label": "What to explain" },
        explain_form(query, members));
    let answer = null;
    const show = () => context.show(parts.heading("Explain"),
        h("p", { class: "lead" }, "Why a member's route is accepted or refused, or why a member " +
            "is sent one route and not another."),
        viewer.hint("Explanations"), box,
        answer ? results(answer, Boolean(query.from), show) : null);
    show();
    if (is_asked) {
        const { prefix, from, to } = query;
        answer = await read.explain({ prefix, from, to }, signal);
        show();
    }
}
