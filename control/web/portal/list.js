/* A page that lists the objects of one kind; for operators with whose they are. */
import * as api from "../lib/api.js";
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import { keep_reading } from "../lib/live.js";
import * as parts from "../lib/parts.js";
import { table } from "../lib/table.js";
import * as me from "./me.js";

const EVERY_MS = 10000;

function owner_column(tenants) {
    const name = new Map(tenants.map((one) => [one.id, one.name]));
    return { name: "tenant", title: "Tenant", order: (row) => name.get(row.tenant) ?? "",
        cell: (row) => name.get(row.tenant) ?? "–" };
}

/* kind: plural (the path), one, title, lead, add (the button's text; null: nobody may), columns,
 * text(row) to search in, sort, empty (what is said of nothing), is_owned, more(rows) → promise:
 * what is read besides. */
export async function list_page(context, kind) {
    const { plural, title, more = () => {} } = kind;
    const many = kind.one === "ASN" ? "ASNs" : plural;
    context.title(title);
    const tenants = kind.is_owned ? await me.tenants(context.signal) : [];
    const owner = owner_column(tenants);
    const columns = tenants.length > 0 ? [...kind.columns, owner] : kind.columns;
    const add = kind.add ? parts.button_link(kind.add, `#/${plural}/new`, "primary") : null;
    await keep_reading(async () => {
        const rows = await api.list(`/${plural}`, {}, context.signal);
        await more(rows);
        const show = () => context.show(
            parts.heading(title, h("div", { class: "buttons" }, add)),
            h("p", { class: "lead" }, kind.lead),
            h("section", { class: "card", "aria-label": title }, table({
                name: plural, caption: title, rows, columns, key: (row) => row.id,
                sort: kind.sort, noun: [kind.one, many],
                filter: (row) => `${kind.text(row)} ${owner.order(row)}`, redraw: show,
                empty: parts.empty(kind.empty[0], h("p", {}, kind.empty[1])),
            }), rows.is_cut ? h("p", { class: "quiet" }, `Only the first ` +
                `${format.count(rows.length)} are listed and searched.`) : null));
        show();
    }, EVERY_MS, context.signal);
}
