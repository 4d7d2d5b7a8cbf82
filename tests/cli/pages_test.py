#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README and the pages of docs/: each configuration in them is accepted by the program it is for, each command by macsecctl's own
parser, each other line by a shell, and the rules for Prometheus by promtool where that is there."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "packaging/ansible/plugins/filter"), str(ROOT / "tests/vm")]
import links  # noqa: E402
from lab.page import files  # noqa: E402

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs/man/macsecd.7.rst"]
MANUAL = sorted((ROOT / "docs/man").glob("*.rst"))
# Blocks that are neither configuration nor typed: drawings, and what is written on devices of other makers.
DRAWN = ("architecture.md", "other-end.md")
RADDB = "/etc/freeradius/3.0"
KEY = "000102030405060708090a0b0c0d0e0f\n"
CANNOT_REACH = 5  # macsecctl(1): what a command ends with that is right, where there is no bus
TYPED = {"ansible-galaxy", "ansible-playbook", "apt", "bridge", "cd", "freeradius", "ip", "journalctl", "macsec-nm", "macsecctl", "make", "mv",
         "networkctl", "nmcli", "sed", "systemctl", "umask"}
MACSECCTL, MACSECD, NETWORKD, MACSEC_NM = map(os.path.abspath, sys.argv[1:5])


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
    for path in [*PAGES, *MANUAL]:
        for found in re.findall(r"`+(macsecctl [^`]+)`+", path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), found
    for path in MANUAL:
        for number, text in blocks(path):
            for found in re.findall(r"(?:^|[|;] *)(macsecctl [a-z][^|;#>]*)", text, re.M):
                yield f"{path.relative_to(ROOT)}:{number}", found


