#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What macsecctl offers before anything is asked: candidates for completion, and a manual page that says what its help says.

usage: help_test.py MACSECCTL
"""

import re
import sys
import unittest
from pathlib import Path

import cli_test
from cli_test import ROOT, Case, run


class Completion(Case):
    def candidates(self, *words):
        done = self.run_ctl("--complete-args", "--", *words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [line.split("\t")[0] for line in done.stdout.splitlines()]

    def test_candidates(self):
        self.assertEqual(self.candidates("st"), ["status", "stats"])
        self.assertEqual(self.candidates("profile", "e"), ["edit", "enable", "export"])
        self.assertEqual(self.candidates("status", ""), ["macsec0", "macsec1", "macsec2"])
        self.assertEqual(self.candidates("status", "macsec0", ""), ["macsec1", "macsec2"])
        self.assertEqual(self.candidates("profile", "show", "u"), ["uplink"])
        self.assertEqual(self.candidates("up", "macsec1", "l"), ["lab"])
        self.assertEqual(self.candidates("--json="), ["--json=pretty", "--json=short", "--json=off"])
        self.assertIn("--no-legend", self.candidates("list", "--no"))
        self.assertIn("MKA.Priority=", self.candidates("profile", "edit", "lab", "MKA.P"))
        self.assertNotIn("Key.Cak=", self.candidates("profile", "edit", "lab", "Key."))
        self.assertIn("Priority=", self.candidates("profile", "edit", "lab", "Pri"))
        self.assertNotIn("Cak=", self.candidates("profile", "edit", "lab", "C"))
        self.assertEqual(self.candidates("profile", "edit", "lab", "Policy="), ["Policy=must-secure", "Policy=should-secure"])
        self.assertIn("Parent=lo", self.candidates("profile", "add", "x", "Parent="))
        self.assertIn("CipherSuites=GCM-AES-XPN-128", self.candidates("profile", "add", "x", "CipherSuites="))
        self.assertEqual(self.candidates("profile", "add", "x", "Link.Enable="), ["Link.Enable=yes", "Link.Enable=no"])
        self.assertIn("--check", self.candidates("status", "--"))
        self.assertNotIn("--bits=", self.candidates("list", "--"))
        self.assertIn("--bits=", self.candidates("genkey", "--"))
        self.assertIn("-h", self.candidates("list", "-"))
        self.assertEqual(self.candidates("help", "profile", "e"), ["edit", "enable", "export"])
        self.assertEqual(self.candidates("list", "macsec0", ""), ["macsec1", "macsec2"])
        self.assertEqual(self.candidates("profile", "list", "u"), ["uplink"])

    def test_values_apart_are_no_words_of_the_command(self):
        self.assertEqual(self.candidates("--json", ""), ["pretty", "short", "off"])
        self.assertEqual(self.candidates("profile", "export", "--to", "networkd"), ["networkd"])
        self.assertEqual(self.candidates("profile", "import", "-o", ""), [])
        for words in (["--color", "never"], ["-w", "5"], ["-w5"], ["--wait=5"], ["--wait"], ["--"], ["-H", "far"], ["--host=far"]):
            self.assertEqual(self.candidates(*words, "stat"), ["status", "stats"], words)
        self.assertEqual(self.candidates("--json", "short", "status", "macsec0", "-w", ""), ["macsec1", "macsec2"])
        self.assertEqual(self.candidates("status", "--", "-"), [])

    def test_links_here_are_none_of_another_host(self):
        self.assertEqual(self.candidates("-H", "far", "status", ""), [])
        self.assertIn("MKA.Priority=", self.candidates("-H", "far", "profile", "edit", "lab", "MKA.P"))

    def test_nothing_to_complete_without_a_daemon(self):
        done = run("unix:path=/nonexistent", ["--complete-args", "--", "status", ""])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))


class Manual(Case):
    """The manual page says what --help says, word for word."""

    def entries(self, *arguments):
        """[left side, text] of all lines that have both."""
        lines = []
        for line in self.run_ctl(*arguments).stdout.splitlines():
            if line.startswith("   "):
                lines[-1] += "  " + line.strip()
            elif line.startswith("  "):
                lines.append(line.strip())
        return [re.split(r"\s{2,}", line, maxsplit=1) for line in lines]

    def test_same_verbs_options_and_help(self):
        source = (ROOT / "docs/man/macsecctl.1.rst").read_text()
        page = re.sub(r"\s+", " ", source)
        entries = self.entries("--help")
        for verb in re.findall(r"^  ((?:(?:profile|key) )?[a-z]+)(?: |$)", self.run_ctl("--help").stdout.split("Options")[0], re.M):
            entries += [each for each in self.entries("help", *verb.split()) if each not in entries]
        self.assertGreater(len(entries), 35)
        for left, help_text in entries:
            self.assertIn(f"``{left}`` {help_text}.", page)
        documented = re.findall(r"^``([^`]*)``$", source, re.M)
        self.assertEqual(sorted(left for left, _ in entries), sorted(set(documented)))


if __name__ == "__main__":
    cli_test.MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
