# SPDX-License-Identifier: LGPL-2.1-or-later
"""Radios that hear each other (mac80211_hwsim), and hostapd as access point."""

import os

from .check import wait_until
from .process import command

SSID = "lab"
PASSPHRASE = "correct horse"

_CONFIG = """interface=%(device)s
bridge=br0
driver=nl80211
ssid=%(ssid)s
hw_mode=g
channel=%(channel)d
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
ieee80211w=1
wpa_passphrase=%(passphrase)s
"""


class Radios:
    """`count` radios wlan0, wlan1, ...: the first stays on the machine, the others are in `namespace`, below its bridge br0."""

    def __init__(self, c, namespace, count):
        command(["modprobe", "mac80211_hwsim", "radios=%d" % count])
        c.callback(command, ["modprobe", "-r", "mac80211_hwsim"], check=False)
        for number in range(1, count):
            name = "wlan%d" % number
            wait_until(lambda: os.path.exists("/sys/class/net/%s/phy80211/name" % name), 10, name + " exists")
            with open("/sys/class/net/%s/phy80211/name" % name, encoding="ascii") as text:
                command(["iw", "phy", text.read().strip(), "set", "netns", "name", namespace.name])
        namespace.ip("link", "add", "br0", "type", "bridge", "forward_delay", 0)
        namespace.up("br0")


class AccessPoint:
    """hostapd on a radio, WPA2 with a passphrase."""

    def __init__(self, c, namespace, device, channel):
        config = os.path.join(c.folder("hostapd-" + device), "hostapd.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(_CONFIG % {"device": device, "channel": channel, "ssid": SSID, "passphrase": PASSPHRASE})
        self.bssid = namespace.mac(device)
        self.process = c.start(["hostapd", "-t", config], namespace, "hostapd-" + device)
        wait_until(lambda: "type AP" in namespace.run("iw", "dev", device, "info", check=False), 20, device + " is an access point", every=0.1,
                   state=self.process.output)
