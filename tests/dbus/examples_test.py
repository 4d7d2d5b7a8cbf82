#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of org.macsecd1(5) with the real busctl, under the bus policy that is installed. Arguments: the service of
tests, the page, the policy."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SERVICE, PAGE, POLICY = sys.argv[1:]

BUS = """<busconfig><type>system</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/><allow send_destination="org.freedesktop.DBus"/></policy>
<include>{policy}</include></busconfig>
"""


class Examples(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory(prefix="macsecd-test-")
        self.addCleanup(self.directory.cleanup)
        root = pathlib.Path(self.directory.name)
        (root / "etc/macsecd").mkdir(parents=True)
        key = root / "etc/macsecd/lab.cak"
        key.write_text("f1e2d3c4b5a69788796a5b4c3d2e1f00\n")
        key.chmod(0o600)
        address = f"unix:path={root}/bus"
        policy = root / "policy.conf"  # the installed one, with this user in the place of the daemon's
        policy.write_text(pathlib.Path(POLICY).read_text().replace('user="macsecd"', f'user="{os.getuid()}"'))
        (root / "bus.conf").write_text(BUS.format(address=address, policy=policy))
        self.environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": address}
        self.start(["dbus-daemon", f"--config-file={root}/bus.conf", "--nofork", "--nopidfile", "--print-address=1"])
        self.start([SERVICE, str(root)])

    def start(self, command):
        """Starts a process and waits for its first line."""
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertTrue(process.stdout.readline(), command[0])

    def run_command(self, command):
        return subprocess.run(command, shell=isinstance(command, str), env=self.environment, capture_output=True, text=True,
                              timeout=60)

    def test_examples(self):
        examples = pathlib.Path(PAGE).read_text(encoding="utf-8").partition("EXAMPLES\n")[2].partition("SEE ALSO")[0]
        blocks = re.findall(r"::\n\n((?:    .*\n)+)", examples)
        commands = [re.sub(r"\\\n\s*", "", block).strip() for block in blocks]
        commands = [command for command in commands if not command.startswith("busctl monitor")]
        self.assertEqual(len(commands), 3)
        commands.sort(key=lambda command: "AddProfile" not in command)  # the others show what it adds
        answers = {}
        for command in commands:
            done = self.run_command(command)
            self.assertEqual(done.returncode, 0, f"{command}\n{done.stderr}")
            answers[command.split()[-1]] = done.stdout
        self.assertEqual(answers["State"], 's "secured"\n')
        objects = json.loads(answers["GetManagedObjects"])["data"][0]
        self.assertEqual(set(objects), {"/org/macsecd1/profile/lab", "/org/macsecd1/session/macsec0"})
        settings = objects["/org/macsecd1/profile/lab"]["org.macsecd1.Profile"]["Settings"]["data"]
        self.assertEqual(settings[-1], ["Key", {"Ckn": {"type": "s", "data": "0011"},
                                               "CakFile": {"type": "s", "data": "/etc/macsecd/lab.cak"}}])
        self.assertFalse("f1e2d3c4" in answers["GetManagedObjects"], "a key can be read")

    def test_introspection_and_tree(self):
        done = self.run_command(["busctl", "introspect", "org.macsecd1", "/org/macsecd1"])
        self.assertEqual(done.returncode, 0, done.stderr)
        for member in (".AddProfile", ".Reload", ".GetManagedObjects", ".Version"):
            self.assertIn(member, done.stdout)
        self.assertIn("/org/macsecd1", self.run_command(["busctl", "tree", "org.macsecd1"]).stdout)

    def test_other_interfaces_are_not_let_through(self):
        done = self.run_command(["busctl", "call", "org.macsecd1", "/org/macsecd1", "org.example.Other", "Method"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("denied", done.stderr.lower())


unittest.main(argv=sys.argv[:1])
