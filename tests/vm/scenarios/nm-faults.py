# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager on macsecd when things go wrong: crashes, restarts, keys, peers, cables and devices; two networks on one parent"""

from lab import macsec, traffic
from lab.check import Failure, at_least, at_most, check, equal, stays, wait_until
from lab.daemon import psk_profile
from lab.nm import CAK, CKN, MACSECD, SERVER, WPA, Host, Ping, nmcli

init = "systemd"
turn = 2
timeout = 1800

STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")
OTHER_CAK = "ffeeddccbbaa99887766554433221100"
OTHER_CKN = "aabb"


def connected(c, host, kind, autoconnect="no"):
    """The connection `lab`, up, to a peer; no frame is in clear text until `c` ends."""
    sniffer = c.sniff(host.peer)
    c.callback(sniffer.only, traffic.MACSEC, traffic.EAPOL)
    peer = host.other_end(c, kind)
    host.add("lab", "macsec0", *STATIC, scope=c)
    host.up("lab")
    nmcli("connection", "modify", "lab", "connection.autoconnect", autoconnect)
    host.address()
    host.ping()
    return peer


def key(host):
    """Identifier of the key in use."""
    return host.session("LatestSak").partition('"KeyId"')[2].split('"')[1:2]


def crash(c, host, kind, unit):
    """Loss while a program is killed and started again, with the connection and its device staying as they are."""
    connected(c, host, kind)
    before = host.index()
    pid = unit.main_pid()
    ping = Ping(c)
    ping.wait_answers()
    host.kill(unit)
    wait_until(lambda: unit.main_pid() not in (0, pid) and unit.show("ActiveState") == "active", 60, unit.name + " is back", every=0.2)
    host.wait_secured()
    ping.wait_answers(10)
    sent, lost = ping.finish()
    equal(host.state("lab"), "activated", "state of the connection")
    equal(host.index(), before, "index of the device")
    at_most(lost, 1, "echo requests lost of %d" % sent)
    return "lost %d of %d" % (lost, sent)


def frames(host):
    """(sent by the peer, received by this machine, sent by this machine, received by the peer), with the keys in use."""
    here, there = host.secy(), macsec.secy(host.peer)
    return (there.tx_sa().counters["OutPktsEncrypted"], next(iter(here.rx_scs[there.sci].sas.values())).counters["InPktsOK"],
            here.tx_sa().counters["OutPktsEncrypted"], next(iter(there.rx_scs[here.sci].sas.values())).counters["InPktsOK"])


def restart(c, host, kind):
    """The device, the session, the key, and each protected frame stay, and the addresses are back before it matters (see nm-restart)."""
    connected(c, host, kind, "yes")
    before = host.index(), key(host), host.session("Since")
    ping = Ping(c)
    ping.wait_answers()
    host.nm.restart()
    wait_until(lambda: host.state("lab") == "activated", 120, "the connection is activated", every=0.5)
    ping.wait_answers(10)
    sent, lost = ping.finish()
    at_most(lost, 1, "echo requests lost of %d" % sent)
    equal((host.index(), key(host), host.session("Since")), before, "index of the device, key, and since when it is secured")

    def complete():
        to_here, here, to_peer, there = frames(host)
        return (to_here, to_peer) == (here, there)
    wait_until(complete, 10, "each frame arrived", every=0.2, state=lambda: frames(host))
    return "lost %d of %d echo requests, no MACsec frame" % (lost, sent)


def wrong_key(c, host, kind):
    host.other_end(c, kind)
    host.add("wrong", "macsec0", "connection.auth-retries", "1", *STATIC, cak=OTHER_CAK, scope=c)
    try:
        host.up("wrong", 90)
    except Failure as failure:
        text = str(failure)
    else:
        raise Failure("it came up")
    check("supplicant failed" in text, lambda: "the activation fails: " + text[:300])
    problems = host.profile("wrong", "Problems")
    check("its CAK differs" in problems, "the profile says why: " + problems)
    return text.splitlines()[0][-120:]


def lost(c, host, kind):
    """The peer's host fails for longer than NetworkManager waits for a link, and starts anew."""
    peer = connected(c, host, kind)
    before = host.index(), host.activation("lab")
    peer.process.kill()
    host.peer.ip("link", "del", "macsec0")
    wait_until(lambda: host.session("State") != 's "secured"', 30, "macsecd notices", every=0.3)
    stays(lambda: host.state("lab") == "activated", 20, "the connection is activated", every=5)
    check(not host.answers(SERVER), "no answer meanwhile")
    peer.start()
    host.address()
    host.wait_secured()
    host.ping()
    equal((host.index(), host.activation("lab")), before, "index of the device, and activation of the connection")


