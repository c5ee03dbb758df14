"""MRT table dumps (RFC 6396 TABLE_DUMP_V2): reader, and a writer for reduced dumps.

The reader yields (peer, prefix, Route) for every path; attribute sets are decoded once each.
A truncated file is read up to where it ends.  As a program it cuts a dump down:

    python3 -m lab.mrt reduce IN OUT --peers 3257,6939 --limit 5000
"""

import argparse
import bz2
import ipaddress
import struct
from typing import NamedTuple

from lab.route import Route

TABLE_DUMP_V2 = 13
PEER_INDEX_TABLE, RIB_IPV4_UNICAST, RIB_IPV6_UNICAST = 1, 2, 4
ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, ATOMIC, AGGREGATOR, COMMUNITIES = range(1, 9)
MP_REACH, EXTENDED, LARGE = 14, 16, 32
AS_SET, AS_SEQUENCE = 1, 2


class Peer(NamedTuple):
    router_id: str
    address: str
    asn: int


def _records(stream):
    """(timestamp, type, subtype, body) of each record; a cut-off tail is dropped."""
    while True:
        try:
            head = stream.read(12)
            if len(head) < 12:
                return
            stamp, kind, subtype, length = struct.unpack("!IHHI", head)
            body = stream.read(length)
        except (EOFError, OSError):
            return
        if len(body) < length:
            return
        yield stamp, kind, subtype, body


def _peers(body):
    name_len = struct.unpack_from("!H", body, 4)[0]
    at = 6 + name_len
    count = struct.unpack_from("!H", body, at)[0]
    at += 2
    peers = []
    for _ in range(count):
        kind = body[at]
        router_id = str(ipaddress.IPv4Address(body[at + 1:at + 5]))
        at += 5
        size = 16 if kind & 1 else 4
        where = str(ipaddress.ip_address(body[at:at + size]))
        at += size
        asn = struct.unpack_from("!I" if kind & 2 else "!H", body, at)[0]
        at += 4 if kind & 2 else 2
        peers.append(Peer(router_id, where, asn))
    return peers


def _path(value):
    path, at = [], 0
    while at < len(value):
        kind, count = value[at], value[at + 1]
        hops = struct.unpack_from("!%dI" % count, value, at + 2)
        at += 2 + 4 * count
        if kind == AS_SEQUENCE:
            path.extend(hops)
        elif kind == AS_SET:
            path.append(frozenset(hops))
        else:
            raise ValueError("AS_PATH segment type %d" % kind)
    return tuple(path)


def _next_hop6(value):
    """RFC 6396 section 4.3.4: only the next hop; some writers keep the whole MP_REACH_NLRI."""
    size = value[0]
    if size == 0:
        return str(ipaddress.IPv6Address(value[4:20]))
    return str(ipaddress.IPv6Address(value[1:17]))


