#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RADIUS client against FreeRADIUS over UDP: the key that the server gives is the one that the host has, in each method; what
gives no key, a wrong secret, servers that end, come back or stand in for each other are told apart."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import LabTest, NOBODY, SECOND, SECRET, SERVER  # noqa: E402

RADIUS_HOST = os.path.abspath(sys.argv[1])
SKIP = 77
SESSION_TYPE = {"tls": "0d", "ttls": "15", "peap": "19"}


class Port:
    """A switch port with its host."""

    def __init__(self, lab, settings, servers=(SERVER,), secret=SECRET, timeout=30):
        trust = {"ca": lab.pki.path("ca.pem"), "name": "radius.example.org"}
        words = (f"{key}={value}" for key, value in {**trust, **settings}.items())
        self.process = subprocess.Popen(["ip", "netns", "exec", lab.switch, RADIUS_HOST, secret, str(timeout), ",".join(servers), *words],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()

    def authenticate(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


class PortTest(LabTest):
    """Servers of a test end with it."""

    def setUp(self):
        self.addCleanup(self.lab.stop)


class Radius(PortTest):
    def certificate(self, name="client"):
        return {"method": "tls", "cert": self.lab.pki.path(name + ".pem"), "key": self.lab.pki.path(name + ".key")}

    def password(self, method="ttls", inner="mschapv2", password="wonder"):
        return {"method": method, "inner": inner, "identity": "alice", "anonymous": "anonymous@example.org", "password": password}

    def accepted(self, got, server=SERVER):
        self.assertEqual((got["outcome"], got["server"]), ("accept", server), got)
        self.assertEqual(len(got["msk"]), 128)
        self.assertEqual(got["msk"], got["peer_msk"])
        self.assertEqual(got["session_id"], got["peer_session_id"])

    def failed(self, got, problem, words):
        self.assertEqual((got["outcome"], got["problem"], got["msk"]), ("failed", problem, ""), got)
        self.assertIn(words, got["words"])

    def test_keys_are_the_hosts(self):
        self.lab.run_radius()
        methods = (self.certificate(), self.password("peap", "eap-mschapv2"), self.password("peap", "eap-gtc"),
                   self.password("ttls", "pap"), self.password("ttls", "mschapv2"))
        for settings in methods:
            for version in ("1.2", "1.3"):
                with self.subTest(method=settings["method"], inner=settings.get("inner"), version=version):
                    with Port(self.lab, {**settings, "min": version, "max": version}) as port:
                        for _ in range(2):
                            got = port.authenticate()
                            self.accepted(got)
                            self.assertEqual(got["session_id"][:2], SESSION_TYPE[settings["method"]])
                            self.assertEqual(got["state"], "alive")

    def test_sessions_are_accounted(self):
        """FreeRADIUS drops records whose Request Authenticator is wrong."""
        radius = self.lab.run_radius()
        with Port(self.lab, self.certificate()) as port:
            self.accepted(port.authenticate())
            radius.until(lambda text: text.count("Sent Accounting-Response") == 2)
            self.assertEqual(port.authenticate()["accounted"], 2)
            radius.until(lambda text: text.count("Sent Accounting-Response") == 4)
        text = radius.text()
        self.assertEqual([text.count("Acct-Status-Type = " + kind) > 0 for kind in ("Start", "Stop")], [True, True], text)
        self.assertEqual(len(set(re.findall(r'Acct-Session-Id = "([0-9a-f]{16})"', text))), 2)

    def test_many_fragments(self):
        self.lab.run_radius(fragment=200)
        with Port(self.lab, {**self.certificate(), "fragment": 200}) as port:
            self.accepted(port.authenticate())

    def test_who_is_not_let_in(self):
        self.lab.run_radius()
        for settings in (self.certificate("stranger"), self.password(password="wander")):
            with self.subTest(settings["method"]), Port(self.lab, settings) as port:
                got = port.authenticate()
                self.assertEqual((got["outcome"], got["msk"], got["peer_msk"]), ("reject", "", ""), got)

    def test_server_that_names_no_session(self):
        self.lab.run_radius(says_session=False)
        with Port(self.lab, self.password()) as port:
            self.failed(port.authenticate(), "no-session-id", f"RADIUS server {SERVER} sends no EAP-Key-Name")

    def test_another_secret(self):
        """FreeRADIUS answers nobody whose Message-Authenticator is wrong."""
        radius = self.lab.run_radius()
        with Port(self.lab, self.password(), secret="another secret of the lab", timeout=3) as port:
            self.failed(port.authenticate(), "silent", f"no answer from {SERVER}:1812 (3s)")
        radius.until(lambda text: "Shared secret is incorrect" in text)

    def test_server_that_ends_and_comes_back(self):
        radius = self.lab.run_radius()
        with Port(self.lab, self.password()) as port:
            self.accepted(port.authenticate())
            radius.stop()
            for state in ("alive", "alive", "dead"):
                got = port.authenticate()
                self.failed(got, "refused", f"{SERVER}:1812: port unreachable")
                self.assertEqual(got["state"], state)
            self.lab.run_radius()
            got = port.authenticate()
            self.accepted(got)
            self.assertEqual(got["state"], "alive")

    def test_second_server(self):
        first, _ = self.lab.run_radius(), self.lab.run_radius(SECOND)
        with Port(self.lab, self.certificate(), (SERVER, SECOND)) as port:
            self.accepted(port.authenticate())
            first.stop()
            self.accepted(port.authenticate(), SECOND)

    def test_second_server_where_nobody_has_the_address_of_the_first(self):
        self.lab.run_radius(SECOND)
        with Port(self.lab, self.certificate(), (NOBODY, SECOND), timeout=2) as port:
            self.accepted(port.authenticate(), SECOND)


def main():
    missing = [name for name in ("freeradius", "openssl", "ip") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print("skipped:", "needs root" if not missing else "needs " + ", ".join(missing))
        return SKIP
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Radius)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
