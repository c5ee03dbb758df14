/* The server's API under /api/v1, as functions.
 *
 * The token is kept in sessionStorage only: it is gone with the tab, and no cookie could be used
 * by another site.  An answer that is no success becomes a Problem with what problem+json says:
 * which field (pointer), why (reason), and what to do (remedy). */

const ROOT = "/api/v1";
const TOKEN = "causeway.token";
const RECONNECT_MS = 2000;
const RECONNECT_MAX_MS = 30000;

export class Problem extends Error {
    constructor(status, fields = {}) {
        super(fields.detail || fields.title || `The server answered ${status}.`);
        this.status = status;
        this.reason = fields.reason ?? "";
        this.remedy = fields.remedy ?? "";
        this.pointer = fields.pointer ?? "";
        this.retry_after_s = fields.retry_after_s ?? 0;
    }
}

export function token() {
    return sessionStorage.getItem(TOKEN) ?? "";
}

/* Lists as they were read last, by their address: of this token, and of this page. */
const LISTS_MAX = 16;
const lists = new Map();

export function set_token(text) {
    lists.clear();
    if (text) {
        sessionStorage.setItem(TOKEN, text);
    } else {
        sessionStorage.removeItem(TOKEN);
    }
}

function address_of(path, query) {
    const pairs = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) {
        if (value !== null && value !== undefined && value !== "" && value !== false) {
            pairs.set(name, value);
        }
    }
    const text = pairs.toString();
    return ROOT + path + (text ? `?${text}` : "");
}

async function problem_of(response) {
    const fields = await response.json().catch(() => ({}));
    fields.retry_after_s = Number(response.headers.get("Retry-After")) || 0;
    return new Problem(response.status, fields);
}

function authorisation() {
    return token() ? { Authorization: `Bearer ${token()}` } : {};
}

/* A text that no request before had.  randomUUID is there only where the page came by TLS. */
export function random_key() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* `body`: an object is sent as JSON, a Blob as it is.  The response, or throws a Problem. */
async function send(method, path, { query, body, signal, headers = {} } = {}) {
    const all = { ...authorisation(), ...headers };
    if (body instanceof Blob) {
        all["Content-Type"] ??= body.type;
    } else if (body !== undefined) {
        all["Content-Type"] ??= method === "PATCH" ? "application/merge-patch+json"
            : "application/json";
        body = JSON.stringify(body);
    }
    if (method === "POST") {
        all["Idempotency-Key"] = random_key();
    }
    let response;
    try {
        response = await fetch(address_of(path, query),
            { method, headers: all, body, signal, cache: "no-store", credentials: "omit" });
    } catch (error) {
        if (error.name === "AbortError") {
            throw error;
        }
        throw new Problem(0, {
            detail: "The server does not answer.",
            remedy: "Check your connection; this page tries again by itself.",
        });
    }
    if (!response.ok && response.status !== 304) {
        throw await problem_of(response);
    }
    return response;
}

async function json_of(response) {
    return response.status === 204 ? null : response.json();
}

export async function get(path, query, signal) {
    return json_of(await send("GET", path, { query, signal }));
}

export async function get_text(path, query, signal) {
    return (await send("GET", path, { query, signal })).text();
}

export async function get_blob(path, signal) {
    return (await send("GET", path, { signal })).blob();
}

export async function post(path, body, query) {
    return json_of(await send("POST", path, { body, query }));
}

/* What is decided of an object is about what was seen of it: 412 when it is another by now. */
export async function decide(path, body, revision) {
    return json_of(await send("POST", path, { body, headers: { "If-Match": `"${revision}"` } }));
}

/* A file, as it is. */
export async function post_file(path, file, type) {
    return json_of(await send("POST", path, { body: new Blob([file], { type }) }));
}

/* `revision`: of the object that was edited; when it is another by now the answer is 412. */
export async function change(path, body, revision) {
    const headers = revision ? { "If-Match": `"${revision}"` } : {};
    return json_of(await send("PATCH", path, { body, headers }));
}

export async function remove(path) {
    return json_of(await send("DELETE", path));
}

function remember(address, tag, rows) {
    lists.delete(address);
    lists.set(address, { tag, rows });
    if (lists.size > LISTS_MAX) {
        lists.delete(lists.keys().next().value);
    }
}

function copy_of(rows) {
    return Object.assign([...rows], { is_cut: rows.is_cut });
}

/* All of a list, page after page, up to `max` objects; its `is_cut` says whether there are more.
 * What is still as it was is not read again: the tag of the first page is the registry's revision,
 * and so that of all pages. */
export async function list(path, query = {}, signal = undefined, max = 5000) {
    const asked = { limit: 500, ...query };
    const address = address_of(path, { ...asked, max });
    const before = lists.get(address);
    const response = await send("GET", path, { query: asked, signal,
        headers: before ? { "If-None-Match": before.tag } : {} });
    if (response.status === 304) {
        return copy_of(before.rows);
    }
    let page = await response.json();
    const all = [...(page.items ?? page.rows ?? [])];
    const revision = page.revision;
    let is_of_one = Boolean(response.headers.get("ETag"));
    while (page.next_cursor && all.length < max) {
        page = await get(path, { ...asked, cursor: page.next_cursor }, signal);
        is_of_one &&= page.revision === revision;
        all.push(...(page.items ?? page.rows ?? []));
    }
    all.is_cut = Boolean(page.next_cursor);
    if (is_of_one) {
        remember(address, response.headers.get("ETag"), copy_of(all));
    }
    return all;
}

/* text/event-stream as the HTML standard describes it, fed with whatever arrives. */
class EventParser {
    constructor(on_event) {
        this.on_event = on_event;
        this.rest = "";
        this.clear();
    }

    clear() {
        this.name = "message";
        this.data = [];
    }

    push(text) {
        const lines = (this.rest + text).split(/\r\n|\n|\r/);
        this.rest = lines.pop();
        lines.forEach((line) => this.line(line));
    }

    line(line) {
        if (line === "") {
            if (this.data.length > 0) {
                this.on_event(this.name, this.data.join("\n"), this.id);
            }
            this.clear();
            return;
        }
        const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (field === "event") {
            this.name = value;
        } else if (field === "data") {
            this.data.push(value);
        } else if (field === "id") {
            this.id = value;
        }
    }
}

async function read_events(last_id, on_state, on_event, signal) {
    const headers = { Accept: "text/event-stream" };
    if (last_id) {
        headers["Last-Event-ID"] = last_id;
    }
    const response = await send("GET", "/events", { headers, signal });
    on_state("live");
    const parser = new EventParser(on_event);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
        const { value, done } = await reader.read();
        if (done) {
            return;
        }
        parser.push(value);
    }
}

function pause(ms, signal) {
    return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
            clearTimeout(timer);
            resolve();
        }, { once: true });
    });
}

/* Listen to events until `signal`; EventSource cannot send a token, so this is done by fetch.
 * `on_state` is told "live" or "lost".  A lost stream goes on behind the last event. */
export async function listen(on_event, on_state, signal) {
    let last_id = "";
    let wait_ms = RECONNECT_MS;
    while (!signal.aborted) {
        try {
            await read_events(last_id, on_state, (name, data, id) => {
                last_id = id || last_id;
                wait_ms = RECONNECT_MS;
                on_event(name, data);
            }, signal);
        } catch (problem) {
            if (problem.status === 401 || problem.status === 403) {
                on_state("lost");
                return;
            }
        }
        if (!signal.aborted) {
            on_state("lost");
            await pause(wait_ms, signal);
            wait_ms = Math.min(wait_ms * 2, RECONNECT_MAX_MS);
        }
    }
}