def decode_attributes(raw):
    fields, at = {}, 0
    while at < len(raw):
        flags, kind = raw[at], raw[at + 1]
        if flags & 0x10:
            size = struct.unpack_from("!H", raw, at + 2)[0]
            at += 4
        else:
            size = raw[at + 2]
            at += 3
        value = raw[at:at + size]
        at += size
        if kind == ORIGIN:
            fields["origin"] = value[0]
        elif kind == AS_PATH:
            fields["path"] = _path(value)
        elif kind == NEXT_HOP:
            fields["next_hop"] = str(ipaddress.IPv4Address(value))
        elif kind == MED:
            fields["med"] = struct.unpack("!I", value)[0]
        elif kind == ATOMIC:
            fields["is_atomic"] = True
        elif kind == AGGREGATOR:
            asn = int.from_bytes(value[:-4], "big")
            fields["aggregator"] = (asn, str(ipaddress.IPv4Address(value[-4:])))
        elif kind == COMMUNITIES:
            count = size // 4
            fields["communities"] = tuple(sorted(set(struct.unpack("!%dI" % count, value))))
        elif kind == EXTENDED:
            count = size // 8
            fields["extended"] = tuple(sorted(set(struct.unpack("!%dQ" % count, value))))
        elif kind == LARGE:
            words = struct.unpack("!%dI" % (size // 4), value)
            fields["large"] = tuple(sorted(set(zip(words[::3], words[1::3], words[2::3]))))
        elif kind == MP_REACH:
            fields["next_hop"] = _next_hop6(value)
    return Route(**fields)


def _entries(subtype, body):
    """(prefix, [(peer index, originated, raw attributes)]) of a RIB record."""
    bits = body[4]
    size = (bits + 7) // 8
    width = 4 if subtype == RIB_IPV4_UNICAST else 16
    number = body[5:5 + size].ljust(width, b"\0")
    prefix = (number, bits)
    at = 5 + size
    count = struct.unpack_from("!H", body, at)[0]
    at += 2
    entries = []
    for _ in range(count):
        index, when, length = struct.unpack_from("!HIH", body, at)
        entries.append((index, when, body[at + 8:at + 8 + length]))
        at += 8 + length
    return prefix, entries


def prefix_text(prefix):
    number, bits = prefix
    if len(number) == 4:
        return "%d.%d.%d.%d/%d" % (*number, bits)
    return "%s/%d" % (ipaddress.IPv6Address(number), bits)


def prefix_bytes(text):
    """The reverse of prefix_text."""
    network = ipaddress.ip_network(text)
    return network.network_address.packed, network.prefixlen


def read(path, wanted=None):
    """Yield (Peer, (address bytes, length), Route) of every path whose (Peer, prefix) passes
    `wanted`."""
    peers, decoded = [], {}
    with bz2.open(path) as stream:
        for _, kind, subtype, body in _records(stream):
            if kind != TABLE_DUMP_V2:
                continue
            if subtype == PEER_INDEX_TABLE:
                peers = _peers(body)
                continue
            if subtype not in (RIB_IPV4_UNICAST, RIB_IPV6_UNICAST):
                continue
            prefix, entries = _entries(subtype, body)
            for index, _, raw in entries:
                peer = peers[index]
                if wanted is not None and not wanted(peer, prefix):
                    continue
                route = decoded.get(raw)
                if route is None:
                    route = decoded[raw] = decode_attributes(raw)
                yield peer, prefix, route


def _attribute(flags, kind, value):
    if len(value) > 255:
        return struct.pack("!BBH", flags | 0x10, kind, len(value)) + value
    return struct.pack("!BBB", flags, kind, len(value)) + value


def encode_path(path):
    out, hops = b"", []

    def close(run):
        whole = b""
        for start in range(0, len(run), 255):
            part = run[start:start + 255]
            whole += struct.pack("!BB%dI" % len(part), AS_SEQUENCE, len(part), *part)
        return whole

    for hop in path:
        if isinstance(hop, frozenset):
            out += close(hops)
            hops = []
            out += struct.pack("!BB%dI" % len(hop), AS_SET, len(hop), *sorted(hop))
        else:
            hops.append(hop)
    return out + close(hops)


def encode_attributes(route, extra=b"", is_mp_reach_whole=False):
    """`extra` is appended as it is; `is_mp_reach_whole` is for readers that do not know the
    short form of MP_REACH_NLRI that RFC 6396 prescribes."""
    next_hop = ipaddress.ip_address(route.next_hop)
    out = _attribute(0x40, ORIGIN, bytes([route.origin]))
    out += _attribute(0x40, AS_PATH, encode_path(route.path))
    if next_hop.version == 4:
        out += _attribute(0x40, NEXT_HOP, next_hop.packed)
    if route.med is not None:
        out += _attribute(0x80, MED, struct.pack("!I", route.med))
    if route.is_atomic:
        out += _attribute(0x40, ATOMIC, b"")
    if route.aggregator:
        asn, where = route.aggregator
        out += _attribute(0xc0, AGGREGATOR,
                          struct.pack("!I", asn) + ipaddress.IPv4Address(where).packed)
    if route.communities:
        out += _attribute(0xc0, COMMUNITIES,
                          struct.pack("!%dI" % len(route.communities), *route.communities))
    if next_hop.version == 6:
        value = b"\x10" + next_hop.packed
        if is_mp_reach_whole:
            value = b"\0\x02\x01" + value + b"\0"
        out += _attribute(0x80, MP_REACH, value)
    if route.extended:
        out += _attribute(0xc0, EXTENDED,
                          struct.pack("!%dQ" % len(route.extended), *route.extended))
    if route.large:
        out += _attribute(0xc0, LARGE, b"".join(struct.pack("!3I", *one) for one in route.large))
    return out + extra


def _record(stamp, subtype, body):
    return struct.pack("!IHHI", stamp, TABLE_DUMP_V2, subtype, len(body)) + body


def write(stream, peers, rows, stamp=0, **options):
    """Write rows of ((address bytes, length), [(peer index, Route)]) as TABLE_DUMP_V2; `options`
    are those of encode_attributes."""
    body = b"\0\0\0\0" + struct.pack("!HH", 0, len(peers))
    for peer in peers:
        where = ipaddress.ip_address(peer.address)
        body += bytes([2 | (where.version == 6)])
        body += ipaddress.IPv4Address(peer.router_id).packed + where.packed
        body += struct.pack("!I", peer.asn)
    stream.write(_record(stamp, PEER_INDEX_TABLE, body))
    encoded = {}
    for sequence, ((number, bits), entries) in enumerate(rows):
        body = struct.pack("!IB", sequence, bits) + number[:(bits + 7) // 8]
        body += struct.pack("!H", len(entries))
        for index, route in entries:
            raw = encoded.get(route)
            if raw is None:
                raw = encoded[route] = encode_attributes(route, **options)
            body += struct.pack("!HIH", index, stamp, len(raw)) + raw
        subtype = RIB_IPV4_UNICAST if len(number) == 4 else RIB_IPV6_UNICAST
        stream.write(_record(stamp, subtype, body))


def reduce(source, target, asns, limit, stamp):
    """Keep the first `limit` prefixes that one of the first sessions of `asns` has."""
    chosen, table = {}, {}
    for peer, prefix, route in read(source, lambda peer, _: peer.asn in asns):
        if chosen.setdefault(peer.asn, peer) != peer:
            continue
        if prefix not in table and len(table) == limit:
            break
        table.setdefault(prefix, {}).setdefault(peer.asn, route)
    peers = list(chosen.values())
    order = {peer.asn: index for index, peer in enumerate(peers)}
    rows = [(prefix, sorted((order[asn], route) for asn, route in entries.items()))
            for prefix, entries in table.items()]
    with bz2.open(target, "wb") as stream:
        write(stream, peers, rows, stamp)
    return len(rows), sum(len(entries) for _, entries in rows)


def main():
    parser = argparse.ArgumentParser(description="Cut an MRT table dump down.")
    parser.add_argument("command", choices=["reduce"])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--peers", required=True, help="AS numbers, comma-separated")
    parser.add_argument("--limit", type=int, default=1 << 30, help="prefixes to keep")
    parser.add_argument("--stamp", type=int, default=0, help="time of the dump")
    args = parser.parse_args()
    asns = {int(word) for word in args.peers.split(",")}
    print("%d prefixes, %d paths" % reduce(args.source, args.target, asns, args.limit,
                                            args.stamp))


if __name__ == "__main__":
    main()
