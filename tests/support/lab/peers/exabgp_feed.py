#!/usr/bin/python3
"""The helper process of ExaBGP: `exabgp_feed.py ANNOUNCEMENTS LOG`.

Writes the prepared announcements to ExaBGP, one command a line, then the lines that are appended
to them, and every event that ExaBGP
reports (JSON, one a line) to the log.  The two directions have a thread each, so that neither
side can wait for the other in a circle.
"""

import sys
import threading
import time


def announce(path):
    with open(path) as file:
        while True:
            for line in file:
                sys.stdout.write(line)
            sys.stdout.flush()
            time.sleep(0.1)


def main():
    threading.Thread(target=announce, args=(sys.argv[1],), daemon=True).start()
    with open(sys.argv[2], "ab", buffering=0) as log:
        for line in sys.stdin.buffer:
            log.write(line)


main()
