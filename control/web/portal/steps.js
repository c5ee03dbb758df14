/* How far a customer is on the way from an ASN to an announced prefix. */
import { h } from "../lib/dom.js";
import * as parts from "../lib/parts.js";

const PROVED = ["validated", "provisioned", "announced-limited", "announced", "draining",
    "withdrawn"];
const ANNOUNCED = ["announced-limited", "announced"];

/* `things`: {asns, prefixes, sessions, statuses (of sessions, by id)}. */
export function steps_of({ asns, prefixes, sessions, statuses }) {
    const is_up = sessions.some((one) => statuses.get(one.id)?.state === "Established");
    return [
        { name: "1. ASN", note: "register and prove your network's number",
            is_done: asns.some((one) => one.state === "verified"),
            href: asns.length > 0 ? `#/asns/${asns[0].id}` : "#/asns/new",
            todo: asns.length > 0 ? "Prove your ASN" : "Register your ASN" },
        { name: "2. Prefix", note: "say which addresses you bring",
            is_done: prefixes.length > 0, href: "#/prefixes/new", todo: "Add a prefix" },
        { name: "3. Proof", note: "show that the prefix is yours",
            is_done: prefixes.some((one) => PROVED.includes(one.state)),
            href: prefixes.length > 0 ? `#/prefixes/${prefixes[0].id}` : "#/prefixes",
            todo: "Prove your prefix" },
        { name: "4. Session", note: "get an address and a key",
            is_done: sessions.length > 0, href: "#/sessions/new", todo: "Create a session" },
        { name: "5. Router", note: "copy the configuration into your router", is_done: is_up,
            href: sessions.length > 0 ? `#/sessions/${sessions[0].id}` : "#/sessions",
            todo: "Configure your router" },
        { name: "6. Announce", note: "let others hear your prefix",
            is_done: prefixes.some((one) => ANNOUNCED.includes(one.state)),
            href: prefixes.length > 0 ? `#/prefixes/${prefixes[0].id}` : "#/prefixes",
            todo: "Announce your prefix" },
    ];
}

/* The first that is left decides what is offered. */
export function steps_section(things) {
    const steps = steps_of(things);
    const next = steps.find((step) => !step.is_done);
    const state = (step) => (step.is_done ? "done" : step === next ? "next" : "not yet");
    const link = next ? parts.button_link(next.todo, next.href, "primary") : null;
    return parts.section(next ? "Your way to a running session" : "Everything is running", link,
        h("ol", { class: "steps" }, steps.map((step) => h("li", {
            class: step.is_done ? "is-done" : step === next ? "is-now" : null,
            "aria-current": step === next ? "step" : null,
        }, h("span", { class: "step-name" }, h("span", { "aria-hidden": "true" },
            step.is_done ? "✓ " : step === next ? "→ " : ""), step.name),
        h("span", { class: "off-screen" }, ` (${state(step)}) `),
        h("span", { class: "step-note" }, step.note)))));
}
