"""Two namespaces and a wire between them: a route server on one side, causeway-bench on the other.

      cw-T-server<n>                        cw-T-load<n>
    server on CPU 1  ix0 ---- veth ---- ld0  causeway-bench on CPU 0
    198.18.0.1/16                            198.18.1.1 and as many as there are members

For causewayd the server's side has no kernel address: it speaks ARP, IP and TCP itself through
its packet port, or, as causewayd-pmd, through DPDK's af_packet driver; then the other side has
`tx off`, so that checksums are filled in and segments cut as on a real wire.  The kernel servers
get the members' neighbour entries beforehand (the kernel's table is small); causewayd
resolves its members by itself.  All threads of a server share one CPU.
"""

import ipaddress
import os
import re
import resource
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from lab import netns  # noqa: E402
from lab.netns import LabError  # noqa: E402

SERVER = "198.18.0.1"
SOURCE = ipaddress.IPv4Address("198.18.1.1")
ASN_FIRST = 4200000001
RS_ASN = 64500
LOAD_MAC = "02:00:5e:10:00:02"
SERVER_CPU, LOAD_CPU = 1, 0
READY_S = 60


def members_of(count):
    return [(str(SOURCE + i), ASN_FIRST + i) for i in range(count)]


def debian_version(package):
    text = netns.quiet("dpkg-query", "-W", "-f", "${Version}", package)
    return re.sub(r"^\d+:", "", text)


def wait_for(is_true, otherwise, seconds=READY_S):
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            raise LabError(otherwise)
        time.sleep(0.1)