def late_peer(c, host, kind):
    host.add("lab", "macsec0", *STATIC, scope=c)
    took = host.up("lab", 90)
    at_least(took, 15, "seconds without a peer")
    host.other_end(c, kind)
    host.address()
    host.wait_secured()
    host.ping()
    return "activated after %.1f s" % took


def port(c, host, kind):
    """Another port is another SCI. NetworkManager keeps a device that is up, and makes one with the new port after it was down."""
    connected(c, host, kind)
    nmcli("connection", "modify", "lab", "macsec.port", 5)
    for reached in (1, 5):
        host.up("lab")
        host.wait_secured()
        host.ping()
        own = host.secy().sci
        equal(own, macsec.sci(host.machine.mac("eth0"), reached), "SCI")
        check(own in macsec.secy(host.peer).rx_scs, lambda: "the peer receives from %s: %s" % (own, macsec.secy(host.peer)))
        equal("macsec.port=5" in host.profile("lab", "Problems"), reached != 5, "the port that is not reached is a problem of the profile")
        nmcli("connection", "down", "lab")


def unplugged(c, host, kind):
    """A short loss of the parent's carrier goes unnoticed; after a long one the connection comes up again by itself."""
    connected(c, host, kind, "yes")
    before = host.index(), host.activation("lab")
    host.peer.down("eth0")
    wait_until(lambda: host.session("Carrier") == "b false", 10, "macsecd notices", every=0.1)
    host.peer.up("eth0")
    host.wait_secured()
    host.ping()
    equal((host.index(), host.activation("lab")), before, "index of the device, and activation of the connection")
    host.peer.down("eth0")
    wait_until(lambda: host.state("lab") != "activated", 60, "NetworkManager takes the connection down", every=0.5)
    host.peer.up("eth0")
    wait_until(lambda: host.state("lab") == "activated", 120, "the connection is activated", every=0.5)
    host.wait_secured()
    host.ping()
    check(host.activation("lab") != before[1], "it is another activation")


def parent_removed(c, host, kind):
    connected(c, host, kind)
    processes = host.plugin.main_pid(), host.macsecd.main_pid()
    host.machine.ip("link", "del", "eth0")
    wait_until(lambda: host.state("lab") == "", 60, "the connection is down", every=0.5)
    wait_until(lambda: host.profile("lab", "Enabled") == "b false", 20, "the profile is that of a connection that is down", every=0.5,
               state=lambda: host.profile("lab", "Enabled"))
    host.c.veth(None, host.peer)
    host.wait_parent()
    host.address()
    host.up("lab")
    host.wait_secured()
    host.ping()
    equal((host.plugin.main_pid(), host.macsecd.main_pid()), processes, "processes")


def two(c, host):
    profiles = {}
    for number, ckn in ((1, CKN), (2, OTHER_CKN)):
        name = "p%d" % number
        profiles[name] = psk_profile(CAK, ckn, interface="macsec%d" % number, Link={"Port": number},
                                     # As NetworkManager's devices have it: with another the peer would make its devices, and addresses, anew.
                                     MACsec={"CipherSuites": "GCM-AES-128"})
    c.macsecd(host.peer, profiles)
    for number, ckn in ((1, CKN), (2, OTHER_CKN)):
        host.add("two%d" % number, "macsec%d" % number, "macsec.port", number, "ipv4.method", "manual",
                 "ipv4.addresses", "10.0.%d.2/24" % number, "ipv6.method", "disabled", ckn=ckn, scope=c)
        host.address("macsec%d" % number, "10.0.%d.1" % number)
    for number in (1, 2):
        host.up("two%d" % number)
    for number in (1, 2):
        equal(host.state("two%d" % number), "activated", "state of the connection")
        host.wait_secured("macsec%d" % number)
        wait_until(lambda: host.answers("10.0.%d.1" % number), 20, "an answer through macsec%d" % number, every=0.2)


def run(t):
    host = Host(t)
    t.case("macsecd is killed under traffic", crash, host, WPA, host.macsecd)
    t.case("macsec-nm is killed under traffic", crash, host, MACSECD, host.plugin)
    t.case("NetworkManager is restarted under traffic", restart, host, WPA)
    t.case("a wrong key", wrong_key, host, WPA)
    t.case("the peer is lost and comes back", lost, host, WPA)
    t.case("a late peer", late_peer, host, MACSECD)
    t.case("another port", port, host, WPA)
    t.case("the parent is unplugged", unplugged, host, MACSECD)
    t.case("the parent is removed", parent_removed, host, MACSECD)
    t.case("two on one parent", two, host)
