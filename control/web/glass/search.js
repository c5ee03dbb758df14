/* Search for a prefix: exactly it, what lies inside, or what covers it. */
import { h } from "../lib/dom.js";
import { form, note_query, query_key } from "../lib/form.js";
import { Problem } from "../lib/api.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { go, link_to } from "../lib/router.js";
import * as viewer from "./viewer.js";
import { RouteList } from "./routes.js";

const MATCHES = [["exact", "exactly this prefix"], ["longer", "it and what lies inside"],
    ["covering", "it and what covers it"]];

/* An address alone means the prefix of its full length, and what covers it. */
export function normal_prefix(text) {
    const prefix = (text ?? "").trim();
    if (prefix === "" || !/^[0-9a-fA-F.:]+(\/\d{1,3})?$/.test(prefix)) {
        throw new Problem(400, {
            detail: "This is not a prefix.",
            remedy: "Write it like 192.0.2.0/24 or 2001:db8::/32; an address will do as well.",
            pointer: "/prefix",
        });
    }
    return prefix.includes("/") ? prefix : `${prefix}/${prefix.includes(":") ? 128 : 32}`;
}

function search_form(query) {
    const element = form({
        key: query_key("search", query), submit: "Search", label: "Search for a prefix",
        fields: [
            { name: "prefix", label: "Prefix or address", required: true,
                example: "192.0.2.0/24" },
            { name: "match", label: "Show", type: "choice", options: MATCHES }],
        values: query,
        on_submit: async ({ prefix, match }) => {
            const is_address = !(prefix ?? "").includes("/");
            go("/search", note_query("search", {
                prefix: normal_prefix(prefix), match: is_address ? "covering" : match }));
        },
    });
    element.classList.add("inline");
    return element;
}

function results(accepted, refused, query, redraw) {
    const link = accepted.rows?.length + refused.rows?.length === 0 && query.match !== "covering"
        ? h("p", {}, h("a", { href: link_to("/search", { ...query, match: "covering" }) },
            "Look for what covers it")) : null;
    return [
        parts.section("Accepted routes", null, accepted.view("Accepted routes",
            parts.empty("Nobody has an accepted route like this.", link), redraw)),
        refused.problem || refused.rows?.length > 0 ? parts.section("Refused routes", null,
            refused.view("Refused routes", null, redraw)) : null];
}

export async function search(context) {
    const { query } = context;
    context.title(query.prefix ? `Search ${query.prefix}` : "Search");
    const box = h("section", { class: "card", "aria-label": "Search" }, search_form(query));
    const shown = query.prefix ? [
        new RouteList("search", { prefix: query.prefix, match: query.match ?? "exact" },
            context.signal),
        new RouteList("refused", { prefix: query.prefix, match: query.match ?? "exact",
            filtered: true }, context.signal)] : [];
    const show = () => context.show(parts.heading("Search"),
        h("p", { class: "lead" }, "All paths of a prefix that members announce, in the order in " +
            "which the server prefers them, and those that it refuses."),
        viewer.hint("Refused routes and all but the best path"), box,
        shown.length > 0 ? results(...shown, query, show) : null);
    show();
    if (shown.length > 0) {
        await Promise.all(shown.map((list) => list.more()));
        show();
        const [accepted, refused] = shown.map((list) => list.rows?.length ?? 0);
        parts.announce(`${format.plural(accepted, "accepted route")}, ` +
            `${format.plural(refused, "refused route")}.`);
    }
}
