"""Runs a browser test beside a lab: node in the server's namespace, with a line between the two.

The test asks with a line `@{"id": …, "what": NAME, …}`, which the function of this name answers;
everything else that it prints is passed on, and its last line is the sum."""

import json
import os
import shutil
import subprocess
import sys

from lab.netns import LabError

FOLDER = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
ROOT = os.path.realpath(os.path.join(FOLDER, "../.."))
SHOTS = os.path.join(ROOT, "build", "browser")
CHROMIUM = "/usr/bin/chromium"
SKIP = 77


def missing():
    """What is not there to run a browser test; None when all is."""
    for program in ("node", "npm", CHROMIUM):
        if shutil.which(program) is None:
            return "%s is not installed" % program
    done = subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"],
                          cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False) \
        if not _is_installed() else None
    if done and done.returncode != 0:
        return "npm ci in tests/browser: " + done.stdout.strip()[-300:]
    return None


def _is_installed():
    """Whether node_modules is what package-lock.json says."""
    try:
        with open(os.path.join(FOLDER, "package-lock.json")) as file:
            wanted = json.load(file)["packages"]["node_modules/playwright-core"]["version"]
        with open(os.path.join(FOLDER, "node_modules/playwright-core/package.json")) as file:
            return json.load(file)["version"] == wanted
    except (OSError, KeyError):
        return False


def drive(run, script, base, functions, **environment):
    """Run `script` in the server's namespace; its exit status."""
    home = os.path.join(run.dir, "home")
    os.makedirs(home, exist_ok=True)
    process = subprocess.Popen(
        run.inside("rs", "node", script), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, bufsize=1, start_new_session=True,
        env={**os.environ, "BASE": base, "SHOTS": SHOTS, "HOME": home, **environment})
    try:
        for line in process.stdout:
            if not line.startswith("@"):
                print(line, end="", flush=True)
                continue
            question = json.loads(line[1:])
            print(json.dumps(_answer(functions, question)), file=process.stdin, flush=True)
        return process.wait()
    finally:
        process.stdin.close()
        process.kill()


def _answer(functions, question):
    number, what = question.pop("id"), question.pop("what")
    try:
        return {"id": number, "answer": functions[what](**question)}
    except (LabError, KeyError, ValueError) as problem:
        return {"id": number, "error": "%s: %r" % (what, problem)}


def say_missing(name, why):
    print("%s: cannot run: %s" % (name, why), file=sys.stderr)
    return SKIP
