/* Every change, who made it, and what it did; with undo where it may be undone. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import * as me from "./me.js";

const EVERY_MS = 15000;
const PAGE = 50;
/* Of no interest to people: they change with every change. */
const DULL = ["revision", "updated_at", "created_at"];

function shown(value) {
    if (value === undefined || value === null || value === "") {
        return "nothing";
    }
    return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/* What is another in an object by the change: [name, before, after]. */
function differences(item) {
    const before = item.before ?? {};
    const after = item.after ?? {};
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => !DULL.includes(name) &&
        JSON.stringify(before[name]) !== JSON.stringify(after[name]))
        .map((name) => [name, before[name], after[name]]);
}

function item_view(item) {
    const what = !item.before ? "made" : !item.after ? "deleted" : "changed";
    return h("div", { class: "stack" }, h("p", {}, `${item.kind} `, h("code", {}, item.id),
        ` ${what}`),
    h("ul", {}, differences(item).map(([name, before, after]) => h("li", {},
        h("code", {}, name), item.before && item.after
            ? `: ${shown(before)} → ${shown(after)}` : `: ${shown(after ?? before)}`))));
}

function author_text(author) {
    if (!author || author.kind === "system") {
        return "the server";
    }
    return author.name || { operator: "operator", tenant: "customer" }[author.role] || author.kind;
}

function undo_button(change, result, read) {
    return parts.button("Undo", async () => {
        const is_sure = await parts.confirm_dialog(`Undo change ${change.revision}?`,
            `“${change.summary}” is taken back by a new change, which can be undone as well.`,
            "Undo");
        if (!is_sure) {
            return;
        }
        try {
            await api.post(`/changes/${change.revision}/undo`);
            result.problem = null;
            parts.announce("Undone.");
        } catch (problem) {
            result.problem = problem;
        }
        await read();
    }, { kind: "small", "aria-label": `Undo change ${change.revision}` });
}

function change_view(change, result, read) {
    return h("li", { class: "change", "data-key": `change-${change.revision}` },
        h("div", { class: "change-head" },
            h("div", {}, h("strong", {}, change.summary), h("div", { class: "quiet" },
                `${format.moment(change.at)} by ${author_text(change.author)}, ` +
                `revision ${change.revision}`,
                change.undo_of ? `, undoes ${change.undo_of}` : "")),
            me.is_operator() && me.may_change() ? undo_button(change, result, read) : null),
        change.items?.length > 0 ? h("details", {}, h("summary", {},
            format.plural(change.items.length, "object")), change.items.slice(0, 20)
            .map(item_view)) : null);
}

export async function history(context) {
    const { query, signal } = context;
    const title = me.is_operator() ? "Audit log" : "History";
    const result = { problem: null };
    let older = []; /* Behind the first page. */
    let cursor = null;
    context.title(title);
    const read = async () => {
        const first = await api.get("/changes", { limit: PAGE, object: query.object }, signal);
        const changes = [...first.items, ...older].sort((a, b) => b.revision - a.revision);
        cursor = older.length > 0 ? cursor : first.next_cursor;
        const more = async () => {
            const page = await api.get("/changes",
                { limit: PAGE, object: query.object, cursor }, signal);
            older = [...older, ...page.items];
            cursor = page.next_cursor;
            await read();
        };
        context.show(parts.heading(title), h("p", { class: "lead" }, query.object
            ? ["Changes of ", h("code", {}, query.object), ". ",
                h("a", { href: "#/history" }, "All changes")]
            : "Every change of the registry that concerns you, the latest first."),
        result.problem ? parts.failure(result.problem) : null,
        h("section", { class: "card", "aria-label": "Changes" }, changes.length === 0
            ? parts.empty("Nothing was changed yet.") : h("ol", { class: "changes" },
                changes.map((change) => change_view(change, result, read))),
        cursor ? parts.button("Load older changes", more) : null));
    };
    await keep_reading(read, EVERY_MS, signal);
}
