# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carrier until the first frames pass on links that lose frames, beside wpa_supplicant's, and in a group of sixteen"""

import select
import socket
import struct
import time

from lab import macsec
from lab.bench import PATIENCE, SIDES, Figures, LowerBound, Ours, passed, share_of
from lab.check import Failure, check, wait_until
from lab.traffic import EAPOL

timeout = 18000
turn = 3

LOSSES = (0, 1, 5, 20)  # per cent, each way
LINK_UPS = 200
WITHOUT_CARRIER = 8  # longer than a peer's life time: nobody remembers the other
MEMBERS = 16
INTERVAL = 0.02  # between two frames of a member
TEST_TYPE = 0x88B6
DISTRIBUTED_SAK = 4


class Link:
    """Two ends on a switch whose ports lose so many per cent of what leaves them, without carrier."""

    def __init__(self, c, side, loss):
        self._c, self._side = c, side
        self.ends = self.one, self.two = c.namespaces("one", "two")
        self._switch = c.switch("sw", *self.ends)
        self._unplug()
        for end in self.ends:
            if loss:
                self._switch.namespace.impair(self._switch.port(end), "loss", "%d%%" % loss)
        self._made = [side.make(c, end, number) for number, end in enumerate(self.ends, 1)]
        self._start()

    def _unplug(self):
        for end in self.ends:
            self._switch.unplug(end)

    def _start(self):
        for each in self._made:
            each.start()
        for end in self.ends:
            end.wait_link("macsec0", 20)

    def come_up(self):
        """Seconds from the carrier of the second end until each end has received a frame; then there is none again, and no key."""
        probe = self._c.probe(self.one, self.two)
        self._switch.plug(self.one)
        self.one.wait_link("eth0", 5, "LOWER_UP")
        begin = self._switch.namespace.raise_now(self._switch.port(self.two))
        try:
            took = passed(probe, begin)
        except Failure:
            took = LowerBound(PATIENCE)
        probe.finish()
        self._unplug()
        self._forget()
        return took

    def _forget(self):
        if self._side is not Ours:
            # It goes on with what it had, or does not go on: as it starts it knows nothing.
            for each in self._made:
                each.process.stop()
            self._start()
            return
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() - begin >= WITHOUT_CARRIER, WITHOUT_CARRIER + 2, "without carrier", every=1)
        for end in self.ends:
            check(not macsec.secy(end).secured(), "no key is left")


def link_ups(c, side, loss, count):
    link = Link(c, side, loss)
    return [link.come_up() for _ in range(count)]


def on_lossy_links(t, figures, count):
    for loss in LOSSES:
        taken = {side.name: t.case("%d link-ups at %d %% loss, %s" % (count, loss, side.name), link_ups, side, loss, count) for side in SIDES}
        if None in taken.values():
            continue
        more = {}
        for name, times in taken.items():
            more[name + "_p50"], more[name + "_max"] = share_of(times, 0.5), max(times)
        figures.keep("link_up_p99_at_%d_percent_loss" % loss, *(share_of(taken[side.name], 0.99) for side in SIDES), runs=count, **more)


class Mesh:
    """A frame of each member to all others, again and again, until everybody has heard everybody."""

    def __init__(self, c, members):
        self.heard = {}
        self._sockets = []
        for number, member in enumerate(members):
            port = member.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            c.callback(port.close)
            port.bind(("macsec0", TEST_TYPE))
            port.setblocking(False)
            mac = bytes.fromhex(member.mac("macsec0").replace(":", ""))
            self._sockets.append((port, b"\xff" * 6 + mac + struct.pack("!HB", TEST_TYPE, number) + bytes(49)))
        self._poll = select.poll()
        self._by_fd = {}
        for number, (port, _) in enumerate(self._sockets):
            self._poll.register(port, select.POLLIN)
            self._by_fd[port.fileno()] = number

    def wait_all(self, deadline):
        """When the last pair had heard each other."""
        pairs = len(self._sockets) * (len(self._sockets) - 1)
        end = time.monotonic() + deadline
        due = 0.0
        while len(self.heard) < pairs:
            now = time.monotonic()
            check(now < end, lambda: "%d of %d pairs heard each other within %g s" % (len(self.heard), pairs, deadline))
            if now >= due:
                due = now + INTERVAL
                self._send()
            self._hear(max(0.0, due - time.monotonic()))
        return max(self.heard.values())

    def _send(self):
        for port, frame in self._sockets:
            try:
                port.send(frame)
            except OSError:
                continue  # it is not up yet, and its turn comes again

    def _hear(self, patience):
        for fd, _ in self._poll.poll(1000 * patience):
            number = self._by_fd[fd]
            try:
                while True:
                    frame, address = self._sockets[number][0].recvfrom(64)
                    if address[2] != socket.PACKET_OUTGOING:
                        self.heard.setdefault((frame[14], number), time.monotonic())
            except BlockingIOError:
                continue
            except OSError:
                continue  # the device went down and up


def saks(frames):
    """{(member identifier of the key server, key number)} of the SAKs that MKPDUs distribute (802.1X-2020 11.11)."""
    found = set()
    for frame in frames:
        body = frame[18:18 + struct.unpack_from("!H", frame, 16)[0]]
        actor, at = body[12:24], 0
        while at + 4 <= len(body) - 16:  # the ICV comes last
            length = struct.unpack_from("!H", body, at + 2)[0] & 0xFFF
            if at and body[at] == DISTRIBUTED_SAK and length >= 28:
                found.add((actor, struct.unpack_from("!I", body, at + 4)[0]))
            at += 4 + (length + 3) // 4 * 4
    return found


def group(c, count):
    """(seconds from the first carrier until all pairs pass, SAKs until then)."""
    members = c.namespaces(*("m%d" % number for number in range(count)))
    switch = c.switch("sw", *members)
    for member in members:
        switch.unplug(member)
    for number, member in enumerate(members):
        Ours.make(c, member, 0, MKA={"Priority": 16 + number}).start()
    for member in members:
        member.wait_link("macsec0", 20)
    sniffer = c.sniff(members[0])
    mesh = Mesh(c, members)
    begin = [switch.namespace.raise_now(switch.port(member)) for member in members][0]
    took = mesh.wait_all(PATIENCE) - begin
    return took, len(saks(sniffer.frames(EAPOL)))


def run(t):
    figures = Figures(t)
    on_lossy_links(t, figures, LINK_UPS if t.full else 3)
    taken = t.case("a group of %d" % MEMBERS, group, MEMBERS)
    if taken:
        figures.keep("group_of_%d_all_pass" % MEMBERS, taken[0])
        figures.keep("group_of_%d_saks" % MEMBERS, taken[1], unit="SAKs")
