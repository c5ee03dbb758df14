"""FRR (zebra and bgpd): `network` statements with route maps, tables read with vtysh's JSON."""

import json
import shutil
import time
from collections import Counter

from lab.netns import LabError
from lab.peers.base import Member
from lab.route import ORIGINS, Route, address, community, community_text, extended
from lab.route import extended_fields, large_text

CONFIG = """\
frr defaults traditional
hostname frr
log file {log}
log timestamp precision 3
!
router bgp {asn}
 bgp router-id {router_id}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
"""
GRACEFUL = """\
 bgp graceful-restart
 bgp graceful-restart preserve-fw-state
 bgp graceful-restart restart-time %d
"""
SESSION = """\
 neighbor {server} remote-as {server_asn}
 neighbor {server} description rs{family}
 neighbor {server} update-source {mine}
 neighbor {server} timers {keepalive} {hold}
 neighbor {server} timers connect 3
 neighbor {server} shutdown
"""
FAMILY = """\
 address-family ipv{family} unicast
  neighbor {server} activate
  neighbor {server} soft-reconfiguration inbound
  neighbor {server} route-map own out
"""


MAPS_MAX = 20  # In each family.
# zebra tells bgpd about interfaces and next hops (without it bgpd refuses IPv6 next hops);
# -n: nothing goes into the kernel.
START = """\
cd {dir}
more="-z {dir}/zserv --vty_socket {dir} -P 0"
/usr/lib/frr/zebra -f {dir}/zebra.conf -i {dir}/zebra.pid $more &
exec /usr/lib/frr/bgpd -n -f {dir}/bgpd.conf -i {dir}/bgpd.pid $more
"""


