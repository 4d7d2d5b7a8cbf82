# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd with macsecd and macsec-networkd on the machine itself, and a peer at the other end of a cable."""

import json
import os
import re
import shutil

import boot

from . import macsec, net
from .check import Failure, wait_until
from .daemon import psk_profile
from .process import command
from .units import Unit, systemctl

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
CAK_FILE = "/etc/macsecd/uplink.cak"
NETDEV = "/etc/systemd/network/25-macsec0.netdev"

_MACSECD = """[Unit]
StartLimitIntervalSec=0
[Service]
Type=notify
NotifyAccess=all
ExecStart=/lab/bin/macsecd
ExecReload=kill -HUP $MAINPID
Restart=always
RestartSec=100ms
RuntimeDirectory=macsecd
RuntimeDirectoryPreserve=yes
StateDirectory=macsecd
"""

_POLICY = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <policy user="root"><allow own="org.macsecd1"/></policy>
  <policy context="default"><allow send_destination="org.macsecd1"/></policy>
</busconfig>
"""


class Here(net.Namespace):
    """The network namespace of the machine itself."""

    def __init__(self, name="here"):
        self.name = name
        net.ip("netns", "attach", name, 1)
        self.fd = os.open("/run/netns/" + name, os.O_RDONLY | os.O_CLOEXEC)


def netdev(mka="", more="", encrypt="yes"):
    """Text of the .netdev; `mka` are lines of [X-MKA], nothing for none."""
    text = "[NetDev]\nName=macsec0\nKind=macsec\n%s[MACsec]\nEncrypt=%s\n" % (more, encrypt)
    return text + ("\n[X-MKA]\n" + mka if mka else "")


MKA = "Ckn=%s\nCakFile=%s\n" % (CKN, CAK_FILE)


def stop_networkd():
    """Stop it and its socket, which starts it at every change of a link: before a case's files are there, and after it."""
    systemctl("stop", "systemd-networkd.socket", "systemd-networkd.service", check=False)


