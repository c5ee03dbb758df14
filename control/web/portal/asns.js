/* ASNs: the list, a new one, and one with its proof. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { go } from "../lib/router.js";
import { asn_state, reason } from "../lib/words.js";
import { action_bar } from "./actions.js";
import { checks_section } from "./checks.js";
import { edit_form } from "./edit.js";
import { list_page } from "./list.js";
import * as me from "./me.js";
import { asn_proofs } from "./proof.js";

const EVERY_MS = 8000;
const SETS_HINT = "Like AS-EXAMPLE, AS64501:AS-CUSTOMERS or RIPE::AS-EXAMPLE, parted by spaces. " +
    "They say whose routes you pass on.";

const FIELDS = [
    { name: "asn", label: "AS number", type: "number", min: 1, max: 4294967294, required: true,
        example: "64501", hint: "The number of your network, without the letters AS." },
    { name: "as_sets", label: "AS-SETs", type: "list", hint: SETS_HINT },
];

const COLUMNS = [
    { name: "asn", title: "ASN", order: (row) => row.asn,
        cell: (row) => h("a", { href: `#/asns/${row.id}` }, `AS${row.asn}`) },
    { name: "as_sets", title: "AS-SETs", order: (row) => row.as_sets.join(),
        cell: (row) => row.as_sets.join(", ") || "–" },
    { name: "state", title: "State", order: (row) => row.state,
        cell: (row) => parts.badge(asn_state(row.state)) },
    { name: "verified", title: "Verified", order: (row) => row.verified_at ?? "",
        cell: (row) => format.moment(row.verified_at) },
];

export function asns(context) {
    return list_page(context, {
        plural: "asns", one: "ASN", title: "ASNs", columns: COLUMNS, sort: "asn", is_owned: true,
        lead: "The numbers of your networks. Each is proved once; after that your prefixes may " +
            "be announced from it.",
        add: me.may_change() ? "Register an ASN" : null,
        text: (row) => `as${row.asn} ${row.as_sets.join(" ")} ${row.state}`,
        empty: ["No ASN is registered yet.", "Begin with the number of your network."],
    });
}

export async function asn_new(context) {
    context.title("Register an ASN");
    const tenants = await me.tenants(context.signal);
    context.show(parts.breadcrumb(["ASNs", "#/asns"], ["New"]), parts.heading("Register an ASN"),
        h("p", { class: "lead" }, "Step 1: the number of your network and the AS-SETs that name " +
            "its customers. It is checked at once whether the number may be used here."),
        h("section", { class: "card", "aria-label": "New ASN" }, form({
            key: "asn-new", fields: [...me.tenant_field(tenants), ...FIELDS],
            submit: "Register", cancel: "#/asns",
            on_submit: async (body) => {
                const made = await api.post("/asns", me.owned(body));
                parts.announce(`AS${made.asn} is registered.`);
                go(`/asns/${made.id}`);
            },
        })));
}

function edit_section(one) {
    return parts.section("AS-SETs", null, edit_form(`/asns/${one.id}`, one, [FIELDS[1]]));
}

function actions_of(one, read) {
    const post = (action) => async () => {
        await api.post(`/asns/${one.id}/${action}`);
        await read();
    };
    const all = [{ text: "Check now", does: "Looks for every proof again.", run: post("check") }];
    if (me.is_operator()) {
        all.push({ text: "Approve", does: "Takes it as proved, on your word.", run: post("approve"),
            is_off: one.state === "verified" },
        { text: "Revoke", does: "Takes the proof back; its prefixes are not accepted any more.",
            kind: "danger", run: post("revoke"), sure: "Its routes will be refused at once." });
    }
    all.push({ text: "Delete", does: "Removes it, if no session and no prefix uses it.",
        kind: "danger", sure: "It can be registered again later.",
        run: async () => {
            await api.remove(`/asns/${one.id}`);
            go("/asns");
        } });
    return all;
}

/* What an IRR has of an ASN is no route object. */
function checks_of(one) {
    return Object.fromEntries(Object.entries(one.checks).map(([name, check]) =>
        [name === "irr" ? "aut-num" : name, check]));
}

export async function asn(context) {
    const { id } = context.parameters;
    const read = async () => {
        const one = await api.get(`/asns/${id}`, {}, context.signal);
        const is_verified = one.state === "verified";
        context.title(`AS${one.asn}`);
        context.show(parts.breadcrumb(["ASNs", "#/asns"], [`AS${one.asn}`]),
            parts.heading(`AS${one.asn}`, parts.badge(asn_state(one.state))),
            h("p", { class: "lead" }, asn_state(one.state).means, " ", reason(one.reason),
                " ", one.remedy ?? ""),
            is_verified && !me.is_operator() ? parts.notice("good", "This step is done",
                h("p", {}, h("a", { href: "#/prefixes/new" }, "Go on: add a prefix"))) : null,
            one.checks ? checks_section(checks_of(one)) : null,
            is_verified ? null : asn_proofs(one, read),
            me.may_change() ? parts.section("Actions", null, action_bar(actions_of(one, read)))
                : null,
            me.may_change() ? edit_section(one) : null);
    };
    await keep_reading(read, EVERY_MS, context.signal);
}
