"""The exchange: a bridge as its LAN, the server and the members on it, each in a namespace.

      cw-T-rs            cw-T-lan (bridge br0)         cw-T-bird  cw-T-frr ...
    causewayd            ix0p  m1  m2 ...                eth0       eth0
    net_af_packet ix0 ----+    |   +-----------------------------------+
                               +--------------------------+

The server's veth has no kernel address: causewayd speaks ARP, ND, IP and TCP itself.  With DPDK's
af_packet the port of the bridge that faces it has `tx off`: the kernel must then fill in checksums
and cut segments itself, which a real wire would force it to.  A port `packet:` (server.PACKET)
takes and sends such frames as they are.
"""

import threading
import time

from lab import feeds, oracle
from lab.check import Verdict
from lab.netns import LabError, quiet
from lab.peers import ALL
from lab.server import Causewayd

# Number on the LAN, AS number and BGP identifier of each member.  GoBGP has a four-octet AS
# number.  Identifiers run against the addresses, so that the two last rules of the decision
# differ.
PLACES = {"bird": (1, 64501, "198.18.2.50"), "frr": (2, 64502, "198.18.2.40"),
          "openbgpd": (3, 64503, "198.18.2.30"), "gobgp": (4, 65540, "198.18.2.20"),
          "exabgp": (5, 64505, "198.18.2.10")}


def wait_until(is_true, seconds, every=0.5):
    """Poll `is_true` until it is or `seconds` have passed; whether it became true."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() >= deadline:
            return False
        time.sleep(every)
    return True


def read_until(read, is_right, seconds, every=0.2):
    """Read until a reading is right or `seconds` have passed; the last reading, so that what is
    judged and shown is what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        reading = read()
        if is_right(reading) or time.monotonic() >= deadline:
            return reading
        time.sleep(every)


class Exchange:
    def __init__(self, run, server_class=Causewayd):
        self.run = run
        self.server = server_class(run)
        self.members = [kind(run, *PLACES[kind.name], self.server) for kind in ALL]
        self.expected = {}  # {(member name, family): {prefix: Route}}
        self.started = None
        self._problems = []  # Of the threads.
        self.converged = {}  # {member name: seconds after the start of the members}

    def member(self, name):
        return next(member for member in self.members if member.name == name)

    def build(self):
        """Namespaces, bridge, wires."""
        run = self.run
        lan = run.add_namespace("lan")
        # A bridge needs no addresses of its own.
        run.sysctl("lan", "net.ipv6.conf.all.disable_ipv6=1",
                   "net.ipv6.conf.default.disable_ipv6=1")
        quiet("ip", "-n", lan, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        quiet("ip", "-n", lan, "link", "set", "br0", "up")
        self.server.plug(run)
        for member in self.members:
            self.plug(member)

    def plug(self, member):
        """A namespace for the member, and its wire."""
        lan = self.run.namespace("lan")
        inner, outer = self.run.add_namespace(member.name), "m%d" % member.number
        quiet("ip", "link", "add", "eth0", "netns", inner, "type", "veth",
              "peer", "name", outer, "netns", lan)
        quiet("ip", "-n", inner, "addr", "add", member.address(4) + "/16", "dev", "eth0")
        quiet("ip", "-n", inner, "addr", "add", member.address(6) + "/64", "dev", "eth0")
        quiet("ip", "-n", inner, "link", "set", "eth0", "up")
        quiet("ip", "-n", lan, "link", "set", outer, "master", "br0", "up")

    def deal(self, scale=1.0):
        """Give the members their routes and work out who should get what."""
        feeds.deal(self.members, scale)
        self.expect(self.members)

    def expect(self, members):
        """What every member should hold while only `members` are up."""
        for family in (4, 6):
            views = oracle.views(members, family)
            for member in self.members:
                self.expected[member.name, family] = views.get(member.name, {})

    def start(self):
        """Start the members, all at once, each with a thread that waits for it and feeds it."""
        self.started = time.monotonic()
        for member in self.members:
            member.start()
            threading.Thread(target=self._attend, args=(member,), daemon=True).start()

    def revive(self, member):
        """Start a member again that was killed."""
        member.start()
        member.wait_ready()

    def _attend(self, member):
        try:
            member.wait_ready()
        except LabError as problem:
            self._problems.append(problem)

    def held(self):
        """How many routes the members hold together, as they say."""
        return sum(member.count(family) for member in self.members if member.is_asked
                   for family in (4, 6))

    def counts_wrong(self, members=None):
        """{(member name, family): (count, expected)} where they differ; notes who is done."""
        wrong = {}
        for member in members or self.members:
            for family in (4, 6):
                count = member.count(family) if member.is_asked else 0
                expected = len(self.expected[member.name, family])
                if count != expected:
                    wrong[member.name, family] = (count, expected)
            if (member.name, 4) not in wrong and (member.name, 6) not in wrong:
                self.converged.setdefault(member.name, time.monotonic() - self.started)
            else:
                self.converged.pop(member.name, None)
        return wrong

    def wait_converged(self, seconds, members=None, progress=None):
        """Wait until everyone holds as many routes as expected; what is wrong if they never do."""
        deadline = time.monotonic() + seconds
        while True:
            if self.server.process.poll() is not None:
                raise LabError("the server ended, exit %d; its last lines:\n%s" % (
                    self.server.process.returncode, self.server.tail()))
            if self._problems:
                raise self._problems[0]
            wrong = self.counts_wrong(members)
            if progress:
                progress(wrong)
            if not wrong or time.monotonic() > deadline:
                return wrong
            time.sleep(1)

    def check(self, member, family, tries=10):
        """Compare everything; a count may be right a moment before the last change is in."""
        for left in range(tries, 0, -1):
            verdict = Verdict(self.expected[member.name, family], member.table(family),
                              member.blind)
            if verdict.is_right() or left == 1:
                return verdict
            time.sleep(2)
        raise AssertionError

    def check_all(self, members=None):
        return {(member.name, family): self.check(member, family)
                for member in members or self.members for family in (4, 6)}

    def up(self, member):
        return sum(member.is_up(family) for family in (4, 6))

    def cut(self, member):
        """Pull the member's plug: its own side stays up, so no router is told."""
        quiet("ip", "-n", self.run.namespace("lan"), "link", "set", "m%d" % member.number,
              "nomaster")

    def mend(self, member):
        quiet("ip", "-n", self.run.namespace("lan"), "link", "set", "m%d" % member.number,
              "master", "br0")

    def announced(self):
        return sum(len(member.routes[family]) for member in self.members for family in (4, 6))

