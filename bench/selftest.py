#!/usr/bin/python3
"""Tests of the report: what a plot shows is read back from its geometry and held to the numbers.

Needs neither root nor routers.
"""

import os
import re
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import report  # noqa: E402

BINS = [0] * 20 + [1, 3, 4, 2] + [0] * 24


def one(server, run=0, status=0, **numbers):
    return {"work": "w", "scenario": "cold", "server": server, "run": run, "status": status,
            "wrong": 0, **numbers}


def bars_of(svg):
    """{server: width of its bar}."""
    found = re.findall(r'<rect [^>]*width="([0-9.]+)"[^>]*><title>([a-z]+): ', svg)
    return {name: float(width) for width, name in found}


def is_bars(svg, values):
    """Whether the bars are these numbers: all there, and as long as they are large."""
    drawn, most = bars_of(svg), max(values.values())
    return drawn.keys() == values.keys() and all(
        abs(drawn[name] / report.BAR_WIDTH - value / most) < 1e-4
        for name, value in values.items()) and all(
        "%s ms</text>" % report.number(value) in svg for value in values.values())


def lines_of(svg):
    """{server: [(x, y)]} in the plot's own units."""
    return {name: [tuple(map(float, point.split(","))) for point in points.split()]
            for points, name in re.findall(r'points="([^"]*)"><title>([a-z]+)</title>', svg)}


class Medians(unittest.TestCase):
    def test_failed_runs_do_not_count(self):
        some = [one("bird", up_ms=1.0), one("bird", 1, up_ms=3.0), one("bird", 2, up_ms=2.0),
                one("bird", 3, status=1, up_ms=99.0)]
        self.assertEqual(report.median(some, "up_ms"), 2.0)
        self.assertIsNone(report.median(some, "nothing"))

    def test_ratios_are_to_the_first(self):
        servers = {"causewayd": [one("causewayd", up_ms=2.0)], "bird": [one("bird", up_ms=9.0)],
                   "frr": [one("frr", status=1, up_ms=1.0)]}
        self.assertEqual(report.ratios(servers, "up_ms"), {"bird": 4.5})

    def test_lists_are_taken_element_by_element(self):
        some = [one("bird", a=[1, 20]), one("bird", a=[3, 10]), one("bird", a=[2, 30])]
        self.assertEqual(report.median_list(some, "a"), [2, 20])

    def test_flaws_of_all_runs_show(self):
        servers = {"frr": [one("frr", own=5, lost=1), one("frr", 1, status=1, own=7, wrong=2)]}
        titles, table = report.rows(servers, "cold")
        row = dict(zip(titles, table[0]))
        self.assertEqual((row["own back"], row["wrong"], row["lost"], row["failed"]),
                         ("12", "2", "1", "1/2"))
        self.assertEqual(row["up ms"], "-")


class Bars(unittest.TestCase):
    VALUES = {"causewayd": 12.5, "bird": 800.0, "frr": 130.25}

    def test_a_bar_is_as_long_as_its_number(self):
        self.assertTrue(is_bars(report.bars("t", self.VALUES, "ms"), self.VALUES))

    def test_wrong_data_would_be_noticed(self):
        for name in self.VALUES:
            other = {**self.VALUES, name: self.VALUES[name] * 1.02}
            self.assertFalse(is_bars(report.bars("t", other, "ms"), self.VALUES), name)
        self.assertFalse(is_bars(report.bars("t", {"bird": 800.0}, "ms"), self.VALUES))
        swapped = dict(zip(self.VALUES, reversed(list(self.VALUES.values()))))
        self.assertFalse(is_bars(report.bars("t", swapped, "ms"), self.VALUES))

    def test_plots_draw_the_medians_of_the_measurements(self):
        servers = {name: [one(name, run, converge_ms=value * factor)
                          for run, factor in enumerate((1, 0.5, 2))]
                   for name, value in self.VALUES.items()}
        svg = report.plots(servers, "cold").partition("</svg>")[0]
        self.assertIn("Time until all have all", svg)
        self.assertTrue(is_bars(svg, self.VALUES))


