# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager's Wi-Fi beside a macsec connection: scan, connect and roam through macsec-nm, then without it"""

from lab.check import check, equal, wait_until
from lab.nm import CAK, CKN, Host, Ping, nmcli
from lab.process import command
from lab.wifi import PASSPHRASE, SSID, AccessPoint, Radios

init = "systemd"
programs = ["/usr/sbin/iw"]
modules = ["mac80211_hwsim"]
turn = 1
timeout = 600

STATIC = ("ipv4.method", "manual", "ipv4.addresses", "172.16.10.2/24", "ipv6.method", "disabled")
AIR = "10.4.0.1"
SUPPLICANT = "fi.w1.wpa_supplicant1"
ROOT = "/fi/w1/wpa_supplicant1"


def busctl(*words):
    return command(["busctl", *words]).strip()


def interface():
    """The object of wlan0, as wpa_supplicant names it."""
    return busctl("call", SUPPLICANT, ROOT, SUPPLICANT, "GetInterface", "s", "wlan0").split('"')[1]


def current():
    """The access point NetworkManager believes to be in use; "" without one."""
    for line in nmcli("-t", "-e", "no", "-f", "IN-USE,BSSID", "device", "wifi", "list", "ifname", "wlan0", "--rescan", "no").splitlines():
        if line.startswith("*:"):
            return line[2:].lower()
    return ""


def connect(host):
    nmcli("-w", 60, "connection", "up", "air")
    equal(host.state("air"), "activated", "state of the connection")
    host.ping(3, AIR)


def scan(_, host, points):
    def seen():
        text = nmcli("-t", "-e", "no", "-f", "BSSID,SSID", "device", "wifi", "list", "ifname", "wlan0", "--rescan", "yes", check=False).lower()
        return all("%s:%s" % (point.bssid, SSID) in text for point in points)
    wait_until(seen, 60, "both access points are in the list", every=0.5, state=lambda: nmcli("device"))


def roam(c, host, points):
    """Another client of wpa_supplicant asks for it; NetworkManager, which did not, hears of it by signals."""
    ping = Ping(c)
    ping.wait_answers()
    connect(host)
    path = interface()
    check("macsec" not in path, "an object of wpa_supplicant's: " + path)
    other = {points[0].bssid: points[1].bssid, points[1].bssid: points[0].bssid}
    for _ in range(2):
        goal = other[wait_until(current, 20, "NetworkManager knows the access point in use", every=0.2)]
        busctl("call", SUPPLICANT, path, SUPPLICANT + ".Interface", "Roam", "s", goal)
        wait_until(lambda wanted=goal: current() == wanted, 30, "NetworkManager knows of the other access point", every=0.2, state=current)
        equal(host.state("air"), "activated", "state of the connection")
        host.ping(3, AIR)
    sent, lost = ping.finish()
    equal(lost, 0, "echo requests lost on the macsec link of %d" % sent)
    equal(host.state("lab"), "activated", "state of the macsec connection")


def properties(_, host):
    """Set, Get and GetAll are wpa_supplicant's own, for every client."""
    path = interface()
    name = SUPPLICANT + ".Interface"
    busctl("set-property", SUPPLICANT, path, name, "ScanInterval", "i", "77")
    equal(busctl("get-property", SUPPLICANT, path, name, "ScanInterval"), "i 77", "a property that was set")
    check(path in busctl("get-property", SUPPLICANT, ROOT, SUPPLICANT, "Interfaces"), "wlan0 is among the interfaces")
    equal(busctl("get-property", SUPPLICANT, path, name, "State"), 's "completed"', "state of wlan0")


def stock(_, host):
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)  # while both connections are up
    command(["/lab/bin/macsec-nm", "--disable"], timeout=180)
    connect(host)
    pid = busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetConnectionUnixProcessID", "s", SUPPLICANT)
    equal(command(["systemctl", "show", "-P", "MainPID", "wpa_supplicant.service"]).strip(), pid.split()[1], "owner of the supplicant's name")


def run(t):
    host = Host(t)
    t.wpa(host.peer, CAK, CKN)
    host.address()
    host.add("lab", "macsec0", *STATIC)
    host.up("lab")
    air = t.namespace("air")
    Radios(t, air, 3)
    air.address("br0", AIR + "/24")
    points = [AccessPoint(t, air, "wlan%d" % number, channel) for number, channel in ((1, 1), (2, 6))]
    wait_until(lambda: "wlan0:wifi" in nmcli("-t", "-f", "DEVICE,TYPE", "device"), 60, "NetworkManager sees wlan0", every=0.2)
    nmcli("connection", "add", "type", "wifi", "con-name", "air", "ifname", "wlan0", "ssid", SSID, "connection.autoconnect", "no",
          "wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", PASSPHRASE, "ipv4.method", "manual", "ipv4.addresses", "10.4.0.2/24", "ipv6.method", "disabled")
    t.callback(nmcli, "connection", "delete", "air", check=False)
    t.case("a scan finds both access points", scan, host, points)
    t.case("Wi-Fi connects and roams while macsec runs", roam, host, points)
    t.case("properties are wpa_supplicant's", properties, host)
    t.case("after --disable Wi-Fi is wpa_supplicant's", stock, host)
