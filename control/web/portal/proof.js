/* The ways to prove that an ASN or a prefix is one's own: what to do, ready to be copied. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as parts from "../lib/parts.js";
import { method } from "../lib/words.js";
import { result_of } from "./checks.js";
import { reverse_name } from "./reverse.js";
import { upload } from "./upload.js";

const token_text = (one) => `causeway-validation=${one.proof_token}`;

function steps(...items) {
    return h("ol", { class: "numbered" }, items.map((item) => h("li", {}, item)));
}

function roa_guide(one) {
    return [h("p", {}, "At the registry where you got the addresses, create a ROA with exactly " +
        "this. It is seen here within minutes."),
    parts.snippet(one.origins.map((asn) =>
        `prefix ${one.prefix}, maxLength ${one.max_length ?? one.prefix.split("/")[1]}, ` +
        `origin AS${asn}`).join("\n"), "ROA"),
    h("p", { class: "hint" }, "The origin must be an ASN of yours that is verified here.")];
}

function irr_guide(one) {
    const kind = one.prefix.includes(":") ? "route6" : "route";
    return [h("p", {}, "Register a route object in the database of your registry:"),
        parts.snippet(one.origins.map((asn) => `${kind}:${" ".repeat(16 - kind.length - 1)}` +
            `${one.prefix}\norigin:         AS${asn}`).join("\n\n"), "Route object"),
        h("p", { class: "hint" }, "The origin must be an ASN of yours that is verified here.")];
}

function dns_guide(one) {
    return [h("p", {}, "Put this record into the reverse zone of the prefix:"),
        parts.snippet(`${reverse_name(one.prefix)} IN TXT "${token_text(one)}"`, "TXT record"),
        h("p", { class: "hint" }, "If the zone is delegated to you in several parts, put the " +
            "same record into each.")];
}

function remark_guide(one, path, read) {
    const what = path === "asns" ? "aut-num" : "inetnum or inet6num";
    return [steps(
        [`Add this line to the remarks of your ${what} object at your registry:`,
            parts.snippet(token_text(one), "Remark")],
        ["Fetch the object as RDAP JSON from your registry, and upload it here. The operator " +
            "looks at it.", upload({ label: "RDAP JSON", accept: ".json,application/json",
            send: async (file) => api.post(`/${path}/${one.id}/rdap`,
                JSON.parse(await file.text())), done: read })])];
}

const KEY_COMMANDS = "openssl req -x509 -newkey rsa:3072 -nodes -keyout causeway.key " +
    "-out causeway.crt -days 730 -subj /CN=causeway";
const SIGN_COMMANDS = "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt " +
    "rsa_pss_saltlen:-1 -sign causeway.key -out message.sig message.txt\n" +
    "openssl base64 -in message.sig -A -out message.sig.txt";

/* The message is read once it is wanted: it carries a date. */
function signature_guide(one, read) {
    const place = h("div", { class: "stack", "data-keep": true, "data-key": "message" });
    const show = async () => {
        try {
            const text = (await api.get_text(`/prefixes/${one.id}/message`)).trim();
            place.replaceChildren(
                parts.snippet(`printf %s '${text}' > message.txt\n${SIGN_COMMANDS}`,
                    "Sign the message"),
                signature_form(one, text, read));
        } catch (problem) {
            place.replaceChildren(parts.failure(problem, show));
        }
    };
    place.append(parts.button("Show the message to sign", show));
    return [steps(
        ["Make a key and a certificate, unless you have them:",
            parts.snippet(KEY_COMMANDS, "Key and certificate")],
        "Put the text of causeway.crt into the remarks of your inetnum or inet6num object.",
        ["Sign the message, and give the signature and the certificate:", place])];
}

function signature_form(one, message, read) {
    const certificate = h("textarea", { id: `cert-${one.id}`, spellcheck: "false",
        placeholder: "-----BEGIN CERTIFICATE-----" });
    const signature = h("textarea", { id: `sig-${one.id}`, spellcheck: "false" });
    const result = h("div", { role: "alert" });
    const send = async () => {
        result.replaceChildren();
        try {
            await api.post(`/prefixes/${one.id}/signature`, {
                certificate: certificate.value, signature: signature.value.trim(), message });
            parts.announce("The signature was taken.");
            await read();
        } catch (problem) {
            result.replaceChildren(parts.failure(problem));
        }
    };
    return h("div", { class: "form" },
        h("div", { class: "field" }, h("label", { for: certificate.id },
            "Certificate (causeway.crt)"), certificate),
        h("div", { class: "field" }, h("label", { for: signature.id },
            "Signature (message.sig.txt)"), signature),
        result, h("div", { class: "buttons" }, parts.button("Check the signature", send,
            { kind: "primary" })));
}

function letter_guide(one, read) {
    const place = h("div", { role: "alert" });
    const fetch_letter = async () => {
        try {
            const blob = await api.get_blob(`/prefixes/${one.id}/letter`);
            parts.save(blob, `letter-${one.prefix.replace(/[/:]+/g, "-")}.pdf`);
        } catch (problem) {
            place.replaceChildren(parts.failure(problem));
        }
    };
    return [steps(
        ["Download the letter of authorisation; it is filled in already. ",
            parts.button("Download the letter", fetch_letter), place],
        "Have it signed by somebody who may sign for the holder of the addresses.",
        ["Scan it and upload the PDF. The operator looks at it and approves it.",
            upload({ label: "Signed letter (PDF)", accept: ".pdf,application/pdf",
                send: (file) => api.post_file(`/prefixes/${one.id}/letter`, file,
                    "application/pdf"), done: read })])];
}

const GUIDES = {
    roa: roa_guide,
    irr: irr_guide,
    dns: dns_guide,
    remark: (one, read) => remark_guide(one, "prefixes", read),
    signature: signature_guide,
    letter: letter_guide,
};

function guide(name, check, body) {
    return h("details", { class: "card", "data-key": `proof-${name}` },
        h("summary", {}, h("span", {}, method(name).title),
            check ? parts.badge(result_of(name, check)) : null),
        h("div", { class: "stack" }, body));
}

/* Only what the server accepts is offered: it lists the checks that it makes. */
export function prefix_proofs(one, read) {
    const names = Object.keys(GUIDES).filter((name) => !one.checks || name in one.checks);
    return h("section", { class: "stack", "aria-labelledby": "h-prove", "data-key": "prove" },
        h("h2", { id: "h-prove" }, "Prove that it is yours"),
        h("p", { class: "quiet" }, "One of these ways is enough. Choose the one that is easiest " +
            "for you; the server looks again by itself."),
        names.map((name) => guide(name, one.checks?.[name], GUIDES[name](one, read))));
}

function aut_num_guide(one) {
    return [h("p", {}, "Add this line to the remarks of your aut-num object at your registry. " +
        "The server looks for it by itself, and at once when you press Check now."),
    parts.snippet(token_text(one), "Remark")];
}

export function asn_proofs(one, read) {
    return h("section", { class: "stack", "aria-labelledby": "h-prove", "data-key": "prove" },
        h("h2", { id: "h-prove" }, "Prove that it is yours"),
        one.checks?.irr ? guide("aut-num", one.checks.irr, aut_num_guide(one)) : null,
        guide("remark", one.checks?.remark, remark_guide(one, "asns", read)),
        h("p", { class: "quiet" }, "Or ask the operator to approve it."));
}
