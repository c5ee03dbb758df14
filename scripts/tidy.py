#!/usr/bin/python3
"""What a reader should not stumble over.

    scripts/tidy.py             checks the tree; 0 when it is tidy

C: files of at most 800 lines, functions of at most 70, no banned calls, no #if inside functions,
formatted as .clang-format says, every .c file named in a meson.build.  Pages: files of at most 800
lines.  All sources: lines of at most 100 columns (tabs of 8), no trailing space, no notes to
ourselves.
"""

import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TOP = ("rib", "dataplane", "control", "bench", "tests", "scripts", "packaging", ".ci")
FILE_LINES, FUNCTION_LINES, COLUMNS = 800, 70, 100

PAGES = (".js", ".mjs", ".css", ".html")

# (file, function): why it may be longer.
LONG_FUNCTIONS = {}
BANNED = {
    "strcpy": "no bound", "strcat": "no bound", "sprintf": "no bound", "vsprintf": "no bound",
    "gets": "no bound", "strtok": "hidden state", "alloca": "unbounded stack",
    "setjmp": "hidden control flow", "longjmp": "hidden control flow",
    "atoi": "no errors", "atol": "no errors", "rand": "not seeded by us", "srand": "global",
    "system": "a shell", "popen": "a shell",
}
CALL = re.compile(r"(?<![\w.>])(%s)\s*\(" % "|".join(BANNED))
NOTES = re.compile(r"\b(%s)\b" % "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")))
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'',
                               re.DOTALL)
LITERAL = re.compile(r'"(?:\\.|[^"\\])*"')
NAME = re.compile(r"(\w+)\s*\(")


def files():
    for top in TOP:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            # A fuzzer's inputs are no text, whatever they begin with.
            folders[:] = [name for name in folders
                          if name not in ("__pycache__", "corpus", "node_modules")]
            for name in names:
                path = os.path.join(folder, name)
                if is_text(path):
                    yield os.path.relpath(path, ROOT)


def is_text(path):
    if path.endswith((".c", ".h", ".def", ".py", ".sh", ".build", *PAGES)):
        return True
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def blank(match):
    """A comment or string without its content, but with its lines."""
    return re.sub(r"[^\n]", " ", match.group())


def check_lines(path, lines):
    for number, line in enumerate(lines, 1):
        # Test vectors stay in one piece; a meson.build lists files.
        shown = LITERAL.sub("", line) if path.startswith("tests/") else line
        if len(shown.expandtabs(8)) > COLUMNS and not path.endswith("meson.build"):
            yield number, "longer than %d columns" % COLUMNS
        if line != line.rstrip():
            yield number, "trailing space"
        if NOTES.search(line):
            yield number, "a note to ourselves; open an issue instead"


def functions(lines):
    """(name, first line, last line) of what stands between braces in column 0."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{" or (start is None and line.endswith("{") and ")" in line
                           and line[:1] not in "\t #}"):
            start = number
        elif line.startswith("}") and start is not None:
            head = start - 1 if lines[start - 1] == "{" else start
            while head > 1 and lines[head - 1][:1] in ("\t", " "):
                head -= 1
            name = NAME.search(" ".join(lines[head - 1:start]))
            yield (name.group(1) if name else "?"), head, number
            start = None


def check_c(path, text):
    lines = text.splitlines()
    if len(lines) > FILE_LINES:
        yield 1, "%d lines; at most %d" % (len(lines), FILE_LINES)
    code = COMMENT_OR_STRING.sub(blank, text)
    code_lines = code.splitlines()
    for number, line in enumerate(code_lines, 1):
        for match in CALL.finditer(line):
            yield number, "%s(): %s" % (match.group(1), BANNED[match.group(1)])
    for name, first, last in functions(code_lines):
        if last - first > FUNCTION_LINES and (path, name) not in LONG_FUNCTIONS:
            yield first, "%s has %d lines; at most %d" % (name, last - first, FUNCTION_LINES)
        for number in range(first, last):
            if re.match(r"\s*#\s*if", code_lines[number - 1]):
                yield number, "#if inside %s" % name


def check_format(paths):
    """clang-format's complaints, one for each file."""
    done = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *paths], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    seen = set()
    for line in done.stderr.splitlines():
        match = re.match(r"(.+?):(\d+):\d+: (?:warning|error): ", line)
        if match and match.group(1) not in seen:
            seen.add(match.group(1))
            yield match.group(1), int(match.group(2)), "not as clang-format would have it"
    if done.returncode != 0 and not seen:
        yield "clang-format", 0, done.stderr.strip()


def built_sources():
    """Every file that a meson.build names."""
    named = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders
                      if not name.startswith((".", "build")) or name == "build-aux"]
        if "meson.build" in names:
            with open(os.path.join(folder, "meson.build"), encoding="utf-8") as file:
                for name in re.findall(r"'([^']+\.c)'", file.read()):
                    named.add(os.path.relpath(os.path.join(folder, name), ROOT))
    return named


def main():
    problems, count, ours_c = [], 0, []
    built = built_sources()
    for path in sorted(files()):
        count += 1
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            text = file.read()
        found = list(check_lines(path, text.splitlines()))
        if path.endswith((".c", ".h")):
            ours_c.append(path)
            found += check_c(path, text)
        elif path.endswith(PAGES) and text.count("\n") > FILE_LINES:
            found.append((1, "%d lines; at most %d" % (text.count("\n"), FILE_LINES)))
        if path.endswith(".c") and path not in built:
            found.append((1, "named in no meson.build"))
        if text and not text.endswith("\n"):
            found.append((text.count("\n") + 1, "no end of line at the end"))
        problems += ["%s:%d: %s" % (path, number, what) for number, what in found]
    problems += ["%s:%d: %s" % one for one in check_format(ours_c)]
    for problem in problems:
        print(problem)
    print("tidy: %d files, %d of them C, %d problems" % (count, len(ours_c), len(problems)))
    return 1 if problems or not ours_c else 0


if __name__ == "__main__":
    sys.exit(main())
