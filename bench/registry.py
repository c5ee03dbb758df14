"""Figure 7: what a change of the registry takes, with many authorisations and beside a full table.

A tenant has as many authorisations as asked for, and two sessions; causeway-bench's first member
has announced a large table and goes on changing single routes.  One session announces, the other,
with the view of its tenant, says when it hears of it:

    toggle   withdraw and announce, `to: limited`, so that the load's members have no part in it
    new      an authorisation for a prefix that was announced, and rejected, before
    views    a session of each route_view: until every worker judges by the rules with it, and until
             it is established
    gone     such a session is deleted
    lost     the session that announces is deleted

Of each, in milliseconds: until the answer, until the UPDATE (or the session), and what the server
itself measured from the commit on.

The authorisations are rows of one that the server has made itself, with other names: to bring as
many one by one is another work.
"""

import ctypes
import os
import signal
import socket
import sqlite3
import statistics
import struct
import threading
import time

import filters
import pair
from lab.netns import NETNS_DIR
from lab.speaker import UPDATE, Speaker, message
from pair import LabError
from servers import SERVER, wait_for

CLONE_NEWNET = 0x40000000
ASN = 39810
POOL = "198.18.192.0/24"
REPEATS = 10
GRACE_S = 60
VIEWS = ("full", "customers-peers", "own-tenant", "default", "none")
FILL_FIRST = 100 << 24  # Authorisations that nobody announces: /24s from 100.128.0.0 on.
LETTERS = "0123456789abcdefghijklmnopqrstuv"
SECTION = """\
registry:
  database: sqlite:registry.db
  site: lab
  evidence: {accept: [dns], recheck: 86400}
"""


def attribute(flags, code, value):
    return struct.pack("!BBB", flags, code, len(value)) + value


