# SPDX-License-Identifier: LGPL-2.1-or-later
"""What goes wrong in life: restarts, crashes, cables, devices, clocks, leftovers and replayed frames"""

import os
import signal
import time

from lab import clock, macsec, traffic
from lab.check import at_most, check, equal, stays, wait_until
from lab.daemon import psk_profile

timeout = 600
CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
OUTAGE = 0.3  # seconds: the most a restart or a returning cable may cost


class Pair:
    """Two daemons on a switch, secured, with addresses and a probe running."""

    def __init__(self, c, priorities=(16, 32), **sections):
        self.c = c
        self.hosts = c.namespaces("one", "two")
        self.switch = c.switch("sw", *self.hosts)
        self.daemons = [c.macsecd(host, {"link": psk_profile(CAK, CKN, MKA={"Priority": priority}, **sections)})
                        for host, priority in zip(self.hosts, priorities)]
        self.wait()
        for number, host in enumerate(self.hosts, 1):
            host.address("macsec0", "10.0.0.%d/24" % number, "fd00::%d/64" % number)
        self.probe = c.probe(*self.hosts)
        self.probe.wait_both_ways(5)

    def wait(self, deadline=10):
        return [macsec.wait_secured(host, deadline=deadline) for host in self.hosts]

    def addresses(self):
        return [[item["local"] for entry in host.ip_json("addr", "show", "dev", "macsec0") for item in entry["addr_info"]
                 if item["scope"] == "global"] for host in self.hosts]

    def has_addresses(self):
        return all(self.addresses()[i] == ["10.0.0.%d" % (i + 1), "fd00::%d" % (i + 1)] for i in (0, 1))

    def key(self):
        return macsec.secy(self.hosts[0]).tx_sa().key_id

    def settle(self):
        """Another second of traffic, so that what a fault did has time to show."""
        end = time.monotonic() + 1
        wait_until(lambda: time.monotonic() > end, 3, "a second passes")


def restart(c, how, side, still=0.0):
    """One end ends and starts again, at once or after a while; the other goes on."""
    pair = Pair(c)
    daemon = pair.daemons[side]
    if how == "SIGTERM":
        equal(daemon.terminate(), 0, "exit code")
        check(pair.has_addresses() and macsec.secy(pair.hosts[side]).secured(), "SIGTERM leaves the link working")
    else:
        daemon.kill()
    if still:
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() - begin > still, still + 2, "a while passes")
    daemon.start()
    pair.settle()
    pair.wait()
    pair.probe.wait_both_ways(5)
    spans = pair.probe.finish()
    for span in spans:
        at_most(span.longest_gap, OUTAGE if still < 5 else still, "longest gap")
    check(pair.has_addresses(), lambda: "addresses: %s" % pair.addresses())
    return " / ".join(map(str, spans))


def both_restart(c):
    """Both ends crash in the same moment."""
    pair = Pair(c)
    for daemon in pair.daemons:
        daemon.kill()
    for daemon in pair.daemons:
        daemon.start()
    pair.settle()
    pair.wait()
    pair.probe.wait_both_ways(5)
    spans = pair.probe.finish()
    for span in spans:
        at_most(span.longest_gap, 1.0, "longest gap")
    return " / ".join(map(str, spans))


def taken_down(c):
    """SIGINT takes the link down and cleans up."""
    pair = Pair(c)
    pair.daemons[0].process.signal(signal.SIGINT)
    equal(pair.daemons[0].process.wait(10), 0, "exit code")
    equal(pair.hosts[0].link("macsec0"), None, "the device it made")
    wait_until(lambda: not macsec.secy(pair.hosts[1]).secured(), 10, "the other end notices")
    pair.daemons[0].start()
    pair.wait()


def unplugged(c, seconds):
    """The cable is out for a while; the link is back at once, the device never went."""
    pair = Pair(c)
    index = [host.link("macsec0")["ifindex"] for host in pair.hosts]
    pair.switch.unplug(pair.hosts[1])
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > seconds, seconds + 2, "the cable is out")
    pair.switch.plug(pair.hosts[1])
    took = pair.probe.wait_both_ways(5)
    at_most(took, OUTAGE, "from carrier to traffic")
    pair.settle()
    check(pair.has_addresses(), lambda: "addresses: %s" % pair.addresses())
    equal([host.link("macsec0")["ifindex"] for host in pair.hosts], index, "the devices")
    return "%.0f ms from carrier to traffic" % (1000 * took)


