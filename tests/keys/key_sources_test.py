#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsec-keys as it runs: two processes on two buses, each with a daemon that a test plays and a key server of its own, over real TLS."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import gi
import mock_kme

gi.require_version("Gio", "2.0")
gi.require_version("GLib", "2.0")
from gi.repository import Gio, GLib  # noqa: E402
from played_daemon import Daemon, Link, v  # noqa: E402

PROGRAM, MACSECCTL, INTERFACES, DESCRIPTION = sys.argv[1:5]
del sys.argv[1:5]
CONFIG = """<busconfig><type>custom</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>
"""


def wait_for(met, seconds=60):
    """Serves both daemons until something is so."""
    over = []
    timer = GLib.timeout_add(int(seconds * 1000), lambda: over.append(True) or False)
    while not met() and not over:
        GLib.MainContext.default().iteration(True)
    if over:
        raise AssertionError(f"not within {seconds} s")
    GLib.source_remove(timer)


def serve_for(seconds):
    over = []
    GLib.timeout_add(int(seconds * 1000), lambda: over.append(True) or False)
    while not over:
        GLib.MainContext.default().iteration(True)


class End:
    """A bus, a daemon, a key server's file, and macsec-keys."""

    def __init__(self, folder, name, other, link, source, every):
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "kme.source").write_text(source)
        (self.folder / "bus.conf").write_text(CONFIG % (self.folder / "bus"))
        self.address = f"unix:path={self.folder}/bus"
        self.broker = subprocess.Popen(["dbus-daemon", "--nofork", "--config-file", self.folder / "bus.conf", "--print-address=1"], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL)
        self.broker.stdout.readline()
        self.daemon = Daemon(self.address, link, other, every, INTERFACES)
        link.ends.append(self.daemon)
        self.process = None
        self.start()

    def start(self):
        environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        environment.pop("JOURNAL_STREAM", None)
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "--source-dir", self.folder], env=environment, stderr=log)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def sources(self):
        """The property Sources; its one row as plain values."""
        answer = self.daemon.bus.call_sync("org.macsecd1.KeySources", "/org/macsecd1/KeySources", "org.freedesktop.DBus.Properties", "Get",
                                           v("(ss)", ("org.macsecd1.KeySources", "Sources")), None, Gio.DBusCallFlags.NONE, 5000, None)
        return answer.unpack()[0][0]

    def state(self):
        try:
            return self.sources()["State"]
        except GLib.Error:
            return "absent"

    def close(self):
        self.daemon.link.ends.clear()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)
        self.broker.kill()
        self.broker.wait()
        self.broker.stdout.close()


