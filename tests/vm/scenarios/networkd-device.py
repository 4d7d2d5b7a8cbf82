# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: offload, and what to write for cipher suites that a device of networkd's cannot have"""

import os
import re

from lab import macsec, traffic
from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.networkd import CAK, CKN, MKA, NETDEV, Host, netdev
from lab.process import command

init = "systemd"
turn = 2
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
    """The device is left alone and it is said what to write instead; with that done, word for word, the .network goes on with
    macsecd's device."""
    host = Host(c, netdev(MKA + "CipherSuites=%s\n" % SUITE))
    host.start()
    host.here.wait_link("macsec0", 20)
    host.wait_profile("Problems", '"%s" 10 "MACsec.CipherSuites"' % NETDEV)
    words = host.profile("Problems").rsplit('"', 2)[1].replace("\\'", "'")
    shown = " ".join(command(["/lab/bin/macsecctl", "status"], check=False).split())
    check(NETDEV + ":10" in shown and words in shown, lambda: "macsecctl status says %s: %s" % (words, shown))
    log = host.plugin.journal("-o", "cat")
    check("%s:10: %s" % (NETDEV, words) in log, lambda: "the journal says %s: %s" % (words, log[-1000:]))
    equal(macsec.secy(host.here).cipher, "GCM-AES-128", "the device")

    profile, = re.findall("into (/etc/macsecd/[^ ]+) as", words)
    commands = re.findall("'([^']+)'", words)
    equal(len(commands), 3, "commands in: " + words)
    os.unlink(NETDEV)
    c.write(NETWORK, "[Match]\nName=eth0\n[Network]\nLinkLocalAddressing=no\n")
    c.write(profile, psk_profile(CAK, CKN, MACsec={"CipherSuites": SUITE}), 0o640)
    for one in commands:
        command(one.replace("macsecctl", "/lab/bin/macsecctl").split())
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
