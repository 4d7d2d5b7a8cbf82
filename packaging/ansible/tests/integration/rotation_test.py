#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The collection by ansible-playbook against macsecctl and a fleet on private buses: rotations, with one end broken at each phase.

usage: rotation_test.py MACSECCTL
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import yaml

sys.dont_write_bytecode = True
import fleet  # noqa: E402

COLLECTION = Path(__file__).resolve().parents[2]
ROOT = COLLECTION.parents[1]
MACSECCTL = None
CAK = "5ec2e7" + "00" * 12 + "77"


class Case(unittest.TestCase):
    """A fleet whose hosts are those of LINKS, and ansible-playbook."""

    LINKS = {}

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.fleet = fleet.Fleet(self.LINKS, ROOT / "dbus/interfaces")
        self.addCleanup(self.fleet.close)
        place = self.folder / "ansible_collections/macsecd"
        place.mkdir(parents=True)
        (place / "macsec").symlink_to(COLLECTION)
        (self.folder / "bin").mkdir()
        (self.folder / "bin/macsecctl").symlink_to(MACSECCTL)
        self.script("dead-ssh", "exit 255")
        self.broken = {}
        links = [{"name": name, "ends": {end: name for end in ends}} for name, ends in self.LINKS.items()]
        (self.folder / "links.yml").write_text(yaml.safe_dump({"macsec_links": links, "macsec_evidence_seconds": 4}), encoding="utf-8")

    def script(self, name, text):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return str(path)

    def inventory(self):
        """A bus address a host, by a Python that has it in its environment."""
        hosts = {}
        for name, host in self.fleet.hosts.items():
            python = self.script("python-" + name, f"DBUS_SYSTEM_BUS_ADDRESS='{host.address}' exec /usr/bin/python3 \"$@\"")
            hosts[name] = {"ansible_connection": "local", "ansible_python_interpreter": python} | self.broken.get(name, {})
        path = self.folder / "inventory.yml"
        path.write_text(yaml.safe_dump({"macsec": {"hosts": hosts}}), encoding="utf-8")
        return path

    def play(self, *words):
        """(exit code, output) of ansible-playbook; neither it nor a file that it leaves has a secret."""
        environment = {"PATH": f"{self.folder}/bin:/usr/bin:/bin", "HOME": str(self.folder), "ANSIBLE_COLLECTIONS_PATH": str(self.folder),
                       "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"), "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp"), "LC_ALL": "C.UTF-8",
                       "ANSIBLE_FORKS": "8", "ANSIBLE_GATHERING": "explicit", "ANSIBLE_PIPELINING": "1"}
        done = subprocess.run(["ansible-playbook", "-i", str(self.inventory()), *words], env=environment, cwd=self.folder, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=500)
        for cak in {CAK} | {key.cak for host in self.fleet.hosts.values() for keys in host.keys.values() for key in keys.values()}:
            self.assertEqual(len(cak) % 32, 0)
            self.assertFalse(cak in done.stdout, "a CAK is in the output")
        return done.returncode, done.stdout

    def rotate(self, *words):
        return self.play("-e", "@links.yml", "macsecd.macsec.rotate", *words)

    def expect(self, count, done):
        code, said = done
        self.assertIn(count, said)
        self.assertEqual(code == 0, ", 0 failed" in count, said)
        return said


