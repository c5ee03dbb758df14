#!/usr/bin/python3
"""A BGP speaker on a Linux socket with TCP_MD5SIG, whose password can change while its session
lives: what the routers of the lab cannot do, for they reset the session themselves.

    speaker.py MINE SERVER ASN PASSWORD-FILE

SIGUSR1: read the file again and set the password on the open socket.  Prints one line for each
thing that happens; `count N` after each KEEPALIVE received.
"""

import ipaddress
import os
import signal
import socket
import struct
import sys
import time

TCP_MD5SIG = 14
HOLD_S = 9
MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE = 1, 2, 3, 4


def sockaddr(address):
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return struct.pack("=HH4s", socket.AF_INET, 0, parsed.packed).ljust(128, b"\0")
    return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, parsed.packed, 0).ljust(128, b"\0")


def set_password(sock, address, file):
    with open(file, "rb") as stream:
        key = stream.read().strip()
    sock.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG,
                    sockaddr(address) + struct.pack("=BBHi80s", 0, 0, len(key), 0, key))


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, is_v6):
    capability = struct.pack("!BBHBB", 1, 4, 2 if is_v6 else 1, 0, 1)
    option = struct.pack("!BB", 2, len(capability)) + capability
    return message(OPEN, struct.pack("!BHHIB", 4, asn, HOLD_S, 0xc61202fe, len(option)) + option)


def messages(sock, pending):
    """Whole messages that are there; None at the end of the connection."""
    try:
        got = sock.recv(65536)
    except socket.timeout:
        return []
    if not got:
        return None
    pending += got
    found = []
    while len(pending) >= 19:
        length = struct.unpack("!H", pending[16:18])[0]
        if len(pending) < length:
            break
        found.append((pending[18], bytes(pending[19:length])))
        del pending[:length]
    return found


def session(sock, asn, is_v6, change):
    sock.settimeout(0.1)
    sock.sendall(open_message(asn, is_v6))
    pending, count, next_at = bytearray(), 0, 0
    while True:
        change()
        got = messages(sock, pending)
        if got is None:
            return "closed"
        for kind, body in got:
            if kind == NOTIFICATION:
                return "notification %d/%d" % (body[0], body[1])
            if kind == OPEN:
                next_at = time.monotonic()
            if kind == KEEPALIVE:
                count += 1
                print("count %d" % count, flush=True)
        if next_at and time.monotonic() >= next_at:
            sock.sendall(message(KEEPALIVE))
            next_at = time.monotonic() + 1


def main():
    mine, server, asn, file = sys.argv[1:]
    is_v6 = ":" in mine
    asked = []
    signal.signal(signal.SIGUSR1, lambda *_: asked.append(1))
    while True:
        sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET)
        set_password(sock, server, file)
        sock.bind((mine, 0))
        sock.settimeout(5)

        def change():
            if asked:
                asked.clear()
                set_password(sock, server, file)
                print("password set", flush=True)

        try:
            sock.connect((server, 179))
            print("connected", flush=True)
            print("down: %s" % session(sock, int(asn), is_v6, change), flush=True)
        except OSError as problem:
            print("down: %s" % os.strerror(problem.errno or 0), flush=True)
        sock.close()
        time.sleep(1)


if __name__ == "__main__":
    main()
