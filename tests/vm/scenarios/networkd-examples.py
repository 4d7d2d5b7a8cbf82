# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: each of data/examples/networkd as it is shipped, with a peer that fits"""

import datetime
import os
import time

import boot
from lab import clock, macsec, traffic
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.networkd import Host

init = "systemd"
turn = 2
timeout = 400

EXAMPLES = os.path.join(boot.SOURCE, "data/examples/networkd")
CKN = "0123456789abcdef"
SUITE = {"CipherSuites": "GCM-AES-128"}
KEYS = {"uplink": "00" * 16, "uplink-2026": "26" * 16, "uplink-2027": "27" * 16, "fallback": "ff" * 16}


def prepare(c, example):
    """The host with the files of the example, the keys they name, and nothing started."""
    host = Host(c, network=None)
    for name in sorted(os.listdir(os.path.join(EXAMPLES, example))):
        with open(os.path.join(EXAMPLES, example, name), encoding="utf-8") as text:
            c.write("/etc/systemd/network/" + name, text.read())
    for name, key in KEYS.items():
        c.write("/etc/macsecd/%s.cak" % name, key + "\n", 0o640)
    return host


def start(host, parent="eth0", dhcp_on="macsec0", **sections):
    """Everything is started, the peer last; the link is secured."""
    host.start()
    host.wait_dormant()
    equal(host.profile("Problems"), "0", "problems")
    host.start_peer(psk_profile(KEYS["uplink"], CKN, parent, MACsec=SUITE, **sections), dhcp_on)
    return host.wait_secured()


def host_to_switch(c):
    host = prepare(c, "host-to-switch")
    found = start(host, MKA={"Priority": "16"})
    equal(found.sci, macsec.sci(host.here.mac("eth0")), "SCI: the parent's address")
    equal(host.session("IsKeyServer"), "false", "the switch is the key server, not we")
    host.wait_address()
    traffic.ping(host.here, "10.0.0.1")


def two_hosts(c):
    host = prepare(c, "two-hosts")
    start(host)
    host.peer.address("macsec0", "192.0.2.2/24")
    traffic.ping(host.here, "192.0.2.2")
    equal(host.addresses(), ["192.0.2.1"], "addresses")


def vlan_on_top(c):
    host = prepare(c, "vlan-on-top")
    start(host, dhcp_on="office")
    address = wait_until(lambda: host.addresses("office"), 30, "the VLAN has an address", every=0.05, state=host.story)
    equal(host.addresses(), [], "addresses of the link below")
    traffic.ping(host.here, "10.0.0.1")
    return address[0]


def active_member(host):
    """The cable that bond0 uses; None while it changes."""
    return host.here.link("bond0")["linkinfo"]["info_data"].get("active_slave")


def bond_below(c):
    host = prepare(c, "bond-below")
    c.veth(host.here, host.peer, "eth1", "eth1", up=False)
    # The peer is on both cables at once: two of active-backup need not agree on one.
    host.peer.ip("link", "add", "bond0", "type", "bond", "mode", "broadcast", "miimon", 100)
    # The module makes a bond0 of its own when it is loaded without systemd's options, and networkd would take that one as it is.
    host.here.ip("link", "del", "bond0", check=False)
    c.callback(host.here.ip, "link", "del", "bond0", check=False)
    for member in ("eth0", "eth1"):
        host.peer.down(member)
        host.peer.ip("link", "set", member, "master", "bond0")
    host.peer.up("bond0")
    found = start(host, "bond0")
    address = host.wait_address()
    traffic.ping(host.here, "10.0.0.1")
    one = active_member(host)
    host.peer.down(one)
    wait_until(lambda: active_member(host) not in (None, one), 10, "the bond uses the other cable")
    traffic.ping(host.here, "10.0.0.1")
    equal(host.addresses(), [address], "addresses on the other cable")
    equal(macsec.secy(host.here).tx_sa().key_id, found.tx_sa().key_id, "key on the other cable")


def at(text):
    """Step the wall clock to this time."""
    clock.step(datetime.datetime.fromisoformat(text).timestamp() - time.time())


def key_rollover(c):
    began = time.time() - time.monotonic()
    c.callback(lambda: clock.step(began - (time.time() - time.monotonic())))
    at("2027-01-01T01:59:40+00:00")
    host = prepare(c, "key-rollover")
    host.start()
    host.wait_dormant()
    equal(host.profile("Problems"), "0", "problems")
    profile = psk_profile(KEYS["uplink-2026"], "2026", MACsec=SUITE, Key={"NotAfter": "2027-01-01T03:00:00Z"})
    profile += "[Key]\nCkn=2027\nCak=%s\nNotBefore=2027-01-01T02:00:00Z\n" % KEYS["uplink-2027"]
    profile += "[Key]\nCkn=ff\nCak=%s\nRole=fallback\n" % KEYS["fallback"]
    host.start_peer(profile)
    host.wait_secured()
    address = host.wait_address()
    wait_until(lambda: host.session("Ckn") == '"2026"', 5, "the first key is in use", state=host.story)
    probe = c.probe(host.here, host.peer, interval=0.02)
    probe.wait_both_ways(5)
    wait_until(lambda: host.session("Ckn") == '"2027"', 40, "the second key takes over", every=0.2, state=lambda: host.session("Participants"))
    check(time.time() >= datetime.datetime.fromisoformat("2027-01-01T02:00:00+00:00").timestamp(), "not before its time")
    before = macsec.secy(host.here)
    at("2027-01-01T02:59:58+00:00")
    # KeyTolerance= is a minute.
    wait_until(lambda: '"Active" b false "Ckn" s "2026"' in host.session("Participants"), 80, "the first key is gone", every=0.2,
               state=lambda: host.session("Participants"))
    probe.wait_both_ways(5, frames=50)
    spans = probe.finish()
    for span in spans:
        equal(span.lost, 0, "frames lost: %s" % span)
    equal(macsec.secy(host.here).tx_sa().key_id, before.tx_sa().key_id, "the key in use when the first went")
    equal(host.addresses(), [address], "addresses")
    return "; ".join(map(str, spans))


def run(t):
    t.case("host to switch", host_to_switch)
    t.case("two hosts", two_hosts)
    t.case("VLAN on top", vlan_on_top)
    t.case("bond below", bond_below)
    t.case("must-secure uplink with key rollover", key_rollover)
