# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager, unmodified: nmcli connection add type macsec, up, DHCP and ping through macsecd; how long it takes beside wpa_supplicant"""

from lab import traffic
from lab.check import check, equal
from lab.nm import CAK, CKN, MACSECD, WPA, Host, nmcli, supplicant
from lab.process import command
from lab.units import Unit

init = "systemd"
programs = ["/usr/sbin/dnsmasq"]
timeout = 420
ROUNDS = 3


def ready(c, host, kind):
    """A peer with DHCP, and the connection."""
    host.other_end(c, kind)
    host.serve(scope=c)
    nmcli("connection", "add", "type", "macsec", "con-name", "test-macsec+", "ifname", "macsec0", "connection.autoconnect", "no",
          "macsec.parent", "eth0", "macsec.mode", "psk", "macsec.mka-cak", CAK, "macsec.mka-cak-flags", "0", "macsec.mka-ckn", CKN)
    c.callback(nmcli, "connection", "delete", "test-macsec+", check=False)


def psk(c, host, kind):
    sniffer = c.sniff(host.peer)
    ready(c, host, kind)
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


def times(host, process):
    """Seconds from `nmcli connection up` to activated, the fastest first; once before does not count."""
    took = []
    for _ in range(ROUNDS + 1):
        took.append(host.up("test-macsec+", 90))
        host.ping()
        nmcli("connection", "down", "test-macsec+")
    equal(supplicant(), process.main_pid(), "process that serves NetworkManager")
    return sorted(took[1:])


def compared(c, host, note):
    """The same commands with macsecd and, after macsec-nm --disable, with Debian's wpa_supplicant, in one boot."""
    ready(c, host, WPA)
    ours = times(host, host.plugin)
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)
    theirs = times(host, Unit("wpa_supplicant.service"))
    for name, took in (("macsecd", ours), ("wpa_supplicant", theirs)):
        note("nmcli connection up, DHCP included, with %s: %s s" % (name, " ".join("%.2f" % each for each in took)))
    note("ratio of the medians: %.2f" % (ours[ROUNDS // 2] / theirs[ROUNDS // 2]))


def run(t):
    host = Host(t)
    for kind in (WPA, MACSECD):
        t.case("nmcli brings up a connection with %s as peer" % kind, psk, host, kind)
    t.case("the time it takes, and wpa_supplicant's", compared, host, t.note)
