# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: whichever address networkd gives the link, its SCI is the link's"""

from lab import macsec, traffic
from lab.check import check, equal
from lab.networkd import MKA, Host, netdev

init = "systemd"
timeout = 300
turn = 2


def secured_with(c, more, as_parent):
    host = Host(c, netdev(MKA, more), "Address=10.0.0.2/24\n")
    if more:
        c.write("/etc/systemd/network/20-macsec.link", "[Match]\nKind=macsec\n[Link]\nMACAddressPolicy=none\n")
    host.start()
    host.wait_dormant()
    host.start_peer()
    found = host.wait_secured()
    traffic.ping(host.here, "10.0.0.1")
    equal(host.session("Sci"), '"%s"' % found.sci, "SCI of the session")
    own = macsec.sci(host.here.mac("eth0"))
    check((found.sci == own) == as_parent, "SCI %s, that of the parent's address %s" % (found.sci, own))
    return found.sci


def run(t):
    t.case("an address of networkd's making", secured_with, "", False)
    t.case("the parent's address", secured_with, "MACAddress=none\n", True)
