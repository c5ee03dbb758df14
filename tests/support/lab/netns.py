"""Namespaces, processes and their end.

Everything of one run carries its tag: namespaces are called cw-TAG-NAME, files live in one
directory /tmp/cw-TAG.  TAG is the pid and start time of the process that runs the lab, so two
runs cannot clash and a dead run is recognised as dead.

Clean-up happens in one place whatever ends the run (return, exception, Ctrl-C, SIGTERM,
SIGKILL): a janitor, forked before anything else and in a session of its own, waits for the
end of a pipe that only the run holds open, then ends every process inside the run's
namespaces, deletes these and the directory.  Daemons that fork away are caught all the same,
for they cannot leave their namespace.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

PREFIX = "cw-"
NETNS_DIR = "/run/netns"


class LabError(Exception):
    """The lab could not do what it was asked; the text says what and why."""


def quiet(*argv, check=True, **more):
    """Run a command, return its output; its error output goes into the exception."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, **more)
    if check and done.returncode != 0:
        raise LabError("%s: exit %d: %s" % (" ".join(argv), done.returncode,
                                            (done.stderr or done.stdout).strip()[-2000:]))
    return done.stdout


def start_time(pid):
    """Clock ticks since boot at which `pid` started; None when there is none."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return int(stat.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError):
        return None


def make_tag():
    return "%d.%d" % (os.getpid(), start_time(os.getpid()))


def is_dead(tag):
    pid, _, ticks = tag.partition(".")
    return pid.isdigit() and ticks.isdigit() and start_time(int(pid)) != int(ticks)


def namespaces(tag):
    start = "%s%s-" % (PREFIX, tag)
    with contextlib.suppress(OSError):
        return [name for name in os.listdir(NETNS_DIR) if name.startswith(start)]
    return []


def pids_of(names):
    found = set()
    for name in names:
        done = subprocess.run(["ip", "netns", "pids", name], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        found.update(int(word) for word in done.stdout.split())
    return found


def _signal_all(pids, number):
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def directory_of(tag):
    return "/tmp/%s%s" % (PREFIX, tag)


def sweep(tag):
    """Remove all that a run has left; may be called at any time and twice."""
    for attempt in range(20):
        names = namespaces(tag)
        if not names and attempt:
            break
        pids = pids_of(names)
        _signal_all(pids, signal.SIGTERM if attempt == 0 else signal.SIGKILL)
        deadline = time.monotonic() + 2
        while pids and time.monotonic() < deadline:
            time.sleep(0.05)
            pids = pids_of(names)
        if pids:
            continue
        for name in names:
            subprocess.run(["ip", "netns", "del", name], stdin=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
        time.sleep(0.05)
    shutil.rmtree(directory_of(tag), ignore_errors=True)


def sweep_dead():
    """Remove what runs have left whose process is gone and whose janitor was killed too."""
    tags = set()
    for where in (NETNS_DIR, "/tmp"):
        with contextlib.suppress(OSError):
            for name in os.listdir(where):
                if name.startswith(PREFIX):
                    tags.add(name[len(PREFIX):].split("-")[0])
    for tag in tags:
        if is_dead(tag) and not _janitor_lives(tag):
            sweep(tag)


def _janitor_lives(tag):
    try:
        with open(os.path.join(directory_of(tag), "janitor")) as file:
            pid, ticks = file.read().split()
    except (OSError, ValueError):
        return False
    return start_time(int(pid)) == int(ticks)


def _janitor(tag, pipe):
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    # Whoever waits for the end of the run's output must not wait for us.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    with open(os.path.join(directory_of(tag), "janitor"), "w") as file:
        file.write("%d %d" % (os.getpid(), start_time(os.getpid())))
    while os.read(pipe, 1):
        pass
    sweep(tag)


class Run:
    """One run of a lab: its tag, its directory, its namespaces and processes."""

    def __init__(self):
        self.tag = make_tag()
        self.dir = directory_of(self.tag)
        os.makedirs(self.dir, mode=0o755)
        reader, self._alive = os.pipe()
        # No signal may reach the janitor before it ignores them.
        ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)
        self._janitor = os.fork()
        if self._janitor == 0:
            status = 1
            try:
                os.close(self._alive)
                _janitor(self.tag, reader)
                status = 0
            finally:
                os._exit(status)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ends)
        os.close(reader)
        self._logs = []

    def close(self):
        """Let the janitor clean up and wait for it; signals meanwhile change nothing."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for log in self._logs:
            log.close()
        if self._alive is not None:
            os.close(self._alive)
            os.waitpid(self._janitor, 0)
            self._alive = None

    def namespace(self, name):
        """The full name of the namespace called `name` here."""
        return "%s%s-%s" % (PREFIX, self.tag, name)

    def add_namespace(self, name):
        full = self.namespace(name)
        quiet("ip", "netns", "add", full)
        quiet("ip", "-n", full, "link", "set", "lo", "up")
        # No duplicate address detection: addresses are ours alone and must work at once.
        self.sysctl(name, "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        return full

    def sysctl(self, name, *settings):
        quiet("ip", "netns", "exec", self.namespace(name), "sysctl", "-qw", *settings)

    def inside(self, name, *argv):
        return ["ip", "netns", "exec", self.namespace(name), *map(str, argv)]

    def pids(self, name):
        return pids_of([self.namespace(name)])

    def run(self, name, *argv, check=True, timeout=300, **more):
        """Run a command inside, return its output."""
        return quiet(*self.inside(name, *argv), check=check, timeout=timeout, **more)

    def spawn(self, name, log, *argv, **more):
        """Start a long-running process inside; its output is appended to file `log`."""
        stream = open(log, "ab", buffering=0)
        self._logs.append(stream)
        return subprocess.Popen(self.inside(name, *argv), stdin=subprocess.DEVNULL,
                                stdout=stream, stderr=stream, start_new_session=True, **more)


def raise_on_signal():
    """Make the signals that ask for an end raise an exception, so that the run unwinds; SIGINT
    too where a shell has started us with it ignored."""
    def handler(number, _):
        sys.exit(128 + number)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, handler)
