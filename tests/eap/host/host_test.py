#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsec-eap against the EAP servers of hostapd and FreeRADIUS: each method gives the key that the server logs, in TLS 1.2 and 1.3;
sessions are resumed; what must be refused is refused in words and gives no key."""

import json
import os
import shutil
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import tpm  # noqa: E402
from lab import LabTest  # noqa: E402

EAP_HOST, PART = os.path.abspath(sys.argv[1]), sys.argv[2]
SKIP = 77
SESSION_TYPE = {"tls": "0d", "ttls": "15", "peap": "19"}
INNER = {"peap": ("eap-mschapv2", "eap-gtc"), "ttls": ("pap", "chap", "mschap", "mschapv2", "eap-mschapv2", "eap-gtc")}


class OnLab(LabTest):
    program = EAP_HOST

    def certificate(self, name="client"):
        return {"method": "tls", "cert": self.lab.pki.path(name + ".pem"), "key": self.lab.pki.path(name + ".key")}

    def password(self, method, inner, user="alice", password="wonder"):
        return {"method": method, "inner": inner, "identity": user, "anonymous": "anonymous@example.org", "password": password}

    def run_host(self, settings, version=None, rounds=1):
        versions = {"min": version, "max": version} if version else {}
        trust = {"ca": self.lab.pki.path("ca.pem"), "name": "radius.example.org"}
        return [json.loads(line) for line in self.lab.authenticate({**trust, **settings, **versions}, rounds)]

    def succeed(self, settings, version):
        """One authentication whose key the server has, too."""
        got = self.run_host(settings, version)
        self.assertEqual([one["outcome"] for one in got], ["success"], got)
        self.assertEqual(got[0]["tls"], "TLSv" + version)
        self.assertTrue(got[0]["verified"])
        self.assertEqual(len(got[0]["msk"]), 128)
        self.lab.need_key(got[0]["msk"])
        self.assertEqual(got[0]["session_id"][:2], SESSION_TYPE[settings["method"]])
        self.assertEqual(len(got[0]["session_id"]), 130)
        if self.lab.radius:
            self.lab.need_session(got[0]["session_id"])

    def try_methods(self):
        for version in ("1.2", "1.3"):
            with self.subTest(method="tls", version=version):
                self.succeed(self.certificate(), version)
            for method, inners in INNER.items():
                # hostapd 2.10 derives PEAP's keys in TLS 1.3 in a way of its own: its own supplicant refuses them, too.
                if method == "peap" and version == "1.3" and not self.lab.radius:
                    continue
                for inner in inners:
                    with self.subTest(method=method, inner=inner, version=version):
                        self.succeed(self.password(method, inner), version)


class Methods(OnLab):
    def test_hostapd(self):
        self.lab.start_own()
        self.try_methods()
        with self.subTest("crypto-binding"):
            self.succeed({**self.password("peap", "eap-mschapv2"), "binding": "required"}, "1.2")

    def test_freeradius(self):
        self.lab.start_radius()
        self.try_methods()

    def test_fragments(self):
        self.lab.start_radius(fragment=200)
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                self.succeed({**self.certificate(), "fragment": 200}, version)


class InToken(OnLab):
    """A key that a token keeps, to be used and not read."""
    PIN = "1234"

    def in_token(self, name="host1", pin=PIN):
        return {**self.certificate(), "key": f"pkcs11:token=lab;object={name};type=private", "pin": pin}

    def try_versions(self):
        self.lab.start_own()
        for version in ("1.2", "1.3"):
            with self.subTest(version=version):
                self.succeed(self.in_token(), version)

    def try_refusals(self, *refused):
        for settings, words in refused:
            with self.subTest(words):
                got = self.run_host(settings)
                self.assertEqual([(one["outcome"], one["problem"]) for one in got], [("unusable", "profile")])
                self.assertRegex(got[0]["words"], words)
                self.assertNotIn(settings["pin"], got[0]["words"])


class Tokens(InToken):
    """SoftHSM."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.lab.folder / "tokens"
        folder.mkdir()
        (cls.lab.folder / "softhsm.conf").write_text(f"directories.tokendir = {folder}\n", encoding="ascii")
        os.environ["SOFTHSM2_CONF"] = str(cls.lab.folder / "softhsm.conf")
        key = cls.lab.pki.path("client.key")
        for words in (("--init-token", "--free", "--label", "lab", "--so-pin", "5678"),
                      ("--import", key, "--token", "lab", "--label", "host1", "--id", "01")):
            subprocess.run(["softhsm2-util", *words, "--pin", cls.PIN], check=True, stdout=subprocess.DEVNULL)

    def test_authenticates(self):
        self.try_versions()

    def test_what_the_token_refuses(self):
        self.try_refusals((self.in_token(pin="9999"), "PIN incorrect"), (self.in_token("nobody"), "object not found"),
                          ({**self.in_token(), "key": "handle:0x81000001"}, "is not accepted"))


