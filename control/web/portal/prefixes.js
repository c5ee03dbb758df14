/* Prefixes: the list, and a new one. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { go } from "../lib/router.js";
import { prefix_state } from "../lib/words.js";
import { list_page } from "./list.js";
import * as me from "./me.js";

const COLUMNS = [
    { name: "prefix", title: "Prefix", order: (row) => format.address_order(row.prefix),
        cell: (row) => h("a", { class: "mono", href: `#/prefixes/${row.id}` }, row.prefix) },
    { name: "max_length", title: "Up to", order: (row) => row.max_length ?? 0,
        cell: (row) => (row.max_length ? `/${row.max_length}` : "itself") },
    { name: "origins", title: "Origins", order: (row) => row.origins.join(),
        cell: (row) => row.origins.map((asn) => `AS${asn}`).join(", ") },
    { name: "state", title: "State", order: (row) => row.state,
        cell: (row) => parts.badge(prefix_state(row.state)) },
    { name: "description", title: "What for", order: (row) => row.description ?? "",
        cell: (row) => row.description || "–" },
];

export function prefixes(context) {
    return list_page(context, {
        plural: "prefixes", one: "prefix", title: "Prefixes", columns: COLUMNS, sort: "prefix",
        is_owned: true,
        lead: "The addresses that you bring. A route is accepted from your sessions only if a " +
            "prefix here allows it.",
        add: me.may_change() ? "Add a prefix" : null,
        text: (row) => `${row.prefix} ${row.origins.map((asn) => `as${asn}`).join(" ")} ` +
            `${row.state} ${row.description ?? ""}`,
        empty: ["No prefix yet.", "Add the addresses that you want to announce."],
    });
}

export function prefix_fields(sites) {
    return [
        { name: "max_length", label: "Longest prefix inside it (maxLength)", type: "number", min: 1,
            max: 128, hint: "Leave it empty to announce the prefix itself and nothing more " +
                "specific. Your ROA must allow the same." },
        { name: "origins", label: "Origin ASNs", type: "numbers", required: true,
            example: "64501",
            hint: "Who announces it; two while you move it from one to another." },
        { name: "sites", label: "Sites", type: "many",
            options: sites.map((site) => [site.id, site.name]),
            hint: "Where it may be announced. None chosen means everywhere." },
        { name: "not_before", label: "Not before", type: "moment", hint: "UTC." },
        { name: "not_after", label: "Not after", type: "moment", hint: "UTC." },
        { name: "description", label: "What it is for", type: "text" },
    ];
}

const PREFIX = { name: "prefix", label: "Prefix", type: "text", required: true,
    example: "203.0.113.0/24 or 2001:db8::/32",
    hint: "IPv4 or IPv6, as your registry of addresses has it." };
const PARENT = { name: "parent", label: "Delegated from", type: "text", example: "p-…",
    hint: "Only if another customer delegates a part of its prefix to you: the id of theirs." };

/* What is made is checked at once: a draft that waits for a second click helps nobody. */
async function create(body) {
    const made = await api.post("/prefixes", me.owned(body));
    if (made.state === "draft") {
        await api.post(`/prefixes/${made.id}/submit`);
    }
    parts.announce(`${made.prefix} is added; its checks have begun.`);
    go(`/prefixes/${made.id}`);
}

export async function prefix_new(context) {
    context.title("Add a prefix");
    const [sites, tenants, asns] = await Promise.all([api.list("/sites", {}, context.signal),
        me.tenants(context.signal), api.list("/asns", {}, context.signal)]);
    const origins = me.is_operator() ? [] : asns.slice(0, 1).map((one) => one.asn);
    context.show(parts.breadcrumb(["Prefixes", "#/prefixes"], ["New"]),
        parts.heading("Add a prefix"),
        h("p", { class: "lead" }, "Step 2: which addresses you bring and who announces them. " +
            "Nothing is announced yet."),
        h("section", { class: "card", "aria-label": "New prefix" }, form({
            key: "prefix-new", submit: "Add and check", cancel: "#/prefixes",
            fields: [...me.tenant_field(tenants), PREFIX, ...prefix_fields(sites), PARENT],
            values: { origins }, on_submit: create,
        })));
}
