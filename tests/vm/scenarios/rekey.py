# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hundred rekeys under a flood both ways: nothing lost, nothing reordered"""

from lab import macsec
from lab.check import at_least, at_most, wait_until
from lab.daemon import psk_profile

timeout = 900
in_all = False  # not settled enough for every run: make vm TEST=rekey

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
    probe = c.probe(one, two, interval=0.002)
    probe.wait_both_ways(5)
    return one, two, probe


def unharmed(probe):
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered, span.duplicated), 0, str(span))
    return "%d frames" % sum(span.received for span in spans)


def key_number(secy):
    """KN of the key in use: the last four octets of the key identifier (802.1X 9.8)."""
    return int(secy.tx_sa().key_id[24:], 16)


def by_time(c, suite, count):
    one, two, probe = pair(c, suite, RekeySec="1s")
    for namespace in (one, two):
        wait_until(lambda: key_number(macsec.secy(namespace)) > count, 4 * count, "%d rekeys" % count, every=2,
                   state=lambda: macsec.secy(namespace))
    return unharmed(probe)


def by_number(c, suite, count, ends):
    one, two, probe = pair(c, suite, DelayProtect="yes")
    spaces = {"one": one, "two": two}
    word, pn = ("xpn", EXHAUSTED_XPN) if "XPN" in suite else ("pn", EXHAUSTED)
    for number in range(count):
        end = spaces[ends[number % len(ends)]]
        before = macsec.secy(end)
        end.ip("macsec", "set", "macsec0", "tx", "sa", before.encoding_sa, word, pn)
        for namespace in (one, two):
            wait_until(lambda: key_number(macsec.secy(namespace)) > key_number(before), 10, "a new key", every=0.2,
                       state=lambda: macsec.secy(namespace))
        at_least(pn - 1, macsec.secy(end).tx_sa().pn, "the new key's packet numbers are fresh")
    return unharmed(probe)


def run(t):
    t.case("60 by time, GCM-AES-128", by_time, "GCM-AES-128", 60)
    t.case("40 by time, GCM-AES-XPN-256", by_time, "GCM-AES-XPN-256", 40)
    t.case("60 by packet number, GCM-AES-128, either end's", by_number, "GCM-AES-128", 60, ("one", "two"))
    t.case("40 by packet number, GCM-AES-XPN-128, either end's", by_number, "GCM-AES-XPN-128", 40, ("one", "two"))
