"""The judge: what bgpdump, which is not ours, says that the members hold at the end of a file.

`bgpdump -m` has one line for each prefix; the lines are applied in order for each peer and prefix,
and an established session that ends takes its routes along.  It shows an absent MED as 0 and tells
no families apart, so `bgpdump -H` is read beside it, message by message: for these two, and for how
many messages hold what a server must not take.
"""

import collections
import functools
import ipaddress
import itertools
import re
import subprocess

from lab.netns import LabError
from lab.route import Route, address, community, parse_path
from stream import Peer

PREFIX = re.compile(r"  [0-9a-fA-F.:]+/\d+$")  # In -H; what bgpdump does not know is indented, too.
ORIGINS = {"IGP": 0, "EGP": 1, "INCOMPLETE": 2}
# RFC 1997, RFC 3765; bgpdump has words for them.
WELL_KNOWN = {"no-export": 0xffffff01, "no-advertise": 0xffffff02, "local-AS": 0xffffff03,
              "no-peer": 0xffffff04, "nopeer": 0xffffff04}
# What an external session has no place for: RFC 7606 sections 7.5, 7.9, 7.10.
INTERNAL = {"LOCAL_PREF", "ORIGINATOR_ID", "CLUSTER_LIST"}
AS_SET = "AS_SET in its path: treated as withdrawn (RFC 9774 section 3)"
AS_0 = "AS 0 in its path: treated as withdrawn (RFC 7607 section 2)"
AS_LOOP = "the server's AS in its path: kept as filtered (RFC 4271 section 9.1.2)"


