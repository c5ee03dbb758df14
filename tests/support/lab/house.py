"""Setting up, building and running programs, as demo and tests do it."""

import os
import signal
import subprocess
import sys
import threading

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StepFailed(Exception):
    """A step without which nothing that follows makes sense; the text is its output."""


def open_standard_streams():
    """Whoever starts us may have closed 0, 1 or 2; nothing else must get these numbers."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def setup(what):
    """scripts/setup, undisturbed: a package manager that is interrupted leaves a mess.

    A signal that comes meanwhile is obeyed afterwards."""
    came = []
    saved = {number: signal.signal(number, lambda number, _: came.append(number))
             for number in ENDS}
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
        raise StepFailed("scripts/setup %s: exit %d" % (what, status))


def execute(argv, show=False, timeout=None, started=None, **more):
    """Run a program in a session of its own; (exit status, what it printed).

    `show` passes its output on, line by line, as it comes; `started` is told of the process.  When
    we are to end, it gets the chance to clean up first."""
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True, **more)
    alarm = _alarm(process, timeout) if timeout else None
    if started:
        started(process)
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if show:
                print("    " + line, end="", flush=True)
        return process.wait(), "".join(lines)
    except BaseException:
        process.send_signal(signal.SIGTERM)
        process.wait()
        raise
    finally:
        process.stdout.close()
        if alarm:
            alarm.cancel()


def _alarm(process, seconds):
    def ring():
        print("    no end after %d s" % seconds, flush=True)
        process.send_signal(signal.SIGTERM)
    timer = threading.Timer(seconds, ring)
    timer.daemon = True
    timer.start()
    return timer


def build(directory, options=("-Dwerror=true",), targets=(), compiler=None):
    """Set `directory` up unless it is, and build `targets` (all by default) with two jobs."""
    print("building in %s/ ..." % directory, flush=True)
    path = os.path.join(ROOT, directory)
    environment = {**os.environ, "CC": compiler} if compiler else None
    steps = [["ninja", "-C", path, "-j2", *targets]]
    if not os.path.exists(os.path.join(path, "build.ninja")):
        steps.insert(0, ["meson", "setup", path, ROOT, *options])
    for argv in steps:
        status, output = execute(argv, env=environment)
        if status != 0:
            raise StepFailed("%s\n%s: exit %d" % (output, " ".join(argv), status))