class Server:
    """A route server under load: its configuration, its process, its readiness."""

    name = ""
    speaks_ip_itself = False
    is_ours = False
    needs_plain_frames = False  # Checksums and cut segments: no offloads on the load's side.
    is_default = True
    connects = 128  # Connections opened at once.

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

    def configure(self, members, hold):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def wrap(self, command):
        """How the server is started: on its CPU."""
        return ["taskset", "-c", str(SERVER_CPU), *command]

    def start(self, members, hold):
        os.makedirs(self.dir)
        self.configure(members, hold)
        return self.launch()

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
        return self.process.pid

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
protocol device {{ }}
template bgp customer {{
	local {server} as {asn};
	rs client;
	passive;
	hold time {hold};
	ipv4 {{ import all; export where source = RTS_BGP; }};
}}
"""


class Bird(Server):
    """BIRD 2 as a route server: one table, best path only, so path hiding is not solved."""

    name = "bird"
    connects = 8  # Its backlog; with more, connections wait for SYNs to be sent again.

    @classmethod
    def version(cls, build):
        return "BIRD %s (Debian)" % debian_version("bird2")

    def configure(self, members, hold):
        text = BIRD.format(dir=self.dir, server=SERVER, asn=RS_ASN, hold=hold)
        for i, (address, asn) in enumerate(members):
            text += "protocol bgp m%d from customer { neighbor %s as %d; }\n" % (i, address, asn)
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

    @classmethod
    def version(cls, build):
        return "FRR %s (Debian)" % debian_version("frr")

    def configure(self, members, hold):
        text = FRR.format(dir=self.dir, server=SERVER, asn=RS_ASN, hold=hold,
                          keepalive=max(1, hold // 3))
        for address, asn in members:
            text += " neighbor %s remote-as %d\n neighbor %s peer-group PG\n" % (
                address, asn, address)
        text += (" address-family ipv4 unicast\n  neighbor PG activate\n"
                 "  neighbor PG route-server-client\n exit-address-family\n!\n")
        self.write("bgpd.conf", text)
        self.write("zebra.conf", "hostname frr\n")
        self.write("log", "")
        for name in (".", "bgpd.conf", "zebra.conf", "log"):
            shutil.chown(self.file(name), "frr", "frr")

    def daemon(self, name):
        return ["/usr/lib/frr/" + name, "-z", self.file("zserv"), "-f", self.file(name + ".conf"),
                "-i", self.file(name + ".pid"), "--vty_socket", self.dir, "-P", "0"]

    def vtysh(self, daemon, command):
        return self.run.run(self.namespace, "vtysh", "--vty_socket", self.dir, "-d", daemon,
                            "-c", command, check=False)

    def command(self):
        return [*self.daemon("bgpd"), "-n"]  # -n: nothing goes into the kernel.

    def start(self, members, hold):
        os.makedirs(self.dir)
        self.configure(members, hold)
        self.run.spawn(self.namespace, self.file("zebra.out"),
                       *self.wrap(self.daemon("zebra")))
        wait_for(lambda: os.path.exists(self.file("zserv")), "zebra does not start")
        return self.launch()

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
clients:
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

    def configure(self, members, hold):
        os.makedirs(self.file("state"))
        text = CAUSEWAYD.format(cpu=SERVER_CPU, server=SERVER, dir=self.dir, asn=RS_ASN,
                                hold=hold, mtu=self.mtu, device=self.device())
        text += "".join("  - {asn: %d, ip: %s}\n" % (asn, address) for address, asn in members)
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


SERVERS = {one.name: one for one in (Causewayd, CausewaydPmd, Bird, Frr)}


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

    def add_wire(self, server, load, members, kind):
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
        self.batch(theirs, ["addr add %s/16 dev ld0" % address for address, _ in members])
        if kind.needs_plain_frames:
            run.run(load, "ethtool", "-K", "ld0", "tx", "off")
        if kind.speaks_ip_itself:
            netns.quiet("ip", "-n", ours, "link", "set", "ix0", "up", "arp", "off")
            return
        netns.quiet("ip", "-n", ours, "addr", "add", SERVER + "/16", "dev", "ix0")
        netns.quiet("ip", "-n", ours, "link", "set", "ix0", "up")
        self.batch(ours, ["neigh add %s lladdr %s dev ix0 nud permanent" % (address, LOAD_MAC)
                          for address, _ in members])

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

    def measure(self, kind, members, hold=90, timeout=120, options=(), alive=None):
        """Start a server, load it, stop it: (exit status, what causeway-bench said, server).

        `alive` is called with the server after the load, before its end."""
        self.count += 1
        server_ns, load_ns = "server%d" % self.count, "load%d" % self.count
        everyone = members_of(members)
        self.add_wire(server_ns, load_ns, everyone, kind)
        server = kind(self.run, server_ns, os.path.join(self.run.dir, server_ns), self.build,
                      self.mtu)
        try:
            pid = server.start(everyone, hold)
            time.sleep(1)  # Start-up is over; what follows is the load's.
            done = subprocess.run(
                self.run.inside(load_ns, "taskset", "-c", LOAD_CPU,
                                os.path.join(self.build, "causeway-bench"),
                                "--server", SERVER, "--members", members, "--hold", hold,
                                "--connects", kind.connects, "--timeout", timeout, "--pid", pid,
                                *options),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=3 * timeout + 120)
            status, text = done.returncode, done.stdout
            if server.process.poll() is not None:
                status, text = 70, text + "%s ended during the load, exit %d\n" % (
                    kind.name, server.process.returncode)
            if alive:
                alive(server)
            if status != 0:
                text += server.tail() + "\n"
            return status, text
        finally:
            self.remove(server_ns, load_ns)
            if server.process is not None:
                server.process.wait()


def parse(text):
    """{"up_ms": 12.5, ...} of causeway-bench's lines of words and numbers."""
    numbers = {}
    for line in text.splitlines():
        words = line.split()
        if words[:1] == ["memory_kb"]:
            words = [words[0] + "_" + w if w[0].isalpha() else w for w in words[1:]]
        for key, value in zip(words[::2], words[1::2]):
            if re.fullmatch(r"[0-9.]+", value):
                numbers[key] = float(value)
    return numbers
