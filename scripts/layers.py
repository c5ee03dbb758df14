#!/usr/bin/python3
"""Includes point one way.  The table below is the whole rule; docs/design.md says why.

    scripts/layers.py           checks the tree; 0 when every include is allowed
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOP = ("rib", "dataplane", "control", "bench", "tests")

# folder: the folders besides itself whose headers it may include.
BASE = ("rib/base",)
ATTR = ("rib/attr", *BASE)
WIRE = ("rib/wire", *ATTR)
POLICY = ("rib/policy", *ATTR)
TABLE = ("rib/table", "rib/policy", *WIRE)
NIC = ("dataplane/nic", *BASE)
NET = ("dataplane/net", *NIC)
TCP = ("dataplane/tcp", *BASE)  # Knows nothing of BGP.
SESSION = ("dataplane/session", *TABLE)  # Knows nothing of TCP.
CORE = ("dataplane/core", *SESSION, *NET, *TCP)
BELOW_CONTROL = CORE
ALLOWED = {
    "rib/base": (),
    "rib/attr": BASE,
    "rib/wire": ATTR,
    "rib/policy": ATTR,
    "rib/table": TABLE,
    "dataplane/nic": NIC,
    "dataplane/net": NET,
    "dataplane/tcp": TCP,
    "dataplane/session": SESSION,
    "dataplane/core": CORE,
    # What is registered: pure, and below the rest of control/.
    "control/registry": POLICY,
    # Inside control/ and bench/ any direction; never upwards into them.
    "control": ("control", *BELOW_CONTROL),
    "bench": ("bench", *BELOW_CONTROL),
    "tests": ("tests", "control", "bench", *BELOW_CONTROL),
}

# (headers of third parties, files or folders that may include them, why only those)
THIRD_PARTY = (
    (r"rte_", ("dataplane/nic/nic_dpdk.c", "dataplane/core/launch.c", "tests/unit/nic/test_dpdk.c"),
     "DPDK stays behind nic.h and launch.h"),
    (r"urcu", ("rib/base/epoch.c",), "liburcu stays behind epoch.h"),
    (r"nettle/", ("dataplane/tcp/md5.c", "dataplane/tcp/auth_mac.h", "dataplane/tcp/auth.c",
                  "dataplane/tcp/lanes.c", "control/registry/secret.c"),
     "digests of segments are tcp's, those of secrets the registry's"),
    (r"(sys/socket|sys/un|sys/epoll|netinet/|arpa/|net/|netdb|linux/|poll\.h)",
     ("control", "bench", "tests",
      "dataplane/nic/nic_dpdk.c",   # finds the driver's socket, to sleep on it
      "dataplane/nic/nic_packet.c", # a port that is an interface of the host's
      "dataplane/nic/nic_tap.c",    # the host's side of a port that it shares
      "dataplane/core/launch.c:net/if.h",  # if_nametoindex
      "rib/base/addr.c:arpa/inet.h"),      # the text of an address
     "kernel sockets are control's"),
    (r"rtrlib/", ("control/rpki/cache.c",), "RTR stays behind cache.h"),
    (r"unbound\.h", ("control/evidence/resolver.c",), "DNS stays behind resolver.h"),
    (r"hpdf", ("control/evidence/letter.c",), "PDF stays behind letter.h"),
    (r"gnutls/", ("control", "tests"), "certificates and TLS are control's"),
    (r"(jansson|libfyaml|microhttpd|sqlite3|libpq|systemd/)", ("control", "tests"),
     "formats and services are control's"),
)
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)


def sources():
    for top in TOP:
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(folder, name), ROOT)


def folder_of(path):
    """The key of ALLOWED that a file belongs to."""
    parts = path.split("/")
    for key in ("/".join(parts[:2]), parts[0]):
        if key in ALLOWED:
            return key
    return None


def is_within(path, places):
    return any(path == place or path.startswith(place + "/") for place in places)


def own_problem(path, included):
    """Why `path` may not include our header `included`; None if it may."""
    if not os.path.exists(os.path.join(ROOT, included)):
        return '"%s" is not there (includes are written from the root)' % included
    folder = folder_of(path)
    if folder is None:
        return "stands in a folder that the table does not know"
    if is_within(included, (folder, *ALLOWED[folder])):
        return None
    return '%s must not include "%s"' % (folder, included)


def foreign_problem(path, included):
    for pattern, places, why in THIRD_PARTY:
        if re.match(pattern, included):
            plain = [place for place in places if ":" not in place]
            if not is_within(path, plain) and "%s:%s" % (path, included) not in places:
                return "must not include <%s>: %s" % (included, why)
    return None


def cycles():
    """Folders of the table that reach themselves; the table itself must be sound."""
    def reach(folder, seen):
        for below in ALLOWED.get(folder, ()):
            if below not in seen and below != folder:
                seen.add(below)
                reach(below, seen)
        return seen
    return [folder for folder in ALLOWED if folder in reach(folder, set())]


def main():
    problems, files, includes = [], 0, 0
    for path in sorted(sources()):
        files += 1
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        for match in INCLUDE.finditer(text):
            includes += 1
            ours, foreign = match.groups()
            problem = own_problem(path, ours) if ours else foreign_problem(path, foreign)
            if problem:
                line = text.count("\n", 0, match.start(1 if ours else 2)) + 1
                problems.append("%s:%d: %s" % (path, line, problem))
    problems += ["scripts/layers.py: the table has a cycle through %s" % one for one in cycles()]
    for problem in problems:
        print(problem)
    print("layers: %d files, %d includes, %d problems" % (files, includes, len(problems)))
    return 1 if problems or files == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
