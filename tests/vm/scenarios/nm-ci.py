# SPDX-License-Identifier: LGPL-2.1-or-later
"""NetworkManager's own integration tests of MACsec, step for step, on macsecd"""

import shutil

from lab import traffic
from lab.check import check, equal, wait_until
from lab.nm import CAK, CKN, Host, nmcli
from lab.process import command

init = "systemd"
programs = ["/usr/sbin/dnsmasq"]
timeout = 900
turn = 3

DOC_CAK = "50b71a8ef0bd5751ea76de6d6c98c03a"
DOC_CKN = "f2b4297d39da7330910a74abc0449feb45b5c0b9fc23df1430e1898fcf1c4550"
SIX = "2001:db8:1::fffe"


def psk(parent="eth0", cak=CAK, ckn=CKN, autoconnect="no"):
    """"Add macsec connection named test-macsec for device macsec0 with options"."""
    nmcli("connection", "add", "type", "macsec", "con-name", "test-macsec", "ifname", "macsec0", "connection.autoconnect", autoconnect,
          "macsec.parent", parent, "macsec.mode", "psk", "macsec.mka-cak", cak, "macsec.mka-cak-flags", "0", "macsec.mka-ckn", ckn)


class Environment:
    """"Prepare MACsec PSK environment": a peer with addresses and DHCP behind eth0, or behind a VLAN of it; connections go at the end."""

    def __init__(self, c, host, cak=CAK, ckn=CKN, vlan=None, base=True):
        self.host = host
        c.callback(self._delete)
        device = "eth0"
        if vlan:
            device = "eth0.%d" % vlan
            host.peer.ip("link", "add", "link", "eth0", "name", device, "type", "vlan", "id", vlan)
            c.callback(host.peer.ip, "link", "del", device, check=False)
            host.peer.up(device)
        c.wpa(host.peer, cak, ckn, device=device)
        host.serve(scope=c)
        host.peer.address("macsec0", SIX + "/32")
        if base:
            nmcli("connection", "add", "type", "ethernet", "con-name", "test-base", "ifname", "eth0", "connection.autoconnect", "no",
                  "ipv4.method", "disabled", "ipv6.method", "disabled")
            if vlan:
                nmcli("connection", "add", "type", "vlan", "con-name", "test-vlan", "dev", "eth0", "id", vlan, "ifname", device,
                      "connection.autoconnect", "no", "ipv4.method", "disabled", "ipv6.method", "disabled")

    @staticmethod
    def _delete():
        for name in ("test-macsec", "test-vlan", "test-base"):
            nmcli("connection", "delete", name, check=False)


def activated(host, *names):
    """"is visible in 45 seconds"."""
    for name in names:
        wait_until(lambda: host.state(name) == "activated", 45, "%s is activated" % name, every=0.5, state=lambda: host.state(name))


def reboot(host, *devices):
    """"Reboot": without NetworkManager, its devices and what it remembers."""
    host.nm.stop()
    for device in devices:
        command(["ip", "link", "del", device], check=False)
    shutil.rmtree("/run/NetworkManager", ignore_errors=True)
    host.nm.start()


def macsec_psk(c, host):
    Environment(c, host)
    sniffer = c.sniff(host.peer)
    host.up("test-base")
    psk()
    host.up("test-macsec")
    host.ping(10)
    sniffer.only(traffic.MACSEC, traffic.EAPOL)


def macsec_reboot(c, host, vlan=None):
    Environment(c, host, vlan=vlan)
    parent = "eth0.%d" % vlan if vlan else "eth0"
    base = "test-vlan" if vlan else "test-base"
    if vlan:
        nmcli("connection", "modify", "test-vlan", "connection.autoconnect", "yes")
    nmcli("connection", "modify", "test-base", "connection.autoconnect", "yes")
    psk(parent, autoconnect="yes")
    host.up(base)
    host.up("test-macsec")
    host.ping(10)
    host.nm.restart()
    activated(host, base, "test-macsec")
    reboot(host, "macsec0", *([parent] if vlan else []))
    activated(host, base, "test-macsec")
    wait_until(lambda: host.answers("172.16.10.1"), 20, "an answer", every=0.2)


