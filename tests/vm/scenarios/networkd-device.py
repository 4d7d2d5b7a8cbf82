# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: offload, and what to write for cipher suites that a device of networkd's cannot have"""

import os

from lab import macsec, traffic
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.networkd import CAK, CKN, MKA, NETDEV, Host, netdev
from lab.process import command

init = "systemd"
in_all = False  # not seen to pass yet: make vm TEST=networkd-device
timeout = 300

NETWORK = "/etc/systemd/network/10-eth0.network"
SUITE = "GCM-AES-XPN-128"


def offload(c, choice):
    """On netdevsim, which carries no frames: the kernel says where it would encrypt."""
    host = Host(c, netdev(MKA + "Offload=%s\n" % choice), "Address=10.0.0.2/24\n", cable=False)
    c.netdevsim(None, "eth0")
    host.start()
    wait_until(lambda: host.session("Offload") == '"mac"', 20, "offload is mac", every=0.1, state=host.story)
    equal(macsec.secy(host.here).offload, "mac", "offload as the kernel has it")
    host.wait_dormant()
    equal(host.profile("Problems"), "0", "problems")
    return host.session("OffloadText")


def other_suite(c):
    """The device is left alone and it is said what to write instead; with that written, the .network goes on with macsecd's device."""
    host = Host(c, netdev(MKA + "CipherSuites=%s\n" % SUITE))
    host.start()
    host.here.wait_link("macsec0", 20)
    host.wait_profile("Problems", '"%s" 10 "MACsec.CipherSuites"' % NETDEV)
    shown = " ".join(command(["/lab/bin/macsecctl", "status"], check=False).split())
    check(NETDEV + ":10" in shown and "/etc/macsecd/macsec0.macsec" in shown, lambda: "macsecctl status says what to write: " + shown)
    equal(macsec.secy(host.here).cipher, "GCM-AES-128", "the device")

    os.unlink(NETDEV)
    c.write(NETWORK, "[Match]\nName=eth0\n[Network]\nLinkLocalAddressing=no\n")
    wait_until(lambda: host.profile("Source") is None, 10, "the profile goes", state=lambda: host.profile("Origin"))
    host.here.ip("link", "del", "macsec0")
    command(["networkctl", "reload"])
    c.write("/etc/macsecd/macsec0.macsec", psk_profile(CAK, CKN, MACsec={"CipherSuites": SUITE}), 0o640)
    host.macsecd.reload()
    host.wait_dormant()
    host.start_peer(MACsec={"CipherSuites": SUITE})
    equal(host.wait_secured().cipher, SUITE, "cipher suite")
    address = host.wait_address()
    traffic.ping(host.here, "10.0.0.1")
    return address


def run(t):
    for choice in ("mac", "auto"):
        t.case("Offload=" + choice, offload, choice)
    t.case("another cipher suite", other_suite)
