"""Setting up and building, as demo and tests do it."""

import os
import signal
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))


def setup(what):
    """scripts/setup, undisturbed: a package manager that is interrupted leaves a mess.

    A signal that comes meanwhile is obeyed afterwards."""
    came = []
    saved = {number: signal.signal(number, lambda number, _: came.append(number))
             for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        process = subprocess.Popen([os.path.join(ROOT, "scripts", "setup"), what],
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        status = process.wait()
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
    if came:
        sys.exit(128 + came[0])
    if status != 0:
        sys.exit(status)


def run(argv, **more):
    """Run a step of a build; its output is shown only when it fails.  Whether it succeeded."""
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, cwd=ROOT, start_new_session=True,
                          **more) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            # Ninja passes the signal on to its compilers.
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if process.returncode != 0:
        print("%s\n%s: exit %d" % (output, " ".join(argv), process.returncode), file=sys.stderr)
    return process.returncode == 0


def build(directory, options=("-Dwerror=true",), targets=(), compiler=None):
    """Set `directory` up unless it is, and build `targets` (all by default) with two jobs.
    Ends the program when that fails."""
    print("building %s ..." % directory, flush=True)
    path = os.path.join(ROOT, directory)
    more = {"env": {**os.environ, "CC": compiler}} if compiler else {}
    is_new = not os.path.exists(os.path.join(path, "build.ninja"))
    if is_new and not run(["meson", "setup", path, *options], **more):
        sys.exit(1)
    if not run(["ninja", "-C", path, "-j2", *targets]):
        sys.exit(1)
