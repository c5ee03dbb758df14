/* A tenant at a glance: how far it is, what needs attention, what it has, and its quotas. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { asn_state, member_state, prefix_state, session_state } from "../lib/words.js";
import * as me from "./me.js";
import { steps_section } from "./steps.js";
import { status_of } from "./status.js";
import { warnings_of } from "./warnings.js";

const EVERY_MS = 10000;

function list_section(title, plural, items, line, nothing) {
    const add = me.may_change() && !me.is_operator()
        ? h("a", { href: `#/${plural}/new` }, "Add one") : null;
    return parts.section(title, add, items.length === 0 ? parts.empty(nothing) : h("ul",
        { class: "rows" }, items.slice(0, 8).map((item) => h("li", { "data-key": item.id },
            h("a", { href: `#/${plural}/${item.id}` }, line(item)[0]), line(item)[1]))),
    items.length > 8 ? h("p", {}, h("a", { href: `#/${plural}` }, `All ${items.length}`)) : null);
}

function session_badge(status) {
    return status ? parts.badge(member_state(status))
        : parts.badge(session_state("unknown"), "not at this server");
}

const most = (quota) => (quota ? format.count(quota) : "the server's default");

function quotas_section(tenant, things) {
    const quota = tenant.quota ?? {};
    return parts.section("Quotas", null,
        parts.meter("ASNs", things.asns.length, quota.asns),
        parts.meter("Prefixes", things.prefixes.length, quota.prefixes),
        parts.meter("Sessions", things.sessions.length, quota.sessions),
        parts.facts([["IPv4 routes a session", most(quota.routes_ipv4)],
            ["IPv6 routes a session", most(quota.routes_ipv6)]]));
}

export function warnings_section(warnings) {
    return warnings.length === 0 ? null : parts.section("Needs your attention", null,
        warnings.map((warning) => parts.notice(warning.tone, warning.title,
            h("p", {}, warning.text, " ", h("a", { href: warning.href }, "Look at it")))));
}

async function read(id, signal) {
    const query = { tenant: id };
    const [tenant, asns, prefixes, sessions] = await Promise.all([
        api.get(`/tenants/${id}`, {}, signal), api.list("/asns", query, signal),
        api.list("/prefixes", query, signal), api.list("/sessions", query, signal)]);
    const statuses = new Map(await Promise.all(sessions.slice(0, 20).map(async (one) =>
        [one.id, await status_of(one.id, signal)])));
    return { tenant, asns, prefixes, sessions, statuses };
}

export async function overview(context) {
    const id = context.parameters.id ?? me.tenant();
    context.title("Overview");
    await keep_reading(async () => {
        const things = await read(id, context.signal);
        const { tenant } = things;
        const mode = { global: "Global BGP", local: "Local BGP" }[tenant.mode] ?? tenant.mode;
        context.show(
            me.is_operator() ? parts.breadcrumb(["Tenants", "#/tenants"], [tenant.name]) : null,
            parts.heading(tenant.name, parts.badge(tenant.is_enabled
                ? { tone: "good", sign: "●" } : { tone: "bad", sign: "✕" },
            tenant.is_enabled ? mode : "Switched off")),
            steps_section(things), warnings_section(warnings_of(things)),
            h("div", { class: "columns" },
                list_section("ASNs", "asns", things.asns, (one) => [`AS${one.asn}`,
                    parts.badge(asn_state(one.state))], "No ASN yet."),
                list_section("Prefixes", "prefixes", things.prefixes, (one) => [one.prefix,
                    parts.badge(prefix_state(one.state))], "No prefix yet."),
                list_section("Sessions", "sessions", things.sessions, (one) => [one.address,
                    session_badge(things.statuses.get(one.id))], "No session yet."),
                quotas_section(tenant, things)));
    }, EVERY_MS, context.signal);
}
