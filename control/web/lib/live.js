/* Reading again: every few seconds, and at once when the server says that something happened.
 *
 * Nothing is read while the page cannot be seen. */
import * as api from "./api.js";
import { h, patch } from "./dom.js";
import { moment, sentence } from "./format.js";

const SETTLE_MS = 300; /* Events come in heaps; one reading is enough for one. */

const listeners = new Set();
let stream = null;
let on_refused = () => {};
let failing_since = null;

/* `refused`: called when the server does not take the token any more. */
export function when_refused(refused) {
    on_refused = refused;
}

/* What is shown stays, but nobody may take it for what is now. */
function show_trouble(problem) {
    const place = document.getElementById("trouble");
    failing_since = problem ? failing_since ?? new Date().toISOString() : null;
    patch(place, !problem ? null : h("div", { class: "wide" }, h("div", { class: "notice bad" },
        h("p", {}, h("strong", {}, sentence(problem.message))),
        h("p", {}, `What you see is from ${moment(failing_since)}. It is read again by itself.`))));
}

function show_state(state) {
    const place = document.getElementById("live");
    if (place && place.dataset.state !== state) {
        place.dataset.state = state;
        place.textContent = state === "live" ? "Live" : "Not live";
        place.title = state === "live" ? "What happens is shown at once."
            : "What happens is shown within a few seconds.";
    }
}

/* One stream for all pages; begun by the first that wants to know. */
export function begin_stream() {
    stream?.abort();
    stream = new AbortController();
    const tell = (name, data) => listeners.forEach((listener) => listener(name, data));
    let last = null;
    api.listen(tell, (state) => {
        show_state(state);
        if (last !== null && state !== last) {
            tell(state, ""); /* The server may be gone, or back: a reading tells. */
        }
        last = state;
    }, stream.signal);
}

export function end_stream() {
    stream?.abort();
    stream = null;
    show_state("lost");
}

/* `on_event(name, data)` until `signal`. */
export function on_events(on_event, signal) {
    listeners.add(on_event);
    signal.addEventListener("abort", () => listeners.delete(on_event), { once: true });
}

function when_visible(signal) {
    if (!document.hidden) {
        return Promise.resolve();
    }
    return new Promise((resolve) => {
        document.addEventListener("visibilitychange", resolve, { once: true, signal });
        signal.addEventListener("abort", resolve, { once: true });
    });
}

async function read_again(read, signal) {
    try {
        await read();
        show_trouble(null);
    } catch (problem) {
        if (signal.aborted) {
            return;
        }
        if (problem.status === 401) {
            on_refused();
        } else {
            show_trouble(problem);
        }
    }
}

/* Call `read` now, then every `every_ms` and after events, until `signal`.  The first call's
 * failure is the caller's; later ones are shown above the page, and reading goes on. */
export async function keep_reading(read, every_ms, signal) {
    await read();
    show_trouble(null);
    let wake = () => {};
    let settling = null;
    on_events(() => {
        settling ??= setTimeout(() => {
            settling = null;
            wake();
        }, SETTLE_MS);
    }, signal);
    const loop = async () => {
        while (!signal.aborted) {
            await new Promise((resolve) => {
                const timer = setTimeout(resolve, every_ms);
                wake = () => {
                    clearTimeout(timer);
                    resolve();
                };
                signal.addEventListener("abort", wake, { once: true });
            });
            await when_visible(signal);
            if (signal.aborted) {
                return;
            }
            await read_again(read, signal);
        }
    };
    loop();
}
