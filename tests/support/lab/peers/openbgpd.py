"""OpenBGPD: `network` statements with attributes, tables read with bgpctl -j."""

import json
import os
import re

from lab.peers.base import Member
from lab.route import ORIGINS, Route, address, community, community_text, extended
from lab.route import extended_fields, large_text, parse_path

CONFIG = """\
AS {asn}
router-id {router_id}
fib-update no
socket "{socket}"
rde med compare strict
"""
SESSION = """\
neighbor {server} {{
	descr rs{family}
	remote-as {server_asn}
	local-address {mine}
	enforce neighbor-as no
	holdtime {hold}
	announce IPv{family} unicast
	announce IPv{other} none{more}
}}
"""
# bgpd's children change their root to its user's home, which systemd would make under /run.
# The mount is seen by bgpd alone: `ip netns exec` gives it a mount namespace.
START = ("mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/openbgpd &&"
         " exec /usr/sbin/bgpd -d -v -f %s")


class Openbgpd(Member):
    name = "openbgpd"
    package = "openbgpd"
    can_path = False
    shutdown_words = "cease, administratively down"
    blind = frozenset(["med-zero"])  # An absent MED shows as 0.

    def simplify(self, route):
        family = 6 if ":" in route.next_hop else 4
        return route._replace(aggregator=None, is_atomic=False, next_hop=self.address(family))

    def prepare(self):
        text = CONFIG.format(asn=self.asn, router_id=self.router_id, socket=self.file("ctl"))
        for family in (4, 6):
            for prefix, route in self.routes[family].items():
                text += "network %s set { %s }\n" % (prefix, " ".join(self._settings(route)))
        for family in (4, 6):
            text += SESSION.format(
                server=self.server.address(family), family=family, other=10 - family,
                server_asn=self.server.asn, mine=self.address(family), hold=self.hold,
                more="".join(self._more(family)))
        text += "prefix-set own { %s }\n" % " ".join(
            prefix for family in (4, 6) for prefix in self.routes[family])
        # Own routes only: never back what the server sent.
        text += "allow from ebgp\nallow to ebgp prefix-set own\n"
        # bgpd wants its configuration to be root's and not writable by others.
        os.chmod(self.write("bgpd.conf", text), 0o600)

    def _more(self, family):
        if self.passwords[family]:
            yield '\n\ttcp md5sig password "%s"' % self.passwords[family]
        if family in self.dialled:
            yield "\n\tpassive"
        if self.has_enhanced_refresh:
            yield "\n\tannounce enhanced refresh yes"

    def _settings(self, route):
        # Its own routes must stay best, or it would withdraw them: LOCAL_PREF does that.
        yield "localpref 200"
        yield "origin %s" % ORIGINS[route.origin].lower()
        if len(route.path) > 1:
            yield "prepend-self %d" % (len(route.path) - 1)
        if route.med is not None:
            yield "med %d" % route.med
        for one in route.communities:
            yield "community %s" % community_text(one)
        for one in route.large:
            yield "large-community %s" % large_text(one)
        for one in route.extended:
            kind, asn, value = extended_fields(one)
            yield "ext-community %s %d:%d" % ("rt" if kind == 2 else "soo", asn, value)

    def command(self):
        return ["sh", "-c", START % self.file("bgpd.conf")]

    def bgpctl(self, *words):
        return self.cli("bgpctl", "-s", self.file("ctl"), "-j", *words)

    def is_ready(self):
        return "neighbors" in json.loads(self.bgpctl("show", "neighbor"))

    def _neighbor(self, family):
        return json.loads(self.bgpctl("show", "neighbor",
                                      self.server.address(family)))["neighbors"][0]

    def stats(self, family):
        return self._neighbor(family)["stats"]

    def is_up(self, family):
        return self._neighbor(family)["state"] == "Established"

    def count(self, family):
        return self._neighbor(family)["stats"]["prefixes"]["received"]

    def table(self, family):
        return parse_rib(json.loads(self.bgpctl(
            "show", "rib", "detail", "neighbor", self.server.address(family))))

    def hint(self):
        return "bgpctl -s %s show" % self.file("ctl")

    def shutdown_seen(self, family):
        found = re.findall(r"neighbor %s .*?: received notification: (.*)"
                           % re.escape(self.server.address(family)), self.log_text())
        return found[-1] if found else ""


def parse_extended(words):
    numbers = []
    for word in words:
        kind, value = word.split()
        numbers.append(extended({"rt": 2, "soo": 3}[kind], *map(int, value.split(":"))))
    return tuple(sorted(numbers))


def parse_one(entry):
    fields = {"path": parse_path(entry["aspath"]), "next_hop": address(entry["exit_nexthop"]),
              "origin": ORIGINS.index(entry["origin"].upper()), "med": entry["metric"],
              "communities": tuple(sorted(map(community, entry.get("communities", ())))),
              "large": tuple(sorted(tuple(map(int, one.split(":")))
                                    for one in entry.get("large_communities", ()))),
              "extended": parse_extended(entry.get("extended_communities", ()))}
    for one in entry.get("attributes", ()):
        if one["type"] == "Aggregator":
            fields["aggregator"] = (one["AS"], one["router_id"])
        elif one["type"] == "Atomic Aggregate":
            fields["is_atomic"] = True
    return Route(**fields)


def parse_rib(document):
    return {entry["prefix"]: parse_one(entry) for entry in document.get("rib", ())
            if entry["valid"]}
