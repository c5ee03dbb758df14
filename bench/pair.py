"""Two namespaces and a wire between them: a route server on one side, causeway-bench on the other.

      cw-T-server<n>                        cw-T-load<n>
    server on CPU 1  ix0 ---- veth ---- ld0  causeway-bench on CPU 0
    198.18.0.1/16                            198.18.1.1 and as many as there are members

For causewayd the server's side has no kernel address: it speaks ARP, IP and TCP itself through
its packet port, or, as causewayd-pmd, through DPDK's af_packet driver; then the other side has
`tx off`, so that checksums are filled in and segments cut as on a real wire.  The kernel servers
get the members' neighbour entries beforehand (the kernel's table is small); causewayd
resolves its members by itself.  All threads of a server share one CPU.

As causewayd-memif it shares memory with causeway-bench, which then speaks TCP itself: there is no
wire, and both are in one namespace, which holds the name by which they meet.
"""

import ipaddress
import json
import os
import resource
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from lab import netns  # noqa: E402
from lab.netns import LabError  # noqa: E402,F401
from servers import LOAD_CPU, SERVER, SERVER6, SERVERS, Causewayd, Setup  # noqa: E402,F401

SOURCE = ipaddress.IPv4Address("198.18.1.1")
ASN_FIRST = 4200000001
ASN_SHORT = 1001  # Of members that communities of four octets are to name.
NOW = "now: "  # What causeway-bench says to whoever started it.
LOAD_MAC = "02:00:5e:10:00:02"


def members_of(count, first=ASN_FIRST):
    return [(str(SOURCE + i), first + i) for i in range(count)]


class Bench:
    """Measurements of one run of a lab; each gets namespaces and a server of its own."""

    def __init__(self, run, build, mtu=1500):
        self.run = run
        self.build = build
        self.mtu = mtu
        self.count = 0
        # A descriptor for each member, here for all that we start.
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    def batch(self, namespace, lines):
        path = os.path.join(self.run.dir, "batch")
        with open(path, "w") as file:
            file.writelines(line + "\n" for line in lines)
        netns.quiet("ip", "-n", namespace, "-batch", path)

    def add_wire(self, server, load, setup, kind):
        run = self.run
        run.add_namespace(server)
        run.add_namespace(load)
        for name in (server, load):
            run.sysctl(name, "net.ipv6.conf.all.disable_ipv6=1",
                       "net.ipv6.conf.default.disable_ipv6=1")
        ours, theirs = run.namespace(server), run.namespace(load)
        netns.quiet("ip", "link", "add", "ix0", "mtu", str(self.mtu), "netns", ours, "type",
                    "veth", "peer", "name", "ld0", "mtu", str(self.mtu), "netns", theirs)
        netns.quiet("ip", "-n", theirs, "link", "set", "ld0", "address", LOAD_MAC, "up")
        self.batch(theirs, ["addr add %s/16 dev ld0" % address for address, _ in setup.members])
        if kind.needs_plain_frames:
            run.run(load, "ethtool", "-K", "ld0", "tx", "off")
        if kind.speaks_ip_itself:
            netns.quiet("ip", "-n", ours, "link", "set", "ix0", "up", "arp", "off")
            return
        netns.quiet("ip", "-n", ours, "addr", "add", SERVER + "/16", "dev", "ix0")
        if setup.has_v6:  # IPv6 next hops are believed when they are on a link.
            run.sysctl(server, "net.ipv6.conf.ix0.disable_ipv6=0")
            netns.quiet("ip", "-n", ours, "addr", "add", SERVER6 + "/32", "dev", "ix0", "nodad")
        netns.quiet("ip", "-n", ours, "link", "set", "ix0", "up")
        self.batch(ours, ["neigh add %s lladdr %s dev ix0 nud permanent" % (address, LOAD_MAC)
                          for address, _ in setup.members])

    def remove(self, *names):
        full = [self.run.namespace(name) for name in names]
        for _ in range(100):
            pids = netns.pids_of(full)
            for pid in pids:
                try:
                    os.kill(pid, 9)
                except OSError:
                    pass
            if not pids:
                break
            time.sleep(0.05)
        for name in full:
            netns.quiet("ip", "netns", "del", name)

    def load(self, namespace, command, seconds, tell):
        """Runs causeway-bench: (exit status, what it said).  `tell` is called with what it says
        that it is time for."""
        process = subprocess.Popen(
            self.run.inside(namespace, "nice", "-n", "-20", "taskset", "-c", LOAD_CPU,
                            os.path.join(self.build, "causeway-bench"), *command),
            stdin=subprocess.PIPE if tell else subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        text = ""
        try:
            for line in process.stdout:
                text += line
                if tell and line.startswith(NOW):
                    tell(line[len(NOW):].strip())
                    process.stdin.write("go on\n")
                    process.stdin.flush()
            return process.wait(), text
        finally:
            timer.cancel()
            process.kill()

    def measure(self, kind, members, hold=90, timeout=120, options=(), alive=None,
                scenario="cold", beside=None):
        """Start a server, load it, stop it: (exit status, what causeway-bench said).

        `alive` is called with the server after the load, before its end; `beside` with the
        server and what it is time for, where the scenario says so."""
        self.count += 1
        server_ns, load_ns = "server%d" % self.count, "load%d" % self.count
        if kind.load_port:
            load_ns = server_ns
        if not kind.carries_v6:
            options = [*options, "--prefixes6", 0]
        setup = setup_for(scenario, members, hold, options)
        if kind.load_port:
            self.run.add_namespace(server_ns)
        else:
            self.add_wire(server_ns, load_ns, setup, kind)
        server = kind(self.run, server_ns, os.path.join(self.run.dir, server_ns), self.build,
                      self.mtu)
        try:
            server.start(setup)
            time.sleep(1)  # Start-up is over; what follows is the load's.
            command = ["--server", SERVER, "--scenario", scenario, "--members", members,
                       "--hold", hold, "--connects", kind.connects, "--timeout", timeout,
                       "--asn", setup.members[0][1], "--json",
                       "--pid", ",".join(map(str, server.pids())), *options]
            if kind.load_port:
                command += ["--port", kind.load_port, "--mtu", self.mtu, "--cpu", LOAD_CPU]
            if setup.has_overlap and not kind.solves_hiding:
                command.append("--hiding")
            status, text = self.load(load_ns, command, 8 * timeout + 120,
                                     beside and (lambda what: beside(server, what)))
            if server.process.poll() is not None:
                status, text = 70, text + "%s ended during the load, exit %d\n" % (
                    kind.name, server.process.returncode)
            if alive:
                alive(server)
            if status != 0:
                text += server.tail() + "\n"
            return status, text
        finally:
            self.remove(*{server_ns, load_ns})
            if server.process is not None:
                server.process.wait()


def setup_for(scenario, members, hold, options):
    """What a server must be configured for, seen from causeway-bench's options."""
    given = dict(zip(map(str, options[::2]), options[1::2]))
    has_policy = scenario == "policy" or int(given.get("--control-pct", 0)) > 0
    return Setup(
        members_of(members, ASN_SHORT if has_policy else ASN_FIRST), hold, has_policy,
        has_overlap=scenario == "overlap" or int(given.get("--overlap", 1)) > 1,
        has_v6=int(given.get("--prefixes6", scenario == "full_table")) > 0 or "--mrt" in given)


def parse(text):
    """What causeway-bench measured: {"up_ms": 12.5, ...}; empty when it said nothing."""
    for line in text.splitlines():
        if line.startswith("{"):
            return json.loads(line)
    return {}
