# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd with macsecd and macsec-networkd as they are installed: their own user, sandboxed"""

import os
import shutil

from lab import traffic
from lab.check import check, equal
from lab.networkd import MKA, NETDEV, Host, netdev

init = "systemd"
installed = True
timeout = 300
turn = 1


def installed_units(c):
    host = Host(c, installed=True)
    # As one that holds more than others may know: for systemd-networkd's group only.
    host.write_netdev(netdev(MKA))
    shutil.chown(NETDEV, "root", "systemd-network")
    os.chmod(NETDEV, 0o640)
    host.start()
    for unit in (host.macsecd, host.plugin):
        equal(unit.show("User"), "macsecd", "user of " + unit.name)
    host.wait_dormant()
    host.start_peer()
    host.wait_secured()
    address = host.wait_address()
    traffic.ping(host.here, "10.0.0.1")
    host.write_netdev(netdev(MKA + "RekeySec=1h\n"))
    host.wait_profile("Settings", '"RekeySec" s "1h"')
    host.plugin.reload()
    equal(host.plugin.show("ActiveState"), "active", "after a reload")
    with open("/proc/%d/status" % host.plugin.main_pid(), encoding="ascii") as text:
        check("CapEff:\t0000000000000000" in text.read(), "the plugin has no capabilities")
    return address


def run(t):
    t.case("DHCP over the installed units", installed_units)