def octets(prefix):
    address, length = prefix.split("/")
    return bytes([int(length)]) + socket.inet_aton(address)[:(int(length) + 7) // 8]


def update(prefix, next_hop):
    path = attribute(0x40, 1, b"\0") + attribute(0x40, 2, struct.pack("!BBI", 2, 1, ASN))
    path += attribute(0x40, 3, socket.inet_aton(next_hop))
    return message(UPDATE, struct.pack("!HH", 0, len(path)) + path + octets(prefix))


def split(parts):
    """Each prefix of some, as octets."""
    while parts:
        count = 1 + (parts[0] + 7) // 8
        yield parts[:count]
        parts = parts[count:]


def heard(body):
    """(withdrawn, announced) octets of an UPDATE."""
    gone = struct.unpack("!H", body[:2])[0]
    attributes = struct.unpack("!H", body[2 + gone:4 + gone])[0]
    return body[2:2 + gone], body[4 + gone + attributes:]


def identity(i, letter):
    word = ""
    for _ in range(13):
        word = LETTERS[i % 32] + word
        i //= 32
    return letter + word


class Customer(Speaker):
    """A speaker in another namespace.  A thread reads, and notes when it hears of a prefix."""

    def __init__(self, namespace, mine):
        super().__init__(mine, SERVER, ASN)
        self.namespace = namespace
        self.seen = {}  # (octets, whether it was announced): when.
        self.established = None

    def _open(self, **more):
        problem = []

        def enter():
            try:
                with open(os.path.join(NETNS_DIR, self.namespace)) as file:
                    if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                super(Customer, self)._open(families=(4,), **more)
            except OSError as error:
                problem.append(error)

        thread = threading.Thread(target=enter)  # setns is the thread's, which ends here.
        thread.start()
        thread.join()
        if problem:
            raise problem[0]
        self.established = time.monotonic()

    def listen(self):
        threading.Thread(target=self._listen, args=(self.socket,), daemon=True).start()

    def _listen(self, mine):
        mine.settimeout(None)
        try:
            while True:
                kind, body = self.read()
                if kind == UPDATE:
                    now = time.monotonic()
                    for is_there, parts in enumerate(heard(body)):
                        for prefix in split(parts):
                            self.seen[prefix, bool(is_there)] = now
        except (OSError, AttributeError):
            pass

    def wait(self, prefix, is_there, since):
        """When it heard, later than `since`."""
        key = octets(prefix), is_there
        wait_for(lambda: self.seen.get(key, 0) > since, "no UPDATE about %s" % prefix, GRACE_S)
        return self.seen[key]


def registered(kind, count):
    """A server like `kind` with a registry of so many authorisations."""
    return type("Registered" + kind.__name__, (Registered, kind), {"count": count})


class Registered:
    count = 0
    filled_s = 0
    ask = filters.Filtered.ask

    def configure(self, setup):
        super().configure(setup)
        with open(self.file("causeway.yaml")) as file:
            text = file.read()
        self.write("causeway.yaml", text.replace("clients:\n", SECTION + "clients:\n"))

    def start(self, setup):
        super().start(setup)
        self.tenant = self.post("/tenants", name="big", mode="global",
                                quota={"prefixes": self.count + 10})["id"]
        self.site = self.post("/sites", name="lab", pool_ipv4=POOL, server_ipv4=SERVER)["id"]
        asn = self.post("/asns", tenant=self.tenant, asn=ASN)["id"]
        self.post("/asns/%s/approve" % asn)
        self.prefix = "185.77.4.0/24"
        self.made = self.authorise(self.prefix)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.fill()
        os.rename(self.file("out"), self.file("out.first"))
        begun = time.monotonic()
        self.launch()
        self.filled_s = time.monotonic() - begun

    def call(self, method, path, body=None):
        """As a call of the API, by the control socket; no token is needed."""
        end, rows = self.ask("call", method=method, path="/api/v1" + path,
                             **({"body": body} if body else {}))
        if not rows or "status" in rows[0] and "title" in rows[0]:
            raise LabError("%s %s: %s %s" % (method, path, end, rows))
        return rows[0]

    def post(self, path, **body):
        return self.call("POST", path, body)

    def authorise(self, prefix):
        made = self.post("/prefixes", tenant=self.tenant, prefix=prefix, origins=[ASN])["id"]
        for action in ("submit", "approve"):
            self.post("/prefixes/%s/%s" % (made, action))
        self.post("/prefixes/%s/announce" % made, to="limited")
        return made

    def numbers(self):
        return self.ask("status")[1][0]["registry"]

    def fill(self):
        """Rows of one authorisation and of its proof, with other names."""
        database = sqlite3.connect(self.file("state/registry.db"))
        rows = database.execute("select * from registry_object").fetchall()
        columns = [row[1] for row in database.execute("pragma table_info(registry_object)")]
        at = columns.index("id")
        models = [row for row in rows if self.made in str(row)]
        assert any(row[at] == self.made for row in models)
        fresh = []
        for i in range(self.count):
            prefix = "%s/24" % filters.quad(FILL_FIRST + (1 << 23) + (i << 8))
            other = {row[at]: identity(len(rows) + i * len(models) + k, row[at][:2])
                     for k, row in enumerate(models)}
            other[self.prefix] = prefix
            for model in models:
                row = list(model)
                for k, value in enumerate(row):
                    for old, new in other.items() if isinstance(value, str) else ():
                        row[k] = row[k].replace(old, new)
                fresh.append(row)
        database.executemany("insert into registry_object values(%s)" %
                             ",".join("?" * len(columns)), fresh)
        database.commit()
        database.close()


class Actor:
    """What is done to the registry, and what it took."""

    def __init__(self, namespace):
        self.namespace = namespace
        self.numbers = {}
        self.customers = []

    def beside(self, server, what):
        if what != "beside":
            for customer in self.customers:
                customer.close()
            return
        self.server = server
        self.numbers["load_s"] = server.filled_s
        mine, session = self.join("own-tenant")
        other, _ = self.join("own-tenant")
        mine.send(update(server.prefix, mine.mine))
        other.wait(server.prefix, True, 0)
        self.toggle(other)
        self.authorise(mine, other)
        self.views()
        self.timed("lost", lambda: self.delete(session),
                   lambda begun: other.wait(server.prefix, False, begun))

    def in_force(self):
        """Every worker judges by the registry as it is; what the server says that it took."""
        found = self.server.numbers()
        deadline = time.monotonic() + GRACE_S
        while found["revision_in_force"] != found["revision"] or found["pending"]:
            if time.monotonic() > deadline:
                raise LabError("the registry is not in force: %s" % found)
            time.sleep(0.002)
            found = self.server.numbers()
        return found["took_us"] / 1e3

    def timed(self, name, change, until=None):
        """`until` takes when it was asked, and gives when it was there."""
        begun = time.monotonic()
        made = change()
        answered = time.monotonic()
        there = until(begun) if until else answered
        took = self.in_force()
        self.numbers.setdefault(name, []).append(
            {"answer_ms": (answered - begun) * 1e3, "update_ms": (there - begun) * 1e3,
             "took_ms": took})
        return made

    def join(self, view, name=None):
        made = {}

        def make():
            made.update(self.server.post("/sessions", tenant=self.server.tenant, asn=ASN,
                                         site=self.server.site, families=["ipv4"],
                                         authentication="none", route_view=view))

        def arrive(_):
            pair.netns.quiet("ip", "-n", self.namespace, "addr", "replace", made["address"] + "/16",
                             "dev", "ld0")
            customer = Customer(self.namespace, made["address"])
            customer.connect()
            customer.listen()
            self.customers.append(customer)
            return customer.established

        self.timed(name or "joined", make, arrive)
        return self.customers[-1], made["id"]

    def toggle(self, other):
        act = "/prefixes/%s/" % self.server.made
        for _ in range(REPEATS):
            self.timed("toggle", lambda: self.server.post(act + "withdraw"),
                       lambda begun: other.wait(self.server.prefix, False, begun))
            self.timed("toggle", lambda: self.server.post(act + "announce", to="limited"),
                       lambda begun: other.wait(self.server.prefix, True, begun))

    def authorise(self, mine, other):
        prefix = "185.77.8.0/24"
        mine.send(update(prefix, mine.mine))
        made = self.server.post("/prefixes", tenant=self.server.tenant, prefix=prefix,
                                origins=[ASN])["id"]
        for action in ("submit", "approve"):
            self.server.post("/prefixes/%s/%s" % (made, action))
        self.in_force()
        self.timed("new", lambda: self.server.post("/prefixes/%s/announce" % made, to="limited"),
                   lambda begun: other.wait(prefix, True, begun))

    def views(self):
        for view in VIEWS:
            customer, made = self.join(view, "view " + view)
            time.sleep(1)
            customer.close()
            self.timed("gone " + view, lambda made=made: self.delete(made))
            time.sleep(1)

    def delete(self, session):
        self.server.ask("call", method="DELETE", path="/api/v1/sessions/" + session)


def summary(measured):
    """Medians, and the slowest, of what was measured several times."""
    numbers = {}
    for name, found in measured.items():
        key = "registry_" + name.replace(" ", "_").replace("-", "_")
        if not isinstance(found, list):
            numbers[key] = found
            continue
        for what in found[0]:
            values = [one[what] for one in found]
            numbers["%s_%s" % (key, what)] = round(statistics.median(values), 2)
            numbers["%s_%s_max" % (key, what)] = round(max(values), 2)
    return numbers


def measure(bench, kind, work, timeout):
    """(exit status, what causeway-bench said, what was measured beside it)."""
    actor = Actor(bench.run.namespace("load%d" % (bench.count + 1)))
    status, text = bench.measure(registered(kind, work.authorisations), work.members,
                                 hold=work.hold, timeout=timeout, options=list(work.options),
                                 scenario="beside", beside=actor.beside)
    return status, text, summary(actor.numbers)
