# SPDX-License-Identifier: LGPL-2.1-or-later
"""Three and four members of one CA on a switch"""

import time

from lab import macsec
from lab.check import at_most, equal, wait_until
from lab.daemon import psk_profile

timeout = 600
turn = 1

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"


def profile(priority=128, suite=None, **mka):
    return psk_profile(CAK, CKN, MKA={"Priority": priority, **mka}, MACsec={"CipherSuites": suite} if suite else {})


def all_secured(members, deadline=10):
    """Every member holds the same key and receives with it from all others."""
    def agreed():
        states = [macsec.secy(member) for member in members]
        if not all(state and state.secured(len(members) - 1) for state in states):
            return None
        return len({state.tx_sa().key_id for state in states}) == 1
    wait_until(agreed, deadline, "%d members share a key" % len(members), state=lambda: [macsec.secy(member) for member in members])


def reach(c, members):
    """Frames pass between each two members."""
    for index, one in enumerate(members):
        for two in members[index + 1:]:
            probe = c.probe(one, two, interval=0.01)
            probe.wait_both_ways(5, "frames between %s and %s" % (one.name, two.name), frames=20)
            for span in probe.finish():
                equal(span.lost, 0, str(span))


def together(c, count, suite):
    members = c.namespaces(*["m%d" % number for number in range(count)])
    c.switch("sw", *members)
    for member in members:
        c.macsecd(member, {"link": profile(suite=suite)})
    all_secured(members)
    reach(c, members)


def joins(c, delay, suite, priority):
    """A third member some time after the first SAK: it is secured in under a second, the first two lose nothing."""
    one, two, three = members = c.namespaces("one", "two", "three")
    c.switch("sw", *members)
    for member in members[:2]:
        c.macsecd(member, {"link": profile(suite=suite)})
    late = c.macsecd(three, {"link": profile(priority, suite)}, start=False)
    all_secured(members[:2])
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() - begin >= delay, delay + 1, "%g s pass" % delay)
    begin = time.monotonic()
    late.start()
    all_secured(members)
    took = time.monotonic() - begin
    at_most(took, 1.0, "time until the third member is secured")
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))
    reach(c, members)
    return "secured after %.0f ms" % (1000 * took)


def leaves(c, suite):
    """The key server dies: the others elect, and lose nothing between them."""
    one, two, three = members = c.namespaces("one", "two", "three")
    c.switch("sw", *members)
    server = c.macsecd(one, {"link": profile(1, suite)})
    for member in members[1:]:
        c.macsecd(member, {"link": profile(suite=suite)})
    all_secured(members)
    probe = c.probe(two, three)
    probe.wait_both_ways(5)
    before = macsec.secy(two)
    server.kill()
    macsec.wait_new_key(two, before, deadline=15)
    macsec.wait_new_key(three, before, deadline=15)
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))


def run(t):
    for count in (3, 4):
        for suite in ("GCM-AES-128", "GCM-AES-XPN-256"):
            t.case("%d members, %s" % (count, suite), together, count, suite)
    for delay in (0, 1, 3):
        for suite in ("GCM-AES-128", "GCM-AES-XPN-128"):
            t.case("a third member joins %d s after the first SAK, %s" % (delay, suite), joins, delay, suite, 128)
    t.case("a better key server joins", joins, 1, "GCM-AES-128", 1)
    t.case("a better key server joins, XPN", joins, 1, "GCM-AES-XPN-128", 1)
    for suite in ("GCM-AES-128", "GCM-AES-XPN-128"):
        t.case("the key server dies, %s" % suite, leaves, suite)
