#!/usr/bin/python3
"""Sets everything up, builds, and runs the tests.

    sudo scripts/test             all suites
    sudo scripts/test SUITE...    only these: tidy unit sim fuzz interop policy journey browser

tidy     layers and tidiness of the sources; what the conformance table names exists
unit     the lab's own tests; the unit tests built with gcc, then the same under ASan, UBSan and
         LeakSanitizer (clang)
sim      whole servers in virtual time: seeded histories against the naive oracle, on links that
         fail and under attack, and once more with bgpdump as the decoder; the log's protocol in
         every order of its steps; then planted bugs, each of which one of these must find
fuzz     the corpora of the fuzz targets (scripts/fuzz finds them), each input replayed in the gcc
         build and under the sanitizers
interop  real routers in network namespaces: scripts/demo --once, then tests/interop/*/run
policy   arouteserver's scenarios with real routers: tests/policy/*/run
journey  the registry's whole path, with real routers, databases and sources: tests/journey/*/run
browser  the pages in Chromium: tests/browser/*/run

Of the last four, the runs that mostly wait for timers and routers go on, some at a time, beside the
suites that compute; those that load the machine or measure come after, one by one.

Ends with what failed, each with what its program said of it, and one line, "N passed, N failed",
with ", N skipped" if any; exit 0 only when none failed.
With CI=true a skip is a failure.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

from lab import house, netns  # noqa: E402

GCC, CLANG = "build", "build-asan"
SANITIZED = ("-Dwerror=true", "-Db_sanitize=address,undefined", "-Db_lundef=false",
             "-Dc_args=-fno-sanitize-recover=all -fno-omit-frame-pointer")
# Where the tables' histories lead is the gcc build's to find out, with three times as many seeds;
# what they touch on the way shows soon.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
              "UBSAN_OPTIONS": "print_stacktrace=1", "CAUSEWAY_HISTORIES": "40"}
HISTORIES = 1000
SEEN = re.compile(r"Synthesis: Tested: .*?(\d+).*?Passing: .*?(\d+).*?Failing: .*?(\d+)")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# A leak report does not make Criterion's test fail; nor does an error in a forked child always.
REPORT = re.compile(r"LeakSanitizer|ERROR: AddressSanitizer|runtime error:")
COUNTS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*$")
# What tells of a failure: what says so itself, or else what usually goes before an end.
TELLING = (re.compile(r"^\s*FAIL\b"),
           re.compile(r"Assertion Failed|assertion failed|Sanitizer|runtime error:|Traceback"
                      r"|^\w*(Error|Exception)\b|timed out|no end after"))
SKIP = 77  # The exit code that says "cannot run here".
CI = os.environ.get("CI") == "true"


class Tally:
    """Any thread may add to it."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []  # (what, the lines that tell of it)
        self.lock = threading.Lock()

    def add(self, what, passed=0, failed=0, skipped=0, detail="", output=""):
        """`detail` is shown now unless all passed; `output` was shown already."""
        text = "  %s  %s: %d passed, %d failed%s" % (
            "FAIL" if failed else "skip" if skipped and not passed else "ok  ", what, passed,
            failed, ", %d skipped" % skipped if skipped else "")
        if detail and (failed or skipped):
            text += "".join("\n    " + line for line in detail.rstrip().splitlines()[-200:])
        with self.lock:
            self.passed += passed
            self.failed += failed
            self.skipped += skipped
            if failed or (skipped and CI):
                self.failures.append((what, telling_lines(detail or output)))
            say(text)

    def say_failures(self):
        """Once more at the end: of a long log a reader may have no more than that."""
        for what, lines in self.failures:
            say("failed: " + what)
            for line in lines:
                say("    " + line)

    def line(self):
        text = "%d passed, %d failed" % (self.passed, self.failed)
        return text + (", %d skipped" % self.skipped if self.skipped else "")


def say(text):
    print(text, flush=True)


def telling_lines(output, most=24):
    """Of a program's output what tells of its failures, each with its next line, and the end."""
    lines = COLOUR.sub("", output).rstrip().splitlines()
    for pattern in TELLING:
        said = [i for i, line in enumerate(lines) if pattern.search(line)]
        if said:
            break
    chosen = sorted({i + j for i in said for j in (0, 1)})[:most]
    last = range(max(len(lines) - 6, chosen[-1] + 1 if chosen else 0, 0), len(lines))
    return [lines[i] for i in (*chosen, *last) if i < len(lines)]


def criterion_counts(output, is_ok):
    """(passed, failed) of one test program: Criterion's own sums, else the program is one."""
    found = SEEN.findall(COLOUR.sub("", output))
    if not found:
        return (1, 0) if is_ok else (0, 1)
    passed = sum(int(one[1]) for one in found)
    failed = sum(int(one[2]) for one in found)
    return passed, max(failed, 0 if is_ok else 1)


