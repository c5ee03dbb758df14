"""Scenarios of policy: who announces what, and who must get what of it, in which form.

A scenario is a list of cases, each one route of one member in both families.  What is expected is
written beside what is announced; nothing here works it out from the rules.  Every member's own
table must hold exactly what the cases say, and the server must say of each route whether it took
it and, if not, with which of arouteserver's codes it was refused.
"""

import ipaddress
import json
import os
import shutil
import sys
import time
from typing import NamedTuple, Optional

from lab import netns
from lab import route as routes
from lab.check import Checks
from lab.exchange import Exchange, wait_until
from lab.netns import LabError, quiet
from lab.peers.bird import Bird, parse_routes
from lab.peers.exabgp import Exabgp
from lab.route import Route, community, extended
from lab.server import PLACE, Causewayd

FAMILIES = (4, 6)
UP_S = 120     # Bounds, not expectations.
WITHDRAWN = -1  # In place of a code: an error in the route, RFC 7606; nothing of it is kept.
ANY_CODE = -2   # It is refused for a reason that arouteserver has no code for.
STILL_S = 15   # What has not changed for so long is not going to be right.
MAIN = PLACE + """\
include: [general.yml, clients.yml]
"""


class Sent(NamedTuple):
    """A route as a member gets it; what is None is as it was announced."""
    path: Optional[str] = None
    std: str = ""
    ext: str = ""
    lrg: str = ""
    hop: Optional[object] = None


class Case(NamedTuple):
    name: str
    by: str                  # Who announces it.
    prefix: tuple            # (IPv4, IPv6); None: not in that family.
    path: str = ""           # Behind the member's own AS, or whole when it begins with "=".
    std: str = ""
    ext: str = ""
    lrg: str = ""
    hop: Optional[object] = None  # A member's name or a number on the LAN; None: its own address.
    code: Optional[object] = None  # The code with which it is refused; None: it is accepted.
    gets: Optional[dict] = None   # {"names": Sent}; None: all others, without communities.
    tags: tuple = ()         # (std, ext, lrg) that the server's own view of it must have.
    text: str = ""           # In `rejected`.


def words(text, parse):
    return tuple(sorted(map(parse, text.split())))


def parse_extended(text):
    kind, asn, value = text.split(":")
    return extended({"rt": 2, "ro": 3}[kind], int(asn), int(value))


def parse_large(text):
    return tuple(map(int, text.split(":")))


class PolicyMember:
    """Place and name of a scenario's member, mixed into the router's class."""

    def __init__(self, run, name, number, asn, server):
        self.name = name
        super().__init__(run, number, asn, "198.18.2.%d" % number, server)

    takes_own_as = False  # Does it keep a route that has its own AS in the path?

    def address(self, family):
        return place(family, self.number)

    def carrier(self, family):
        """The family of the session that carries the routes of `family`."""
        return family


def place(family, number):
    return ("198.18.1.%d" if family == 4 else "2001:db8:0:1::1:%d") % number


class PolicyBird(PolicyMember, Bird):
    can_add_paths = False  # To receive several paths.

    def prepare(self):
        super().prepare()
        with open(self.file("bird.conf")) as file:
            text = file.read()
        hops = "".join("\tif net = %s then bgp_next_hop = %s;\n" % (prefix, one.next_hop)
                       for family in FAMILIES for prefix, one in self.routes[family].items()
                       if one.next_hop != self.address(self.carrier(family)))
        text = text.replace("\taccept;\n", hops + "\taccept;\n", 1)
        if self.can_add_paths:
            text = text.replace("import all;", "add paths rx; import all;")
        self.write("bird.conf", text)

    def _more(self, family):
        yield from super()._more(family)
        yield "\n\tinterpret communities off;"  # It sends what has NO_EXPORT, too.

    def _settings(self, family, route):
        return super()._settings(family, route._replace(next_hop=self.address(family)))

    def paths(self, family):
        """{prefix: [Route]} of all that it has from the server."""
        return parse_paths(self.birdc("show", "route", "table", "master%d" % family, "all",
                                      "protocol", "rs%d" % self.carrier(family)))


