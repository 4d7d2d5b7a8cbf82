#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecctl against a stand-in on a private bus: what it prints for every verb is compared with golden/ (written anew
with UPDATE_GOLDEN=1), what it asks for and how it ends is checked here.

usage: cli_test.py MACSECCTL [TEST...]
"""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from shown import FORMS, SHOWN, SHOWN_OF_ACCESS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
GOLDEN = HERE / "golden"
NOW = "100000000000"
CAK = "00112233445566778899aabbccddeeff"
MACSECCTL = None


class Bus:
    """A dbus-daemon and the stand-in on it."""

    def __init__(self, *options):
        self.daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--print-address=1"],
                                       stdout=subprocess.PIPE, text=True)
        self.address = self.daemon.stdout.readline().strip()
        self.service = subprocess.Popen([sys.executable, HERE / "stand_in.py", self.address, ROOT / "dbus/interfaces", *options],
                                        stdout=subprocess.PIPE, text=True)
        line = self.service.stdout.readline()
        if line.strip() != "ready":
            self.close()
            raise RuntimeError(f"the stand-in said {line!r}")

    def close(self):
        for process in (self.service, self.daemon):
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()


def environment(address, columns=120, **more):
    keep = {name: value for name, value in os.environ.items() if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")}
    return keep | {"DBUS_SYSTEM_BUS_ADDRESS": address, "MACSECCTL_NOW": NOW, "COLUMNS": str(columns), "TZ": "UTC",
                   "LC_ALL": "C.UTF-8", **more}


def run(address, arguments, columns=120, text=None, **more):
    return subprocess.run([MACSECCTL, *arguments], env=environment(address, columns, **more), input=text,
                          stdin=None if text is not None else subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bus = Bus()
        cls.addClassCleanup(cls.bus.close)
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.cak = Path(cls.directory.name) / "cak"
        cls.cak.write_text(CAK + "\n")
        cls.cak.chmod(0o600)

    def run_ctl(self, *arguments, **more):
        return run(self.bus.address, [str(each).replace("@CAK@", str(self.cak)) for each in arguments], **more)

    def next_call(self):
        return self.bus.service.stdout.readline().strip()


class Golden(Case):
    def test_every_verb_in_every_form(self):
        self.show_all(SHOWN)

    def test_access_ports_in_every_form(self):
        own, self.bus = self.bus, Bus("--access")
        self.addCleanup(setattr, self, "bus", own)
        self.addCleanup(self.bus.close)
        self.show_all(SHOWN_OF_ACCESS)

    def show_all(self, shown_here):
        for name, arguments in shown_here.items():
            for form, (options, columns) in FORMS.items():
                with self.subTest(verb=name, form=form):
                    done = self.run_ctl(*arguments, *options, columns=columns)
                    shown = f"exit {done.returncode}\n{done.stdout}"
                    if done.stderr:
                        shown += "--- stderr\n" + done.stderr
                    if name.startswith("genkey"):
                        shown = re.sub("[0-9a-f]{32,}", lambda key: f"<{len(key.group())} digits>", shown)
                    self.compare(GOLDEN / f"{name}.{form}", shown.replace(str(ROOT), "@ROOT@"))

    def test_monitor_in_every_form(self):
        for form, (options, columns) in FORMS.items():
            with self.subTest(form=form), subprocess.Popen([MACSECCTL, "monitor", *options], env=environment(self.bus.address, columns),
                                                           stdout=subprocess.PIPE, text=True) as monitor:
                shown = monitor.stdout.readline()  # the state of all is written in one piece
                self.assertEqual(self.run_ctl("rekey", "macsec0").returncode, 0)
                while "SAK 5" not in shown:
                    line = monitor.stdout.readline()
                    self.assertNotEqual(line, "", shown)
                    shown += line
                monitor.send_signal(signal.SIGINT)
                shown += monitor.stdout.read()
                self.compare(GOLDEN / f"monitor.{form}", f"exit {monitor.wait(timeout=20)}\n{shown}")

    def compare(self, path, shown):
        self.assertNotIn(CAK, shown)
        if os.environ.get("UPDATE_GOLDEN"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(shown)
        self.assertTrue(path.exists(), f"{path} is missing: UPDATE_GOLDEN=1")
        self.assertEqual(path.read_text(), shown)

    def test_no_form_shows_color_or_breadth_it_was_not_asked_for(self):
        for path in GOLDEN.iterdir():
            text = path.read_text().split("\n--- stderr")[0]
            if "color" not in path.suffix:
                self.assertNotIn("\033", text, path.name)

    def test_every_verb_has_golden_files(self):
        verbs = re.findall(r"^  ((?:(?:profile|key) )?[a-z]+)(?: |$)", self.run_ctl("--help").stdout.split("Options")[0], re.M)
        self.assertGreater(len(verbs), 20)
        shown = {" ".join(arguments) for arguments in [*SHOWN.values(), *SHOWN_OF_ACCESS.values()]} | {"status", "monitor"}
        for verb in verbs:
            self.assertTrue(any(each == verb or each.startswith(verb + " ") for each in shown), verb)

    def test_color_only_where_wanted(self):
        self.assertNotIn("\033", self.run_ctl("list").stdout)
        self.assertNotIn("\033", self.run_ctl("list", "--color=never").stdout)
        self.assertIn("\033", self.run_ctl("list", "--color=always", NO_COLOR="1").stdout)


class Calls(Case):
    """What reaches the daemon, and the exit status."""

    def setUp(self):
        self.bus = Bus()
        self.addCleanup(self.bus.close)

    def test_settings_and_key_file(self):
        done = self.run_ctl("profile", "add", "lab2", "Parent=eth3", "MKA.Priority=10", "Key.Ckn=0a1b", "Key2.Ckn=ff",
                            "Key2.Role=fallback", "Key2.CakFile=/etc/x.cak", "--key-file=@CAK@", "--runtime")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(
            self.next_call(),
            "call AddProfile /org/macsecd1 ['lab2', [['Link', {'Parent': 'eth3'}], ['MKA', {'Priority': '10'}], ['Key', {'Cak': "
            "'<16 octets>', 'Ckn': '0a1b'}], ['Key', {'CakFile': '/etc/x.cak', 'Ckn': 'ff', 'Role': 'fallback'}]], "
            "{'Lifetime': 'memory'}]")

    def test_key_from_a_descriptor_and_a_file_of_sections(self):
        with open(self.cak, encoding="ascii") as key:
            done = subprocess.run([MACSECCTL, "profile", "add", "lab3", "-", f"--key-fd={key.fileno()}"],
                                  env=environment(self.bus.address), input="[Link]\nParent=eth3\n[Key]\nCkn=01\n",
                                  pass_fds=[key.fileno()], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("'Cak': '<16 octets>'", self.next_call())

    def test_a_line_that_says_nothing_is_refused(self):
        with tempfile.NamedTemporaryFile("w", suffix=".macsec") as file:
            file.write("[Link]\nParent=eth3\nPriority 10\n[Key]\nCkn=01\n")
            file.flush()
            done = self.run_ctl("profile", "add", "lab5", file.name)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(f"{file.name}:3: ", done.stderr)

    def test_keys_are_not_taken_from_arguments(self):
        done = self.run_ctl("profile", "add", "lab4", "Parent=eth3", "Key.Ckn=01", f"Key.Cak={CAK}")
        self.assertEqual(done.returncode, 2)
        self.assertNotIn(CAK, done.stderr)

    def test_a_key_file_open_to_everybody_is_refused(self):
        path = Path(self.directory.name) / "open"
        path.write_text(CAK)
        path.chmod(0o644)
        self.assertEqual(self.run_ctl("profile", "add", "x", "Parent=a", "Key.Ckn=01", f"--key-file={path}").returncode, 1)

    def test_edit_keeps_secrets(self):
        self.assertEqual(self.run_ctl("profile", "edit", "lab", "MKA.Priority=10").returncode, 0)
        self.assertIn("{'KeepSecrets': True}", self.next_call())

    def test_edit_with_an_editor(self):
        editor = Path(self.directory.name) / "editor"
        editor.write_text('#!/bin/sh\nsed -i "s/^Offload=.*/Offload=phy/" "$1"\n')
        editor.chmod(0o700)
        done = self.run_ctl("profile", "edit", "lab", EDITOR=str(editor))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("'Offload': 'phy'", self.next_call())

    def test_what_is_edited_is_private_and_gone_afterwards(self):
        folder = Path(self.directory.name)
        editor = folder / "keeping-editor"
        # As editors do: a copy beside the file, and another file in its place.
        editor.write_text('#!/bin/sh\nset -e\nfolder=$(dirname "$1")\nstat -c %a "$folder" "$1" >"$RECORD"\necho "$folder" >>"$RECORD"\n'
                          f'cp "$1" "$1~"\n(cat "$1~"; echo Cak={CAK}) >"$folder/new"\nmv "$folder/new" "$1"\nexit $EDITOR_EXIT\n')
        editor.chmod(0o700)
        for code in (0, 1):
            record = folder / f"record-{code}"
            done = self.run_ctl("profile", "edit", "lab", EDITOR=str(editor), RECORD=str(record), EDITOR_EXIT=str(code))
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertNotIn(CAK, done.stdout + done.stderr)
            folder_mode, file_mode, where = record.read_text().split()
            self.assertEqual((folder_mode, file_mode), ("700", "600"))
            self.assertFalse(Path(where).exists())
        self.assertIn("'Cak': '<16 octets>'", self.next_call())

    def test_a_slip_in_the_editor_loses_nothing(self):
        editor = Path(self.directory.name) / "slipping-editor"
        editor.write_text(f'#!/bin/sh\nprintf "[MKA]\\nPriority=300\\n[Key]\\nCkn=01\\nCak={CAK}\\n" >"$1"\n')
        editor.chmod(0o700)
        done = self.run_ctl("profile", "edit", "lab", EDITOR=str(editor))
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"profile\.macsec:2: Priority=300 is not accepted")
        self.assertNotIn(CAK, done.stdout + done.stderr)
        kept = Path(re.search(r"kept in (\S+)", done.stderr).group(1))
        self.addCleanup(shutil.rmtree, kept.parent)
        self.assertIn(f"Cak={CAK}", kept.read_text())
        self.assertEqual((kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777), (0o600, 0o700))

    def test_import_sends_what_the_file_says(self):
        done = self.run_ctl("profile", "import", HERE / "samples/wired.conf", "Parent=eth5", "--name=wired")
        self.assertEqual(done.returncode, 0, done.stderr)
        call = self.next_call()
        self.assertIn("'Parent': 'eth5'", call)
        self.assertIn("'Cak': '<16 octets>'", call)

    def test_import_writes_only_what_the_checker_takes(self):
        folder = Path(self.directory.name)
        for number, (name, text, status, said) in enumerate((
                ("port.nmconnection", f"[connection]\ntype=macsec\n[macsec]\nparent=eth0\nport=65535\nmka-ckn=0a\nmka-cak={CAK}\n",
                 1, "Port=65535 is not accepted"),
                ("uuid.nmconnection", f"[connection]\ntype=macsec\n[macsec]\nparent={'0' * 8}-0000-0000-0000-{'0' * 12}\nmka-ckn=0a\n"
                 f"mka-cak={CAK}\n", 2, "the parent is another connection: add Parent=NAME"),
                ("nokey.conf", "network={\nmacsec_policy=1\nmka_ckn=0a\n}\n", 1, "Cak="),
                ("static.netdev", "[NetDev]\nName=m0\nKind=macsec\n[MACsecTransmitAssociation]\nKeyId=5\nActivate=yes\n"
                 f"Key={CAK}\n[MACsecReceiveAssociation]\nMACAddress=0200.0000.0002\nPort=1\nActivate=yes\nKey={CAK[::-1]}\n", 0, ""))):
            source = folder / name
            source.write_text(text)
            out = folder / f"imported-{number}.macsec"
            arguments = [] if name.startswith("uuid") else ["Parent=eth0"]
            with self.subTest(file=name):
                done = self.run_ctl("profile", "import", source, f"--output={out}", *arguments)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(said, done.stderr)
                self.assertNotIn(CAK, done.stderr)
                self.assertEqual(out.exists(), status == 0)
                if status == 0:
                    self.assertEqual(self.run_ctl("profile", "check", out).returncode, 0)

    def test_profiles_are_checked_without_their_keys(self):
        for path in sorted((ROOT / "data/examples").glob("*.macsec")):
            with self.subTest(file=path.name):
                done = self.run_ctl("profile", "check", "--no-keys", path)
                self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.run_ctl("profile", "check", ROOT / "data/examples/fallback-key.macsec").returncode, 1)

    def test_terminate_and_reauth_reach_the_authenticator(self):
        self.bus = Bus("--access")
        self.addCleanup(self.bus.close)
        self.assertEqual(self.run_ctl("terminate", "port[12]").returncode, 0)
        self.assertEqual(self.next_call(), "call Terminate /org/macsecd1/session/port1 []")
        self.assertEqual(self.next_call(), "call Terminate /org/macsecd1/session/port2 []")
        self.assertEqual(self.run_ctl("reauth", "port2", "--wait=20").returncode, 0)
        self.assertEqual(self.next_call(), "call Reauthenticate /org/macsecd1/session/port2 []")
        self.assertEqual(self.run_ctl("--complete-args", "--", "terminate", "port2").stdout, "port2\theld 02:00:00:00:00:22\n")

    def test_monitor_tells_what_becomes_of_servers(self):
        self.bus = Bus("--access")
        self.addCleanup(self.bus.close)
        with subprocess.Popen([MACSECCTL, "monitor", "port1"], env=environment(self.bus.address), stdout=subprocess.PIPE, text=True) as monitor:
            self.assertIn("secured", monitor.stdout.readline())
            for _ in range(3):  # succeeds, fails without a server, succeeds
                self.run_ctl("reauth", "port1")
            self.assertRegex(monitor.stdout.readline(), r"port1 +server-dead +\[2001:db8::2\]:1812: .*port unreachable")
            self.assertRegex(monitor.stdout.readline(), r"port1 +server-alive +\[2001:db8::2\]:1812 answers again")
            monitor.send_signal(signal.SIGINT)
            self.assertEqual(monitor.stdout.read(), "")

    def test_patterns_bring_up_links_and_else_profiles(self):
        self.assertEqual(self.run_ctl("up", "macsec[12]").returncode, 0)
        self.assertEqual([self.next_call(), self.next_call()], [f"call Up /org/macsecd1/session/macsec{n} []" for n in (1, 2)])
        self.assertEqual(self.run_ctl("up", "ol*").returncode, 0)
        self.assertEqual(self.next_call(), "call Enable /org/macsecd1/profile/old []")
        done = self.run_ctl("up", "nos*")
        self.assertEqual(done.returncode, 3)
        self.assertIn("no profile fits nos*", done.stderr)

    def test_up_of_a_profile_enables_it(self):
        self.assertEqual(self.run_ctl("up", "old").returncode, 0)
        self.assertEqual(self.next_call(), "call Enable /org/macsecd1/profile/old []")

    def test_exit_status(self):
        for status, arguments in [(2, ["nonsense"]), (2, ["list", "--nonsense"]), (2, ["up"]), (2, ["reload", "more"]), (3, ["list", "more"]),
                                  (2, ["list", "--json=xml"]), (3, ["status", "macsec7"]), (3, ["profile", "show", "none"]),
                                  (3, ["caps", "eth7"]), (3, ["up", "none"]), (1, ["profile", "check"]),
                                  (4, ["profile", "add", "refused", "Parent=a", "Key.Ckn=01", "Key.CakFile=/x"]),
                                  (1, ["rekey", "macsec1"]), (6, ["status", "macsec1", "--wait=50ms"])]:
            with self.subTest(arguments=arguments):
                done = self.run_ctl(*arguments)
                self.assertEqual(done.returncode, status, done.stderr)
                if arguments != ["profile", "check"]:
                    self.assertTrue(done.stderr.startswith("macsecctl: "), done.stderr)
                    self.assertEqual(done.stdout, "")

    def test_status_of_a_link_says_what_is_wrong_with_its_profile(self):
        done = self.run_ctl("status", "broken")
        self.assertEqual((done.returncode, done.stdout),
                         (3, "error in profile broken: /nowhere/broken.macsec:3: Priority=300 is not accepted: a number from 0 to 255\n"))
        self.assertEqual(self.run_ctl("status", "macsec0", "broken").returncode, 3)
        self.assertNotIn("broken", self.run_ctl("status", "macsec0").stdout)

    def test_files_that_the_daemon_does_not_have_are_named(self):
        folder = Path(self.directory.name) / "profiles"
        folder.mkdir()
        for name in ("uplink.macsec", "new.macsec", "old.conf", "uplink.cak", ".hidden.macsec"):
            (folder / name).write_text("[Link]\n")
        (folder / "masked.macsec").touch()
        self.bus = Bus(f"--folder={folder}")
        self.addCleanup(self.bus.close)
        said = [f"{folder}/new.macsec: not read yet: macsecctl reload", f"{folder}/old.conf: not read: the name of a profile ends with .macsec"]
        shown = self.run_ctl("status").stdout.splitlines()
        self.assertEqual([line for line in shown if str(folder) in line], said)
        checked = self.run_ctl("profile", "check").stdout
        self.assertEqual([line for line in checked.splitlines() if str(folder) in line], [line.replace(": not", ": warning: not") for line in said])
        self.assertNotIn(str(folder), self.run_ctl("status", "macsec0").stdout + self.run_ctl("profile", "check", "uplink").stdout)

    def test_check_says_by_its_exit_status_what_is_secured(self):
        for status, arguments in [(0, ["macsec0"]), (7, ["macsec1"]), (7, ["macsec0", "macsec2"]), (7, ["macsec*"]), (7, []),
                                  (3, ["nosuch"])]:
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_ctl("status", "--check", *arguments).returncode, status)
        self.assertEqual(self.run_ctl("status", "--check", "--json=short", "macsec1").returncode, 7)
        self.assertEqual(self.run_ctl("status", "macsec1").returncode, 0)

    def test_names_may_be_patterns(self):
        done = self.run_ctl("list", "--json=short")
        self.assertEqual(done.returncode, 0)
        shown = [each["Interface"] for each in json.loads(self.run_ctl("status", "macsec[02]", "--json=short").stdout)]
        self.assertEqual(shown, ["macsec0", "macsec2"])
        self.assertEqual(self.run_ctl("profile", "disable", "o*").returncode, 0)
        self.assertEqual(self.next_call(), "call Disable /org/macsecd1/profile/old []")
        self.assertIn("no link fits eth*; there are macsec0, macsec1, macsec2", self.run_ctl("status", "eth*").stderr)
        self.assertIn("there is no link nosuch; there are macsec0, macsec1, macsec2",
                      self.run_ctl("status", "macsec0", "nosuch").stderr)

    def test_moments_are_told_in_utc_and_as_ages(self):
        shown, = json.loads(self.run_ctl("status", "macsec0", "--json=short").stdout)
        self.assertEqual((shown["Since"], shown["SinceUtc"], shown["SinceAgeSec"]), (88_000_000_000, "1970-01-02T00:26:40.000Z", 12_000))
        self.assertEqual(shown["Peers"][0]["LastHeardAgeSec"], 1)
        self.assertEqual(shown["NextRekeyAgeSec"], -2880)
        self.assertNotIn("SuspendedUntilUtc", shown)

    def test_a_profile_of_a_network_manager_is_changed_there(self):
        self.bus = Bus("--owned")
        self.addCleanup(self.bus.close)
        for verb, nmcli, networkd in (("edit", "modify", "change that"), ("remove", "delete", "remove its sections [X-...], or the file"),
                                      ("disable", "down", "change that"), ("enable", "up", "change that")):
            for name, place in (("lab", f"profile lab is NetworkManager's: nmcli connection {nmcli} 4f5c\n"),
                                ("old", f"profile old comes from /etc/systemd/network/old.netdev: {networkd}, then networkctl reload\n")):
                with self.subTest(verb=verb, profile=name):
                    done = self.run_ctl("profile", verb, name, *(["MKA.Priority=1"] if verb == "edit" else []))
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertEqual(done.stderr, "macsecctl: " + place)
        done = self.run_ctl("up", "old")
        self.assertEqual((done.returncode, done.stderr.count("networkctl reload")), (1, 1))

    def test_reload_repeats_what_files_leave_to_say(self):
        folder = Path(self.directory.name) / "warned"
        folder.mkdir()
        (folder / "old.conf").write_text("[Link]\n")
        self.bus = Bus("--warned", f"--folder={folder}")
        self.addCleanup(self.bus.close)
        done = self.run_ctl("reload")
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr, "macsecctl: warning: /nowhere/uplink.macsec:7: Foo= is not known\n"
                                      f"macsecctl: warning: {folder}/old.conf: not read: the name of a profile ends with .macsec\n")

    def test_no_editor_without_a_terminal(self):
        done = self.run_ctl("profile", "edit", "lab")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("there is no terminal to edit on", done.stderr)

    def test_another_host_over_ssh(self):
        ssh = Path(self.directory.name) / "ssh"
        ssh.write_text(f"""#!{sys.executable}
