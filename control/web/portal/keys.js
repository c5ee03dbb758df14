/* Keys and secrets that were just made.  The server answers each once; they live in this variable
 * until the page is left for good, and nowhere else. */
import { h } from "../lib/dom.js";
import * as parts from "../lib/parts.js";
import { focus_heading } from "../lib/router.js";

const fresh = new Map();

export function keep_key(id, key) {
    if (key) {
        fresh.set(id, key);
    }
}

export const key_of = (id) => fresh.get(id) ?? null;

/* What is shown once, until the reader has it; null when there is nothing. */
export function key_section(id, { title, text, label }, read) {
    const key = key_of(id);
    if (key === null) {
        return null;
    }
    const done = async () => {
        fresh.delete(id);
        await read();
        focus_heading();
    };
    return parts.section(title, null,
        parts.notice("busy", "It is shown only now", h("p", {}, text)),
        parts.snippet(key, label), h("p", {}, parts.button("I have it", done)));
}
