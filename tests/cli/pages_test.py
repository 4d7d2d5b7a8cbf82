#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README and the pages of docs/: each configuration in them is accepted by the program it is for, each command by macsecctl's own
parser, and the rules for Prometheus by promtool where that is there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs/man/macsecd.7.rst"]
KEY = "000102030405060708090a0b0c0d0e0f\n"
CANNOT_REACH = 5  # macsecctl(1): what a command ends with that is right, where there is no bus
MACSECCTL, MACSECD, NETWORKD = map(os.path.abspath, sys.argv[1:4])


def blocks(path):
    """What is indented in a page by four columns or more, each as (line number, text without its indentation)."""
    lines, start = [], 0
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), "end"], 1):
        if line.startswith("    ") or (not line and lines):
            start = start if lines else number
            lines.append(line)
        elif lines:
            while not lines[-1]:
                lines.pop()
            margin = min(len(one) - len(one.lstrip()) for one in lines if one)
            yield start, "\n".join(one[margin:] for one in lines) + "\n"
            lines = []


def all_blocks():
    for path in PAGES:
        for number, text in blocks(path):
            yield f"{path.relative_to(ROOT)}:{number}", text


def commands():
    """(where, command) of each macsecctl command in blocks and in the text."""
    for where, text in all_blocks():
        for line in text.splitlines():
            yield from ((where, found) for found in re.findall(r"(?:^|[|;] *)(macsecctl\b[^|;#>]*)", line))
    for path in PAGES:
        for found in re.findall(r"`+(macsecctl [^`]+)`+", path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), found


class Pages(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def run_quietly(self, *argv):
        done = subprocess.run(argv, input=KEY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/none"}, cwd=self.folder)
        return done.returncode, done.stdout

    def accepted(self, where, text):
        """macsecd reads the text as a profile, with the key files it names."""
        text = text.replace("/etc/macsecd/", f"{self.folder}/")
        for name in re.findall(r"^CakFile=(.*)$", text, re.M):
            Path(name).write_text(KEY, encoding="ascii")
            os.chmod(name, 0o640)
        if "[NetDev]" in text:
            (self.folder / "net").mkdir()
            (self.folder / "net/25-macsec0.netdev").write_text(text, encoding="utf-8")
            (self.folder / "net/10-eth0.network").write_text("[Match]\nName=eth0\n[Network]\nMACsec=macsec0\n", encoding="utf-8")
            status, said = self.run_quietly(NETWORKD, "--check", "--network-dir", self.folder / "net")
        else:
            (self.folder / "link.macsec").write_text(text, encoding="utf-8")
            os.chmod(self.folder / "link.macsec", 0o640)
            status, said = self.run_quietly(MACSECD, "--check", self.folder / "link.macsec")
        self.assertEqual(status, 0, f"{where}: {said}")
        self.assertNotIn("warning", said, where)
        self.assertIn("macsec0 on eth0", said, where)

    def test_configurations(self):
        seen = 0
        for where, text in all_blocks():
            if text.startswith("["):
                with self.subTest(where):
                    self.accepted(where, text)
                    shutil.rmtree(self.folder / "net", ignore_errors=True)
                seen += 1
        self.assertGreaterEqual(seen, 3)

    def test_commands(self):
        seen = 0
        for where, command in commands():
            words = shlex.split(command.replace("$(head -n1 key)", "01"))
            with self.subTest(f"{where}: {command}"):
                status, said = self.run_quietly(MACSECCTL, *words[1:])
                local = words[1:2] == ["genkey"] or words[1:3] == ["profile", "import"]
                self.assertIn(status, (0, 1) if local else (CANNOT_REACH,), f"{where}: {command}: {said}")
            if words[1:3] == ["profile", "edit"] and "=" in words[-1]:
                name, _, value = words[-1].partition("=")
                section, key = name.split(".")
                self.accepted(where, f"[Link]\nParent=eth0\n[{section}]\n{key}={value}\n[Key]\nCkn=01\nCak={KEY}")
            seen += 1
        self.assertGreaterEqual(seen, 15)

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_rules(self):
        folder = ROOT / "data/examples/prometheus"
        for argv in (["check", "rules", "macsec.rules.yml"], ["test", "rules", "macsec.rules.test.yml"]):
            done = subprocess.run(["promtool", *argv], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_metrics(self):
        """The rules name metrics that macsecctl prints."""
        printed = "".join((ROOT / f"tests/cli/golden/{name}stats-openmetrics.table").read_text(encoding="utf-8") for name in ("", "access-"))
        rules = (ROOT / "data/examples/prometheus/macsec.rules.yml").read_text(encoding="utf-8")
        page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
        for name in set(re.findall(r"\bmacsec_\w+", rules + page)) - {"macsec_mka"}:
            self.assertIn(name, printed, name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
