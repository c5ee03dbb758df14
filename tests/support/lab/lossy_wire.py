#!/usr/bin/python3
"""A wire that misbehaves: forwards frames between two interfaces of its namespace, with faults.

    lossy_wire.py DEVICE DEVICE SEED PER_MILLE REPORT

Each frame that carries IP is lost, duplicated, delayed behind the next few, or has a byte changed,
PER_MILLE of all for each of the four, in both directions; ARP passes (it has no checksum of its
own, and a real wire's frame check would catch it).  Changed bytes lie anywhere behind the Ethernet
header.  The same seed and the same frames meet the same fate.  On SIGTERM the counts are written
to REPORT, one line of words and numbers for each direction.
"""

import heapq
import random
import select
import signal
import socket
import sys
import time

SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
SO_RCVBUFFORCE = 33  # Python has no names for these.
ETH_P_ALL = 3
IP_TYPES = (b"\x08\x00", b"\x86\xdd")
HEADER = 14
DELAY_S = 0.004  # A delayed frame waits so long: some hundred others may overtake it.
KINDS = ("dropped", "duplicated", "reordered", "corrupted")


def open_port(device):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
    port.bind((device, 0))
    port.setblocking(False)
    return port


def payload_at(frame):
    """Where the TCP payload begins; the frame's length when there is none."""
    if frame[12:14] == b"\x08\x00":
        at, protocol = HEADER + (frame[14] & 15) * 4, frame[23]
    else:
        at, protocol = HEADER + 40, frame[20]
    if protocol != 6 or len(frame) < at + 20:
        return len(frame)
    return at + (frame[at + 12] >> 4) * 4


class Direction:
    """Frames from one port to the other."""

    def __init__(self, source, target, name, seed, per_mille):
        self.source, self.target, self.name = source, target, name
        self.chance = random.Random("%s %s" % (seed, name))
        self.per_mille = per_mille
        self.delayed = []  # (when, number, frame)
        self.counts = dict.fromkeys(("frames", *KINDS, "payload", "blocked"), 0)

    def send(self, frame):
        try:
            self.target.send(frame)
        except OSError:
            self.counts["blocked"] += 1  # The device's queue is full, or it is not up.

    def corrupt(self, frame):
        changed = bytearray(frame)
        at = self.chance.randrange(HEADER, len(frame))
        changed[at] ^= self.chance.randrange(1, 256)
        self.counts["payload"] += at >= payload_at(frame)
        return bytes(changed)

    def forward(self, frame, now):
        self.counts["frames"] += 1
        dice = self.chance.randrange(1000)
        kind = dice // self.per_mille
        if kind >= len(KINDS) or frame[12:14] not in IP_TYPES or len(frame) <= HEADER + 40:
            self.send(frame)
            return
        self.counts[KINDS[kind]] += 1
        if KINDS[kind] == "duplicated":
            self.send(frame)
            self.send(frame)
        elif KINDS[kind] == "reordered":
            heapq.heappush(self.delayed, (now + DELAY_S, self.counts["frames"], frame))
        elif KINDS[kind] == "corrupted":
            self.send(self.corrupt(frame))

    def release(self, now):
        while self.delayed and self.delayed[0][0] <= now:
            self.send(heapq.heappop(self.delayed)[2])

    def receive(self, now):
        for _ in range(64):
            try:
                frame = self.source.recv(65536)
            except BlockingIOError:
                return
            self.forward(frame, now)


def report(path, directions):
    with open(path, "w") as file:
        for one in directions:
            file.write("%s %s\n" % (one.name, " ".join(
                "%s %d" % pair for pair in one.counts.items())))


def main():
    first, second, seed, per_mille, path = sys.argv[1:]
    ports = open_port(first), open_port(second)
    directions = [Direction(*ports, first, seed, int(per_mille)),
                  Direction(*ports[::-1], second, seed, int(per_mille))]
    ends = []
    signal.signal(signal.SIGTERM, lambda number, _: ends.append(number))
    while not ends:
        is_waiting = any(one.delayed for one in directions)
        select.select(ports, (), (), 0.001 if is_waiting else 0.2)
        for one in directions:
            now = time.monotonic()
            one.receive(now)
            one.release(now)
    report(path, directions)


if __name__ == "__main__":
    main()