def silent(c):
    """Frames are lost without a loss of carrier: the device goes dormant, keeps its addresses, leaks nothing, comes back."""
    pair = Pair(c)
    sniffer = c.sniff(pair.hosts[0])
    for host in pair.hosts:
        host.impair("eth0", "loss", "100%")
    wait_until(lambda: not macsec.secy(pair.hosts[0]).secured(), 12, "the peer's loss is noticed")
    wait_until(lambda: pair.hosts[0].link("macsec0")["operstate"] == "DORMANT", 2, "the device is dormant",
               state=lambda: pair.hosts[0].link("macsec0")["operstate"])
    check(pair.has_addresses(), lambda: "addresses: %s" % pair.addresses())
    for host in pair.hosts:
        host.impair("eth0")
    took = pair.probe.wait_both_ways(5)
    own = [bytes.fromhex(host.mac("eth0").replace(":", "")) for host in pair.hosts]  # the switch says things of its own
    leaks = [frame for frame in sniffer.frames() if frame[6:12] in own and frame[12:14] not in (b"\x88\xe5", b"\x88\x8e")]
    check(not leaks, lambda: "in the clear: %s" % leaks[0].hex())
    wait_until(lambda: pair.hosts[0].link("macsec0")["operstate"] == "UP", 2, "the device is up")
    return "back after %.0f ms" % (1000 * took)


def parent_returns(c):
    """The parent is removed and made again."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    daemons = [c.macsecd(host, {"link": psk_profile(CAK, CKN)}) for host in (one, two)]
    for host in (one, two):
        macsec.wait_secured(host)
    one.ip("link", "del", "eth0")
    wait_until(lambda: one.link("macsec0") is None and two.link("macsec0") is None, 5, "the devices go with their parents")
    c.veth(one, two)
    begin = time.monotonic()
    for host in (one, two):
        macsec.wait_secured(host)
    took = time.monotonic() - begin
    at_most(took, 1, "from the cable to keys")
    check(all(daemon.process.running() for daemon in daemons), "both daemons run on")
    return "secured %.0f ms after the cable is back" % (1000 * took)


def device_vanishes(c):
    """Somebody deletes the device under the daemon."""
    pair = Pair(c)
    pair.hosts[0].ip("link", "del", "macsec0")
    begin = time.monotonic()
    pair.wait()
    pair.probe.wait_both_ways(5)
    took = time.monotonic() - begin
    at_most(took, 2, "until it is back")
    return "back after %.0f ms" % (1000 * took)


def admin_down(c):
    """Somebody sets the device, then its parent, down and up."""
    pair = Pair(c)
    figures = []
    for device in ("macsec0", "eth0"):
        pair.hosts[0].down(device)
        begin = time.monotonic()
        wait_until(lambda begin=begin: time.monotonic() - begin > 1, 3, "it is down for a second")
        pair.hosts[0].up(device)
        took = pair.probe.wait_both_ways(5)
        at_most(took, OUTAGE, "from up to traffic")
        figures.append("%s %.0f ms" % (device, 1000 * took))
    pair.wait()
    return ", ".join(figures)


def foreign_hand(c):
    """Somebody changes what is ours to set; it is put back."""
    pair = Pair(c)
    host = pair.hosts[0]
    wrong = (macsec.secy(host).encoding_sa + 1) % 4
    for change in (("protect", "off"), ("encodingsa", str(wrong)), ("validate", "disabled"), ("encrypt", "off")):
        host.ip("link", "set", "macsec0", "type", "macsec", *change)

        def right():
            found = macsec.secy(host)
            return found.protect and found.encrypt and found.validate == "strict" and found.tx_sa() is not None
        wait_until(right, 2, "%s %s is undone" % change, state=lambda: macsec.secy(host))
    pair.probe.wait_both_ways(2)


def reflected(c):
    """Our own MKPDUs come back, and old ones are replayed: nothing happens."""
    pair = Pair(c)
    sniffer = c.sniff(pair.hosts[0])
    raw = [c.raw(pair.switch.namespace, pair.switch.port(host)) for host in pair.hosts]
    key = pair.key()
    own = [host.mac("eth0") for host in pair.hosts]
    for _ in range(3):
        begin = time.monotonic()
        wait_until(lambda begin=begin: time.monotonic() - begin > 2, 4, "a hello passes")
        for frame in sniffer.frames(traffic.EAPOL):
            source = frame[6:12].hex(":")
            # Towards each host: its own frames, and everything the other one ever said.
            for port in raw if source in own else ():
                port.send(frame)
    pair.settle()
    spans = pair.probe.finish()
    for span in spans:
        equal((span.lost, span.reordered), (0, 0), str(span))
    equal(pair.key(), key, "the key")


def old_session(c):
    """What an earlier session said does not disturb a later one."""
    pair = Pair(c)
    recorded = c.sniff(pair.hosts[0])
    key = pair.key()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 2.5, 4, "some hellos pass")
    frames = recorded.frames(traffic.EAPOL)
    check(len(frames) >= 2, "frames of the earlier session")
    for daemon in pair.daemons:  # a new session: nothing of the old one is kept
        daemon.kill()
        os.unlink(os.path.join(daemon.state, "link.snapshot"))
    for host in pair.hosts:
        host.ip("link", "del", "macsec0")
    for daemon in pair.daemons:
        daemon.start()
    pair.wait()
    pair.probe.wait_both_ways(5)
    pair.probe.look()
    check(pair.key() != key, "a new key")
    key = pair.key()
    for host in pair.hosts:
        port = c.raw(pair.switch.namespace, pair.switch.port(host))
        for frame in frames:
            port.send(frame)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 8, 10, "more than a life time passes")
    for span in pair.probe.finish():
        at_most(span.lost, 1, str(span))  # the two ends are not looked at in one instant
        equal(span.reordered, 0, str(span))
    equal(pair.key(), key, "the key")


def clock_steps(c):
    """The wall clock jumps: nothing happens."""
    pair = Pair(c)
    key = pair.key()
    for seconds in (30, -30, 86400 * 400, -86400 * 400):
        clock.step(seconds)
        pair.settle()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 7, 9, "more than a life time passes")
    for span in pair.probe.finish():
        equal((span.lost, span.reordered), (0, 0), str(span))
    equal(pair.key(), key, "the key")


def leftovers(c):
    """The device is there already, with channels and keys of somebody else in every place."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    for host, other in ((one, two), (two, one)):
        host.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "cipher", "gcm-aes-xpn-128", "encrypt", "on")
        host.up("macsec0")
        address = ("port", 1, "address", other.mac("eth0"))
        host.ip("macsec", "add", "macsec0", "rx", *address)
        host.ip("macsec", "add", "macsec0", "rx", "port", 9, "address", "02:00:00:00:00:09")
        for an in range(4):
            xpn = ("xpn", 7, "salt", "00" * 12, "ssci", 1, "on", "key", "0%d" % an, "11" * 16)
            host.ip("macsec", "add", "macsec0", "tx", "sa", an, *xpn)
            host.ip("macsec", "add", "macsec0", "rx", *address, "sa", an, *xpn)
    index = [host.link("macsec0")["ifindex"] for host in (one, two)]
    for host in (one, two):
        c.macsecd(host, {"link": psk_profile(CAK, CKN)})
    for host in (one, two):
        macsec.wait_secured(host)
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    equal([host.link("macsec0")["ifindex"] for host in (one, two)], index, "the devices")
    for host in (one, two):
        found = macsec.secy(host)
        check(len(found.rx_scs) == 1, "the stranger's channel is gone: %s" % found)
        check(len(found.tx_sas) == 1, "the stranger's keys are gone: %s" % found)


