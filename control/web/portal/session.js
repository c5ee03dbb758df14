/* One session: its key while it is fresh, the router's configuration, live state, and refused
 * routes with what to do. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { go, link_to } from "../lib/router.js";
import { member_state } from "../lib/words.js";
import { RouteList } from "../glass/routes.js";
import { action_bar } from "./actions.js";
import { edit_form } from "./edit.js";
import { keep_key, key_of, key_section } from "./keys.js";
import * as me from "./me.js";
import { FAMILIES, session_fields, VIEWS } from "./sessions.js";
import { status_of } from "./status.js";

const EVERY_MS = 5000;
const KEY_PLACE = "PUT-THE-KEY-HERE"; /* SNIPPET_KEY_PLACE of the server. */
const ROUTERS = [["bird", "BIRD 2"], ["bird3", "BIRD 3"], ["frr", "FRR"],
    ["openbgpd", "OpenBGPD"], ["gobgp", "GoBGP"], ["ios-xe", "Cisco IOS-XE"],
    ["ios-xr", "Cisco IOS-XR"], ["junos", "Juniper Junos"], ["eos", "Arista EOS"],
    ["mikrotik", "MikroTik RouterOS"]];

let router = "bird"; /* The reader's choice, for all sessions. */

function fresh_key(one, read) {
    return key_section(one.id, {
        title: "Your key", label: one.authentication === "tcp-ao" ? "TCP-AO key" : "MD5 password",
        text: "Copy it to your router or keep it in a safe place. The server never shows it " +
            "again; a lost key can only be replaced by a new one.",
    }, read);
}

async function configuration(id, signal) {
    try {
        const text = await api.get_text(`/sessions/${id}/configuration`, { router }, signal);
        return text.replaceAll(KEY_PLACE, key_of(id) ?? KEY_PLACE);
    } catch (problem) {
        return problem;
    }
}

function configuration_section(one, text, read) {
    const change = (event) => {
        router = event.currentTarget.value;
        read();
    };
    const chooser = h("label", {}, "Router ", h("select", { on_change: change, id: "router" },
        ROUTERS.map(([name, title]) => h("option", { value: name, selected: name === router },
            title))));
    const title = ROUTERS.find(([name]) => name === router)[1];
    return parts.section("Configuration of your router", chooser,
        one.authentication !== "none" && !key_of(one.id) ? h("p", { class: "quiet" },
            "Where it says ", h("code", {}, KEY_PLACE), " put your key.") : null,
        typeof text === "string" ? parts.snippet(text, title) : parts.failure(text));
}

function live_section(one, status) {
    if (!status) {
        return parts.section("Live state", null, parts.empty("This session is not at this server.",
            h("p", {}, "Another site's server runs it.")));
    }
    if (status.why) {
        return parts.section("Live state", null, parts.notice("busy", "It does not run",
            h("p", {}, format.sentence(status.why)),
            status.remedy ? h("p", {}, format.sentence(status.remedy)) : null));
    }
    return parts.section("Live state", null,
        h("p", {}, parts.badge(member_state(status)), " ", member_state(status).means,
            ` For ${format.duration(status.since_s)}.`),
        status.last_error ? parts.notice(status.state === "Established" ? "off" : "bad",
            "Last error", h("p", {}, format.sentence(status.last_error))) : null,
        parts.figures(parts.figure(format.count(status.received), "Routes received"),
            parts.figure(format.count(status.accepted), "Accepted"),
            parts.figure(format.count(status.filtered), "Refused", null,
                status.filtered > 0 ? "bad" : ""),
            parts.figure(format.count(status.exported), "Sent to you")),
        h("p", {}, h("a", { href: `/${link_to(`/members/${one.address}`)}` },
            "More in the looking glass")));
}

function facts_section(one, site) {
    return parts.section("Details", null, parts.facts([
        ["Your address", h("span", { class: "mono" }, one.address)], ["Your ASN", `AS${one.asn}`],
        ["Site", site ? [site.name, site.description].filter((it) => it).join(", ") : one.site],
        ["Our addresses", site ? [site.server_ipv4, site.server_ipv6].filter((it) => it).join(", ")
            : null],
        ["Carries", (one.families ?? []).map((name) => new Map(FAMILIES).get(name)).join(", ")],
        ["Authentication", { "md5": "MD5", "tcp-ao": "TCP-AO" }[one.authentication] ?? "none"],
        ["Hears", new Map(VIEWS).get(one.route_view)],
        ["Our role", one.role === "none" ? null : one.role],
        ["Most routes, IPv4", one.max_prefix_ipv4], ["Most routes, IPv6", one.max_prefix_ipv6],
        ["The key before is taken until", one.old_key_until ? format.moment(one.old_key_until)
            : null],
        ["What for", one.description], ["Id", h("code", {}, one.id)]]),
    h("p", {}, h("a", { href: link_to("/history", { object: one.id }) }, "Its history")));
}

function actions_of(one, read) {
    const has_key = one.authentication !== "none";
    const enable = (is_enabled) => async () => {
        await api.change(`/sessions/${one.id}`, { is_enabled });
        await read();
    };
    return [
        { text: "Make a new key", is_off: !has_key,
            does: has_key ? "Shown once. The old one is taken, too, while you change your router."
                : "The session has no key.",
            run: async () => {
                const made = await api.post(`/sessions/${one.id}/key`);
                keep_key(one.id, made.key);
                await read();
                document.querySelector(".snippet button")?.focus();
            } },
        one.is_enabled === false
            ? { text: "Switch it on", does: "Lets your router connect.", run: enable(true) }
            : { text: "Switch it off", does: "Ends the session until you switch it on.",
                run: enable(false), sure: "Its routes are taken back from everybody." },
        { text: "Delete", kind: "danger", does: "Ends the session and removes it.",
            sure: "Its address goes back to the pool.",
            run: async () => {
                await api.remove(`/sessions/${one.id}`);
                go("/sessions");
            } }];
}

function edit_section(one) {
    return h("details", { class: "card" }, h("summary", {}, h("span", {}, "Change it")),
        h("div", { class: "stack" }, edit_form(`/sessions/${one.id}`, one,
            session_fields())));
}

export async function session(context) {
    const { id } = context.parameters;
    const sites = await api.list("/sites", {}, context.signal);
    let refused = null;
    let filtered = null;
    const read = async () => {
        const [one, status, text] = await Promise.all([
            api.get(`/sessions/${id}`, {}, context.signal), status_of(id, context.signal),
            configuration(id, context.signal)]);
        if (status && status.filtered !== filtered) {
            filtered = status.filtered;
            refused = new RouteList("filtered", { from: one.address, filtered: true },
                context.signal);
            await refused.more();
        }
        const may = me.may_change();
        const show = () => context.show(
            parts.breadcrumb(["Sessions", "#/sessions"], [one.address]),
            parts.heading(`AS${one.asn} at ${one.address}`,
                status ? parts.badge(member_state(status)) : null),
            fresh_key(one, read), live_section(one, status),
            configuration_section(one, text, read),
            filtered > 0 ? parts.section("Refused routes", null, refused.view("Refused routes",
                parts.empty("None of your routes is refused."), show)) : null,
            may ? parts.section("Actions", null, action_bar(actions_of(one, read))) : null,
            facts_section(one, sites.find((site) => site.id === one.site)),
            may ? edit_section(one) : null);
        context.title(`Session ${one.address}`);
        show();
    };
    await keep_reading(read, EVERY_MS, context.signal);
}
