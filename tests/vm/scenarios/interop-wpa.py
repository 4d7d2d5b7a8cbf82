# SPDX-License-Identifier: LGPL-2.1-or-later
"""One end is Debian's wpa_supplicant 2.10, as key server and as member"""

from lab import macsec, traffic
from lab.check import at_most, equal, wait_until
from lab.daemon import psk_profile

timeout = 1100

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
EXHAUSTED = 0xC0000001


def link(c, own_priority, wpa_priority, cak=CAK, ckn=CKN, mka=None, section=None, **wpa):
    """macsecd in one, wpa_supplicant in two, addressed and answering; (one, two, daemon, peer, sniffer)."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    sniffer = c.sniff(two)
    # Said beforehand: with what a fast link prefers, the device would be made anew when the peer turns out to be unable.
    suite = {"CipherSuites": "GCM-AES-128", **(section or {})}
    daemon = c.macsecd(one, {"link": psk_profile(cak, ckn, MKA={"Priority": own_priority, **(mka or {})}, MACsec=suite)})
    peer = c.wpa(two, cak, ckn, mka_priority=wpa_priority, **wpa)
    reach(one, two)
    return one, two, daemon, peer, sniffer


def reach(one, two):
    """Addresses, and an answer to the first ping."""
    for namespace, number in ((one, 1), (two, 2)):
        namespace.wait_link("macsec0", 20, "LOWER_UP")
        namespace.address("macsec0", "10.0.0.%d/24" % number, "fd00::%d/64" % number)
    traffic.ping(one, "10.0.0.2", deadline=20)
    traffic.ping(two, "fd00::1", deadline=20)


def exhaust(namespace, state):
    """The transmit SA's packet numbers are nearly used up."""
    namespace.ip("macsec", "set", "macsec0", "tx", "sa", state.encoding_sa, "pn", EXHAUSTED)


def role(c, own, other, **options):
    one, two, _, _, sniffer = link(c, own, other, **options)
    first = macsec.wait_secured(one)
    # wpa_supplicant gives the kernel the key number in the host's byte order.
    equal(macsec.wait_secured(two).tx_sa().key_id[:24], first.tx_sa().key_id[:24], "the same key server's key")
    equal((first.protect, first.validate), (True, "strict"), "protect, validate")
    sniffer.only(traffic.MACSEC, traffic.EAPOL)


def unsaid(c, own, other):
    """No cipher suite in the profile: the one both know is found."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    c.macsecd(one, {"link": psk_profile(CAK, CKN, MKA={"Priority": own})})
    c.wpa(two, CAK, CKN, mka_priority=other)
    equal(macsec.wait_secured(one, deadline=20).cipher.lower(), "gcm-aes-128", "cipher suite")
    macsec.wait_secured(two, deadline=20)
    reach(one, two)


def suite_it_lacks(c, own, other):
    """The first suite of the list is one that the peer's device does not have, and it announces none (802.1X-2020 11.11.3): the key is of
    the suite it has, after its restart, too."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    c.macsecd(one, {"link": psk_profile(CAK, CKN, MKA={"Priority": own}, MACsec={"CipherSuites": "GCM-AES-256 GCM-AES-128"})})
    peer = c.wpa(two, CAK, CKN, mka_priority=other)
    reach(one, two)
    state = macsec.wait_secured(one, deadline=20)
    equal(state.cipher.lower(), "gcm-aes-128", "cipher suite")
    peer.process.stop()
    peer.start()
    macsec.wait_new_key(one, state, deadline=30)
    equal(macsec.secy(one).cipher.lower(), "gcm-aes-128", "cipher suite after the peer's restart")
    two.wait_link("macsec0", 20, "LOWER_UP")
    two.address("macsec0", "10.0.0.2/24")
    traffic.ping(one, "10.0.0.2", deadline=20)


