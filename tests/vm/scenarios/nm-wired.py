# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is not MACsec goes to the ordinary wpa_supplicant: wired 802.1X of NetworkManager, with and without macsec-nm"""

from lab.check import check, equal
from lab.nm import Host, nmcli
from lab.process import command
from lab.wpa import hostapd_wired

init = "systemd"
timeout = 600
in_all = False  # not settled enough for every run: make vm TEST=nm-wired

USERS = '"alice" MD5 "wonder"\n'


def wired(host):
    nmcli("connection", "up", "dot1x", timeout=120)
    equal(host.state("dot1x"), "activated", "state of the connection")
    nmcli("connection", "down", "dot1x")


def through_the_proxy(c, host):
    wired(host)
    owner = command(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID",
                     "s", "fi.w1.wpa_supplicant1"]).split()[1]
    equal(int(owner), host.plugin.main_pid(), "owner of the supplicant's name")
    interfaces = command(["busctl", "get-property", "fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", "fi.w1.wpa_supplicant1", "EapMethods"])
    check('"MD5"' in interfaces, "properties of wpa_supplicant are handed on: " + interfaces)


def stock(c, host):
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)
    wired(host)
    check("macsec-nm" not in command(["systemctl", "cat", "wpa_supplicant.service"]), "the unit is as it was")


def run(t):
    host = Host(t)
    hostapd_wired(t, host.peer, users=USERS)
    nmcli("connection", "add", "type", "ethernet", "con-name", "dot1x", "ifname", "eth0", "connection.autoconnect", "no",
          "802-1x.eap", "md5", "802-1x.identity", "alice", "802-1x.password", "wonder", "ipv4.method", "manual",
          "ipv4.addresses", "10.3.0.2/24", "ipv6.method", "disabled")
    t.callback(nmcli, "connection", "delete", "dot1x", check=False)
    t.case("wired 802.1X goes through macsec-nm", through_the_proxy, host)
    t.case("after --disable everything is as it was", stock, host)
