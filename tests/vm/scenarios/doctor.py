# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken networks and working ones: the first line of macsecctl doctor names the cause, or nothing is wrong"""

from lab import macsec
from lab.check import check, equal, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile

timeout = 600
turn = 3

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
PATIENCE = 15  # seconds until the doctor must know


def profile(cak=CAK, ckn=CKN, more="", **sections):
    return psk_profile(cak, ckn, **sections) + more


def first_line(host):
    """Output of the doctor, lines joined again, up to the end of the first finding."""
    text = host.ctl("doctor", "--no-pager").stdout
    return text.partition("\n")[0]


def examine(c, finding, ours, theirs, breakage=None, beforehand=None):
    """Both ends run, something is broken then or `beforehand`; the first line says what."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    if beforehand is not None:
        beforehand(c, one, two)
    if theirs is not None:
        c.macsecd(two, {"link": theirs})
    host = Commanded(c, one, {"link": ours})
    if breakage is not None:
        breakage(c, one, two)
    try:
        wait_until(lambda: first_line(host).endswith("[%s]" % finding), PATIENCE, "the finding", every=0.5)
    finally:
        said = host.ctl("doctor", "--no-pager")
    equal(said.returncode, 1, "exit status: " + said.stdout)
    return said.stdout.partition("\n")[0]


def secured(c, ours, theirs, warning=None):
    """A link that works: no fault, and no finding but `warning`."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    c.macsecd(two, {"link": theirs})
    host = Commanded(c, one, {"link": ours})
    macsec.wait_secured(one)
    macsec.wait_secured(two)
    said = host.ctl("doctor", "--no-pager")
    equal(said.returncode, 0, "exit status: " + said.stdout)
    lines = said.stdout.splitlines()
    check(len(lines) == 1 and lines[0].endswith("[%s]" % warning if warning else "nothing is wrong"), said.stdout)
    return lines[0]


def ip(*words):
    return lambda c, one, two: one.ip(*words)


def far_carrier(c, one, two):
    two.ip("link", "set", "eth0", "down")


def into_a_bridge(c, one, two):
    one.ip("link", "add", "br0", "type", "bridge")
    one.ip("link", "set", "eth0", "master", "br0")


def run(t):
    past = "NotAfter=2020-01-01\n"
    plain = profile()
    for finding, ours, theirs, *breakage in (
            ("parent-down", plain, plain, ip("link", "set", "eth0", "down")),
            ("no-carrier", plain, plain, far_carrier),
            ("no-parent", profile(parent="eht0"), plain),
            ("no-peer", plain, None),
            ("keys-ended", profile(more=past, MKA={"KeyExpiry": "cut"}), plain),
            ("ckn-mismatch", plain, profile(ckn="ffff")),
            ("ckn-padded", plain, profile(ckn=CKN + "00" * 24)),
            ("ckn-cut", profile(ckn=CKN + "00"), plain),
            ("ckn-as-text", plain, profile(ckn=CKN.encode().hex())),
            ("cak-mismatch", plain, profile(cak="ff" * 16)),
            ("no-key-server", profile(MKA={"Priority": 255}), profile(MKA={"Priority": 255})),
            ("cipher-mismatch", profile(MACsec={"CipherSuites": "GCM-AES-256"}), profile(MACsec={"CipherSuites": "GCM-AES-128"})),
            ("device-down", plain, plain, ip("link", "set", "macsec0", "down"))):
        t.case(finding, examine, finding, ours, theirs, *breakage)
    t.case("works", secured, plain, plain)
    t.case("works with a fallback key", secured,
           *[profile(more="[Key]\nCkn=ff\nRole=fallback\nCak=%s\n" % ("ab" * 16))] * 2)
    t.case("works, past the end of its key", secured, profile(more=past), profile(more=past), "keys-end-soon")
    t.case("parent-in-bridge", examine, "parent-in-bridge", plain, plain, None, into_a_bridge)
