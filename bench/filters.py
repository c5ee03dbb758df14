"""Figure 7: what a change of filters costs, and what it does to the others.

causewayd checks the prefixes of every member against a file of its AS-SET: the prefixes that the
member announces, and so many others that there are as many as asked for.  While causeway-bench's
`beside` times single changes (first alone, then beside what happens here), files and ROAs are
changed, in this order:

    one    one member's file: some of the prefixes that nobody announces
    vrp    one of many VRPs, about a prefix that is announced, so that its routes are judged again
    all    every member's file
    still  every file is written anew and is the same: nothing may be sent
    taken  one member's file is without one of its announced prefixes, and has it again

Of each: from the wish (`causeway irr refresh`) until the rules are in force everywhere, which is
seen by asking for `causeway status` again and again, and what the rules themselves took (from
publishing until the last worker judges by them).  Memory: resident when all is loaded, less that
of a server that checks no prefixes.
"""

import datetime
import json
import os
import socket
import statistics
import time

import pair
from pair import LabError
from servers import wait_for

FILL_FIRST = 64 << 24  # Prefixes that nobody announces: /24s from 64.0.0.0 on.
ORIGIN_FIRST = 200001  # Of the first prefix, see bench/plan.c.
VRPS = 500000
REPEATS = 5
GRACE_S = 30
PACE_S = 0.3  # Between changes.

IRR = """\
irr: {{files: {dir}/filters}}
rpki:
  files: [{dir}/vrps.json]
"""


def quad(number):
    return "%d.%d.%d.0" % (number >> 24, number >> 16 & 255, number >> 8 & 255)


def document(prefixes):
    """As bgpq4 -j writes it."""
    rows = ",\n".join('    { "prefix": "%s", "exact": true }' % prefix.replace("/", "\\/")
                      for prefix in prefixes)
    return '{ "irr": [\n%s\n] }\n' % rows


def fill(member, count, version):
    """Prefixes of a member's filter that nobody announces; another version has other ones."""
    first = FILL_FIRST + member * 7919 * 4096 % (1 << 29)
    return ["%s/24" % quad(first + 1024 * i + 256 * version) for i in range(count)]


def own(member, per_member):
    """What causeway-bench announces from there, see bench/plan.c."""
    first = (16 << 16) + member * per_member
    return ["%s/24" % quad((first + i) << 8) for i in range(per_member)]


def filtered(kind, per_member, size):
    """A server like `kind` whose members' prefixes are checked, or only their origins."""
    return type("Filtered" + kind.__name__, (Filtered, kind),
                {"per_member": per_member, "size": size})


