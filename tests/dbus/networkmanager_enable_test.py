#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What macsec-nm --enable leaves on a host, whatever the caller's umask is, and once the package is removed without --disable."""

import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
DROP_IN = "etc/systemd/system/wpa_supplicant.service.d/50-macsec-nm.conf"
POLICY = "etc/dbus-1/system.d/macsec-nm.conf"
# Starts wpa_supplicant and stops it, and nothing else.
SYSTEMCTL = """#!/bin/sh
case "$*" in
  "--quiet is-active wpa_supplicant.service") test -e {active} ;;
  "stop wpa_supplicant.service") rm {active} ;;
  "start wpa_supplicant.service" | "restart wpa_supplicant.service") touch {active} ;;
  start*) exit 1 ;;
esac
"""
UNIT = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"


class Enable(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        os.chmod(self.root.name, 0o755)
        units = os.path.join(self.root.name, "usr/lib/systemd/system")
        os.makedirs(units)
        with open(os.path.join(units, "macsec-nm.service"), "w", encoding="ascii") as out:
            out.write(UNIT)

    def tearDown(self):
        self.root.cleanup()

    def run_it(self, action):
        subprocess.run([PROGRAM, action, "--root", self.root.name], check=True, umask=0o077, capture_output=True)

    def path(self, name):
        return os.path.join(self.root.name, name)

    def test_modes_do_not_depend_on_the_umask(self):
        self.run_it("--enable")
        for name in (DROP_IN, POLICY):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), 0o644, name)
            self.assertEqual(stat.S_IMODE(os.stat(os.path.dirname(self.path(name))).st_mode), 0o755, name)

    def test_a_wrong_mode_is_repaired(self):
        self.run_it("--enable")
        os.chmod(self.path(POLICY), 0o600)
        self.run_it("--enable")
        self.assertEqual(stat.S_IMODE(os.stat(self.path(POLICY)).st_mode), 0o644)

    def test_a_link_in_the_way_is_not_followed(self):
        other = self.path("other")
        folder, name = os.path.split(self.path(DROP_IN))
        os.makedirs(folder)
        for scratch in (name + ".new", "." + name + ".new"):
            os.symlink(other, os.path.join(folder, scratch))
        self.run_it("--enable")
        self.assertFalse(os.path.exists(other))
        self.assertTrue(os.path.isfile(self.path(DROP_IN)) and not os.path.islink(self.path(DROP_IN)))

    def test_disable_leaves_nothing(self):
        self.run_it("--enable")
        self.run_it("--disable")
        for name in (DROP_IN, POLICY):
            self.assertFalse(os.path.exists(self.path(name)))

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_wifi_starts_without_the_package(self):
        self.run_it("--enable")
        folder = self.path("etc/systemd/system")
        with open(os.path.join(folder, "wpa_supplicant.service"), "w", encoding="ascii") as out:
            out.write(UNIT)
        shown = subprocess.run(["systemd-analyze", "--no-pager", "verify", "--man=no", "wpa_supplicant.service"], capture_output=True, text=True,
                               check=False, env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": folder + ":/usr/lib/systemd/system", "LC_ALL": "C.UTF-8"})
        self.assertIsNone(re.search(r"wpa_supplicant|macsec", shown.stderr), shown.stderr)
        with open(self.path(DROP_IN), encoding="ascii") as text:
            lines = text.read().splitlines()
        # Its bus is told by a file that goes with the bus.
        self.assertIn("EnvironmentFile=-/run/macsec-nm/supplicant.env", lines)
        self.assertEqual([line for line in lines if line.startswith(("Environment=", "Requires="))], [])

    @unittest.skipUnless(shutil.which("unshare") and os.geteuid() == 0, "needs a mount namespace")
    def test_what_fails_half_way_leaves_wifi_as_it_was(self):
        bin_folder = self.path("bin")
        os.makedirs(bin_folder)
        active = self.path("active")
        with open(active, "w", encoding="ascii"):
            pass
        with open(os.path.join(bin_folder, "systemctl"), "w", encoding="ascii") as out:
            out.write(SYSTEMCTL.format(active=active))
        os.chmod(os.path.join(bin_folder, "systemctl"), 0o755)
        # The files of a host are below /etc, so it is one of its own.
        script = 'mount -t tmpfs tmpfs /etc && { "$1" --enable; echo "$?"; cd /etc; find . -type f; }'
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, "sh", os.path.abspath(PROGRAM)], capture_output=True, text=True, check=True,
                              env={"PATH": f"{bin_folder}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.stdout, "1\n", done.stderr)
        self.assertIn("start macsec-nm.service", done.stderr)
        self.assertTrue(os.path.exists(active), "wpa_supplicant does not run any more")


if __name__ == "__main__":
    unittest.main()
