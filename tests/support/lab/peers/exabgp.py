"""ExaBGP: announcements over its process API; it has no table, so the events that it reports
about what it receives are kept in a file and replayed."""

import json
import os
import re

from lab.peers.base import Member
from lab.route import ORIGINS, Route, address, community_text, large_text

CONFIG = """\
process feed {{
	run /usr/bin/python3 {helper} {routes} {log};
	encoder json;
}}
"""
SESSION = """\
neighbor {server} {{
	router-id {router_id};
	local-address {mine};
	local-as {asn};
	peer-as {server_asn};
	hold-time {hold};
	family {{ ipv{family} unicast; }}{more}
	api {{
		processes [ feed ];
		neighbor-changes;
		receive {{ parsed; update; refresh; }}
	}}
}}
"""
ENVIRONMENT = {
    "exabgp.daemon.user": "root", "exabgp.daemon.drop": "false", "exabgp.api.ack": "false",
    "exabgp.api.cli": "false", "exabgp.log.destination": "stderr", "exabgp.log.level": "WARNING",
    "exabgp.cache.nexthops": "true", "exabgp.cache.attributes": "true",
    "exabgp.tcp.delay": "0",
}
REFRESH = '"type": "refresh"'  # 4.2.21 writes these events in what is not quite JSON.
SUBTYPES = ("query", "begin", "end")


class Exabgp(Member):
    name = "exabgp"
    package = "exabgp"
    # 4.2.21 trips over every shutdown message of RFC 9003 ("%b requires a bytes-like object")
    # and shows only that a NOTIFICATION (type 3) came.
    shutdown_words = 'message of type "3"|administrative shutdown'

    def __init__(self, *args):
        super().__init__(*args)
        self._forget()

    def _forget(self):
        self._tables = {4: {}, 6: {}}
        self._up = {4: False, 6: False}
        self._notifications = {4: "", 6: ""}
        self._offset = 0
        self._rest = b""

    def prepare(self):
        helper = os.path.join(os.path.dirname(os.path.abspath(__file__)), "exabgp_feed.py")
        text = CONFIG.format(helper=helper, routes=self.file("routes"), log=self.file("events"))
        for family in (4, 6):
            text += SESSION.format(
                server=self.server.address(family), router_id=self.router_id,
                mine=self.address(family), asn=self.asn, server_asn=self.server.asn,
                hold=self.hold, family=family, more="".join(self._more()))
        self.write("exabgp.conf", text)
        self.write("events", "")
        self._forget()
        with open(self.file("routes"), "w") as file:
            for family in (4, 6):
                for route, prefixes in group(self.routes[family]).items():
                    file.write("neighbor %s announce attributes %s nlri %s\n" % (
                        self.server.address(family), " ".join(settings(route)),
                        " ".join(prefixes)))

    def _more(self):
        if self.has_enhanced_refresh:
            yield "\n\tcapability { route-refresh enable; }\n\tadj-rib-out true;"

    def tell(self, line):
        """One command of its API; the helper process hands it over."""
        with open(self.file("routes"), "a") as file:
            file.write(line + "\n")

    def refreshes(self, family):
        """The subtypes of the ROUTE-REFRESH messages that it got, in order."""
        peer = '"peer": "%s"' % self.server.address(family)
        with open(self.file("events")) as file:
            return [SUBTYPES.index(name) for line in file if REFRESH in line and peer in line
                    for name in re.findall(r'"subtype": "*(\w+)', line)]

    def drops(self, family):
        """How often it has ended its session."""
        peer = '"peer": "%s"' % self.server.address(family)
        with open(self.file("events")) as file:
            return sum(peer in line and '"state": "down"' in line for line in file)

    def environment(self):
        return ENVIRONMENT

    def command(self):
        return ["exabgp", self.file("exabgp.conf")]

    def is_ready(self):
        return os.path.exists(self.file("events"))

    def _replay(self):
        """Apply the events since the last call."""
        with open(self.file("events"), "rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if line and REFRESH.encode() not in line:
                self._apply(json.loads(line))

    def _apply(self, event):
        neighbor = event.get("neighbor", {})
        family = 6 if ":" in neighbor.get("address", {}).get("peer", "") else 4
        if event["type"] == "state":
            if self._up[family]:
                self._notifications[family] = neighbor.get("reason", "")
            self._up[family] = neighbor["state"] == "up"
            if not self._up[family]:
                self._tables[family].clear()
        elif event["type"] == "update" and "update" in neighbor["message"]:
            update = neighbor["message"]["update"]
            for prefixes in update.get("withdraw", {}).values():
                for one in prefixes:
                    self._tables[family].pop(one["nlri"], None)
            for hops in update.get("announce", {}).values():
                for next_hop, prefixes in hops.items():
                    if next_hop.startswith("fe80:") and len(hops) > 1:
                        continue  # The second half of a 32-byte next hop.
                    route = parse_route(update.get("attribute", {}), next_hop)
                    self._tables[family].update((one["nlri"], route) for one in prefixes)

    def is_up(self, family):
        self._replay()
        return self._up[family]

    def count(self, family):
        self._replay()
        return len(self._tables[family])

    def table(self, family):
        self._replay()
        return dict(self._tables[family])

    def hint(self):
        return "tail -f %s" % self.file("events")

    def shutdown_seen(self, family):
        self._replay()
        return self._notifications[family]


def parse_route(attribute, next_hop):
    """AS_SETs are shown apart from the path; the dumps' are all at its end."""
    path = tuple(attribute.get("as-path", ()))
    if attribute.get("as-set"):
        path += (frozenset(attribute["as-set"]),)
    aggregator = None
    if "aggregator" in attribute:
        asn, _, where = attribute["aggregator"].partition(":")
        aggregator = (int(asn), where)
    return Route(
        path=path, origin=ORIGINS.index(attribute["origin"].upper()),
        next_hop=address(next_hop), med=attribute.get("med"),
        communities=tuple(sorted(high << 16 | low for high, low in
                                 attribute.get("community", ()))),
        large=tuple(sorted(map(tuple, attribute.get("large-community", ())))),
        extended=tuple(sorted(one["value"] for one in attribute.get("extended-community", ()))),
        aggregator=aggregator, is_atomic=bool(attribute.get("atomic-aggregate")))


def group(routes):
    """{Route: [prefixes]}: one command for each attribute set."""
    result = {}
    for prefix, route in routes.items():
        result.setdefault(route, []).append(prefix)
    return result


def settings(route):
    yield "next-hop %s" % route.next_hop
    yield "origin %s" % ORIGINS[route.origin].lower()
    hops = " ".join("( %s )" % " ".join(map(str, sorted(hop))) if isinstance(hop, frozenset)
                    else str(hop) for hop in route.path)
    yield "as-path [ %s ]" % hops
    if route.med is not None:
        yield "med %d" % route.med
    if route.is_atomic:
        yield "atomic-aggregate"
    if route.aggregator:
        yield "aggregator ( %d:%s )" % route.aggregator
    if route.communities:
        yield "community [ %s ]" % " ".join(map(community_text, route.communities))
    if route.large:
        yield "large-community [ %s ]" % " ".join(map(large_text, route.large))
    if route.extended:
        yield "extended-community [ %s ]" % " ".join("0x%016x" % one for one in route.extended)
