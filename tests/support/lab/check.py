"""The check: what every member's own command line shows against what the oracle says."""

from lab import route as routes


class Verdict:
    """Of one member and family."""

    def __init__(self, expected, shown, blind):
        self.compared = len(expected)
        self.missing = [prefix for prefix in expected if prefix not in shown]
        self.extra = [prefix for prefix in shown if prefix not in expected]
        self.wrong = []  # (prefix, names of fields)
        for prefix, want in expected.items():
            have = shown.get(prefix)
            if have is not None:
                found = routes.differences(want, have, blind)
                if found:
                    self.wrong.append((prefix, found))
        self._expected, self._shown = expected, shown

    def is_right(self):
        return self.compared > 0 and not (self.missing or self.extra or self.wrong)

    def lines(self, limit=3):
        """Counts, then the first few of each kind in full."""
        yield "%d compared, %d missing, %d extra, %d wrong" % (
            self.compared, len(self.missing), len(self.extra), len(self.wrong))
        for prefix in self.missing[:limit]:
            yield "missing %s: %s" % (prefix, routes.text(self._expected[prefix]))
        for prefix in self.extra[:limit]:
            yield "extra %s: %s" % (prefix, routes.text(self._shown[prefix]))
        for prefix, fields in self.wrong[:limit]:
            yield "wrong %s (%s)" % (prefix, ", ".join(fields))
            yield "    expected %s" % routes.text(self._expected[prefix])
            yield "    shown    %s" % routes.text(self._shown[prefix])


class Checks:
    """Counts checks, prints each, and the line that scripts/test reads."""

    def __init__(self, name):
        self.name = name
        self.passed = self.failed = 0

    def add(self, is_true, what, detail=""):
        print("%s  %s" % ("pass" if is_true else "FAIL", what), flush=True)
        if not is_true and detail:
            print("      " + detail.replace("\n", "\n      "), flush=True)
        self.passed += bool(is_true)
        self.failed += not is_true

    def end(self):
        """Print the sum; the exit status."""
        print("%s: %d passed, %d failed" % (self.name, self.passed, self.failed), flush=True)
        return 0 if self.passed and not self.failed else 1