class KeySources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = tempfile.TemporaryDirectory()
        cls.pki = Path(cls.certificates.name)
        mock_kme.make_certificates(cls.pki)

    @classmethod
    def tearDownClass(cls):
        cls.certificates.cleanup()

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = Path(self.scratch.name)
        self.addCleanup(self.scratch.cleanup)
        self.link = Link()
        self.addCleanup(self.link.close)
        self.store = mock_kme.Store()

    def context(self, server="server"):
        return mock_kme.context_of(self.pki / f"{server}.pem", self.pki / f"{server}.key", self.pki / "ca.pem")

    def source(self, kind, port, name):
        return (f"[Source]\nType={kind}\nUrl=https://127.0.0.1:{port}\nLocalId={name}\nCaCertificate={self.pki}/ca.pem\n"
                f"ClientCertificate={self.pki}/client.pem\nPrivateKey={self.pki}/client.key\n")

    def begin(self, kind, every=3600, certificate="server"):
        """Both ends with servers of a kind; the protocols of the servers and the ends."""
        protocols = [mock_kme.Protocol(self.store, kind) for _ in range(2)]
        servers = [mock_kme.Server(protocol, self.context(certificate)) for protocol in protocols]
        for server in servers:
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
        names = ("SAE-A", "SAE-B")
        ends = [End(self.folder, names[i], names[1 - i], self.link, self.source(kind, servers[i].port, names[i]), every) for i in range(2)]
        for end in ends:
            self.addCleanup(end.close)
        return protocols, ends

    def test_first_key_of_either_protocol(self):
        for kind, octets in (("etsi014", 16), ("skip", 24)):
            with self.subTest(kind):
                self.setUp()
                protocols, ends = self.begin(kind)
                wait_for(self.link.live)
                (ckn,) = self.link.live()
                self.assertEqual(len(ckn), 2 * octets)
                self.assertEqual(protocols[0].asked.count("new"), 1)
                self.assertEqual(protocols[1].asked.count("known"), 1)
                self.assertEqual(ends[0].daemon.calls[0][2], {"Lifetime": "memory", "Source": "kme"})
                wait_for(lambda: ends[0].state() == "up")  # noqa: B023
                row = ends[0].sources()
                self.assertEqual((row["Name"], row["Profiles"], row["LastError"]), ("kme", ["lab"], ""))
                self.assertTrue(row["Channel"].startswith("TLSv1.3"))
                self.assertGreater(row["LastSuccess"], 0)

    def test_rotations_lose_nothing_whatever_dies(self):
        _, ends = self.begin("etsi014", every=1.5)
        wait_for(lambda: len(self.link.was_live) >= 3, 60)
        for end in ends:
            end.kill()
            had = len(self.link.was_live)
            end.start()
            wait_for(lambda: len(self.link.was_live) >= had + 2, 60)  # noqa: B023
        for end in ends:
            had = len(self.link.was_live)
            end.daemon.vanish()
            serve_for(0.3)
            end.daemon.appear()
            wait_for(lambda: len(self.link.was_live) >= had + 2, 60)  # noqa: B023
        self.assertEqual(self.link.outages, 0)
        for end in ends:
            self.assertLessEqual(len(end.daemon.keys), 3)

    def test_a_daemon_that_lost_its_keys_gets_them_again(self):
        protocols, ends = self.begin("etsi014")
        for late in (False, True):
            for end in ends:
                with self.subTest(late=late):
                    wait_for(self.link.live)
                    had = dict(end.daemon.keys)
                    asked = protocols[0].asked.count("new")
                    end.daemon.lose_keys()
                    wait_for(lambda: end.state() == "up")  # noqa: B023
                    end.daemon.shows_profiles = not late
                    end.daemon.appear()
                    if late:
                        serve_for(0.5)
                        end.daemon.show_profiles()
                    wait_for(lambda: end.daemon.keys == had, 10)  # noqa: B023
                    self.assertEqual(protocols[0].asked.count("new"), asked)

    def test_a_server_that_fails_costs_a_rotation_only(self):
        protocols, ends = self.begin("skip", every=1.5)
        wait_for(lambda: len(self.link.was_live) >= 2, 60)
        for trouble, value in (("down", True), ("status", 503), ("cut", 40), ("cut", 100)):
            with self.subTest(trouble=trouble, value=value):
                kept = getattr(protocols[0], trouble)
                setattr(protocols[0], trouble, value)
                wait_for(lambda: ends[0].state() == "down", 60)
                self.assertTrue(self.link.live())
                self.assertNotEqual(ends[0].sources()["LastError"], "")
                setattr(protocols[0], trouble, kept)
                had = len(self.link.was_live)
                wait_for(lambda: len(self.link.was_live) > had, 60)  # noqa: B023
                self.assertEqual(ends[0].state(), "up")
        self.assertEqual(self.link.outages, 0)

    def test_a_server_that_closes_its_end_ends_no_process(self):
        """What is written to a connection that is closed already is an error, not a signal; when it comes is chance."""
        _, ends = self.begin("etsi014")
        wait_for(self.link.live)
        for end in ends:
            ignored = next(line for line in Path(f"/proc/{end.process.pid}/status").read_text().splitlines() if line.startswith("SigIgn:"))
            self.assertTrue(int(ignored.split()[1], 16) & 1 << signal.SIGPIPE - 1)

    def test_a_server_that_refuses_is_left_alone_and_quoted(self):
        protocols, ends = self.begin("etsi014")
        wait_for(self.link.live)
        protocols[0].status = 401
        ends[0].kill()
        ends[0].start()
        wait_for(lambda: ends[0].state() == "down")
        self.assertEqual(ends[0].sources()["LastError"], "status 401: status 401 was ordered")
        asked = len(protocols[0].asked)
        serve_for(3)
        self.assertEqual(len(protocols[0].asked), asked)
        self.assertTrue(self.link.live())

    def test_a_wrong_key_is_taken_away_again(self):
        protocols, ends = self.begin("etsi014", every=3)
        wait_for(self.link.live)
        protocols[1].wrong_key = True
        wait_for(lambda: ends[1].state() == "up" and ends[1].sources()["Mismatches"] >= 1, 60)
        protocols[1].wrong_key = False
        had = len(self.link.was_live)
        wait_for(lambda: len(self.link.was_live) > had, 90)
        self.assertEqual(self.link.outages, 0)

    def test_a_server_with_another_certificate_gets_no_question(self):
        for certificate, words in (("late", "expired on"), ("elsewhere", "Url= names 127.0.0.1")):
            with self.subTest(certificate):
                self.setUp()
                protocols, ends = self.begin("etsi014", certificate=certificate)
                wait_for(lambda: ends[0].state() == "down")  # noqa: B023
                self.assertIn(words, ends[0].sources()["LastError"])
                self.assertEqual(protocols[0].asked, [])

    def test_made_up_names_are_not_asked_for_without_end(self):
        protocols, ends = self.begin("etsi014")
        wait_for(self.link.live)
        before = protocols[1].asked.count("known")
        began = GLib.get_monotonic_time()
        for number in range(3000):
            ends[1].daemon.say_unknown(f"{number:032x}")
        serve_for(3)
        asked = protocols[1].asked.count("known") - before
        self.assertLessEqual(asked, 9 + 2 * (GLib.get_monotonic_time() - began) / 1_000_000)
        self.assertGreater(asked, 0)
        self.assertEqual(ends[1].state(), "up")
        self.assertEqual(self.link.outages, 0)

    def test_a_shared_key_takes_the_place_of_certificates(self):
        for version in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(version):
                self.setUp()
                ends = self.begin_shared(version, "ab" * 32, "ab" * 32)
                # A server of OpenSSL's serves one connection at a time, and refuses others meanwhile.
                wait_for(self.link.live, 120)
                for end in ends:
                    self.assertTrue(end.sources()["Channel"].startswith(version))

    def test_a_server_with_another_shared_key_gets_no_question(self):
        for version in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(version):
                self.setUp()
                end = self.begin_shared(version, "ab" * 32, "cd" * 32)[0]
                wait_for(lambda: end.state() == "down")  # noqa: B023
                self.assertNotEqual(end.sources()["LastError"], "")
                self.assertEqual(self.store.keys, {})

    def begin_shared(self, version, ours, theirs):
        """Both ends with servers of SKIP that know the ends by a shared key; theirs is the one of the servers."""
        (self.folder / "psk").write_text(ours + "\n")
        (self.folder / "psk").chmod(0o600)
        ends = []
        for name, other in (("KP-A", "KP-B"), ("KP-B", "KP-A")):
            server = mock_kme.PskServer(mock_kme.Protocol(self.store, "skip"), "link-1", theirs, self.folder if version == "TLSv1.3" else None)
            self.addCleanup(server.close)
            source = (f"[Source]\nType=skip\nUrl=https://127.0.0.1:{server.port}\nLocalId={name}\nPskIdentity=link-1\n"
                      f"PskFile={self.folder}/psk\n")
            ends.append(End(self.folder, name, other, self.link, source, 3600))
            self.addCleanup(ends[-1].close)
        return ends

    def test_no_key_is_in_the_log(self):
        _, ends = self.begin("etsi014", every=1.5)
        wait_for(lambda: len(self.link.was_live) >= 3, 60)
        log = (ends[0].folder / "log").read_text()
        for octets in list(ends[0].daemon.keys.values()):
            self.assertNotIn(octets.hex(), log)

    def test_the_object_is_as_described(self):
        _, ends = self.begin("etsi014")
        wait_for(lambda: ends[0].state() != "absent")
        answer = ends[0].daemon.bus.call_sync("org.macsecd1.KeySources", "/org/macsecd1/KeySources", "org.freedesktop.DBus.Introspectable",
                                              "Introspect", None, None, Gio.DBusCallFlags.NONE, 5000, None)
        found = Gio.DBusNodeInfo.new_for_xml(answer.unpack()[0]).lookup_interface("org.macsecd1.KeySources")
        described = Gio.DBusNodeInfo.new_for_xml(Path(DESCRIPTION).read_text()).lookup_interface("org.macsecd1.KeySources")
        self.assertEqual([(each.name, each.signature) for each in found.properties],
                         [(each.name, each.signature) for each in described.properties])
        self.assertEqual((found.methods, found.signals), (described.methods, described.signals))

    def test_status_and_doctor_say_where_keys_come_from(self):
        def ask(verb):
            with subprocess.Popen([MACSECCTL, verb], env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": ends[0].address, "COLUMNS": "120"},
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                wait_for(lambda: process.poll() is not None)
                return process.stdout.read()
        protocols, ends = self.begin("etsi014")
        wait_for(lambda: ends[0].state() == "up")
        self.assertRegex(ask("status"), r"Key source: kme, up, etsi014 at 127\.0\.0\.1:\d+\n")
        self.assertEqual(ask("doctor"), "macsec0: nothing is wrong\n")
        protocols[0].status = 401
        ends[0].kill()
        self.assertIn("Key source: kme, macsec-keys does not run\n", ask("status"))
        self.assertIn("[no-key-client]", ask("doctor"))
        ends[0].start()
        wait_for(lambda: ends[0].state() == "down")
        self.assertRegex(ask("status"), r"Key source: kme, down, etsi014 at 127\.0\.0\.1:\d+: status 401: status 401 was ordered\n")
        told = " ".join(ask("doctor").split())
        self.assertIn("macsec0: key source kme is down (status 401: status 401 was ordered): the link keeps the keys it has.", told)
        self.assertIn("[key-server-down]", told)

    def test_check_names_file_and_line(self):
        (self.folder / "a.source").write_text(self.source("etsi014", 1, "SAE-A"))
        (self.folder / "b.source").write_text("[Source]\nType=etsi\n")
        good = subprocess.run([PROGRAM, "--check", self.folder / "a.source"], capture_output=True, text=True, check=False)
        self.assertEqual((good.returncode, good.stdout), (0, f"{self.folder}/a.source: etsi014 at 127.0.0.1:1\n"))
        bad = subprocess.run([PROGRAM, "--source-dir", self.folder, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(bad.returncode, 3)
        self.assertIn(f"error: {self.folder}/b.source:2: Type=etsi: etsi014 or skip is accepted\n", bad.stdout)
        (self.folder / "open.key").write_text((self.pki / "client.key").read_text())
        (self.folder / "open.key").chmod(0o644)
        (self.folder / "a.source").write_text(self.source("etsi014", 1, "SAE-A") + f"PrivateKey={self.folder}/open.key\n")
        bad = subprocess.run([PROGRAM, "--check", self.folder / "a.source"], capture_output=True, text=True, check=False)
        self.assertEqual(bad.returncode, 3)
        self.assertIn("open.key can be read or written by everybody", bad.stdout)


if __name__ == "__main__":
    threading.excepthook = lambda *_: None  # servers of tests that are over
    unittest.main()
