/* One prefix: how far it is, its proof, and the switches of its announcement. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { go, link_to } from "../lib/router.js";
import { prefix_state, reason } from "../lib/words.js";
import { action_bar } from "./actions.js";
import { checks_section } from "./checks.js";
import { edit_form } from "./edit.js";
import * as me from "./me.js";
import { prefix_fields } from "./prefixes.js";
import { prefix_proofs } from "./proof.js";
import { warnings_of } from "./warnings.js";
import { warnings_section } from "./overview.js";

const EVERY_MS = 5000;
const READY = ["validated", "provisioned", "announced-limited", "announced", "draining",
    "withdrawn"];
const HEARD = ["announced-limited", "announced", "draining"];
const UNPROVED = ["draft", "pending-validation", "validation-failed", "suspended"];

/* The way there and back, each step with what it does. */
function announcement_actions(one, read, sites) {
    const post = (action, body) => async () => {
        await api.post(`/prefixes/${one.id}/${action}`, body);
        await read();
    };
    const is = (...states) => states.includes(one.state);
    const can_test = sites.some((site) => site.has_limited);
    return [
        { text: "Announce", kind: "primary", run: post("announce", { to: "all" }),
            is_off: !READY.includes(one.state) || is("announced"),
            does: "Your routes are accepted and passed on to everybody." },
        { text: "Announce for a test", run: post("announce", { to: "limited" }),
            is_off: !READY.includes(one.state) || is("announced-limited") || !can_test,
            does: can_test ? "Only your own sessions and test sessions hear it."
                : "Not offered at any site." },
        { text: "Drain", run: post("drain"), is_off: !is("announced", "announced-limited"),
            does: "Asks others to prefer another way, so that traffic moves before you withdraw." },
        { text: "Withdraw", run: post("withdraw"), is_off: !HEARD.includes(one.state),
            does: "Your routes are refused and taken back from everybody. You can announce again.",
            sure: "Traffic to this prefix stops coming by this route server." },
        { text: "Release", kind: "danger", run: post("release"),
            is_off: HEARD.includes(one.state) || is("released"),
            does: "Gives it back: others may bring it. Its proof is forgotten.",
            sure: "To use it again you have to prove it again." },
        { text: "Delete", kind: "danger", is_off: !is("draft", "released", "validation-failed"),
            does: "Removes it from your list. Possible once it is released.",
            sure: "It disappears from your list.",
            run: async () => {
                await api.remove(`/prefixes/${one.id}`);
                go("/prefixes");
            } }];
}

function check_actions(one, read) {
    const post = (action) => async () => {
        await api.post(`/prefixes/${one.id}/${action}`);
        await read();
    };
    const all = [];
    if (one.state === "draft") {
        all.push({ text: "Submit", kind: "primary", does: "Begins the checks.",
            run: post("submit") });
    } else if (one.state !== "released") {
        all.push({ text: "Check now", does: "Looks for every proof again, without waiting.",
            run: post("check") });
    }
    if (me.is_operator()) {
        all.push({ text: "Approve", does: "Takes it as proved, on your word.",
            run: post("approve") });
    }
    return all;
}

function facts_section(one, sites) {
    const name = new Map(sites.map((site) => [site.id, site.name]));
    return parts.section("Details", null, parts.facts([
        ["Longest inside it", one.max_length ? `/${one.max_length}` : "only itself"],
        ["Origins", one.origins.map((asn) => `AS${asn}`).join(", ")],
        ["Sites", one.sites.length === 0 ? "all"
            : one.sites.map((id) => name.get(id) ?? id).join(", ")],
        ["Not before", one.not_before ? format.moment(one.not_before) : null],
        ["Not after", one.not_after ? format.moment(one.not_after) : null],
        ["In this state since", one.since ? format.moment(one.since) : null],
        ["Changes by itself", one.due_at ? format.from_now(one.due_at) : null],
        ["Delegated from", one.parent], ["What for", one.description],
        ["Id", h("code", {}, one.id)]]),
    h("p", {}, h("a", { href: `/${link_to("/search", { prefix: one.prefix, match: "longer" })}` },
        "See its routes in the looking glass"), " · ",
    h("a", { href: link_to("/history", { object: one.id }) }, "Its history")));
}

function edit_section(one, sites) {
    return h("details", { class: "card" }, h("summary", {}, h("span", {}, "Change it")),
        h("div", { class: "stack" }, edit_form(`/prefixes/${one.id}`, one, prefix_fields(sites))));
}

function next_step(one) {
    if (me.is_operator() || !["provisioned", "withdrawn"].includes(one.state)) {
        return null;
    }
    return parts.notice("good", "Proved: it is yours", h("p", {},
        "If you have no session yet, ", h("a", { href: "#/sessions/new" }, "create one"),
        ". Then announce the prefix below."));
}

export async function prefix(context) {
    const { id } = context.parameters;
    const sites = await api.list("/sites", {}, context.signal);
    const read = async () => {
        const one = await api.get(`/prefixes/${id}`, {}, context.signal);
        const state = prefix_state(one.state);
        const is_unproved = UNPROVED.includes(one.state);
        const may = me.may_change();
        const announcement = may ? parts.section("Announcement", null,
            action_bar(announcement_actions(one, read, sites))) : null;
        context.title(one.prefix);
        context.show(parts.breadcrumb(["Prefixes", "#/prefixes"], [one.prefix]),
            parts.heading(one.prefix, parts.badge(state)),
            h("p", { class: "lead" }, state.means),
            one.reason || one.remedy ? parts.notice(is_unproved ? "busy" : "off",
                reason(one.reason) || "What to do",
                one.remedy ? h("p", {}, format.sentence(one.remedy)) : null) : null,
            next_step(one),
            warnings_section(warnings_of({ asns: [], prefixes: [one], sessions: [] })),
            is_unproved ? null : announcement,
            one.checks ? checks_section(one.checks,
                may ? action_bar(check_actions(one, read)) : null) : null,
            may && one.state !== "released" ? prefix_proofs(one, read) : null,
            is_unproved ? announcement : null,
            facts_section(one, sites), may ? edit_section(one, sites) : null);
    };
    await keep_reading(read, EVERY_MS, context.signal);
}