def takes_place(c):
    """Two of them, then macsecd in the place of one, which the other has keys with. No suite is said and no priority."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    ends = [c.wpa(host, CAK, CKN) for host in (one, two)]
    before = macsec.wait_secured(one, deadline=20)
    macsec.wait_secured(two, deadline=20)
    ends[0].process.stop()
    c.macsecd(one, {"link": psk_profile(CAK, CKN)})
    macsec.wait_new_key(two, before, deadline=30)
    macsec.wait_secured(one, deadline=20)
    reach(one, two)


def rekey(c, own, other, exhausted, times=1):
    """Packet numbers of one end run out: a new SAK, nothing lost."""
    one, two, _, _, _ = link(c, own, other, mka={"DelayProtect": "yes"})
    spaces = {"one": one, "two": two}
    probe = c.probe(one, two, interval=0.01)
    probe.wait_both_ways(5)
    for _ in range(times):
        before = macsec.wait_secured(one)
        exhaust(spaces[exhausted], macsec.secy(spaces[exhausted]))
        macsec.wait_new_key(one, before, deadline=30)
        macsec.wait_new_key(two, before, deadline=30)
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))


def peer_restarts(c, own, other):
    one, two, _, peer, _ = link(c, own, other)
    before = macsec.wait_secured(one)
    peer.process.stop()
    peer.start()
    macsec.wait_new_key(one, before, deadline=30)
    two.wait_link("macsec0", 20, "LOWER_UP")
    two.address("macsec0", "10.0.0.2/24")
    traffic.ping(one, "10.0.0.2", deadline=30)


def own_restart(c, own, other, signal):
    """The daemon goes and comes back: the peer does not notice."""
    one, two, daemon, _, _ = link(c, own, other)
    before = macsec.wait_secured(one)
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    getattr(daemon, signal)()
    daemon.start()
    probe.wait_both_ways(20, "frames for longer than a life time", frames=1600)
    spans = probe.finish()
    for span in spans:
        at_most(max(span.lost, span.reordered), 0, str(span))
    at_most(max(span.longest_gap for span in spans), 0.3, "longest gap")
    equal(macsec.secy(one).tx_sa().key_id, before.tx_sa().key_id, "the same key")


def stable(c, own, other):
    """Ten minutes: nothing lost, the same key, both ends agree all the time."""
    one, two, _, _, sniffer = link(c, own, other)
    begin = macsec.wait_secured(one)
    probe = c.probe(one, two, interval=0.5)
    probe.wait_both_ways(5)
    wait_until(lambda: min(probe.received()) >= 1200, 640, "ten minutes of frames", every=10)
    for span in probe.finish():
        at_most(max(span.lost, span.reordered), 0, str(span))
    equal(macsec.secy(one).tx_sa().key_id, begin.tx_sa().key_id, "no rekey without a cause")
    sniffer.only(traffic.MACSEC, traffic.EAPOL)


def run(t):
    t.case("macsecd is key server", role, 16, 200)
    t.case("macsecd is member", role, 200, 16)
    t.case("macsecd is key server, no suite said", unsaid, 16, 200)
    t.case("macsecd is member, no suite said", unsaid, 200, 16)
    t.case("macsecd is key server, the first suite is not the peer's", suite_it_lacks, 16, 200)
    t.case("macsecd takes the place of one, no suite said", takes_place)
    t.case("both at priority 255", role, 255, 255)
    t.case("CAK of 256 bits", lambda c: role(c, 16, 200, cak=CAK + "101112131415161718191a1b1c1d1e1f"))
    t.case("CKN of 3 octets", lambda c: role(c, 200, 16, ckn="abcdef"))
    t.case("integrity only", lambda c: role(c, 16, 200, section={"Encrypt": "no"}, macsec_integ_only=1))
    t.case("macsecd is key server, the peer's packet numbers run out", rekey, 16, 200, "two")
    t.case("macsecd is member, its own packet numbers run out", rekey, 200, 16, "one")
    t.case("macsecd is key server, wpa_supplicant restarts", peer_restarts, 16, 200)
    t.case("macsecd is member and is killed", own_restart, 200, 16, "kill")
    t.case("macsecd is key server, ten minutes", stable, 16, 200)
