# SPDX-License-Identifier: LGPL-2.1-or-later
"""Broken networks and working ones: the first line of macsecctl doctor names the cause, or nothing is wrong"""

from lab import macsec
from lab.check import check, equal, stays, wait_until
from lab.commanded import Commanded
from lab.daemon import psk_profile
from lab.process import command

timeout = 1200
turn = 3

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
PATIENCE = 15  # seconds until the doctor must know
WPA = "wpa_supplicant"


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
        breakage(host, one, two)

    def found():
        return first_line(host).endswith("[%s]" % finding)
    wait_until(found, PATIENCE, "the finding", every=0.5, state=lambda: first_line(host))
    # A link that is only slow would be secured by then.
    stays(found, 5, "the finding stands; " + first_line(host), every=1)
    said = host.ctl("doctor", "--no-pager")
    equal(said.returncode, 1, "exit status: " + said.stdout)
    return said.stdout.partition("\n")[0]


def secured(c, ours, theirs, beforehand=None, warning=None):
    """A link that works: no fault, and no finding but `warning`."""
    one, two = c.namespaces("one", "two")
    c.veth(one, two)
    if beforehand is not None:
        beforehand(c, one, two)
    if theirs == WPA:
        c.wpa(two, CAK, CKN)
    else:
        c.macsecd(two, {"link": theirs})
    host = Commanded(c, one, {"link": ours})
    macsec.wait_secured(one)
    macsec.wait_secured(two)
    said = host.ctl("doctor", "--no-pager")
    equal(said.returncode, 0, "exit status: " + said.stdout)
    lines = said.stdout.splitlines()
    check(len(lines) == 1 and lines[0].endswith("[%s]" % warning if warning else "nothing is wrong"), said.stdout)
    return lines[0]


def group(c):
    """Three on a switch: nothing is wrong on any of them."""
    members = c.namespaces("one", "two", "three")
    c.switch("sw", *members)
    hosts = [Commanded(c, member, {"link": profile()}) for member in members]
    for member in members:
        macsec.wait_secured(member, peers=2)
    for host in hosts:
        equal(first_line(host), "macsec0: nothing is wrong", "the doctor at " + host.namespace.name)


# What breaks a link that runs, or stands in its way: functions of (host, one, two), and of (c, one, two) beforehand.
def ip(*words):
    return lambda _, one, two: one.ip(*words)


def ip_both(*words):
    """Each word list at both ends."""
    def both(_, one, two):
        for place in (one, two):
            for each in words:
                place.ip(*each.split())
    return both


def ctl(*words):
    return lambda host, one, two: host.ctl(*words)


def far_carrier(_, one, two):
    two.ip("link", "set", "eth0", "down")


def into_a_bridge(_, one, two):
    one.ip("link", "add", "br0", "type", "bridge")
    one.ip("link", "set", "eth0", "master", "br0")


def parent_is_bridge(_, one, two):
    into_a_bridge(_, one, two)
    one.ip("link", "set", "br0", "up")


def bridge_beyond(c, one, two):
    """Between the two, a bridge as Linux makes it: EAPOL goes no further."""
    one.ip("link", "del", "eth0")
    network = c.switch("sw", one, two)
    network.namespace.ip("link", "set", "br0", "type", "bridge", "group_fwd_mask", 0)


def one_way(_, one, two):
    one.impair("eth0", "loss", "100%")


def bonded(_, one, two):
    for place in (one, two):
        place.ip("link", "set", "eth0", "down")
        place.ip("link", "add", "bond0", "type", "bond", "mode", "active-backup", "miimon", 100)
        place.ip("link", "set", "eth0", "master", "bond0")
        place.ip("link", "set", "bond0", "up")


PLAIN = profile()
PAST, FUTURE = "NotAfter=2020-01-01\n", "NotBefore=2099-01-01\n"
VLAN = ("link add link eth0 name eth0.10 type vlan id 10", "link set eth0.10 up")
OTHER_DESTINATION = {"Destination": "01:80:c2:00:00:0e"}
SOURCE = "[Link]\nParent=eth0\n[KeySource]\nSource=kme\nRemoteId=there\n"
TWO_KEYS = psk_profile("cd" * 16, "ee", MKA={"KeyExpiry": "cut"}) + "[Key]\nCkn=%s\nCak=%s\n%s" % (CKN, CAK, PAST)

