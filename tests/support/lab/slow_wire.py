#!/usr/bin/python3
"""A long wire: forwards frames between two interfaces of its namespace, each after a fixed delay.

    slow_wire.py DEVICE DEVICE MILLISECONDS

The delay is of one direction; a round trip takes two.
"""

import collections
import select
import sys
import time

from lossy_wire import open_port


class Direction:
    def __init__(self, source, target, delay_s):
        self.source, self.target, self.delay_s = source, target, delay_s
        self.waiting = collections.deque()  # (when, frame)

    def receive(self, now):
        for _ in range(64):
            try:
                frame = self.source.recv(65536)
            except BlockingIOError:
                return
            self.waiting.append((now + self.delay_s, frame))

    def release(self, now):
        while self.waiting and self.waiting[0][0] <= now:
            try:
                self.target.send(self.waiting.popleft()[1])
            except OSError:
                pass  # The device is not up yet, or its queue is full: the frame is lost.


def main():
    first, second, milliseconds = sys.argv[1:]
    ports = open_port(first), open_port(second)
    delay_s = float(milliseconds) / 1000
    directions = [Direction(*ports, delay_s), Direction(*ports[::-1], delay_s)]
    while True:
        dues = [one.waiting[0][0] for one in directions if one.waiting]
        left = max(0, min(dues) - time.monotonic()) if dues else 1
        select.select(ports, (), (), left)
        now = time.monotonic()
        for one in directions:
            one.receive(now)
            one.release(now)


if __name__ == "__main__":
    main()
