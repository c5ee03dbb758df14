"""Registrars that are killed: the program store_drive, and what has to be true of what it made.

Change i of NAME makes three tenants at once; what was acknowledged has to be there, whole, and
nothing else but perhaps the one change that was under way."""

import os
import queue
import subprocess
import threading
import time

from lab.netns import LabError
from lab.server import BUILD

PROGRAM = os.path.join(BUILD, "tests/unit/store/store_drive")


class Driver:
    """One registrar, over its lives; `acknowledged` is {number: revision}."""

    def __init__(self, url, folder, name, last):
        self.url, self.folder, self.name, self.last = url, folder, name, last
        self.acknowledged, self.lives = {}, 0
        self.process, self.lines, self.is_over = None, None, True

    def start(self):
        self.lives += 1
        self.process = subprocess.Popen(
            [PROGRAM, self.url, self.folder, self.name, str(len(self.acknowledged) + 1),
             str(self.last)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.lines, self.is_over = queue.Queue(), False
        threading.Thread(target=self.read, args=(self.process.stdout, self.lines),
                         daemon=True).start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put(None)

    def take(self):
        """Note what was acknowledged; True while it runs."""
        while not self.is_over:
            try:
                line = self.lines.get_nowait()
            except queue.Empty:
                return True
            if line is None:
                self.is_over = True
                break
            words = line.split()
            if words[0] == "ok" and line.endswith("\n"):
                self.acknowledged[int(words[1])] = int(words[2])
        return False

    def kill(self):
        self.process.kill()
        self.process.wait()
        while self.take():
            time.sleep(0.001)

    @property
    def is_done(self):
        return len(self.acknowledged) >= self.last


def holds(url, folder):
    """(revision, {name: revision}) of a registrar that reads it all anew."""
    done = subprocess.run([PROGRAM, url, folder], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise LabError("store_drive: " + done.stderr[-500:])
    revision, names = None, {}
    for line in done.stdout.splitlines():
        words = line.split()
        if words[0] == "at":
            revision = int(words[1])
        else:
            if words[1] in names:
                raise LabError("%s is there twice" % words[1])
            names[words[1]] = int(words[2])
    return revision, names


def faults(driver, names):
    """What is wrong with this driver's changes, as texts."""
    found, made = [], {}
    for name, revision in names.items():
        whose, number, part = name.rsplit("-", 2)
        if whose == driver.name:
            made.setdefault(int(number), {})[part] = revision
    for number, parts in sorted(made.items()):
        if sorted(parts) != ["a", "b", "c"] or len(set(parts.values())) != 1:
            found.append("change %d is half there: %s" % (number, parts))
        if number > max(driver.acknowledged, default=0) + 1:
            found.append("change %d is there and was never commanded" % number)
    for number, revision in driver.acknowledged.items():
        if made.get(number, {}).get("a") != revision:
            found.append("change %d was acknowledged as %d and is %s"
                         % (number, revision, made.get(number)))
    return found
