# SPDX-License-Identifier: LGPL-2.1-or-later
"""From the last release to this version and back, of a link of NetworkManager and one of systemd-networkd, under a flood"""

import os

from lab import macsec, networkd, nm
from lab.check import at_least, equal, stays, wait_until
from lab.process import command
from lab.units import systemctl, wait_active

init = "systemd"
installed = True
previous = True
timeout = 600
turn = 2

BEFORE = "/lab/previous"
UNITS = "/etc/systemd/system"  # of the administrator, and here of the version before: they count before those of this version
DAEMON, PLUGINS = "macsecd.service", ("macsec-nm.service", "macsec-networkd.service")


def unpack_before(c):
    """The services of the version before take the place of those of this version."""
    for name in (DAEMON, *PLUGINS):
        with open(os.path.join(BEFORE, "units", name), encoding="utf-8") as text:
            c.write(os.path.join(UNITS, name), text.read())


def unpack_now():
    for name in (DAEMON, *PLUGINS):
        os.unlink(os.path.join(UNITS, name))


def is_before(unit):
    """Whether its process is of the version before."""
    return os.readlink("/proc/%d/exe" % unit.main_pid()).startswith(BEFORE)


def configure(units, before):
    """As the packages do: what runs is restarted, the daemon's package first, as the others depend on it."""
    systemctl("daemon-reload")
    for unit in units:
        systemctl("try-restart", unit.name)
        wait_active(unit.name, 20)
        equal(is_before(unit), before, "%s is of the version before" % unit.name)


def there_and_back(c, here, peer, units, known, same):
    """`units`: the daemon and a plugin; `known()`: everybody knows the link; `same()`: what stays as it is."""
    for unit in units:
        equal(is_before(unit), True, "%s is of the version before" % unit.name)
    wait_until(known, 30, "the link is known", every=0.2)
    wait_until(lambda: macsec.secy(peer).secured(), 10, "the other end is secured", every=0.1)
    was = macsec.secy(here).tx_sa().key_id, same()
    probe = c.probe(here, peer, interval=0.001)
    probe.wait_both_ways(10)
    for unpack, before in ((unpack_now, False), (lambda: unpack_before(c), True)):
        unpack()
        configure(units, before)
        wait_until(known, 20, "the link is known again", every=0.2)
        # As long as it takes for a peer that is missing to be missed.
        stays(lambda: (macsec.secy(here).tx_sa().key_id, same()) == was and macsec.secy(here).secured(), 8, "the same link and key", every=0.5)
        equal(known(), True, "the link is known")
    spans = probe.finish()
    equal([span.lost for span in spans], [0, 0], "frames lost, by direction")
    for span in spans:
        at_least(span.sent, 10_000, "frames in the flood")
    return " and ".join(map(str, spans))


def network_manager(c):
    unpack_before(c)
    host = nm.Host(c, installed=True)
    host.other_end(c, nm.MACSECD)
    host.add("lab", "macsec0", "ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled", scope=c)
    host.up("lab")

    def known():
        return (host.state("lab"), host.session("State")) == ("activated", 's "secured"') and host.profile("lab", "Source") == 's "networkmanager"'
    return there_and_back(c, host.machine, host.peer, (host.macsecd, host.plugin), known, lambda: (host.index(), host.activation("lab")))


def systemd_networkd(c):
    unpack_before(c)
    host = networkd.Host(c, networkd.netdev(networkd.MKA), "Address=10.0.0.2/24\nIPv6AcceptRA=no\n", installed=True)
    host.start()
    host.start_peer()
    host.wait_address()

    def known():
        return host.session("State") == '"secured"' and host.profile("Owner") not in (None, '""')
    return there_and_back(c, host.here, host.peer, (host.macsecd, host.plugin), known,
                          lambda: (command(["cat", "/sys/class/net/macsec0/ifindex"]), host.addresses()))


def run(t):
    t.case("a connection of NetworkManager", network_manager)
    t.case("a .netdev of systemd-networkd", systemd_networkd)