def lines_of(*argv):
    """The lines that bgpdump writes; LabError when it complains or fails."""
    with subprocess.Popen(["bgpdump", "-v", *argv], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for line in process.stdout:
            yield line.rstrip("\n")
        noise = [line for line in process.stderr.read().splitlines() if "[info]" not in line]
    if process.returncode != 0 or noise:
        raise LabError("bgpdump %s: exit %d: %s" % (" ".join(argv), process.returncode,
                                                    "; ".join(noise[:3])))


@functools.lru_cache(1 << 20)
def canonical(text):
    """bgpdump shows an address as it came; bits beyond the length mean nothing (RFC 4271 section 4.3)."""
    return str(ipaddress.ip_network(text, strict=False))


def blocks(lines):
    """The paragraphs of -H."""
    block = []
    for line in lines:
        if line:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def is_all_foreign(block):
    """Has it nothing but IPv4 multicast?"""
    return (not any("Unicast" in line for line in block)
            and block.count("ANNOUNCE") == ("MP_REACH_NLRI(IPv4 Multicast)" in block)
            and block.count("WITHDRAW") == ("MP_UNREACH_NLRI(IPv4 Multicast)" in block))


def communities_of(text):
    return tuple(sorted(WELL_KNOWN.get(word) or community(word) for word in text.split()))


def aggregator_of(text):
    if not text:
        return None
    asn, where = text.split()
    return int(asn), where


def route_of(fields):
    """A Route of the fields behind the prefix, as -m -l shows them."""
    path, origin, next_hop, _, med, communities, large, atomic, aggregator = fields[:9]
    return Route(path=parse_path(path), origin=ORIGINS[origin], next_hop=address(next_hop),
                 med=int(med), communities=communities_of(communities),
                 large=tuple(sorted(tuple(map(int, one.split(":"))) for one in large.split())),
                 aggregator=aggregator_of(aggregator), is_atomic=atomic == "AG")


class Judgement:
    """Of one file."""

    def __init__(self, path):
        self.tables = collections.defaultdict(dict)  # {Peer: {prefix: Route}}
        self.announced = self.withdrawn = self.foreign = 0
        self.counters = collections.defaultdict(collections.Counter)  # {Peer: {name: messages}}
        self._decoded = {}
        lines = lines_of("-m", "-l", path)
        for block in blocks(lines_of("-H", path)):
            self._message(block, lines)
        if next(lines, None) is not None:
            raise LabError("bgpdump -m says more than bgpdump -H")

    def _message(self, block, lines):
        """One block of -H (`NAME: value`, ANNOUNCE and WITHDRAW with indented prefixes), and the
        lines of -m that say the same."""
        values = dict(line.partition(": ")[::2] for line in block if not line.startswith("  "))
        if values["TYPE"].endswith("/STATE_CHANGE"):
            self._state(next(lines).split("|"))
        if not values["TYPE"].endswith("/Update"):
            return
        where, _, asn = values["FROM"].partition(" AS")
        peer = Peer(address(where), int(asn))
        count = sum(PREFIX.match(line) is not None for line in block)
        # Families that were not agreed on are ignored (RFC 4760 section 8); -m does not tell them.
        is_foreign = any("Multicast" in name for name in values)
        if is_foreign and not is_all_foreign(block):
            raise LabError("a message of two families: %s" % block)
        self._count(self.counters[peer], values, "ANNOUNCE" in values and not is_foreign)
        for fields in (line.split("|") for line in itertools.islice(lines, count)):
            if Peer(address(fields[3]), int(fields[4])) != peer:
                raise LabError("-H and -m of bgpdump differ: %s, %s" % (block, fields))
            if is_foreign:
                self.foreign += 1
            else:
                self._apply(peer, fields, "MULTI_EXIT_DISC" in values)

    def _state(self, fields):
        if fields[2] != "STATE":
            raise LabError("-H and -m of bgpdump differ: %s" % fields)
        if fields[5] == "6" and fields[6] != "6":
            self.tables[Peer(address(fields[3]), int(fields[4]))].clear()

    def _apply(self, peer, fields, has_med):
        prefix = canonical(fields[5])
        if fields[2] == "A":
            self.announced += 1
            key = has_med, "|".join(fields[6:15])
            route = self._decoded.get(key)
            if route is None:
                route = route_of(fields[6:15])
                route = self._decoded[key] = route if has_med else route._replace(med=None)
            self.tables[peer][prefix] = route
        elif fields[2] == "W":
            self.withdrawn += 1
            self.tables[peer].pop(prefix, None)
        else:
            raise LabError("bgpdump says: %s" % fields)

    @staticmethod
    def _count(counter, values, has_routes):
        """Which verdict a message deserves: the strongest of its faults'."""
        counter["updates"] += 1
        path = parse_path(values.get("ASPATH", ""))
        if has_routes and (has_set(path) or 0 in path):
            counter["treat_as_withdraw"] += 1
        elif INTERNAL & values.keys() or values.get("AGGREGATOR", "").startswith("AS0 "):
            counter["attr_discard"] += 1


def has_set(path):
    return any(isinstance(hop, frozenset) for hop in path)


def refusal(route, server_asn):
    """Why the server may not use a route, None when it must."""
    if has_set(route.path):
        return AS_SET
    if 0 in route.path:
        return AS_0
    if server_asn in route.path:
        return AS_LOOP
    return None


def split(table, server_asn):
    """(what is held, what is filtered, {reason: [prefix] of what is not there at all})."""
    held, filtered, absent = {}, {}, {}
    for text, route in table.items():
        why = refusal(route, server_asn)
        if route.aggregator and route.aggregator[0] == 0:
            route = route._replace(aggregator=None)  # Discarded, RFC 7607 section 2.
        if why is None:
            held[text] = route
        elif why == AS_LOOP:
            filtered[text] = route
        else:
            absent.setdefault(why, []).append(text)
    return held, filtered, absent


def shown_route(row):
    """A row of `causeway --json routes` as a Route, without what bgpdump -m does not print."""
    words = row.get("aggregator", "").split()
    return Route(
        path=parse_path(row["as_path"]), origin=ORIGINS[row["origin"].upper()],
        next_hop=row["next_hop"], med=row.get("med"),
        communities=tuple(sorted(map(community, row.get("communities", ())))),
        large=tuple(sorted(tuple(map(int, one.split(":")))
                           for one in row.get("large_communities", ()))),
        aggregator=(int(words[0]), words[1]) if words else None,
        is_atomic=row.get("atomic_aggregate", False))

