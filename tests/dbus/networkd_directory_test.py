#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsec-networkd, whose directory cannot be read for a while: what it said before stays. Arguments: the service of tests,
macsec-networkd."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SERVICE, PROGRAM = sys.argv[1:]
del sys.argv[1:]

BUS = """<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/></policy></busconfig>
"""
PROFILE = ["busctl", "get-property", "org.macsecd1", "/org/macsecd1/profile/macsec0", "org.macsecd1.Profile"]
PATIENCE = 60  # seconds


class Directory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="macsecd-test-")
        self.addCleanup(directory.cleanup)
        root = pathlib.Path(directory.name)
        self.files = root / "network"
        self.files.mkdir()
        key = root / "lab.cak"
        key.write_text("f1e2d3c4b5a69788796a5b4c3d2e1f00\n")
        key.chmod(0o600)
        (self.files / "25-lab.netdev").write_text("[NetDev]\nName=macsec0\nKind=macsec\n[X-MKA]\nCkn=0011\nCakFile=/lab.cak\n")
        (self.files / "20-lab.network").write_text("[Match]\nName=lab0\n[Network]\nMACsec=macsec0\n")
        address = f"unix:path={root}/bus"
        (root / "bus.conf").write_text(BUS.format(address=address))
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notices.close)
        self.notices.bind(str(root / "notices"))
        self.notices.settimeout(PATIENCE)
        self.environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": address}
        for command in (["dbus-daemon", f"--config-file={root}/bus.conf", "--nofork", "--nopidfile", "--print-address=1"], [SERVICE, str(root)]):
            self.assertTrue(self.start(command).stdout.readline(), command[0])

    def start(self, command, **more):
        process = subprocess.Popen(command, env=self.environment | more, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def start_program(self):
        process = self.start([PROGRAM, "--network-dir", str(self.files)], NOTIFY_SOCKET=self.notices.getsockname())
        while "STATUS" not in (notice := self.notices.recv(4096).decode()) or "waiting" in notice:
            pass
        return process

    def drain(self):
        """Who sends more notices than fit into the socket waits."""
        self.notices.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while self.notices.recv(4096):
                pass
        self.notices.settimeout(PATIENCE)

    def settings(self):
        self.drain()
        return subprocess.run(PROFILE + ["Valid", "Parent"], env=self.environment, capture_output=True, text=True, check=False).stdout.split()

    def wait_for(self, said):
        """Until the problems of the profile are these."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.drain()
            done = subprocess.run(PROFILE + ["Problems"], env=self.environment, capture_output=True, text=True, check=False)
            if done.returncode == 0 and said(done.stdout):
                return
        self.fail(f"{done.stdout}{done.stderr}")

    def test_what_it_said_before_stays(self):
        process = self.start_program()
        self.wait_for(lambda text: text == "a(ssuss) 0\n")
        self.assertEqual(self.settings(), ["b", "true", "s", '"lab0"'])
        away = self.files.with_name("away")
        self.files.rename(away)
        self.files.symlink_to(self.files)
        process.send_signal(signal.SIGHUP)
        self.wait_for(lambda text: f'"error" "{self.files}"' in text)
        self.assertEqual(self.settings(), ["b", "true", "s", '"lab0"'])
        # Nor does one that starts only now take the links for gone.
        process.kill()
        process.wait()
        process = self.start_program()
        self.assertEqual(self.settings(), ["b", "true", "s", '"lab0"'])
        self.files.unlink()
        away.rename(self.files)
        process.send_signal(signal.SIGHUP)
        self.wait_for(lambda text: text == "a(ssuss) 0\n")
        (self.files / "25-lab.netdev").unlink()
        process.send_signal(signal.SIGHUP)
        end = time.monotonic() + PATIENCE
        while self.settings() and time.monotonic() < end:
            pass
        self.assertEqual(self.settings(), [], "a file that is gone is no directory that cannot be read")


if __name__ == "__main__":
    unittest.main()
