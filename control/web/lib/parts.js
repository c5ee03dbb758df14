/* Small pieces that many pages show. */
import { h, unique } from "./dom.js";
import * as format from "./format.js";

/* A state: a colour, a sign that says the same without it, and a word. */
export function badge(state, text = state.text) {
    return h("span", { class: `badge ${state.tone}`, title: state.means || null },
        h("span", { class: "sign", "aria-hidden": "true" }, state.sign), text);
}

export function loading(text = "Loading …") {
    return h("p", { class: "loading", role: "status" }, text);
}

export function empty(title, ...more) {
    return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), more);
}

/* A request that failed: what happened, what to do, and a way to try again. */
export function failure(problem, retry = null) {
    return h("div", { class: "notice bad", role: "alert" },
        h("p", {}, h("strong", {}, format.sentence(problem.message))),
        problem.remedy ? h("p", {}, format.sentence(problem.remedy)) : null,
        problem.reason ? h("p", { class: "code" }, "Code: ", h("code", {}, problem.reason)) : null,
        retry ? h("p", {}, button("Try again", retry)) : null);
}

/* `tone`: good, bad, busy, or off for what is merely said. */
export function notice(tone, title, ...more) {
    return h("div", { class: `notice ${tone}` },
        title ? h("p", {}, h("strong", {}, title)) : null, more);
}

export function button(text, on_click, { kind = "", ...attributes } = {}) {
    return h("button", { type: "button", class: `button ${kind}`.trim(), on_click, ...attributes },
        text);
}

export function button_link(text, href, kind = "") {
    return h("a", { href, class: `button ${kind}`.trim() }, text);
}

/* A section with its heading, for landmarks; `more` stands at the right of the heading. */
export function section(title, more, ...children) {
    const id = `h-${title.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
    return h("section", { class: "card", "aria-labelledby": id, "data-key": id },
        h("div", { class: "card-head" }, h("h2", { id }, title), more), children);
}

/* The page's heading with what belongs beside it. */
export function heading(title, ...more) {
    return h("div", { class: "page-head" }, h("h1", {}, title), more);
}

export function breadcrumb(...links) {
    return h("nav", { class: "breadcrumb", "aria-label": "Where you are" }, h("ol", {},
        links.map(([text, href]) => h("li", {}, href ? h("a", { href }, text) : text))));
}

/* [term, value] pairs; pairs without a value are left out. */
export function facts(pairs) {
    return h("dl", { class: "facts" }, pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== "")
        .map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", {}, value))));
}

/* A number that matters, with its name below. */
export function figure(value, name, more = null, tone = "") {
    return h("div", { class: `figure ${tone}`.trim() },
        h("dt", {}, name), h("dd", {}, h("span", { class: "value" }, value),
            more ? h("span", { class: "more" }, more) : null));
}

export function figures(...children) {
    return h("dl", { class: "figures" }, children);
}

/* How much of a quota is used. */
export function meter(name, used, limit) {
    const is_limited = limit !== null && limit !== undefined;
    const share = is_limited && limit > 0 ? Math.min(1, used / limit) : 0;
    const label = is_limited ? `${format.count(used)} of ${format.count(limit)}`
        : format.count(used);
    const bar = h("meter", {
        min: 0, max: 1, high: 0.9, value: share, "aria-label": `${name}: ${label}`,
    });
    return h("div", { class: "quota" }, h("span", {}, name), h("span", { class: "amount" }, label),
        is_limited ? bar : null);
}

/* Said to screen readers, and nothing is shown. */
export function announce(text) {
    const place = document.getElementById("said");
    place.textContent = "";
    setTimeout(() => {
        place.textContent = text;
    }, 50);
}

/* navigator.clipboard is there only where the page came by TLS or from this machine. */
async function copy(text) {
    if (navigator.clipboard) {
        await navigator.clipboard.writeText(text);
        return;
    }
    const field = h("textarea", { class: "off-screen", readonly: true }, text);
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
}

export function copy_button(text, what = "Copy") {
    return button(what, async (event) => {
        const target = event.currentTarget;
        try {
            await copy(text);
            target.textContent = "Copied";
            announce("Copied to the clipboard.");
        } catch {
            target.textContent = "Select it and copy by hand";
        }
        setTimeout(() => {
            target.textContent = what;
        }, 2000);
    }, { kind: "small" });
}

/* Text to be copied as it stands. */
export function snippet(text, label) {
    const id = unique("snippet");
    return h("figure", { class: "snippet" },
        h("figcaption", {}, h("span", { id }, label), copy_button(text)),
        h("pre", { tabindex: "0", "aria-labelledby": id }, h("code", {}, text)));
}

/* Ask before something that cannot be taken back.  Resolves to whether it was wanted. */
export function confirm_dialog(title, text, yes) {
    return new Promise((resolve) => {
        const id = unique("dialog");
        const end = (answer) => {
            dialog.close();
            dialog.remove();
            resolve(answer);
        };
        const dialog = h("dialog", { "aria-labelledby": id, on_cancel: () => end(false) },
            h("h2", { id }, title), h("p", {}, text),
            h("div", { class: "buttons" },
                button(yes, () => end(true), { kind: "danger" }),
                button("Cancel", () => end(false))));
        document.body.append(dialog);
        dialog.showModal();
    });
}

/* A file for the reader, made here. */
export function save(blob, name) {
    const url = URL.createObjectURL(blob);
    const link = h("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
}
