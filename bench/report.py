"""What scripts/bench makes of its measurements: medians, tables, plots, a page.

Pure: measurements go in, text comes out; bench/selftest.py holds every bar and every point of a
plot to its number.  A measurement is a dictionary: `work`, `scenario`, `server`, `status` (0: it
counts) and what causeway-bench said.  The page is one file without anything from elsewhere; it
follows the reader's light or dark setting.
"""

import html
import math
import statistics

# Of each scenario: (title, key, number format).
_FLAWS = (("wrong", "wrong", "%.0f"), ("missing", "missing", "%.0f"), ("stale", "stale", "%.0f"),
          ("superfl.", "superfluous", "%.0f"), ("own back", "own", "%.0f"),
          ("lost", "lost", "%.0f"))
# Figure 12: prefixes in an UPDATE, as the members say and hear them.
_PACKING = (("in/UPDATE", "packed_in", "%.2f"), ("out/UPDATE", "packed_out", "%.2f"))
_COLD = (("up ms", "up_ms", "%.0f"), ("converge ms", "converge_ms", "%.0f"),
         ("CPU ms", "cpu_ms", "%.0f"), ("CPU ns/delivery", "cpu_ns_per_delivery", "%.1f"),
         ("after up", "converge_ns_per_delivery", "%.1f"), ("start kB", "memory_kb_start", "%.0f"),
         ("up kB", "memory_kb_up", "%.0f"), ("converged kB", "memory_kb_converged", "%.0f"))
_LATE = (("p50 us", "p50_us", "%.0f"), ("p99 us", "p99_us", "%.0f"), ("max us", "max_us", "%.0f"),
         ("then p50", "loaded_p50_us", "%.0f"), ("then p99", "loaded_p99_us", "%.0f"))
_WORSE = (*_LATE, ("p99 ratio", "p99_ratio", "%.2f"), ("before kB", "memory_kb_before", "%.0f"),
          ("after kB", "memory_kb_after", "%.0f"))
COLUMNS = {
    "down_up": (("down ms", "down_ms", "%.1f"), ("its CPU ms", "down_cpu_ms", "%.1f"),
                ("back ms", "back_ms", "%.1f"), ("its CPU ms", "back_cpu_ms", "%.1f")),
    "churn": (("changes", "changes", "%.0f"), ("CPU us/change", "churn_cpu_us_per_change", "%.0f"),
              ("ns/route heard", "churn_cpu_ns_per_route", "%.0f"),
              ("settle ms", "settle_ms", "%.1f")),
    "change": (*_LATE, ("then max", "loaded_max_us", "%.0f")),
    "beside": (("one ms", "one_ms", "%.0f"), ("rules", "one_rules_ms", "%.1f"),
               ("VRP ms", "vrp_ms", "%.0f"), ("rules", "vrp_rules_ms", "%.1f"),
               ("all ms", "all_ms", "%.0f"), ("since read", "all_since_data_ms", "%.0f"),
               ("rules", "all_rules_ms", "%.1f"), ("same: sent", "same_sent", "%.0f"),
               ("p99 us", "p99_us", "%.0f"), ("max us", "max_us", "%.0f"),
               ("beside p99", "loaded_p99_us", "%.0f"), ("beside max", "loaded_max_us", "%.0f"),
               ("filters MiB", "filters_mib", "%.1f")),
    "registry": (("load s", "registry_load_s", "%.1f"),
                 ("change: answer ms", "registry_toggle_answer_ms", "%.0f"),
                 ("UPDATE", "registry_toggle_update_ms", "%.0f"),
                 ("in force", "registry_toggle_took_ms", "%.1f"),
                 ("new: in force", "registry_new_took_ms", "%.1f"),
                 ("session full", "registry_view_full_took_ms", "%.1f"),
                 ("customers-peers", "registry_view_customers_peers_took_ms", "%.1f"),
                 ("own-tenant", "registry_view_own_tenant_took_ms", "%.1f"),
                 ("default", "registry_view_default_took_ms", "%.1f"),
                 ("none", "registry_view_none_took_ms", "%.1f"),
                 ("lost: UPDATE", "registry_lost_update_ms", "%.0f"),
                 ("p99 us", "p99_us", "%.0f"), ("beside p99", "loaded_p99_us", "%.0f"),
                 ("beside max", "loaded_max_us", "%.0f")),
    "stalled": _WORSE,
    "flapper": (*_WORSE, ("flaps/s", "flaps_per_s", "%.0f")),
    "growth": (("all ms", "all_ms", "%.0f"), ("CPU ms", "cpu_ms", "%.0f"),
               ("ns/delivery, few", "growth_first_ns", "%.1f"),
               ("ns/delivery, all", "growth_last_ns", "%.1f")),
}
# Of each scenario, what is drawn as bars: (title, key, unit).
_COLD_BARS = (("Time until all have all", "converge_ms", "ms"),
              ("CPU for a delivery", "cpu_ns_per_delivery", "ns"),
              ("Memory with all routes", "memory_kb_converged", "kB"))