class Rotation(Case):
    """Links of one host with five others, each of which breaks at another phase; and one of two that are well."""

    LINKS = {"well": ("a", "b"), "away": ("a", "c"), "full": ("a", "d"), "altered": ("a", "e"), "kept": ("a", "f")}
    SAID = {"away": "phase plan: c is unreachable", "full": "phase add: d: the disk is full",
            "altered": "phase prove: .*its CAK differs at another end", "kept": "phase retire: f has 0a1b still: the disk is full"}

    def break_hosts(self):
        self.broken["c"] = {"ansible_connection": "ssh", "ansible_ssh_executable": str(self.folder / "dead-ssh")}
        self.fleet.hosts["d"].refuse_add = "the disk is full"
        self.fleet.hosts["e"].wrong_cak = True
        self.fleet.hosts["f"].silent = True

    def heal(self):
        self.broken.clear()
        for host in self.fleet.hosts.values():
            host.wrong_cak, host.silent, host.refuse_add = False, False, ""

    def in_use(self):
        """{link: how many keys each end has}; all links are secured by one of them."""
        for link in self.LINKS:
            self.assertTrue(self.fleet.secured(link), link)
        return {link: [len(keys) for keys in self.fleet.in_use(link)] for link in self.LINKS}

    def test_rotations(self):
        self.break_hosts()
        self.expect("4 rotated, 0 continued, 0 unchanged, 1 failed", self.rotate("--check"))
        self.assertEqual(self.fleet.calls(), [])

        said = self.expect("1 rotated, 0 continued, 0 unchanged, 4 failed", self.rotate("--diff", "-vvv"))
        for link, reason in self.SAID.items():
            self.assertRegex(said, f'"{link}, {reason}')
        self.assertEqual(self.in_use(), {"well": [1, 1], "away": [1, 1], "full": [2, 1], "altered": [2, 2], "kept": [1, 2]})
        self.assertNotEqual(self.fleet.in_use("well")[0], ["0a1b"])

        self.heal()
        task = {"name": "Store", "ansible.builtin.copy": {"content": "{{ macsec_new_key.cak }}", "mode": "0600",
                                                          "dest": f"{self.folder}/{{{{ macsec_new_key.link }}}}"}}
        (self.folder / "store.yml").write_text(yaml.safe_dump([task]), encoding="utf-8")
        said = self.expect("3 rotated, 1 continued, 1 unchanged, 0 failed", self.rotate("-vvv", "-e", f"macsec_key_store={self.folder}/store.yml"))
        self.assertEqual(set(map(tuple, self.in_use().values())), {(1, 1)})
        for link in ("away", "full", "altered"):
            ckn = self.fleet.in_use(link)[0][0]
            self.assertEqual((self.folder / link).read_text(encoding="ascii"), self.fleet.hosts["a"].keys[link][ckn].cak)

        self.fleet.calls()
        said = self.expect("0 rotated, 0 continued, 5 unchanged, 0 failed", self.rotate())
        self.assertRegex(said, r"a +: ok=\d+ +changed=0 ")
        self.assertEqual(self.fleet.calls(), [])


class Stopped(Case):
    """A link that fails keeps the other from the phases that follow, where that is asked for."""

    LINKS = {"well": ("a", "b"), "away": ("a", "c")}

    def test_one_stops_all(self):
        self.broken["c"] = {"ansible_connection": "ssh", "ansible_ssh_executable": str(self.folder / "dead-ssh")}
        said = self.expect("0 rotated, 0 continued, 0 unchanged, 2 failed", self.rotate("-e", "macsec_stop_on_failure=true"))
        self.assertIn("well, phase prove: ", said)
        self.assertEqual([len(keys) for keys in self.fleet.in_use("well")], [2, 2])
        self.broken.clear()
        self.expect("1 rotated, 1 continued, 0 unchanged, 0 failed", self.rotate("-e", "macsec_stop_on_failure=true"))
        self.assertEqual([len(keys) for link in self.LINKS for keys in self.fleet.in_use(link)], [1, 1, 1, 1])


