/* What a customer should look at before it hurts. */
import * as format from "../lib/format.js";
import { method, prefix_state, reason } from "../lib/words.js";

const SOON_MS = 30 * 86400 * 1000;
const BAD = ["validation-failed", "suspended", "expired"];

/* Proofs that end soon: [method, when]. */
export function ending(checks, now = Date.now()) {
    return Object.entries(checks ?? {}).filter(([, check]) => check.result === "valid" &&
        check.expires_at && new Date(check.expires_at).getTime() - now < SOON_MS)
        .map(([name, check]) => [name, check.expires_at]);
}

/* Proofs that failed and still count for a while. */
export function failing(checks) {
    return Object.entries(checks ?? {}).filter(([, check]) => check.failing_since)
        .map(([name, check]) => [name, check.failing_since]);
}

function of_prefix(prefix) {
    const href = `#/prefixes/${prefix.id}`;
    const list = [];
    if (BAD.includes(prefix.state)) {
        list.push({ tone: "bad", title: `${prefix.prefix}: ${prefix_state(prefix.state).text}`,
            text: `${reason(prefix.reason)} ${prefix.remedy ?? ""}`.trim(), href });
    }
    if (prefix.not_after && new Date(prefix.not_after).getTime() - Date.now() < SOON_MS &&
        prefix.state !== "expired") {
        list.push({ tone: "busy", href,
            title: `${prefix.prefix} ends ${format.from_now(prefix.not_after)}`,
            text: "Set a later end if it is to go on." });
    }
    for (const [name, at] of ending(prefix.checks)) {
        list.push({ tone: "busy", href,
            title: `${prefix.prefix}: ${method(name).title} ends ${format.from_now(at)}`,
            text: "Renew it in time, or the prefix will be suspended." });
    }
    for (const [name, at] of failing(prefix.checks)) {
        list.push({ tone: "bad", href,
            title: `${prefix.prefix}: ${method(name).title} fails since ${format.moment(at)}`,
            text: "It still counts for a while; mend it before the prefix is suspended." });
    }
    return list;
}

export function warnings_of({ asns, prefixes, sessions, statuses }) {
    return [
        ...asns.filter((one) => ["suspended", "revoked"].includes(one.state)).map((one) => ({
            tone: "bad", title: `AS${one.asn} is ${one.state}`, text: reason(one.reason),
            href: `#/asns/${one.id}` })),
        ...prefixes.flatMap(of_prefix),
        ...sessions.filter((one) => statuses.get(one.id)?.filtered > 0).map((one) => ({
            tone: "busy", href: `#/sessions/${one.id}`,
            title: `${format.plural(statuses.get(one.id).filtered, "route")} from ` +
                `${one.address} refused`,
            text: "The session's page says why, and what to do." }))];
}
