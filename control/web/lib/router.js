/* Pages by the fragment of the address: #/members/198.18.0.11?filtered=true.
 *
 * A page is a function of a context; it shows with context.show(), reads with context.signal, and
 * ends when that is aborted.  After navigation the focus is on the new heading, so that a screen
 * reader says where one is and the Tab key goes on from there; a change of the query alone is no
 * navigation and leaves the focus where it is. */
import { h, patch } from "./dom.js";
import { when_refused } from "./live.js";
import { failure, loading } from "./parts.js";

const AGAIN_MS = 3000;

let routes = [];
let options = {};
let current = { path: null, leave: new AbortController() };

export function link_to(path, query = {}) {
    const pairs = new URLSearchParams(
        Object.entries(query).filter(([, value]) => value !== "" && value !== null));
    const text = pairs.toString();
    return `#${path}${text ? `?${text}` : ""}`;
}

export function go(path, query) {
    const to = link_to(path, query);
    if (location.hash === to) {
        turn();
    } else {
        location.hash = to;
    }
}

function parse() {
    const [path, query] = (location.hash.slice(1) || "/").split("?");
    return { path, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

/* "/members/:address" against "/members/198.18.0.11". */
function match(pattern, path) {
    const wanted = pattern.split("/");
    const given = path.split("/");
    const found = {};
    if (wanted.length !== given.length) {
        return null;
    }
    for (let i = 0; i < wanted.length; i++) {
        if (wanted[i].startsWith(":")) {
            found[wanted[i].slice(1)] = decodeURIComponent(given[i]);
        } else if (wanted[i] !== given[i]) {
            return null;
        }
    }
    return found;
}

function find(path) {
    for (const [pattern, page] of routes) {
        const parameters = match(pattern, path);
        if (parameters) {
            return { page, parameters };
        }
    }
    return { page: options.missing, parameters: {} };
}

/* The link of the section that the page belongs to. */
function mark_navigation(path) {
    for (const link of document.querySelectorAll("[data-section]")) {
        const section = link.getAttribute("href").slice(1);
        const is_in = section === "/" ? path === "/" : (path + "/").startsWith(section + "/");
        if (is_in) {
            link.setAttribute("aria-current", "page");
        } else {
            link.removeAttribute("aria-current");
        }
    }
}

/* At the beginning of the page: where one is after navigation, and when what had the focus is
 * gone. */
export function focus_heading() {
    const heading = document.querySelector("main h1");
    if (heading) {
        heading.tabIndex = -1;
        heading.focus({ preventScroll: true });
    }
    scrollTo(0, 0);
}

function context_of(main, is_new, first, parameters, query, leave) {
    let has_focus = !is_new || first;
    const title = (text) => {
        document.title = `${text} · ${options.title}`;
    };
    const show = (...children) => {
        if (leave.signal.aborted) {
            return;
        }
        patch(main, ...children);
        if (!has_focus && main.querySelector("h1")) {
            has_focus = true;
            focus_heading();
        }
    };
    return { parameters, query, title, show, signal: leave.signal, main };
}

/* `has_entered`: what is shown now is another page although its address is the same. */
async function turn(has_entered = false) {
    const { path, query } = parse();
    const is_new = has_entered || path !== current.path;
    const first = current.path === null;
    current.leave.abort();
    current = { path, leave: new AbortController() };
    const { page, parameters } = find(path);
    const main = document.getElementById("main");
    const context = context_of(main, is_new, first, parameters, query, current.leave);
    mark_navigation(path);
    if (is_new) {
        main.replaceChildren();
        main.append(loading());
    }
    try {
        await page(context);
    } catch (problem) {
        if (context.signal.aborted) {
            return;
        }
        if (problem.status === 401 && options.sign_in) {
            options.sign_in(context, problem);
            return;
        }
        context.show(h("h1", {}, "This did not work"), failure(problem, () => turn()));
        if (problem.status === 0) { /* Nobody answers: as it says, it is tried again. */
            const timer = setTimeout(() => turn(), AGAIN_MS);
            context.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
        }
    }
}

function missing(context) {
    context.title("Not found");
    context.show(h("h1", {}, "There is no such page"),
        h("p", {}, h("a", { href: "#/" }, "Go to the first page")));
}

/* `table`: [pattern, page] pairs.  `sign_in` shows a form where a token is asked for. */
export function start(table, { title, sign_in }) {
    routes = table;
    options = { title, sign_in, missing };
    when_refused(() => turn(true));
    addEventListener("hashchange", () => turn());
    return turn();
}

export const enter = () => turn(true);
export const mark = () => mark_navigation(parse().path);
