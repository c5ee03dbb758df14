/* Tables of routes: those that are accepted, and those that are refused with why and what to do. */
import { h } from "../lib/dom.js";
import * as format from "../lib/format.js";
import * as parts from "../lib/parts.js";
import { link_to } from "../lib/router.js";
import { table } from "../lib/table.js";
import * as read from "./read.js";

const PAGE = 25;

export function prefix_order(prefix) {
    const [address, len] = prefix.split("/");
    return `${format.address_order(address)}/${(len ?? "").padStart(3, "0")}`;
}

function chips(list) {
    return h("ul", { class: "chips" }, list.map((one) => h("li", {}, one)));
}

/* Everything that a row says beyond the columns. */
function more_of(route) {
    const lists = [["Communities", route.communities], ["Large communities",
        route.large_communities], ["Extended communities", route.ext_communities]];
    const rest = [["Origin", route.origin], ["MED", route.med],
        ["LOCAL_PREF", route.local_pref], ["Path ID", route.path_id],
        ["Link-local next hop", route.next_hop_link_local], ["Aggregator", route.aggregator],
        ["Atomic aggregate", route.atomic_aggregate ? "yes" : null]];
    return h("details", {}, h("summary", {}, "Attributes"), h("div", { class: "stack" },
        parts.facts(rest), lists.filter(([, list]) => list?.length > 0).map(([name, list]) =>
            h("div", {}, h("span", { class: "quiet" }, name), chips(list)))));
}

function who(route) {
    return [h("a", { class: "mono", href: link_to(`/members/${route.from}`) }, route.from),
        h("br"), h("span", { class: "quiet" }, `AS${route.asn}`)];
}

export function key_of(route) {
    return [route.prefix, route.from, route.rank, route.as_path, route.path_id ?? ""].join(" ");
}

const PREFIX = {
    name: "prefix", title: "Prefix", order: (row) => prefix_order(row.prefix),
    cell: (row) => h("a", { class: "mono", href: link_to("/search", { prefix: row.prefix }) },
        row.prefix),
};
const FROM = { name: "from", title: "From", order: (row) => format.address_order(row.from ?? ""),
    cell: who };
const PATH = { name: "path", title: "AS path", order: (row) => row.as_path,
    cell: (row) => h("span", { class: "mono" }, row.as_path || "(empty)") };
const NEXT_HOP = { name: "next_hop", title: "Next hop", order: (row) =>
    format.address_order(row.next_hop ?? ""),
    cell: (row) => h("span", { class: "mono" }, row.next_hop) };
const RANK = { name: "rank", title: "Rank", class: "number", order: (row) => row.rank,
    cell: (row) => (row.rank === 1 ? h("b", {}, "1, best") : row.rank) };
const MORE = { name: "more", title: "More", cell: more_of };

/* Why, what to do, and the short names for those who talk to support. */
export function why(route) {
    const code = route.reject_code === undefined ? "" : `, code ${route.reject_code}`;
    return h("div", { class: "why" },
        h("div", {}, h("strong", {}, `${format.sentence(route.rejected)}`),
            route.detail ? ` ${format.sentence(route.detail)}` : ""),
        route.remedy ? h("div", {}, h("span", { class: "quiet" }, "What to do: "),
            format.sentence(route.remedy))
            : null,
        h("div", { class: "code" }, h("code", {}, route.reject_reason), code, " · ",
            h("a", { href: link_to("/explain", { prefix: route.prefix, from: route.from }) },
                "All checks")));
}

const REASON = { name: "why", title: "Why refused", order: (row) => row.rejected, cell: why };

function is_filtered(kind) {
    return kind === "filtered";
}

/* kind: accepted, filtered, exported or search. */
export function columns_of(kind) {
    return {
        accepted: [PREFIX, PATH, NEXT_HOP, RANK, MORE],
        filtered: [PREFIX, PATH, REASON],
        exported: [PREFIX, FROM, PATH, NEXT_HOP, MORE],
        search: [PREFIX, RANK, FROM, PATH, NEXT_HOP, MORE],
        refused: [PREFIX, FROM, PATH, REASON],
    }[kind];
}

/* A list that grows by pages; `query` is that of /routes. */
export class RouteList {
    constructor(kind, query, signal) {
        Object.assign(this, { kind, query, signal, rows: null, cursor: null, problem: null });
    }

    async more() {
        try {
            const page = await read.routes({ ...this.query, limit: PAGE, cursor: this.cursor },
                this.signal);
            this.rows = [...(this.rows ?? []), ...page.rows];
            this.cursor = page.next_cursor;
            this.problem = null;
        } catch (problem) {
            if (!this.signal.aborted) {
                this.problem = problem;
            }
        }
    }

    /* `caption` names it for screen readers; `redraw` shows the page again. */
    view(caption, nothing, redraw) {
        const again = async () => {
            await this.more();
            redraw();
        };
        if (this.problem) {
            return parts.failure(this.problem, again);
        }
        if (this.rows === null) {
            return h("p", { class: "quiet", role: "status" }, "Loading …");
        }
        return [table({
            name: `routes-${this.kind}`, caption, rows: this.rows, columns: columns_of(this.kind),
            key: key_of, redraw,
            noun: this.cursor ? ["route so far", "routes so far"] : ["route", "routes"],
            filter: (row) => `${row.prefix} ${row.as_path} ${row.from} ${row.rejected ?? ""}`,
            placeholder: is_filtered(this.kind) ? "Prefix, AS or reason" : "Prefix or AS",
            empty: nothing,
        }), this.cursor ? h("p", {}, parts.button("Load more", again)) : null];
    }
}
