#!/usr/bin/python3
"""A client that means no good; runs in the server's namespace and prints what came of it as JSON.

    client.py flood SECONDS      requests as fast as they go: on kept connections, and on new ones
    client.py loris SECONDS      40 connections that send a header octet by octet
    client.py sip SECONDS        a connection that asks for much and reads little
    client.py crowd              300 connections from 300 addresses of one /64, and one of another
    client.py odd                requests that are too large, or nothing at all
    client.py health SECONDS     an honest one at another address: how long its answers take
"""

import json
import multiprocessing
import select
import socket
import sys
import time

SERVER = ("127.0.0.1", 8179)
GET = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n\r\n"
PAGE = b"GET /style/parts.css HTTP/1.1\r\nHost: x\r\n\r\n"
CROWD = "2001:db8:0:ffff"


def connect(source="127.0.0.1", timeout=5):
    return socket.create_connection(SERVER, timeout, (source, 0))


def kept(seconds, count, answered):
    """50 connections, each full of requests all the time; what was answered is counted, too."""
    end, sent, socks = time.monotonic() + seconds, 0, {}
    for _ in range(50):
        s = connect()
        s.setblocking(False)
        socks[s] = b""  # What may be the begin of a status line.
    while time.monotonic() < end:
        readable, writable, _ = select.select(socks, socks, [], 0.1)
        for s in readable:
            try:
                data = socks[s] + s.recv(65536)
            except OSError:
                continue
            answered[0] += data.count(b"HTTP/1.1 200")
            answered[1] += data.count(b"HTTP/1.1 429")
            socks[s] = data[-11:]  # Shorter than what is counted.
        for s in writable:
            try:
                sent += s.send(GET * 50) // len(GET)
            except OSError:
                pass
        time.sleep(0.001)
    count.value = sent


def fresh(seconds, count, _):
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        s = socket.socket()
        try:
            s.settimeout(0.05)
            s.connect(SERVER)
            s.send(GET)
            sent += 1
        except OSError:
            sent += 1
        finally:
            s.close()
    count.value = sent


def flood(seconds):
    counts = [multiprocessing.Value("L", 0) for _ in range(2)]
    answered = multiprocessing.Array("L", 2)
    workers = [multiprocessing.Process(target=f, args=(seconds, count, answered))
               for f, count in zip((kept, fresh), counts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return {"requests": sum(count.value for count in counts), "seconds": seconds,
            "done": answered[0], "refused": answered[1]}


def loris(seconds):
    begin = time.monotonic()
    socks = {connect("127.0.0.3"): begin for _ in range(40)}
    octets, closed = iter(GET[:-4] + b"\r\nX-A: " + b"a" * 10000), []
    while socks and time.monotonic() < begin + seconds:
        octet = bytes([next(octets)])
        for s in list(socks):
            try:
                s.send(octet)
                if select.select([s], [], [], 0)[0] and not s.recv(4096):
                    raise OSError
            except OSError:
                closed.append(time.monotonic() - begin)
                s.close()
                del socks[s]
        time.sleep(0.5)
    return {"open": len(socks), "closed": len(closed), "last": max(closed, default=0)}


def kept_open(source):
    """Connections from there that the server has not closed, whatever still waits to be read."""
    remote = "%08X:" % int.from_bytes(socket.inet_aton(source), "little")
    local = ":%04X" % SERVER[1]
    with open("/proc/net/tcp") as rows:
        words = [row.split() for row in rows]  # A row may be there twice, or not, in a flood.
    return len({row[2] for row in words if row[1].endswith(local) and row[2].startswith(remote)
                and row[3] == "01"})


def sip(seconds):
    """Never idle, and never done: what is sent waits behind what is not read."""
    begin, left = time.monotonic(), [1]
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.bind(("127.0.0.5", 0))
        s.settimeout(5)
        s.connect(SERVER)
        s.sendall(PAGE * 390)  # More than the server's kernel takes off its hands.
        while sum(left[-3:]) > 0 and time.monotonic() < begin + seconds:
            s.recv(600)
            time.sleep(0.5)
            left.append(kept_open("127.0.0.5"))
    return {"open": left[-1], "last": time.monotonic() - begin}


def crowd():
    def is_answered(source):
        s = socket.socket(socket.AF_INET6)
        s.settimeout(2)
        s.bind((source, 0))
        socks.append(s)
        try:
            s.connect((CROWD + "::1", SERVER[1]))
            s.sendall(GET)
            return s.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False
    socks = []
    answered = sum(is_answered("%s::%x" % (CROWD, 16 + number)) for number in range(300))
    return {"answered": answered, "other": is_answered("2001:db8:0:fffe::2")}


def answer(data):
    """The status that the server gives; 0: it closes without a word."""
    with connect("127.0.0.4", 10) as s:
        try:
            s.sendall(data)
        except OSError:
            pass
        try:
            head = s.recv(4096)
        except OSError:
            head = b""
    return int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0


def odd():
    post = b"POST /api/v1/neighbors/198.18.0.9/enable HTTP/1.1\r\nHost: x\r\n"
    json_type = b"Content-Type: application/json\r\n"
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    get = b"GET /api/v1/health HTTP/1.1\r\nHost: x\r\n"
    cases = {
        "a header of 20 KiB": (get + b"X-A: " + b"a" * 20000 + b"\r\n\r\n", (431,)),
        "a header of 200 KiB": (get + b"X-A: " + b"a" * 200000 + b"\r\n\r\n", (431, 413, 0)),
        "a path of 30 KiB": (b"GET /" + b"a" * 30000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                             (431, 414)),
        "twenty parameters": (b"GET /api/v1/health?" +
                              b"&".join(b"a%d=1" % n for n in range(20)) +
                              b" HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
        "2 MiB by length": (post + json_type + b"Content-Length: 2097152\r\n\r\n", (401, 413)),
        "2 MiB in chunks": (post + json_type + b"Transfer-Encoding: chunked\r\n\r\n" +
                            chunk * 32 + b"0\r\n\r\n", (401, 413)),
        "a length that is none": (get + b"Content-Length: -1\r\n\r\n", (400, 413)),
        "a deep body": (get + json_type + b"Content-Length: 4000\r\n\r\n" + b"[" * 4000,
                        (400,)),
        "noise": (bytes(range(256)) * 8 + b"\r\n\r\n", (400, 404, 405, 0)),
        "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 600, (400, 0)),
    }
    return {what: (answer(data), wanted) for what, (data, wanted) in cases.items()}


def health(seconds):
    end, took, bad = time.monotonic() + seconds, [], 0
    while time.monotonic() < end:
        begin = time.monotonic()
        try:
            with connect("127.0.0.2", 20) as s:
                s.sendall(GET)
                bad += b" 200 OK" not in s.recv(4096)
        except OSError:
            bad += 1
        took.append(time.monotonic() - begin)
        time.sleep(0.1)
    return {"count": len(took), "bad": bad, "longest": max(took),
            "median": sorted(took)[len(took) // 2]}


if __name__ == "__main__":
    ACTS = {"flood": flood, "loris": loris, "sip": sip, "crowd": crowd, "odd": odd,
            "health": health}
    print(json.dumps(ACTS[sys.argv[1]](*(float(word) for word in sys.argv[2:]))))
