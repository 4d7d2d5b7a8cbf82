# SPDX-License-Identifier: LGPL-2.1-or-later
"""Offload with the limits and side effects of real drivers, by the test module macseclab

The first cases do by hand what a driver does not take: the module counts it. The others show that macsecd does none of it.
"""

import time

from lab import hardware, macsec
from lab.check import Failure, at_least, at_most, check, equal, wait_until
from lab.daemon import psk_profile
from lab.process import command

timeout = 3600
turn = 0
modules = ["macseclab"]

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
KINDS = {kind.name: kind for kind in hardware.KINDS}
REKEYS = 20
LINKS = 9


def seconds(number):
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= number, number + 1, "%g s pass" % number, every=0.2)


# -- by hand -----------------------------------------------------------------------------------------------------------
def made_by_hand(c, kind, an=0, create=(), validate="strict", mode=None):
    """A pair with static keys at `an`, as `ip macsec` makes it; `create` is in the message that creates the devices."""
    one, two = c.namespaces("one", "two")
    pair = c.hardware(one, two, (kind, kind))
    for own, other, own_key, other_key in ((one, two, "11", "22"), (two, one, "22", "11")):
        own.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "cipher", "gcm-aes-128", "encrypt", "on", "validate",
               validate, *create, "offload", mode or KINDS[kind].mode)
        own.ip("link", "set", "macsec0", "addrgenmode", "none")
        own.up("macsec0")
        peer = ("macsec0", "rx", "port", 1, "address", other.mac("eth0"))
        own.ip("macsec", "add", *peer)
        own.ip("macsec", "add", *peer, "sa", an, "pn", 1, "on", "key", other_key, other_key * 16)
        own.ip("macsec", "add", "macsec0", "tx", "sa", an, "pn", 1, "on", "key", own_key, own_key * 16)
    return one, two, pair


def pass_by_hand(c, one, two, pair):
    """Some frames pass both ways, none is lost."""
    probe = c.probe(one, two)
    try:
        probe.wait_both_ways(5, frames=40)
    except Failure as failure:
        raise Failure("%s; counted: %s" % (failure, pair.told())) from failure
    for span in probe.finish():
        equal(span.lost, 0, str(span))


def flow(c, one, two, pair, counter, number=20):
    """Frames are sent until `counter` has been raised by so many."""
    before = pair.both(counter)
    probe = c.probe(one, two)
    wait_until(lambda: pair.both(counter) >= before + number, 5, "%d frames are counted as %s" % (number, counter), state=pair.told)
    probe.finish()


def right_by_hand(c, kind):
    """What the driver is to be given: every frame passes, nothing is counted."""
    one, two, pair = made_by_hand(c, kind)
    pass_by_hand(c, one, two, pair)
    pair.unharmed()
    at_least(pair.counters(0)["in"], 40, "frames received protected")
    # The SecY, its start, the channel, and one SA a direction.
    equal(pair.counters(0)["requests"], 5, "requests")


def encode(one, two, an):
    for namespace in (one, two):
        namespace.ip("link", "set", "macsec0", "type", "macsec", "encodingsa", an)


def mlx5_created_without(c):
    one, two, pair = made_by_hand(c, "mlx5", an=1)
    encode(one, two, 1)
    pass_by_hand(c, one, two, pair)
    equal(pair.counters(0)["settings"], 1, "changes of settings")


def mlx5_created_with(c):
    one, two, pair = made_by_hand(c, "mlx5", an=1, create=("encodingsa", 0))
    encode(one, two, 1)
    flow(c, one, two, pair, "out_no_key")
    equal(pair.both("in"), 0, "frames received")


def mscc_other_an(c):
    one, two, pair = made_by_hand(c, "mscc", an=1)
    flow(c, one, two, pair, "out_wrong_an")
    flow(c, one, two, pair, "in_no_key")
    equal(pair.both("in"), 0, "frames received")


def mscc_wiped(c):
    one, two, pair = made_by_hand(c, "mscc")
    pass_by_hand(c, one, two, pair)
    encode(one, two, 0)
    flow(c, one, two, pair, "out_no_key")
    refused_before = pair.counters(0)["refused"]
    one.ip("macsec", "set", "macsec0", "tx", "sa", 0, "off", check=False)
    equal(pair.counters(0)["refused"], refused_before + 1, "refusals")
    check(macsec.secy(one).tx_sa() is not None, "the kernel goes on listing an SA that is gone")


