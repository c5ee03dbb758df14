/* Where the server's knowledge of origins comes from: RPKI and AS-SETs. */
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { table } from "../lib/table.js";
import * as read from "./read.js";
import * as viewer from "./viewer.js";

const EVERY_MS = 15000;

function number(name, title) {
    return { name, title, class: "number", order: (row) => row[name] ?? 0,
        cell: (row) => format.count(row[name]) };
}

function alarm_cell(text, detail) {
    return text ? h("div", {}, parts.badge({ tone: "bad", sign: "!" }, text), " ", detail ?? "")
        : parts.badge({ tone: "good", sign: "✓" }, "fine");
}

function rpki_section(answer, redraw) {
    return parts.section("Origin validation (RPKI)", null, table({
        name: "rpki", caption: "Sources of RPKI data", rows: answer.rows ?? [], redraw,
        key: (row) => row.source,
        empty: parts.empty(answer.text ? format.sentence(answer.text)
            : "No source of RPKI data is configured."),
        columns: [
            { name: "source", title: "Source", order: (row) => row.source,
                cell: (row) => h("span", { class: "mono" }, row.source) },
            { name: "state", title: "State", order: (row) => row.state,
                cell: (row) => `${row.state}${row.used ? ", in use" : ""}` },
            number("vrps_ipv4", "VRPs, IPv4"), number("vrps_ipv6", "VRPs, IPv6"),
            number("aspas", "ASPAs"),
            { name: "changed", title: "Changed", class: "number",
                order: (row) => row.changed_age_s ?? Infinity,
                cell: (row) => (row.changed_age_s === undefined ? "–"
                    : `${format.duration(row.changed_age_s)} ago`) },
            { name: "alarm", title: "Alarm", order: (row) => row.alarm ?? "",
                cell: (row) => alarm_cell(row.alarm, row.detail) }],
    }));
}

/* What everybody may know. */
function totals(answer) {
    return parts.section("Origin validation (RPKI)", null, parts.facts([
        ["VRPs, IPv4", format.count(answer.vrps_ipv4)],
        ["VRPs, IPv6", format.count(answer.vrps_ipv6)], ["ASPAs", format.count(answer.aspas)],
        ["Changed", answer.changed_age_s === undefined ? null
            : `${format.duration(answer.changed_age_s)} ago`]]),
    viewer.hint("The sources and their state"));
}

function irr_section(answer, redraw) {
    return parts.section("AS-SETs (IRR)", null, table({
        name: "irr", caption: "AS-SETs that filters use", rows: answer.rows ?? [], redraw,
        key: (row) => row.as_set, filter: (row) => row.as_set, noun: ["AS-SET", "AS-SETs"],
        empty: parts.empty("No member's filter uses an AS-SET."),
        columns: [
            { name: "as_set", title: "AS-SET", order: (row) => row.as_set,
                cell: (row) => h("span", { class: "mono" }, row.as_set) },
            { name: "state", title: "State", order: (row) => row.state, cell: (row) => row.state },
            number("asns", "ASNs"), number("ipv4", "IPv4"), number("ipv6", "IPv6"),
            { name: "age_s", title: "Asked", class: "number",
                order: (row) => row.age_s ?? Infinity,
                cell: (row) => (row.age_s === undefined ? "–"
                    : `${format.duration(row.age_s)} ago`) },
            { name: "alarm", title: "Alarm", order: (row) => (row.is_alarm ? 0 : 1),
                cell: (row) => alarm_cell(row.is_alarm ? row.part ?? "alarm" : "", row.detail) }],
    }));
}

export async function sources(context) {
    context.title("Sources");
    let rpki = {};
    let irr = null;
    const show = () => context.show(parts.heading("Sources"),
        h("p", { class: "lead" }, "What the server checks origins against, and how fresh it is."),
        viewer.sees_all() ? rpki_section(rpki, show) : totals(rpki),
        irr ? irr_section(irr, show) : null);
    await keep_reading(async () => {
        rpki = await read.rpki(context.signal);
        irr = await read.irr(context.signal);
        show();
    }, EVERY_MS, context.signal);
}
