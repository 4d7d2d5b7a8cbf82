# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two hosts with the same pre-shared key become one secured link"""

import os
import time

from lab import macsec, traffic
from lab.check import at_most, check, equal, stays, wait_until
from lab.daemon import psk_profile

CAK_128 = "000102030405060708090a0b0c0d0e0f"
CAK_256 = CAK_128 + "101112131415161718191a1b1c1d1e1f"
CKN = "6162636465666768"


def pair(c):
    """Two namespaces on a cable, watched."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    return one, two, c.sniff(two)


def address(one, two, device="macsec0"):
    """Addresses and neighbours, so that the first packet waits for nothing but keys."""
    for namespace, number in ((one, 1), (two, 2)):
        namespace.wait_link(device)
        namespace.address(device, "10.0.0.%d/24" % number, "fd00::%d/64" % number)
    for own, other, number in ((one, two, 2), (two, one, 1)):
        own.neighbour(device, "10.0.0.%d" % number, other.mac(device))


def secured(c, ports=(1, 1), cipher=None, encrypt=True, **sections):
    """The whole way: start both, ping at once, look at kernel and wire."""
    one, two, sniffer = pair(c)
    begin = time.monotonic()
    for namespace, port in ((one, ports[0]), (two, ports[1])):
        link = {"Port": port, **sections.get("Link", {})}
        c.macsecd(namespace, {"link": psk_profile(**{**sections, "Link": link})})
    address(one, two)
    traffic.ping(one, "10.0.0.2", deadline=5)
    took = time.monotonic() - begin
    traffic.ping(two, "fd00::1", deadline=5)
    states = [macsec.wait_secured(namespace) for namespace in (one, two)]
    for namespace, other, found, port, other_port in zip((one, two), (two, one), states, ports, reversed(ports)):
        equal(found.sci, macsec.sci(namespace.mac("eth0"), port), "SCI")
        equal(list(found.rx_scs), [macsec.sci(other.mac("eth0"), other_port)], "receive channels")
        equal((found.protect, found.validate, found.encrypt), (True, "strict", encrypt), "protect, validate, encrypt")
        if cipher:
            equal(found.cipher.lower(), cipher.lower(), "cipher suite")
    counts = sniffer.only(traffic.MACSEC, traffic.EAPOL)
    check(counts.get(traffic.MACSEC, 0) >= 4, "the pings went protected: %s" % counts)
    clear = [frame for frame in sniffer.frames(traffic.MACSEC) if b"macsecd lab ping" in frame]
    check(bool(clear) != encrypt, "payload is %s on the wire" % ("encrypted" if encrypt else "readable"))
    return "first ping after %.0f ms" % (1000 * took)


def refused(c, profile, other_profile, reason):
    """Never secured, nothing but EAPOL on the wire, and it says why."""
    one, two, sniffer = pair(c)
    daemons = [c.macsecd(one, {"link": profile}), c.macsecd(two, {"link": other_profile})]
    for namespace in (one, two):
        namespace.wait_link("macsec0")
    address(one, two)
    wait_until(lambda: all(reason(daemon.process.output()) for daemon in daemons), 10, "both say why",
               state=lambda: [daemon.process.output()[-400:] for daemon in daemons])

    def not_secured():
        states = [macsec.secy(namespace) for namespace in (one, two)]
        return all(state and not state.secured() and state.protect and state.validate == "strict" for state in states)
    stays(not_secured, 8, "not secured")
    one.run("ping", "-c", "1", "-W", "1", "10.0.0.2", check=False)
    sniffer.only(traffic.EAPOL)


def reload_leaves_alone(c):
    """SIGHUP with a changed and an unchanged profile: the unchanged link loses nothing."""
    one, two = c.namespaces("one", "two")
    for name in ("eth0", "eth1"):
        c.veth(one, two, name, name)
    daemons = []
    for namespace in (one, two):
        daemons.append(c.macsecd(namespace, {
            "keep": psk_profile(CAK_128, CKN),
            "change": psk_profile(CAK_128, CKN, parent="eth1", interface="macsec1")}))
    for device in ("macsec0", "macsec1"):
        for namespace in (one, two):
            macsec.wait_secured(namespace, device)
    before = macsec.secy(one).tx_sa()
    probe = c.probe(one, two)
    probe.wait_both_ways(5)
    for daemon in daemons:
        daemon.remove_profile("change")
        daemon.profile("bad", "[Link]\nParent=eth1\n[MKA]\nPriority=300\n")
        daemon.profile("new", psk_profile(CAK_128, CKN, parent="eth1", interface="macsec2", Link={"Port": 2}))
        daemon.reload()
    for namespace in (one, two):
        macsec.wait_secured(namespace, "macsec2")
        equal(namespace.link("macsec1"), None, "the removed profile's device")
    for span in probe.finish():
        equal((span.lost, span.reordered), (0, 0), str(span))
    equal(macsec.secy(one).tx_sa().key_id, before.key_id, "key of the untouched link")
    check("bad.macsec:4" in daemons[0].process.output(), "the bad profile is named with its line")


def other_suite(c):
    """A key server that comes anew with another cipher suite: the other end makes its device anew, with its address, and goes on."""
    one, two, _ = pair(c)
    peer = c.macsecd(two, {"link": psk_profile(CAK_128, CKN, MACsec={"CipherSuites": "GCM-AES-128 GCM-AES-XPN-256"})})
    two.wait_link("macsec0")
    two.address("macsec0", "10.0.0.2/24")
    for suite in ("GCM-AES-128", "GCM-AES-XPN-256", "GCM-AES-128"):
        server = c.macsecd(one, {"link": psk_profile(CAK_128, CKN, MACsec={"CipherSuites": suite}, MKA={"Priority": 1})})
        for namespace in (one, two):
            wait_until(lambda: macsec.secy(namespace) and macsec.secy(namespace).cipher == suite, 20, namespace.name + " has " + suite,
                       every=0.1, state=lambda: peer.process.output()[-600:])
            macsec.wait_secured(namespace, deadline=20)
        one.address("macsec0", "10.0.0.1/24")
        traffic.ping(one, "10.0.0.2", deadline=5)
        server.kill()
        one.ip("link", "del", "macsec0")


def check_option(c):
    """--check judges without running."""
    one = c.namespace("one")
    daemon = c.macsecd(one, {"good": psk_profile(CAK_128, CKN)}, start=False)
    one.run(daemon.program, "--check", daemon.config)
    path = daemon.profile("bad", psk_profile("00", CKN))
    for argument in (path, daemon.config):
        with c.start([daemon.program, "--check", argument], one, "check") as process:
            equal(process.wait(10), 3, "exit code")
            check("bad.macsec" in process.output() and "Cak" in process.output(), process.output())
    with c.start([daemon.program, "--nonsense"], one, "usage") as process:
        equal(process.wait(10), 2, "exit code")


def start_up(c):
    """From exec to the first MKPDU on the wire."""
    one, two, _ = pair(c)
    raw = c.raw(two, ethertype=traffic.EAPOL)
    daemon = c.macsecd(one, {"link": psk_profile(CAK_128, CKN)}, start=False)
    times = []
    for _ in range(5):
        begin = time.monotonic()
        process = daemon.start()
        raw.next(lambda frame: True, 5, "the first MKPDU")
        times.append(time.monotonic() - begin)
        process.kill()
        one.ip("link", "del", "macsec0")
        os.system("rm -rf " + daemon.state)
        while raw.receive(0.01):
            pass
    return "%.0f ms from exec to the first MKPDU" % (1000 * sorted(times)[2])


def run(t):
    psk = {"cak": CAK_128, "ckn": CKN}
    cases = [("pre-shared key, nothing said", {**psk})]
    for suite in ("GCM-AES-128", "GCM-AES-256", "GCM-AES-XPN-128", "GCM-AES-XPN-256"):
        for cak in (CAK_128, CAK_256):
            cases.append(("%s with a CAK of %d" % (suite, 4 * len(cak)),
                          {"cak": cak, "ckn": CKN, "cipher": suite, "MACsec": {"CipherSuites": suite}}))
    for octets in (1, 3, 4, 16, 32):
        cases.append(("CKN of %d octets" % octets, {"cak": CAK_128, "ckn": "ab" * octets}))
    cases.append(("integrity only", {**psk, "encrypt": False, "MACsec": {"Encrypt": "no"}}))
    cases.append(("ports 1 and 65534", {**psk, "ports": (1, 65534)}))
    cases.append(("ports 2 and 3", {**psk, "ports": (2, 3)}))
    for what, settings in cases:
        t.case(what, lambda c, settings=settings: secured(c, **settings))
    other_cak = "ff" + CAK_128[2:]
    t.case("another CAK is refused and named", refused, psk_profile(CAK_128, CKN), psk_profile(other_cak, CKN),
           lambda text: "CAK" in text)
    t.case("another CKN is refused and named", refused, psk_profile(CAK_128, CKN), psk_profile(CAK_128, CKN + "00"),
           lambda text: "CKN" in text)
    t.case("reload leaves what did not change", reload_leaves_alone)
    t.case("a key server with another suite", other_suite)
    t.case("--check", check_option)
    t.case("start-up", start_up)
