"""The server's HTTP port, on the loopback of this machine: a browser is in no namespace."""

import contextlib
import socket
import socketserver
import threading

from lab.api import PORT, connect_inside


def pump(source, target):
    """Octets from one socket to the other until there are no more."""
    with contextlib.suppress(OSError):
        while octets := source.recv(65536):
            target.sendall(octets)
        target.shutdown(socket.SHUT_WR)


class Relay(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True

    def __init__(self, run, name="rs"):
        run_inside = (run, name, "127.0.0.1", PORT)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with connect_inside(*run_inside, timeout=None) as inside:
                    back = threading.Thread(target=pump, args=(inside, self.request), daemon=True)
                    back.start()
                    pump(self.request, inside)
                    back.join()

        try:
            super().__init__(("127.0.0.1", PORT), Handler)
        except OSError:  # Another demo has it.
            super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self):
        return "http://127.0.0.1:%d" % self.server_address[1]
