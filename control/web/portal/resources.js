/* What operators look after by plain forms: tenants, sites, templates, tokens.
 *
 * One table says what each kind has; the pages are the same for all.  Customers see the tokens of
 * their own. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { go } from "../lib/router.js";
import { edit_form } from "./edit.js";
import { keep_key, key_section } from "./keys.js";
import { list_page } from "./list.js";
import * as me from "./me.js";
import { AUTHENTICATIONS, VIEWS } from "./sessions.js";

const EVERY_MS = 15000;

const NAME = { name: "name", label: "Name", type: "text", required: true };
const DESCRIPTION = { name: "description", label: "Description", type: "text" };
const QUOTAS = [["asns", "ASNs"], ["prefixes", "Prefixes"], ["sessions", "Sessions"],
    ["routes_ipv4", "IPv4 routes of a session"], ["routes_ipv6", "IPv6 routes of a session"]];

function quota_fields() {
    return QUOTAS.map(([name, label]) => ({ name: `quota_${name}`, label: `Quota: ${label}`,
        type: "number", min: 1, hint: "Empty: the server's default." }));
}

/* A form is flat, the object has its quotas in a group. */
function tenant_body(body, values = {}) {
    const quota = { ...values.quota ?? {} };
    const rest = {};
    for (const [name, value] of Object.entries(body)) {
        if (name.startsWith("quota_")) {
            quota[name.slice(6)] = value;
        } else {
            rest[name] = value;
        }
    }
    return Object.keys(quota).length > 0 ? { ...rest, quota } : rest;
}

function tenant_values(one) {
    const quota = Object.entries(one.quota ?? {}).map(([name, value]) => [`quota_${name}`, value]);
    return { ...one, ...Object.fromEntries(quota) };
}

const YES = (value) => (value ? "yes" : "no");

const KINDS = {
    tenants: {
        title: "Tenants", one: "tenant",
        lead: "Customers. Everything else in the registry belongs to one of them.",
        fields: () => [NAME,
            { name: "mode", label: "BGP", type: "choice",
                options: [["global", "global: public ASNs"], ["local", "local: private ASNs"]] },
            { name: "contact", label: "Contact", type: "text" },
            { name: "is_enabled", label: "Its sessions run and its prefixes are announced",
                type: "check" }, ...quota_fields()],
        values: tenant_values, body: tenant_body, begin: { mode: "global", is_enabled: true },
        columns: [["mode", "BGP"], ["contact", "Contact"], ["is_enabled", "Runs", YES]],
        more: (one) => h("a", { href: `#/tenants/${one.id}/overview` }, "Its ASNs, prefixes and " +
            "sessions"),
    },
    sites: {
        title: "Sites", one: "site",
        lead: "Places with a route server, and the addresses of their networks.",
        fields: () => [NAME, DESCRIPTION,
            { name: "pool_ipv4", label: "IPv4 pool", type: "text", example: "198.51.100.0/24",
                hint: "Sessions get their addresses out of it." },
            { name: "pool_ipv6", label: "IPv6 pool", type: "text", example: "2001:db8::/64" },
            { name: "reserved", label: "Reserved addresses", type: "list" },
            { name: "server_ipv4", label: "The server's IPv4 address", type: "text" },
            { name: "server_ipv6", label: "The server's IPv6 address", type: "text" },
            { name: "server_asn", label: "The server's ASN", type: "number",
                hint: "Empty: as configured." },
            { name: "has_limited", label: "Announcements for a test are offered", type: "check" }],
        columns: [["description", "Description"], ["pool_ipv4", "IPv4 pool"],
            ["pool_ipv6", "IPv6 pool"], ["has_limited", "Tests", YES]],
    },
    templates: {
        title: "Templates", one: "template", lead: "Options that sessions begin with.",
        begin: { authentication: "none", route_view: "full" },
        fields: () => [NAME, DESCRIPTION,
            { name: "authentication", label: "Authentication", type: "choice",
                options: AUTHENTICATIONS },
            { name: "route_view", label: "Hears", type: "choice", options: VIEWS },
            { name: "role", label: "Our role (RFC 9234)", type: "choice",
                options: ["none", "provider", "rs", "rs-client", "customer", "peer"]
                    .map((one) => [one, one]) },
            { name: "add_path", label: "Several paths (RFC 7911)", type: "choice",
                options: [["off", "off"], ["rx", "received"], ["tx", "sent"], ["both", "both"]] },
            { name: "max_prefix_ipv4", label: "Most IPv4 routes", type: "number",
                hint: "Empty: from the authorisations." },
            { name: "max_prefix_ipv6", label: "Most IPv6 routes", type: "number" },
            { name: "hold_time", label: "Hold time, s", type: "number" },
            { name: "multihop", label: "Hops at most", type: "number",
                hint: "Empty: directly connected." },
            { name: "gtsm", label: "TTL security (RFC 5082)", type: "check" },
            { name: "passive", label: "The server waits for the router to connect",
                type: "check" }],
        columns: [["description", "Description"], ["authentication", "Authentication",
            (name) => new Map(AUTHENTICATIONS).get(name)],
            ["route_view", "Hears", (view) => new Map(VIEWS).get(view)]],
    },
    tokens: {
        title: "Tokens", one: "token", is_secret: true,
        lead: "What programs and people show to be let in. A token's secret is shown once.",
        fields: (tenants) => [NAME, ...me.is_operator() ? [
            { name: "role", label: "Role", type: "choice", options: [["tenant", "customer"],
                ["viewer", "viewer: sees all, changes nothing"], ["operator", "operator"]] },
            { name: "tenant", label: "Tenant", type: "choice", hint: "Of a customer's token.",
                options: [[null, "none"], ...tenants.map((one) => [one.id, one.name])] }] : [],
        { name: "expires_at", label: "Expires", type: "moment", hint: "UTC; empty: never." }],
        edits: ["name", "expires_at"],
        create: (body) => (me.is_operator() ? body : me.owned({ role: "tenant", ...body })),
        columns: [["role", "Role", me.role_text], ["expires_at", "Expires", format.moment]],
    },
};