def typed():
    """(where, line) of each line to type: what is indented in a page and is no configuration, no file and no drawing."""
    for path in PAGES[:-1]:
        if path.name in DRAWN:
            continue
        text = path.read_text(encoding="utf-8")
        fenced = {number for found in re.finditer(r"^```.*?^```$", text, re.M | re.S)
                  for number in range(text.count("\n", 0, found.start()) + 1, text.count("\n", 0, found.end()) + 2)}
        for number, block in blocks(path):
            if number not in fenced and not block.startswith("[") and "--+" not in block:
                yield from ((f"{path.name}:{number}", line) for line in block.splitlines())


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
        for name in re.findall(r"^(?:Cak|Secret)File=(.*)$", text, re.M):
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
        link = [re.search(f"^{key}=(.*)$", text, re.M) for key in ("Interface", "Parent")]
        interface, parent = (found.group(1) if found else default for found, default in zip(link, ("macsec0", "eth0")))
        self.assertIn(f"{interface} on {parent}", said, where)

    def test_configurations(self):
        seen = 0
        for where, text in all_blocks():
            if text.startswith("["):
                with self.subTest(where):
                    self.accepted(where, text)
                    shutil.rmtree(self.folder / "net", ignore_errors=True)
                seen += 1
        self.assertGreaterEqual(seen, 3)

    def test_files(self):
        seen = set()
        for page in PAGES:
            whole = files(page)
            self.assertEqual(len(whole), page.read_text(encoding="utf-8").count("\n```") // 2, f"{page}: a fenced block lacks its path")
            for name, text in whole:
                where = f"{page.name}: {name}"
                with self.subTest(where):
                    if name.endswith(".macsec"):
                        self.accepted(where, text)
                    elif name.endswith((".netdev", ".network", ".conf")) and text.startswith("["):
                        # Sections may come more than once; anything else than a section or KEY=VALUE is a slip.
                        for line in text.splitlines():
                            self.assertRegex(line, r"^(\[[A-Za-z]+\]|[A-Za-z0-9]+=.+|)$")
                    elif text.startswith("#!/bin/sh"):
                        self.assertEqual(subprocess.run(["sh", "-n"], input=text, text=True, check=False).returncode, 0)
                seen.add(Path(name).suffix)
        self.assertLessEqual({".macsec", ".network", ".netdev"}, seen)

    @unittest.skipUnless(shutil.which("freeradius") and Path(RADDB).is_dir() and os.access(f"{RADDB}/radiusd.conf", os.R_OK), "no FreeRADIUS")
    def test_freeradius(self):
        """The files for it, in place of those of the package, make a server that starts."""
        folder = self.folder / "raddb"
        shutil.copytree(RADDB, folder, symlinks=True)
        for site in (folder / "sites-enabled").iterdir():
            site.unlink()
        (folder / "sites-enabled/access").symlink_to("../sites-available/access")
        for name, text in files(ROOT / "docs/access-switch.md"):
            if name.startswith(RADDB):
                (folder / Path(name).relative_to(RADDB)).write_text(text.replace(RADDB, str(folder)), encoding="utf-8")
        main = folder / "radiusd.conf"
        kept = [line for line in main.read_text(encoding="utf-8").splitlines() if not re.match(r"\s*(user|group) = ", line)]
        main.write_text("\n".join(kept).replace(RADDB, str(folder)) + "\n", encoding="utf-8")
        certs = folder / "certs"
        self.assertEqual(self.run_quietly("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                                          "/CN=radius.example.org", "-keyout", certs / "radius.key", "-out", certs / "radius.pem")[0], 0)
        shutil.copy(certs / "radius.pem", certs / "hosts-ca.pem")
        status, said = self.run_quietly("freeradius", "-XC", "-d", folder)
        self.assertEqual(status, 0, said[-2000:])

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

    def test_typed(self):
        """A shell reads each line; the targets of make, the units and the options of our own programs are there."""
        targets = set(re.search(r"^.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1].split())
        ours = {path.name.removesuffix(".in") for path in (ROOT / "data").rglob("macsec*.s*") if ".service" in path.name or ".socket" in path.name}
        options = subprocess.run([MACSEC_NM, "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True).stdout
        seen = set()
        for where, line in typed():
            with self.subTest(f"{where}: {line}"):
                self.assertEqual(subprocess.run(["sh", "-n"], input=line, text=True, check=False).returncode, 0)
                words = shlex.split(line, comments=True)
                seen.add(words[0])
                if words[0] == "make":
                    self.assertIn(words[1], targets)
                for unit in re.findall(r"\bsystemctl (?:enable|disable|restart|start|stop|reload)(?: --now)? (macsec[\w-]*)", line):
                    self.assertIn(unit + ".service", ours)
                if words[0] == "macsec-nm":
                    self.assertIn(words[1], options.split())
        self.assertEqual(seen, TYPED, "programs that pages have typed")
        inline = "".join(path.read_text(encoding="utf-8") for path in [*PAGES, *MANUAL])
        for unit in re.findall(r"`systemctl [a-z-]+(?: --now)? (macsec[\w-]*)", inline):
            self.assertIn(unit.removesuffix(".service") + ".service", ours)
        for option in re.findall(r"`macsec-nm (--[\w-]+)`", inline):
            self.assertIn(option, options.split())

    def test_other_makers(self):
        """What is written on devices of others names the same key as the profile beside it; suites are such as a profile takes."""
        page = (ROOT / "docs/other-end.md").read_text(encoding="utf-8")
        names = {found.lower() for found in re.findall(r"\b[0-9A-Fa-f]{64}\b", page)}
        self.assertEqual(len(names), 1, names)
        bits = {re.sub(r"[^0-9XPN]", "", found.upper()) for found in re.findall(r"\b(?:gcm-aes-[\w-]*\d+|aes\d+-gcm(?:-xpn)?)\b", page, re.I)}
        self.assertLessEqual(bits, {"128", "256", "XPN128", "XPN256", "256XPN", "128XPN"})

    @unittest.skipUnless(shutil.which("promtool"), "no promtool")
    def test_rules(self):
        folder = ROOT / "data/examples/prometheus"
        for argv in (["check", "rules", "macsec.rules.yml"], ["test", "rules", "macsec.rules.test.yml"]):
            done = subprocess.run(["promtool", *argv], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_metrics(self):
        """The rules and the dashboard name metrics that macsecctl prints, and no type that node_exporter refuses."""
        printed = "".join((ROOT / f"tests/cli/golden/{name}stats-openmetrics.table").read_text(encoding="utf-8") for name in ("", "access-"))
        self.assertEqual(set(re.findall("^# TYPE .* (.*)$", printed, re.M)), {"gauge", "counter"})
        samples = set(re.findall(r"^(macsec\w+)", printed, re.M))
        rules = (ROOT / "data/examples/prometheus/macsec.rules.yml").read_text(encoding="utf-8")
        page = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")
        dashboard = json.loads((ROOT / "data/examples/grafana/macsec.json").read_text(encoding="utf-8"))
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        asked += [str(each["query"]) for each in dashboard["templating"]["list"]]
        self.assertGreater(len(asked), 15)
        for name in set(re.findall(r"\bmacsec_\w+", rules + page + "".join(asked))) - {"macsec_mka", "macsec_radius", "macsec_transmit", "macsec_receive"}:
            if name.startswith("macsec_") and not any(name == each for each in samples):
                self.assertTrue(name in ("macsec_supplicant", "macsec_authenticator"), name)
        labels = set(re.findall(r'[{,](\w+)="', printed)) | {"instance"}
        for query in asked:
            self.assertLessEqual(set(re.findall(r'[{,] *(\w+) *(?:=~|=|!=)"', query)), labels, query)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze")
    def test_units(self):
        """systemd reads the examples of units without a word of theirs."""
        for unit in sorted((ROOT / "data/examples/prometheus").glob("macsec-metrics.*")):
            done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            said = [line for line in done.stdout.splitlines() if "macsec-metrics" in line]
            self.assertEqual((done.returncode, said), (0, []))

    def test_playbooks(self):
        """What is YAML in a page is; links are such as a rotation takes."""
        seen = 0
        for page in PAGES:
            for name, text in files(page):
                if name.endswith(".yml"):
                    found = yaml.safe_load(text)
                    seen += 1
                    if "macsec_links" in found:
                        hosts = {host for link in found["macsec_links"] for host in link["ends"]}
                        links.check_links(found["macsec_links"], hosts)
        self.assertGreaterEqual(seen, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
