"""Bulk transfer: our TCP through an af_packet port against what that port alone carries.

      cw-T-server                         cw-T-load
    causeway-bulk on CPU 1  ix0 ---- ld0  the kernel, and causeway-bulk sink on CPU 0
    198.18.0.1                            198.18.1.1

Three rates, from the same loop and in frames of the same length: `tcp`, a connection to a Linux
host; `udp`, datagrams to a socket there; `bare`, frames of an EtherType that nobody takes.  On veth
a frame's way up the receiver's kernel runs on the sender's CPU, so `bare` is more than any
receiver would let through; `udp` is what the device carries to an application.  `linux` is a
connection of Linux's own TCP over the same devices, in frames of the same length (no segmentation
by the device): what the receiver's TCP leaves of it.  What arrived is what the receiver's
interface counted.
"""

import os
import re
import statistics
import time

from pair import LabError, netns

OWN, TARGET, PORT = "198.18.0.1", "198.18.1.1", 5001
KINDS = ("tcp", "linux", "udp", "bare")
SINK_CPU, SEND_CPU = "0", "1"
# Sends for argv[3] seconds to argv[1] port argv[2].
SENDER = """
import socket, sys, time
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
piece, end = bytes(1 << 18), time.monotonic() + float(sys.argv[3])
while time.monotonic() < end:
    sock.sendall(piece)
"""


class Wire:
    def __init__(self, run, build, mtu):
        self.run, self.mtu = run, mtu
        self.program = os.path.join(build, "causeway-bulk")
        if mtu > 1500:
            self.frame = ",framesz=16384"
        else:
            self.frame = ""
        for name in ("server", "load"):
            run.add_namespace(name)
            run.sysctl(name, "net.ipv6.conf.all.disable_ipv6=1",
                       "net.ipv6.conf.default.disable_ipv6=1")
        ours, theirs = run.namespace("server"), run.namespace("load")
        netns.quiet("ip", "link", "add", "ix0", "mtu", str(mtu), "netns", ours, "type", "veth",
                    "peer", "name", "ld0", "mtu", str(mtu), "netns", theirs)
        netns.quiet("ip", "-n", theirs, "link", "set", "ld0", "up")
        netns.quiet("ip", "-n", theirs, "addr", "add", TARGET + "/16", "dev", "ld0")
        run.run("load", "ethtool", "-K", "ld0", "tx", "off")
        netns.quiet("ip", "-n", ours, "link", "set", "ix0", "up", "arp", "off")
        self.sink = None
        self.start_sink()

    def start_sink(self):
        """A fresh one for each run: it reads from one connection at a time, and ours just ends."""
        if self.sink is not None:
            self.sink.kill()
            self.sink.wait()
        self.sink = self.run.spawn("load", os.path.join(self.run.dir, "sink"), "taskset", "-c",
                                   SINK_CPU, self.program, "sink", PORT)
        time.sleep(0.5)

    def received(self):
        """(frames, bytes) that the receiver's interface has counted."""
        text = self.run.run("load", "cat", *("/sys/class/net/ld0/statistics/rx_" + one
                                             for one in ("packets", "bytes")))
        return tuple(map(int, text.split()))

    def measure_linux(self, seconds):
        """The same for Linux's own TCP, for which our interface gets the address meanwhile."""
        ours = self.run.namespace("server")
        self.run.run("server", "ethtool", "-K", "ix0", "tx", "off")
        netns.quiet("ip", "-n", ours, "link", "set", "ix0", "arp", "on")
        netns.quiet("ip", "-n", ours, "addr", "add", OWN + "/16", "dev", "ix0")
        self.start_sink()
        before = self.received()
        try:
            self.run.run("server", "taskset", "-c", SEND_CPU, "python3", "-c", SENDER, TARGET, PORT,
                         seconds, timeout=seconds + 60)
        finally:
            netns.quiet("ip", "-n", ours, "addr", "flush", "dev", "ix0")
            netns.quiet("ip", "-n", ours, "link", "set", "ix0", "arp", "off")
            netns.quiet("ip", "-n", self.run.namespace("load"), "neigh", "flush", "all")
        frames, size = (new - old for new, old in zip(self.received(), before))
        return {"frames_per_s": frames / seconds, "bytes_per_s": size / seconds,
                "payload_bytes_per_s": 0, "retransmits": 0}

    def measure(self, kind, seconds):
        """{frames_per_s, bytes_per_s: of the wire, payload_bytes_per_s and retransmits: of tcp}"""
        self.start_sink()
        before = self.received()
        text = self.run.run("server", self.program, kind,
                            "net_af_packet0,iface=ix0" + self.frame, OWN, TARGET, PORT, seconds,
                            self.mtu, self.run.dir, timeout=seconds + 60)
        frames, size = (new - old for new, old in zip(self.received(), before))
        numbers = dict(re.findall(r"(\w+) ([0-9.]+)", text))
        if "seconds" not in numbers:
            raise LabError("causeway-bulk %s: %s" % (kind, text))
        return {"frames_per_s": frames / seconds, "bytes_per_s": size / seconds,
                "payload_bytes_per_s": float(numbers.get("payload_bytes", 0)) / seconds,
                "retransmits": int(numbers.get("retransmits", 0))}


def compare(run, build, mtu, runs, seconds):
    """Measure, interleaved, and print medians and ratios."""
    wire = Wire(run, build, mtu)
    results = {kind: [] for kind in KINDS}
    for _ in range(runs):
        for kind in KINDS:
            results[kind].append(wire.measure_linux(seconds) if kind == "linux"
                                 else wire.measure(kind, seconds))
    print("%-6s %12s %12s %14s %12s" % ("", "frames/s", "MB/s", "payload MB/s", "retransmits"))
    rate = {}
    for kind, some in results.items():
        middle = {key: statistics.median(one[key] for one in some) for key in some[0]}
        rate[kind] = middle["bytes_per_s"]
        print("%-6s %12.0f %12.1f %14.1f %12.0f" % (
            kind, middle["frames_per_s"], middle["bytes_per_s"] / 1e6,
            middle["payload_bytes_per_s"] / 1e6, middle["retransmits"]))
    print("tcp / linux %.2f, tcp / udp %.2f, tcp / bare %.2f (%d runs of %d s, MTU %d)" % (
        *(rate["tcp"] / rate[kind] for kind in ("linux", "udp", "bare")), runs, seconds, mtu))
