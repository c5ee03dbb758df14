#!/usr/bin/python3
"""Repeat the histories' comparison with a decoder that is not ours.

history --dump DIR wrote everything that the members received as MRT (received.mrt) and the oracle's
final tables as text (expected.txt).  Here bgpdump decodes the MRT, line by line, in order; each
member's table is rebuilt from its lines and compared with the expected one.  On the way, every
single announcement is checked against DESIGN 7.2: a member never receives its own route.

usage: verify.py DIR
"""

import collections
import subprocess
import sys


def member_mark(address: str) -> str:
    """The community that routes of this member carry: the low 16 bits of its ASN (world.c)."""
    if ":" in address:
        return f"65000:{int(address.rsplit(':', 1)[1], 16) - 0x100 + 100}"
    octets = [int(o) for o in address.split(".")]
    return f"65000:{octets[2] * 256 + octets[3] - 0x100 + 100}"


def replay(path: str):
    """Tables by (history, member), number of announcements, and those that broke the rule."""
    tables = collections.defaultdict(dict)
    announced = own = 0
    marks = {}
    dump = subprocess.Popen(["bgpdump", "-m", path], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)
    for line in dump.stdout:
        f = line.rstrip("\n").split("|")
        key = (f[1], f[3])
        if f[2] == "A":
            announced += 1
            med = f[10] or "0"
            tables[key][f[5]] = (f[6], f[7], f[8], med, f[11])
            mark = marks.get(f[3])
            if mark is None:
                mark = marks[f[3]] = member_mark(f[3])
            if mark in f[11].split():
                own += 1
        elif f[2] == "W":
            tables[key].pop(f[5], None)
        elif f[2] == "STATE":
            tables[key].clear()
    noise = dump.stderr.read()
    if dump.wait() != 0:
        sys.exit(f"verify: bgpdump failed: {noise}")
    return tables, announced, own, noise


def expected_tables(path: str):
    tables = collections.defaultdict(dict)
    with open(path, encoding="ascii") as f:
        for line in f:
            history, member, prefix, as_path, origin, hop, med, community = \
                line.rstrip("\n").split("|")
            tables[(history, member)][prefix] = (as_path, origin, hop, med, community)
    return tables


def main() -> int:
    folder = sys.argv[1]
    tables, announced, own, noise = replay(f"{folder}/received.mrt")
    expected = expected_tables(f"{folder}/expected.txt")
    compared = wrong = 0
    for key in sorted(expected.keys() | tables.keys()):
        table, held = expected.get(key, {}), tables.get(key, {})
        for prefix in table.keys() | held.keys():
            compared += 1
            if table.get(prefix) != held.get(prefix):
                wrong += 1
                if wrong <= 10:
                    print(f"verify: history {key[0]} member {key[1]} {prefix}: "
                          f"holds {held.get(prefix)}, expected {table.get(prefix)}")
    print(f"verify: bgpdump decoded {announced} announcements; {compared} routes of "
          f"{len(expected)} tables compared, {wrong} wrong; {own} own routes received; "
          "members that take several paths of a prefix (RFC 7911) left out")
    if noise.strip():
        print(f"verify: bgpdump complained: {noise.strip()[:500]}")
    return 0 if wrong == 0 and own == 0 and compared > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
