#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the verbs for keys ask the daemon for, how long they wait, and how they end.

usage: key_test.py MACSECCTL
"""

import json
import re
import sys
import unittest
from pathlib import Path

import cli_test
from cli_test import Bus, Case


class Keys(Case):
    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.close)

    def test_a_key_is_sent_by_descriptor(self):
        done = self.run_ctl("key", "add", "uplink", "--ckn=2028", "--role=fallback", "--key-file=@CAK@")
        self.assertEqual((done.returncode, done.stdout), (0, "uplink: 2028 added\n"), done.stderr)
        self.assertRegex(self.next_call(), r"^call AddKey \S+ \[\{'CakFd': \d, 'Ckn': '2028', 'Role': 'fallback'\}, \{\}\]$")

    def test_a_key_is_retired_within_the_time_given(self):
        done = self.run_ctl("key", "retire", "uplink", "2026", "--wait=7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "uplink: 2026 retired\n", ""))
        self.assertIn("RetireKey /org/macsecd1/profile/uplink ['2026', {'Force': False, 'Timeout': 7000000}]", self.next_call())

    def test_a_key_that_must_stay_is_asked_for_until_the_time_is_over(self):
        done = self.run_ctl("key", "retire", "uplink", "2027", "--wait=0")
        self.assertEqual((done.returncode, done.stdout), (6, ""))
        self.assertIn("0200000000020001 is not live under CKN 2026", done.stderr)

    def test_a_rotation_continues_with_the_key_it_wrote(self):
        path = Path(self.directory.name) / "uplink.newkey"
        for _ in range(2):  # 2027 stays as long as the other end has no other key
            done = self.run_ctl("key", "rotate", "uplink", f"--output={path}", "--wait=0")
            self.assertEqual(done.returncode, 6, done.stderr)
            self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        key = dict(line.split("=", 1) for line in path.read_text().partition("[Key]\n")[2].splitlines())
        self.assertEqual(len(key["Cak"]), 64)
        added = [call for call in (self.next_call() for _ in range(5)) if " AddKey " in call]
        self.assertEqual(len(added), 2)
        self.assertEqual(added[0], added[1])
        self.assertIn(f"'Ckn': '{key['Ckn']}'", added[0])
        self.assertNotIn(key["Cak"], done.stdout + done.stderr)
        other = self.run_ctl("key", "add", "old", path)
        self.assertEqual((other.returncode, other.stdout), (0, f"old: {key['Ckn']} added\n"))

    def test_the_file_of_a_first_key_says_that_it_replaces_none(self):
        path = Path(self.directory.name) / "first.newkey"
        self.run_ctl("key", "rotate", "old", f"--output={path}", "--wait=0")
        self.assertEqual(path.read_text().splitlines()[0].split(), ["#", "Replaces"])

    def test_a_rotation_that_is_done_ends_no_key_that_came_later(self):
        path = Path(self.directory.name) / "done.newkey"
        self.assertEqual(self.run_ctl("key", "rotate", "uplink", f"--output={path}", "--wait=0").returncode, 6)
        self.assertEqual(path.read_text().splitlines()[0], "# Replaces 2026 2027")
        self.bus = Bus()
        self.addCleanup(self.bus.close)
        for old in "2024", "":  # none: the first key of its profile
            path.write_text(f"# Replaces {old}\n[Key]\nCkn=2026\nCak={'ab' * 16}\n")
            done = self.run_ctl("key", "rotate", "uplink", f"--output={path}", "--wait=0")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"{path} holds the key of a rotation that is done: remove it, then rotate", done.stderr)
        self.run_ctl("rekey", "macsec0")
        self.assertIn("call Rekey", self.next_call(), "no key was added or retired")

    def test_a_ckn_in_capitals_is_the_same_ckn(self):
        for more in [], ["--force"], ["--dry-run"]:
            small, capital = (self.run_ctl("key", "retire", "uplink", ckn, "--wait=0", *more) for ckn in ("ff", "FF"))
            self.assertEqual((capital.returncode, capital.stdout, capital.stderr), (small.returncode, small.stdout, small.stderr))
            self.assertNotEqual(capital.returncode, 0)
        done = self.run_ctl("key", "add", "uplink", "--ckn=FF", "--key-file=@CAK@", "--dry-run")
        self.assertEqual((done.returncode, done.stdout), (0, "uplink: ff present\n"), done.stderr)
        for words in ["retire", "uplink", "0"], ["seal", "uplink", "xy"], ["add", "uplink", "--ckn=" + 33 * "00", "--key-file=@CAK@"]:
            done = self.run_ctl("key", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn("is not accepted: 2 to 64 hexadecimal digits", done.stderr)

    def test_the_file_of_another_host_is_not_sealed_here(self):
        done = self.run_ctl("--host=far", "key", "seal", "uplink", "2026", PATH="/nonexistent")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertIn("without --host=", done.stderr)

    def test_who_may_not_add_keys_is_told_the_action_of_keys(self):
        done = self.run_ctl("key", "add", "uplink", "--ckn=0bad", "--key-file=@CAK@")
        self.assertEqual(done.returncode, 4)
        self.assertIn("org.macsecd1.keys", done.stderr)

    def test_a_pattern_means_all_profiles_that_have_the_key(self):
        done = self.run_ctl("key", "retire", "*", "2026", "--wait=7")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "uplink: 2026 retired\n", ""))
        done = self.run_ctl("key", "retire", "*", "3000")
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("no profile * has a key 3000", done.stderr)

    def test_what_became_of_several_keys_is_one_document(self):
        self.bus = Bus("--ports")
        self.addCleanup(self.bus.close)
        for more, outcome in (["--dry-run"], "would be retired"), ([], "retired"):
            done = self.run_ctl("key", "retire", "*", "2026", "--wait=7", "--json=short", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = json.loads(done.stdout)
            self.assertEqual([(row["Profile"], row["Ckn"], row["Outcome"]) for row in rows], [("ports", "2026", outcome), ("uplink", "2026", outcome)])
        path = Path(self.directory.name) / "uplink.newkey"
        done = self.run_ctl("key", "rotate", "uplink", f"--output={path}", "--wait=0", "--json=pretty")
        self.assertEqual([row["Outcome"] for row in json.loads(done.stdout)], ["added"])

    def test_ports_that_are_not_asked_are_named(self):
        self.bus = Bus("--ports")
        self.addCleanup(self.bus.close)
        for more in ["--dry-run"], []:
            done = self.run_ctl("key", "retire", "ports", "2026", "--wait=7", *more)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("port3, port7 without carrier proved nothing", done.stderr)
        self.assertEqual(self.run_ctl("key", "retire", "uplink", "2026", "--wait=7").stderr, "")

    def test_a_retirement_waits_as_help_says(self):
        told = int(re.search(r"--wait.*?default:\s+(\d+)s", self.run_ctl("key", "retire", "--help").stdout, re.S).group(1))
        for more in ([], ["--wait"]):
            self.bus = Bus()
            self.addCleanup(self.bus.close)
            self.assertEqual(self.run_ctl("key", "retire", "uplink", "2026", *more).returncode, 0)
            timeout = int(re.search(r"'Timeout': (\d+)", self.next_call()).group(1)) / 1e6
            self.assertGreater(timeout, told - 2)
            self.assertLessEqual(timeout, told)

    def test_a_key_that_cannot_be_written_off_is_asked_for_again(self):
        self.bus = Bus("--unwritten")
        self.addCleanup(self.bus.close)
        done = self.run_ctl("key", "retire", "uplink", "2026", "--wait=60")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("No space left", done.stderr)


if __name__ == "__main__":
    cli_test.MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