BARS = {
    "down_up": (("Withdrawn everywhere", "down_ms", "ms"), ("Back everywhere", "back_ms", "ms")),
    "churn": (("CPU for a change", "churn_cpu_us_per_change", "us"),),
    "change": (), "growth": (),
    "beside": (("One member's filter", "one_ms", "ms"), ("All filters", "all_ms", "ms"),
               ("p99, beside changes / before", "p99_ratio", "")),
    "registry": (("A change until the UPDATE", "registry_toggle_update_ms", "ms"),
                 ("A new session of its tenant's view in force",
                  "registry_view_own_tenant_took_ms", "ms")),
    "stalled": (("p99, the one stalled / before", "p99_ratio", ""),),
    "flapper": (("p99, the one flapping / before", "p99_ratio", ""),),
}
COLOURS = {"causewayd": "#0072b2", "bird": "#e69f00", "frr": "#009e73", "openbgpd": "#cc79a7",
           "gobgp": "#8a8a8a"}
BIN_STEP = 2 ** (1 / 3)  # A latency bin's end over its start; the first starts at 1 us.

BAR_LEFT, BAR_WIDTH, BAR_HEIGHT, BAR_STEP, BAR_TOP = 90, 420, 16, 24, 30
PLOT_LEFT, PLOT_TOP, PLOT_WIDTH, PLOT_HEIGHT = 60, 30, 480, 200


def good(results):
    return [one for one in results if one["status"] == 0]


def median(results, key):
    """Of the measurements that count; None where there are none."""
    values = [one[key] for one in good(results) if key in one]
    return statistics.median(values) if values else None


def median_list(results, key):
    """Element by element, of lists of the same length."""
    lists = [one[key] for one in good(results) if key in one]
    shortest = min(map(len, lists), default=0)
    return [statistics.median(one[i] for one in lists) for i in range(shortest)]


def by_work(results):
    """{work: {server: [measurement]}}, in the order in which they came."""
    works = {}
    for one in results:
        works.setdefault(one["work"], {}).setdefault(one["server"], []).append(one)
    return works


def _shown(value, style):
    return "-" if value is None else style % value


def rows(servers, scenario):
    """(titles, a row for each server) of one work: medians; flaws are summed over all runs."""
    columns = (*COLUMNS.get(scenario, _COLD), *_PACKING)
    titles = ["server", *(title for title, _, _ in columns), *(title for title, _, _ in _FLAWS),
              "failed"]
    table = []
    for server, results in servers.items():
        sums = [style % sum(one.get(key, 0) for one in results) for _, key, style in _FLAWS]
        table.append([server, *(_shown(median(results, key), style) for _, key, style in columns),
                      *sums, "%d/%d" % (len(results) - len(good(results)), len(results))])
    return titles, table


def text_table(titles, table):
    widths = [max(len(row[i]) for row in (titles, *table)) for i in range(len(titles))]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(row, widths))
                     for row in (titles, *table))