def parse_paths(text):
    """`show route all` of several paths: those after a prefix's first are shown without it."""
    found, prefix, lines = {}, None, []
    for number, line in enumerate(text.splitlines()):
        first = line.split(None, 1)[0] if line.strip() else ""
        if line[:1] not in ("\t", "") and ("/" in first or " unicast [" in line):
            prefix = first if "/" in first else prefix
            line = "%d/%s %s" % (number, prefix, line.split(None, 1)[1])
        lines.append(line)
    for name, one in parse_routes("\n".join(lines)).items():
        found.setdefault(name.split("/", 1)[1], []).append(one)
    return found


class PolicyExabgp(PolicyMember, Exabgp):
    takes_own_as = True  # It looks for no loops.

    def paths(self, family):
        return {prefix: [one] for prefix, one in self.table(family).items()}


class PolicyServer(Causewayd):
    """causewayd with an exchange's general.yml and clients.yml, as arouteserver has them."""
    asn = 999

    def __init__(self, run):
        super().__init__(run)
        self.files = {}  # {name: text or what becomes JSON}, beside the configuration.
        self.more_root = ""

    def configure(self, members):
        os.makedirs(self.file("state"), exist_ok=True)
        for name, content in self.files.items():
            with open(self.file(name), "w") as file:
                file.write(content if isinstance(content, str) else json.dumps(content))
        with open(self.file("causeway.yml"), "w") as file:
            file.write(MAIN.format(device=self.device, address4=self.address(4),
                                   address6=self.address(6), dir=self.dir) + self.more_root)

    def rows(self, member, family, *more):
        """{prefix: row} of `routes --from`."""
        document = json.loads(self.causeway("--json", "routes", "--from",
                                            member.address(member.carrier(family)), *more))
        rows = document["routes"] if isinstance(document, dict) else document
        return {row["prefix"]: row for row in rows if (":" in row["prefix"]) == (family == 6)}


class View:
    """What everybody says at one moment."""

    def __init__(self, lab):
        self.held = {(one.name, family): one.paths(family)
                     for one in lab.members for family in FAMILIES}
        self.accepted, self.refused = {}, {}
        for name in {case.by for case in lab.cases}:
            for family in FAMILIES:
                member = lab.member(name)
                self.accepted[name, family] = lab.server.rows(member, family)
                self.refused[name, family] = lab.server.rows(member, family, "--filtered")

    def gist(self):
        """What moves as long as something happens."""
        return self.held, [
            {name: {prefix: row.get("rejected") for prefix, row in rows.items()}
             for name, rows in side.items()} for side in (self.accepted, self.refused)]


