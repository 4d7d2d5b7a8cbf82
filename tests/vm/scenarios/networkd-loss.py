# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: the peer goes and comes back: addresses stay, clear text only with should-secure"""

from lab import traffic
from lab.check import check, equal, wait_until
from lab.networkd import MKA, Host, netdev

init = "systemd"
timeout = 400
turn = 2


def lose(c, policy):
    host = Host(c, netdev(MKA + "Policy=%s\n" % policy), "DHCP=ipv4\nIPv6AcceptRA=no\nIgnoreCarrierLoss=yes\n")
    host.start()
    if policy == "must-secure":
        host.wait_dormant()
    peer = host.start_peer()
    host.wait_secured()
    address = host.wait_address()
    peer.kill()
    state = '"secured"'
    wait_until(lambda: host.session("State") != state, 20, "the peer is missed", every=0.1, state=host.story)
    if policy == "must-secure":
        host.wait_dormant()
    else:
        wait_until(lambda: host.here.link("macsec0")["operstate"] == "UP", 5, "the link carries on", state=host.story)
    equal(host.addresses(), [address], "addresses while the peer is away")
    sniffer = c.sniff(host.peer)
    tried = wait_until(lambda: (lambda n: n if n > 3 else 0)(attempt(host)), 20, "pings are tried")
    clear = sum(number for kind, number in sniffer.counts().items() if kind not in (traffic.EAPOL, traffic.MACSEC))
    check((clear > 0) == (policy == "should-secure"), "%d frames in clear text with %s" % (clear, policy))
    peer.start()
    wait_until(lambda: host.session("State") == state, 20, "secured again", every=0.1, state=host.story)
    host.here.ip("neigh", "flush", "dev", "macsec0")  # the address made up for the tries
    traffic.ping(host.here, "10.0.0.1")
    equal(host.addresses(), [address], "addresses at the end")
    return "%d tries" % tried


_tries = 0


def attempt(host):
    """One datagram to the peer; how many there were."""
    global _tries
    import socket
    host.here.ip("neigh", "replace", "10.0.0.1", "lladdr", "02:00:00:00:00:01", "dev", "macsec0", "nud", "reachable", check=False)
    with host.here.socket(socket.AF_INET, socket.SOCK_DGRAM) as port:
        try:
            port.sendto(b"macsecd", ("10.0.0.1", 9))
        except OSError:
            pass
    _tries += 1
    return _tries


def run(t):
    t.case("must-secure", lose, "must-secure")
    t.case("should-secure", lose, "should-secure")
