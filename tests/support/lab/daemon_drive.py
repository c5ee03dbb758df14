"""The real server, killed while its registry is changed through the control socket.

Change i of NAME is an import that makes three tenants, with the request key NAME-i; see drive.py
for what has to be true then."""

import json
import socket
import threading
import time

from lab.api import RegistryServer
from lab.netns import LabError, quiet


def make_lan(run):
    lan = run.add_namespace("lan")
    run.sysctl("lan", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
    quiet("ip", "-n", lan, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
    quiet("ip", "-n", lan, "link", "set", "br0", "up")


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body


class DaemonDriver:
    """A server in a namespace of its own, and who commands it."""

    def __init__(self, run, name, number, database, last):
        self.server = RegistryServer(run)
        self.server.name, self.server.number, self.server.database = name, number, database
        self.server.dir = self.server.dir[:-len(RegistryServer.name)] + name
        self.server.plug(run)
        self.name, self.last, self.lives = name, last, 0
        self.acknowledged, self.refused, self.unknown, self.problem = {}, 0, 0, None
        self.is_over = threading.Event()
        self.turn = threading.Lock()  # Whoever has it, nothing is commanded meanwhile.

    def launch(self):
        self.lives += 1
        if self.lives == 1:
            self.server.start([])
        else:
            self.server.launch()

    def kill(self):
        self.server.process.kill()
        self.server.process.wait()

    def call(self, method, path, body=None, key=None, query=None):
        """One call; None when the server went away under it."""
        sent = {"command": "call", "method": method, "path": "/api/v1" + path}
        sent.update({name: value for name, value in
                     (("body", body), ("key", key), ("query", query)) if value is not None})
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(30)
                s.connect(self.server.file("control.sock"))
                s.sendall(json.dumps(sent).encode() + b"\n")
                status, found, is_whole = 0, None, False
                with s.makefile() as lines:
                    for line in lines:
                        said = json.loads(line)
                        status = said.get("head", {}).get("status", status)
                        found = said.get("row", found)
                        if "end" in said:
                            is_whole = True
                            break
            return Answer(status, found) if is_whole else None
        except (OSError, ValueError):
            return None

    def command(self):
        """The changes, one after another, each until it is acknowledged."""
        number = 1
        while number <= self.last and not self.is_over.is_set():
            body = [{"kind": "tenant", "name": "%s-%d-%s" % (self.name, number, part)}
                    for part in "abc"]
            with self.turn:
                answer = self.call("POST", "/import", body, "%s-%d" % (self.name, number))
                if answer is not None and answer.status < 300:
                    self.acknowledged[number] = answer.body["change"]["revision"]
            if answer is None:
                self.unknown += 1
            elif answer.status < 300:
                number += 1
                continue
            elif answer.status != 503:
                self.problem = "change %d: %d %s" % (number, answer.status, answer.body)
                return
            else:
                self.refused += 1
            time.sleep(0.02)

    def start(self):
        self.launch()
        self.thread = threading.Thread(target=self.command, daemon=True)
        self.thread.start()

    @property
    def is_done(self):
        return len(self.acknowledged) >= self.last or self.problem is not None

    def holds(self):
        """(revision, {name: revision}) as the running server says."""
        names, cursor, revision = {}, None, None
        while True:
            query = {"limit": "1000", **({"cursor": cursor} if cursor else {})}
            answer = self.call("GET", "/tenants", query=query)
            if answer is None or answer.status != 200:
                raise LabError("%s does not list its tenants: %s"
                               % (self.name, answer and (answer.status, answer.body)))
            for item in answer.body["items"]:
                if item["name"] in names:
                    raise LabError("%s is there twice" % item["name"])
                names[item["name"]] = item["revision"]
            revision, cursor = answer.body["revision"], answer.body["next_cursor"]
            if cursor is None:
                return revision, names
