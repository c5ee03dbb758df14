"""The route servers that scripts/bench measures: how each is configured as one, started, and known
to be ready.  All but ours are the unmodified Debian packages, on the kernel's TCP.

What each does with a prefix that several members announce differs: `solves_hiding` says whether
the announcer of the best path gets the second best (RFC 7947 section 2.3); where it does not,
causeway-bench is told so, and the server is not blamed, though it does less.
"""

import os
import re
import shutil
import time
from typing import NamedTuple

from lab import netns
from lab.netns import LabError
from lab.open_policy import OPEN

SERVER = "198.18.0.1"
SERVER6 = "2001:db8::ffff"
RS_ASN = 64500
SERVER_CPU, LOAD_CPU = 1, 0
READY_S = 60


def debian_version(package):
    text = netns.quiet("dpkg-query", "-W", "-f", "${Version}", package)
    return re.sub(r"^\d+:", "", text)


def wait_for(is_true, otherwise, seconds=READY_S):
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise LabError(otherwise)
        time.sleep(0.1)


class Setup(NamedTuple):
    """What a server has to be configured for."""

    members: list             # (address, AS number) of each.
    hold: int = 90
    has_policy: bool = False  # Communities 0:PEER, or RS:0:PEER, keep a route from a member.
    has_overlap: bool = False  # Several members announce the same prefix.
    has_v6: bool = False


class Server:
    """A route server under load: its configuration, its process, its readiness."""

    name = ""
    speaks_ip_itself = False
    is_ours = False
    load_port = None  # The load's port, in the server's namespace; None: kernel sockets, a wire.
    needs_plain_frames = False  # Checksums and cut segments: no offloads on the load's side.
    is_default = True
    solves_hiding = True
    has_policy = True
    carries_v6 = True  # IPv6 prefixes on sessions over IPv4.
    connects = 128  # Connections opened at once.
    delivery_ns = 100  # About what a delivery costs: who would take too long is left out.
    members_max = 8000

    def __init__(self, run, namespace, directory, build, mtu):
        self.run = run
        self.namespace = namespace
        self.dir = directory
        self.build = build
        self.mtu = mtu
        self.process = None

    def file(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.file(name), "w") as file:
            file.write(text)
        return self.file(name)

    @classmethod
    def version(cls, build):
        raise NotImplementedError

    def configure(self, setup):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def wrap(self, command):
        """How the server is started: on its CPU, before others who want it."""
        return ["nice", "-n", "-20", "taskset", "-c", str(SERVER_CPU), *command]

    def start(self, setup):
        os.makedirs(self.dir)
        self.configure(setup)
        self.launch()

    def pids(self):
        """The processes whose CPU and memory count."""
        return [self.process.pid]

    def launch(self):
        self.process = self.run.spawn(self.namespace, self.file("out"),
                                      *self.wrap(self.command()))
        deadline = time.monotonic() + READY_S
        while not self.is_ready():
            if self.process.poll() is not None:
                raise LabError("%s ended at once, exit %d:\n%s" % (
                    self.name, self.process.returncode, self.tail()))
            if time.monotonic() > deadline:
                raise LabError("%s is not ready after %d s:\n%s" % (
                    self.name, READY_S, self.tail()))
            time.sleep(0.1)

    def tail(self):
        try:
            with open(self.file("out"), errors="replace") as file:
                return file.read()[-3000:].strip()
        except OSError:
            return "no output"

    def is_listening(self):
        return ":179 " in self.run.run(self.namespace, "ss", "-ltnH")


BIRD = """\
log "{dir}/log" {{ warning, error, fatal, bug }};
router id {server};
{tables}protocol device {{ }}
template bgp customer {{
	local {server} as {asn};
	rs client;
	passive;
	hold time {hold};
{channels}}}
"""
BIRD_CHANNEL = "\tipv%d { %simport all; export %s; };\n"


class Bird(Server):
    """BIRD 2 as a route server: one table; where members announce the same prefixes, a sorted one
    of which each gets the best that is not its own (`secondary`)."""

    name = "bird"
    connects = 8  # Its backlog; with more, connections wait for SYNs to be sent again.
    delivery_ns = 1000

    @classmethod
    def version(cls, build):
        return "BIRD %s (Debian)" % debian_version("bird2")

    def channel(self, setup, family, where):
        table = "table rs%d; secondary; " % family if setup.has_overlap else ""
        return BIRD_CHANNEL % (family, table, where)

    def configure(self, setup):
        families = (4, 6) if setup.has_v6 else (4,)
        tables = "".join("ipv%d table rs%d sorted;\n" % (family, family) for family in families)
        text = BIRD.format(
            dir=self.dir, server=SERVER, asn=RS_ASN, hold=setup.hold,
            tables=tables if setup.has_overlap else "",
            channels="".join(self.channel(setup, family, "where source = RTS_BGP")
                             for family in families))
        for i, (address, asn) in enumerate(setup.members):
            own = ""
            if setup.has_policy:
                named = ("(0, %d) ~ bgp_community" % asn if asn < 65536 else
                         "(%d, 0, %d) ~ bgp_large_community" % (RS_ASN, asn))
                own = " ".join(
                    self.channel(setup, family, "where source = RTS_BGP && !(%s)" % named).strip()
                    for family in families)
            text += "protocol bgp m%d from customer { neighbor %s as %d; %s}\n" % (
                i, address, asn, own)
        self.write("bird.conf", text)

    def command(self):
        return ["bird", "-f", "-c", self.file("bird.conf"), "-s", self.file("ctl"),
                "-P", self.file("pid")]

    def is_ready(self):
        return self.is_listening()


