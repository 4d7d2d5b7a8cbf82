# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hundred rekeys under a flood both ways: nothing lost, nothing reordered"""

from lab import macsec
from lab.check import at_least, at_most, wait_until
from lab.daemon import psk_profile

timeout = 900

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
EXHAUSTED = 0xC0000001
EXHAUSTED_XPN = 0xC000000000000001


def pair(c, suite, **mka):
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    for namespace, priority in ((one, 16), (two, 32)):
        c.macsecd(namespace, {"link": psk_profile(CAK, CKN, MKA={"Priority": priority, **mka}, MACsec={"CipherSuites": suite})})
    for namespace in (one, two):
        macsec.wait_secured(namespace)
    probe = c.probe(one, two, interval=0.001)
    probe.wait_both_ways(5)
    probe.look()
    return one, two, probe


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    return "%d frames" % sum(span.received for span in spans)


def by_time(c, suite, count):
    one, two, probe = pair(c, suite, RekeySec="1s")
    seen = set()

    def collect():
        for namespace in (one, two):
            seen.add(macsec.secy(namespace).tx_sa().key_id)
        return len(seen) > count
    wait_until(collect, 4 * count, "%d rekeys" % count, every=0.1, state=lambda: len(seen))
    return unharmed(probe)


def by_number(c, suite, count, ends):
    one, two, probe = pair(c, suite, DelayProtect="yes")
    spaces = {"one": one, "two": two}
    pn = EXHAUSTED_XPN if "XPN" in suite else EXHAUSTED
    for number in range(count):
        end = spaces[ends[number % len(ends)]]
        before = macsec.wait_secured(end)
        end.ip("macsec", "set", "macsec0", "tx", "sa", before.encoding_sa, "xpn" if "XPN" in suite else "pn", pn)
        for namespace in (one, two):
            after = macsec.wait_new_key(namespace, before, deadline=10)
            at_least(pn - 1, after.tx_sa().pn, "the new key's packet numbers are fresh")
    return unharmed(probe)


def run(t):
    t.case("60 by time, GCM-AES-128", by_time, "GCM-AES-128", 60)
    t.case("40 by time, GCM-AES-XPN-256", by_time, "GCM-AES-XPN-256", 40)
    t.case("60 by packet number, GCM-AES-128, either end's", by_number, "GCM-AES-128", 60, ("one", "two"))
    t.case("40 by packet number, GCM-AES-XPN-128, either end's", by_number, "GCM-AES-XPN-128", 40, ("one", "two"))
