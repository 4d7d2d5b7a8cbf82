# SPDX-License-Identifier: LGPL-2.1-or-later
"""Probes, sniffers and raw ports: what passes on a link, and frames put onto it."""

import contextlib
import json
import os
import select
import socket
import struct
import subprocess
import time

from .check import Failure, check, wait_until
from .process import Process

MACSEC = 0x88E5
EAPOL = 0x888E
_SOL_PACKET = 263
_PACKET_IGNORE_OUTGOING = 23


class _Helper(Process):
    """A measuring program that answers letters on its standard input with lines."""

    def __init__(self, argv, namespace, name, log):
        super().__init__(argv, namespace, name, log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._pending = b""

    def line(self, deadline=20):
        end = time.monotonic() + deadline
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self.stdout], [], [], max(0, end - time.monotonic()))
            got = os.read(self.stdout.fileno(), 65536) if ready else b""
            if not got:
                raise Failure("%s said nothing within %g s; log: %s" % (self.name, deadline, self.output()[-200:]))
            self._pending += got
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode()

    def tell(self, letter):
        """Give a command; `line` has the answer."""
        os.write(self.stdin.fileno(), letter.encode())

    def ask(self, letter):
        self.tell(letter)
        return json.loads(self.line())

    def stop(self):
        try:
            return super().stop()
        finally:
            self.stdin.close()
            self.stdout.close()


class Span:
    """One direction of a probe over a span of time. Times in seconds of the guest's monotonic clock.

    `longest_gap` between two receptions (or a bound of the span); `first` and `last` reception of the whole probe, 0 if none;
    `refused`: frames that the sender's device did not take.
    """

    def __init__(self, sender, receiver, before):
        earlier_sender, earlier_receiver = before
        self.sent = sender["sent"] - earlier_sender["sent"]
        self.refused = sender["send_errors"] - earlier_sender["send_errors"]
        self.send_errors = sender["send_errors"] - earlier_sender["send_errors"]
        for field in ("received", "duplicated", "reordered"):
            setattr(self, field, receiver[field] - earlier_receiver[field])
        for field in ("first", "last", "longest_gap", "latency_max", "latency_mean"):
            setattr(self, field, receiver[field])
        self.lost = self.sent - self.received

    def __str__(self):
        return "sent %d, lost %d, reordered %d, duplicated %d, longest gap %.0f ms" % (
            self.sent, self.lost, self.reordered, self.duplicated, self.longest_gap * 1000)


class Probe:
    """Numbered raw frames both ways between two devices, each `interval` seconds; devices may come and go meanwhile.

    Both ends listen before either sends. With `start=False` nothing is sent before `go()`.
    """

    def __init__(self, scope, one, one_device, two, two_device, interval=0.005, size=64, start=True):
        self._ends = []
        self._before = []
        for namespace, device in ((one, one_device), (two, two_device)):
            name = "probe-%s-%s" % (namespace.name, device)
            self._ends.append(scope.enter_context(_Helper(
                ["/lab/bin/vm-probe", device, str(max(1, round(interval * 1e6))), str(size)], namespace, name, scope.log_path(name))))
        for end in self._ends:
            self._before.append(json.loads(end.line()))
        if start:
            self.go()

    def _ask(self, letter):
        for end in self._ends:
            end.tell(letter)
        return [json.loads(end.line()) for end in self._ends]

    def go(self):
        """Begin to send, or go on at full speed."""
        self._ask("g")

    def trickle(self):
        """Go on at a hundredth of the speed, until `go()`: a long wait under a flood costs the guest much."""
        self._ask("l")

    def received(self):
        """(by one, by two): frames so far."""
        one, two = self._ask("f")
        return one["received"], two["received"]

    def first(self):
        """(by one, by two): guest monotonic time of the first frame received, 0 if there was none."""
        one, two = self._ask("f")
        return one["first"], two["first"]

    def wait_both_ways(self, deadline, what="frames pass both ways", frames=1):
        """Wait until each end received `frames` more since the call; returns the seconds this took."""
        begin = time.monotonic()
        before = self.received()
        wait_until(lambda: all(new >= old + frames for new, old in zip(self.received(), before)), deadline, what)
        return time.monotonic() - begin

    def look(self):
        """(one to two, two to one) since the last look, as Spans. The ends are asked one after the other: `lost` may be wrong by what
        was sent meanwhile, here and in the next spans. A probe that nobody looked at is exact: see `finish`."""
        return self._spans(self._ask("n"))

    def _spans(self, now):
        before, self._before = self._before, now
        return Span(now[0], now[1], before), Span(now[1], now[0], before[::-1])

    @contextlib.contextmanager
    def paused(self):
        """Nothing is sent nor under way within the block."""
        self._ask("s")
        self._wait_quiet()
        yield
        self.go()

    def _wait_quiet(self):
        state = {}

        def quiet():
            now = self.received()
            if now != state.get("received"):
                state.update(received=now, since=time.monotonic())
            return time.monotonic() - state["since"] >= 0.1
        wait_until(quiet, 10, "probe frames stop arriving")

    def finish(self):
        """Stop sending, wait until nothing more arrives; (one to two, two to one) since the last look. Exact."""
        gaps = [figures["longest_gap"] for figures in self._ask("s")]
        self._wait_quiet()
        spans = self._spans(self._ask("n"))
        for end in self._ends:
            end.stop()
        # The silence after the last frame is no outage: the gap counts up to the moment sending stopped.
        spans[0].longest_gap, spans[1].longest_gap = gaps[1], gaps[0]
        return spans


