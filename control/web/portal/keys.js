/* Keys and secrets that were just made.  The server answers each once; they live in this variable
 * until the page is left for good, and nowhere else. */
const fresh = new Map();

export function keep_key(id, key) {
    if (key) {
        fresh.set(id, key);
    }
}

export const key_of = (id) => fresh.get(id) ?? null;

export function forget_key(id) {
    fresh.delete(id);
}
