#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The RADIUS client against FreeRADIUS over TLS, with the real macsec-eap: keys are the host's, certificates that must be refused are,
each with its sentence, and a server that begins again is used again."""

import os
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lab import SECOND, SERVER  # noqa: E402
from radius_test import Port, PortTest  # noqa: E402

SKIP = 77
TLS = "tls:" + SERVER


class Radsec(PortTest):
    def port(self, servers=(TLS,), client="client", authority="ca", name="radius.example.org", timeout=15):
        path = self.lab.pki.path
        return Port(self.lab, {"method": "tls", "cert": path("client.pem"), "key": path("client.key"),
                               "radsec-ca": path(authority + ".pem"), "radsec-name": name, "radsec-cert": path(client + ".pem"),
                               "radsec-key": path(client + ".key")}, servers, timeout=timeout)

    def accepted(self, got, server=SERVER):
        self.assertEqual((got["outcome"], got["server"]), ("accept", server), got)
        self.assertEqual(len(got["msk"]), 128)
        self.assertEqual((got["msk"], got["session_id"]), (got["peer_msk"], got["peer_session_id"]))

    def refused(self, port, words):
        got = port.authenticate()
        self.assertEqual((got["outcome"], got["problem"], got["msk"]), ("failed", "tls", ""), got)
        self.assertIn(words, got["words"])

    def test_keys_are_the_hosts(self):
        for version in ("1.2", "1.3"):
            with self.subTest(version):
                radius = self.lab.run_radius(radsec="server", radsec_tls=version)
                with self.port() as port:
                    for _ in range(2):
                        got = port.authenticate()
                        self.accepted(got)
                        self.assertEqual((got["tls"], got["state"]), ("TLSv" + version, "alive"))
                    radius.until(lambda text: text.count("Sent Accounting-Response") == 4)
                    self.assertEqual(radius.text().count("Received Status-Server"), 1)
                self.lab.stop()

    def test_servers_that_must_be_refused(self):
        for certificate, words in (("impostor", "Other CA"), ("wrongname", "mail.example.org"), ("expired", "expired")):
            with self.subTest(certificate):
                self.lab.run_radius(radsec=certificate)
                with self.port() as port:
                    self.refused(port, words)
                self.lab.stop()

    def test_client_that_the_server_refuses(self):
        # FreeRADIUS sends no alert before it ends a connection of TLS 1.2.
        for version, words in (("1.2", "or our certificate is not accepted"), ("1.3", "certificate")):
            with self.subTest(version):
                self.lab.run_radius(radsec="server", radsec_tls=version)
                with self.port(client="stranger") as port:
                    self.refused(port, words)
                self.lab.stop()

    def test_files_that_are_not_there(self):
        self.lab.run_radius(radsec="server")
        with self.port(client="nobody") as port:
            self.refused(port, "nobody.pem: No such file or directory")

    def test_server_that_begins_again(self):
        first = self.lab.run_radius(radsec="server")
        with self.port() as port:
            self.accepted(port.authenticate())
            first.stop()
            self.lab.run_radius(radsec="server")
            got = port.authenticate()
            self.accepted(got)
            self.assertEqual(got["state"], "alive")

    def test_server_that_is_not_there(self):
        with self.port() as port:
            got = port.authenticate()
            self.assertEqual((got["outcome"], got["problem"]), ("failed", "refused"), got)
            self.assertIn(f"{SERVER}:2083: connection refused, no RADIUS server over TLS runs there", got["words"])
            self.lab.run_radius(radsec="server")
            self.accepted(port.authenticate())

    def test_connection_that_is_idle(self):
        """FreeRADIUS closes what is idle for five seconds: no failure of the server."""
        radius = self.lab.run_radius(radsec="server", idle=5)
        with self.port() as port:
            self.accepted(port.authenticate())
            radius.until(lambda text: text.count("Received Status-Server") >= 2)
            got = port.authenticate()
            self.accepted(got)
            self.assertEqual((got["state"], got["server_words"]), ("alive", ""))

    def test_udp_and_tls_stand_in_for_each_other(self):
        for servers, first, second in (((TLS, SECOND), "server", None), ((SERVER, "tls:" + SECOND), None, "server")):
            with self.subTest(servers):
                ends, _ = self.lab.run_radius(radsec=first), self.lab.run_radius(SECOND, radsec=second)
                with self.port(servers) as port:
                    self.accepted(port.authenticate())
                    ends.stop()
                    self.accepted(port.authenticate(), SECOND)
                self.lab.stop()


def main():
    missing = [name for name in ("freeradius", "openssl", "ip") if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print("skipped:", "needs root" if not missing else "needs " + ", ".join(missing))
        return SKIP
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(Radsec)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
