"""The server's HTTP API as a client sees it, and a causewayd with a registry.

The server listens on the loopback of its own namespace; a thread that enters it makes the socket,
which stays there for good, and the rest is the standard library's."""

import contextlib
import ctypes
import http.client
import json
import os
import socket
import threading
import urllib.parse

from lab.description import Description
from lab.netns import NETNS_DIR, LabError
from lab.server import Causewayd

PORT = 8179
CLONE_NEWNET = 0x40000000
WAIT_S = 30


def connect_inside(run, name, address, port, timeout=WAIT_S):
    """A TCP connection made inside the namespace called `name`."""
    result = []

    def enter():
        try:
            with open(os.path.join(NETNS_DIR, run.namespace(name))) as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(socket.create_connection((address, port), timeout))
        except OSError as problem:
            result.append(problem)

    thread = threading.Thread(target=enter)  # setns is the thread's, which ends here.
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body) if self.body else None


class ApiError(LabError):
    """An answer of 400 or more where another was expected; `problem` is its JSON."""

    def __init__(self, what, answer):
        self.status, self.headers = answer.status, answer.headers
        try:
            self.problem = answer.json()
        except ValueError:
            self.problem = {"detail": answer.body[:500].decode(errors="replace")}
        super().__init__("%s: %d %s" % (what, answer.status, json.dumps(self.problem)))


class Watcher:
    """What was not as it is described; each kind of it once."""

    def __init__(self, document):
        self.description, self.wrong, self.count = Description(document), set(), 0

    def see(self, method, path, answer):
        problem = self.description.wrong(method, path, answer)
        self.count += 1
        if problem:
            self.wrong.add("%s %s: %d: %s" % (method, path, answer.status, problem))

    def see_event(self, data):
        problem = self.description.wrong_event(data)
        self.count += 1
        if problem:
            self.wrong.add("event %s: %s" % (data, problem))


class Api:
    """`run`'s server in the namespace `name`; with a bearer token or without."""

    def __init__(self, run, name="rs", token=None, address="127.0.0.1", port=PORT, wrap=None):
        self.run, self.name, self.token = run, name, token
        self.address, self.port = address, port
        self.wrap = wrap  # socket → TLS socket
        self.watcher = None

    def with_token(self, token):
        api = Api(self.run, self.name, token, self.address, self.port, self.wrap)
        api.watcher = self.watcher
        return api

    def watch(self):
        """Hold every answer from now on, of this and of what is made `with_token`, to what the
        server says of it; `told` tells."""
        self.watcher = Watcher(self.get("/openapi.json"))
        return self.watcher.description

    def told(self, checks):
        wrong = sorted(self.watcher.wrong)
        checks.add(not wrong and self.watcher.count > 10,
                   "%d answers are as the API's description says" % self.watcher.count,
                   "\n".join(wrong[:20]))

    def connect(self):
        connection = http.client.HTTPConnection(self.address, self.port, timeout=WAIT_S)
        plain = connect_inside(self.run, self.name, self.address, self.port)
        connection.sock = self.wrap(plain) if self.wrap else plain
        return connection

    def ask(self, method, path, body=None, headers=None, media_type="application/json"):
        """One request of any outcome.  `path` begins behind /api/v1 unless it begins with "//"."""
        full = path[1:] if path.startswith("//") else "/api/v1" + path
        sent = dict(headers or {})
        if self.token:
            sent.setdefault("Authorization", "Bearer " + self.token)
        if body is not None:
            sent.setdefault("Content-Type", media_type)
            if not isinstance(body, (bytes, str)):
                body = json.dumps(body)
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, full, body=body, headers=sent)
            answer = connection.getresponse()
            answer = Answer(answer.status, answer.headers, answer.read())
        if self.watcher:
            self.watcher.see(method, full, answer)
        return answer

    def must(self, method, path, body=None, **more):
        """One request that has to succeed; its JSON."""
        answer = self.ask(method, path, body, **more)
        if answer.status >= 400:
            raise ApiError("%s %s" % (method, path), answer)
        return answer.json()

    def get(self, path, **query):
        words = urllib.parse.urlencode({key.rstrip("_"): value for key, value in query.items()})
        return self.must("GET", path + ("?" + words if words else ""))

    def text(self, path):
        answer = self.ask("GET", path)
        if answer.status >= 400:
            raise ApiError("GET " + path, answer)
        return answer.body.decode()

    def post(self, path, body=None, **more):
        return self.must("POST", path, body, **more)

    def patch(self, path, body, **more):
        return self.must("PATCH", path, body, media_type="application/merge-patch+json", **more)

    def delete(self, path, **more):
        return self.must("DELETE", path, **more)

    def each(self, path, **query):
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return


class RegistryServer(Causewayd):
    """A causewayd with a registry and HTTP; members of the files beside it as ever."""

    http = 'listen: "127.0.0.1:%d"' % PORT
    database = "sqlite:registry.db"

    def __init__(self, run):
        super().__init__(run)
        self.registry = ""  # More lines of `registry:`, indented by two.
        self.extra = ""     # More sections.

    def configure(self, members):
        super().configure(members)
        with open(self.file("causeway.yml")) as file:
            text = file.read()
        text = text.replace("  socket: %s/control.sock\n" % self.dir,
                            "  socket: %s/control.sock\n  http: {%s}\n" % (self.dir, self.http))
        if text.endswith("clients:\n"):
            text = text[:-len("clients:\n")]
        text += "registry:\n  database: %s\n%s%s" % (self.database, self.registry, self.extra)
        with open(self.file("causeway.yml"), "w") as file:
            file.write(text)

    def operator(self, watched=False):
        """An Api with a new operator's token, made through the control socket."""
        made = json.loads(self.causeway("--json", "registry", "create", "token",
                                        "role=operator", "name=lab"))
        api = Api(self.run, self.name, made["secret"])
        if watched:
            api.watch()
        return api

    def see_live(self, api, tenant):
        """Look at everything live, as operator and as tenant, so that `api`'s watcher sees it."""
        paths = ["/status", "/neighbors", "/routes", "/routes?filtered=true", "/routes?limit=1",
                 "/rpki", "/irr", "/rpki?prefix=192.0.2.0/24&origin=64999"]
        for address in self.neighbors():
            paths += ["/neighbors/" + address, "/neighbors/%s/offence" % address,
                      "/routes?to=" + address]
        for one in (api, tenant):
            for path in paths + ["/explain?prefix=%s&%s=%s" % (
                    row["prefix"], word, row.get("from", "198.18.0.1"))
                    for row in one.get("/routes")["rows"][:4] for word in ("from", "to")]:
                one.ask("GET", path)
        for event in json.loads(self.causeway("--json", "events")):
            api.watcher.see_event(event)
