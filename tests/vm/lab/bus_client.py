# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of the system bus that stays on it: run as another user, `python3 bus_client.py CONNECTIONS OCTETS`.

Each connection calls Rekey of a link and AddProfile with so many octets, both allowing to ask a person; then it waits for its input to end.
"""

import os
import select
import socket
import struct
import sys
import time

BUS = "/run/dbus/system_bus_socket"
PATH, INTERFACE, MEMBER, DESTINATION, SIGNATURE = 1, 2, 3, 6, 8
INTERACTIVE = 4


def padded(data, size):
    return data + b"\0" * (-len(data) % size)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(serial, destination, path, interface, member, signature="", body=b""):
    """A method call (D-Bus specification, "Message Format")."""
    fields = b""
    for code, kind, value in ((PATH, "o", path), (INTERFACE, "s", interface), (MEMBER, "s", member), (DESTINATION, "s", destination),
                              (SIGNATURE, "g", signature)):
        if value:
            fields = padded(fields, 8) + bytes([code, 1]) + kind.encode() + b"\0"
            fields += bytes([len(value)]) + value.encode() + b"\0" if kind == "g" else text(value)
    head = struct.pack("<cBBBIII", b"l", 1, INTERACTIVE, 1, len(body), serial, len(fields))
    return padded(head + fields, 8) + body


def connected():
    """A connection that has said Hello."""
    bus = socket.socket(socket.AF_UNIX)
    bus.connect(BUS)
    bus.sendall(b"\0AUTH EXTERNAL %s\r\n" % str(os.getuid()).encode().hex().encode())
    if not bus.recv(256).startswith(b"OK"):
        raise SystemExit("the bus does not take us")
    bus.sendall(b"BEGIN\r\n" + message(1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello"))
    return bus


def profile(octets):
    """Arguments of AddProfile, sa(sa{sv})a{sv}: the name, one setting of so many octets, no options."""
    entry = text("Parent") + b"\x01s\0"
    entry = padded(entry, 4) + text("e" * octets)
    section = padded(text("Link"), 4) + struct.pack("<I", len(entry)) + entry
    body = padded(text("mine"), 4) + struct.pack("<I", len(section))
    body = padded(padded(body, 8) + section, 4) + struct.pack("<I", 0)
    return padded(body, 8)


def main():
    count, octets = map(int, sys.argv[1:])
    buses = []
    for _ in range(count):
        try:
            bus = connected()
        except (ConnectionError, SystemExit):
            break
        bus.sendall(message(2, "org.macsecd1", "/org/macsecd1/session/macsec0", "org.macsecd1.Session", "Rekey"))
        buses.append(bus)
    for bus in buses[:4] if octets else ():
        bus.setblocking(False)
        for serial in range(3, 19):
            try:
                bus.sendall(message(serial, "org.macsecd1", "/org/macsecd1", "org.macsecd1.Manager", "AddProfile", "sa(sa{sv})a{sv}",
                                    profile(octets)))
            except BlockingIOError:
                break
    # Answers are read, so that none is kept by the bus.
    end = time.monotonic() + 2
    while time.monotonic() < end:
        for bus in select.select(buses, [], [], 0.5)[0]:
            bus.recv(1 << 16, socket.MSG_DONTWAIT)
    print("%d connections" % len(buses), flush=True)
    sys.stdin.read()


main()
