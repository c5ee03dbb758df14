"""A small lab: BIRD members and causewayd on wires that the test lays by itself.

Where the exchange (lab.exchange) is one LAN with five kinds of routers and a whole table, this is
any network with a few BIRDs that announce a few prefixes each: for tests of how frames travel.
"""

import os
import re
import sys

from lab.exchange import wait_until
from lab.netns import LabError, quiet
from lab.open_policy import OPEN
from lab.server import Causewayd

VLAN_TAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vlan_tap.py")
HEAD = """\
log "{dir}/log" all;
router id {router_id};
protocol device {{ }}
"""
SESSION = """\
protocol static own{family} {{
	ipv{family};
{routes}
}}
protocol bgp rs{family} {{
	local {mine} as {asn};
	neighbor {server} as {server_asn};
	{distance};
	hold time 30;
	connect delay time 1;
	connect retry time 2;
	error wait time 1, 3;
	ipv{family} {{ import all; export where source = RTS_STATIC; gateway recursive; }};
}}
"""
REST = """\
control:
  state_dir: {dir}/state
  socket: {dir}/control.sock
cfg:
  rs_as: {asn}
  router_id: 198.18.0.1
{policy}clients:
"""


class Router:
    """BIRD in a namespace of its own, with one session for each family that it has."""

    def __init__(self, run, name, asn, addresses, servers, prefixes, is_far=False):
        self.run = run
        self.name = name
        self.asn = asn
        self.addresses = addresses  # {family: address}
        self.servers = servers      # {family: address of the server}
        self.prefixes = prefixes    # {family: [prefix]}
        self.is_far = is_far        # Not on the server's LAN.
        self.dir = os.path.join(run.dir, name)
        self.process = None

    def file(self, name):
        return os.path.join(self.dir, name)

    def start(self, server_asn):
        os.makedirs(self.dir)
        with open(self.file("bird.conf"), "w") as file:
            file.write(HEAD.format(dir=self.dir, router_id=self.addresses[4]))
            for family, mine in self.addresses.items():
                file.write(SESSION.format(
                    family=family, mine=mine, asn=self.asn, server=self.servers[family],
                    server_asn=server_asn, distance="multihop" if self.is_far else "direct",
                    routes="\n".join("\troute %s blackhole;" % prefix
                                     for prefix in self.prefixes[family])))
        self.process = self.run.spawn(self.name, self.file("out"), "bird", "-f", "-c",
                                      self.file("bird.conf"), "-s", self.file("ctl"),
                                      "-P", self.file("pid"))

    def birdc(self, *words):
        return self.run.run(self.name, "birdc", "-s", self.file("ctl"), *words, check=False)

    def is_up(self, family):
        return "Established" in self.birdc("show", "protocols", "rs%d" % family)

    def held(self, family):
        """The prefixes that it has from the server."""
        text = self.birdc("show", "route", "protocol", "rs%d" % family)
        return set(re.findall(r"^([0-9a-f.:]+/\d+)", text, re.MULTILINE))

    def log_text(self):
        with open(self.file("log"), errors="replace") as file:
            return file.read()


class Server(Causewayd):
    """causewayd with ports that the test writes, as YAML below `dataplane`."""

    def __init__(self, run, dataplane):
        super().__init__(run)
        self.dataplane = dataplane

    def configure(self, members):
        os.makedirs(self.file("state"), exist_ok=True)
        with open(self.file("causeway.yml"), "w") as file:
            file.write(self.dataplane)
            file.write(REST.format(dir=self.dir, asn=self.asn, policy=OPEN))
            for member in members:
                file.write("  - asn: %d\n    ip: [%s]\n" % (member.asn, ", ".join(
                    '"%s"' % address for address in member.addresses.values())))


def two_workers():
    """The CPUs of two workers, so that frames come to the wrong one, too; of one on one CPU."""
    return sorted(os.sched_getaffinity(0))[:2]


def lay_wire(run, inner, outer, mtu=1500):
    """A veth between (namespace, interface) `inner` and `outer`, both up."""
    quiet("ip", "link", "add", inner[1], "netns", run.namespace(inner[0]), "mtu", str(mtu),
          "type", "veth", "peer", "name", outer[1], "netns", run.namespace(outer[0]), "mtu",
          str(mtu))
    for name, interface in (inner, outer):
        quiet("ip", "-n", run.namespace(name), "link", "set", interface, "up")


def add_vlan(run, name, interface, vid):
    """INTERFACE.VID: the kernel's own where it has 802.1Q, else one made by hand; says which."""
    full, inner = run.namespace(name), "%s.%d" % (interface, vid)
    try:
        quiet("ip", "-n", full, "link", "add", "link", interface, "name", inner, "type", "vlan",
              "id", str(vid))
        kind = "the kernel's"
    except LabError:
        log = os.path.join(run.dir, "%s.%s" % (name, inner))
        run.spawn(name, log, sys.executable, VLAN_TAP, interface, vid, inner)
        if not wait_until(lambda: "ready" in open(log).read(), 10, 0.05):
            raise LabError("%s does not start: %s" % (VLAN_TAP, open(log).read())) from None
        kind = "a tap of the test's, because this kernel has no 802.1Q"
    quiet("ip", "-n", full, "link", "set", inner, "up")
    return kind


DRIVERS = ("net_af_packet", "packet")  # The ways to a virtual wire.


def device(driver, number):
    """How `device` names interface ixNUMBER."""
    return ("packet:ix%d" % number if driver == "packet" else
            "net_af_packet%d,iface=ix%d" % (number, number))


def give_port(run, name, interface, facing, driver="net_af_packet"):
    """Make `interface` one that only causewayd uses.  `facing` is the other end of its wire, whose
    kernel must fill in checksums and cut segments itself, as a real wire would force it to, unless
    the driver knows of such frames."""
    run.sysctl(name, "net.ipv6.conf.%s.disable_ipv6=1" % interface,
               "net.ipv4.conf.%s.rp_filter=1" % interface)
    quiet("ip", "-n", run.namespace(name), "link", "set", interface, "arp", "off")
    if driver == "net_af_packet":
        run.run(facing[0], "ethtool", "-K", facing[1], "tx", "off")


def give_addresses(run, name, interface, *addresses):
    for address in addresses:
        quiet("ip", "-n", run.namespace(name), "addr", "add", address, "dev", interface)


def check_routers(checks, routers, seconds=60):
    """Every session up, and every router with the others' prefixes and no more."""
    if not routers:
        raise LabError("there is no router to check")
    for family in (4, 6):
        for router in routers:
            is_up = wait_until(lambda: router.is_up(family), seconds)
            checks.add(is_up, "%s, IPv%d: session up" % (router.name, family),
                       router.birdc("show", "protocols", "all", "rs%d" % family))
        for router in routers:
            expected = {prefix for other in routers if other is not router
                        for prefix in other.prefixes[family]}
            wait_until(lambda: router.held(family) == expected, seconds)
            held = router.held(family)
            checks.add(held == expected, "%s, IPv%d: holds the %d routes of the others" % (
                router.name, family, len(expected)),
                "it misses %d and has %d too many" % (len(expected - held),
                                                      len(held - expected)))