class Host:
    """The machine as a networkd user has it: eth0 here, eth0 of the namespace `peer` at the other end."""

    def __init__(self, c, netdev_text=None, network="DHCP=ipv4\nIPv6AcceptRA=no\n", installed=False, cable=True):
        """`network`: of macsec0; None: no .network files. `installed`: the units, users and policies are those of `meson install`.
        `cable`: eth0 is made."""
        self.c = c
        stop_networkd()
        self.here = c.enter_context(Here())
        self.peer = c.namespace("peer")
        if cable:
            c.veth(self.here, self.peer)
        if not installed:
            c.write("/etc/dbus-1/system.d/org.macsecd1.conf", _POLICY)
            systemctl("reload", "dbus", check=False)
            c.write("/run/systemd/system/macsecd.service", _MACSECD)
            c.write("/run/systemd/system/macsec-networkd.service", self._plugin_unit())
        c.write(CAK_FILE, CAK + "\n", 0o640)
        if installed:
            shutil.chown(CAK_FILE, "root", "macsecd")
        if netdev_text is not None:
            self.write_netdev(netdev_text)
        if network is not None:
            c.write("/etc/systemd/network/10-eth0.network",
                    "[Match]\nName=eth0\n[Network]\nLinkLocalAddressing=no\nMACsec=macsec0\n")
            c.write("/etc/systemd/network/30-macsec0.network", "[Match]\nName=macsec0\n[Network]\n" + network)
        c.callback(self._delete_links)
        self.macsecd = self.plugin = self.networkd = None
        self._peer = None

    @staticmethod
    def _plugin_unit():
        """The unit as it is installed, with this build's program, as root where there is no user for it."""
        with open(os.path.join(boot.SOURCE, "data/networkd/macsec-networkd.service.in"), encoding="utf-8") as text:
            unit = text.read()
        unit = re.sub("ExecStart=.*", "ExecStart=/lab/bin/macsec-networkd", unit)
        return re.sub("(?m)^User=.*\n", "", unit)

    def _delete_links(self):
        self.here.ip("link", "del", "macsec0", check=False)

    def write_netdev(self, text, path=NETDEV):
        self.c.write(path, text)

    def start(self, *names):
        """Start units in this order; all three when none is named."""
        for name in names or ("macsecd", "macsec-networkd", "systemd-networkd"):
            unit = self.c.unit(name + ".service")
            setattr(self, {"macsecd": "macsecd", "macsec-networkd": "plugin"}.get(name, "networkd"), unit)
            if name == "systemd-networkd":
                self.c.callback(stop_networkd)

    def start_peer(self, profile=None, dhcp_on="macsec0", beside=None, **sections):
        """macsecd with the same key, or with this profile, at the other end, with an address and a DHCP server: on the link, or on VLAN
        20 of it, called `dhcp_on`. `beside`: text of a profile for another link."""
        sections.setdefault("MACsec", {}).setdefault("CipherSuites", "GCM-AES-128")
        profiles = {"peer": profile or psk_profile(CAK, CKN, **sections)}
        if beside is not None:
            profiles["beside"] = beside
        self._peer = self.c.macsecd(self.peer, profiles)
        self.peer.wait_link("macsec0")
        if dhcp_on != "macsec0":
            self.peer.ip("link", "add", "link", "macsec0", dhcp_on, "type", "vlan", "id", 20)
            self.peer.up(dhcp_on)
        self.peer.address(dhcp_on, "10.0.0.1/24")
        folder = self.c.folder("dhcp")
        config = os.path.join(folder, "udhcpd.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write("interface %s\nstart 10.0.0.100\nend 10.0.0.200\noption subnet 255.255.255.0\noption lease 36000\n"
                      "lease_file %s/leases\npidfile %s/pid\n" % (dhcp_on, folder, folder))
        with open(os.path.join(folder, "leases"), "w", encoding="ascii"):
            pass
        self.c.start(["/lab/guest/busybox", "udhcpd", "-f", config], self.peer, "udhcpd")
        return self._peer

    def addresses(self, device="macsec0"):
        """IPv4 addresses of the device; none where there is no device."""
        text = self.here.ip("-j", "-4", "addr", "show", "dev", device, check=False)
        links = json.loads(text) if text.startswith("[") else []
        return [item["local"] for entry in links for item in entry.get("addr_info", [])]

    def wait_address(self, deadline=30):
        return wait_until(self.addresses, deadline, "macsec0 gets an address", every=0.05, state=self.story)[0]

    def wait_secured(self, deadline=15):
        return macsec.wait_secured(self.here, deadline=deadline)

    def story(self):
        """What everybody says about macsec0, for a failure's text."""
        return " | ".join(command(argv, check=False).strip().replace("\n", "; ")[-700:] for argv in (
            ["networkctl", "--no-pager", "list"], ["ip", "-d", "link", "show", "dev", "macsec0"],
            ["busctl", "get-property", "org.macsecd1", "/org/macsecd1/session/macsec0", "org.macsecd1.Session", "State"]))

    def wait_dormant(self, deadline=20):
        """Wait until macsec0 is there and its operational state is dormant."""
        def dormant():
            link = self.here.link("macsec0")
            return link and link["operstate"] == "DORMANT" and "UP" in link["flags"] and link
        return wait_until(dormant, deadline, "macsec0 is up and dormant", every=0.05, state=self.story)

    def sent(self, device="macsec0"):
        """(frames sent, frames dropped on sending) of the device."""
        item = net.ip_json("-s", "link", "show", "dev", device)[0]["stats64"]["tx"]
        return item["packets"], item["dropped"]

    def profile(self, field, name="macsec0"):
        """A property of the profile as busctl prints it; None where there is none."""
        text = command(["busctl", "get-property", "org.macsecd1", "/org/macsecd1/profile/" + name, "org.macsecd1.Profile", field],
                       check=False).strip()
        kind, _, value = text.partition(" ")
        return None if kind in ("Failed", "Call") else value

    def session(self, field, name="macsec0", interface="Session"):
        """A property of the session as busctl prints it, None where there is none; interface="Supplicant" for its 802.1X side."""
        text = command(["busctl", "get-property", "org.macsecd1", "/org/macsecd1/session/" + name, "org.macsecd1." + interface, field],
                       check=False).strip()
        kind, _, value = text.partition(" ")
        return None if kind in ("Failed", "Call") else value

    def wait_profile(self, field, wanted, deadline=10, name="macsec0"):
        """Wait until a property contains `wanted`."""
        return wait_until(lambda: wanted in (self.profile(field, name) or ""), deadline,
                          "%s of profile %s contains %s" % (field, name, wanted), every=0.05, state=lambda: self.profile(field, name))


__all__ = ["CAK", "CAK_FILE", "CKN", "Failure", "Here", "Host", "MKA", "NETDEV", "Unit", "netdev", "stop_networkd"]