def counts_again(c, kind, what):
    """The PN after the carrier, or the device, was down and came up again."""
    one, two, pair = made_by_hand(c, kind)
    pass_by_hand(c, one, two, pair)
    if what == "carrier":
        pair.unplug()
        pair.plug()
    else:
        one.down("macsec0")
        one.up("macsec0")
    flow(c, one, two, pair, "out_pn_twice")


def leaks(c):
    one, two, pair = made_by_hand(c, "cn10k", validate="check")
    for namespace in (one, two):
        namespace.ip("macsec", "set", "macsec0", "tx", "sa", 0, "off")
    flow(c, one, two, pair, "out_no_key")
    pair.leak()
    flow(c, one, two, pair, "out_clear")
    at_least(pair.both("in_clear_delivered"), 20, "clear frames delivered")


def storm(c):
    one, two = c.namespaces("one", "two")
    pair = c.hardware(one, two, ("refuse", "plain"))
    for _ in range(20):
        one.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "offload", "mac", check=False)
    equal(pair.counters(0)["refused"], 20, "refusals")
    equal(one.link("macsec0"), None, "the device")


# -- macsecd -----------------------------------------------------------------------------------------------------------
def profile(kind, parent="eth0", interface="macsec0", priority=16, **sections):
    settings = {"Offload": kind.mode, **sections.pop("MACsec", {})}
    return psk_profile(CAK, CKN, parent, interface, MACsec=settings, MKA={"Priority": priority, **sections.pop("MKA", {})}, **sections)


class Link:
    """Two macsecd on a pair, secured, with a probe that runs."""

    def __init__(self, c, kind, interval=0.02, **sections):
        self.one, self.two = c.namespaces("one", "two")
        self.pair = c.hardware(self.one, self.two, (kind.name, kind.name))
        self.daemons = [c.macsecd(namespace, {"link": profile(kind, priority=priority, **sections)}, sysfs=True)
                        for namespace, priority in ((self.one, 16), (self.two, 32))]
        for namespace in (self.one, self.two):
            equal(macsec.wait_secured(namespace).offload, kind.mode, "offload of " + namespace.name)
        self.probe = c.probe(self.one, self.two, interval=interval)
        self.passes(5)

    def passes(self, deadline, number=10):
        try:
            self.probe.wait_both_ways(deadline, frames=number)
        except Failure as failure:
            found = [macsec.secy(self.one), macsec.secy(self.two)]
            raise Failure("%s; counted: %s; %s" % (failure, self.pair.told(), found)) from failure

    def finish(self):
        """The probe's spans, after which nothing has happened that must not."""
        spans = self.probe.finish()
        self.pair.unharmed()
        equal(self.pair.both("in_bad_key"), 0, "frames with another key")
        return spans


def two_hosts(c, kind):
    link = Link(c, kind)
    requests = link.pair.counters(0)["requests"]
    for span in link.finish():
        equal(span.lost, 0, str(span))
    equal(macsec.secy(link.one).cipher, kind.suite, "cipher suite")
    return "%d requests to the driver" % requests


def key_number(namespace):
    """KN of the key in use, 0 where there is none at the moment."""
    found = macsec.secy(namespace)
    sa = found.tx_sa() if found else None
    return int(sa.key_id[24:], 16) if sa else 0


def rekeys(c, kind):
    link = Link(c, kind, interval=0.01, MKA={"RekeySec": "1s"})
    before, begin = link.pair.counters(0), key_number(link.one)
    wait_until(lambda: key_number(link.one) >= begin + REKEYS, 4 * REKEYS, "%d rekeys" % REKEYS, every=1,
               state=link.pair.told)
    with link.probe.paused():
        after = link.pair.counters(0)
        keys = key_number(link.one) - begin
    spans = link.finish()
    changes = after["settings"] - before["settings"]
    equal(changes, keys, "changes of settings for %d keys" % keys)
    # A gap that is shorter than the time between two frames may hit one.
    each = kind.rekey_gap and 1 + int(kind.rekey_gap / 0.01)
    for span in spans:
        at_most(span.lost, keys * each, "frames lost in %d rekeys: %s" % (keys, span))
    if not kind.rekey_gap:
        equal(after["out_no_key"] - before["out_no_key"], 0, "frames with no key")
    return "%d keys, %d changes of settings, lost %s" % (keys, changes, [span.lost for span in spans])


def flap(c, kind, duration):
    link = Link(c, kind)
    seconds(2)
    link.pair.unplug()
    seconds(duration)
    link.pair.plug()
    begin = time.monotonic()
    link.passes(15)
    took = time.monotonic() - begin
    seconds(3)
    link.finish()
    return "frames pass %.1f s later" % took