def meson_tests(tally, directory, label, *options, environment=None):
    """`meson test`, then its log: one JSON object for each test program."""
    path = os.path.join(ROOT, directory)
    log = os.path.join(path, "meson-logs", "testlog.json")
    if os.path.exists(log):
        os.unlink(log)
    house.execute(["meson", "test", "-C", path, "--no-rebuild", "--num-processes", "2", *options],
                  env={**os.environ, **(environment or {})})
    if not os.path.exists(log):
        tally.add(label, failed=1, detail="meson test left no log: no test ran")
        return
    with open(log, encoding="utf-8") as file:
        for line in file:
            done = json.loads(line)
            output = (done.get("stdout") or "") + (done.get("stderr") or "")
            name = "%s %s" % (label, done["name"].rpartition(" / ")[2].rpartition(":")[2])
            if done["result"] == "SKIP":
                tally.add(name, skipped=1, detail=output)
                continue
            passed, failed = criterion_counts(output, done["result"] in ("OK", "EXPECTEDFAIL"))
            if REPORT.search(output) and not failed:
                failed = 1
            if done["result"] == "TIMEOUT":
                output += "\ntimed out"
            tally.add(name, passed, failed, detail=output)


def program(tally, name, argv, environment=None, timeout=1500):
    """A test program that counts for itself in its last line, or counts as one."""
    began = time.monotonic()
    status, output = house.execute(argv, show=True, timeout=timeout,
                                   env={**os.environ, **(environment or {})})
    count(tally, name, time.monotonic() - began, status, output)


class Beside:
    """Test programs that mostly wait, `width` of them at once beside whatever else goes on, and
    before it: what waits for timers must not wait for a compiler, too.  Each one's output comes
    when it ends."""

    def __init__(self, tally, programs, width=3):
        self.tally, self.left, self.running = tally, list(programs.items()), set()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._work) for _ in range(width)]
        for thread in self.threads:
            thread.start()

    def _work(self):
        while True:
            with self.lock:
                if not self.left:
                    return
                name, argv = self.left.pop(0)
            began = time.monotonic()
            status, output = house.execute(["nice", "-n", "-5", *argv], timeout=1500,
                                           started=self.running.add)
            say("".join("    %s\n" % line for line in output.rstrip().splitlines()).rstrip())
            count(self.tally, name, time.monotonic() - began, status, output)

    def join(self):
        for thread in self.threads:
            thread.join()

    def stop(self):
        with self.lock:
            del self.left[:]
        for process in list(self.running):
            if process.poll() is None:
                process.terminate()
        self.join()


def count(tally, name, seconds, status, output):
    lines = output.rstrip().splitlines()
    found = COUNTS.search(lines[-1]) if lines else None
    what = "%s (%.0f s)" % (name, seconds)
    if status == SKIP:
        tally.add(what, skipped=1)
    elif found and (status == 0) == (int(found.group(2)) == 0):
        tally.add(what, *map(int, found.groups(default="0")), output=output)
    else:
        tally.add(what, passed=status == 0, failed=status != 0, output=output)
        if status != 0:
            say("    exit %d" % status)


def suite_tidy(tally):
    house.setup("build")
    for name in ("layers", "tidy", "conformance"):
        program(tally, name, [os.path.join(ROOT, "scripts", name + ".py")])


def suite_unit(tally):
    house.setup("build")
    program(tally, "lab", [os.path.join(ROOT, "tests", "support", "lab", "selftest.py")])
    program(tally, "report", [os.path.join(ROOT, "bench", "selftest.py")])
    house.build(GCC)
    meson_tests(tally, GCC, "gcc", "--no-suite", "sim", "--no-suite", "fuzz")
    house.build(CLANG, options=SANITIZED, compiler="clang")
    meson_tests(tally, CLANG, "sanitizers", "--no-suite", "sim", "--no-suite", "fuzz",
                "--timeout-multiplier", "4", environment=SANITIZERS)


def suite_sim(tally):
    house.setup("all")
    house.build(GCC)
    meson_tests(tally, GCC, "gcc", "--suite", "sim")
    history = os.path.join(ROOT, GCC, "tests", "sim", "history")
    folder = tempfile.mkdtemp(prefix="causeway-histories-")
    try:
        program(tally, "%d histories" % HISTORIES,
                [history, "--count", str(HISTORIES), "--dump", folder])
        program(tally, "decoded by bgpdump",
                [sys.executable, os.path.join(ROOT, "tests", "sim", "verify.py"), folder])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    program(tally, "planted bugs",
            [sys.executable, os.path.join(ROOT, "tests", "sim", "planted.py")])


