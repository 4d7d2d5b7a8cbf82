#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsec-keys as it runs: two processes on two buses, each with a daemon that a test plays and a key server of its own, over real TLS. The
link between the two daemons is here: a key is live where both have it with the same octets."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

import gi
import mock_kme

gi.require_version("Gio", "2.0")
gi.require_version("GLib", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

PROGRAM, MACSECCTL, INTERFACES, DESCRIPTION = sys.argv[1:5]
del sys.argv[1:5]
ROOT = "/org/macsecd1"
PROFILE, SESSION = ROOT + "/profile/lab", ROOT + "/session/macsec0"
CONFIG = """<busconfig><type>custom</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>
"""
OBJECT_MANAGER = """<node><interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects">
<arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method></interface></node>"""


def v(signature, value):
    return GLib.Variant(signature, value)


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


class Daemon:
    """macsecd as far as macsec-keys sees it."""

    def __init__(self, address, link, remote_id, every):
        self.link = link
        self.keys = {}  # octets by CKN
        self.added = {}  # when, in microseconds of CLOCK_BOOTTIME
        self.retired = set()
        self.draining = set()
        self.calls = []
        self.source = {"Source": v("s", "kme"), "RemoteId": v("s", remote_id), "Initiator": v("s", "auto"),
                       "Every": v("t", int(every * 1_000_000)), "Bits": v("u", 256)}
        flags = Gio.DBusConnectionFlags
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        texts = [path.read_text() for path in Path(INTERFACES).glob("*.xml")] + [OBJECT_MANAGER]
        known = {each.name: each for text in texts for each in Gio.DBusNodeInfo.new_for_xml(text).interfaces}
        for path, name in ((ROOT, "org.freedesktop.DBus.ObjectManager"), (PROFILE, "org.macsecd1.Profile"), (SESSION, "org.macsecd1.Session")):
            self.bus.register_object(path, known[name], self.on_call, lambda *arguments: self.properties()[arguments[2]][arguments[4]], None)
        self.name = None
        self.appear()

    def appear(self):
        self.name = Gio.bus_own_name_on_connection(self.bus, "org.macsecd1", Gio.BusNameOwnerFlags.NONE, None, None)

    def vanish(self):
        Gio.bus_unown_name(self.name)

    def rows(self):
        return v("aa{sv}", [{"Ckn": v("s", ckn), "Bits": v("u", 256), "Role": v("s", "primary"), "Source": v("s", "kme"),
                             "State": v("s", "draining" if ckn in self.draining else "active"), "Since": v("t", self.added[ckn]),
                             "LivePeers": v("u", int(self.link.is_live(ckn)))} for ckn in self.keys])

    def properties(self):
        return {PROFILE: {"Name": v("s", "lab"), "Session": v("o", SESSION), "KeySource": v("a{sv}", self.source), "Keys": self.rows()},
                SESSION: {"Interface": v("s", "macsec0"), "Profile": v("o", PROFILE), "Carrier": v("b", True), "State": v("s", "pending")}}

    def changed(self):
        if self.bus.is_closed():
            return
        self.bus.emit_signal(None, PROFILE, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                             v("(sa{sv}as)", ("org.macsecd1.Profile", {"Keys": self.rows()}, [])))

    def say_unknown(self, ckn):
        self.bus.emit_signal(None, SESSION, "org.macsecd1.Session", "UnknownCkn", v("(ss)", (ckn, "0200000000020001")))

    def on_call(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        if method == "GetManagedObjects":
            held = self.properties()
            tree = {PROFILE: {"org.macsecd1.Profile": held[PROFILE]}, SESSION: {"org.macsecd1.Session": held[SESSION]}}
            return invocation.return_value(v("(a{oa{sa{sv}}})", (tree,)))
        if method == "AddKey":
            return self.add_key(arguments, invocation)
        if method != "RetireKey":
            return invocation.return_dbus_error("org.macsecd1.Error.Failed", "this daemon is a test's")
        return self.retire_key(arguments[0], invocation)

    def add_key(self, arguments, invocation):
        key, options = arguments.unpack()
        descriptor = invocation.get_message().get_unix_fd_list().get(key["CakFd"])
        octets = os.pread(descriptor, 100, 0)
        os.close(descriptor)
        ckn = key["Ckn"]
        self.calls.append(("add", ckn, options))
        if ckn in self.retired or self.keys.get(ckn, octets) != octets:
            return invocation.return_dbus_error("org.macsecd1.Error.KeyExists", "taken")
        outcome = "present" if ckn in self.keys else "added"
        self.added.setdefault(ckn, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)
        self.keys[ckn] = octets
        self.link.changed()
        return invocation.return_value(v("(s)", (outcome,)))

    def retire_key(self, ckn, invocation):
        self.calls.append(("retire", ckn))
        others = [other for other in self.keys if other != ckn and self.link.is_live(other)]
        if self.link.is_live(ckn) and not others:
            return invocation.return_dbus_error("org.macsecd1.Error.NotReady", "no other key is live")
        self.draining.add(ckn)
        GLib.timeout_add(300, self.gone, ckn)
        self.changed()
        return invocation.return_value(None)

    def gone(self, ckn):
        """The link uses one key at a time: that of two ends which drain one each, neither goes."""
        leaving = self.draining.union(*(end.draining for end in self.link.ends))
        stays = self.link.is_live(ckn) and not any(self.link.is_live(other) for other in self.keys if other not in leaving)
        self.draining.discard(ckn)
        if stays:
            self.changed()
            return False
        self.retired.add(ckn)
        self.keys.pop(ckn, None)
        self.link.changed()
        return False


class Link:
    def __init__(self):
        self.ends = []
        self.was_live = set()  # every CKN that ever was
        self.outages = 0
        self.seen = set()
        self.timer = GLib.timeout_add(100, self.speak)

    def is_live(self, ckn):
        return len(self.ends) == 2 and ckn in self.ends[0].keys and self.ends[0].keys[ckn] == self.ends[1].keys.get(ckn)

    def live(self):
        return {ckn for ckn in self.ends[0].keys if self.is_live(ckn)}

    def changed(self):
        if len(self.ends) < 2:
            return
        now = self.live()
        if not now and self.was_live:
            self.outages += 1
        self.was_live |= now
        for end in self.ends:
            end.changed()
        self.speak()

    def speak(self):
        for end, other in (self.ends, self.ends[::-1]) if len(self.ends) == 2 else ():
            for ckn in end.keys:
                if ckn not in other.keys:
                    other.say_unknown(ckn)
        return True

    def close(self):
        GLib.source_remove(self.timer)


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """A CA, and a certificate for each server and client; "late" expired long ago."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA",
            "-days", "30")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth"), ("late", "subjectAltName=IP:127.0.0.1"),
                            ("elsewhere", "subjectAltName=DNS:kme.example.org")):
        (folder / f"{name}.ext").write_text(extension + "\n")
        openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-extfile",
                f"{name}.ext", "-days", "-1" if name == "late" else "30")
        (folder / f"{name}.key").chmod(0o600)


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
        self.daemon = Daemon(self.address, link, other, every)
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
        make_certificates(cls.pki)

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

    @unittest.skipUnless(os.environ.get("MACSECD_KEY_ROTATIONS"), "waits for many rotations in real time: MACSECD_KEY_ROTATIONS=1")
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

    @unittest.skipUnless(os.environ.get("MACSECD_KEY_ROTATIONS"), "waits for many rotations in real time: MACSECD_KEY_ROTATIONS=1")
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
        psk = "ab" * 32
        (self.folder / "psk").write_text(psk + "\n")
        (self.folder / "psk").chmod(0o600)
        ends = []
        for name, other in (("KP-A", "KP-B"), ("KP-B", "KP-A")):
            server = mock_kme.PskServer(mock_kme.Protocol(self.store, "skip"), "link-1", psk)
            self.addCleanup(server.close)
            source = (f"[Source]\nType=skip\nUrl=https://127.0.0.1:{server.port}\nLocalId={name}\nPskIdentity=link-1\n"
                      f"PskFile={self.folder}/psk\n")
            ends.append(End(self.folder, name, other, self.link, source, 3600))
            self.addCleanup(ends[-1].close)
        # A server of OpenSSL's serves one connection at a time, and refuses others meanwhile.
        wait_for(lambda: ends[0].daemon.keys, 120)
        self.assertTrue(ends[0].sources()["Channel"].startswith("TLSv1.2"))

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

    def test_status_says_where_keys_come_from(self):
        def status():
            with subprocess.Popen([MACSECCTL, "status"], env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": ends[0].address, "COLUMNS": "120"},
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
                wait_for(lambda: process.poll() is not None)
                return process.stdout.read()
        protocols, ends = self.begin("etsi014")
        wait_for(lambda: ends[0].state() == "up")
        self.assertRegex(status(), r"Key source: kme, up, etsi014 at 127\.0\.0\.1:\d+\n")
        protocols[0].status = 401
        ends[0].kill()
        self.assertIn("Key source: kme, macsec-keys does not run\n", status())
        ends[0].start()
        wait_for(lambda: ends[0].state() == "down")
        self.assertRegex(status(), r"Key source: kme, down, etsi014 at 127\.0\.0\.1:\d+: status 401: status 401 was ordered\n")

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
