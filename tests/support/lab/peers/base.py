"""What every member has in common: its place on the LAN, its routes, its life.

A subclass is one router software: it writes a private configuration, starts the unmodified
Debian program in the member's namespace and reads sessions and tables with the program's own
command line.
"""

import os
import re
import signal
import subprocess
import time

from lab.netns import LabError


class Member:
    name = ""           # Of the namespace, and in the table.
    package = ""        # Debian's.
    can_path = True     # Can it announce a foreign AS_PATH?
    blind = frozenset()  # Fields of Route that its command line does not show.
    ready_timeout = 60
    shutdown_words = "administrative shutdown"

    def __init__(self, run, number, asn, router_id, server):
        self.run = run
        self.number = number
        self.asn = asn
        self.router_id = router_id
        self.server = server  # Has asn and address(family).
        self.hold = 90
        self.passwords = {4: None, 6: None}  # TCP-MD5, as this side has it.
        self.graceful = None  # Its restart time in seconds, when it restarts gracefully.
        self.long_lived = None  # Its long-lived stale time in seconds, beside `graceful`.
        self.has_enhanced_refresh = False  # Told to offer RFC 7313, where it does not by itself.
        self.dialled = frozenset()  # Families in which it waits for the server to connect.
        self.routes = {4: {}, 6: {}}
        self.dir = os.path.join(run.dir, self.name)
        self.process = None
        self.is_asked = False  # Does its command line answer, and has it its routes?

    def address(self, family):
        return ("198.18.1.%d" if family == 4 else "2001:db8:0:1::1:%x") % self.number

    def announces(self, family):
        return self.routes[family]

    def simplify(self, route):
        """What of `route` this software can be made to announce; None if it cannot at all."""
        return route

    def select(self, routes):
        """Which of `routes` ({prefix: Route}) it can carry."""
        return routes

    def file(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.file(name), "w") as file:
            file.write(text)
        return self.file(name)

    def cli(self, *argv, **more):
        return self.run.run(self.name, *argv, **more)

    # For the subclass.

    def prepare(self):
        """Write the configuration."""
        raise NotImplementedError

    def command(self):
        """The program and its arguments."""
        raise NotImplementedError

    def is_ready(self):
        """Does its command line answer?"""
        raise NotImplementedError

    def feed(self):
        """Called once it is ready; for routes that do not stand in the configuration."""

    def is_up(self, family):
        raise NotImplementedError

    def count(self, family):
        """How many routes it holds from the server."""
        raise NotImplementedError

    def table(self, family):
        """{prefix: Route} of all that it holds from the server."""
        raise NotImplementedError

    def held(self, family):
        """The same, also while the session is down and the router keeps them all the same."""
        return self.table(family)

    def shutdown_seen(self, family):
        """The words in which it shows the server's last NOTIFICATION."""
        raise NotImplementedError

    def is_told_shutdown(self, family):
        """Does it show Cease/Administrative Shutdown?"""
        return re.search(self.shutdown_words, self.shutdown_seen(family), re.IGNORECASE)

    def hint(self):
        """A command for whoever wants to look around."""
        raise NotImplementedError

    # The same for all.

    def environment(self):
        return None

    def start(self):
        os.makedirs(self.dir, exist_ok=True)
        self.prepare()
        self.launch()

    def launch(self):
        self.is_asked = False
        environment = self.environment()
        more = {"env": {**os.environ, **environment}} if environment else {}
        self.process = self.run.spawn(self.name, self.file("out"), *self.command(), **more)

    def wait_ready(self):
        deadline = time.monotonic() + self.ready_timeout
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise LabError("%s ended at once, exit %d: %s" % (
                    self.name, self.process.returncode, self.tail()))
            try:
                if self.is_ready():
                    self.feed()
                    self.is_asked = True
                    return
            except (LabError, ValueError, KeyError, subprocess.TimeoutExpired):
                pass
            time.sleep(0.1)
        raise LabError("%s does not answer its command line: %s" % (self.name, self.tail()))

    def tail(self):
        try:
            with open(self.file("out"), errors="replace") as file:
                return file.read()[-2000:].strip()
        except OSError:
            return "no output"

    def log_text(self, *names):
        text = ""
        for name in names or ("out",):
            try:
                with open(self.file(name), errors="replace") as file:
                    text += file.read()
            except OSError:
                pass
        return text

    def kill(self):
        """SIGKILL for it and all it started: no farewell to anyone."""
        deadline = time.monotonic() + 10
        while True:
            pids = self.run.pids(self.name)
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            if not pids or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        self.process.wait()

    def version(self):
        """Debian's version, without epoch and revision."""
        text = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package],
                              stdout=subprocess.PIPE, text=True, check=False).stdout
        return re.sub(r"^\d+:|-[^-]*$", "", text)
