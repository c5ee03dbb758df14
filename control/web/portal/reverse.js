/* Names in the reverse zones of prefixes: RFC 1035 §3.5, RFC 3596 §2.5.
 *
 * Zones end at octets (IPv4) and nibbles (IPv6).  A prefix between two of them is proved at the
 * zone that encloses it, or at each of those it is made of; the former is shown. */

function ipv6_digits(address) {
    const [head, tail] = address.split("::");
    const left = head ? head.split(":") : [];
    const right = tail ? tail.split(":") : [];
    const gap = Array(8 - left.length - right.length).fill("0");
    const groups = tail === undefined ? left : [...left, ...gap, ...right];
    return groups.map((group) => group.padStart(4, "0")).join("");
}

/* "_causeway.113.0.203.in-addr.arpa." for 203.0.113.0/24. */
export function reverse_name(prefix) {
    const [address, len] = prefix.split("/");
    const parts = address.includes(":")
        ? [...ipv6_digits(address)].slice(0, Math.floor(Number(len) / 4))
        : address.split(".").slice(0, Math.floor(Number(len) / 8));
    const zone = address.includes(":") ? "ip6.arpa." : "in-addr.arpa.";
    return ["_causeway", ...parts.reverse(), zone].join(".");
}