def macsec_set_mtu_from_parent(c, host):
    Environment(c, host)
    host.peer.ip("link", "set", "eth0", "mtu", 1536)
    c.callback(host.peer.ip, "link", "set", "eth0", "mtu", 1500)
    nmcli("connection", "modify", "test-base", "802-3-ethernet.mtu", "1536")
    host.up("test-base")
    psk()
    host.up("test-macsec")
    for _ in range(2):
        check("mtu 1504" in command(["ip", "link", "show", "macsec0"]), lambda: command(["ip", "link", "show", "macsec0"]))
        host.up("test-base")


def macsec_send_sci(c, host):
    Environment(c, host)
    host.up("test-base")
    psk()
    host.up("test-macsec")
    equal(nmcli("-g", "macsec.send-sci", "connection", "show", "test-macsec").strip(), "yes", "macsec.send-sci")
    check("send_sci on" in command(["ip", "macsec", "show", "macsec0"]), "the SCI is sent")


def macsec_unmanaged_parent(c, host):
    Environment(c, host, base=False)
    nmcli("device", "set", "eth0", "managed", "no")
    c.callback(nmcli, "device", "set", "eth0", "managed", "yes", check=False)
    psk(autoconnect="yes")
    activated(host, "test-macsec")
    host.ping(10)


def macsec_offload(c, host):
    """No peer, and hardware that does not exist: what is asked for is what the kernel is told."""
    c.netdevsim(None, "eth12")
    nmcli("connection", "add", "type", "macsec", "con-name", "test-macsec", "ifname", "macsec0", "connection.autoconnect", "no",
          "macsec.parent", "eth12", "macsec.mode", "psk", "macsec.mka-cak", CAK, "macsec.mka-ckn", CKN, "macsec.validation", "disable",
          "macsec.offload", "mac", "ipv4.method", "manual", "ipv4.addresses", "172.16.10.5/24")
    c.callback(nmcli, "connection", "delete", "test-macsec", check=False)
    for word in ("mac", "off"):
        nmcli("connection", "modify", "test-macsec", "macsec.offload", word)
        host.up("test-macsec", 90)
        check("offload " + word in command(["ip", "-d", "link", "show", "macsec0"]), lambda: command(["ip", "-d", "link", "show", "macsec0"]))


def macsec_doc_procedure(c, host):
    Environment(c, host, DOC_CAK, DOC_CKN, base=False)
    nmcli("connection", "add", "type", "macsec", "con-name", "test-macsec", "ifname", "macsec0", "connection.autoconnect", "yes",
          "macsec.parent", "eth0", "macsec.mode", "psk", "macsec.mka-cak", DOC_CAK, "macsec.mka-ckn", DOC_CKN)
    nmcli("connection", "modify", "test-macsec", "ipv4.method", "manual", "ipv4.addresses", "172.16.10.5/24", "ipv4.gateway", "172.16.10.1")
    nmcli("connection", "modify", "test-macsec", "ipv6.method", "manual", "ipv6.addresses", "2001:db8:1::1/32", "ipv6.gateway", SIX)
    host.up("test-macsec")
    host.ping(10)
    wait_until(lambda: host.answers(SIX), 20, "an answer through IPv6", every=0.2)


def run(t):
    host = Host(t)
    t.case("macsec_psk", macsec_psk, host)
    t.case("macsec_reboot", macsec_reboot, host)
    t.case("macsec_vlan_reboot", macsec_reboot, host, 42)
    t.case("macsec_set_mtu_from_parent", macsec_set_mtu_from_parent, host)
    t.case("macsec_send-sci_by_default", macsec_send_sci, host)
    t.case("macsec_managed_macsec_from_unmanaged_parent", macsec_unmanaged_parent, host)
    if tuple(map(int, nmcli("--version").split()[-1].split(".")[:2])) >= (1, 46):
        t.case("macsec_offload", macsec_offload, host)
    t.case("macsec_doc_procedure", macsec_doc_procedure, host)
