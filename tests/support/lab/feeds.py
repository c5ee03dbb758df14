"""Who announces what: real paths of the dumps in tests/data, dealt out to the members.

Each member plays one feed of a dump.  Paths keep their attributes; the AS_PATH either gets the
member's AS in front (one hop longer) or has its first AS replaced by it (as if the member were
that network), so that the members' paths compete at equal and at different lengths.  What is
dealt to whom depends on a hash of prefix and member alone: every run announces the same.

The dumps are of 2014 and 2015 and know neither large communities nor route targets, so a part of
the routes gets one added.  A part has a next hop that is a third party on the exchange LAN.
"""

import os
import zlib

from lab import mrt
from lab.route import extended

DATA = os.path.join(os.path.dirname(__file__), "../../data")
JINX = "routeviews.route-views.jinx.ribs.1401487200.bz2"
FEEDS4 = "routeviews.rib.20140523.0600.reduced.bz2"
FEEDS6 = "routeviews.rib6.20151101.0600.reduced.bz2"
JINX_FEED = 30844  # The one full table of that dump.
THIRD_PARTY = {4: "198.18.1.200", 6: "2001:db8:0:1::1:c8"}

# Reserved, private and documentation numbers, which no public path should hold.
RESERVED = ((0, 0), (23456, 23456), (64496, 131071), (4200000000, 4294967295))
# For how many of 100 prefixes of the universe each member has a route from which feed.
DEAL4 = {"exabgp": ((JINX_FEED, 76),), "gobgp": ((JINX_FEED, 56),),
         "bird": ((3257, 100), (JINX_FEED, 14)), "frr": ((13030, 100),), "openbgpd": ((2914, 4),)}
DEAL6 = {"exabgp": ((13030, 60),), "gobgp": ((2914, 60),), "bird": ((3257, 60),),
         "frr": ((13030, 100),), "openbgpd": ((2914, 6),)}
UNIVERSE4 = 80000


def mix(text, salt):
    return zlib.crc32(("%s %s" % (salt, text)).encode())


def is_public(route):
    """No reserved AS number, no well-known community (those mean something to a router), and an
    AS_SET at the end only (ExaBGP does not show where it stands)."""
    if any(isinstance(hop, frozenset) for hop in route.path[:-1]):
        return False
    for hop in route.path:
        for number in hop if isinstance(hop, frozenset) else (hop,):
            if any(low <= number <= high for low, high in RESERVED):
                return False
    return len(route.path) > 0 and all(one and one >> 16 != 0xffff for one in route.communities)


def is_usual(prefix):
    """Lengths that an exchange accepts, global unicast only, nothing of the lab's own."""
    number, bits = prefix
    if len(number) == 4:
        return (8 <= bits <= 24 and 0 < number[0] < 224 and number[0] not in (10, 127)
                and not (number[0] == 198 and number[1] in (18, 19)))
    return 16 <= bits <= 48 and number[0] >> 5 == 1 and number[:4] != b"\x20\x01\x0d\xb8"


def read_feeds(name, asns):
    """{feed AS: {prefix text: Route}} of one dump."""
    feeds = {asn: {} for asn in asns}
    for peer, prefix, route in mrt.read(os.path.join(DATA, name),
                                        lambda peer, prefix: peer.asn in feeds
                                        and is_usual(prefix)):
        if is_public(route):
            feeds[peer.asn][mrt.prefix_text(prefix)] = route
    return feeds


def dress(member, family, prefix, route, can_path=True):
    """`route` of a feed as `member` announces it."""
    dice = mix(prefix, member.name)
    if not can_path:
        path = (member.asn,) * (1 + dice % 3)
    elif dice >> 4 & 1:
        path = (member.asn, *route.path[1:])
    else:
        path = (member.asn, *route.path)
    changes = {"path": path, "next_hop": member.address(family)}
    if dice >> 8 & 7 == 0:
        changes["next_hop"] = THIRD_PARTY[family]
    if dice >> 12 & 3 == 0:
        changes["large"] = ((member.asn, 1, dice >> 16 & 7), (member.asn, 4200000000, 2))
    if dice >> 20 & 7 == 0:
        changes["extended"] = tuple(sorted((extended(2, member.asn, 100 + (dice >> 24 & 3)),
                                            extended(3, member.asn, 7))))
    return member.simplify(route._replace(**changes))


def deal(members, scale=1.0):
    """Give every member its routes: fills member.routes[4] and [6]."""
    feeds4 = read_feeds(JINX, [JINX_FEED])
    feeds4.update(read_feeds(FEEDS4, [3257, 13030, 2914]))
    feeds6 = read_feeds(FEEDS6, [3257, 13030, 2914])
    certain = {prefix for asn in (3257, 13030, 2914) for prefix in feeds4[asn]}
    rest = sorted((prefix for prefix in feeds4[JINX_FEED] if prefix not in certain),
                  key=lambda prefix: mix(prefix, "universe"))
    universe4 = sorted(certain) + rest[:UNIVERSE4 - len(certain)]
    universe6 = sorted({prefix for feed in feeds6.values() for prefix in feed})
    for member in members:
        for family, shares, feeds, universe in ((4, DEAL4, feeds4, universe4),
                                                (6, DEAL6, feeds6, universe6)):
            routes = member.routes[family]
            for asn, percent in shares.get(member.name, ()):
                feed = feeds[asn]
                for prefix in universe:
                    if (prefix in feed and prefix not in routes
                            and mix(prefix, "deal " + member.name) % 10000
                            < percent * 100 * scale):
                        route = dress(member, family, prefix, feed[prefix], member.can_path)
                        if route is not None:
                            routes[prefix] = route
            member.routes[family] = member.select(routes)
