/* What the checks of an ASN or a prefix say. */
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { table } from "../lib/table.js";
import { check_result, method, reason } from "../lib/words.js";

/* "valid until", "since", "checked". */
function when(check) {
    if (check.expires_at) {
        return [`ends ${format.from_now(check.expires_at)}`, h("br"),
            h("span", { class: "quiet" }, format.moment(check.expires_at))];
    }
    return check.checked_at ? `checked ${format.from_now(check.checked_at)}` : "–";
}

/* What the server cannot look for by itself waits for nobody until something is given; and what
 * could not be asked is not what was not asked yet. */
export const BY_HAND = ["remark", "signature", "letter"];

export function result_of(name, check) {
    const is_pending = check.result === "pending";
    if (is_pending && check.error) {
        return check_result("error");
    }
    if (is_pending && BY_HAND.includes(name)) {
        return check_result(check.checked_at ? "waiting" : "unused");
    }
    return check_result(check.result);
}

function found(check) {
    if (check.name === "letter" && check.result === "valid") {
        return "The operator has read and approved it.";
    }
    if (check.error && check.reason === "pending") {
        return h("div", { class: "why" }, h("div", {}, format.sentence(check.error)),
            h("div", {}, h("span", { class: "quiet" }, "What to do: "),
                "Nothing: it is asked again by itself. Another proof is enough meanwhile."));
    }
    const text = reason(check.reason);
    return h("div", { class: "why" }, text ? h("div", {}, text) : null,
        check.detail ? h("div", { class: text ? "quiet" : null }, check.detail) : null,
        check.remedy ? h("div", {}, h("span", { class: "quiet" }, "What to do: "), check.remedy)
            : null,
        check.error ? h("div", { class: "quiet" }, `The source fails: ${check.error}`) : null,
        !text && !check.detail && !check.error ? "–" : null,
        check.reason ? h("div", { class: "code" }, h("code", {}, check.reason)) : null);
}

export function checks_section(checks, actions) {
    const rows = Object.entries(checks).map(([name, check]) => ({ name, ...check }));
    const redraw = () => {};
    return parts.section("Checks", h("span", { class: "quiet" }, "Any one proof is enough"), table({
        name: "checks", caption: "Checks and what they found", rows, key: (row) => row.name, redraw,
        columns: [
            { name: "method", title: "Proof", cell: (row) => method(row.name).title },
            { name: "result", title: "Result",
                cell: (row) => parts.badge(result_of(row.name, row)) },
            { name: "found", title: "What was found", cell: found },
            { name: "when", title: "When", cell: when }],
    }), actions);
}
