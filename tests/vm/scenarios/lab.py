# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab itself: the kernel, the helpers and the peers the other scenarios stand on"""

import time

from lab import clock, macsec, traffic
from lab.check import at_most, check, equal, wait_until

turn = 2

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"


def addresses(one, two, device="macsec0"):
    for namespace, number in ((one, 1), (two, 2)):
        namespace.address(device, "10.0.0.%d/24" % number, "fd00::%d/64" % number)


def by_hand(c):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    sniffer = c.sniff(two)
    macsec.by_hand(one, two)
    addresses(one, two)
    traffic.ping(one, "10.0.0.2")
    traffic.ping(two, "fd00::1")
    probe = c.probe(one, two)
    wait_until(lambda: min(probe.received()) >= 100, 10, "100 frames each way")
    for span in probe.finish():
        equal((span.lost, span.reordered, span.duplicated), (0, 0, 0), str(span))
        at_most(span.longest_gap, 0.2, "longest gap")
    sniffer.only(traffic.MACSEC)
    found = macsec.secy(one)
    equal(found.sci, macsec.sci(one.mac("eth0")), "SCI")
    equal(found.tx_sa().key_id[:2], "11", "key id")
    check(found.tx_sa().pn > 100, "the packet number advances")


def outage(c):
    one, two = c.namespaces("one", "two")
    switch = c.switch("sw", one, two)
    macsec.by_hand(one, two)
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    probe.look()
    switch.unplug(two)
    wait_until(lambda: "LOWER_UP" not in two.link("eth0")["flags"], 5, "carrier goes")
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin > 0.5, 2, "half a second")
    switch.plug(two)
    probe.wait_both_ways(5)
    there, back = probe.finish()
    check(there.lost > 50 and there.longest_gap > 0.45, "an outage shows: %s" % there)
    check(back.longest_gap > 0.45, "an outage shows: %s" % back)
    return "%s / %s" % (there, back)


def replay(c):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    macsec.by_hand(one, two)
    sniffer = c.sniff(two)
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    probe.finish()
    frame = [item for item in sniffer.frames(traffic.MACSEC) if item[6:12].hex(":") == one.mac("eth0")][-1]

    def delayed():
        return macsec.secy(two).rx_scs[macsec.sci(one.mac("eth0"))].counters["InPktsDelayed"]

    # Replay protection is off: the kernel accepts the frame and counts it apart.
    equal(delayed(), 0, "delayed frames before")
    c.raw(one).send(frame)
    wait_until(delayed, 5, "a replayed frame arrives")


def offload(c):
    one = c.namespace("one")
    c.netdevsim(one)
    one.ip("link", "add", "link", "sim0", "macsec0", "type", "macsec", "offload", "mac")
    equal(macsec.secy(one).offload, "mac", "offload")


def wpa_pair(c):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    sniffer = c.sniff(two)
    begin = time.monotonic()
    c.wpa(one, CAK, CKN, mka_priority=16)
    c.wpa(two, CAK, CKN, mka_priority=32)
    macsec.wait_secured(one, deadline=30)
    macsec.wait_secured(two, deadline=30)
    secured = time.monotonic() - begin
    addresses(one, two)
    traffic.ping(one, "10.0.0.2")
    sniffer.only(traffic.MACSEC, traffic.EAPOL)
    return "secured after %.2f s" % secured


def clock_step(_):
    before, monotonic = time.time(), time.monotonic()
    with clock.stepped(-3600):
        check(abs(time.time() - before + 3600) < 60, "the wall clock goes back")
    check(abs(time.time() - before) < 60, "and comes back")
    check(time.monotonic() - monotonic < 60, "the monotonic clock does not notice")


def run(t):
    t.case("ip macsec pair passes traffic", by_hand)
    t.case("an outage is measured", outage)
    t.case("a frame is replayed", replay)
    t.case("netdevsim offloads", offload)
    t.case("wpa_supplicant pair", wpa_pair)
    t.case("the clock is stepped", clock_step)