class Scenario(Exchange):
    """An exchange whose members, files and cases the test gives."""

    def __init__(self, run, folder, members):
        super().__init__(run, PolicyServer)
        self.members = [kind(run, name, number, asn, self.server)
                        for kind, name, number, asn in members]
        self.cases = []
        self.prepends = set()  # Names of members with prepend_rs_as.
        for name in ("general.yml", "clients.yml"):
            with open(os.path.join(folder, name)) as file:
                self.server.files[name] = file.read()

    def hop(self, case, family, hop):
        announcer = self.member(case.by)
        if not isinstance(hop, int):
            hop = self.member(hop).number if hop else announcer.number
        return place(announcer.carrier(family), hop)

    def path(self, case):
        text = case.path[1:] if case.path.startswith("=") else "%d %s" % (
            self.member(case.by).asn, case.path)
        return routes.parse_path(text)

    def others(self, name):
        """Who keeps what this member announces, when all is sent to all."""
        mine = self.member(name)
        return [one.name for one in self.members
                if one is not mine and (one.asn != mine.asn or one.takes_own_as)]

    def announced(self, case, family):
        return Route(path=self.path(case), next_hop=self.hop(case, family, case.hop),
                     communities=words(case.std, community), large=words(case.lrg, parse_large),
                     extended=words(case.ext, parse_extended))

    def deal(self, cases):
        self.cases = list(cases)
        for case in self.cases:
            for family in FAMILIES:
                prefix = prefix_of(case, family)
                if prefix:
                    table = self.member(case.by).routes[family]
                    if prefix in table:
                        raise LabError("%s announces %s twice" % (case.by, prefix))
                    table[prefix] = self.announced(case, family)
        self._expect()

    def redeal(self, cases):
        """Other expectations of what is announced already, or of a part of it."""
        announced = {(one.name, family): set(one.routes[family])
                     for one in self.members for family in FAMILIES}
        self.cases = list(cases)
        for case in self.cases:
            for family in FAMILIES:
                prefix = prefix_of(case, family)
                if prefix and prefix not in announced[case.by, family]:
                    raise LabError("%s does not announce %s" % (case.by, prefix))
        self._expect()

    def restart(self, is_fresh=False):
        """The server, with the files as they are now; fresh: without what it has kept."""
        self.server.stop()
        if is_fresh:
            shutil.rmtree(self.server.file("state"))
        self.server.start(self.members)
        if not wait_until(self.are_up, UP_S, 0.2):
            raise LabError("not all sessions come back:\n%s" % self.server.tail())

    def _expect(self):
        self.wanted = {(one.name, family): {} for one in self.members for family in FAMILIES}
        for case in self.cases:
            for family in FAMILIES:
                for name, route in self.receivers(case, family):
                    table = self.wanted[name, family]
                    table.setdefault(prefix_of(case, family), []).append(route)

    def receivers(self, case, family):
        if case.code is not None or not prefix_of(case, family):
            return
        plain = self.announced(case, family)
        gets = case.gets
        if gets is None:
            gets = {" ".join(self.others(case.by)): Sent()}
        for names, sent in gets.items():
            for name in names.split():
                path = plain.path if sent.path is None else routes.parse_path(sent.path)
                if name in self.prepends:
                    path = (self.server.asn, *path)
                yield name, Route(
                    path=path, communities=words(sent.std, community),
                    large=words(sent.lrg, parse_large), extended=words(sent.ext, parse_extended),
                    next_hop=plain.next_hop if sent.hop is None else place(family, sent.hop))

    def run_all(self):
        """Build, start everybody, and wait until all sessions are up."""
        self.build()
        self.server.start(self.members)
        self.start()
        wait_until(lambda: all(member.is_asked for member in self.members), UP_S, 0.1)
        if not wait_until(self.are_up, UP_S, 0.2):
            raise LabError("not all sessions come up: %s\n%s" % (
                {(one.name, family): one.is_up(family) for one in self.members
                 for family in FAMILIES}, self.server.tail()))

    def are_up(self):
        return all(member.is_up(family) for member in self.members for family in FAMILIES)

    def settle(self):
        """Look until all is as expected, or nothing moves any more."""
        deadline = time.monotonic() + UP_S
        last, since = None, time.monotonic()
        while True:
            view = View(self)
            now = time.monotonic()
            if not any(self.wrong(view, case, family) for case in self.cases
                       for family in FAMILIES) and not self.strangers(view):
                return view
            if view.gist() != last:
                last, since = view.gist(), now
            if now - since > STILL_S or now > deadline:
                return view
            time.sleep(0.5)

    def wrong(self, view, case, family):
        """What is not as the case says, in words."""
        prefix = prefix_of(case, family)
        if not prefix:
            return []
        found = self._wrong_at_server(view, case, family, prefix)
        for member in self.members:
            want = self.wanted[member.name, family].get(prefix, [])
            have = view.held[member.name, family].get(prefix, [])
            if sorted(want, key=repr) != sorted(have, key=repr):
                found.append("%s has %s\n  expected %s" % (
                    member.name, " | ".join(map(routes.text, have)) or "nothing",
                    " | ".join(map(routes.text, want)) or "nothing"))
        return found

    def _wrong_at_server(self, view, case, family, prefix):
        if case.code == WITHDRAWN:
            return ["the server keeps it"] if any(
                prefix in side[case.by, family] for side in (view.accepted, view.refused)) else []
        there = view.refused if case.code is not None else view.accepted
        row = there[case.by, family].get(prefix)
        if row is None:
            other = view.accepted if case.code is not None else view.refused
            seen = other[case.by, family].get(prefix)
            return ["the server says %s" % (seen if seen else "nothing of it")]
        found = []
        code = case.code[FAMILIES.index(family)] if isinstance(case.code, tuple) else case.code
        if code not in (None, ANY_CODE) and row.get("reject_code") != code:
            found.append("refused with code %s (%s), not %d" % (
                row.get("reject_code"), row.get("rejected"), code))
        if case.text not in row.get("rejected", ""):
            found.append("refused because '%s', not '%s'" % (row.get("rejected"), case.text))
        for key, tags in zip(("communities", "ext_communities", "large_communities"), case.tags):
            if sorted(row.get(key, ())) != sorted(tags.split()):
                found.append("the server shows %s %s, not %s" % (key, row.get(key), tags))
        return found

    def strangers(self, view):
        """Prefixes that somebody holds and nobody announces: [(member, family, prefix)]."""
        known = {prefix for one in self.members for family in FAMILIES
                 for prefix in one.routes[family]}
        return [(name, family, prefix) for (name, family), table in view.held.items()
                for prefix in table if prefix not in known]

    def check(self, checks, title=""):
        """One check for each case and family, then one for what nobody expects."""
        view = self.settle()
        for case in self.cases:
            for family in FAMILIES:
                if prefix_of(case, family):
                    found = self.wrong(view, case, family)
                    checks.add(not found, "%s%s, %s: %s" % (
                        title and title + ": ", case.name, prefix_of(case, family),
                        self.summary(case, family)), "\n".join(found))
        strangers = self.strangers(view)
        checks.add(not strangers, "%snobody holds what was not announced" % (
            title and title + ": "), "%s" % strangers)
        return view

    def explain(self, case, family, *words):
        """`causeway explain` of the case's prefix, or why it does not."""
        try:
            return self.server.causeway("explain", prefix_of(case, family), *words)
        except LabError as problem:
            return str(problem)

    def summary(self, case, family):
        if case.code is not None:
            code = case.code[FAMILIES.index(family)] if isinstance(case.code, tuple) else case.code
            return {WITHDRAWN: "treated as withdrawn", ANY_CODE: "refused"}.get(
                code, "refused with code %d" % code)
        names = [name for name, _ in self.receivers(case, family)]
        return "accepted, sent to %s" % (" ".join(names) or "nobody")