class Frr(Member):
    name = "frr"
    package = "frr"

    def simplify(self, route):
        if any(isinstance(hop, frozenset) for hop in route.path):
            return None  # `set as-path prepend` cannot make sets.
        family = 6 if ":" in route.next_hop else 4
        return route._replace(aggregator=None, is_atomic=False, next_hop=self.address(family))

    def select(self, routes):
        """Each attribute set is a route map, and the time that bgpd 8.4 needs to read them grows
        with the cube of their number: 1 s for 50, 55 s for 200."""
        sets = Counter(routes.values())
        kept = {route for route, _ in sets.most_common(MAPS_MAX)}
        return {prefix: route for prefix, route in routes.items() if route in kept}

    def prepare(self):
        maps, networks = {}, {4: [], 6: []}
        for family in (4, 6):
            for prefix, route in self.routes[family].items():
                name = maps.setdefault(route, "m%d" % len(maps))
                networks[family].append("  network %s route-map %s\n" % (prefix, name))
        text = CONFIG.format(log=self.file("log"), asn=self.asn, router_id=self.router_id)
        if self.graceful:
            text += GRACEFUL % self.graceful
        if self.long_lived:
            text += " bgp long-lived-graceful-restart stale-time %d\n" % self.long_lived
        for family in (4, 6):
            text += SESSION.format(
                server=self.server.address(family), server_asn=self.server.asn, family=family,
                mine=self.address(family), hold=self.hold, keepalive=max(1, self.hold // 3))
            if self.passwords[family]:
                text += " neighbor %s password %s\n" % (self.server.address(family),
                                                        self.passwords[family])
            if family in self.dialled:
                text += " neighbor %s passive\n" % self.server.address(family)
        for family in (4, 6):
            text += FAMILY.format(family=family, server=self.server.address(family))
            text += "".join(networks[family]) + " exit-address-family\n"
        text += "!\n"
        # Own routes only: never back what the server sent.  (A long prefix list would do as
        # well, but not before bgpd has read it, which takes minutes.)
        text += "!\nroute-map own permit 10\n match tag 1\n!\n"
        for route, name in maps.items():
            text += "route-map %s permit 10\n" % name
            text += "".join(" set %s\n" % one for one in self._settings(route)) + "!\n"
        self.write("bgpd.conf", text)
        self.write("zebra.conf", "hostname frr\n")
        self.write("log", "")
        for name in (".", "bgpd.conf", "zebra.conf", "log"):
            shutil.chown(self.file(name), "frr", "frr")

    def _settings(self, route):
        yield "tag 1"  # Stays inside; says "own route".
        yield "origin %s" % ORIGINS[route.origin].lower()
        if len(route.path) > 1:
            yield "as-path prepend %s" % " ".join(map(str, route.path[1:]))
        if route.med is not None:
            yield "metric %d" % route.med
        if route.communities:
            yield "community %s" % " ".join(map(community_text, route.communities))
        if route.large:
            yield "large-community %s" % " ".join(map(large_text, route.large))
        for word, wanted in (("rt", 2), ("soo", 3)):
            targets = ["%d:%d" % fields[1:] for fields in map(extended_fields, route.extended)
                       if fields[0] == wanted]
            if targets:
                yield "extcommunity %s %s" % (word, " ".join(targets))

    def command(self):
        return ["sh", "-c", START.format(dir=self.dir)]

    def vtysh(self, command):
        return self.cli("vtysh", "--vty_socket", self.dir, "-d", "bgpd", "-c", command)

    def is_ready(self):
        return "FRRouting" in self.vtysh("show version")

    def feed(self):
        """Sessions start when bgpd knows the interfaces: an IPv6 route that comes before is
        treated as withdrawn ("no peer interface information"), for good."""
        deadline = time.monotonic() + 30
        while "bgp" not in self.cli("vtysh", "--vty_socket", self.dir, "-d", "zebra", "-c",
                                    "show zebra client summary"):
            if time.monotonic() > deadline:
                raise LabError("frr: bgpd does not connect to zebra")
            time.sleep(0.1)
        time.sleep(0.5)
        # bgpd reads route maps seconds after the configuration: an End-of-RIB that it sends before
        # would come before its own routes.
        while self.graceful and not all(
                set(self.routes[family]) <= set(json.loads(self.vtysh(
                    "show bgp ipv%d unicast json" % family)).get("routes", ()))
                for family in (4, 6)):
            if time.monotonic() > deadline:
                raise LabError("frr: its own routes do not appear")
            time.sleep(0.1)
        words = ["configure terminal", "router bgp %d" % self.asn]
        words += ["no neighbor %s shutdown" % self.server.address(family) for family in (4, 6)]
        self.cli("vtysh", "--vty_socket", self.dir, "-d", "bgpd",
                 *(word for one in words for word in ("-c", one)))

    def _summary(self, family):
        summary = json.loads(self.vtysh("show bgp ipv%d unicast summary json" % family))
        return summary.get("peers", {}).get(self.server.address(family), {})

    def is_up(self, family):
        return self._summary(family).get("state") == "Established"

    def count(self, family):
        return self._summary(family).get("pfxRcd", 0)

    def table(self, family):
        document = json.loads(self.vtysh("show bgp ipv%d unicast json detail" % family))
        return parse_table(document["routes"], self.server.address(family))

    def hint(self):
        return "vtysh --vty_socket %s -d bgpd" % self.dir

    def shutdown_seen(self, family):
        return self.vtysh("show bgp neighbors %s json" % self.server.address(family))


def parse_path(segments):
    path = []
    for one in segments:
        if one["type"] == "as-set":
            path.append(frozenset(one["list"]))
        else:
            path.extend(one["list"])
    return tuple(path)


def parse_extended(text):
    numbers = []
    for word in text.split():
        kind, asn, value = word.split(":")
        numbers.append(extended({"RT": 2, "SoO": 3}[kind], int(asn), int(value)))
    return tuple(sorted(numbers))


def parse_one(path):
    hops = [one for one in path["nexthops"] if one.get("scope") != "link-local"]
    fields = {"path": parse_path(path["aspath"]["segments"]),
              "origin": ORIGINS.index(path["origin"].upper()),
              "next_hop": address(hops[0]["ip"]), "med": path.get("metric"),
              "is_atomic": path.get("atomicAggregate", False)}
    if "community" in path:
        fields["communities"] = tuple(sorted(map(community, path["community"]["list"])))
    if "largeCommunity" in path:
        fields["large"] = tuple(sorted(tuple(map(int, one.split(":")))
                                       for one in path["largeCommunity"]["list"]))
    if "extendedCommunity" in path:
        fields["extended"] = parse_extended(path["extendedCommunity"]["string"])
    if "aggregatorAs" in path:
        fields["aggregator"] = (path["aggregatorAs"], path["aggregatorId"])
    return Route(**fields)


def parse_table(routes, server):
    """Each prefix has a heading, then its paths; only the server's are wanted."""
    table = {}
    for prefix, paths in routes.items():
        for path in paths[1:]:
            if path["peer"]["peerId"] == server:
                table[prefix] = parse_one(path)
    return table
