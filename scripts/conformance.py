#!/usr/bin/python3
"""docs/conformance.md claims nothing that is not in the tree.

    scripts/conformance.py      0 when every file, test and row of test data that it names exists,
                                and every row of its tables names at least one test

What a table's last column may say, cut at commas and semicolons:
    test_open: a, b             Tests a and b of test_open.c (or "all"); a path may stand before it
    s: a                        the same, where the text above the table says `path` (s)
    malformed: A, B             rows A and B of tests/data/malformed_updates.txt
    `tests/interop/x/run`       a file, or a pattern of files
"""

import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TABLE = os.path.join(ROOT, "docs", "conformance.md")
DATA = os.path.join(ROOT, "tests", "data", "malformed_updates.txt")
WIRE_TESTS = "tests/unit/wire"
SESSION_TESTS = "tests/unit/session"
HOMES = (WIRE_TESTS, SESSION_TESTS, "tests/unit/attr", "tests/unit/core", "tests/unit/table")
CODE_HOMES = ("", "rib/wire", "rib/attr", "dataplane/session", "dataplane", "rib/table")
TEST = re.compile(r"^Test\(\s*\w+\s*,\s*(\w+)", re.MULTILINE)
QUOTED = re.compile(r"`([^`]+)`")
SHORT = re.compile(r"`(tests/[^`]+\.c)` \((\w)\)")
LEAD = re.compile(r"^(?:`?([\w/]*/)?(test_\w+|[a-z])(?:\.c)?`?)(?:: *(.*))?$")
MORE = ("…", "...")
NAME = re.compile(r"^\w+$")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def data_rows():
    return {line.split("|")[0].strip() for line in read(DATA).splitlines()
            if line.strip() and not line.startswith("#")}


def find(name, homes, ends):
    """The first file of that name in one of the folders; None when there is none."""
    for home in homes:
        path = os.path.join(ROOT, home, name + ends)
        if glob.glob(path):
            return path
    return None


class Checker:
    def __init__(self):
        self.faults = []
        self.claims = 0
        self.short = {}
        self.rows = data_rows()
        self.number = 0

    def fault(self, text):
        self.faults.append("docs/conformance.md:%d: %s" % (self.number, text))

    def test_file(self, folder, name):
        if name in self.short:
            return os.path.join(ROOT, self.short[name])
        return find(name, (folder,) if folder else HOMES, ".c")

    def check_test(self, path, name):
        self.claims += 1
        if name.endswith(MORE):  # A prefix: at least one test begins so.
            start = name.rstrip("….")
            if not any(found.startswith(start) for found in TEST.findall(read(path))):
                self.fault("no test begins with '%s' in %s" % (start, os.path.relpath(path, ROOT)))
        elif name != "all" and name not in TEST.findall(read(path)):
            self.fault("no test '%s' in %s" % (name, os.path.relpath(path, ROOT)))

    def check_data_row(self, name):
        # "ORIGIN twice: the first counts" has a colon, other rows a comma: what was cut there.
        if name in MORE or name in self.rows:
            self.claims += name in self.rows
            return
        self.fault("no row '%s' in tests/data/malformed_updates.txt" % name)

    def check_path(self, name):
        self.claims += 1
        if not re.search(r"[./]", name):
            return
        for variant in alternatives(name):
            if find(variant, CODE_HOMES + HOMES, "") is None:
                self.fault("no file '%s'" % variant)

    def check_tests(self, cell):
        """Every claim of a test column, in order; what stands before a name holds until the next
        lead."""
        path, is_data = None, False
        for part in re.split(r"; *", cell):
            lead, _, rest = part.partition(": ")
            if lead.strip() == "malformed":
                for name in self.split_rows(re.sub(r" \(.*\)$", "", rest)):
                    self.check_data_row(name)
                continue
            for word in re.split(r", *(?![^(]*\))", re.sub(r" \([^)]*\)", "", part)):
                word = word.strip()
                found = LEAD.match(word)
                if found and (found.group(3) or found.group(2).startswith("test_")):
                    path = self.test_file((found.group(1) or "").rstrip("/"), found.group(2))
                    if path is None:
                        self.fault("no test file for '%s'" % word)
                        continue
                    self.check_test(path, found.group(3) or "all")
                elif QUOTED.match(word):
                    self.check_path(QUOTED.match(word).group(1))
                elif NAME.match(word.rstrip("….")) and path is not None:
                    self.check_test(path, word)
                elif word not in MORE:
                    self.fault("not understood: '%s'" % word)

    def split_rows(self, text):
        """Names of test data, of which some hold commas: the longest that exist."""
        words = [word.strip() for word in text.split(",")]
        while words:
            for count in range(len(words), 0, -1):
                name = ", ".join(words[:count])
                if name in self.rows or count == 1:
                    yield name
                    words = words[count:]
                    break

    def check_row(self, line):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        before = self.claims
        for cell in cells[1:-1]:
            for name in QUOTED.findall(cell):
                self.check_path(name)
        files = self.claims
        self.check_tests(cells[-1])
        if self.claims == files:
            self.fault("a row without a test")
        return self.claims - before

    def run(self):
        lines = read(TABLE).splitlines()
        for self.number, line in enumerate(lines, 1):
            if line.startswith("#"):
                self.short = {}
            self.short.update({name: path for path, name in SHORT.findall(line)})
            is_head = self.number < len(lines) and lines[self.number].startswith("|--")
            if line.startswith("| ") and not is_head:
                self.check_row(line)


def alternatives(pattern):
    """`wire_{attr,nlri}` stands for two names."""
    found = re.search(r"\{([^}]*)\}", pattern)
    if not found:
        return [pattern]
    return [pattern[:found.start()] + word + pattern[found.end():]
            for word in found.group(1).split(",")]


def main():
    checker = Checker()
    checker.run()
    for fault in checker.faults:
        print(fault)
    print("%d claims, %d without what they name" % (checker.claims, len(checker.faults)))
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main())
