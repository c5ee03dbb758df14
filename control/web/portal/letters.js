/* Proofs that wait for the operator: letters, and uploads that nobody else vouches for. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import { form } from "../lib/form.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { focus_heading } from "../lib/router.js";
import { method } from "../lib/words.js";
import { BY_HAND } from "./checks.js";
import * as me from "./me.js";

const EVERY_MS = 10000;

/* The document comes as base64 in JSON, or as the file itself. */
async function open_document(id) {
    const blob = await api.get_blob(`/documents/${id}`);
    if (blob.type.includes("json")) {
        const one = JSON.parse(await blob.text());
        const bytes = Uint8Array.from(atob(one.data), (letter) => letter.charCodeAt(0));
        parts.save(new Blob([bytes], { type: one.media_type }), `${id}.pdf`);
        return;
    }
    parts.save(blob, `${id}.pdf`);
}

/* A letter that is put in place of the one that was read is not decided with it. */
function decide(one, read) {
    const result = h("div", { role: "alert" });
    const approve = async () => {
        try {
            await api.decide(`/evidence/${one.id}/approve`, undefined, one.revision);
            parts.announce("Approved.");
            await read();
            focus_heading();
        } catch (problem) {
            result.replaceChildren(parts.failure(problem));
        }
    };
    const reject = form({
        key: `reject-${one.id}-${one.revision}`, submit: "Reject", label: "Reject this proof",
        fields: [{ name: "reason", label: "Why it is rejected", type: "text", required: true,
            hint: "The customer reads this." }],
        on_submit: async (body) => {
            await api.decide(`/evidence/${one.id}/reject`, body, one.revision);
            parts.announce("Rejected.");
            await read();
            focus_heading();
        },
    });
    reject.classList.add("inline");
    const key = `decide-${one.id}-${one.revision}`;
    return h("div", { class: "stack", "data-keep": true, "data-key": key }, result,
        h("div", { class: "buttons" },
            one.document ? parts.button("Open the document", () => open_document(one.document)
                .catch((problem) => result.replaceChildren(parts.failure(problem)))) : null,
            parts.button("Approve", approve, { kind: "primary" })), reject);
}

function name_of(one, names) {
    const subject = names.get(one.subject);
    return subject ? subject.prefix ?? `AS${subject.asn}` : one.subject;
}

export async function letters(context) {
    context.title("Approvals");
    const read = async () => {
        const [evidence, prefixes, asns, tenants] = await Promise.all([
            api.list("/evidence", { result: "pending" }, context.signal),
            api.list("/prefixes", {}, context.signal), api.list("/asns", {}, context.signal),
            me.tenants(context.signal)]);
        const names = new Map([...prefixes, ...asns].map((one) => [one.id, one]));
        const tenant = new Map(tenants.map((one) => [one.id, one.name]));
        const waiting = evidence.filter((one) => BY_HAND.includes(one.type));
        context.show(parts.heading("Approvals"),
            h("p", { class: "lead" }, "Proofs that only a person can judge."),
            waiting.length === 0 ? parts.empty("Nothing is waiting for you.") : null,
            waiting.map((one) => h("section", { class: "card", "data-key": one.id,
                "aria-labelledby": `h-${one.id}` },
            h("div", { class: "card-head" }, h("h2", { id: `h-${one.id}` },
                `${name_of(one, names)}: ${method(one.type).title}`),
            h("span", { class: "quiet" }, tenant.get(one.tenant) ?? one.tenant)),
            parts.facts([["Received", format.moment(one.checked_at)], ["From", one.author],
                ["What was found", one.detail]]),
            me.may_change() ? decide(one, read) : null)));
    };
    await keep_reading(read, EVERY_MS, context.signal);
}
