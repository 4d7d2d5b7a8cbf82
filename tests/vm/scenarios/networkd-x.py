# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd logs nothing of [X-MKA] and [X-MKA-Key], wherever they stand"""

from lab.check import check, equal
from lab.networkd import CAK_FILE, MKA, Host, netdev

init = "systemd"
timeout = 200
turn = 0


def silent(c):
    host = Host(c, netdev(MKA) + "\n[FooBar]\nFoo=bar\n", "Address=10.0.0.2/24\n")
    c.write("/run/systemd/network/25-macsec0.netdev.d/50-fallback.conf",
            "[X-MKA-Key]\nCkn=02\nCakFile=%s\nRole=fallback\n" % CAK_FILE)
    host.start()
    host.wait_dormant()
    log = host.networkd.journal("-o", "cat")
    check("FooBar" in log, lambda: "it does complain of others: " + log[-500:])
    check("X-MKA" not in log and "Ckn" not in log and "CakFile" not in log, lambda: "of ours it does not: " + log[-500:])
    host.wait_profile("Settings", '"Ckn" s "02" "Role" s "fallback"')
    equal(host.profile("Problems"), "0", "problems")


def run(t):
    t.case("no complaint", silent)
