"""A route as the lab sees it: what one member announces, or what one member's router shows.

Every field is in a canonical form, so that routes from five different command lines compare
with ==: AS_PATH is a tuple of AS numbers in which an AS_SET is a frozenset; communities are
sorted tuples of integers (extended ones the 8 bytes as an integer); a MED that is absent is
None.  Some command lines cannot tell an absent MED from 0, or do not show an attribute at
all; a reader then says so in its `blind` set and `differences` leaves the field alone.
"""

import ipaddress
from typing import NamedTuple, Optional

ORIGINS = ("IGP", "EGP", "INCOMPLETE")
FIELDS = ("path", "origin", "next_hop", "med", "communities", "large", "extended",
          "aggregator", "is_atomic")


class Route(NamedTuple):
    path: tuple = ()
    origin: int = 0
    next_hop: str = ""
    med: Optional[int] = None
    communities: tuple = ()  # (asn << 16) | value
    large: tuple = ()        # (a, b, c)
    extended: tuple = ()     # eight bytes, big-endian
    aggregator: Optional[tuple] = None  # (asn, "address")
    is_atomic: bool = False


def path_length(path):
    """Length as the decision counts it: an AS_SET is one, RFC 4271 section 9.1.2.2 (a)."""
    return len(path)


def path_text(path):
    return " ".join("{%s}" % ",".join(map(str, sorted(hop))) if isinstance(hop, frozenset)
                    else str(hop) for hop in path)


def parse_path(text):
    """From the common notation `1 2 {3,4}` (also `{ 3 4 }`)."""
    path, members, in_set = [], [], False
    for word in text.replace("{", " { ").replace("}", " } ").replace(",", " ").split():
        if word == "{":
            members, in_set = [], True
        elif word == "}":
            path.append(frozenset(members))
            in_set = False
        elif in_set:
            members.append(int(word))
        else:
            path.append(int(word))
    return tuple(path)


def address(text):
    """An address in its canonical spelling."""
    return str(ipaddress.ip_address(text))


def prefix(text):
    return str(ipaddress.ip_network(text))


KNOWN = {"llgrStale": "65535:6", "llgr-stale": "65535:6",  # As FRR writes them.
         "gracefulShutdown": "65535:0", "graceful-shutdown": "65535:0",
         "blackhole": "65535:666", "noExport": "65535:65281", "no-export": "65535:65281"}


def community(text):
    high, low = KNOWN.get(text, text).split(":")
    return int(high) << 16 | int(low)


def community_text(value):
    return "%d:%d" % (value >> 16, value & 0xffff)


def large_text(value):
    return ":".join(map(str, value))


def extended(kind, asn, value):
    """A route target (kind 2) or route origin (kind 3) of a two- or four-octet AS."""
    if asn < 1 << 16:
        return kind << 48 | asn << 32 | value
    return (0x0200 | kind) << 48 | asn << 16 | value


def extended_fields(number):
    """The reverse of extended: (kind, asn, value), None for other types."""
    kind, body = number >> 48, number & (1 << 48) - 1
    if kind in (0x0002, 0x0003):
        return kind & 0xff, body >> 32, body & 0xffffffff
    if kind in (0x0202, 0x0203):
        return kind & 0xff, body >> 16, body & 0xffff
    return None


def differences(expected, shown, blind=frozenset()):
    """The names of the fields in which `shown` is not `expected`."""
    found = []
    for name, want, have in zip(FIELDS, expected, shown):
        if name in blind or want == have:
            continue
        if name == "med" and "med-zero" in blind and not want and not have:
            continue
        found.append(name)
    return found


def text(route):
    if route is None:
        return "no route"
    words = ["path [%s]" % path_text(route.path), ORIGINS[route.origin], "via " + route.next_hop]
    if route.med is not None:
        words.append("med %d" % route.med)
    if route.communities:
        words.append("communities " + " ".join(map(community_text, route.communities)))
    if route.large:
        words.append("large " + " ".join(map(large_text, route.large)))
    if route.extended:
        words.append("extended " + " ".join("%016x" % number for number in route.extended))
    if route.aggregator:
        words.append("aggregator %d %s" % route.aggregator)
    if route.is_atomic:
        words.append("atomic")
    return ", ".join(words)
