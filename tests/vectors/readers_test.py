#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads our MKPDUs with tshark, scapy and python3-cryptography: readers_test.py MKPDU-SAMPLES

What each sample holds is written down here once more, from the standard, and the keys are derived here once more.
"""

import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    from cryptography.hazmat.primitives.ciphers import algorithms
    from cryptography.hazmat.primitives.cmac import CMAC
    from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
    from scapy.layers.eap import EAPOL, MKAPDU
    from scapy.layers.l2 import Ether
    from scapy.utils import rdpcap
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

OWN = "a1a2a3a4a5a6a7a8a9aaabac"
PEER = "b1b2b3b4b5b6b7b8b9babbbc"
THIRD = "c1c2c3c4c5c6c7c8c9cacbcc"
SUITES = [0x0080C20001000001 + i for i in range(4)]
ICV = 16


def counting(first, size):
    return bytes((first + i) % 256 for i in range(size))


def cmac(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


def derive(cak, label, ckn):
    """KDF of 802.1X 6.2.1, for keys as long as the CAK."""
    bits = (len(cak) * 8).to_bytes(2, "big")
    context = ckn[:16].ljust(16, b"\0")
    blocks = (cmac(cak, bytes([i]) + label + b"\0" + context + bits) for i in range(1, len(cak) // 16 + 1))
    return b"".join(blocks)


# tshark's names of what it finds, without the leading "mka."; a list where a field stands more than once.
ALONE = {
    "version_id": 3, "ks_prio": 16, "key_server": 0, "macsec_desired": 1, "macsec_capability": 3,
    "sci": "0200000000010001", "actor_mi": OWN, "actor_mn": "00000007", "algo_agility": 0x0080C201,
    "cak_name": counting(0x60, 16).hex(), "param_set_type": [], "icv_indicator": [],
}
TWO_LIVE = {"peer_mi": [PEER, THIRD], "peer_mn": ["00000029", "01020304"], "key_server_ssci": 0}
BOTH_KEYS = {
    "latest_key_an": 2, "latest_key_tx": 1, "latest_key_rx": 1, "latest_key_server_mi": OWN,
    "latest_key_number": "00000003", "latest_lowest_acceptable_pn": "000004d2",
    "old_key_an": 1, "old_key_tx": 0, "old_key_rx": 1, "old_key_server_mi": OWN,
    "old_key_number": "00000002", "old_lowest_acceptable_pn": "fffffff0",
    "plain_tx": 0, "plain_rx": 0, "delay_protect": 1,
}


def distribution(suite, upper=0, ssci=0):
    named = [] if suite == 0 else [SUITES[suite]]
    return ALONE | TWO_LIVE | {
        "key_server": 1, "key_server_ssci": ssci, "param_set_type": [1, 3, 4, 7, 8],
        "latest_key_an": 1, "latest_key_tx": 0, "latest_key_rx": 1, "latest_key_number": "00000005",
        "old_key_server_mi": "00" * 12, "old_key_number": "00000000",
        "latest_lowest_acceptable_pn": ["00000001", f"{upper:08x}"],
        "old_lowest_acceptable_pn": ["00000001", "00000000"],
        "distributed_an": 1, "confidentiality_offset": 1, "key_number": "00000005",
        "macsec_cipher_suite": named + SUITES, "suspension_time": 0,
    }


# Name, octets of the CAK, what tshark must find. In the order mkpdu-samples writes them.
SAMPLES = [
    ("alone", 16, ALONE),
    ("ckn-1", 16, ALONE | {"cak_name": "60", "padding": "000000"}),
    ("ckn-3", 16, ALONE | {"cak_name": "606162", "padding": "00"}),
    ("ckn-32-cak-256", 32, ALONE | {"cak_name": counting(0x60, 32).hex()}),
    ("heard", 16, ALONE | {"param_set_type": 2, "peer_mi": THIRD, "peer_mn": "00000009"}),
    ("live-and-potential", 16, ALONE | {"param_set_type": [1, 2], "peer_mi": [PEER, THIRD],
                                        "peer_mn": ["00000029", "00000009"]}),
    ("sak-use", 16, ALONE | TWO_LIVE | BOTH_KEYS | {"param_set_type": [1, 3]}),
    ("suspended-xpn", 16, ALONE | TWO_LIVE | BOTH_KEYS | {
        "param_set_type": [1, 3, 7, 8], "plain_tx": 1, "plain_rx": 1, "suspension_time": 120,
        "latest_lowest_acceptable_pn": ["000004d2", "00000007"], "macsec_cipher_suite": SUITES,
        "old_lowest_acceptable_pn": ["fffffff0", "00000006"]}),
    ("distribute-gcm-aes-128", 16, distribution(0)),
    ("distribute-gcm-aes-256", 32, distribution(1)),
    ("distribute-gcm-aes-xpn-128", 16, distribution(2, upper=1, ssci=3)),
    ("distribute-gcm-aes-xpn-256", 32, distribution(3, upper=1, ssci=3)),
    ("no-macsec", 16, ALONE | TWO_LIVE | {"key_server": 1, "param_set_type": [1, 3, 4], "latest_key_server_mi": [],
                                          "aes_key_wrap_sak": []}),
    ("icv-indicator", 16, ALONE | TWO_LIVE | BOTH_KEYS | {"param_set_type": [1, 3, 255], "icv_indicator": 1}),
]


def text_list(value):
    return [str(v) for v in (value if isinstance(value, list) else [value])]


class Readers(unittest.TestCase):
    """One reader a test; every sample a subtest."""

    @classmethod
    def setUpClass(cls):
        with tempfile.NamedTemporaryFile(suffix=".pcap") as capture:
            subprocess.run([PROGRAM, capture.name], check=True)
            cls.frames = [bytes(packet) for packet in rdpcap(capture.name)]
            cls.found = cls.dissect(capture.name) if shutil.which("tshark") else None

    @staticmethod
    def dissect(path):
        """tshark's fields by name for each frame."""
        names = sorted({name for _, _, expected in SAMPLES for name in expected} | {"icv", "aes_key_wrap_sak"})
        command = ["tshark", "-r", path, "-T", "fields", "-E", "separator=;", "-E", "aggregator=|"]
        for name in ["_ws.expert", *(f"mka.{name}" for name in names)]:
            command += ["-e", name]
        lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        split = [line.split(";") for line in lines.stdout.splitlines()]
        return [dict(zip(["trouble", *names], ([v for v in f.split("|") if v] for f in fields))) for fields in split]

    def check_each(self, check):
        """check(index, frame, CAK, CKN, what is expected) for each sample."""
        self.assertEqual(len(self.frames), len(SAMPLES))
        for index, (name, cak_size, expected) in enumerate(SAMPLES):
            with self.subTest(sample=name):
                check(index, self.frames[index], counting(0x10, cak_size), bytes.fromhex(expected["cak_name"]), expected)

    def test_icv(self):
        def check(_index, frame, cak, ckn, _expected):
            self.assertEqual(cmac(derive(cak, b"IEEE8021 ICK", ckn), frame[:-ICV]), frame[-ICV:])
        self.check_each(check)

    def test_tshark(self):
        if self.found is None:
            self.skipTest("no tshark")
        self.check_each(self.check_dissected)

    def check_dissected(self, index, frame, cak, ckn, expected):
        found = self.found[index]
        self.assertEqual(found["trouble"], [])
        self.assertEqual(found["icv"], [frame[-ICV:].hex()])
        for name, value in expected.items():
            # Numbers are shown in decimal or hexadecimal, as the field likes.
            got = [str(int(v, 0)) if v.startswith("0x") else v for v in found[name]]
            self.assertEqual(got, text_list(value), name)
        if "distributed_an" in expected:
            (wrapped,) = found["aes_key_wrap_sak"]
            self.assert_sak(bytes.fromhex(wrapped), cak, ckn)

    def assert_sak(self, wrapped, cak, ckn):
        self.assertEqual(aes_key_unwrap(derive(cak, b"IEEE8021 KEK", ckn), wrapped), counting(0x80, len(wrapped) - 8))

    def test_scapy(self):
        """scapy knows the sets of 2010 only, and no padding between sets: those samples it can read."""
        self.check_each(self.check_scapy)

    def check_scapy(self, _index, frame, cak, ckn, expected):
        packet = Ether(frame)
        self.assertEqual((packet.dst, packet.src, packet.type),
                         ("01:80:c2:00:00:03", "02:00:00:00:00:01", 0x888E))
        self.assertEqual((packet[EAPOL].version, packet[EAPOL].type, packet[EAPOL].len), (3, 5, len(frame) - 18))
        basic = packet[MKAPDU].basic_param_set
        self.assertEqual((basic.mka_version_id, basic.key_server_priority, basic.macsec_desired), (3, 16, 1))
        self.assertEqual(basic.key_server, expected["key_server"])
        self.assertEqual(basic.SCI.system_identifier, "02:00:00:00:00:01")
        self.assertEqual((basic.SCI.port_identifier, basic.actor_message_number), (1, 7))
        self.assertEqual(basic.actor_member_id.hex(), OWN)
        self.assertEqual(basic.cak_name, ckn)
        sets = {getattr(s, "param_set_type", None): s for s in packet[MKAPDU].parameter_sets}
        if "latest_key_an" in expected:
            use = sets[3]
            self.assertEqual((use.latest_key_an, use.latest_key_tx, use.latest_key_rx),
                             tuple(expected[f"latest_key_{n}"] for n in ("an", "tx", "rx")))
            self.assertEqual(use.latest_key_key_number.hex(), expected["latest_key_number"])
            self.assertEqual(use.latest_key_lowest_acceptable_pn.hex(),
                             text_list(expected["latest_lowest_acceptable_pn"])[0])
            self.assertEqual(use.old_key_key_server_member_id.hex(), expected["old_key_server_mi"])
        if expected.get("distributed_an") and len(cak) == 16:
            self.assertEqual((sets[4].distributed_an, sets[4].confidentiality_offset), (1, 1))
            self.assert_sak(sets[4].sak_aes_key_wrap, cak, ckn)
        if expected["icv_indicator"]:
            self.assertEqual(sets[255].icv, frame[-ICV:])


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
