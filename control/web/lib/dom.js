/* Elements from function calls.
 *
 * Text given here is always text: nothing that a server, a member or a router says can become
 * markup, because no markup is ever parsed.  `patch` makes what is shown equal to what should be
 * shown by changing only what differs, so that a page that refreshes itself keeps the focus, the
 * selection and what somebody is typing. */

const SVG = "http://www.w3.org/2000/svg";
const handlers = Symbol("handlers");

/* One listener for all elements: patch exchanges handlers without touching listeners. */
function dispatch(event) {
    const handler = event.currentTarget[handlers]?.[event.type];
    if (handler) {
        handler(event);
    }
}

function listen(element, type, handler) {
    element[handlers] ??= {};
    element[handlers][type] = handler;
    element.addEventListener(type, dispatch);
}

/* `on_click` listens; true, false and null say whether an attribute is there; the rest is text. */
function set_attributes(element, attributes) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false) {
            continue;
        }
        if (name.startsWith("on_")) {
            listen(element, name.slice(3), value);
        } else {
            element.setAttribute(name, value === true ? "" : String(value));
        }
    }
}

function append(element, children) {
    for (const child of children.flat(Infinity)) {
        if (child !== null && child !== undefined && child !== false) {
            element.append(child instanceof Node ? child : String(child));
        }
    }
}

/* h("p", {class: "note"}, "text", [more], null): an element of HTML. */
export function h(name, attributes, ...children) {
    const element = document.createElement(name);
    set_attributes(element, attributes);
    append(element, children);
    return element;
}

/* The same for SVG. */
export function svg(name, attributes, ...children) {
    const element = document.createElementNS(SVG, name);
    set_attributes(element, attributes);
    append(element, children);
    return element;
}

function key_of(node) {
    return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") ?? node.id : "";
}

function is_alike(old, node) {
    return old.nodeType === node.nodeType && old.nodeName === node.nodeName &&
        key_of(old) === key_of(node);
}

/* `open` of a <details> is the reader's, `tabindex` of a heading is the router's. */
const NOT_OURS = ["open", "tabindex"];

function patch_attributes(old, node) {
    for (const { name } of [...old.attributes]) {
        if (!node.hasAttribute(name) && !NOT_OURS.includes(name)) {
            old.removeAttribute(name);
        }
    }
    for (const { name, value } of node.attributes) {
        if (old.getAttribute(name) !== value) {
            old.setAttribute(name, value);
        }
    }
}

function patch_node(old, node) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
        if (old.data !== node.data) {
            old.data = node.data;
        }
        return;
    }
    if (old.hasAttribute("data-keep")) { /* It belongs to who made it, until it is gone. */
        return;
    }
    patch_attributes(old, node);
    for (const type of Object.keys(node[handlers] ?? {})) {
        listen(old, type, node[handlers][type]);
    }
    patch_children(old, [...node.childNodes]);
}

/* What has no key and stands between `at` and the wanted node is removed, rather than the wanted
 * node moved: an element that moves loses the focus. */
function without_strays(at, twin) {
    let end = at;
    while (end && end !== twin && !key_of(end)) {
        end = end.nextSibling;
    }
    if (end !== twin) {
        return at;
    }
    while (at !== twin) {
        const next = at.nextSibling;
        at.remove();
        at = next;
    }
    return at;
}

function patch_children(parent, nodes) {
    const keyed = new Map();
    for (const child of parent.childNodes) {
        const key = key_of(child);
        if (key) {
            keyed.set(key, child);
        }
    }
    /* What is gone goes first: then what stays need not move, and keeps the focus. */
    const wanted = new Set(nodes.map(key_of));
    for (const [key, child] of keyed) {
        if (!wanted.has(key)) {
            child.remove();
        }
    }
    let at = parent.firstChild;
    for (const node of nodes) {
        const key = key_of(node);
        const twin = key ? keyed.get(key) : at;
        keyed.delete(key);
        at = key && twin ? without_strays(at, twin) : at;
        if (twin && is_alike(twin, node)) {
            patch_node(twin, node);
            if (twin === at) {
                at = at.nextSibling;
            } else {
                parent.insertBefore(twin, at);
            }
        } else {
            parent.insertBefore(node, at);
        }
    }
    while (at) {
        const next = at.nextSibling;
        at.remove();
        at = next;
    }
}

/* Make the children of `parent` equal to these. */
export function patch(parent, ...children) {
    const holder = document.createDocumentFragment();
    append(holder, children);
    patch_children(parent, [...holder.childNodes]);
}

/* A number for `id` and `for` that no other element of the page has. */
let last_number = 0;
export function unique(prefix) {
    last_number++;
    return `${prefix}-${last_number}`;
}