def waits_for_parent(c):
    """Neither parent nor device exist when the daemon starts."""
    one, two = c.namespaces("one", "two")
    for host in (one, two):
        c.macsecd(host, {"link": psk_profile(CAK, CKN)})
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 0.5, 2, "they wait")
    c.veth(one, two)
    for host in (one, two):
        macsec.wait_secured(host)


def waits_for_device(c):
    """Create=no: a device that somebody else makes is used, and survives the daemon."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    daemons = [c.macsecd(host, {"link": psk_profile(CAK, CKN, Link={"Create": "no"}, MACsec={"CipherSuites": "GCM-AES-128"})})
               for host in (one, two)]
    stays(lambda: one.link("macsec0") is None, 0.5, "no device of ours")
    for host in (one, two):
        host.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "encrypt", "on")
        host.up("macsec0")
    for host in (one, two):
        macsec.wait_secured(host)
    daemons[0].process.signal(signal.SIGINT)
    daemons[0].process.wait(10)
    found = macsec.secy(one)
    check(found is not None and not found.tx_sas and not found.rx_scs, "the device stays, without keys: %s" % found)


def run(t):
    for how in ("SIGTERM", "SIGKILL"):
        for side, name in ((0, "the key server"), (1, "the other end")):
            t.case("%s and restart of %s" % (how, name), restart, how, side)
    t.case("SIGTERM, 3 s without a daemon", restart, "SIGTERM", 0, 3.0)
    t.case("SIGKILL, 10 s without a daemon", restart, "SIGKILL", 1, 10.0)
    t.case("both ends crash", both_restart)
    t.case("SIGINT takes the link down", taken_down)
    t.case("cable out for 2 s", unplugged, 2)
    t.case("cable out for 8 s", unplugged, 8)
    t.case("everything lost without a loss of carrier", silent)
    t.case("the parent is removed and comes back", parent_returns)
    t.case("the device vanishes", device_vanishes)
    t.case("set down and up", admin_down)
    t.case("a foreign hand", foreign_hand)
    t.case("reflected and replayed MKPDUs", reflected)
    t.case("MKPDUs of an earlier session", old_session)
    t.case("the clock steps", clock_steps)
    t.case("leftover keys in every place", leftovers)
    t.case("the parent comes later", waits_for_parent)
    t.case("the device comes later", waits_for_device)