def ratios(servers, key):
    """{server: how many times as much as the first one}, of medians."""
    first = median(next(iter(servers.values())), key)
    others = {name: median(results, key) for name, results in servers.items()}
    return {name: value / first for name, value in list(others.items())[1:]
            if value is not None and first}


def _svg(width, height, label, body):
    return ('<svg viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">\n'
            '%s</svg>\n' % (width, height, width, height, html.escape(label), body))


def _text(x, y, words, kind="", anchor="start"):
    return '<text x="%.1f" y="%.1f" class="%s" text-anchor="%s">%s</text>\n' % (
        x, y, kind, anchor, html.escape(words))


def number(value):
    """For people: 12,345 or 12.3 or 0.0123."""
    return "{:,.0f}".format(value) if value >= 100 else "%.3g" % value


def bars(title, values, unit):
    """Horizontal bars of {server: value}, from 0, on a linear scale."""
    most = max(values.values(), default=0) or 1
    body = _text(0, 14, title, "title")
    for i, (server, value) in enumerate(values.items()):
        y = BAR_TOP + i * BAR_STEP
        width = value / most * BAR_WIDTH
        body += _text(BAR_LEFT - 8, y + 12, server, "", "end")
        body += ('<rect x="%d" y="%d" width="%.2f" height="%d" fill="%s"><title>%s</title></rect>\n'
                 % (BAR_LEFT, y, width, BAR_HEIGHT, COLOURS.get(server, "#555"),
                    html.escape("%s: %s %s" % (server, number(value), unit))))
        body += _text(BAR_LEFT + width + 6, y + 12, "%s %s" % (number(value), unit), "value")
    return _svg(BAR_LEFT + BAR_WIDTH + 110, BAR_TOP + len(values) * BAR_STEP + 6, title, body)


class Scale:
    """From numbers to places on an axis; logarithmic, or linear from 0."""

    def __init__(self, low, high, start, length, is_log):
        self.is_log, self.start, self.length = is_log, start, length
        self.low, self.high = (math.log10(low), math.log10(high)) if is_log else (0, high)
        if self.high <= self.low:
            self.high = self.low + 1

    def at(self, value):
        place = math.log10(value) if self.is_log else value
        return self.start + (place - self.low) / (self.high - self.low) * self.length

    def ticks(self):
        if not self.is_log:
            return [self.high * i / 4 for i in range(5)]
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        steps = (1,) if self.high - self.low > 3 else (1, 2, 5)
        return [step * 10.0 ** d for d in decades for step in steps
                if self.low - 1e-9 <= math.log10(step) + d <= self.high + 1e-9]


def _axes(x, y, x_title, y_title):
    body = ""
    for value in x.ticks():
        at = x.at(value)
        body += '<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>\n' % (
            at, at, PLOT_TOP, PLOT_TOP + PLOT_HEIGHT)
        body += _text(at, PLOT_TOP + PLOT_HEIGHT + 14, number(value), "tick", "middle")
    for value in y.ticks():
        at = y.at(value)
        body += '<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/>\n' % (
            PLOT_LEFT, PLOT_LEFT + PLOT_WIDTH, at, at)
        body += _text(PLOT_LEFT - 5, at + 4, number(value), "tick", "end")
    body += _text(PLOT_LEFT + PLOT_WIDTH / 2, PLOT_TOP + PLOT_HEIGHT + 30, x_title, "", "middle")
    return body + _text(4, PLOT_TOP - 6, y_title)