class Filtered:
    per_member = size = 0

    def configure(self, setup):
        super().configure(setup)
        self.members = setup.members
        with open(self.file("causeway.yaml")) as file:
            text = file.read()
        if self.size:
            text = text.replace("enforce_prefix_in_as_set: false",
                                "enforce_prefix_in_as_set: true")
        text = text.replace("cfg:\n", IRR.format(dir=self.dir) + "cfg:\n", 1)
        text = text.replace("  filtering:\n", "  filtering:\n    rpki_bgp_origin_validation:"
                            " {enabled: true, reject_invalid: true}\n", 1)
        self.write("causeway.yaml", text)
        os.makedirs(self.file("filters"))
        for member in range(len(self.members) if self.size else 0):
            self.put(member, 2, suffix="other")
            self.put(member, 0)
        self.put_vrps("vrps.json", 24)
        self.put_vrps("vrps.other", 25)

    def replace(self, name, text):
        """As one does it with files that others read."""
        self.write(name + ".new", text)
        os.rename(self.file(name + ".new"), self.file(name))

    def put(self, member, version, without=0, suffix="json"):
        prefixes = own(member, self.per_member)[without:]
        prefixes += fill(member, max(0, self.size - len(prefixes)), version)
        self.replace("filters/AS%d.%s" % (self.members[member][1], suffix), document(prefixes))

    def put_vrps(self, name, max_length):
        """The first is about a prefix that is announced."""
        rows = ['{"asn":%d,"prefix":"%s","maxLength":%d,"ta":"t"}' % (
            ORIGIN_FIRST, own(0, 1)[0], max_length)]
        rows += ['{"asn":%d,"prefix":"%s/24","maxLength":24,"ta":"t"}' % (
            64496 + i % 16, quad(FILL_FIRST + 256 * i)) for i in range(VRPS - 1)]
        self.replace(name, '{"roas":[\n%s\n]}\n' % ",\n".join(rows))

    def ask(self, command, **more):
        """(end, rows) of an answer of the control socket."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(GRACE_S)
            link.connect(self.file("control.sock"))
            link.sendall(json.dumps({"command": command, **more}).encode() + b"\n")
            rows = []
            for line in link.makefile():
                answer = json.loads(line)
                if "row" in answer:
                    rows.append(answer["row"])
                if "end" in answer:
                    return answer["end"], rows
        raise LabError("the control socket does not answer %s" % command)

    def sent(self):
        """(prefixes, withdrawals) that all members together have been sent."""
        rows = [self.ask("neighbor", address=address)[1][0] for address, _ in self.members]
        return (sum(row["prefixes_sent"] for row in rows),
                sum(row["withdraws_sent"] for row in rows))

    def is_quiet(self):
        """Every file has been looked at, and nobody waits for rules."""
        return all(not row["is_asking"] and row["next_s"] > 1 for row in self.ask("irr")[1])

    def data_lines(self):
        """When files were read that were other than before; seconds since 1970."""
        with open(self.file("out"), errors="replace") as log:
            return [datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))
                    .timestamp() for line in log if 'event="irr data"' in line]


class Actor:
    """What is done to the server, and what it took."""

    def __init__(self):
        self.numbers = {}
        self.note = ""

    def beside(self, server, what):
        """Called by pair.Bench when causeway-bench says what it is time for."""
        if what == "beside":
            self.change(server)
        else:
            self.look_still(server)

    def change(self, server):
        victim = len(server.members) // 2
        one = []
        for i in range(REPEATS):
            server.put(victim, 1 - i % 2)
            one.append(self.refresh(server, 1, as_set="AS%d" % server.members[victim][1]))
            time.sleep(PACE_S)
        self.numbers["one_ms"] = statistics.median(took for took, _, _ in one)
        self.numbers["one_rules_ms"] = statistics.median(rules for _, rules, _ in one)
        self.vrp(server)
        time.sleep(PACE_S)
        for member in range(len(server.members)):
            os.rename(server.file("filters/AS%d.other" % server.members[member][1]),
                      server.file("filters/AS%d.json" % server.members[member][1]))
        took, rules, since_data = self.refresh(server, len(server.members))
        self.numbers.update(all_ms=took, all_rules_ms=rules, all_since_data_ms=since_data)
        time.sleep(PACE_S)

    def vrp(self, server):
        before = server.ask("status")[1][0]["policy"]["published"]
        begun = time.time()
        os.rename(server.file("vrps.other"), server.file("vrps.json"))
        rules = self.settle(server, lambda policy: policy["published"] > before)
        self.numbers.update(vrp_ms=(time.time() - begun) * 1e3, vrp_rules_ms=rules)

    def look_still(self, server):
        """Nobody changes anything: what is sent is sent because of us."""
        time.sleep(2 * PACE_S)  # Counters are told at leisure.
        before = server.sent()
        server.ask("irr_refresh")
        wait_for(server.is_quiet, "the files are not read again", GRACE_S)
        time.sleep(PACE_S)
        same = server.sent()
        self.numbers["same_sent"] = sum(same) - sum(before)
        name = "AS%d" % server.members[0][1]
        server.put(0, 1, without=1)
        took = self.refresh(server, 1, as_set=name)[0]
        wait_for(lambda: server.sent()[1] > same[1], "nothing is withdrawn", GRACE_S)
        time.sleep(PACE_S)
        gone = server.sent()
        server.put(0, 1)
        self.refresh(server, 1, as_set=name)
        time.sleep(PACE_S)
        back = server.sent()
        self.numbers.update(taken_ms=took, taken_withdrawn=gone[1] - same[1],
                            taken_sent=gone[0] - same[0], back_sent=back[0] - gone[0],
                            back_withdrawn=back[1] - gone[1])

    def refresh(self, server, count, **whom):
        """`count` files are others: milliseconds until all is in force, what the last rules took
        of them, and how long all was in force after the last file was read."""
        known = len(server.data_lines())
        begun = time.time()
        server.ask("irr_refresh", **whom)
        while len(server.data_lines()) < known + count:
            if time.time() > begun + GRACE_S:
                raise LabError("%d of %d changed files were read" % (
                    len(server.data_lines()) - known, count))
            time.sleep(0.002 if count == 1 else 0.05)
        rules = self.settle(server, lambda policy: True)
        end, read = time.time(), server.data_lines()[-1]
        return (end - begun) * 1e3, rules, (end - read) * 1e3

    @staticmethod
    def settle(server, is_it):
        """Until rules are in force everywhere; milliseconds that they took."""
        deadline = time.time() + GRACE_S
        while True:
            policy = server.ask("status")[1][0]["policy"]
            if not policy["is_publishing"] and is_it(policy):
                return policy["took_us"] / 1e3
            if time.time() > deadline:
                raise LabError("rules are not in force: %s" % policy)
            time.sleep(0.001)


def measure(bench, kind, work, timeout):
    """(exit status, what causeway-bench said, what was measured beside it)."""
    given = dict(zip(work.options[::2], work.options[1::2]))
    per_member, size = given["--prefixes"], work.filters
    plain = filtered(kind, per_member, 0)
    status, text = bench.measure(plain, work.members, hold=work.hold, timeout=timeout,
                                 options=["--prefixes", per_member], scenario="cold")
    if status != 0:
        return status, text, {}
    actor = Actor()
    without_kb = pair.parse(text)["memory_kb_converged"]
    status, text = bench.measure(filtered(kind, per_member, size), work.members, hold=work.hold,
                                 timeout=timeout, options=list(work.options), scenario="beside",
                                 beside=actor.beside)
    numbers = {**actor.numbers, "filter_prefixes": size * work.members,
               "plain_kb": without_kb}
    if status == 0:
        numbers["filters_mib"] = (pair.parse(text)["memory_kb_converged"] - without_kb) / 1024
        status = 0 if is_right(numbers, work.members) else 1
        text += "" if status == 0 else "more or less was sent than the change was about: %s\n" % (
            numbers)
    return status, text, numbers


def is_right(numbers, members):
    """Nothing is sent when nothing has changed; one route goes from everybody else, and comes."""
    return (numbers["same_sent"] == 0 and numbers["taken_sent"] == 0 and
            numbers["back_withdrawn"] == 0 and
            numbers["taken_withdrawn"] == numbers["back_sent"] == members - 1)
