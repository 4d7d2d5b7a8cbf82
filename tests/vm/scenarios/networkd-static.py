# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: a .netdev with static keys and no [X-MKA] stays what networkd made of it"""

from lab import macsec
from lab.check import equal, stays, wait_until
from lab.networkd import Host, netdev

init = "systemd"
timeout = 200
turn = 3

# As in networkd's own test of MACsec.
STATIC = """
[MACsecReceiveChannel]
Port=678
MACAddress=c6:19:52:8f:e6:a0

[MACsecTransmitAssociation]
PacketNumber=1024
KeyId=01
Key=81818181818181818181818181818181
Activate=yes

[MACsecTransmitAssociation]
PacketNumber=2048
KeyId=02
Key=82828282828282828282828282828282
UseForEncoding=yes

[MACsecReceiveAssociation]
Port=678
MACAddress=c6:19:52:8f:e6:a0
PacketNumber=16
KeyId=02
Key=82828282828282828282828282828282
Activate=yes
"""


def static_keys(c):
    host = Host(c, netdev() + STATIC, "Address=10.0.0.2/24\n")
    host.start()
    found = wait_until(lambda: (lambda s: s if s and s.tx_sa() and s.rx_scs else None)(macsec.secy(host.here)), 20,
                       "networkd's keys are there", state=host.story)

    def what_counts(secy):
        keys = sorted((sa.an, sa.key_id, sa.active) for sa in secy.tx_sas.values())
        return secy.encoding_sa, keys, sorted(secy.rx_scs), secy.validate, secy.protect, secy.replay, secy.encrypt
    equal(sorted(found.rx_scs), ["c619528fe6a002a6"], "receive channels")
    stays(lambda: what_counts(macsec.secy(host.here)) == what_counts(found), 4, "as networkd made it")
    equal(host.here.link("macsec0")["operstate"], "UP", "operational state")
    equal(host.profile("Source"), None, "profile")
    equal(host.session("State"), None, "session")


def run(t):
    t.case("static keys are left alone", static_keys)
