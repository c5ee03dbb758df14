#!/usr/bin/python3
"""Decoding and encoding of real UPDATEs, in nanoseconds for each prefix.

    bench/codec.py [--build DIR] [FILE.gz|FILE.bz2]

Runs DIR/bench/micro_codec (default: build-bench, configured as a release build when it is missing)
on the UPDATEs of an MRT file and prints its one line of JSON.  Without a FILE it takes a recorded
session from ../shared/data beside the tree, or, where that is missing, makes UPDATEs of the table
dump in tests/data and says so.
"""

import bz2
import gzip
import os
import struct
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
RECORDED = os.path.join(ROOT, "../shared/data/mrt/bgpdump.updates.et-header.2015.gz")
DUMP = os.path.join(ROOT, "tests/data/routeviews.route-views.jinx.ribs.1401487200.bz2")
TABLE_DUMP_V2, RIB_IPV4_UNICAST = 13, 2
BGP4MP, BGP4MP_ET, MESSAGE_AS4 = 16, 17, 4
MESSAGE_MAX, HEADER = 4096, 23


def records(path):
    """(type, subtype, body) of an MRT file (RFC 6396 section 2)."""
    with (gzip if path.endswith(".gz") else bz2).open(path) as file:
        while len(header := file.read(12)) == 12:
            _, kind, subtype, length = struct.unpack("!IHHI", header)
            body = file.read(length)
            # RFC 6396 section 3: microseconds first.
            yield kind, subtype, body[4:] if kind == BGP4MP_ET else body


def recorded(body):
    """The BGP message of a BGP4MP_MESSAGE_AS4 record (RFC 6396 section 4.4.3)."""
    family = struct.unpack_from("!H", body, 10)[0]
    return body[12 + 2 * (4 if family == 1 else 16):]


def entries(body):
    """(attributes, prefix as NLRI) of a RIB record of IPv4 (RFC 6396 section 4.3.2)."""
    bits = body[4]
    at = 5 + (bits + 7) // 8
    prefix = body[4:at]
    count, at = struct.unpack_from("!H", body, at)[0], at + 2
    for _ in range(count):
        length = struct.unpack_from("!H", body, at + 6)[0]
        yield body[at + 8:at + 8 + length], prefix
        at += 8 + length


def packed(table):
    """UPDATEs that announce {attributes: [prefix]}."""
    for attributes, prefixes in table.items():
        room = MESSAGE_MAX - HEADER - len(attributes)
        while prefixes:
            nlri = b""
            while prefixes and len(nlri) + len(prefixes[-1]) <= room:
                nlri += prefixes.pop()
            yield (b"\xff" * 16 + struct.pack("!HBHH", HEADER + len(attributes) + len(nlri), 2, 0,
                                              len(attributes)) + attributes + nlri)


def messages(path):
    table = {}
    for kind, subtype, body in records(path):
        if kind in (BGP4MP, BGP4MP_ET) and subtype == MESSAGE_AS4:
            yield recorded(body)
        elif (kind, subtype) == (TABLE_DUMP_V2, RIB_IPV4_UNICAST):
            for attributes, prefix in entries(body):
                table.setdefault(attributes, []).append(prefix)
    yield from packed(table)


def binary(build):
    if not os.path.exists(os.path.join(build, "build.ninja")):
        subprocess.run(["meson", "setup", build, ROOT, "--buildtype=release", "-Dtests=false"],
                       check=True, stdout=sys.stderr)
    subprocess.run(["ninja", "-C", build, "bench/micro_codec"], check=True, stdout=sys.stderr)
    return os.path.join(build, "bench", "micro_codec")


def main():
    args = sys.argv[1:]
    build = os.path.join(ROOT, "build-bench")
    if args[:1] == ["--build"]:
        build, args = os.path.abspath(args[1]), args[2:]
    path = args[0] if args else RECORDED
    if not os.path.exists(path) and not args:
        print("codec: no recorded session here; UPDATEs are made of tests/data", file=sys.stderr)
        path = DUMP
    stream = b"".join(messages(path))
    return subprocess.run([binary(build)], input=stream, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
