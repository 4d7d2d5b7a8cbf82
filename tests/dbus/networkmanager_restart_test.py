#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsec-nm is killed and started again as the service manager does it: its name and objects stay on the bus."""

import array
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

PROGRAM = sys.argv.pop(1)
NAME = "fi.w1.wpa_supplicant1"
MANAGER = "/fi/w1/wpa_supplicant1"
CONFIG = """<busconfig><type>custom</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy></busconfig>
"""


class ServiceManager:
    """The part of systemd that keeps descriptors."""

    def __init__(self, folder, bus):
        self.path = os.path.join(folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.bus = bus
        self.kept = {}
        self.process = None

    def start(self):
        """Start the program with what it had kept; returns when it says that it is ready."""
        fds = list(self.kept.items())
        names = ":".join(name for name, _ in fds)

        # From 3 on, in order, and the program has the shell's pid.
        moves = "".join("exec %d<&%d; " % (3 + number, fd) for number, (_, fd) in enumerate(fds))
        script = "%sLISTEN_PID=$$ exec %s --supplicant-bus=" % (moves, PROGRAM)
        env = {**os.environ, "NOTIFY_SOCKET": self.path, "DBUS_SYSTEM_BUS_ADDRESS": self.bus, "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": names}
        self.process = subprocess.Popen(["/bin/bash", "-c", script], env=env, pass_fds=[fd for _, fd in fds])
        self.until("READY=1")

    def until(self, words):
        end = time.monotonic() + 20
        while True:
            ready, _, _ = select.select([self.socket], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError("no %s within 20 s" % words)
            text, ancillary, _, _ = self.socket.recvmsg(4096, 1024)
            lines = text.decode().split("\n")
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS) and "FDSTORE=1" in lines:
                    name = [line for line in lines if line.startswith("FDNAME=")][0].partition("=")[2]
                    got = array.array("i", data[:4])[0]
                    # Far from where the next process will have them.
                    if name in self.kept:
                        os.close(self.kept[name])
                    self.kept[name] = fcntl.fcntl(got, fcntl.F_DUPFD_CLOEXEC, 50)
                    os.close(got)
            if words in lines:
                return

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class First:
    """What macsec-nm 0.1.0 keeps for the next process, as it reads it."""

    VERSION = 2

    def __init__(self, octets):
        self.rest = octets

    def number(self):
        value, self.rest = int.from_bytes(self.rest[:8], "big"), self.rest[8:]
        return value

    def octets(self):
        size = self.number()
        value, self.rest = self.rest[:size], self.rest[size:]
        return value

    def numbers(self, count):
        return [self.number() for _ in range(count)]

    def network(self):
        self.octets()  # its path
        ckn, cak = self.octets(), self.octets()
        self.numbers(2 + 2 * 4)  # encryption, port; four settings that may be absent
        return ckn, cak

    def link(self):
        path = self.octets().decode()
        self.octets()  # parent
        self.number()
        self.octets(), self.octets()  # owner, state
        self.number()
        networks = [self.network() for _ in range(self.number())]
        self.octets(), self.octets()  # the selected network, the device
        self.numbers(2)
        self.octets(), self.octets()  # id and UUID of the connection
        self.numbers(2)
        self.octets()
        for _ in range(2 * self.number()):  # user data
            self.octets()
        return path, networks

    def version(self):
        self.number()  # the size
        return self.number()

    def state(self):
        """{link: [(CKN, CAK)]}; nothing may be left."""
        size = self.number()
        assert size == len(self.rest), (size, len(self.rest))
        assert self.number() == self.VERSION
        assert self.octets().startswith(b":")
        self.numbers(2)  # generation, next link
        found = dict(self.link() for _ in range(self.number()))
        assert not self.rest, self.rest
        return found


class Restart(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        bus = os.path.join(self.folder.name, "bus")
        config = os.path.join(self.folder.name, "bus.conf")
        with open(config, "w", encoding="ascii") as out:
            out.write(CONFIG % bus)
        self.daemon = subprocess.Popen(["dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", "--config-file=" + config, "--print-address"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.daemon.stdout.readline()
        self.address = "unix:path=" + bus
        self.manager = ServiceManager(self.folder.name, self.address)
        # Objects live as long as who asked for them: one connection for the whole test.
        self.manager.start()

    def tearDown(self):
        self.manager.kill()
        self.manager.socket.close()
        for fd in self.manager.kept.values():
            os.close(fd)
        self.daemon.terminate()
        self.daemon.wait()
        self.daemon.stdout.close()
        self.folder.cleanup()

    def busctl(self, *words):
        return subprocess.run(["busctl", "--address=" + self.address, "--timeout=10", *words], check=True, capture_output=True, text=True).stdout.strip()

    def owner(self):
        return self.busctl("call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s", NAME)

    def create(self):
        return self.busctl("call", NAME, MANAGER, NAME, "CreateInterface", "a{sv}", "2", "Driver", "s", "macsec_linux", "Ifname", "s", "lo")

    def test_name_stays(self):
        before = self.owner()
        self.assertEqual(set(self.manager.kept), {"bus", "state"})
        first = self.create()
        for _ in range(3):
            self.manager.kill()
            self.assertEqual(self.owner(), before)
            self.manager.start()
            self.assertEqual(self.owner(), before)
        second = self.create()
        self.assertNotEqual(first, second)  # it remembers which paths were used

    def link_with(self, **network):
        """The path of a new link with this network. What asked for it lives as long as the test: the link goes with it."""
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        bus = self.asks = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)

        def call(path, interface, member, kind, value):
            return bus.call_sync(NAME, path, interface, member, GLib.Variant("(%s)" % kind, (value,)), None, Gio.DBusCallFlags.NONE, 10_000, None).unpack()[0]
        path = call(MANAGER, NAME, "CreateInterface", "a{sv}", {"Driver": GLib.Variant("s", "macsec_linux"), "Ifname": GLib.Variant("s", "lo")})
        call(path, NAME + ".Interface", "AddNetwork", "a{sv}",
             {key: GLib.Variant({bytes: "ay", int: "i", str: "s"}[type(value)], value) for key, value in network.items()})
        return path

    def kept(self):
        """What the next process finds."""
        return First(os.pread(self.manager.kept["state"], 1 << 16, 0))

    def restart(self):
        before = self.owner()
        self.manager.kill()
        self.manager.start()
        self.assertEqual(self.owner(), before)

    def test_the_first_release_continues_what_it_knows(self):
        path = self.link_with(macsec_policy=1, mka_cak=bytes(range(16)), mka_ckn=b"\x01\x02")
        known = {path: [(b"\x01\x02", bytes(range(16)))]}
        self.assertEqual(self.kept().state(), known)
        self.restart()
        self.assertEqual(self.kept().state(), known)

    def test_the_first_release_gets_nothing_that_it_does_not_know(self):
        self.link_with(macsec_policy=1, key_mgmt="IEEE8021X", eap="TLS", identity=b"host1")
        self.assertNotEqual(self.kept().version(), First.VERSION)
        self.restart()
        self.assertNotEqual(self.kept().version(), First.VERSION)

    def test_state_of_another_build_is_left_alone(self):
        before = self.owner()
        self.create()
        self.manager.kill()
        os.pwrite(self.manager.kept["state"], b"\xff" * 8, 8)  # after the length
        self.manager.start()
        self.assertNotEqual(self.owner(), before)
        self.assertIn("/Interfaces/macsec", self.create())

    def test_calls_made_meanwhile_are_answered(self):
        self.manager.kill()
        call = subprocess.Popen(["busctl", "--address=" + self.address, "--timeout=20", "call", NAME, MANAGER, NAME, "CreateInterface", "a{sv}", "2",
                                 "Driver", "s", "macsec_linux", "Ifname", "s", "lo"], stdout=subprocess.PIPE, text=True)
        self.manager.start()
        self.assertIn("/Interfaces/macsec", call.communicate(timeout=30)[0])

    def test_ends_for_good_where_another_has_the_name(self):
        env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.address}
        ended = subprocess.run([PROGRAM, "--supplicant-bus="], env=env, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(ended.returncode, 5)  # RestartPreventExitStatus= of the unit
        self.assertIn(NAME, ended.stderr)

    def test_keys_are_for_no_core_file(self):
        with open("/proc/%d/limits" % self.manager.process.pid, encoding="ascii") as text:
            core = [line.split() for line in text if line.startswith("Max core file size")][0]
        self.assertEqual(core[4:6], ["0", "0"])


if __name__ == "__main__":
    unittest.main()
