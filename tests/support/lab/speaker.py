"""A BGP speaker on an ordinary socket of the kernel, for a test that decides about every octet.

It opens a session and keeps it alive; what it sends beyond that is the caller's.
"""

import socket
import struct
import time

MARKER = b"\xff" * 16
OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE_REFRESH = 1, 2, 3, 4, 5
AS4, MULTIPROTOCOL, NEXT_HOP6, EXTENDED_MESSAGE, ADD_PATH = 65, 1, 5, 6, 69


def message(kind, body=b""):
    return MARKER + struct.pack("!HB", 19 + len(body), kind) + body


def open_message(asn, router_id, families=(4, 6), has_as4=True, hold=90, has_next_hop6=False,
                 is_long=False, has_add_path=False, plain=()):
    """`plain`: codes of more capabilities without a value."""
    capabilities = b"".join(struct.pack("!BBHBB", MULTIPROTOCOL, 4, 1 if family == 4 else 2, 0, 1)
                            for family in families)
    if has_as4:
        capabilities += struct.pack("!BBI", AS4, 4, asn)
    if has_next_hop6:
        capabilities += struct.pack("!BBHHH", NEXT_HOP6, 6, 1, 1, 2)
    if is_long:
        capabilities += struct.pack("!BB", EXTENDED_MESSAGE, 0)
    if has_add_path:  # Send, 2, in both families.
        capabilities += struct.pack("!BBHBBHBB", ADD_PATH, 8, 1, 1, 2, 2, 1, 2)
    capabilities += b"".join(bytes((code, 0)) for code in plain)
    option = struct.pack("!BB", 2, len(capabilities)) + capabilities
    return message(OPEN, struct.pack("!BHH4sB", 4, asn, hold, socket.inet_aton(router_id),
                                     len(option)) + option)


class Speaker:
    """One session at a time, from `mine` to `server`, in the caller's network namespace."""

    def __init__(self, mine, server, asn, router_id=None):
        self.mine = mine
        self.router_id = router_id or mine
        self.server = server
        self.asn = asn
        self.socket = None
        self.pending = bytearray()

    def connect(self, seconds=60, **more):
        """Established, or OSError."""
        self.close()
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._open(**more)
                return
            except OSError:
                self.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _open(self, **more):
        self.socket = socket.socket(socket.AF_INET6 if ":" in self.mine else socket.AF_INET)
        self.socket.settimeout(5)
        self.socket.bind((self.mine, 0))
        self.socket.connect((self.server, 179))
        self.send(open_message(self.asn, self.router_id, **more))
        self.expect(OPEN)
        self.send(message(KEEPALIVE))
        self.expect(KEEPALIVE)
        self.socket.settimeout(20)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None
        self.pending.clear()

    def send(self, octets):
        self.socket.sendall(octets)

    def read(self):
        """(type, body) of the next message; OSError when the connection ends first."""
        while True:
            if len(self.pending) >= 19:
                length = struct.unpack("!H", self.pending[16:18])[0]
                if len(self.pending) >= length:
                    found = self.pending[18], bytes(self.pending[19:length])
                    del self.pending[:length]
                    return found
            got = self.socket.recv(65536)
            if not got:
                raise ConnectionResetError("the connection was closed")
            self.pending += got

    def expect(self, wanted):
        """The body of the first message of a type; what comes before is passed over."""
        while True:
            kind, body = self.read()
            if kind == wanted:
                return body
            if kind == NOTIFICATION:
                raise ConnectionRefusedError("NOTIFICATION %d/%d" % (body[0], body[1]))
