# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd-networkd: a .netdev with static keys and no [X-MKA] stays what networkd made of it"""

from lab import macsec
from lab.check import check, equal, stays
from lab.networkd import Host, netdev

init = "systemd"
timeout = 200

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
KeyId=02
Key=82828282828282828282828282828282
UseForEncoding=yes

[MACsecReceiveAssociation]
Port=678
MACAddress=c6:19:52:8f:e6:a0
KeyId=02
Key=82828282828282828282828282828282
Activate=yes
"""


def static_keys(c):
    host = Host(c, netdev() + STATIC, "Address=10.0.0.2/24\n")
    host.start()
    found = macsec.wait_secured(host.here, deadline=20)

    def untouched():
        now = macsec.secy(host.here)
        return (now.encoding_sa, sorted(now.tx_sas), list(now.rx_scs), now.validate, now.protect) == (
            1, [0, 1], ["c619528fe6a002a6"], found.validate, found.protect)
    check(untouched(), "as the file says: %r" % found)
    stays(untouched, 4, "as the file says")
    equal(host.here.link("macsec0")["operstate"], "UP", "operational state")
    equal(host.profile("Source"), None, "profile")
    equal(host.session("State"), None, "session")


def run(t):
    t.case("static keys are left alone", static_keys)