class Modules(Case):
    """Each module alone, twice, and in check mode."""

    LINKS = {"ab": ("a", "b")}
    TASKS = """
    - hosts: a
      gather_facts: false
      tasks:
        - macsecd.macsec.macsec_key: {profile: ab, ckn: "20", key: "%(cak)s", state: retired}
          register: unknown
        - macsecd.macsec.macsec_key: &add {profile: ab, ckn: "20", key: "%(cak)s", not_before: "@5"}
          check_mode: true
          register: would
        - macsecd.macsec.macsec_key: *add
          register: first
        - macsecd.macsec.macsec_key: *add
          register: second
        - macsecd.macsec.macsec_key: {profile: ab, ckn: "0a1b", state: retired, wait: 0}
          register: early
          ignore_errors: true
        - macsecd.macsec.macsec_key: {profile: none, ckn: "0a1b", state: retired}
          register: nowhere
          ignore_errors: true
        - macsecd.macsec.macsec_key: {profile: ab, ckn: "21"}
          register: without
          ignore_errors: true
        - macsecd.macsec.macsec_keys:
            keys: [{profile: none, ckn: "20", state: retired}, {profile: ab, ckn: "20", state: retired}]
          register: several
        - macsecd.macsec.macsec_key: {profile: ab, ckn: "20", state: retired}
          register: again
        - macsecd.macsec.macsec_key_info: {profiles: [ab]}
          register: info
        - macsecd.macsec.macsec_profile: &profile
            {name: lab, settings: {Link.Parent: eth1, MKA.Priority: 300}, ckn: "30", key: "%(cak)s"}
          check_mode: true
          register: wrong
          ignore_errors: true
        - macsecd.macsec.macsec_profile: {name: lab, settings: {Link.Parent: eth1, 8021X.PrivateKey: "data:;base64,AAAA"}}
          register: shown
          ignore_errors: true
        - macsecd.macsec.macsec_profile: &right
            {name: lab, settings: {Link.Parent: eth1, MKA.Priority: 16}, ckn: "30", key: "%(cak)s"}
          register: made
        - macsecd.macsec.macsec_profile: *right
          register: kept
        - macsecd.macsec.macsec_profile: {name: lab, settings: {MKA.Priority: 17}, enabled: false}
          register: changed
        - macsecd.macsec.macsec_profile: {name: lab, state: absent}
          register: removed
        - macsecd.macsec.macsec_profile: {name: lab, state: absent}
          register: gone
        - ansible.builtin.include_role: {name: macsecd.macsec.link}
          vars:
            macsec_profiles: [{name: office, settings: {Link.Parent: eth2}, ckn: "30", key: "%(cak)s"}]
        - ansible.builtin.assert:
            that:
              - not unknown.changed and unknown.outcome == "unknown"
              - would.changed and would.outcome == "would be added"
              - first.changed and first.outcome == "added"
              - first.diff.before == dict(state="absent", ckn="20", role="primary", not_before="@5")
              - first.diff.after.state == "present"
              - not second.changed and second.outcome == "present" and second.diff.before == second.diff.after
              - early.failed and early.code == 6 and "is not live under CKN 20" in early.msg
              - nowhere.failed and nowhere.code == 3
              - without.failed and "needs key" in without.msg
              - shown.failed and "8021X.PrivateKey is a secret" in shown.msg
              - several.changed and several.results[0].failed and several.results[1].outcome == "retired"
              - not again.changed and again.outcome == "retired already"
              - info.macsec_profiles == ["ab"] and info.macsec_keys | map(attribute="state") == ["active", "retired"]
              - info.macsec_keys[0].live_peers == 1 and not info.macsec_keys[0].ready_to_retire
              - wrong.failed and "Priority=300 is not accepted" in wrong.msg
              - made.changed and made.changes == ["Key.Ckn=30", "Link.Parent=eth1", "MKA.Priority=16"]
              - not kept.changed
              - changed.changed and changed.changes == ["MKA.Priority=17", "disabled"]
              - removed.changed and not gone.changed
    - import_playbook: macsecd.macsec.audit
    """

    def test_modules(self):
        (self.folder / "tasks.yml").write_text(self.TASKS % {"cak": CAK}, encoding="utf-8")
        code, said = self.play("tasks.yml", "-vvv", "--diff", "-e", "@links.yml")
        self.assertIn("All assertions passed", said)
        self.assertEqual(code, 2, said)  # of the audit
        self.assertIn("no key that all ends use is younger than 1 days", said)
        self.assertEqual(self.fleet.calls(), ["AddKey", "AddKey", "RetireKey", "RetireKey", "AddProfile", "Update", "Disable", "Remove", "AddProfile"])


if __name__ == "__main__":
    MACSECCTL = Path(sys.argv.pop(1)).resolve()
    unittest.main()
