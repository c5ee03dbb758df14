/* All members in one table. */
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { link_to } from "../lib/router.js";
import { table } from "../lib/table.js";
import { member_state } from "../lib/words.js";
import * as read from "./read.js";

const EVERY_MS = 10000;

function number(name, title) {
    return {
        name, title, class: "number", order: (row) => row[name] ?? 0,
        cell: (row) => format.count(row[name]),
    };
}

const COLUMNS = [
    { name: "address", title: "Address", order: (row) => format.address_order(row.address),
        cell: (row) => h("a", { class: "mono", href: link_to(`/members/${row.address}`) },
            row.address) },
    { name: "asn", title: "AS", order: (row) => row.asn, cell: (row) => row.asn },
    { name: "description", title: "Name", order: (row) => (row.description ?? "").toLowerCase(),
        cell: (row) => row.description ?? "–" },
    { name: "state", title: "State", order: (row) => member_state(row).text,
        cell: (row) => parts.badge(member_state(row)) },
    { name: "since_s", title: "Since", class: "number", order: (row) => row.since_s,
        cell: (row) => format.duration(row.since_s) },
    number("received", "Received"), number("accepted", "Accepted"), number("filtered", "Filtered"),
    number("exported", "Sent to it"),
];

function text_of(row) {
    return `${row.address} as${row.asn} ${row.description ?? ""} ${member_state(row).text}`;
}

export async function members(context) {
    context.title("Members");
    let rows = [];
    let trouble = null;
    const show = () => context.show(
        parts.heading("Members"),
        h("p", { class: "lead" }, "Routers that have a session with this route server. " +
            "“Filtered” counts routes that are refused; a member's page says why."),
        trouble ? parts.failure(trouble) : null,
        h("section", { class: "card", "aria-label": "Members" }, table({
            name: "members", caption: "Members and their routes", columns: COLUMNS, rows,
            key: (row) => row.address, sort: "address", filter: text_of,
            noun: ["member", "members"],
            placeholder: "Name, AS or address", redraw: () => show(),
            empty: parts.empty("No member is configured."),
        })));
    await keep_reading(async () => {
        rows = await read.members(context.signal);
        trouble = null;
        show();
    }, EVERY_MS, context.signal, (problem) => {
        trouble = problem;
        show();
    });
}
