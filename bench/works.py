"""What scripts/bench does by itself: a list of works, each a scenario with its sizes."""

from typing import NamedTuple

import filters
import pair
import registry


class Work(NamedTuple):
    name: str
    note: str
    scenario: str
    members: int
    options: tuple = ()
    deliveries: int = 0  # About: who would take too long for them is left out.
    hold: int = 90
    filters: int = 0  # Prefixes in the filter of each member (bench/filters.py).
    authorisations: int = 0  # Of the registry (bench/registry.py).


QUICK = (
    Work("cold", "Cold start: 60 members x 40 prefixes, 4 in an attribute set.", "cold", 60,
         ("--prefixes", 40), 141600),
    Work("policy", "40 members x 40 prefixes; 10 % of the attribute sets leave four members out.",
         "policy", 40, ("--prefixes", 40), 60000),
    Work("overlap", "30 members x 60 prefixes, half of them also from a second member.",
         "overlap", 30, ("--prefixes", 60), 53000),
    Work("down_up", "4 of 40 members go at once, and come back at once.", "down_up", 40,
         ("--prefixes", 20, "--affected", 4), 31000),
    Work("change", "One change until the last of 40 members has it; then with 20 others a second.",
         "change", 40, ("--prefixes", 10, "--changes", 100, "--rate", 20), 16000),
    Work("growth", "10 announcers x 40 prefixes, to 100 and 200 members.", "growth", 200,
         ("--announcers", 10, "--prefixes", 40), 120000),
    Work("filters", "20 members x 10 prefixes, 1,000 prefixes in the filter of each.", "beside", 20,
         ("--prefixes", 10, "--seconds", 2), 4000, filters=1000),
    Work("registry", "1,000 authorisations of a tenant beside 10,000 routes.", "beside", 2,
         ("--prefixes", 10000, "--announcers", 1, "--seconds", 2), 10000, authorisations=1000),
)
FULL = (
    Work("cold", "Cold start: 1,000 members x 50 prefixes, 4 in an attribute set (figure 1).",
         "cold", 1000, ("--prefixes", 50), 49950000),
    Work("small cold", "100 members x 20 prefixes, for those who cannot do more.", "cold", 100,
         ("--prefixes", 20), 198000),
    Work("policy", "200 members x 100 prefixes; 10 % of the attribute sets leave four members out"
         " (figure 2).", "policy", 200, ("--prefixes", 100), 4000000),
    Work("no policy", "The same without.", "cold", 200, ("--prefixes", 100), 4000000),
    Work("overlap", "100 members x 500 prefixes, half of them also from a second member"
         " (figure 3).", "overlap", 100, ("--prefixes", 500), 4950000),
    Work("no overlap", "The same, each prefix from one member.", "cold", 100,
         ("--prefixes", 500), 4950000),
    Work("change", "One change until the last of 1,000 members has it; then with 100 others a"
         " second (figure 5).", "change", 1000, ("--prefixes", 10), 9990000),
    Work("down_up", "50 of 700 members go at once, and come back at once (figure 6).", "down_up",
         700, ("--prefixes", 50), 24000000),
    Work("churn", "200 members x 50 prefixes, 1,000 changes a second for five seconds.", "churn",
         200, ("--prefixes", 50), 4000000),
    Work("full table", "1,000,000 IPv4 and, where it can be, 230,000 IPv6 prefixes from one member"
         " to another.", "full_table", 2, (), 1230000),
    Work("sessions", "1,000 sessions, hold time 9 s, up for 20 s more (figure 9).", "sessions",
         1000, (), 100000, hold=9),
    Work("growth", "100 announcers x 20 prefixes, to 100 and up to 2,000 members (figure 10).",
         "growth", 2000, ("--prefixes", 20), 7000000),
    Work("filters", "Filters, ROAs and what is the same: 320 members x 94 prefixes, 10,000 prefixes"
         " in the filter of each (figure 7).", "beside", 320, ("--prefixes", 94), 9600000,
         filters=10000),
    Work("registry", "100,000 authorisations of a tenant beside 1,000,000 routes: single changes of"
         " the registry (figure 7).", "beside", 2,
         ("--prefixes", 1000000, "--announcers", 1, "--per-set", 7), 1000000,
         authorisations=100000),
    Work("stalled", "The others' changes beside one of 1,000 members that does not read"
         " (figure 13).", "stalled", 1000, ("--prefixes", 10), 9990000),
    Work("flapper", "The others' changes beside one of 1,000 members that flaps 10,000 times a"
         " second (figure 13).", "flapper", 1000, ("--prefixes", 10), 9990000),
)


def can_do(kind, work, patience_s):
    """None, or why this server is left out."""
    if work.members > kind.members_max:
        return "not with %d members" % work.members
    if work.scenario == "policy" and not kind.has_policy:
        return "no policy"
    if (work.filters or work.authorisations) and not kind.is_ours:
        return "only causewayd's rules are changed"
    seconds = kind.delivery_ns * work.deliveries / 1e9
    return "would take about %.0f s" % seconds if seconds > patience_s else None


def run_once(bench, kind, work, timeout):
    """(exit status, what was said) of one measurement."""
    return bench.measure(kind, work.members, hold=work.hold, timeout=timeout,
                         options=list(work.options), scenario=work.scenario)


def judge(kind, one, status):
    """A measurement of another server counts with its flaws, which the table shows, as long as
    every member ended with what it must hold; ours must have none."""
    if kind.is_ours:
        return 1 if one.get("own", 1) else status
    is_right = all(one.get(key) == 0 for key in ("missing", "wrong", "stale", "superfluous"))
    return 0 if is_right and "cpu_ms" in one else status or 1


def measure(bench, work, name, number, timeout):
    """One measurement as report.py wants it, and what to print when it failed."""
    kind = pair.SERVERS[name]
    more = {}
    if work.filters:
        status, text, more = filters.measure(bench, kind, work, timeout)
    elif work.authorisations:
        status, text, more = registry.measure(bench, kind, work, timeout)
    else:
        status, text = run_once(bench, kind, work, timeout)
    one = {**pair.parse(text), **more, "work": work.name, "server": name, "run": number,
           "scenario": "registry" if work.authorisations else work.scenario}
    one["status"] = judge(kind, one, status)
    return one, text