# (identifier, our profile, theirs, what breaks it, what is so beforehand)
BROKEN = (
    ("parent-down", PLAIN, PLAIN, ip("link", "set", "eth0", "down")),
    ("no-carrier", PLAIN, PLAIN, far_carrier),
    ("no-parent", profile(parent="eht0"), PLAIN),
    ("no-peer", PLAIN, None),
    ("keys-ended", profile(more=PAST, MKA={"KeyExpiry": "cut"}), PLAIN),
    ("keys-begin-later", profile(more=FUTURE, MKA={"KeyExpiry": "cut"}), None),
    ("ckn-mismatch", PLAIN, profile(ckn="ffff")),
    ("ckn-padded", PLAIN, profile(ckn=CKN + "00" * 24)),
    ("ckn-cut", profile(ckn=CKN + "00"), PLAIN),
    ("ckn-as-text", PLAIN, profile(ckn=CKN.encode().hex())),
    ("ckn-inactive", TWO_KEYS, PLAIN),
    ("cak-mismatch", PLAIN, profile(cak="ff" * 16)),
    ("other-destination", PLAIN, profile(MKA=OTHER_DESTINATION)),
    ("no-key-server", profile(MKA={"Priority": 255}), profile(MKA={"Priority": 255})),
    ("cipher-mismatch", profile(MACsec={"CipherSuites": "GCM-AES-256"}), profile(MACsec={"CipherSuites": "GCM-AES-128"})),
    ("device-down", PLAIN, PLAIN, ip("link", "set", "macsec0", "down")),
    ("switched-off", PLAIN, PLAIN, ctl("down", "macsec0")),
    ("no-device", profile(Link={"Create": "no"}), PLAIN),
    ("name-taken", PLAIN, PLAIN, None, ip("link", "add", "macsec0", "type", "dummy")),
    ("device-refused", PLAIN, PLAIN, None, ip("link", "add", "link", "eth0", "other", "type", "macsec", "port", "1")),
    ("offload-refused", profile(MACsec={"Offload": "mac"}), PLAIN),
    ("parent-in-bridge", PLAIN, PLAIN, None, into_a_bridge),
    ("parent-is-bridge", profile(parent="br0"), PLAIN, None, parent_is_bridge),
    ("peer-not-live", PLAIN, PLAIN, None, one_way),
    ("no-source-key", SOURCE, None),
    ("profile", profile(MACsec={"CipherSuites": "GCM-AES-12"}), PLAIN),
)
# Broken as well, under an identifier that has a case already.
BROKEN_TOO = (
    ("a bridge beyond eats EAPOL", "no-peer", PLAIN, PLAIN, None, bridge_beyond),
    ("the peer is in another VLAN", "no-peer", profile(parent="eth0.10"), PLAIN, None, ip_both(*VLAN)),
)
# (what, our profile, theirs, what is so beforehand)
WORKING = (
    ("a pre-shared key", PLAIN, PLAIN),
    ("a fallback key", *[profile(more="[Key]\nCkn=ff\nRole=fallback\nCak=%s\n" % ("ab" * 16))] * 2),
    ("past the end of its key", profile(more=PAST), profile(more=PAST), None, "keys-end-soon"),
    ("GCM-AES-XPN-256", *[profile(cak=CAK * 2, MACsec={"CipherSuites": "GCM-AES-XPN-256"})] * 2),
    ("integrity only", *[profile(MACsec={"Encrypt": "no"})] * 2),
    ("a padded CKN", profile(Key={"CknPadding": "yes"}), profile(ckn=CKN + "00" * 24)),
    ("another destination", *[profile(MKA=OTHER_DESTINATION)] * 2),
    ("delay protection", *[profile(MKA={"DelayProtect": "yes"})] * 2),
    ("should-secure at one end", profile(MACsec={"Policy": "should-secure"}), PLAIN),
    ("on a VLAN", *[profile(parent="eth0.10")] * 2, ip_both(*VLAN)),
    ("on a bond", *[profile(parent="bond0")] * 2, bonded),
    ("large frames", PLAIN, PLAIN, ip_both("link set eth0 mtu 9000")),
    ("wpa_supplicant at the other end", profile(MACsec={"CipherSuites": "GCM-AES-128"}), WPA),
)


def run(t):
    command(["modprobe", "bonding", "max_bonds=0"])
    for finding, *arguments in BROKEN:
        t.case(finding, examine, finding, *arguments)
    for what, finding, *arguments in BROKEN_TOO:
        t.case(what, examine, finding, *arguments)
    for what, *arguments in WORKING:
        t.case("works: " + what, secured, *arguments)
    t.case("works: three on a switch", group)