class Sniffer:
    """Counts and records what passes a device, both directions."""

    def __init__(self, scope, namespace, device):
        self.pcap = scope.log_path("%s-%s.pcap" % (namespace.name, device))
        name = "sniff-%s-%s" % (namespace.name, device)
        self._process = scope.enter_context(_Helper(["/lab/bin/vm-sniff", device, self.pcap], namespace, name, scope.log_path(name)))
        check(self._process.line() == "ready", "sniffer listens")

    def counts(self):
        """{ethertype: frames} so far, both directions together."""
        return {int(kind, 16): item["in"] + item["out"] for kind, item in self._process.ask("f").items()}

    def only(self, *ethertypes):
        """Fail if anything else than these passed; returns the counts."""
        counts = self.counts()
        other = {"0x%04x" % kind: number for kind, number in counts.items() if kind not in ethertypes}
        check(not other, lambda: "on the wire besides %s: %s" % (", ".join("0x%04x" % kind for kind in ethertypes), other))
        return counts

    def frames(self, ethertype=None):
        """The recorded frames, as bytes with their Ethernet header."""
        self.counts()  # flushes
        return read_pcap(self.pcap, ethertype)


def read_pcap(path, ethertype=None):
    """Frames of a pcap file, those of one EtherType if given."""
    with open(path, "rb") as text:
        data = text.read()
    frames, at = [], 24
    while at + 16 <= len(data):
        size, = struct.unpack_from("<I", data, at + 8)
        frame = data[at + 16:at + 16 + size]
        if ethertype is None or frame[12:14] == struct.pack("!H", ethertype):
            frames.append(frame)
        at += 16 + size
    return frames


class RawPort:
    """Whole frames in and out of a device: to inject, reflect, replay, or answer."""

    def __init__(self, scope, namespace, device, ethertype=0x0003):
        self._socket = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        scope.callback(self._socket.close)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._socket.bind((device, ethertype))

    def send(self, frame):
        self._socket.send(frame)

    def receive(self, deadline):
        """The next frame, or None after `deadline` seconds."""
        self._socket.settimeout(deadline)
        try:
            return self._socket.recv(65536)
        except TimeoutError:
            return None

    def next(self, wanted, deadline, what):
        """The next frame for which `wanted(frame)` is true."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            frame = self.receive(max(0.001, end - time.monotonic()))
            if frame is not None and wanted(frame):
                return frame
        raise Failure("waited %g s for a frame: %s" % (deadline, what))


def ping(namespace, address, deadline=10, interval=0.05):
    """Wait for the first answer to an ICMP or ICMPv6 echo; returns the seconds it took."""
    begin = time.monotonic()
    six = ":" in address
    kind, answer = (128, 129) if six else (8, 0)
    with namespace.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, 58 if six else 1) as port:
        number = 0
        port.settimeout(interval)
        while time.monotonic() - begin < deadline:
            number += 1
            body = struct.pack("!BBHHH", kind, 0, 0, os.getpid() & 0xFFFF, number) + b"macsecd lab ping"
            body = body[:2] + struct.pack("!H", 0 if six else _checksum(body)) + body[4:]
            sent = time.monotonic()
            try:
                port.sendto(body, (address, 0))
                while time.monotonic() - sent < interval:
                    got = port.recv(2048)
                    got = got if six else got[(got[0] & 15) * 4:]
                    if got[0] == answer and got[4:6] == body[4:6]:
                        return time.monotonic() - begin
            except TimeoutError:
                continue
            except OSError:
                time.sleep(interval)  # poll: until there is a route
    raise Failure("%s: no answer to ping from %s within %g s" % (namespace.name, address, deadline))


def _checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
