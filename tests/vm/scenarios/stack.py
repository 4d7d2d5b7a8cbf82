# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others put on macsec0 stays: VLANs, QinQ, macvlan, qdisc, sysctls, its place in a bond or bridge and what is written into their tables, over a
re-created device and a lost peer"""

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


def member(namespace, name):
    """(bond or bridge, its settings of this member, whether it takes part)."""
    link = namespace.link(name)
    info = link["linkinfo"]
    return link.get("master"), info.get("info_slave_data", {}).get("queue_id"), info.get("info_slave_data", {}).get("mii_status")


def active(namespace):
    return namespace.link("bond0")["linkinfo"]["info_data"].get("active_slave")


def bond(c):
    """Two links in a bond above them: re-created, both are its members as before; it uses the one that is secured."""
    one, two = c.namespaces("one", "two")
    for name in ("eth0", "eth1"):
        c.veth(one, two, name, name)

    def profiles(**more):
        return {"link%d" % number: psk_profile(CAK, CKN, "eth%d" % number, "macsec%d" % number, **more) for number in range(2)}

    links = ("macsec0", "macsec1")
    c.macsecd(one, profiles(MKA={"Priority": 64}))
    # A bond gives its MTU to its members, and these have no more than this.
    one.ip("link", "add", "bond0", "mtu", 1468, "type", "bond", "mode", "active-backup", "miimon", 50)
    two.ip("link", "add", "bond0", "mtu", 1468, "type", "bond", "mode", "broadcast", "miimon", 50)
    for number, name in enumerate(links):
        one.wait_link(name)
        one.down(name)
        one.ip("link", "set", name, "master", "bond0")
        one.ip("link", "set", name, "type", "bond_slave", "queue_id", number + 3)
    one.up("bond0")
    one.address("bond0", "10.0.0.1/24")
    before = {name: (macsec.secy(one, name).cipher, one.link(name)["ifindex"]) for name in links}
    c.macsecd(two, profiles(**OTHER_SUITE))
    for name in links:
        two.wait_link(name)
        two.down(name)
        two.ip("link", "set", name, "master", "bond0")
    two.up("bond0")
    two.address("bond0", "10.0.0.2/24")

    def whole():
        for number, name in enumerate(links):
            for namespace in (one, two):
                macsec.wait_secured(namespace, name, deadline=20)
            wait_until(lambda name=name, number=number: member(one, name) == ("bond0", number + 3, "UP"), 5, name + " takes part in the bond",
                       state=lambda name=name: member(one, name))
        ping(one, "10.0.0.2")

    whole()
    for name, (cipher, index) in before.items():
        check(macsec.secy(one, name).cipher != cipher and one.link(name)["ifindex"] != index, name + " was re-created")
    for lost, other in (("0", "1"), ("1", "0")):
        for namespace in (one, two):
            namespace.impair("eth" + lost, "loss", "100%")
        wait_until(lambda other=other: active(one) == "macsec" + other, LOST, "the bond uses the link that is secured", state=lambda: active(one))
        check(macsec.secy(one, "macsec" + other).secured(), "the other one is secured")
        ping(one, "10.0.0.2")
        for namespace in (one, two):
            namespace.impair("eth" + lost)
        whole()


def written(namespace):
    """What was written into the tables of addresses by hand, and the settings of the port."""
    forwarding = [line for line in namespace.run("bridge", "fdb", "show", "brport", "macsec0").splitlines() if "02:00:00:00:aa:" in line]
    groups = [line for line in namespace.run("bridge", "mdb", "show").splitlines() if "239.1.1.1" in line]
    neighbours = [line for device in ("macsec0", "vlan5") for line in namespace.ip("neigh", "show", "nud", "permanent", "dev", device).splitlines()]
    neighbours += namespace.ip("neigh", "show", "proxy").splitlines()
    port = namespace.link("macsec0")["linkinfo"]["info_slave_data"]
    settings = {name: port[name] for name in ("priority", "cost", "hairpin", "learning", "isolated", "neigh_suppress")}
    vlans = namespace.run("bridge", "vlan", "show", "dev", "macsec0").splitlines()
    return sorted(forwarding) + sorted(re.sub(r"^\d+: ", "", line).strip() for line in groups) + sorted(neighbours), settings, vlans


def bridge(c):
    """A port of a bridge, with what was written into the tables of bridge, port and VLAN."""
    link = Link(c)
    one, two = link.one, link.two
    host = c.namespace("host")
    c.veth(host, one, "eth0", "port0")
    one.ip("link", "add", "br0", "type", "bridge", "vlan_filtering", 1)
    for name in ("macsec0", "port0"):
        one.ip("link", "set", name, "master", "br0")
    one.up("br0")
    one.up("macsec0")
    one.ip("link", "set", "macsec0", "type", "bridge_slave", "priority", 3, "cost", 77, "hairpin", "on", "learning", "off", "neigh_suppress", "on")
    one.ip("link", "add", "link", "macsec0", "vlan5", "address", "02:00:00:00:05:01", "type", "vlan", "id", 5)
    one.up("vlan5")
    one.address("vlan5", "10.0.5.1/24")
    for line in ("bridge vlan add dev macsec0 vid 9 tagged", "bridge fdb add 02:00:00:00:aa:01 dev macsec0 master static vlan 1",
                 "bridge fdb add 02:00:00:00:aa:02 dev macsec0 self", "bridge mdb add dev br0 port macsec0 grp 239.1.1.1 permanent",
                 "ip neigh add 10.0.5.2 lladdr 02:00:00:00:aa:05 dev vlan5 nud permanent",
                 "ip neigh add 10.9.0.9 lladdr 02:00:00:00:aa:03 dev macsec0 nud permanent", "ip neigh add proxy 10.9.0.8 dev macsec0"):
        one.run(*line.split())
    host.address("eth0", "10.0.0.1/24")
    before = written(one)
    link.start_peer()
    # Learning is off: what the host sends there is not flooded, it is in the table. So is the VLAN's neighbour.
    two.ip("link", "set", "macsec0", "address", "02:00:00:00:aa:01")
    two.address("macsec0", "10.0.0.2/24")
    two.ip("link", "add", "link", "macsec0", "vlan5", "address", "02:00:00:00:aa:05", "type", "vlan", "id", 5)
    two.up("macsec0")
    two.up("vlan5")
    two.address("vlan5", "10.0.5.2/24")
    for when, act in (("re-created", lambda: None), ("lost", link.lose_peer), ("found again", link.find_peer)):
        act()
        equal(written(one), before, "what was written, with the peer " + when)
        if when != "lost":
            ping(host, "10.0.0.2")
            ping(one, "10.0.5.2")
    check("lost: " not in link.daemon.process.output(), "nothing is lost: " + link.daemon.process.output()[-600:])


def run(t):
    command(["modprobe", "-a", "sch_prio", "sch_tbf"])
    command(["modprobe", "bonding", "max_bonds=0"])
    t.case("VLAN, QinQ, macvlan, qdisc, sysctls", upper)
    t.case("members of a bond", bond)
    t.case("port of a bridge", bridge)
