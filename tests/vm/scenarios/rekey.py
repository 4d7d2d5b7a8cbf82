# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hundred rekeys, by time and by packet number, under a flood both ways: nothing lost, nothing reordered"""

from lab import macsec
from lab.check import at_most, wait_until
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


def exhaust(sender, receiver, probe):
    """The sender's packet numbers are nearly used up."""
    state = macsec.secy(sender)
    an = state.encoding_sa
    if "XPN" not in state.cipher.upper():
        sender.ip("macsec", "set", "macsec0", "tx", "sa", an, "pn", EXHAUSTED)
        return
    # A receiver guesses the upper half of a number from what it had before: it has to be taken along.
    with probe.paused():
        receiver.ip("macsec", "set", "macsec0", "rx", "sci", state.sci, "sa", an, "xpn", EXHAUSTED_XPN)
        sender.ip("macsec", "set", "macsec0", "tx", "sa", an, "xpn", EXHAUSTED_XPN)


def by_number(c, suite, count):
    """The packet numbers of either end in turn."""
    one, two, probe = pair(c, suite, DelayProtect="yes")
    ends = [one, two]
    for _ in range(count):
        before = macsec.secy(one)
        exhaust(*ends, probe)
        for namespace in ends:
            wait_until(lambda: key_number(macsec.secy(namespace)) > key_number(before), 10, "a new key", every=0.1,
                       state=lambda: macsec.secy(namespace))
            at_most(macsec.secy(namespace).tx_sa().pn, EXHAUSTED - 1, "the new key's packet numbers")
        probe.wait_both_ways(5)
        ends.reverse()
    return unharmed(probe)


def run(t):
    for how, measure, counts in (("time", by_time, (30, 20)), ("packet number", by_number, (90, 60))):
        for count, suite in zip(counts, ("GCM-AES-128", "GCM-AES-XPN-256")):
            t.case("%d by %s, %s" % (count, how, suite), measure, suite, count)
