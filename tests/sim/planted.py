#!/usr/bin/python3
"""A test of the tests: bugs planted on purpose, each of which the simulator, the model of the log's
protocol (tests/model), or the histories of a table alone (tests/unit/table) must find.

    tests/sim/planted.py [NAME...]

Copies the tree into a scratch folder and builds both there; then, for each
tests/sim/planted/*.edit (README.md there), plants the bug, builds what changed, and plays
histories, or orders of steps, until one fails.  A bug that is not found, and an edit that does not
apply, is a failure.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
EDITS = os.path.join(ROOT, "tests", "sim", "planted")
SEEDS = 400      # Within so many histories a bug must show.
SANE = 25        # Histories that must pass before anything is planted.
TIMEOUT = 120    # Seconds for them.
EDIT = re.compile(r"^file (\S+)\n<<<<\n(.*?)\n====\n(.*?)\n>>>>$", re.DOTALL | re.MULTILINE)

# What plays: its arguments, and how it names what failed.
PROGRAMS = {
    "history": ("tests/sim/history", ["--count", str(SEEDS), "--failures", "1"],
                re.compile(r"(?:FAILED|CRASHED) with (seed 0*\d+)")),
    "protocol": ("tests/model/protocol", ["--poison", "--limit", "50000"],
                 re.compile(r"protocol: (\w+)[^:\n]*: FAILED in the order")),
    "table": ("tests/unit/table/unit_table", ["--filter", "table/histories_in_which*"],
              re.compile(r"(seed \d+)")),
}
# What is freed is overwritten (--poison) only where glibc does not keep it for the thread.
POISONED = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
PROGRAM = re.compile(r"^program (\w+)((?: \w+)*)$", re.MULTILINE)


class DoesNotApply(Exception):
    pass


def parse(path):
    """(program that must find it, its words, [(file, what is there, what is planted)])"""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    found, program = EDIT.findall(text), PROGRAM.search(text)
    if not found:
        raise DoesNotApply("no edit in it")
    name = program.group(1) if program else "history"
    if name not in PROGRAMS:
        raise DoesNotApply("there is no program %s" % name)
    return name, program.group(2).split() if program else [], found


def plant(folder, edits):
    """Apply the edits; returns {file: its text before}."""
    before = {}
    for name, there, instead in edits:
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            raise DoesNotApply("%s is not there" % name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        pattern = r"\s+".join(re.escape(word) for word in there.split())
        if len(re.findall(pattern, text)) != 1:
            raise DoesNotApply("%s has this %d times, not once:\n%s" % (
                name, len(re.findall(pattern, text)), there))
        before.setdefault(name, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(re.sub(pattern, lambda _: instead, text))
    return before


def restore(folder, before):
    for name, text in before.items():
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)


def build(folder, *targets):
    done = subprocess.run(["ninja", "-C", "build", "-j2", *targets], cwd=folder,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise DoesNotApply("it does not compile:\n" + done.stdout[-2000:])


def play(folder, target, *options):
    """(exit code, output) up to the first failure."""
    argv = [os.path.join(folder, "build", target), *options]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=dict(os.environ, **POISONED), timeout=TIMEOUT, check=False)
    except subprocess.TimeoutExpired:
        return 0, "nothing within %d s" % TIMEOUT
    return done.returncode, done.stdout


def symptom(output):
    """The line that says what went wrong."""
    for line in output.splitlines():
        if not line.startswith("history: seeds") and " orders of up to " not in line:
            return line[:110]
    return ""


def scratch(folder):
    tree = os.path.join(folder, "tree")
    shutil.copytree(ROOT, tree, symlinks=True, ignore=lambda path, names: [
        name for name in names if path == ROOT and (name.startswith(("build-", "."))
                                                    or name == "build")])
    subprocess.run(["meson", "setup", "build", "--buildtype=plain", "-Doptimization=2"], cwd=tree,
                   stdout=subprocess.DEVNULL, check=True)
    build(tree, *(target for target, _, _ in PROGRAMS.values()))
    code, output = play(tree, "tests/sim/history", "--count", str(SANE))
    if code != 0:
        raise DoesNotApply("without any bug planted:\n" + output[-2000:])
    return tree


def hunt(tree, name):
    """Plant, build, play; (found, text)."""
    before = {}
    try:
        program, words, edits = parse(os.path.join(EDITS, name + ".edit"))
        target, options, who = PROGRAMS[program]
        before = plant(tree, edits)
        build(tree, target)
        code, output = play(tree, target, *options, *words)
    except DoesNotApply as problem:
        return False, "does not apply: %s" % problem
    finally:
        restore(tree, before)
    found = who.search(output)
    if code == 0 or not found:
        return False, "NOT FOUND by %s: %s" % (program, symptom(output))
    return True, "found by %s: %s" % (found.group(1), symptom(output))


def main():
    names = sys.argv[1:] or sorted(name[:-5] for name in os.listdir(EDITS)
                                   if name.endswith(".edit"))
    folder = tempfile.mkdtemp(prefix="causeway-planted-")
    passed = failed = 0
    try:
        tree = scratch(folder)
        for name in names:
            started = time.monotonic()
            is_found, text = hunt(tree, name)
            passed, failed = passed + is_found, failed + (not is_found)
            print("planted: %s (%.0f s): %s" % (name, time.monotonic() - started, text),
                  flush=True)
    except DoesNotApply as problem:
        print("planted: %s" % problem)
        failed += 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
