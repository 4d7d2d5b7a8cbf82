# SPDX-License-Identifier: LGPL-2.1-or-later
"""Wired 802.1X of NetworkManager goes through macsec-nm to wpa_supplicant: FreeRADIUS, EAP-TLS, PEAP; then without macsec-nm"""

from lab import radius
from lab.check import check, equal, wait_until
from lab.nm import Host, nmcli, supplicant
from lab.process import command
from lab.units import Unit
from lab.wpa import hostapd_wired

init = "systemd"
freeradius = True
timeout = 600
turn = 3

ADDRESS = ("ipv4.method", "manual", "ipv4.addresses", "10.3.0.2/24", "ipv6.method", "disabled")
MD5 = ("802-1x.eap", "md5", "802-1x.identity", "alice", "802-1x.password", "wonder")


def connection(c, *words):
    nmcli("connection", "add", "type", "ethernet", "con-name", "dot1x", "ifname", "eth0", "connection.autoconnect", "no", *ADDRESS, *words)
    c.callback(nmcli, "connection", "delete", "dot1x", check=False)


def up(host):
    nmcli("-w", 60, "connection", "up", "dot1x")
    equal(host.state("dot1x"), "activated", "state of the connection")


def md5(c, host):
    hostapd_wired(c, host.peer, users='"alice" MD5 "wonder"\n')
    connection(c, *MD5)


def own_server(c, host):
    md5(c, host)
    up(host)
    equal(supplicant(), host.plugin.main_pid(), "owner of the supplicant's name")
    methods = command(["busctl", "get-property", "fi.w1.wpa_supplicant1", "/fi/w1/wpa_supplicant1", "fi.w1.wpa_supplicant1", "EapMethods"])
    check('"MD5"' in methods, "properties of wpa_supplicant are handed on: " + methods)


def free_radius(c, host):
    """The authenticator asks a real RADIUS server over a cable of its own."""
    files = radius.certificates(c)
    server = c.namespace("radius")
    c.veth(host.peer, server, "eth1", "eth0")
    host.peer.address("eth1", "10.9.0.2/24")
    server.address("eth0", "10.9.0.1/24")
    real = radius.Radius(c, server, "10.9.0.1", "10.9.0.2", files, {"alice": "wonder"})
    hostapd_wired(c, host.peer, radius=real.authenticator("10.9.0.2"))
    trust = ("802-1x.identity", "alice", "802-1x.ca-cert", files["ca.pem"], "802-1x.domain-suffix-match", radius.SERVER_NAME)
    connection(c, *trust, "802-1x.eap", "peap", "802-1x.phase2-auth", "mschapv2", "802-1x.password", "wonder")
    up(host)
    nmcli("connection", "down", "dot1x")
    nmcli("connection", "modify", "dot1x", "802-1x.eap", "tls", "802-1x.client-cert", files["client.pem"], "802-1x.private-key-password-flags", "4",
          "802-1x.private-key", files["client.key"])
    up(host)
    equal(real.process.output().count("Sent Access-Accept"), 2, "times the server let alice in")


def supplicant_ends(c, host):
    """As with the system bus, whoever asks for the supplicant starts it."""
    md5(c, host)
    host.kill(Unit("wpa_supplicant.service"))
    wait_until(lambda: Unit("wpa_supplicant.service").show("ActiveState") == "failed", 30, "wpa_supplicant is gone", every=0.1)
    command(["systemctl", "reset-failed", "wpa_supplicant.service"])
    up(host)


def repeated(c, host):
    """Enabled is enabled: nothing restarts, nobody is disconnected."""
    md5(c, host)
    up(host)
    processes = host.plugin.main_pid(), Unit("wpa_supplicant.service").main_pid()
    command(["/lab/bin/macsec-nm", "--enable"], timeout=180)
    equal((host.plugin.main_pid(), Unit("wpa_supplicant.service").main_pid()), processes, "processes")
    equal(host.state("dot1x"), "activated", "state of the connection")


def stock(c, host):
    md5(c, host)
    up(host)
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)  # while the connection is up
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)
    up(host)
    equal(supplicant(), Unit("wpa_supplicant.service").main_pid(), "owner of the supplicant's name")
    unit = command(["systemctl", "cat", "wpa_supplicant.service"])
    check("macsec-nm" not in unit, "the unit is as it was: " + unit)


def run(t):
    host = Host(t)
    t.case("wired 802.1X goes through macsec-nm", own_server, host)
    t.case("PEAP and EAP-TLS with FreeRADIUS go through macsec-nm", free_radius, host)
    t.case("a wpa_supplicant that ended is started when it is needed", supplicant_ends, host)
    t.case("--enable once more disturbs nothing", repeated, host)
    t.case("after --disable everything is as it was", stock, host)