def prefix_of(case, family):
    """Spelled as the routers spell it."""
    text = case.prefix[FAMILIES.index(family)]
    return str(ipaddress.ip_network(text)) if text else None


def irr_file(irr):
    """{name of the file: what bgpq4 -j would say of an AS-SET}, for {AS-SET: (ASNs, prefixes)}."""
    files = {}
    for name, (asns, prefixes) in irr.items():
        documents = [{"NN": list(asns)}] + [
            {"NN": [{"prefix": one, "exact": True} for one in prefixes
                    if (":" in one) == is_six]} for is_six in (False, True)]
        files["%s.json" % name] = "\n".join(json.dumps(one) for one in documents) + "\n"
    return files


def roa_file(roas, aspas=()):
    """roas.json in the form of rpki-client and the validators' exports, for (prefix, longest,
    origin) and (customer, providers)."""
    return {"roas.json": {
        "roas": [{"prefix": prefix, "maxLength": longest, "asn": asn, "ta": "test"}
                 for prefix, longest, asn in roas],
        "aspas": [{"customer_asid": customer, "providers": list(providers)}
                  for customer, providers in aspas]}}


def play(name, acts):
    """A test program: `acts(run, checks)` in a run of its own; the exit status."""
    if os.geteuid() != 0:
        print("%s: network namespaces need root" % name)
        return 77
    netns.raise_on_signal()
    netns.sweep_dead()
    checks = Checks(name)
    run = netns.Run()
    try:
        print("bird2 %s, exabgp %s" % tuple(
            quiet("dpkg-query", "-W", "-f", "${Version}", package)
            for package in ("bird2", "exabgp")), file=sys.stdout, flush=True)
        acts(run, checks)
    except LabError as problem:
        checks.add(False, "the lab: %s" % problem)
    finally:
        run.close()
    return checks.end()
