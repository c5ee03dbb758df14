"""The senders: each peer of an MRT file of updates (RFC 6396 BGP4MP) as one session, its UPDATEs as
they are in the file, octet by octet, in the file's order.

What this reads of the file is the frame of a record and nothing of an UPDATE: what the UPDATEs mean
is bgpdump's to say (judge.py).
"""

import bz2
import collections
import contextlib
import gzip
import ipaddress
import selectors
import socket
import struct
import threading
import time
from typing import NamedTuple

from lab import speaker
from lab.netns import LabError

BGP4MP, BGP4MP_ET = 16, 17
STATE_CHANGE, MESSAGE, MESSAGE_AS4, STATE_CHANGE_AS4 = 0, 1, 4, 5
ESTABLISHED = 6
UPDATE, DOWN = "update", "down"
KEEPALIVE_S = 20


class Peer(NamedTuple):
    """As the file, and bgpdump, name it."""
    address: str
    asn: int

    @property
    def family(self):
        return ipaddress.ip_address(self.address).version


class Event(NamedTuple):
    peer: Peer
    kind: str
    octets: bytes


def open_file(path):
    return (bz2 if path.endswith(".bz2") else gzip if path.endswith(".gz") else io_open).open(path)


class io_open:
    """A file that is not compressed."""
    @staticmethod
    def open(path):
        return open(path, "rb")


def records(path):
    """(head, body) of every record, whole; a cut-off tail is an error."""
    with open_file(path) as stream:
        while True:
            head = stream.read(12)
            if not head:
                return
            body = stream.read(struct.unpack_from("!I", head, 8)[0])
            if len(head) < 12 or len(body) < struct.unpack_from("!I", head, 8)[0]:
                raise LabError("%s ends within a record" % path)
            yield head, body


def frame(head, body):
    """(subtype, Peer, rest) of a record of BGP4MP, None of any other; RFC 6396 section 4.4."""
    kind, subtype = struct.unpack_from("!HH", head, 4)
    if kind not in (BGP4MP, BGP4MP_ET):
        return None
    at = 4 if kind == BGP4MP_ET else 0  # Microseconds.
    width = 4 if subtype in (MESSAGE_AS4, STATE_CHANGE_AS4) else 2
    asn = int.from_bytes(body[at:at + width], "big")
    at += 2 * width + 2
    size = 4 if struct.unpack_from("!H", body, at)[0] == 1 else 16
    at += 2
    address = str(ipaddress.ip_address(body[at:at + size]))
    return subtype, Peer(address, asn), body[at + 2 * size:]


class Recording:
    """What a file holds: who its peers are, and what happened in which order."""

    def __init__(self, path, limit=None):
        self.events = []
        self.has_as4 = {}     # {Peer that sent UPDATEs: 4-octet AS numbers?}
        self.router_ids = {}  # {Peer: as its OPEN has it}
        for number, (head, body) in enumerate(records(path)):
            if number == limit:
                break
            found = frame(head, body)
            if found:
                self._take(*found)
        self.peers = sorted(self.has_as4, key=lambda one: (
            one.family, ipaddress.ip_address(one.address)))

    def _take(self, subtype, peer, rest):
        if subtype in (STATE_CHANGE, STATE_CHANGE_AS4):
            before, after = struct.unpack("!HH", rest)
            if before == ESTABLISHED and after != ESTABLISHED:
                self.events.append(Event(peer, DOWN, b""))
            return
        if subtype not in (MESSAGE, MESSAGE_AS4):
            raise LabError("a record of BGP4MP with subtype %d" % subtype)
        if rest[18] == speaker.OPEN:
            self.router_ids[peer] = socket.inet_ntoa(rest[24:28])
        if rest[18] == speaker.UPDATE:
            if self.has_as4.setdefault(peer, subtype == MESSAGE_AS4) != (subtype == MESSAGE_AS4):
                raise LabError("%s sends AS numbers of both sizes" % (peer,))
            self.events.append(Event(peer, UPDATE, rest))

    def updates(self, peer):
        return sum(one.kind == UPDATE and one.peer == peer for one in self.events)


class Session(speaker.Speaker):
    """One peer's, and what the server has sent on it."""

    def __init__(self, mine, server, asn, router_id, has_as4):
        super().__init__(mine, server, asn)
        self.router_id = router_id
        self.has_as4 = has_as4
        self.received = 0      # UPDATEs.
        self.notification = None

    def _open(self, **more):
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.mine else socket.AF_INET)
        self.socket.settimeout(30)
        self.socket.bind((self.mine, 0))
        self.socket.connect((self.server, 179))
        self.send(speaker.open_message(self.asn, self.router_id, has_as4=self.has_as4, hold=180))
        self.expect(speaker.OPEN)
        self.send(speaker.message(speaker.KEEPALIVE))
        self.expect(speaker.KEEPALIVE)

    def drain(self):
        """Take what has arrived; False when the connection has ended."""
        got = self.socket.recv(1 << 18)
        self.pending += got
        at = 0
        while len(self.pending) - at >= 19:
            length = self.pending[at + 16] << 8 | self.pending[at + 17]
            if len(self.pending) - at < length:
                break
            self.received += self.pending[at + 18] == speaker.UPDATE
            if self.pending[at + 18] == speaker.NOTIFICATION:
                self.notification = bytes(self.pending[at + 19:at + length])
            at += length
        del self.pending[:at]
        return bool(got)


