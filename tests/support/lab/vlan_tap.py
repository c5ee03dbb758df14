#!/usr/bin/python3
"""A VLAN interface for kernels without 802.1Q: vlan_tap.py INTERFACE VID NAME

A tap called NAME, with the MAC address of INTERFACE, whose frames go out of INTERFACE with a tag
for VID; frames with that tag come in by it.  Runs until it is killed.
"""

import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 0x0002, 0x1000
SIOCSIFHWADDR = 0x8924
ETH_P_ALL, SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 3, 263, 8, 4
TP_STATUS_VLAN_VALID = 0x10
TAG = b"\x81\x00"


def open_tap(name, mac):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH14x", name.encode(), IFF_TAP | IFF_NO_PI))
    fcntl.ioctl(tap, SIOCSIFHWADDR, struct.pack("16sH6s8x", name.encode(), 1, mac))
    return tap


def open_wire(interface):
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    wire.bind((interface, ETH_P_ALL))
    return wire


def tag_of(frame, control):
    """(control information of the tag or None, frame without it); the kernel may have taken it out."""
    for level, kind, data in control:
        if level == SOL_PACKET and kind == PACKET_AUXDATA:
            status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return tci, frame
    if frame[12:14] == TAG:
        return struct.unpack("!H", frame[14:16])[0], frame[:12] + frame[16:]
    return None, frame


def from_wire(wire, tap, vid):
    frame, control, _, sender = wire.recvmsg(65536, 256)
    if sender[2] == PACKET_OUTGOING:
        return
    tci, frame = tag_of(frame, control)
    if tci is not None and tci & 0xfff == vid:
        os.write(tap, frame)


def from_tap(tap, wire, vid):
    frame = os.read(tap, 65536)
    wire.send(frame[:12] + TAG + struct.pack("!H", vid) + frame[12:])


def main():
    interface, vid, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    wire = open_wire(interface)
    tap = open_tap(name, wire.getsockname()[4])
    print("ready", flush=True)
    while True:
        for ready in select.select([wire, tap], [], [])[0]:
            try:
                if ready is wire:
                    from_wire(wire, tap, vid)
                else:
                    from_tap(tap, wire, vid)
            except OSError:
                pass  # The tap is not up yet, or the wire's queue is full: a frame is lost.


if __name__ == "__main__":
    main()
