# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's wpa_supplicant as a peer."""

import os

from .check import wait_until
from .process import command

_TEMPLATE = """ctrl_interface=%(control)s
eapol_version=3
ap_scan=0
fast_reauth=1
network={
    eapol_flags=0
    macsec_policy=1
%(lines)s}
"""


class Wpa:
    """wpa_supplicant with a pre-shared CAK, or without one by 802.1X, on one device; it makes the MACsec device itself, named by the
    kernel (macsec0)."""

    def __init__(self, scope, namespace, cak=None, ckn=None, device="eth0", debug=True, start=True, **options):
        """`options` are wpa_supplicant's own network options: mka_priority, macsec_integ_only, macsec_replay_protect, eap, ..."""
        self.namespace = namespace
        self.folder = scope.folder("wpa-" + namespace.name)
        self.config = os.path.join(self.folder, "wpa.conf")
        self.control = os.path.join(self.folder, "control")
        self.device = device
        self._scope = scope
        self._debug = debug
        key = {"key_mgmt": "IEEE8021X"} if cak is None else {"key_mgmt": "NONE", "mka_cak": cak, "mka_ckn": ckn}
        lines = "".join("    %s=%s\n" % item for item in {**key, **options}.items())
        with open(self.config, "w", encoding="ascii") as out:
            out.write(_TEMPLATE % {"control": self.control, "lines": lines})
        self.process = None
        if start:
            self.start()

    def start(self):
        """Start it (again)."""
        argv = ["wpa_supplicant", "-D", "macsec_linux", "-i", self.device, "-c", self.config, "-t"]
        self.process = self._scope.start(argv + (["-d"] if self._debug else []), self.namespace, "wpa-" + self.namespace.name)

    def status(self):
        """wpa_cli status as a dictionary; {} before it answers."""
        text = command(["wpa_cli", "-p", self.control, "-i", self.device, "status"], namespace=self.namespace, check=False)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def wait_running(self, deadline=20):
        wait_until(self.status, deadline, "wpa_supplicant in %s answers" % self.namespace.name)


def hostapd_wired(scope, namespace, device="eth0", users="", radius=""):
    """Debian's hostapd as a wired 802.1X authenticator: with its own EAP server, `users` being its eap_user_file, or with
    `radius`, its settings for an authentication server."""
    folder = scope.folder("hostapd-" + namespace.name)
    config = os.path.join(folder, "hostapd.conf")
    with open(os.path.join(folder, "users"), "w", encoding="ascii") as out:
        out.write(users)
    server = radius or "eap_server=1\neap_user_file=%s/users\n" % folder
    with open(config, "w", encoding="ascii") as out:
        out.write("driver=wired\ninterface=%s\nieee8021x=1\neap_reauth_period=0\nuse_pae_group_addr=1\n%s" % (device, server))
    return scope.start(["hostapd", "-dd", "-t", config], namespace, "hostapd-" + namespace.name)
