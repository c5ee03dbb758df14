"""GoBGP: routes injected from an MRT dump of their own, tables read with gobgp -j."""

import itertools
import json
import time

from lab import mrt
from lab.netns import LabError
from lab.peers.base import Member
from lab.route import Route, address, extended

CONFIG = """\
[global.config]
  as = {asn}
  router-id = "{router_id}"
"""
SESSION = """\
[[neighbors]]
  [neighbors.config]
    peer-as = {server_asn}
    neighbor-address = "{server}"{password}
  [neighbors.timers.config]
    connect-retry = 5
    hold-time = {hold}
    keepalive-interval = {keepalive}
  [neighbors.transport.config]
    local-address = "{mine}"{passive}
{graceful}  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv{family}-unicast"
{graceful_family}"""
GRACEFUL = """\
  [neighbors.graceful-restart.config]
    enabled = true
    restart-time = %d
    long-lived-enabled = %s
"""
GRACEFUL_FAMILY = """\
    [neighbors.afi-safis.mp-graceful-restart.config]
      enabled = true
"""
LONG_LIVED_FAMILY = """\
    [neighbors.afi-safis.long-lived-graceful-restart.config]
      enabled = true
      restart-time = %d
"""


# LOCAL_PREF 200, which stays inside: its own routes must stay best, or it would withdraw them.
PREFER = bytes((0x40, mrt.LOCAL_PREF, 4, 0, 0, 0, 200))


PADDING = 1000  # Records sent twice at the end of an injection.


class Gobgp(Member):
    name = "gobgp"
    package = "gobgpd"

    def prepare(self):
        text = CONFIG.format(asn=self.asn, router_id=self.router_id)
        for family in (4, 6):
            text += SESSION.format(
                server_asn=self.server.asn, server=self.server.address(family), hold=self.hold,
                keepalive=max(1, self.hold // 3), mine=self.address(family), family=family,
                password='\n    auth-password = "%s"' % self.passwords[family]
                if self.passwords[family] else "",
                passive="\n    passive-mode = true" if family in self.dialled else "",
                **self._graceful())
        self.write("gobgpd.toml", text)

    def _graceful(self):
        """The settings of a session and of its family."""
        if not self.graceful:
            return {"graceful": "", "graceful_family": ""}
        return {"graceful": GRACEFUL % (self.graceful, "true" if self.long_lived else "false"),
                "graceful_family": GRACEFUL_FAMILY + (
                    LONG_LIVED_FAMILY % self.long_lived if self.long_lived else "")}

    def _inject(self, family, prefixes):
        """GoBGP puts its own AS in front when it announces."""
        rows = [(mrt.prefix_bytes(prefix), [(0, route._replace(path=route.path[1:]))])
                for prefix, route in self.routes[family].items() if prefix in prefixes]
        rows += [row for _, row in zip(range(PADDING), itertools.cycle(rows))]
        peer = mrt.Peer(self.router_id, self.address(family), self.asn)
        file = self.file("routes%d.mrt" % family)
        with open(file, "wb") as stream:
            mrt.write(stream, [peer], rows, extra=PREFER, is_mp_reach_whole=True)
        self.gobgp("mrt", "inject", "global", file)

    def _absent(self, family):
        """The prefixes that should be its own and are not in its table."""
        table = json.loads(self.gobgp("-j", "global", "rib", "-a", "ipv%d" % family) or "{}")
        server = self.server.address(family)
        own = {prefix for prefix, paths in table.items()
               if any(path.get("neighbor-ip") != server for path in paths)}
        return self.routes[family].keys() - own

    def command(self):
        return ["gobgpd", "-f", self.file("gobgpd.toml"), "-l", "info",
                "--pprof-disable"] + (["-r"] if self.graceful and self.log_text() else [])

    def gobgp(self, *words, **more):
        return self.cli("gobgp", *words, **more)

    def is_ready(self):
        return "Peer" in self.gobgp("neighbor")

    def feed(self):
        """`mrt inject` of 3.10 ends before the daemon has read all it sent, and the rest is lost.
        So some records are sent twice, and what is absent all the same is injected again."""
        for family in (4, 6):
            absent = set(self.routes[family])
            for _ in range(50):
                if not absent:
                    break
                self._inject(family, absent)
                time.sleep(0.2)
                absent = self._absent(family)
            if absent:
                raise LabError("gobgp does not take %d of its routes" % len(absent))

    def _state(self, family):
        return json.loads(self.gobgp("-j", "neighbor", self.server.address(family)))

    def is_up(self, family):
        return self._state(family)["state"].get("session_state") == 6

    def count(self, family):
        states = self._state(family).get("afi_safis", [])
        return sum(one.get("state", {}).get("received", 0) for one in states)

    def held(self, family):
        """{prefix: Route} of its own table, which has what adj-in hides while a session is down."""
        table = json.loads(self.gobgp("-j", "global", "rib", "-a", "ipv%d" % family) or "{}")
        server = self.server.address(family)
        theirs = {prefix: [path for path in paths if path.get("neighbor-ip") == server]
                  for prefix, paths in table.items()}
        return parse_table({prefix: paths for prefix, paths in theirs.items() if paths})

    def table(self, family):
        text = self.gobgp("-j", "neighbor", self.server.address(family), "adj-in",
                          "-a", "ipv%d" % family)
        return parse_table(json.loads(text))

    def hint(self):
        return "gobgp neighbor"

    def shutdown_seen(self, family):
        lines = [line for line in self.log_text().splitlines()
                 if self.server.address(family) in line and "notification" in line.lower()]
        return lines[-1] if lines else ""


def parse_path_segments(segments):
    path = []
    for one in segments or ():
        if one["segment_type"] == 1:
            path.append(frozenset(one["asns"]))
        else:
            path.extend(one["asns"])
    return tuple(path)


def parse_extended(values):
    numbers = []
    for one in values:
        asn, _, number = one["value"].partition(":")
        high, _, low = asn.rpartition(".")  # Four-octet numbers are shown as 1.4.
        numbers.append(extended(one["subtype"], int(high or 0) << 16 | int(low), int(number)))
    return tuple(sorted(numbers))


def parse_attributes(attributes):
    fields = {}
    for one in attributes:
        kind = one["type"]
        if kind == mrt.ORIGIN:
            fields["origin"] = one["value"]
        elif kind == mrt.AS_PATH:
            fields["path"] = parse_path_segments(one["as_paths"])
        elif kind == mrt.NEXT_HOP:
            fields["next_hop"] = address(one["nexthop"])
        elif kind == mrt.MP_REACH:
            fields["next_hop"] = address(one["nexthop"])
        elif kind == mrt.MED:
            fields["med"] = one["metric"]
        elif kind == mrt.COMMUNITIES:
            fields["communities"] = tuple(sorted(one["communities"]))
        elif kind == mrt.LARGE:
            fields["large"] = tuple(sorted((large["ASN"], large["LocalData1"],
                                            large["LocalData2"]) for large in one["value"]))
        elif kind == mrt.EXTENDED:
            fields["extended"] = parse_extended(one["value"])
        elif kind == mrt.AGGREGATOR:
            fields["aggregator"] = (one["as"], one["address"])
        elif kind == mrt.ATOMIC:
            fields["is_atomic"] = True
    return fields


def parse_table(table):
    result = {}
    for prefix, paths in table.items():
        result[prefix] = Route(**parse_attributes(paths[0]["attrs"]))
    return result
