# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others put on macsec0 stays: VLANs, QinQ, macvlan, qdisc and sysctls, over a re-created device and a lost peer"""

import re

from lab import macsec
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.process import command
from lab.traffic import ping

timeout = 600
turn = 3
modules = ["sch_tbf", "sch_prio"]

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
LOST = 12    # seconds within which the loss of a peer is noticed
# Of another suite than a device of this cable has at first.
OTHER_SUITE = {"MACsec": {"CipherSuites": "GCM-AES-256"}, "MKA": {"Priority": 1}}


class Link:
    """`one` has what is put on macsec0 before a peer is there; `start_peer` brings it, with the other suite."""

    def __init__(self, c):
        self.c = c
        self.one, self.two = c.namespaces("one", "two")
        c.veth(self.one, self.two)
        self.daemon = c.macsecd(self.one, {"link": psk_profile(CAK, CKN, MKA={"Priority": 64})})
        self.one.wait_link("macsec0")
        self.cipher = macsec.secy(self.one).cipher

    def start_peer(self):
        """The device is re-created for the peer's suite."""
        before = self.one.link("macsec0")["ifindex"]
        self.peer = self.c.macsecd(self.two, {"link": psk_profile(CAK, CKN, **OTHER_SUITE)})
        self.secured()
        check(macsec.secy(self.one).cipher != self.cipher and self.one.link("macsec0")["ifindex"] != before, "the device was re-created")

    def secured(self):
        for namespace in (self.one, self.two):
            macsec.wait_secured(namespace)

    def lose_peer(self):
        self.peer.kill()
        wait_until(lambda: not macsec.secy(self.one).secured(), LOST, "the loss is noticed", every=0.2)

    def find_peer(self):
        self.peer.start()
        self.secured()


def told(namespace, *devices):
    """All that `ip`, `tc`, `bridge` and /proc say of these devices, without what goes with carrier, number and time."""
    said = []
    for device in devices:
        said += namespace.ip("-d", "link", "show", "dev", device).splitlines()
        said += namespace.ip("-o", "addr", "show", "dev", device, "scope", "global").splitlines()
        said += namespace.ip("route", "show", "dev", device).splitlines()
        said += namespace.run("tc", "qdisc", "show", "dev", device).splitlines()
    text = "\n".join(said)
    for unstable in (r"^\d+: ", r"@\S+", r"(?<=[<,])(NO-CARRIER|LOWER_UP|M-DOWN|DORMANT),?", r" state \S+", r" mode \S+", r" linkdown", r" cipher \S+",
                     r"icvlen \d+", r" encodingsa \d+"):
        text = re.sub(unstable, "", text, flags=re.MULTILINE)
    return [line.strip() for line in text.splitlines()]


def sysctl(namespace, key, value=None):
    name = "net.%s" % key
    return namespace.run("sysctl", "-n", name).strip() if value is None else namespace.run("sysctl", "-qw", "%s=%s" % (name, value))


SYSCTLS = (("ipv4.conf.macsec0.rp_filter", "2"), ("ipv6.conf.macsec0.accept_ra", "0"), ("ipv6.conf.vlan5.accept_ra", "0"))
UPPER = ("macsec0", "vlan5", "outer", "inner", "mv0")


def both_ends(link):
    """VLAN 5, VLAN 7 in a service VLAN 100, and a macvlan, with an address each."""
    for namespace, number in ((link.one, 1), (link.two, 2)):
        namespace.wait_link("macsec0", 20)
        namespace.up("macsec0")
        for name, below, kind in (("vlan5", "macsec0", ("vlan", "id", 5)), ("outer", "macsec0", ("vlan", "proto", "802.1ad", "id", 100)),
                                  ("inner", "outer", ("vlan", "id", 7)), ("mv0", "macsec0", ("macvlan", "mode", "bridge"))):
            namespace.ip("link", "add", "link", below, name, "address", "02:00:00:%02x:00:%02x" % (len(name), number), "type", *kind)
            namespace.up(name)
        for net, name in enumerate(UPPER):
            namespace.address(name, "10.0.%d.%d/24" % (net, number))


def tuned(namespace):
    for command_line in ("link set macsec0 txqueuelen 77 alias uplink", "link set vlan5 mtu 1300", "route add 192.0.2.0/24 via 10.0.1.9 dev vlan5",
                         "link set vlan5 type vlan egress-qos-map 1:2"):
        namespace.ip(*command_line.split())
    namespace.run("tc", "qdisc", "add", "dev", "macsec0", "root", "handle", "1:", "prio", "bands", "4")
    namespace.run("tc", "qdisc", "add", "dev", "vlan5", "root", "tbf", "rate", "100mbit", "burst", "64k", "limit", "1m")
    for key, value in SYSCTLS:
        sysctl(namespace, key, value)


def compare(link, before, when):
    after = told(link.one, *UPPER)
    equal([line for line in after if line not in before] + [line for line in before if line not in after], [], "what differs " + when)
    equal([sysctl(link.one, key) for key, _ in SYSCTLS], [value for _, value in SYSCTLS], "sysctls " + when)


def upper(c):
    """VLAN, QinQ, macvlan, qdisc, sysctls, addresses and routes."""
    link = Link(c)
    link.two.ip("link", "add", "link", "eth0", "macsec0", "type", "macsec", "port", 1, "encrypt", "on", "cipher", "gcm-aes-256")
    both_ends(link)
    tuned(link.one)
    before = told(link.one, *UPPER)
    link.start_peer()
    compare(link, before, "after the device was re-created")
    check("restored on it: " in link.daemon.process.output(), "macsecd says so: " + link.daemon.process.output()[-600:])
    for net in range(len(UPPER)):
        ping(link.one, "10.0.%d.2" % net)
    indexes = [link.one.link(name)["ifindex"] for name in UPPER]
    link.lose_peer()
    compare(link, before, "after the peer was lost")
    link.find_peer()
    compare(link, before, "after the peer came back")
    equal([link.one.link(name)["ifindex"] for name in UPPER], indexes, "devices")
    for net in range(len(UPPER)):
        ping(link.one, "10.0.%d.2" % net)


def run(t):
    command(["modprobe", "-a", "sch_prio", "sch_tbf"])
    t.case("VLAN, QinQ, macvlan, qdisc, sysctls", upper)
