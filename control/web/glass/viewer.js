/* Who looks: operators see everything, a member's tenant its own sessions, everybody else what is
 * public.  The server decides; this only chooses the words for what is not there. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";

let role = null;

export async function ask() {
    role = null;
    if (api.token()) {
        role = (await api.get("/whoami").catch(() => null))?.role ?? null;
    }
}

export const sees_all = () => role === "operator" || role === "viewer";
export const is_guest = () => !api.token();

/* Beside what may be hidden from the reader. */
export function hint(what) {
    if (sees_all()) {
        return null;
    }
    return h("p", { class: "quiet" }, `${what} are shown to the member itself and to operators. `,
        is_guest() ? h("a", { href: "#/sign-in" }, "Sign in") : null);
}
