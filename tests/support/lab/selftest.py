#!/usr/bin/python3
"""Tests of the lab itself: a check that cannot fail is worth nothing.

Needs neither root nor routers; bgpdump, where it is installed, reads what our writer wrote.
"""

import io
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), ".."))

from lab import feeds, mrt, oracle, route, scenario  # noqa: E402
from lab.check import Verdict  # noqa: E402
from lab.peers import bird  # noqa: E402
from lab.route import Route  # noqa: E402

FULL = Route(path=(64501, 3257, frozenset((7, 8))), origin=2, next_hop="198.18.1.1", med=0,
             communities=(1 << 16 | 2,), large=((64501, 1, 2),),
             extended=(route.extended(2, 64501, 100),), aggregator=(7, "192.0.2.1"),
             is_atomic=True)


class Oracle(unittest.TestCase):
    """RFC 4271 section 9.1.2.2, in the order of its rules; a better route is first."""

    PAIRS = (
        ("path length", Route(path=(1, 2), origin=2), "9.9.9.9",
         Route(path=(1, 2, 3), origin=0), "1.1.1.1"),
        ("a set counts one", Route(path=(1, frozenset((2, 3)))), "1.1.1.1",
         Route(path=(1, 2), origin=1), "0.0.0.9"),
        ("origin", Route(path=(1,), origin=0, med=9), "9.9.9.9",
         Route(path=(1,), origin=1, med=1), "1.1.1.1"),
        ("MED of the same neighbour", Route(path=(1, 2), med=1), "9.9.9.9",
         Route(path=(1, 3), med=2), "1.1.1.1"),
        ("no MED of different neighbours", Route(path=(1, 2), med=9), "1.1.1.1",
         Route(path=(2, 2), med=1), "9.9.9.9"),
        ("an absent MED is 0", Route(path=(1,)), "9.9.9.9", Route(path=(1,), med=1), "1.1.1.1"),
        ("identifiers are numbers", Route(path=(1,)), "9.0.0.1", Route(path=(2,)), "10.0.0.1"),
    )

    def test_rules(self):
        for what, good, good_id, bad, bad_id in self.PAIRS:
            both = [(good, good_id, "198.18.1.9"), (bad, bad_id, "198.18.1.1")]
            for order in itertools.permutations(both):
                self.assertIs(oracle.best(list(order))[0], good, what)

    def test_addresses_decide_last(self):
        both = [(Route(path=(1,)), "1.1.1.1", "198.18.1.10"),
                (Route(path=(2,)), "1.1.1.1", "198.18.1.9")]
        self.assertIs(oracle.best(both), both[1])


    def test_what_a_receiver_makes_of_a_route(self):
        plain = Route(path=(1, 2), extended=(0x0002fbf500000001,))
        self.assertIsNone(oracle.received(plain._replace(path=(1, frozenset((2, 3))))))
        self.assertEqual(oracle.received(plain._replace(aggregator=(0, "192.0.2.1"))), plain)
        self.assertEqual(oracle.received(plain._replace(
            extended=(0x0002fbf500000001, 0x4300000000000001))), plain)


class Check(unittest.TestCase):
    def test_every_field_counts(self):
        other = {"path": (1,), "origin": 0, "next_hop": "x", "med": 5, "communities": (),
                 "large": (), "extended": (), "aggregator": None, "is_atomic": False}
        for field, value in other.items():
            shown = FULL._replace(**{field: value})
            self.assertEqual(route.differences(FULL, shown), [field])
            verdict = Verdict({"192.0.2.0/24": FULL}, {"192.0.2.0/24": shown}, frozenset())
            self.assertFalse(verdict.is_right(), field)

    def test_absent_med_is_not_zero(self):
        self.assertEqual(route.differences(FULL, FULL._replace(med=None)), ["med"])
        self.assertEqual(route.differences(FULL, FULL._replace(med=None), {"med-zero"}), [])
        self.assertEqual(route.differences(FULL, FULL._replace(med=1), {"med-zero"}), ["med"])

    def test_missing_extra_and_nothing(self):
        one = {"192.0.2.0/24": FULL}
        self.assertTrue(Verdict(one, dict(one), frozenset()).is_right())
        self.assertEqual(len(Verdict(one, {}, frozenset()).missing), 1)
        self.assertEqual(len(Verdict({}, one, frozenset()).extra), 1)
        self.assertFalse(Verdict({}, {}, frozenset()).is_right(), "comparing nothing is wrong")