FRR = """\
frr defaults traditional
hostname frr
log file {dir}/log warnings
!
router bgp {asn}
 bgp router-id {server}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 coalesce-time 0
 neighbor PG peer-group
 neighbor PG passive
 neighbor PG timers {keepalive} {hold}
"""


class Frr(Server):
    """FRR, every member in one update group, so that each is sent its own routes too.  zebra only
    tells bgpd about the interface (without it bgpd does not leave next hops alone); what zebra
    costs is not counted."""

    name = "frr"
    connects = 8  # With more it closes more of them again.
    solves_hiding = False
    carries_v6 = False  # It puts itself in as the next hop.
    delivery_ns = 150

    @classmethod
    def version(cls, build):
        return "FRR %s (Debian)" % debian_version("frr")

    def configure(self, setup):
        text = FRR.format(dir=self.dir, server=SERVER, asn=RS_ASN, hold=setup.hold,
                          keepalive=max(1, setup.hold // 3))
        for address, asn in setup.members:
            text += " neighbor %s remote-as %d\n neighbor %s peer-group PG\n" % (
                address, asn, address)
        for family in ("ipv4", "ipv6") if setup.has_v6 else ("ipv4",):
            text += (" address-family %s unicast\n  neighbor PG activate\n"
                     "  neighbor PG route-server-client\n" % family)
            if setup.has_policy:
                text += "".join("  neighbor %s route-map to%d out\n" % (address, asn)
                                for address, asn in setup.members)
            text += " exit-address-family\n"
        text += "!\n" + (self.policy(setup) if setup.has_policy else "")
        self.write("bgpd.conf", text)
        self.write("zebra.conf", "hostname frr\n")
        self.write("log", "")
        for name in (".", "bgpd.conf", "zebra.conf", "log"):
            shutil.chown(self.file(name), "frr", "frr")

    @staticmethod
    def policy(setup):
        text = ""
        for _, asn in setup.members:
            kind, value = (("community", "0:%d" % asn) if asn < 65536 else
                           ("large-community", "%d:0:%d" % (RS_ASN, asn)))
            text += ("bgp %s-list standard not%d permit %s\n"
                     "route-map to%d deny 10\n match %s not%d\nroute-map to%d permit 20\n" % (
                         kind, asn, value, asn, kind, asn, asn))
        return text

    def daemon(self, name):
        return ["/usr/lib/frr/" + name, "-z", self.file("zserv"), "-f", self.file(name + ".conf"),
                "-i", self.file(name + ".pid"), "--vty_socket", self.dir, "-P", "0"]

    def vtysh(self, daemon, command):
        return self.run.run(self.namespace, "vtysh", "--vty_socket", self.dir, "-d", daemon,
                            "-c", command, check=False)

    def command(self):
        return [*self.daemon("bgpd"), "-n"]  # -n: nothing goes into the kernel.

    def start(self, setup):
        os.makedirs(self.dir)
        self.configure(setup)
        self.run.spawn(self.namespace, self.file("zebra.out"),
                       *self.wrap(self.daemon("zebra")))
        wait_for(lambda: os.path.exists(self.file("zserv")), "zebra does not start")
        self.launch()

    def is_ready(self):
        # With the interface's address known, next hops on it can be kept.
        told = self.vtysh("zebra", "show zebra client").partition("Client: bgp")[2]
        return self.is_listening() and re.search(r"Intf Addr +[1-9]", told) is not None


CAUSEWAYD = """\
dataplane:
  workers: [{cpu}]
  ports:
    - device: "{device}"
      mtu: {mtu}
      addresses: [{server}/16]
control:
  state_dir: {dir}/state
  socket: {dir}/control.sock
cfg:
  rs_as: {asn}
  router_id: {server}
  hold_time: {hold}
  passive: true
{open}{policy}clients:
"""
CAUSEWAYD_POLICY = """\
  communities:
    do_not_announce_to_peer: {{std: "0:peer_as", lrg: "{asn}:0:peer_as"}}
"""


class Causewayd(Server):
    """Ours, as built: one worker and the control thread on the same CPU."""

    name = "causewayd"
    is_ours = True
    speaks_ip_itself = True

    def device(self):
        return "packet:ix0"

    @classmethod
    def version(cls, build):
        return netns.quiet(os.path.join(build, "causewayd"), "--version").strip()

    def configure(self, setup):
        os.makedirs(self.file("state"))
        policy = CAUSEWAYD_POLICY.format(asn=RS_ASN) if setup.has_policy else ""
        text = CAUSEWAYD.format(cpu=SERVER_CPU, server=SERVER, dir=self.dir, asn=RS_ASN,
                                hold=setup.hold, mtu=self.mtu, open=OPEN, policy=policy,
                                device=self.device())
        text += "".join("  - {asn: %d, ip: %s}\n" % (asn, address)
                        for address, asn in setup.members)
        self.write("causeway.yaml", text)

    def command(self):
        return [os.path.join(self.build, "causewayd"), "-c", self.file("causeway.yaml")]

    def is_ready(self):
        return re.search(r"\bready\b", self.tail()) is not None


class CausewaydPmd(Causewayd):
    """The same through DPDK's af_packet driver, which knows no offloads: the load's kernel has to
    fill in checksums and cut segments."""

    name = "causewayd-pmd"
    needs_plain_frames = True
    is_default = False

    def device(self):
        return "net_af_packet0,iface=ix0,framecnt=2048,framesz=%d,blocksz=65536" % (
            2048 if self.mtu <= 1500 else 16384)


class CausewaydMemif(Causewayd):
    """The same over shared memory, with the load on TCP of our own: the server's own limit, no
    kernel in between."""

    name = "causewayd-memif"
    is_default = False
    load_port = "net_memif0,role=client,socket=cw-memif"

    def device(self):
        return "net_memif0,role=server,socket=cw-memif"


OPENBGPD = """\
AS {asn}
router-id {server}
fib-update no
socket "{dir}/ctl"
transparent-as yes
holdtime {hold}
group "members" {{
	passive
{evaluate}	announce IPv4 unicast
	announce IPv6 {v6}
{neighbors}}}
allow from group "members"
allow to group "members"
match to group "members" set nexthop no-modify
{policy}"""
# bgpd's children change their root to its user's home, which systemd would make under /run.
# The mount is seen by bgpd alone: `ip netns exec` gives it a mount namespace.
OPENBGPD_START = ("mount -t tmpfs -o mode=755 tmpfs /run && mkdir /run/openbgpd &&"
                  " exec /usr/sbin/bgpd -d -f %s")


class Openbgpd(Server):
    """OpenBGPD, three processes, all of them counted.  `rde evaluate all` looks for another path
    where a filter refuses the best one, but not for its announcer."""

    name = "openbgpd"
    connects = 4  # Its backlog is five.
    solves_hiding = False
    carries_v6 = False  # 7.7 ends when such an announcement comes.
    delivery_ns = 2000

    @classmethod
    def version(cls, build):
        return "OpenBGPD %s (Debian)" % debian_version("openbgpd")

    def configure(self, setup):
        named = ("community 0:neighbor-as" if setup.members[-1][1] < 65536 else
                 "large-community %d:0:neighbor-as" % RS_ASN)
        text = OPENBGPD.format(
            asn=RS_ASN, server=SERVER, dir=self.dir, hold=setup.hold,
            evaluate="\trde evaluate all\n" if setup.has_overlap else "",
            v6="unicast" if setup.has_v6 else "none",
            neighbors="".join("\tneighbor %s { remote-as %d }\n" % (address, asn)
                              for address, asn in setup.members),
            policy='deny to group "members" %s\n' % named if setup.has_policy else "")
        # bgpd wants its configuration not to be written by others.
        os.chmod(self.write("bgpd.conf", text), 0o600)

    def command(self):
        return ["sh", "-c", OPENBGPD_START % self.file("bgpd.conf")]

    def pids(self):
        return sorted(self.run.pids(self.namespace))

    def is_ready(self):
        return self.is_listening()


GOBGP = """\
[global.config]
  as = {asn}
  router-id = "{server}"
"""
GOBGP_MEMBER = """\
[[neighbors]]
  [neighbors.config]
    neighbor-address = "{address}"
    peer-as = {asn}
  [neighbors.transport.config]
    passive-mode = true
  [neighbors.route-server.config]
    route-server-client = true
  [neighbors.timers.config]
    hold-time = {hold}
    keepalive-interval = {keepalive}
"""
GOBGP_FAMILY = """\
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "ipv%d-unicast"
"""


class Gobgp(Server):
    """GoBGP with route server clients: a table for each of them."""

    name = "gobgp"
    has_policy = False  # It can, by a statement for each member; that takes minutes here.
    delivery_ns = 60000
    members_max = 100

    @classmethod
    def version(cls, build):
        return "GoBGP %s (Debian)" % debian_version("gobgpd")

    def configure(self, setup):
        text = GOBGP.format(asn=RS_ASN, server=SERVER)
        for address, asn in setup.members:
            text += GOBGP_MEMBER.format(address=address, asn=asn, hold=setup.hold,
                                        keepalive=max(1, setup.hold // 3))
            for family in (4, 6) if setup.has_v6 else (4,):
                text += GOBGP_FAMILY % family
        self.write("gobgpd.toml", text)

    def command(self):
        return ["gobgpd", "-f", self.file("gobgpd.toml"), "-l", "warn", "--pprof-disable"]

    def is_ready(self):
        return self.is_listening()


SERVERS = {one.name: one for one in (Causewayd, CausewaydPmd, CausewaydMemif, Bird, Frr, Openbgpd,
                                     Gobgp)}