def restart(c, kind, how):
    link = Link(c, kind)
    daemon = link.daemons[0]
    daemon.kill() if how == "SIGKILL" else daemon.terminate()
    daemon.start()
    seconds(8)
    link.passes(10)
    spans = link.finish()
    return "; ".join("longest gap %.0f ms" % (1000 * span.longest_gap) for span in spans)


def down_up(c, kind, device):
    link = Link(c, kind)
    seconds(1)
    link.one.down(device)
    seconds(0.5)
    link.one.up(device)
    link.passes(15)
    seconds(3)
    link.passes(5)
    link.finish()


def peer_lost(c, kind):
    link = Link(c, kind)
    link.daemons[1].kill()

    def without_key():
        found = macsec.secy(link.one)
        return found is None or not found.secured()
    wait_until(without_key, 15, "the key is given up", every=0.2, state=lambda: macsec.secy(link.one))
    link.daemons[1].start()
    link.passes(15)
    seconds(3)
    link.finish()


def should_secure(c, kind):
    if kind.should_secure:
        link = Link(c, kind, MACsec={"Policy": "should-secure"})
        link.passes(5)
        link.probe.finish()
        equal(link.pair.both("out_pn_twice"), 0, "(key, PN) twice")
        return
    refused(c, kind, "must-secure", MACsec={"Policy": "should-secure"})


def refused(c, kind, words, **sections):
    """The profile's offload is not to be had: it says so with `words`, nothing is secured elsewhere, and it does not storm."""
    one, two = c.namespaces("one", "two")
    pair = c.hardware(one, two, (kind.name, kind.name))
    daemon = c.macsecd(one, {"link": profile(kind, **sections)}, sysfs=True)
    wait_until(lambda: words in daemon.process.output(), 10, "it says " + words, state=daemon.process.output)
    equal(macsec.secy(one), None, "a device")
    equal(pair.counters(0)["secys"], 0, "SecYs in hardware")
    at_most(pair.counters(0)["refused"], 8, "attempts")
    equal(daemon.terminate(2), 0, "exit code")


def settings_changed(c, kind):
    """Another program changes the encoding AN: the hardware forgets every key, though the kernel goes on listing them."""
    link = Link(c, kind)
    begin = key_number(link.one)
    for _ in range(2):
        link.one.ip("link", "set", "macsec0", "type", "macsec", "encodingsa", (macsec.secy(link.one).tx_sa().an + 1) % 4)
        wait_until(lambda: key_number(link.one) > begin, 20, "another key", every=0.2, state=lambda: macsec.secy(link.one))
        begin = key_number(link.one)
        link.passes(15)
    link.finish()


def firmware_refuses(c):
    """A suite that the driver has and its firmware refuses is tried once, and what works goes on."""
    kind = hardware.Kind("mlx5-old")
    link = Link(c, kind, MACsec={"CipherSuites": "GCM-AES-128"})
    before = link.pair.counters(0)["refused"]
    better = {"CipherSuites": "GCM-AES-XPN-128 GCM-AES-128"}
    for daemon, priority in zip(link.daemons, (16, 32)):
        daemon.profile("link", profile(kind, priority=priority, MACsec=better))
        daemon.reload()
    seconds(20)
    link.passes(15)
    with link.probe.paused():
        equal(macsec.secy(link.one).cipher, "GCM-AES-128", "cipher suite")
        at_most(link.pair.counters(0)["refused"] - before, 1, "attempts")
    link.finish()


class Group:
    """Members on a switch, each with such a device."""

    def __init__(self, c, kind, count):
        self.members = c.namespaces(*["m%d" % number for number in range(count)])
        switch = c.namespace("sw")
        switch.ip("link", "add", "br0", "type", "bridge", "group_fwd_mask", 0xfff8, "mcast_snooping", 0, "forward_delay", 0)
        self.pairs = []
        for number, member in enumerate(self.members):
            self.pairs.append(c.hardware(member, switch, (kind.name, "plain"), ("eth0", "p%d" % number)))
            # A frame of the largest size, with its SecTAG and ICV.
            switch.ip("link", "set", "p%d" % number, "mtu", 1600, "master", "br0")
        switch.up("br0")
        self.daemons = [c.macsecd(member, {"link": profile(kind, priority=16 + number)}, sysfs=True)
                        for number, member in enumerate(self.members)]


