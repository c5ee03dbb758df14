/* Sessions: the list, and a new one. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { go } from "../lib/router.js";
import { member_state } from "../lib/words.js";
import { keep_key } from "./keys.js";
import { list_page } from "./list.js";
import * as me from "./me.js";
import { status_of } from "./status.js";

const STATUSES_MAX = 50; /* Asked one by one; an operator with more has the looking glass. */

export const AUTHENTICATIONS = [["md5", "MD5 password (RFC 2385)"],
    ["tcp-ao", "TCP-AO key (RFC 5925)"], ["none", "none"]];
export const VIEWS = [["full", "everything that is offered"],
    ["customers-peers", "routes of customers and peers"], ["own-tenant", "only your own routes"],
    ["default", "only a default route"], ["none", "nothing"]];
export const FAMILIES = [["ipv4", "IPv4"], ["ipv6", "IPv6"]];

function columns_of(sites, statuses) {
    const site = new Map(sites.map((one) => [one.id, one.name]));
    const state = (row) => statuses.get(row.id);
    return [
        { name: "address", title: "Address",
            order: (row) => format.address_order(row.address ?? ""),
            cell: (row) => h("a", { class: "mono", href: `#/sessions/${row.id}` }, row.address) },
        { name: "asn", title: "ASN", order: (row) => row.asn, cell: (row) => `AS${row.asn}` },
        { name: "site", title: "Site", order: (row) => site.get(row.site) ?? "",
            cell: (row) => site.get(row.site) ?? row.site },
        { name: "state", title: "State", order: (row) => state(row)?.state ?? "",
            cell: (row) => (state(row) ? parts.badge(member_state(state(row)))
                : parts.badge({ tone: "off", sign: "?" },
                    statuses.has(row.id) ? "Not at this server" : "See its page")) },
        { name: "accepted", title: "Accepted", class: "number",
            order: (row) => state(row)?.accepted ?? 0,
            cell: (row) => format.count(state(row)?.accepted) },
        { name: "filtered", title: "Refused", class: "number",
            order: (row) => state(row)?.filtered ?? 0,
            cell: (row) => format.count(state(row)?.filtered) },
        { name: "description", title: "What for", order: (row) => row.description ?? "",
            cell: (row) => row.description || "–" }];
}

export async function sessions(context) {
    const sites = await api.list("/sites", {}, context.signal);
    const statuses = new Map();
    await list_page(context, {
        plural: "sessions", one: "session", title: "Sessions", columns: columns_of(sites, statuses),
        sort: "address", is_owned: true,
        lead: "BGP sessions between your routers and the route server.",
        add: me.may_change() ? "Create a session" : null,
        text: (row) => `${row.address} as${row.asn} ${row.description ?? ""}`,
        empty: ["No session yet.", "Create one once your ASN is verified."],
        more: (rows) => Promise.all(rows.slice(0, STATUSES_MAX).map(async (one) =>
            statuses.set(one.id, await status_of(one.id, context.signal)))),
    });
}

/* What may be changed later, too. */
export function session_fields() {
    return [
        { name: "route_view", label: "What you want to hear", type: "choice", options: VIEWS },
        { name: "description", label: "What it is for", type: "text",
            hint: "Such as the name of the router." }];
}

function new_fields(sites, templates, asns) {
    const own = asns.filter((one) => one.state === "verified");
    const choices = (own.length > 0 ? own : asns).map((one) => [one.asn, `AS${one.asn}`]);
    const number = me.is_operator() || choices.length === 0
        ? { type: "number", min: 1, example: "64501" } : { type: "choice", options: choices };
    return [
        { name: "asn", label: "Your ASN", required: true, ...number },
        { name: "site", label: "Site", type: "choice", required: true,
            options: sites.map((one) => [one.id, one.description
                ? `${one.name}, ${one.description}` : one.name]) },
        { name: "families", label: "Addresses that the session carries", type: "many",
            options: FAMILIES, hint: "For both families make two sessions, one over IPv4 and one " +
                "over IPv6, unless your router does IPv4 over IPv6." },
        { name: "address", label: "Your router's address", type: "text",
            hint: "Leave it empty to get one from the site's pool." },
        { name: "authentication", label: "Authentication", type: "choice",
            options: AUTHENTICATIONS, hint: "The key is made here and shown once." },
        ...templates.length > 0 ? [{ name: "template", label: "Template", type: "choice",
            options: [[null, "none"], ...templates.map((one) => [one.id, one.name])] }] : [],
        ...session_fields()];
}

/* The choice gives text; the API wants the number. */
async function create(body) {
    const made = await api.post("/sessions", me.owned({ ...body, asn: Number(body.asn) }));
    keep_key(made.id, made.key);
    parts.announce("The session is made.");
    go(`/sessions/${made.id}`);
}

export async function session_new(context) {
    context.title("Create a session");
    const [sites, templates, asns, tenants] = await Promise.all([
        api.list("/sites", {}, context.signal), api.list("/templates", {}, context.signal),
        api.list("/asns", {}, context.signal), me.tenants(context.signal)]);
    context.show(parts.breadcrumb(["Sessions", "#/sessions"], ["New"]),
        parts.heading("Create a session"),
        h("p", { class: "lead" }, "Step 4: where your router is and what the session carries. It " +
            "is ready at once; no other session is touched."),
        h("section", { class: "card", "aria-label": "New session" }, form({
            key: "session-new", submit: "Create the session", cancel: "#/sessions",
            fields: [...me.tenant_field(tenants), ...new_fields(sites, templates, asns)],
            values: { authentication: "md5", route_view: "full", families: ["ipv4"] },
            on_submit: create,
        })));
}