class Lines(unittest.TestCase):
    SERIES = {"causewayd": [(100, 5.0), (1000, 5.2), (5000, 5.5)],
              "bird": [(100, 700.0), (1000, 900.0), (5000, 1500.0)]}

    def test_points_are_the_numbers(self):
        drawn = lines_of(report.lines("t", self.SERIES, "members", "ns"))
        x = report.Scale(100, 5000, report.PLOT_LEFT, report.PLOT_WIDTH, True)
        y = report.Scale(5, 1500, report.PLOT_TOP + report.PLOT_HEIGHT, -report.PLOT_HEIGHT, True)
        self.assertEqual(drawn.keys(), self.SERIES.keys())
        for name, line in self.SERIES.items():
            for (a, b), (left, top) in zip(line, drawn[name], strict=True):
                back_x = 10 ** (x.low + (left - x.start) / x.length * (x.high - x.low))
                back_y = 10 ** (y.low + (top - y.start) / y.length * (y.high - y.low))
                self.assertAlmostEqual(back_x / a, 1, delta=0.002)
                self.assertAlmostEqual(back_y / b, 1, delta=0.002)

    def test_ticks_stand_where_they_say(self):
        svg = report.lines("t", self.SERIES, "members", "ns")
        x = report.Scale(100, 5000, report.PLOT_LEFT, report.PLOT_WIDTH, True)
        for place, words in re.findall(r'<text x="([0-9.]+)"[^>]*class="tick" text-anchor="middle">'
                                       r'([0-9,.]+)<', svg):
            self.assertAlmostEqual(x.at(float(words.replace(",", ""))), float(place), delta=0.06)

    def test_latencies_are_shares_at_their_bins(self):
        points = report.latency_points(BINS)
        self.assertEqual([share for _, share in points], [10, 30, 40, 20])
        self.assertAlmostEqual(points[0][0], 2 ** (20.5 / 3))
        self.assertEqual(report.latency_points([0, 0]), [])

    def test_growth_is_drawn_for_each_server(self):
        servers = {name: [{**one(name), "scenario": "growth", "growth_members": [100, 1000],
                           "growth_ns_per_delivery": [ns, 2 * ns], "growth_ms": [1, 2],
                           "growth_memory_kb": [5, 6]}] for name, ns in (("bird", 700.0),
                                                                         ("frr", 90.0))}
        svg = report.plots(servers, "growth").partition("</svg>")[0]
        self.assertEqual({name: len(line) for name, line in lines_of(svg).items()},
                         {"bird": 2, "frr": 2})
        self.assertGreater(lines_of(svg)["frr"][0][1], lines_of(svg)["bird"][0][1], "90 is lower")


class Page(unittest.TestCase):
    RESULTS = [one("causewayd", up_ms=1.0, converge_ms=2.0, cpu_ns_per_delivery=3.0,
                   memory_kb_converged=4000, latency_bins=BINS),
               one("bird", up_ms=1.5, converge_ms=20.0, cpu_ns_per_delivery=60.0,
                   memory_kb_converged=900, latency_bins=BINS)]

    def test_it_is_whole_and_needs_nothing_from_elsewhere(self):
        text = report.page(["machine: <x>"], self.RESULTS, {"w": "what & how"})
        self.assertIn("machine: &lt;x&gt;", text)
        self.assertIn("what &amp; how", text)
        self.assertNotRegex(text, r"https?:|src=|href=|@import|<script|url\(")
        self.assertEqual(text.count("<svg"), 4)
        self.assertEqual(text.count("<svg"), text.count("</svg>"))
        self.assertIn("prefers-color-scheme: dark", text)

    def test_the_table_has_each_number(self):
        text = report.page([], self.RESULTS, {})
        for cell in ("20", "60.0", "900", "0/1"):
            self.assertIn("<td>%s</td>" % cell, text)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=0)
    result = program.result
    bad = len(result.failures) + len(result.errors)
    print("report: %d passed, %d failed" % (result.testsRun - bad, bad))
    sys.exit(1 if bad else 0)
