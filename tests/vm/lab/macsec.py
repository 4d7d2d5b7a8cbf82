# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel says about MACsec devices, and devices made by hand."""

import json

from .check import Failure, wait_until
from .net import ip


class Sa:
    """A secure association. `key_id`: 32 hex digits."""

    def __init__(self, item):
        self.an = item["an"]
        self.pn = item["pn"]
        self.active = item["active"]
        self.key_id = item["key"]
        self.ssci = item.get("ssci")
        self.counters = {name: value for name, value in item.items() if name[:3] in ("InP", "Out")}

    def __repr__(self):
        return "SA %d %s pn %d key %s" % (self.an, "on" if self.active else "off", self.pn, self.key_id[:8])


class RxSc:
    """A receive channel. `sci`: 16 hex digits; `sas`: {AN: Sa}."""

    def __init__(self, item):
        self.sci = item["sci"].replace("0x", "").rjust(16, "0")
        self.active = item["active"]
        self.sas = {sa["an"]: Sa(sa) for sa in item.get("sa_list", [])}
        self.counters = {name: value for name, value in item.items() if name.startswith("In")}

    def active_sas(self):
        return [sa for sa in self.sas.values() if sa.active]


class Secy:
    """A MACsec device as `ip -s macsec show` gives it."""

    def __init__(self, item):
        self.raw = item
        self.name = item["ifname"]
        self.sci = item["sci"].replace("0x", "").rjust(16, "0")
        self.cipher = item["cipher_suite"]
        self.encrypt = item["encrypt"]
        self.protect = item["protect"]
        self.validate = item["validate"]
        self.replay = item["replay"]
        self.window = item.get("window", 0)
        self.send_sci = item["send_sci"]
        self.offload = item.get("offload", "off")
        self.encoding_sa = item["encoding_sa"]
        self.tx_sas = {sa["an"]: Sa(sa) for sa in item.get("sa_list", [])}
        self.rx_scs = {sc.sci: sc for sc in (RxSc(entry) for entry in item.get("rx_sc", []))}
        self.counters = {name: value for name, value in item.items() if name[:3] in ("InP", "Out", "InO")}

    @property
    def port(self):
        return int(self.sci[12:], 16)

    def tx_sa(self):
        """The SA that encodes, if it is there and on."""
        sa = self.tx_sas.get(self.encoding_sa)
        return sa if sa and sa.active else None

    def secured(self, peers=1):
        """An active transmit SA, and an active receive SA with the same key from at least `peers` peers."""
        sa = self.tx_sa()
        if sa is None:
            return False
        ready = [sc for sc in self.rx_scs.values() if any(other.key_id == sa.key_id for other in sc.active_sas())]
        return len(ready) >= peers

    def key_ids(self):
        """All key identifiers installed on any SA."""
        found = {sa.key_id for sa in self.tx_sas.values()}
        return found | {sa.key_id for sc in self.rx_scs.values() for sa in sc.sas.values()}

    def __repr__(self):
        return "%s %s %s tx %s (encoding %d) rx %s" % (
            self.name, self.cipher, self.sci, list(self.tx_sas.values()), self.encoding_sa,
            {sci: list(sc.sas.values()) for sci, sc in self.rx_scs.items()})


def secys(namespace):
    """{device name: Secy}."""
    text = namespace.ip("-j", "-s", "macsec", "show", check=False)
    try:
        return {item["ifname"]: Secy(item) for item in (json.loads(text) if text.strip() else [])}
    except (json.JSONDecodeError, KeyError) as error:  # a device went away while it was being dumped
        if "No such device" in text or isinstance(error, json.JSONDecodeError):
            return {}
        raise


def secy(namespace, device="macsec0"):
    """The device's Secy, or None."""
    return secys(namespace).get(device)


def wait_secured(namespace, device="macsec0", deadline=10, peers=1):
    """Wait until the kernel holds matching SAs for `peers` peers; returns the Secy."""
    def ready():
        found = secy(namespace, device)
        return found if found and found.secured(peers) else None
    return wait_until(ready, deadline, "%s: %s is secured with %d peer(s)" % (namespace.name, device, peers),
                      state=lambda: secy(namespace, device))


def wait_new_key(namespace, old, device="macsec0", deadline=10):
    """Wait until the encoding SA has another key than `old` (a Secy or key id) and is secured; returns the Secy."""
    known = old.tx_sa().key_id if isinstance(old, Secy) else old

    def ready():
        found = secy(namespace, device)
        return found if found and found.secured() and found.tx_sa().key_id != known else None
    return wait_until(ready, deadline, "%s: %s has a new key" % (namespace.name, device), state=lambda: secy(namespace, device))


def sci(mac, port=1):
    """An SCI as 16 hex digits."""
    return mac.replace(":", "") + "%04x" % port


def by_hand(one, two, device="macsec0", parent="eth0", cipher="gcm-aes-128", key_octets=16):
    """A pair with static keys through `ip macsec`."""
    for own, other, own_key, other_key in ((one, two, "11", "22"), (two, one, "22", "11")):
        own.ip("link", "add", "link", parent, device, "type", "macsec", "cipher", cipher, "encrypt", "on")
        own.ip("link", "set", device, "addrgenmode", "none")
        own.ip("macsec", "add", device, "tx", "sa", 0, "pn", 1, "on", "key", own_key, own_key * key_octets)
        address = ("port", 1, "address", other.mac(parent))
        own.ip("macsec", "add", device, "rx", *address)
        own.ip("macsec", "add", device, "rx", *address, "sa", 0, "pn", 1, "on", "key", other_key, other_key * key_octets)
        own.up(device)


__all__ = ["Failure", "RxSc", "Sa", "Secy", "by_hand", "ip", "sci", "secy", "secys", "wait_new_key", "wait_secured"]