class Senders:
    """All sessions of a recording: a thread reads them all, `play` writes."""

    def __init__(self, sessions):
        self.sessions = sessions  # {Peer: Session}
        self.downs = 0
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()
        self._is_over = self._is_played = False
        self._kept_alive = time.monotonic()
        self._thread = threading.Thread(target=self._read, daemon=True)

    def connect(self):
        for session in self.sessions.values():
            self._up(session)
        self._thread.start()

    def _up(self, session):
        session.connect()
        with self._lock:
            self._selector.register(session.socket, selectors.EVENT_READ, session)

    def _down(self, session):
        with self._lock:
            with contextlib.suppress(KeyError):
                self._selector.unregister(session.socket)
            session.close()

    def _read(self):
        while not self._is_over:
            if self._is_played:  # Until then `play` writes, and nobody else.
                with contextlib.suppress(OSError):
                    self.keep_alive()
            for key, _ in self._selector.select(0.1):
                with self._lock:
                    self._read_one(key)

    def _read_one(self, key):
        session = key.data
        try:
            if session.socket is not key.fileobj or session.drain():
                return
        except TimeoutError:
            return
        except OSError:
            pass
        self._selector.unregister(key.fileobj)

    def keep_alive(self):
        if time.monotonic() - self._kept_alive > KEEPALIVE_S:
            self._kept_alive = time.monotonic()
            for session in self.sessions.values():
                if session.socket:
                    session.send(speaker.message(speaker.KEEPALIVE))

    def play(self, events, wait_read, wait_down):
        """Send all.  `wait_read(peer, count)` returns once the server has read so many UPDATEs of
        a peer (what it has not is lost with the connection), `wait_down(peer)` once it has seen
        that the session ended."""
        sent = collections.Counter()
        for event in events:
            session = self.sessions.get(event.peer)
            if event.kind == DOWN:
                if session and session.socket:  # Who never sent an UPDATE is no member.
                    wait_read(event.peer, sent[event.peer])
                    self._down(session)
                    self.downs += 1
                    wait_down(event.peer)
                continue
            if not session.socket:
                self._up(session)
            session.send(event.octets)
            sent[event.peer] += 1
            self.keep_alive()
        self._is_played = True

    def close(self):
        self._is_over = True
        if self._thread.is_alive():
            self._thread.join()
        for session in self.sessions.values():
            session.close()
        self._selector.close()


def cut(source, target, count):
    """The first `count` records."""
    with (bz2 if target.endswith(".bz2") else gzip).open(target, "wb") as stream:
        for number, (head, body) in enumerate(records(source)):
            if number == count:
                break
            stream.write(head + body)


def mend(source, target):
    """Without the last octet of each message."""
    with open(target, "wb") as stream:
        for head, body in records(source):
            size = len(body) - 1
            at = body.index(speaker.MARKER) + len(speaker.MARKER)
            length = struct.unpack_from("!H", body, at)[0] - 1
            stream.write(head[:8] + struct.pack("!I", size) + body[:at]
                         + struct.pack("!H", length) + body[at + 2:-1])


def copy_with_fall(source, target, peer, limit):
    """The first `limit` records, with `peer` falling halfway through what it sends.  It comes back
    with its next UPDATE."""
    chosen = [pair for pair, _ in zip(records(source), range(limit or 1 << 60))]
    own = [i for i, pair in enumerate(chosen) if (frame(*pair) or (0, 0))[1] == peer]
    middle = own[len(own) // 2]
    where = ipaddress.ip_address(peer.address)
    state = struct.pack("!IIHH", peer.asn, 0, 0, 1 if where.version == 4 else 2)
    state += where.packed + bytes(len(where.packed))
    with open(target, "wb") as stream:
        for i, (head, body) in enumerate(chosen):
            if i == middle:
                for pair in ((ESTABLISHED, 1), (1, ESTABLISHED)):
                    whole = state + struct.pack("!HH", *pair)
                    stream.write(head[:4] + struct.pack("!HHI", BGP4MP, STATE_CHANGE_AS4,
                                                        len(whole)) + whole)
            stream.write(head + body)
