# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager, unmodified: nmcli connection add type macsec, up, DHCP and ping through macsecd"""

from lab import traffic
from lab.check import check, equal
from lab.nm import CAK, CKN, Host, nmcli
from lab.process import command

init = "systemd"
programs = ["/usr/sbin/dnsmasq"]
timeout = 420


def psk(c):
    host = Host(c)
    sniffer = c.sniff(host.peer)
    c.wpa(host.peer, CAK, CKN)
    host.serve()
    nmcli("connection", "add", "type", "macsec", "con-name", "test-macsec+", "ifname", "macsec0", "connection.autoconnect", "no",
          "macsec.parent", "eth0", "macsec.mode", "psk", "macsec.mka-cak", CAK, "macsec.mka-cak-flags", "0", "macsec.mka-ckn", CKN)
    c.callback(nmcli, "connection", "delete", "test-macsec+", check=False)
    took = host.up("test-macsec+")
    equal(host.state("test-macsec+"), "activated", "state of the connection")
    host.ping(10)
    uuid = nmcli("-g", "connection.uuid", "connection", "show", "test-macsec+").strip()
    equal(host.profile("test-macsec+", "Origin"), 's "%s"' % uuid, "origin of the profile")
    equal(host.profile("test-macsec+", "Source"), 's "networkmanager"', "source of the profile")
    equal(host.session("State"), 's "secured"', "state of the session")
    check("protect on" in command(["ip", "macsec", "show", "macsec0"]), "frames are protected")
    sniffer.only(traffic.MACSEC, traffic.EAPOL)
    nmcli("connection", "down", "test-macsec+")
    check("macsec0" not in command(["ip", "link"]), "the device goes with the connection")
    return "activated after %.2f s" % took


def run(t):
    t.case("nmcli brings up a connection with wpa_supplicant as peer", psk)
