#!/usr/bin/python3
"""The main job, shown on real routers with real routes.

    sudo scripts/demo           stays up afterwards, to play with, until Ctrl-C
    sudo scripts/demo --once    ends after the checks: 0 when every member holds exactly the
                                expected routes and the customer came and was protected, else 1

Installs what it needs (Debian packages, once), builds, puts causewayd and five routers into
network namespaces of their own, lets these announce real tables, and compares every route that
each router's own command line shows with what it should hold.  Then a customer with an ASN and
prefixes of its own becomes a member through the API, and a member tries to hijack them.  Leaves
nothing behind.
"""

import argparse
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from lab import house, netns, report  # noqa: E402
from lab.exchange import Exchange  # noqa: E402
from lab.onboarding import Onboarding, Server  # noqa: E402
from lab.relay import Relay  # noqa: E402

CONVERGE_S = 300
PLAY = """\
The lab is up.  Ctrl-C ends it and removes every trace.  To play, in another terminal as root:

  the server    {causeway} status
                {causeway} neighbors
                {causeway} explain {prefix} --to {bird4}
                {causeway} registry prefixes
                {causeway} routes --from {bird4} --filtered
  its log       tail -f {log}
  its pages     {url}/            looking glass; from afar: ssh -L {port}:127.0.0.1:{port}
                {url}/portal/     the customer's portal
    tokens      operator {operator}
                customer {customer}
"""


def say(text):
    print(text, flush=True)


def show_progress(exchange):
    """One line whenever the number of finished members changes, or every ten seconds."""
    last = [None, 0.0]

    def progress(wrong):
        done = len(exchange.members) - len({name for name, _ in wrong})
        now = time.monotonic()
        if done != last[0] or now - last[1] >= 10:
            say("  {:5.1f} s  {:,} routes delivered, {} of {} members complete".format(
                now - exchange.started, exchange.held(), done, len(exchange.members)))
            last[:] = [done, now]
    return progress


def play(exchange, guest):
    bird = exchange.member("bird")
    causeway = "%s --socket %s" % (os.path.join(ROOT, "build", "causeway"),
                                   exchange.server.file("control.sock"))
    relay = Relay(exchange.run)
    text = PLAY.format(
        causeway=causeway, bird4=bird.address(4), log=exchange.server.file("log"),
        prefix=next(iter(exchange.expected["bird", 4])), url=relay.url(),
        port=relay.server_address[1], operator=guest.operator.token, customer=guest.api.token)
    for member in exchange.members:
        text += "  %-13s ip netns exec %s %s\n" % (
            member.name, exchange.run.namespace(member.name), member.hint())
    text += "  a shell       ip netns exec %s bash    (tcpdump there shows the whole LAN)\n" % (
        exchange.run.namespace("lan"))
    say(text)
    while exchange.server.process.poll() is None:
        time.sleep(1)
    say("causewayd has ended:\n" + exchange.server.tail())
    return 1


def run_check(exchange):
    """Build, start, converge, compare, print; whether all is right."""
    exchange.build()
    say("reading tables and working out what every member should get ...")
    exchange.deal()
    say("starting {} and {}".format(exchange.server.version(),
                                    ", ".join(member.name for member in exchange.members)))
    exchange.server.start(exchange.members)
    exchange.start()
    say("  {:,} paths are announced".format(exchange.announced()))
    exchange.wait_converged(CONVERGE_S, progress=show_progress(exchange))
    cpu, memory = exchange.server.usage()
    say("asking every router's command line, comparing every route ...")
    verdicts = exchange.check_all()
    say("\n" + report.members(exchange, verdicts))
    say("\nserver: {:.1f} s of CPU, {:.0f} MiB of memory".format(cpu, memory))
    say("\n$ causeway neighbors\n" + exchange.server.causeway("neighbors"))
    right = True
    for (name, family), verdict in verdicts.items():
        if not verdict.is_right():
            right = False
            say("%s, IPv%d: %s" % (name, family, "\n    ".join(verdict.lines())))
    for problem in report.server_problems(exchange):
        right = False
        say(problem)
    compared = sum(verdict.compared for verdict in verdicts.values())
    say("{:,} routes compared, {}".format(
        compared, "every one as expected" if right else "and NOT all as expected"))
    return right


def welcome(exchange):
    """A customer comes; (Onboarding, whether all is right)."""
    say("\na customer comes, through the API of the registry ...")
    guest = Onboarding(exchange, say)
    right = guest.play()
    say("the customer is a member, its prefixes are protected" if right
        else "NOT all of it is as it should be")
    return guest, right


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--once", action="store_true", help="end after the check")
    args = parser.parse_args()
    if os.geteuid() != 0:
        print("demo: makes network namespaces and installs packages, so it needs root:"
              " sudo scripts/demo", file=sys.stderr)
        return 77
    netns.raise_on_signal()
    try:
        house.setup("all")
        house.build("build", targets=("causewayd", "causeway"))
    except house.StepFailed as problem:
        print("demo: %s" % problem, file=sys.stderr)
        return 1
    netns.sweep_dead()
    run = netns.Run()
    try:
        exchange = Exchange(run, Server)
        right = run_check(exchange)
        guest, came = welcome(exchange)
        if not args.once:
            return play(exchange, guest)
        right = right and came
        return 0 if right else 1
    except netns.LabError as problem:
        print("demo: %s" % problem, file=sys.stderr)
        return 1
    finally:
        run.close()


if __name__ == "__main__":
    house.open_standard_streams()
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