def lines(title, series, x_title, y_title, is_log_y=True):
    """Lines of {server: [(x, y)]}; x is logarithmic.  The points are the numbers."""
    points = [point for line in series.values() for point in line]
    if not points:
        return ""
    x = Scale(min(p[0] for p in points), max(p[0] for p in points), PLOT_LEFT, PLOT_WIDTH, True)
    y = Scale(min(p[1] for p in points), max(p[1] for p in points), PLOT_TOP + PLOT_HEIGHT,
              -PLOT_HEIGHT, is_log_y)
    body = _text(0, 14, title, "title") + _axes(x, y, x_title, y_title)
    for i, (server, line) in enumerate(series.items()):
        colour = COLOURS.get(server, "#555")
        path = " ".join("%.2f,%.2f" % (x.at(a), y.at(b)) for a, b in line)
        body += ('<polyline fill="none" stroke="%s" stroke-width="2" points="%s">'
                 "<title>%s</title></polyline>\n" % (colour, path, html.escape(server)))
        top = PLOT_TOP + 12 + 18 * i
        body += '<rect x="%d" y="%d" width="12" height="4" fill="%s"/>\n' % (
            PLOT_LEFT + PLOT_WIDTH + 12, top - 5, colour)
        body += _text(PLOT_LEFT + PLOT_WIDTH + 30, top, server)
    return _svg(PLOT_LEFT + PLOT_WIDTH + 110, PLOT_TOP + PLOT_HEIGHT + 40, title, body)


def latency_points(bins):
    """[(microseconds, per cent)] of a histogram's bins, from the first to the last that counts."""
    total = sum(bins)
    used = [i for i, count in enumerate(bins) if count]
    return [(BIN_STEP ** (i + 0.5), 100 * bins[i] / total)
            for i in range(used[0], used[-1] + 1)] if used else []


def plots(servers, scenario):
    """The SVG of one work."""
    out = ""
    for title, key, unit in BARS.get(scenario, _COLD_BARS):
        values = {name: median(results, key) for name, results in servers.items()}
        values = {name: value for name, value in values.items() if value is not None}
        out += bars(title, values, unit) if values else ""
    for title, key in (("Latency of a change", "latency_bins"),
                       ("Latency of a change, then", "loaded_latency_bins")):
        series = {name: latency_points(summed(results, key)) for name, results in servers.items()}
        series = {name: line for name, line in series.items() if line}
        out += lines(title, series, "microseconds until the last member has it", "% of changes",
                     is_log_y=False) if series else ""
    for title, key, unit in (("CPU for a delivery", "growth_ns_per_delivery", "ns"),
                             ("Time for the table", "growth_ms", "ms"),
                             ("Memory", "growth_memory_kb", "kB")):
        series = {name: list(zip(median_list(results, "growth_members"),
                                 median_list(results, key))) for name, results in servers.items()}
        series = {name: line for name, line in series.items() if line}
        out += lines(title, series, "members", unit) if series else ""
    return out


def summed(results, key):
    """Histograms of all runs as one."""
    return [sum(column) for column in zip(*(one[key] for one in good(results) if key in one))]


STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #5b6570; --paper: #fff; --grid: #d9dee3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --dim: #9aa4ae; --paper: #14171a; --grid: #31373d; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
svg { display: block; margin: 1rem 0; max-width: 100%; height: auto; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .title { font-weight: 600; font-size: 13px; }
svg .tick, svg .value { fill: var(--dim); }
svg .grid { stroke: var(--grid); stroke-width: 1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid var(--grid); }
th { color: var(--dim); font-weight: 500; } td:first-child, th:first-child { text-align: left; }
.note { color: var(--dim); }
"""


def html_table(titles, table):
    head = "".join("<th>%s</th>" % html.escape(title) for title in titles)
    body = "".join("<tr>%s</tr>\n" % "".join("<td>%s</td>" % html.escape(cell) for cell in row)
                   for row in table)
    return '<div class="scroll"><table><tr>%s</tr>\n%s</table></div>\n' % (head, body)


def page(facts, results, notes):
    """The whole page; `facts` are lines about machine and servers, `notes` one for each work."""
    body = "".join("<p>%s</p>\n" % html.escape(fact) for fact in facts)
    for work, servers in by_work(results).items():
        scenario = next(iter(servers.values()))[0]["scenario"]
        body += "<h2>%s</h2>\n<p class=\"note\">%s</p>\n" % (
            html.escape(work), html.escape(notes.get(work, "")))
        body += html_table(*rows(servers, scenario)) + plots(servers, scenario)
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            "<title>Route servers, measured</title><style>%s</style></head>\n<body>\n"
            "<h1>Route servers, measured side by side</h1>\n%s</body></html>\n" % (STYLE, body))