def suite_fuzz(tally):
    """One count for each input of a corpus."""
    house.setup("build")
    folder = os.path.join(ROOT, "tests", "fuzz", "corpus")
    with open(os.path.join(os.path.dirname(folder), "meson.build")) as file:
        listed = file.read().split("fuzz_targets = {")[1].split("}")[0]
    targets = re.findall(r"'(\w+)':", listed)
    programs = ["tests/fuzz/replay_" + target for target in targets]
    for directory, label, options, compiler, environment in (
            (GCC, "gcc", ("-Dwerror=true",), None, None),
            (CLANG, "sanitizers", SANITIZED, "clang", SANITIZERS)):
        house.build(directory, options=options, compiler=compiler, targets=programs)
        for target, path in zip(targets, programs):
            program(tally, "%s %s" % (label, target),
                    [os.path.join(ROOT, directory, path), target, os.path.join(folder, target)],
                    environment=environment)


# Runs that load the machine, measure, or race with timers; the others mostly wait.
ALONE = ("abuse", "first_light", "flood", "graceful", "kernel", "llgr", "lossy", "memif", "paths",
         "replay", "restart", "rtr", "rtt", "scenarios", "thousand")
# Of those that wait, the longest: they begin first.
LONG = ("max_prefix", "collision", "roles", "md5", "ao")


def runs_of(suite):
    """{name: argv} of the programs `run` in the folders of a suite."""
    folder = os.path.join(ROOT, "tests", suite)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else ()
    runs = {name: [os.path.join(folder, name, "run")] for name in names
            if os.access(os.path.join(folder, name, "run"), os.X_OK)}
    if not runs:
        raise house.StepFailed("no run is in tests/%s" % suite)
    return runs


def begin_runs(tally, suites):
    """What those suites need, and those of their runs that wait: (Beside, the runs left).

    A run's name is the suite's and its own, for two suites have a run called communities."""
    house.setup("all")
    house.build(GCC)
    runs = {(suite, name): argv for suite in suites for name, argv in runs_of(suite).items()}
    order = sorted(runs, key=lambda run: (run[1] not in LONG, run))
    beside = Beside(tally, {" ".join(run): runs[run] for run in order if run[1] not in ALONE})
    return beside, {run: argv for run, argv in runs.items() if run[1] in ALONE}


def finish_runs(tally, suites, beside, alone):
    beside.join()
    if "interop" in suites:
        program(tally, "demo", [os.path.join(ROOT, "scripts", "demo"), "--once"])
    for run, argv in alone.items():
        program(tally, " ".join(run), argv)


COMPUTE = {"tidy": suite_tidy, "unit": suite_unit, "sim": suite_sim, "fuzz": suite_fuzz}
RUNS = ("interop", "policy", "journey", "browser")


def timed(tally, name, step, *arguments):
    """One step under its name; None when what it needs failed."""
    started = time.monotonic()
    say("== %s" % name)
    try:
        return step(tally, *arguments)
    except house.StepFailed as problem:
        tally.add(name, failed=1, detail=str(problem))
        return None
    finally:
        say("== %s took %.0f s" % (name, time.monotonic() - started))


def all_of(tally, wanted):
    suites = [name for name in RUNS if name in wanted]
    if suites and os.geteuid() != 0:
        for name in suites:
            tally.add(name, skipped=1, detail="network namespaces need root: sudo scripts/test")
        suites = []
    begun = timed(tally, "beginning " + " ".join(suites), begin_runs, suites) if suites else None
    try:
        for name, suite in COMPUTE.items():
            if name in wanted:
                timed(tally, name, suite)
        if begun:
            timed(tally, " ".join(suites), finish_runs, suites, *begun)
    finally:
        if begun:
            begun[0].stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    suites = (*COMPUTE, *RUNS)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=" ".join(suites))
    args = parser.parse_args()
    unknown = [name for name in args.suites if name not in suites]
    if unknown:
        print("test: no suite %s; there are %s" % (", ".join(unknown), ", ".join(suites)),
              file=sys.stderr)
        return 64
    netns.raise_on_signal()
    tally = Tally()
    all_of(tally, args.suites or suites)
    if CI and tally.skipped:
        say("CI: %d skipped count as failed" % tally.skipped)
        tally.failed, tally.skipped = tally.failed + tally.skipped, 0
    if tally.passed + tally.failed + tally.skipped == 0:
        tally.failed = 1
    tally.say_failures()
    say(tally.line())
    return 1 if tally.failed else 0


if __name__ == "__main__":
    house.open_standard_streams()
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