class Tables(unittest.TestCase):
    ROWS = [(mrt.prefix_bytes("192.0.2.0/24"), [(0, FULL)]),
            (mrt.prefix_bytes("2001:db8::/33"), [(0, FULL._replace(next_hop="2001:db8::1"))])]
    PEER = mrt.Peer("192.0.2.9", "198.18.1.1", 4200000001)

    def written(self):
        stream = io.BytesIO()
        mrt.write(stream, [self.PEER], self.ROWS)
        return stream.getvalue()

    def test_what_was_written_is_read(self):
        import bz2
        with tempfile.NamedTemporaryFile() as file:
            file.write(bz2.compress(self.written()))
            file.flush()
            got = list(mrt.read(file.name))
        self.assertEqual(got, [(self.PEER, prefix, entries[0][1])
                               for prefix, entries in self.ROWS])

    @unittest.skipUnless(shutil.which("bgpdump"), "needs bgpdump")
    def test_bgpdump_reads_it(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(self.written())
            file.flush()
            text = subprocess.run(["bgpdump", "-m", file.name], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, text=True, check=True).stdout
        self.assertIn("|192.0.2.0/24|64501 3257 {7,8}|INCOMPLETE|198.18.1.1|0|0|1:2|AG|", text)
        self.assertIn("|2001:db8::/33|64501 3257 {7,8}|INCOMPLETE|2001:db8::1|", text)

    def test_the_data_is_what_its_readme_says(self):
        for name, asns, prefixes in ((feeds.FEEDS4, {2914, 3257, 13030}, 8691),
                                     (feeds.FEEDS6, {2914, 3257, 13030}, 5000)):
            rows = list(mrt.read(os.path.join(feeds.DATA, name)))
            self.assertEqual({peer.asn for peer, _, _ in rows}, asns)
            self.assertEqual(len({prefix for _, prefix, _ in rows}), prefixes)


class Birdc(unittest.TestCase):
    def test_all_attributes_are_read(self):
        text = """BIRD 2.0.12 ready.
Table master4:
192.0.2.0/24         unicast [rs4 23:50:12.000] (100) [AS3257?]
\tvia 198.18.1.1 on eth0
\tType: BGP univ
\tBGP.origin: Incomplete
\tBGP.as_path: 64501 3257 {7 8}
\tBGP.next_hop: 198.18.1.1
\tBGP.med: 0
\tBGP.local_pref: 100
\tBGP.atomic_aggr:
\tBGP.aggregator: 192.0.2.1 AS7
\tBGP.community: (1,2)
\tBGP.ext_community: (rt, 64501, 100)
\tBGP.large_community: (64501, 1, 2)
"""
        self.assertEqual(bird.parse_routes(text), {"192.0.2.0/24": FULL})


class Scenarios(unittest.TestCase):
    TWO = """BIRD 2.0.12 ready.
Table master4:
192.0.2.0/24         unicast [rs4 23:50:12.000] * (100) [AS3i]
\tvia 198.18.1.1 on eth0
\tType: BGP univ
\tBGP.origin: IGP
\tBGP.as_path: 1 3
\tBGP.next_hop: 198.18.1.1
                     unicast [rs4 23:50:12.000] (100) [AS3i]
\tvia 198.18.1.2 on eth0
\tBGP.origin: IGP
\tBGP.as_path: 2 3
\tBGP.next_hop: 198.18.1.2
192.0.3.0/24         unicast [rs4 23:50:12.000] * (100) [AS3i]
\tBGP.origin: IGP
\tBGP.as_path: 3
\tBGP.next_hop: 198.18.1.3
"""

    def test_a_prefix_may_have_several_paths(self):
        self.assertEqual(scenario.parse_paths(self.TWO), {
            "192.0.2.0/24": [Route(path=(1, 3), next_hop="198.18.1.1"),
                             Route(path=(2, 3), next_hop="198.18.1.2")],
            "192.0.3.0/24": [Route(path=(3,), next_hop="198.18.1.3")]})

    def test_what_is_not_as_the_case_says_is_found(self):
        case = scenario.Case("one", "AS1", ("192.0.2.0/24", None))
        lab = self.lab([case])
        plain, row = Route(path=(1,), next_hop="198.18.1.1"), {"192.0.2.0/24": {}}
        for held, accepted, refused, is_right in (
                ([plain], row, {}, True), ([], row, {}, False), ([plain], {}, {}, False),
                ([plain], {}, row, False), ([plain, plain], row, {}, False),
                ([plain._replace(communities=(1,))], row, {}, False)):
            found = lab.wrong(self.view(held, accepted, refused), case, 4)
            self.assertEqual(not found, is_right, found)

    def test_a_refusal_has_its_code(self):
        case = scenario.Case("one", "AS1", ("192.0.2.0/24", None), code=2)
        lab = self.lab([case])
        for code, is_right in ((2, True), (3, False), (None, False)):
            row = {"192.0.2.0/24": {"rejected": "because", "reject_code": code}}
            found = lab.wrong(self.view([], {}, row), case, 4)
            self.assertEqual(not found, is_right, found)

    def lab(self, cases):
        lab = scenario.Scenario.__new__(scenario.Scenario)
        server = type("", (), {"asn": 999})
        lab.server, lab.prepends = server, set()
        run = type("", (), {"dir": "/nowhere"})
        lab.members = [scenario.PolicyBird(run, "AS%d" % number, number, number, server)
                       for number in (1, 2)]
        lab.deal(cases)
        return lab

    def view(self, held, accepted, refused):
        view = scenario.View.__new__(scenario.View)
        view.held = {("AS1", 4): {}, ("AS2", 4): {"192.0.2.0/24": held} if held else {}}
        view.accepted, view.refused = {("AS1", 4): accepted}, {("AS1", 4): refused}
        return view


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=0)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    print("lab: %d passed, %d failed" % (result.testsRun - bad - len(result.skipped), bad))
    sys.exit(1 if bad else 0)
