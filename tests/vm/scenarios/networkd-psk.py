# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: a .netdev with [X-MKA]: no DHCP frame leaves before the link is secured, the address comes after"""

from lab import traffic
from lab.check import at_most, check, equal, stays, wait_until
from lab.networkd import MKA, NETDEV, Host, netdev
from lab.process import command

init = "systemd"
timeout = 300


def psk(c):
    host = Host(c, netdev(MKA))
    sniffer = c.sniff(host.peer)
    host.start()
    host.wait_dormant()
    stays(lambda: host.here.link("macsec0")["operstate"] == "DORMANT" and not host.addresses(), 5, "macsec0 waits")
    before = host.sent()
    sniffer.only(traffic.EAPOL)
    equal(host.profile("Source"), '"networkd"', "source of the profile")
    equal(host.profile("Origin"), '"%s"' % NETDEV, "origin of the profile")
    equal(host.profile("Problems"), "0", "problems of the profile")
    host.start_peer()
    host.wait_secured()
    address = host.wait_address()
    check(address.startswith("10.0.0."), "an address of the peer's DHCP server: " + address)
    traffic.ping(host.here, "10.0.0.1")
    sniffer.only(traffic.EAPOL, traffic.MACSEC)
    wait_until(lambda: "routable" in command(["networkctl", "list", "macsec0"], check=False), 10, "networkctl says routable", state=host.story)
    equal(host.session("State"), '"secured"', "state of the session")
    log = host.networkd.journal()
    check("nknown" not in log, lambda: "systemd-networkd complains: " + log[-600:])
    equal(before[0], 0, "frames sent before secured")
    at_most(before[1], 0, "frames tried to send before secured")
    return address


def run(t):
    t.case("DHCP waits for the keys", psk)
