# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd and other hands set protect and the encoding AN of a secured link: they are put back, under traffic"""

from lab import macsec, traffic
from lab.check import at_most, equal, wait_until
from lab.networkd import MKA, Host, netdev
from lab.process import command

init = "systemd"
turn = 1
timeout = 300

RELOADS = 5


def reloads(c):
    """Where the .netdev was touched, networkd 257 sends its own encoding AN, 0, to the link that is there; 252 leaves it alone."""
    text = netdev(MKA + "Priority=1\n")
    host = Host(c, text, "Address=10.0.0.2/24\nIPv6AcceptRA=no\n")
    host.start()
    host.wait_dormant()
    host.start_peer()
    found = host.wait_secured()
    wait_until(lambda: host.session("State") == '"secured"', 10, "the session is secured")
    while found.encoding_sa == 0:
        command(["/lab/bin/macsecctl", "rekey", "macsec0"])
        found = macsec.wait_new_key(host.here, found)
    monitor = c.start(["ip", "-d", "monitor", "link"], None, "monitor")
    probe = c.probe(host.here, host.peer, interval=0.005)
    probe.wait_both_ways(10)
    for number in range(RELOADS):
        host.write_netdev("# %d\n%s" % (number, text))
        command(["networkctl", "reload"])
        probe.wait_both_ways(5, frames=20)
    wait_until(lambda: macsec.secy(host.here).encoding_sa == found.encoding_sa, 5, "the encoding AN is as it was")
    spans = probe.finish()
    resets = monitor.output().count("encodingsa 0")
    for span in spans:
        at_most(span.lost, 2 * resets, "frames lost at %d resets by networkd: %s" % (resets, span))
    equal(macsec.secy(host.here).tx_sa().key_id, found.tx_sa().key_id, "the key")
    return "%d resets; %s" % (resets, "; ".join(map(str, spans)))


def by_hand(c):
    """The same from another hand."""
    host = Host(c, netdev(MKA), "Address=10.0.0.2/24\nIPv6AcceptRA=no\n")
    host.start()
    host.wait_dormant()
    host.start_peer()
    right = host.wait_secured().encoding_sa
    host.here.ip("link", "set", "macsec0", "type", "macsec", "encodingsa", (right + 1) % 4, "protect", "off")

    def put_back():
        now = macsec.secy(host.here)
        return now.encoding_sa == right and now.protect
    wait_until(put_back, 5, "encoding AN and protection are put back", state=lambda: macsec.secy(host.here))
    traffic.ping(host.here, "10.0.0.1")


def run(t):
    t.case("networkctl reload", reloads)
    t.case("protect and encodingsa by another hand", by_hand)
