/* Numbers, times and sizes as people read them. */

const number_format = new Intl.NumberFormat("en");
const compact_format = new Intl.NumberFormat("en", { notation: "compact" });

export function count(value) {
    return value === null || value === undefined ? "–" : number_format.format(value);
}

/* 12.3K, for axes. */
export function compact(value) {
    return compact_format.format(value);
}

/* "3 routes", "1 route". */
export function plural(value, one, many = `${one}s`) {
    return `${count(value)} ${value === 1 ? one : many}`;
}

export function bytes(value) {
    if (value === null || value === undefined) {
        return "–";
    }
    const units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let at = 0;
    while (value >= 1024 && at < units.length - 1) {
        value /= 1024;
        at++;
    }
    return `${value >= 100 || at === 0 ? Math.round(value) : value.toFixed(1)} ${units[at]}`;
}

/* The two largest units: "3 d 4 h", "12 min 5 s". */
export function duration(seconds) {
    if (seconds === null || seconds === undefined) {
        return "–";
    }
    const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
    const parts = [];
    let left = Math.max(0, Math.round(seconds));
    for (const [unit, size] of units) {
        const amount = Math.floor(left / size);
        left -= amount * size;
        if (amount > 0 || (parts.length > 0 && left > 0)) {
            parts.push(`${amount} ${unit}`);
        }
        if (parts.length === 2) {
            break;
        }
    }
    return parts.filter((part) => !part.startsWith("0 ")).join(" ") || "0 s";
}

/* RFC 3339 → "27 Nov 2026, 08:00 UTC". */
export function moment(text) {
    if (!text) {
        return "–";
    }
    const date = new Date(text);
    const day = date.toLocaleDateString("en-GB",
        { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
    return `${day}, ${date.toISOString().slice(11, 16)} UTC`;
}

/* "in 3 d 4 h", "5 min ago". */
export function from_now(text, now = Date.now()) {
    if (!text) {
        return "–";
    }
    const seconds = (new Date(text).getTime() - now) / 1000;
    return seconds >= 0 ? `in ${duration(seconds)}` : `${duration(-seconds)} ago`;
}

/* An address as a number, so that 198.18.0.9 stands before 198.18.0.10; IPv4 before IPv6. */
export function address_order(text) {
    if (!text.includes(":")) {
        return text.split(".").map((part) => part.padStart(3, "0")).join(".");
    }
    const [head, tail] = text.split("::");
    const left = head ? head.split(":") : [];
    const right = tail ? tail.split(":") : [];
    const gap = Array(Math.max(0, 8 - left.length - right.length)).fill("0");
    const all = tail === undefined ? left : [...left, ...gap, ...right];
    return ":" + all.map((part) => part.padStart(4, "0")).join(":");
}

/* The server's phrases begin small and end without a full stop. */
export function sentence(text) {
    const word = String(text ?? "");
    return word.charAt(0).toUpperCase() + word.slice(1) + (/[.!?]$/.test(word) ? "" : ".");
}
