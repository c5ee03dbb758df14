"""A PostgreSQL cluster of a test's own: in a folder of its own, on a Unix socket, gone at the end.

The server refuses to run as root, so that it runs as `nobody`; every write waits for the disk, as
in production."""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

from lab.netns import LabError

USER = "nobody"
PORT = 5432


def programs():
    """The folder of the newest PostgreSQL's programs; None when there is none."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/postgres"),
                   key=lambda path: int(path.split("/")[4]))
    return os.path.dirname(found[-1]) if found else None


class Postgres:
    def __init__(self, password=None):
        self.bin = programs()
        if self.bin is None:
            raise LabError("PostgreSQL is not installed (scripts/setup peers)")
        self.dir = tempfile.mkdtemp(prefix="cw-pg-")
        self.process = None
        self.user = pwd.getpwnam(USER)
        os.chown(self.dir, self.user.pw_uid, self.user.pw_gid)
        os.chmod(self.dir, 0o755)
        self.data = os.path.join(self.dir, "data")
        self.run_as("initdb", "-D", self.data, "-U", "causeway", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "--no-instructions")

    def demote(self):
        os.setgroups([])
        os.setgid(self.user.pw_gid)
        os.setuid(self.user.pw_uid)

    def run_as(self, name, *args):
        done = subprocess.run([os.path.join(self.bin, name), *args], preexec_fn=self.demote,
                              cwd=self.dir, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise LabError("%s: %s" % (name, done.stderr.strip()))
        return done.stdout

    def start(self):
        log = open(os.path.join(self.dir, "log"), "a")
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.dir,
             "-c", "listen_addresses=", "-c", "port=%d" % PORT, "-c", "max_connections=20",
             "-c", "shared_buffers=16MB"],
            preexec_fn=self.demote, cwd=self.dir, stdout=log, stderr=log)
        log.close()
        deadline = time.monotonic() + 30
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", self.dir],
                             check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise LabError("PostgreSQL does not start; see %s/log" % self.dir)
            time.sleep(0.05)

    def stop(self, number=signal.SIGINT):
        """SIGINT: what is under way is broken off, as a restart does; SIGQUIT: as a crash."""
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def restart(self, number=signal.SIGINT):
        self.stop(number)
        self.start()

    def url(self, name="registry"):
        return "postgresql://causeway@/%s?host=%s" % (name, self.dir)

    def sql(self, text, name="registry"):
        """The rows of one statement, as lines of columns with '|'."""
        return self.run_as("psql", "-h", self.dir, "-U", "causeway", "-d", name, "-qAtX",
                           "-v", "ON_ERROR_STOP=1", "-c", text).splitlines()

    def create(self, name="registry"):
        self.sql('CREATE DATABASE "%s"' % name, "postgres")

    def drop(self, name="registry"):
        self.sql('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % name, "postgres")

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.dir, ignore_errors=True)