class TpmKeys(InToken):
    """A TPM, through tpm2-pkcs11."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        emulated = cls.enterClassContext(tpm.Tpm(cls.lab.folder / "tpm"))
        emulated.keep(cls.lab.pki.path("client.key"), "host1", cls.PIN)

    def test_authenticates(self):
        self.try_versions()

    def test_what_the_tpm_refuses(self):
        self.try_refusals((self.in_token(pin="9999"), "PIN incorrect"), (self.in_token("nobody"), "object not found"))


class Resumption(OnLab):
    def rounds(self, settings, version, count):
        """(outcome, resumed) of each of `count` authentications. Each that succeeds has a key of its own, the server's."""
        got = self.run_host(settings, version, count)
        keys = [one["msk"] for one in got if one["outcome"] == "success"]
        self.assertEqual(len({one["session_id"] for one in got if one["session_id"]}), len(keys))
        for key in keys:
            self.lab.need_key(key)
        return [(one["outcome"], one["resumed"]) for one in got]

    def test_each_time_another_key(self):
        self.lab.start_own()
        for settings, version in ((self.certificate(), "1.2"), (self.password("peap", "eap-mschapv2"), "1.2"),
                                  (self.password("ttls", "pap"), "1.2"), (self.password("ttls", "pap"), "1.3")):
            with self.subTest(method=settings["method"], version=version):
                self.assertEqual(self.rounds(settings, version, 2), [("success", False), ("success", True)])

    def test_what_the_server_does_not_confirm_is_done_in_full(self):
        """hostapd 2.10 leaves out the protected success of EAP-TLS 1.3 when it resumes (RFC 9190 2.5 demands it)."""
        self.lab.start_own()
        self.assertEqual(self.rounds(self.certificate(), "1.3", 4),
                         [("success", False), ("failure", True), ("success", False), ("success", False)])

    def test_what_the_server_refuses_to_resume_is_done_in_full(self):
        """hostapd 2.10 refuses a session of TTLS with TLS 1.3 that was resumed before."""
        self.lab.start_own()
        self.assertEqual(self.rounds(self.password("ttls", "pap"), "1.3", 4),
                         [("success", False), ("success", True), ("failure", True), ("success", False)])

    def test_not_where_the_profile_says_no(self):
        self.lab.start_own()
        self.assertEqual(self.rounds({**self.certificate(), "resumption": "no"}, "1.2", 2), [("success", False)] * 2)


class Refusals(OnLab):
    def refuse(self, settings, version, problem, words, hold=True):
        got = self.run_host(settings, version)
        self.assertEqual(len(got), 1, got)
        self.assertEqual((got[0]["outcome"], got[0]["problem"], got[0]["msk"]), ("failure", problem, ""), got)
        self.assertRegex(got[0]["words"], words)
        self.assertEqual(got[0]["hold"], hold)

    def test_servers(self):
        issuer = 'server certificate of "radius.example.org" is signed by "Other CA", which CaCertificate= does not hold'
        for server, problem, words in (
                ("impostor", "certificate-issuer", issuer),
                ("wrongname", "server-name", "the server is mail.example.org; the profile asks for radius.example.org"),
                ("wronguse", "certificate-use", 'server certificate of "radius.example.org" is not for servers'),
                ("expired", "certificate-time", 'server certificate of "radius.example.org" expired on 2020-12-31')):
            self.lab.start_radius(server)
            for version in ("1.2", "1.3"):
                with self.subTest(server=server, version=version):
                    self.refuse(self.certificate(), version, problem, words)

    def test_certificates_of_ours(self):
        self.lab.start_radius()
        for version in ("1.2", "1.3"):
            with self.subTest("stranger", version=version):
                self.refuse(self.certificate("stranger"), version, "client-certificate",
                            'the server refused our certificate "host2.example.org" of "Other CA"')
            with self.subTest("expired", version=version):
                self.refuse(self.certificate("oldclient"), version, "client-certificate-expired",
                            "our certificate expired on 2020-12-31; not tried")

    def test_passwords(self):
        self.lab.start_radius()
        for method, inners in INNER.items():
            for inner in inners:
                for user, password in (("alice", "wander"), ("mallory", "wonder")):
                    with self.subTest(method=method, inner=inner, user=user):
                        self.refuse(self.password(method, inner, user, password), "1.2", "password",
                                    f'user "{user}" or the password was refused')

    def test_no_version_in_common(self):
        self.lab.start_radius(minimum="1.3")
        self.refuse(self.certificate(), "1.2", "tls-version", "the server ended the handshake after our hello: it may not know TLS 1.2",
                    hold=False)

    def test_no_method_in_common(self):
        self.lab.start_own()
        self.refuse({**self.password("peap", "eap-mschapv2"), "anonymous": "bob"}, None, "method-refused",
                    "the server offers MD5 only; the profile allows peap", hold=False)

    def test_binding_that_is_missing(self):
        self.lab.start_radius()
        self.refuse({**self.password("peap", "eap-mschapv2"), "binding": "required"}, "1.2", "binding", "crypto-binding", hold=False)


def main():
    needed = ("hostapd", "freeradius", "openssl", "ip", *{"tokens": ("softhsm2-util",), "tpm": tpm.PROGRAMS}.get(PART, ()))
    missing = [name for name in needed if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print("skipped:", "needs root" if not missing else "needs " + ", ".join(missing))
        return SKIP
    cases = {"methods": Methods, "resumption": Resumption, "tokens": Tokens, "tpm": TpmKeys, "refusals": Refusals}[PART]
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(cases)
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
