/* Reading again: every few seconds, and at once when the server says that something happened.
 *
 * Nothing is read while the page cannot be seen. */
import * as api from "./api.js";

const SETTLE_MS = 300; /* Events come in heaps; one reading is enough for one. */

const listeners = new Set();
let stream = null;

function show_state(state) {
    const place = document.getElementById("live");
    if (place && place.dataset.state !== state) {
        place.dataset.state = state;
        place.textContent = state === "live" ? "Live" : "Reading every few seconds";
    }
}

/* One stream for all pages; begun by the first that wants to know. */
export function begin_stream() {
    stream?.abort();
    stream = new AbortController();
    api.listen((name, data) => {
        for (const tell of listeners) {
            tell(name, data);
        }
    }, show_state, stream.signal);
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

/* Call `read` now, then every `every_ms` and after events, until `signal`.  The first call's
 * failure is the caller's; later ones go to `on_failure` and reading goes on. */
export async function keep_reading(read, every_ms, signal, on_failure = () => {}) {
    await read();
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
            try {
                await read();
            } catch (problem) {
                if (!signal.aborted) {
                    on_failure(problem);
                }
            }
        }
    };
    loop();
}
