# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other end of an 802.1X link: Debian's hostapd for EAP, and a macsecd of its own for MKA, with the CAK of each authentication.

hostapd of Debian has no MACsec. It logs the keys of each authentication; CAK and CKN are made of them here, by openssl and not by
the code under test, and take the place of those before in the profile of the macsecd beside it, as an access port would.
"""

import os
import re
import threading

from . import macsec
from .check import check, wait_until
from .daemon import psk_profile
from .process import command

_USERS = """"host1" TLS
* PEAP,TTLS [ver=0]
"alice" MSCHAPV2,TTLS-MSCHAPV2,TTLS-PAP "wonder" [2]
"bob" MSCHAPV2 "wonder" [2]
"""
_CONFIG = """interface=eth0
driver=wired
logger_stdout=-1
logger_stdout_level=0
ieee8021x=1
eapol_version=2
use_pae_group_addr=1
eap_reauth_period=%(reauthenticate)d
eap_server=1
eap_user_file=%(users)s
ca_cert=%(ca.pem)s
server_cert=%(server.pem)s
private_key=%(server.key)s
server_id=%(name)s
%(more)s
"""


def _kdf(key, label, context, bits):
    """802.1X-2020 6.2.1 with AES-CMAC, for 128 bits of output an iteration."""
    out = b""
    cipher = "AES-%d-CBC" % (8 * len(key))
    for i in range(1, bits // 128 + 1):
        message = bytes([i]) + label + b"\0" + context + bits.to_bytes(2, "big")
        path = os.path.join("/tmp", "kdf-%d" % threading.get_native_id())
        with open(path, "wb") as text:
            text.write(message)
        out += bytes.fromhex(command(["openssl", "mac", "-cipher", cipher, "-macopt", "hexkey:" + key.hex(), "-in", path, "CMAC"]).strip())
        os.unlink(path)
    return out


def session_key(msk, session_id, one, other, bits=128):
    """(CAK, CKN) in hexadecimal, from an authentication between two MAC addresses "02:00:..." (802.1X-2020 6.2.2)."""
    macs = b"".join(sorted(bytes.fromhex(mac.replace(":", "")) for mac in (one, other)))
    key = msk[:bits // 8]
    return (_kdf(key, b"IEEE8021 EAP CAK", macs, bits).hex(), _kdf(key, b"IEEE8021 EAP CKN", session_id + macs, 128).hex())


class Authenticator:
    """hostapd and macsecd in `namespace`, for the host whose eth0 is in `host`. Needs hostapd and openssl in the guest.

    `files`: of radius.certificates(); `bits`: of the CAK; `reauthenticate`: seconds, 0 for never; `more`: lines for hostapd;
    `sections`: of the profile, as for psk_profile. `keys`: (CAK, CKN) of each authentication so far.
    """

    def __init__(self, c, namespace, host, files, bits=128, reauthenticate=0, more="", **sections):
        self.namespace = namespace
        self.keys = []
        self._c, self._host, self._bits = c, host, bits
        self._sections = {**sections, "MKA": {"Priority": 10, **sections.get("MKA", {})}}
        self._daemon = None
        folder = c.folder("hostapd-" + namespace.name)
        users = os.path.join(folder, "users")
        self._config = os.path.join(folder, "hostapd.conf")
        c.write(users, _USERS)
        c.write(self._config, _CONFIG % {"reauthenticate": reauthenticate, "users": users, "name": "radius.test", "more": more, **files})
        self.process = None
        self.start()
        self._stop = threading.Event()
        self._follower = threading.Thread(target=self._follow, daemon=True)
        c.callback(self._end)
        self._follower.start()

    def start(self):
        self.process = self._c.start(["hostapd", "-dd", "-K", self._config], self.namespace, "hostapd-" + self.namespace.name)

    def _end(self):
        self._stop.set()
        self._follower.join(10)

    def _follow(self):
        """Reads what hostapd logs, and takes the keys of each authentication."""
        msk = None
        with open(self.process.log, encoding="utf-8", errors="replace") as log:
            while not self._stop.wait(0.1):
                for line in log.readlines():
                    if match := re.search(r"EAP-\w+: Derived key - hexdump\(len=\d+\): ([0-9a-f ]+)", line):
                        msk = bytes.fromhex(match[1])
                    elif msk and (match := re.search(r"Session-Id - hexdump\(len=\d+\): ([0-9a-f ]+)", line)):
                        session = bytes.fromhex(match[1])
                        self._take(session_key(msk, session, self._host.mac("eth0"), self.namespace.mac("eth0"), self._bits))
                        msk = None

    def _take(self, key):
        self.keys.append(key)
        text = psk_profile(*key, **self._sections)
        if self._daemon is None:
            self._daemon = self._c.macsecd(self.namespace, {"port": text})
        else:
            self._daemon.profile("port", text)
            self._daemon.reload()

    def wait_keys(self, count, deadline=30):
        wait_until(lambda: len(self.keys) >= count, deadline, "%d authentications" % count, every=0.05, state=lambda: self.process.output()[-2000:])
        check(len({ckn for _, ckn in self.keys}) == len(self.keys), "each authentication gives another CKN")

    def wait_secured(self):
        return macsec.wait_secured(self.namespace)
