/* Tables: sorted by a click on a heading, filtered by a box, and a list of cards on a phone.
 *
 * The roles are written out because a table that CSS lays out otherwise is no table for screen
 * readers any more.  What is sorted and filtered by is kept by the table's name while the page
 * shows anything else. */
import { h } from "./dom.js";
import { button, empty } from "./parts.js";
import { count, plural } from "./format.js";

const choices = new Map();
const ROWS_SHOWN = 200;

function choice_of(name) {
    if (!choices.has(name)) {
        choices.set(name, { sort: null, is_down: false, filter: "", shown: ROWS_SHOWN });
    }
    return choices.get(name);
}

function order(columns, choice, rows) {
    const column = columns.find((one) => one.name === choice.sort);
    if (!column) {
        return rows;
    }
    const factor = choice.is_down ? -1 : 1;
    return rows.map((row) => [column.order(row), row])
        .sort(([a], [b]) => (a < b ? -factor : a > b ? factor : 0))
        .map(([, row]) => row);
}

/* Every word must be somewhere in the row. */
function is_wanted(words, text) {
    return words.every((word) => text.includes(word));
}

function heading_cell(column, choice, redraw) {
    const is_sorted = choice.sort === column.name;
    const direction = choice.is_down ? "descending" : "ascending";
    if (!column.order) {
        return h("th", { role: "columnheader", scope: "col", class: column.class }, column.title);
    }
    const turn = () => {
        choice.is_down = is_sorted && !choice.is_down;
        choice.sort = column.name;
        redraw();
    };
    return h("th", {
        role: "columnheader", scope: "col", class: column.class,
        "aria-sort": is_sorted ? direction : "none",
    }, h("button", { type: "button", class: "sorter", on_click: turn }, column.title,
        h("span", { class: "arrow", "aria-hidden": "true" },
            is_sorted ? (choice.is_down ? "▼" : "▲") : "")));
}

/* On a phone the headings are gone: what they do is in a list to choose from. */
function sort_chooser(columns, choice, redraw) {
    const sorted = columns.filter((column) => column.order);
    return h("label", { class: "phone-only" }, "Sort by ", h("select", {
        on_change: (event) => {
            const [sort, direction] = event.currentTarget.value.split(" ");
            Object.assign(choice, { sort, is_down: direction === "down" });
            redraw();
        },
    }, sorted.flatMap((column) => ["up", "down"].map((direction) => h("option", {
        value: `${column.name} ${direction}`,
        selected: choice.sort === column.name && choice.is_down === (direction === "down"),
    }, `${column.title}${direction === "down" ? ", descending" : ""}`)))));
}

function cell(column, row, is_head) {
    return h(is_head ? "th" : "td", {
        role: is_head ? "rowheader" : "cell", scope: is_head ? "row" : null,
        class: column.class, "data-label": column.title,
    }, h("div", {}, column.cell(row)));
}

function tools(options, choice, all, shown, redraw) {
    if (!options.filter) {
        return null;
    }
    const input = (event) => {
        choice.filter = event.currentTarget.value;
        redraw();
    };
    const [one, many] = options.noun ?? ["row", "rows"];
    const text = `${choice.filter ? `${count(shown)} of ` : ""}${plural(all, one, many)}`;
    return h("div", { class: "table-tools" },
        h("label", {}, "Filter ", h("input", {
            type: "search", on_input: input, autocomplete: "off", spellcheck: "false",
            placeholder: options.placeholder ?? null, value: choice.filter,
        })),
        sort_chooser(options.columns, choice, redraw),
        h("span", { class: "amount", role: "status" }, text));
}

/* options: name, caption, columns [{name, title, cell, order, class}], rows, key(row),
 * filter(row) → text to search in, noun ([one, many]), sort: the column to begin with, empty: what
 * is shown without rows, redraw: shows the page again.  The first column is the row's heading. */
export function table(options) {
    const choice = choice_of(options.name);
    if (choice.sort === null && options.sort) { /* "-name": the largest first. */
        choice.is_down = options.sort.startsWith("-");
        choice.sort = options.sort.replace("-", "");
    }
    const words = choice.filter.toLowerCase().split(/\s+/).filter((word) => word);
    const wanted = options.filter && words.length > 0
        ? options.rows.filter((row) => is_wanted(words, options.filter(row).toLowerCase()))
        : options.rows;
    const rows = order(options.columns, choice, wanted);
    const more = () => {
        choice.shown += ROWS_SHOWN;
        options.redraw();
    };
    const bar = tools(options, choice, options.rows.length, wanted.length, options.redraw);
    if (rows.length === 0) {
        return [bar, options.rows.length > 0 ? empty("Nothing here contains these words.")
            : options.empty ?? empty("There is nothing here.")];
    }
    return [bar, h("div", { class: "table-frame" }, h("table", { role: "table" },
        h("caption", { class: "off-screen" }, options.caption),
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
            options.columns.map((column) => heading_cell(column, choice, options.redraw)))),
        h("tbody", { role: "rowgroup" }, rows.slice(0, choice.shown).map((row) =>
            h("tr", { role: "row", "data-key": options.key(row) },
                options.columns.map((column, i) => cell(column, row, i === 0))))))),
    rows.length > choice.shown
        ? h("p", {}, button(`Show more (${count(rows.length - choice.shown)} left)`, more))
        : null];
}
