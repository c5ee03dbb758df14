"""BIRD 2: static routes that carry their attributes, tables read with birdc."""

import os
import re

from lab.netns import LabError
from lab.peers.base import Member
from lab.route import ORIGINS, Route, address, extended, extended_fields, parse_path

CONFIG = """\
log "{log}" all;
router id {router_id};
attribute int third_party;
protocol device {{ }}
filter to_server {{
	if source != RTS_STATIC then reject;
	# BIRD sends MED and a foreign next hop only if the export filter sets them.
	if defined(bgp_med) then bgp_med = bgp_med;
	if defined(third_party) then {{
		if net.type = NET_IP4 then bgp_next_hop = {third4};
		else bgp_next_hop = {third6};
	}}
	accept;
}}
"""
SESSION = """\
protocol bgp rs{family} {{
	local {mine} as {asn};
	neighbor {server} as {server_asn};
	hold time {hold};{more}
	connect delay time 1;
	connect retry time 3;
	error wait time 2, 5;
	ipv{family} {{ import all; export filter to_server; }};
}}
protocol static own{family} {{
	ipv{family};
"""
KINDS = {"rt": 2, "ro": 3}


class Bird(Member):
    name = "bird"
    package = "bird2"

    def simplify(self, route):
        if any(isinstance(hop, frozenset) for hop in route.path):
            return None  # Its filters can prepend, not make sets.
        return route._replace(aggregator=None, is_atomic=False)

    def prepare(self):
        from lab.feeds import THIRD_PARTY
        with open(self.file("bird.conf"), "w") as file:
            file.write(CONFIG.format(log=self.file("log"), router_id=self.router_id,
                                     third4=THIRD_PARTY[4], third6=THIRD_PARTY[6]))
            for family in (4, 6):
                file.write(SESSION.format(
                    family=family, mine=self.address(family), asn=self.asn, hold=self.hold,
                    server=self.server.address(family), server_asn=self.server.asn,
                    more="".join(self._more(family))))
                for prefix, route in self.routes[family].items():
                    file.write("\troute %s blackhole { %s };\n"
                               % (prefix, " ".join(self._settings(family, route))))
                file.write("}\n")

    def _more(self, family):
        if self.graceful:
            yield "\n\tgraceful restart on;\n\tgraceful restart time %d;" % self.graceful
        if self.long_lived:
            yield ("\n\tlong lived graceful restart on;\n\tlong lived stale time %d;"
                   % self.long_lived)
        if self.passwords[family]:
            yield '\n\tpassword "%s";' % self.passwords[family]
        if family in self.dialled:
            yield "\n\tpassive yes;"

    def _settings(self, family, route):
        yield "bgp_origin = ORIGIN_%s;" % ORIGINS[route.origin]
        for hop in reversed(route.path[1:]):
            yield "bgp_path.prepend(%d);" % hop
        if route.med is not None:
            yield "bgp_med = %d;" % route.med
        if route.next_hop != self.address(family):
            yield "third_party = 1;"
        for one in route.communities:
            yield "bgp_community.add((%d,%d));" % (one >> 16, one & 0xffff)
        for one in route.large:
            yield "bgp_large_community.add((%d,%d,%d));" % one
        for one in route.extended:
            fields = extended_fields(one)
            if fields:
                kind, asn, value = fields
                yield "bgp_ext_community.add((%s,%d,%d));" % ("rt" if kind == 2 else "ro",
                                                              asn, value)
            else:
                yield "bgp_ext_community.add((generic,0x%x,0x%x));" % (one >> 32,
                                                                       one & 0xffffffff)

    def command(self):
        return ["bird", "-f", "-c", self.file("bird.conf"), "-s", self.file("ctl"),
                "-P", self.file("pid")] + self._recovery()

    def _recovery(self):
        """-R: what it had before is to be found in place again (the F bit)."""
        return ["-R"] if self.graceful and os.path.exists(self.file("log")) else []

    def birdc(self, *words):
        return self.cli("birdc", "-s", self.file("ctl"), *words)

    def is_ready(self):
        return "is up and running" in self.birdc("show", "status")

    def is_up(self, family):
        return "Established" in self.birdc("show", "protocols", "rs%d" % family)

    def count(self, family):
        text = self.birdc("show", "protocols", "all", "rs%d" % family)
        found = re.search(r"Routes:\s+(\d+) imported", text)
        return int(found.group(1)) if found else 0

    def table(self, family):
        return parse_routes(self.birdc("show", "route", "all", "protocol", "rs%d" % family))

    def hint(self):
        return "birdc -s %s show route" % self.file("ctl")

    def shutdown_seen(self, family):
        found = re.findall(r"rs%d: Received: (.*)" % family, self.log_text("log"))
        return found[-1] if found else ""


def parse_extended(text):
    numbers = []
    for kind, high, low in re.findall(r"\((\w+), ?(\w+), ?(\w+)\)", text):
        if kind == "generic":
            numbers.append(int(high, 0) << 32 | int(low, 0))
        elif kind in KINDS:
            numbers.append(extended(KINDS[kind], int(high), int(low)))
        else:
            raise LabError("birdc shows an extended community (%s, %s, %s)" % (kind, high, low))
    return tuple(sorted(numbers))


def parse_attribute(key, value):
    """(field of Route, value) of one BGP.* line; None for what Route does not hold."""
    if key == "origin":
        return "origin", ORIGINS.index(value.replace("Incomplete", "INCOMPLETE"))
    if key == "as_path":
        return "path", parse_path(value)
    if key == "next_hop":
        return "next_hop", address(value.split()[0])
    if key == "med":
        return "med", int(value)
    if key == "community":
        return "communities", tuple(sorted(int(high) << 16 | int(low) for high, low in
                                           re.findall(r"\((\d+),(\d+)\)", value)))
    if key == "large_community":
        return "large", tuple(sorted(tuple(map(int, one)) for one in
                                     re.findall(r"\((\d+), ?(\d+), ?(\d+)\)", value)))
    if key == "ext_community":
        return "extended", parse_extended(value)
    if key == "aggregator":
        where, asn = value.split()
        return "aggregator", (int(asn[2:]), where)
    if key == "atomic_aggr":
        return "is_atomic", True
    return None


def parse_routes(text):
    """`show route all`: a line with the prefix, then indented lines."""
    table, prefix, fields = {}, None, {}
    for line in text.splitlines():
        if line.startswith("\tBGP."):
            key, _, value = line[5:].partition(":")
            pair = parse_attribute(key, value.strip())
            if pair:
                fields[pair[0]] = pair[1]
        elif line[:1] not in ("\t", " ", "") and "/" in line.split(None, 1)[0]:
            if prefix:
                table[prefix] = Route(**fields)
            prefix, fields = line.split(None, 1)[0], {}
    if prefix:
        table[prefix] = Route(**fields)
    return table
