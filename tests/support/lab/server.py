"""causewayd in its namespace: configuration, start, questions, end."""

import json
import os
import re
import signal
import subprocess
import time

from lab.netns import LabError, quiet
from lab.open_policy import OPEN

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
BUILD = os.path.join(ROOT, "build")
RS_ASN = 64500

PLACE = """\
dataplane:
  idle: adaptive
  ports:
    - device: "{device}"
      mtu: 1500
      addresses: [{address4}/16, "{address6}/64"]
control:
  state_dir: {dir}/state
  socket: {dir}/control.sock
"""
CONFIG = PLACE + """\
cfg:
  rs_as: {asn}
  router_id: {address4}
{policy}{more}clients:
"""
CLIENT = """\
  - asn: {asn}
    description: {name}
    ip: [{address4}, "{address6}"]
    hold_time: {hold}
"""


ONE = """\
  - asn: {asn}
    description: {name}
    ip: "{address}"
    hold_time: {hold}
    passive: {passive}
"""


AF_PACKET = "net_af_packet0,iface=ix0,framecnt=2048,blocksz=65536"
PACKET = "packet:ix0"


class Causewayd:
    name = "rs"
    device = AF_PACKET
    asn = RS_ASN
    policy = OPEN
    number = 1  # Of its addresses on the LAN.

    def __init__(self, run):
        self.run = run
        self.more = ""  # Lines of `cfg`.
        self.keys = {}  # {(member's name, family): lines of its client, with its keys}
        self.dir = os.path.join(run.dir, self.name)
        self.process = None

    def address(self, family):
        return ("198.18.0.%d" if family == 4 else "2001:db8:0:1::%x") % self.number

    def file(self, name):
        return os.path.join(self.dir, name)

    def plug(self, run):
        """A veth between the server's namespace and the bridge."""
        inner, lan = run.add_namespace(self.name), run.namespace("lan")
        outer = "ix0p" if self.number == 1 else "ix%dp" % self.number
        run.sysctl(self.name, "net.ipv6.conf.all.disable_ipv6=1",
                   "net.ipv6.conf.default.disable_ipv6=1")
        quiet("ip", "link", "add", "ix0", "netns", inner, "type", "veth",
              "peer", "name", outer, "netns", lan)
        quiet("ip", "-n", inner, "link", "set", "ix0", "up", "arp", "off")
        if self.device == AF_PACKET:
            run.run("lan", "ethtool", "-K", outer, "tx", "off")
        quiet("ip", "-n", lan, "link", "set", outer, "master", "br0", "up")

    def configure(self, members):
        os.makedirs(self.file("state"), exist_ok=True)
        text = CONFIG.format(asn=self.asn, address4=self.address(4), address6=self.address(6),
                             dir=self.dir, policy=self.policy, more=self.more, device=self.device)
        for member in members:
            if not member.dialled and not any(name == member.name for name, _ in self.keys):
                text += CLIENT.format(asn=member.asn, name=member.name, hold=member.hold,
                                      address4=member.address(4), address6=member.address(6))
                continue
            for family in (4, 6):
                text += ONE.format(asn=member.asn, name=member.name, hold=member.hold,
                                   address=member.address(family),
                                   passive="false" if family in member.dialled else "true")
                text += self.keys.get((member.name, family), "")
        with open(self.file("causeway.yml"), "w") as file:
            file.write(text)

    def reload(self, members):
        """Write the configuration again and have it read."""
        self.configure(members)
        self.process.send_signal(signal.SIGHUP)

    def start(self, members, seconds=60):
        self.configure(members)
        self.launch(seconds)

    def launch(self, seconds=60):
        """Start it and wait for its log line `ready`."""
        log = self.file("log")
        offset = os.path.getsize(log) if os.path.exists(log) else 0
        self.process = self.run.spawn(self.name, log, os.path.join(BUILD, "causewayd"),
                                      "-c", self.file("causeway.yml"))
        deadline = time.monotonic() + seconds
        while not re.search(r"\bready\b", self.log_text(offset)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise LabError("causewayd does not become ready; its last lines:\n"
                               + self.tail())
            time.sleep(0.05)

    def log_text(self, offset=0):
        with open(self.file("log"), errors="replace") as file:
            file.seek(offset)
            return file.read()

    def tail(self):
        return "\n".join(self.log_text().splitlines()[-15:])

    def causeway(self, *words):
        """The operator's command line; its output."""
        return quiet(os.path.join(BUILD, "causeway"), "--socket", self.file("control.sock"),
                     *words, timeout=60)

    def neighbors(self):
        """{address: row} of `causeway --json neighbors`."""
        document = json.loads(self.causeway("--json", "neighbors"))
        rows = document["neighbors"] if isinstance(document, dict) else document
        return {row["address"]: row for row in rows}

    def neighbor(self, address):
        """The row of `causeway --json neighbor ADDRESS`."""
        return json.loads(self.causeway("--json", "neighbor", address))

    def version(self):
        done = subprocess.run([os.path.join(BUILD, "causewayd"), "--version"],
                              stdout=subprocess.PIPE, text=True, check=False)
        return done.stdout.strip()

    def usage(self):
        """(CPU seconds, resident MiB) of the process."""
        with open("/proc/%d/stat" % self.process.pid) as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return (ticks / os.sysconf("SC_CLK_TCK"),
                int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20))

    def stop(self, seconds=60):
        """SIGTERM; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError("causewayd does not end on SIGTERM:\n" + self.tail()) from None
