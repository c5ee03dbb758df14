#!/usr/bin/python3
"""A slow wire: frames of either interface leave by the other one after a while.

    slow.py ONE OTHER SECONDS
"""

import collections
import select
import socket
import sys
import time

OURS = 4  # PACKET_OUTGOING: what we have sent ourselves.


def main():
    names, delay = sys.argv[1:3], float(sys.argv[3])
    ends = []
    for name in names:
        end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        end.bind((name, 0))
        ends.append(end)
    waiting = collections.deque()  # (when, the end to leave by, frame)
    while True:
        pause = max(0, waiting[0][0] - time.monotonic()) if waiting else None
        for end in select.select(ends, [], [], pause)[0]:
            frame, source = end.recvfrom(65536)
            if source[2] != OURS:
                waiting.append((time.monotonic() + delay, ends[1 - ends.index(end)], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, frame = waiting.popleft()
            try:
                end.send(frame)
            except OSError:
                pass  # A link that is down loses it.


if __name__ == "__main__":
    main()
