#!/usr/bin/python3
"""A registry for tests: answers IRRd's queries out of a file that is read again for each question.

    whois.py PORT DATA LOG

DATA is JSON: {"sets": {"AS-X": ["AS64501", "AS-Y"]}, "routes": {"64501": {"4": [...], "6": [...]}},
"errors": ["AS-X"], "source": "RIPE"}.  Every query goes to LOG, one line each.

    !!  !nNAME  !tN              taken note of          !q           the end
    !s-lc                        DATA's source
    !sSOURCES                    without DATA's source (if it names one) nothing is found
    !a                           that set queries (below) are known, in IRRd's words
    !iSET[,1]                    members, with ,1 all the way down
    !a4SET  !a6SET               prefixes of all its AS numbers
    !gASn  !6ASn                 prefixes of one
    -r -T aut-num ASn            DATA's "objects" of it (texts, by AS number), as RIPE's server
"""

import json
import socketserver
import sys

PORT, DATA, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def load():
    with open(DATA) as file:
        return json.load(file)


def members(data, name, is_deep, seen=()):
    """Direct members, or the AS numbers of all sets below."""
    if name not in data["sets"]:
        return None
    found = []
    for member in data["sets"][name]:
        if not is_deep or not member.startswith("AS-"):
            found.append(member)
        elif member not in seen:
            found += members(data, member, True, (*seen, name)) or []
    return sorted(set(found))


def prefixes(data, number, family):
    return data["routes"].get(number, {}).get(family, [])


def of_set(data, name, family):
    found = members(data, name, True)
    if found is None:
        return None
    return [prefix for asn in found for prefix in prefixes(data, asn[2:], family)]


def reply(items):
    """None: no such object; else the items."""
    if items is None:
        return "D\n"
    text = " ".join(items)
    return "A%d\n%s\nC\n" % (len(text) + 1, text) if text else "C\n"


def answer(query, sources):
    data = load()
    if sources and data.get("source", sources[0]) not in sources:
        data = {"sets": {}, "routes": {}}
    name = query[2:].partition(",")[0].upper()
    if query == "!s-lc":
        return reply([data.get("source", "RIPE")])
    if query[:2] in ("!n", "!t", "!s"):
        return "C\n"
    if query == "!a":
        return "F Missing required set name for A query\n"
    if name in data.get("errors", ()) or name[1:] in data.get("errors", ()):
        return "F the database is being loaded\n"
    if query.startswith("!i"):
        return reply(members(data, name, query.endswith(",1")))
    if query.startswith(("!a4", "!a6")):
        return reply(of_set(data, name[1:], query[2]))
    if query.startswith(("!g", "!6")):
        return reply(prefixes(data, name[2:], "6" if query[1] == "6" else "4"))
    return "F unrecognized command\n"


def objects(number):
    """RPSL, or that there is none."""
    found = load().get("objects", {}).get(number.upper()[2:])
    return (found or "%ERROR:101: no entries found\n") + "\n"


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        sources = []
        for line in self.rfile:
            query = line.decode("ascii", "replace").strip()
            with open(LOG, "a") as log:
                log.write(query + "\n")
            if query.startswith("-"):
                self.wfile.write(objects(query.split()[-1]).encode())
                return
            if query == "!q":
                return
            if query.startswith("!s") and query != "!s-lc":
                sources = query[2:].split(",")
            if query != "!!":
                self.wfile.write(answer(query, sources).encode())


class Registry(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


with Registry(("127.0.0.1", PORT), Session) as registry:
    print("ready", flush=True)
    registry.serve_forever()