def group(c, kind):
    three = Group(c, kind, 3)
    members = three.members
    if not kind.group:
        wait_until(lambda: any("one peer" in daemon.process.output() for daemon in three.daemons), 15, "it says that it has one peer",
                   state=lambda: [daemon.process.output()[-300:] for daemon in three.daemons])
    else:
        for member in members:
            macsec.wait_secured(member, peers=2)
        for index, one in enumerate(members):
            for two in members[index + 1:]:
                probe = c.probe(one, two)
                probe.wait_both_ways(5, frames=20)
                probe.finish()
    for pair in three.pairs:
        pair.unharmed()


def beside_healthy(c, duration):
    """A driver that refuses everything, for so many seconds beside links that are well."""
    one, two = c.namespaces("one", "two")
    pair = c.hardware(one, two, ("refuse", "refuse"), ("bad0", "bad0"))
    good = {"link%d" % number: psk_profile(CAK, CKN, "eth%d" % number, "macsec%d" % number) for number in range(LINKS)}
    for number in range(LINKS):
        c.veth(one, two, "eth%d" % number, "eth%d" % number)
    bad = psk_profile(CAK, CKN, "bad0", "macsecbad", MACsec={"Offload": "mac"})
    daemon = c.macsecd(one, {**good, "bad": bad}, sysfs=True)
    c.macsecd(two, good)
    for number in range(LINKS):
        macsec.wait_secured(one, "macsec%d" % number)
        macsec.wait_secured(two, "macsec%d" % number)
    probes = [c.probe(one, two, "macsec%d" % number, interval=0.25) for number in range(LINKS)]
    for probe in probes:
        probe.wait_both_ways(5)
    before = daemon.process.cpu_seconds()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= duration, duration + 1, "%g s pass" % duration, every=5)
    used = daemon.process.cpu_seconds() - before
    lost = [span.lost for probe in probes for span in probe.finish()]
    equal(sum(lost), 0, "frames lost on %d links" % LINKS)
    at_most(used, duration / 100, "seconds of CPU in %d s" % duration)
    attempts = pair.counters(0)["refused"]
    at_least(attempts, 1, "attempts")
    # 0.1 s, doubled each time up to a minute.
    at_most(attempts, 12 + duration / 30, "attempts")
    equal(daemon.terminate(1), 0, "exit code")
    return "%.2f s of CPU, %d attempts" % (used, attempts)


def seeded(t):
    """What the module counts when it is done wrong."""
    for kind in hardware.KINDS:
        t.case("by hand, %s: in its order" % kind.name, right_by_hand, kind.name)
    t.case("by hand, mlx5: no encoding AN at creation", mlx5_created_without)
    t.case("by hand, mlx5: an encoding AN at creation leaves the key out", mlx5_created_with)
    t.case("by hand, mscc: an SA at another AN is sent with the wrong one", mscc_other_an)
    t.case("by hand, mscc: a change of settings wipes the keys", mscc_wiped)
    t.case("by hand, atlantic: the carrier makes it count again", counts_again, "atlantic", "carrier")
    t.case("by hand, atlantic: the device makes it count again", counts_again, "atlantic", "device")
    t.case("by hand, cn10k: the device makes it count again", counts_again, "cn10k", "device")
    t.case("by hand, cn10k: frames that leave in clear", leaks)
    t.case("by hand: refusals are counted", storm)


def run(t):
    command(["modprobe", "macseclab"])
    seeded(t)
    for kind in hardware.KINDS:
        t.case("macsecd, %s: two hosts" % kind.name, two_hosts, kind)
        t.case("macsecd, %s: %d rekeys under traffic" % (kind.name, REKEYS), rekeys, kind)
        for duration in (2, 8):
            t.case("macsecd, %s: the cable is out for %d s" % (kind.name, duration), flap, kind, duration)
        for how in ("SIGTERM", "SIGKILL"):
            t.case("macsecd, %s: restart, %s" % (kind.name, how), restart, kind, how)
        for device in ("macsec0", "eth0"):
            t.case("macsecd, %s: %s down and up" % (kind.name, device), down_up, kind, device)
        t.case("macsecd, %s: three members" % kind.name, group, kind)
        t.case("macsecd, %s: should-secure" % kind.name, should_secure, kind)
        t.case("macsecd, %s: the peer is lost and returns" % kind.name, peer_lost, kind)
    t.case("macsecd, mscc: another program changes the settings", settings_changed, KINDS["mscc"])
    t.case("macsecd, mlx5 with older firmware: a suite is refused", firmware_refuses)
    t.case("macsecd, atlantic: XPN is refused in words", lambda c: refused(c, KINDS["atlantic"], "XPN",
                                                                  MACsec={"CipherSuites": "GCM-AES-XPN-128"}))
    t.case("a driver that refuses everything, beside nine links", beside_healthy, 600)