import os, selectors, socket, sys
assert sys.argv[-2:] == ["far", "systemd-stdio-bridge"], sys.argv
bus = socket.socket(socket.AF_UNIX)
bus.connect({re.search("path=([^,]+)", self.bus.address).group(1)!r})
ends = selectors.DefaultSelector()
ends.register(0, selectors.EVENT_READ, lambda: (os.read(0, 65536), bus.sendall))
ends.register(bus, selectors.EVENT_READ, lambda: (bus.recv(65536), lambda data: os.write(1, data)))
while True:
    for key, _ in ends.select():
        data, put = key.data()
        if not data:
            sys.exit(0)
        put(data)
""")
        ssh.chmod(0o700)
        done = run("unix:path=/nonexistent", ["-H", "far", "list"], PATH=f"{ssh.parent}:{os.environ['PATH']}")
        self.assertEqual((done.returncode, done.stdout), (0, self.run_ctl("list").stdout), done.stderr)
        ssh.write_text("#!/bin/sh\nexit 255\n")
        done = run("unix:path=/nonexistent", ["--host=far", "list"], PATH=f"{ssh.parent}:{os.environ['PATH']}")
        self.assertEqual(done.returncode, 5)
        self.assertIn("far over ssh", done.stderr)

    def test_wait_for_what_is_so_and_for_a_rekey(self):
        self.assertEqual(self.run_ctl("status", "macsec0", "--wait=20").returncode, 0)
        self.assertEqual(self.run_ctl("rekey", "macsec0", "--wait=20").returncode, 0)

    def test_wait_for_the_next_success_or_failure(self):
        done = self.run_ctl("reauth", "macsec0", "--wait=20")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        done = self.run_ctl("reauth", "macsec0", "--wait=20")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "macsecctl: macsec0: the authentication failed: the server refused the password\n")

    def test_monitor(self):
        with subprocess.Popen([MACSECCTL, "monitor", "macsec0"], env=environment(self.bus.address), stdout=subprocess.PIPE,
                              text=True) as monitor:
            self.assertEqual(monitor.stdout.readline(), "00:26:40.000 macsec0  state             secured\n")
            self.run_ctl("rekey", "macsec0")
            self.assertEqual(monitor.stdout.readline(), "03:46:40.000 macsec0  sak-installed     SAK 5 in use: GCM-AES-XPN-256, AN 1, "
                             "key identifier abababababababababababab/5\n")
            monitor.send_signal(signal.SIGINT)
            self.assertEqual(monitor.wait(timeout=20), 0)


class Keys(Case):
    FORMS = {"section": r"\[Key\]\nCkn=[0-9a-f]{64}\nCak=[0-9a-f]{32}\n", "hex": r"[0-9a-f]{64}\n[0-9a-f]{32}\n",
             "wpa_supplicant": r"mka_ckn=[0-9a-f]{64}\nmka_cak=[0-9a-f]{32}\n"}

    def test_forms_and_sizes(self):
        for form, pattern in self.FORMS.items():
            self.assertRegex(self.run_ctl("genkey", f"--form={form}").stdout, rf"\A{pattern}\Z")
            long = pattern.replace("{32}", "{64}")
            self.assertRegex(self.run_ctl("genkey", f"--form={form}", "--bits=256").stdout, rf"\A{long}\Z")
        for peer in ("aws", "azure", "junos", "nxos"):
            self.assertRegex(self.run_ctl("genkey", f"--for={peer}").stdout, r"\A# .+\n\[Key\]\nCkn=[0-9a-f]{64}\nCak=[0-9a-f]{64}\n\Z")
        self.assertEqual(len(self.run_ctl("genkey", "--for=nxos", "--bits=128").stdout.split("Cak=")[1]), 33)
        for words in (["--for=aws", "--bits=128"], ["--for=gcp"], ["--for=ibm"], ["--json=short", "--form=hex"], ["--json", "--for=junos"]):
            done = self.run_ctl("genkey", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertNotEqual(self.run_ctl("genkey").stdout, self.run_ctl("genkey").stdout)

    def test_a_new_file_of_mode_0600_only(self):
        path = Path(self.directory.name) / "new.key"
        self.assertEqual(self.run_ctl("genkey", "-o", path).stdout, "")
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)
        before = path.read_text()
        self.assertEqual(self.run_ctl("genkey", "-o", path).returncode, 1)
        self.assertEqual(path.read_text(), before)

    def test_no_part_of_a_file_is_left(self):
        def no_room():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        path = Path(self.directory.name) / "no-room.key"
        done = subprocess.run([MACSECCTL, "genkey", "-o", path], preexec_fn=no_room, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertFalse(path.exists())

    def test_export_writes_keys_to_files_only(self):
        source = Path(self.directory.name) / "up.macsec"
        source.write_text(f"[Link]\nParent=eth0\n[Key]\nCkn=0a1b\nCak={CAK}\n")
        source.chmod(0o600)
        for form in ("networkmanager", "wpa_supplicant"):
            target = Path(self.directory.name) / form
            done = self.run_ctl("profile", "export", source, f"--to={form}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn(CAK, done.stdout)
            self.assertEqual(self.run_ctl("profile", "export", source, f"--to={form}", f"--output={target}").returncode, 0)
            self.assertIn(CAK, target.read_text())


if __name__ == "__main__":
    MACSECCTL = str(Path(sys.argv.pop(1)).resolve())
    unittest.main()