function columns_of(plural, kind) {
    return [{ name: "name", title: "Name", order: (row) => row.name.toLowerCase(),
        cell: (row) => h("a", { href: `#/${plural}/${row.id}` }, row.name) },
    ...kind.columns.map(([name, title, text = (value) => value || "–"]) => ({
        name, title, order: (row) => String(row[name] ?? ""), cell: (row) => text(row[name]) }))];
}

/* A token's tenant may change its own; sites and templates are the operators'. */
const may = (kind) => me.may_change() && (me.is_operator() || kind.is_secret);

function kind_page(plural) {
    const kind = KINDS[plural];
    return (context) => list_page(context, {
        plural, one: kind.one, title: kind.title, lead: kind.lead,
        columns: columns_of(plural, kind),
        sort: "name", is_owned: kind.is_secret, add: may(kind) ? `Make a ${kind.one}` : null,
        text: (row) => kind.columns.map(([name]) => row[name]).join(" ") + ` ${row.name}`,
        empty: [`No ${kind.one} yet.`],
    });
}

function new_page(plural) {
    const kind = KINDS[plural];
    return async (context) => {
        const title = `Make a ${kind.one}`;
        context.title(title);
        const tenants = await me.tenants(context.signal);
        context.show(parts.breadcrumb([kind.title, `#/${plural}`], ["New"]), parts.heading(title),
            h("section", { class: "card", "aria-label": title }, form({
                key: `${plural}-new`, fields: kind.fields(tenants), values: kind.begin ?? {},
                submit: title, cancel: `#/${plural}`,
                on_submit: async (body) => {
                    const whole = kind.create ?? kind.body;
                    const made = await api.post(`/${plural}`, whole?.(body) ?? body);
                    keep_key(made.id, made.secret);
                    parts.announce("Made.");
                    go(`/${plural}/${made.id}`);
                },
            })));
    };
}

const SECRET = { title: "The token", label: "Token",
    text: "Copy it to a safe place. The server keeps only its hash and cannot show it again." };

function change_form(plural, one) {
    const kind = KINDS[plural];
    const fields = kind.fields([]).filter((field) => !kind.edits ||
        kind.edits.includes(field.name));
    return edit_form(`/${plural}/${one.id}`, one, fields,
        { values: kind.values, body: kind.body });
}

function delete_section(plural, one, problem_of) {
    const kind = KINDS[plural];
    return parts.section("Delete", null, problem_of.shown ? parts.failure(problem_of.shown) : null,
        h("p", {}, parts.button(`Delete this ${kind.one}`, async () => {
            const text = kind.is_secret ? "Whoever uses it is not let in any more."
                : "It can be deleted only if nothing belongs to it.";
            if (!await parts.confirm_dialog(`Delete ${one.name}?`, text, "Delete")) {
                return;
            }
            try {
                await api.remove(`/${plural}/${one.id}`);
                go(`/${plural}`);
            } catch (problem) {
                problem_of.shown = problem;
                problem_of.read();
            }
        }, { kind: "danger" })));
}

function one_page(plural) {
    const kind = KINDS[plural];
    return async (context) => {
        const { id } = context.parameters;
        const problem_of = { shown: null };
        const read = async () => {
            const one = await api.get(`/${plural}/${id}`, {}, context.signal);
            context.title(one.name);
            context.show(parts.breadcrumb([kind.title, `#/${plural}`], [one.name]),
                parts.heading(one.name), key_section(one.id, SECRET, read),
                kind.more ? h("p", {}, kind.more(one)) : null,
                may(kind) ? h("section", { class: "card", "aria-label": "Change it" },
                    change_form(plural, one)) : null,
                may(kind) ? delete_section(plural, one, problem_of) : null);
        };
        problem_of.read = read;
        await keep_reading(read, EVERY_MS, context.signal);
    };
}

export function resource_pages(names) {
    return names.flatMap((plural) => [[`/${plural}`, kind_page(plural)],
        [`/${plural}/new`, new_page(plural)], [`/${plural}/:id`, one_page(plural)]]);
}
