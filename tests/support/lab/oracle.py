"""Who should get what: the whole decision in one obvious function.

A route server has no IGP and sets no LOCAL_PREF, so of RFC 4271 section 9.1.2.2 there remain
AS_PATH length, ORIGIN, MED among routes of the same neighbouring AS, BGP identifier and peer
address.  A member is served from the others' routes as if its own did not exist (RFC 7947
section 2.3: no path hiding).
"""

import ipaddress

from lab.route import path_length


def neighbour(path):
    """The neighbouring AS for MED; an AS_SET in front has none (RFC 4271 section 9.1.2.2)."""
    return path[0] if path and isinstance(path[0], int) else None


def best(candidates):
    """The best of [(Route, router id, peer address)]; None of none.

    MED is compared deterministically: first the lowest within each neighbouring AS, then the
    rest of the rules between what is left."""
    if not candidates:
        return None
    shortest = min(path_length(one[0].path) for one in candidates)
    left = [one for one in candidates if path_length(one[0].path) == shortest]
    origin = min(one[0].origin for one in left)
    left = [one for one in left if one[0].origin == origin]
    lowest = {}
    for route, _, _ in left:
        key, med = neighbour(route.path), route.med or 0
        lowest[key] = min(lowest.get(key, med), med)
    left = [one for one in left if (one[0].med or 0) == lowest[neighbour(one[0].path)]]
    return min(left, key=lambda one: (int(ipaddress.IPv4Address(one[1])),
                                      int(ipaddress.ip_address(one[2]))))


def received(route):
    """`route` as a receiver understands it; None when it must be treated as withdrawn: a path with
    an AS_SET (RFC 9774 section 3).  An AGGREGATOR with AS 0 is discarded (RFC 7607 section 2), an
    extended community that is not transitive does not leave its AS (RFC 4360 section 6).  Real
    tables hold some of each."""
    if any(isinstance(hop, frozenset) for hop in route.path):
        return None
    if route.aggregator and route.aggregator[0] == 0:
        route = route._replace(aggregator=None)
    if any(one >> 62 & 1 for one in route.extended):
        route = route._replace(extended=tuple(one for one in route.extended if not one >> 62 & 1))
    return route


def views(members, family):
    """{member name: {prefix: Route}} for one family (4 or 6) from what members announce.

    `members` have name, router_id, address(family) and announces(family) -> {prefix: Route}."""
    table = {}
    for member in members:
        rank = (member.router_id, member.address(family))
        for prefix, route in member.announces(family).items():
            understood = received(route)
            if understood is not None:
                table.setdefault(prefix, []).append((understood, *rank, member.name))
    result = {member.name: {} for member in members}
    for prefix, candidates in table.items():
        first = best([one[:3] for one in candidates])
        for name in result:
            others = [one[:3] for one in candidates if one[3] != name]
            # Almost always the member is not the best one's announcer.
            chosen = first if first in others else best(others)
            if chosen is not None:
                result[name][prefix] = chosen[0]
    return result
