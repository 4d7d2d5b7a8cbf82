#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for macsecd on a private bus: fixed objects, as the interface descriptions say. Prints "ready" once it
can be asked, and every method that changes something as "call METHOD PATH ARGUMENTS" for the test to read."""

import sys
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT = "/org/macsecd1"
NOW = 100_000_000_000  # microseconds of CLOCK_BOOTTIME; the tests tell macsecctl the same
SECOND = 1_000_000
CKN = "0a1b"
FOLDERS = ["/nowhere"]  # of profiles
US, PEER, OTHER = "0200000000010001", "0200000000020001", "0200000000030001"


def v(signature, value):
    return GLib.Variant(signature, value)


def sak(number, an, since):
    return v("a{sv}", {"KeyId": v("s", f"{'ab' * 12}/{number}"), "KeyNumber": v("u", number), "An": v("y", an),
                       "CipherSuite": v("s", "GCM-AES-XPN-256"), "Since": v("t", since), "Receiving": v("b", True),
                       "Transmitting": v("b", True)})


def peer(sci, live, server, heard):
    return {"Ckn": v("s", CKN), "Mi": v("s", sci[4:] * 2), "Mn": v("u", 100), "Sci": v("s", sci), "Priority": v("y", 16),
            "Version": v("y", 3), "Live": v("b", live), "KeyServer": v("b", server), "Receiving": v("b", live),
            "Transmitting": v("b", live), "LastHeard": v("t", heard), "CipherSuites": v("as", ["GCM-AES-128"])}


def session(interface, parent, profile, **changes):
    properties = {
        "Interface": v("s", interface), "Ifindex": v("i", 7), "Parent": v("s", parent), "ParentIfindex": v("i", 2),
        "Profile": v("o", f"{ROOT}/profile/{profile}"), "ProfileName": v("s", profile), "State": v("s", "secured"),
        "Since": v("t", NOW - 12_000 * SECOND), "Reason": v("s", "none"), "ReasonText": v("s", ""),
        "LastError": v("s", ""), "Cp": v("s", "TRANSMIT"), "Carrier": v("b", True), "Policy": v("s", "must-secure"),
        "Sci": v("s", US), "IsKeyServer": v("b", False), "KeyServer": v("s", PEER), "Ckn": v("s", CKN),
        "CipherSuite": v("s", "GCM-AES-XPN-256"), "Encrypting": v("b", True), "DelayProtect": v("b", False),
        "Offload": v("s", "mac"), "OffloadText": v("s", "octeontx2"), "ClearFrames": v("s", "hardware"),
        "LatestSak": sak(4, 1, NOW - 720 * SECOND), "OldSak": v("a{sv}", {}), "NextPn": v("t", 123456789),
        "PnUsed": v("d", 0.0287), "NextRekey": v("t", NOW + 2880 * SECOND), "SuspendedUntil": v("t", 0),
        "ForeignCkns": v("as", []), "ClockTrusted": v("b", True), "QuantumSafe": v("s", "yes"),
        "Participants": v("aa{sv}", [{"Ckn": v("s", CKN), "Role": v("s", "primary"), "Active": v("b", True),
                                      "Principal": v("b", True), "Mi": v("s", "cd" * 12), "Mn": v("u", 900),
                                      "IcvFailures": v("t", 0)}]),
        "Peers": v("aa{sv}", [peer(PEER, True, True, NOW - SECOND), peer(OTHER, False, False, NOW - 5 * SECOND)]),
        "Counters": v("a{st}", {"MkpduRx": 6000, "MkpduTx": 6001, "RxIcvFailures": 0, "RxInactiveCkn": 1, "ReceiveSaFailures": 2}),
    }
    return properties | changes


def keys(*lifetimes):
    """Settings with a key for each (CKN, more settings)."""
    return v("a(sa{sv})", [("Link", {"Parent": v("s", "eth0")}), ("MACsec", {"ReplayWindow": v("s", "0")})] +
             [("Key", {"Ckn": v("s", ckn)} | {name: v("s", value) for name, value in more.items()}) for ckn, more in lifetimes])


def participant(ckn, role, active, principal):
    return {"Ckn": v("s", ckn), "Role": v("s", role), "Active": v("b", active), "Principal": v("b", principal),
            "Mi": v("s", "cd" * 12), "Mn": v("u", 900), "IcvFailures": v("t", 0)}


def profile(name, **changes):
    properties = {
        "Name": v("s", name), "Source": v("s", "file"), "Origin": v("s", f"/nowhere/{name}.macsec"),
        "Description": v("s", ""), "Lifetime": v("s", "file"), "Owner": v("s", ""), "ParkedUntil": v("t", 0),
        "Enabled": v("b", True), "Valid": v("b", True), "Parent": v("s", "eth0"), "Interface": v("s", "macsec0"),
        "Session": v("o", "/"), "Sessions": v("ao", []),
        "Settings": v("a(sa{sv})", [
            ("Link", {"Parent": v("s", "eth0"), "Interface": v("s", "macsec0")}),
            ("MACsec", {"Offload": v("s", "auto"), "CipherSuites": v("s", "GCM-AES-XPN-256 GCM-AES-128")}),
            ("Key", {"Ckn": v("s", CKN)}),
            ("Key", {"Ckn": v("s", "ff"), "Role": v("s", "fallback"), "CakFile": v("s", "/etc/macsecd/lab.cak")})]),
        "Problems": v("a(ssuss)", []), "Keys": v("aa{sv}", []),
    }
    return properties | changes


def key(ckn, state, blocker="", **changes):
    return {"Ckn": v("s", ckn), "Bits": v("u", 256), "Role": v("s", "primary"), "State": v("s", state), "Principal": v("b", False),
            "Origin": v("s", f"/etc/macsecd/uplink.macsec.d/key-{ckn}.conf:3"), "LivePeers": v("u", 1), "Since": v("t", NOW - 60 * SECOND),
            "ReadyToRetire": v("b", not blocker), "Blocker": v("s", blocker)} | changes


NO_SAK = {"QuantumSafe": v("s", "no: nothing is secured"),
          "LatestSak": v("a{sv}", {}), "Ckn": v("s", ""), "CipherSuite": v("s", ""), "KeyServer": v("s", ""), "NextPn": v("t", 0),
          "PnUsed": v("d", 0.0), "NextRekey": v("t", 0), "Peers": v("aa{sv}", [])}
SESSIONS = {
    "macsec0": session("macsec0", "eth0", "uplink", Offload=v("s", "mac"),
                       Participants=v("aa{sv}", [participant(CKN, "primary", True, True), participant("ff", "fallback", True, False),
                                                 participant("0c", "primary", False, False)])),
    "macsec1": session("macsec1", "eth1", "lab", State=v("s", "pending"), Since=v("t", NOW - 75 * SECOND),
                       Reason=v("s", "ckn-mismatch"), Offload=v("s", "off"), OffloadText=v("s", ""),
                       ReasonText=v("s", "02:00:00:00:00:05 uses another CKN: ee01; set the same Ckn= at both ends"),
                       ForeignCkns=v("as", ["ee01"]), **NO_SAK),
    "macsec2": session("macsec2", "eth2", "office", State=v("s", "failed"), Since=v("t", NOW - 2 * SECOND),
                       Reason=v("s", "secy-error"), ReasonText=v("s", "the kernel refused what was asked"),
                       LastError=v("s", "cannot install the SAK: Operation not supported"), Carrier=v("b", False), Ifindex=v("i", 0),
                       Policy=v("s", "should-secure"), Encrypting=v("b", False), **NO_SAK),
}

SUPPLICANT = {
    "State": v("s", "authenticated"), "Since": v("t", NOW - 190 * SECOND), "Reason": v("s", "authentication-failed"),
    "ReasonText": v("s", "the server stopped answering in the handshake (3 messages of the method seen)"), "Method": v("s", "peap"),
    "InnerMethod": v("s", "eap-mschapv2"), "Identity": v("s", "@example.org"), "Authenticator": v("s", "02:00:00:00:00:02"),
    "TlsVersion": v("s", "TLSv1.3"), "TlsCipher": v("s", "TLS_AES_256_GCM_SHA384"), "KeyExchange": v("s", "x25519"), "Resumed": v("b", True),
    "Validated": v("b", False),
    "ServerCertificate": v("a{sv}", {"Subject": v("s", "CN=radius.example.org"), "Issuer": v("s", "CN=Lab CA"), "NotBefore": v("t", 0),
                                     "Names": v("as", ["DNS:radius.example.org"]), "NotAfter": v("t", 9_000_000), "Sha256": v("s", "ab" * 32),
                                     "Verified": v("b", False)}),
    "ClientCertificate": v("a{sv}", {"Subject": v("s", "CN=host1"), "NotAfter": v("t", 8_000_000), "Key": v("s", "tpm")}),
    "LastSuccess": v("t", NOW - 190 * SECOND), "LastFailure": v("t", NOW - 4 * SECOND),
    "LastFailureText": v("s", "the server stopped answering in the handshake (3 messages of the method seen)"), "Attempts": v("u", 3),
    "NextAttempt": v("t", NOW + 8 * SECOND), "ReauthenticatedAt": v("t", 0), "CakLength": v("u", 128), "CachedUntil": v("t", 0),
    "Notification": v("s", "your password ends soon"), "AccessStatus": v("s", "restricted"), "Counters": v("a{st}", {"StartTx": 5}),
}


def radius_server(address, state, answered, problem="", **counters):
    return {"Address": v("s", address), "Port": v("u", 1812), "State": v("s", state), "Current": v("b", state == "alive"),
            "Problem": v("s", problem), "LastAnswer": v("t", answered), "Counters": v("a{st}", counters)}


SILENT = "no answer from 192.0.2.1:1812 (30s): it is down, or does not know this host and its secret"
RADIUS = [radius_server("192.0.2.1", "dead", 0, SILENT, AccessRequests=4, Timeouts=3, BadAuthenticators=0),
          radius_server("2001:db8::2", "alive", NOW - 60 * SECOND, AccessRequests=41, AccessAccepts=5, BadAuthenticators=0)]


def authenticator(state, seconds, **changes):
    return {"State": v("s", state), "Since": v("t", NOW - seconds * SECOND), "Reason": v("s", "none"), "ReasonText": v("s", ""),
            "Host": v("s", ""), "OtherHost": v("s", ""), "Identity": v("s", ""), "Server": v("s", ""), "Servers": v("aa{sv}", RADIUS),
            "LastSuccess": v("t", 0), "LastFailure": v("t", 0), "LastFailureText": v("s", ""), "SessionEnds": v("t", 0),
            "NextReauthentication": v("t", 0), "NextAttempt": v("t", 0), "CakLength": v("u", 0), "LinksecPolicy": v("s", ""),
            "ReplyMessage": v("s", ""), "Attributes": v("a{sv}", {}), "Counters": v("a{st}", {"StartRx": 2, "Rejects": 1})} | changes


REJECTED = "RADIUS server 2001:db8::2 rejects 02:00:00:00:00:22 (\"mallory\"): no such user"
# With --access: the ports of a switch, one for each way that one can stand.
ACCESS = {
    "port1": (session("port1", "eth1", "port1", IsKeyServer=v("b", True), KeyServer=v("s", US)), authenticator(
        "authenticated", 3600, Host=v("s", "02:00:00:00:00:11"), OtherHost=v("s", "02:00:00:00:00:99"), Identity=v("s", "alice@example.org"),
        Server=v("s", "2001:db8::2"), LastSuccess=v("t", NOW - 3600 * SECOND), NextReauthentication=v("t", NOW + 2400 * SECOND),
        SessionEnds=v("t", NOW + 9000 * SECOND), CakLength=v("u", 256), LinksecPolicy=v("s", "must-secure"), ReplyMessage=v("s", "welcome"),
        Attributes=v("a{sv}", {"Filter-Id": v("as", ["staff"]), "Tunnel-Private-Group-Id": v("as", ["17"])}))),
    "port2": (session("port2", "eth2", "port2", State=v("s", "pending"), Since=v("t", NOW - 75 * SECOND), Reason=v("s", "authentication-failed"),
                      ReasonText=v("s", REJECTED), **NO_SAK), authenticator(
        "held", 12, Reason=v("s", "authentication-failed"), ReasonText=v("s", REJECTED), Host=v("s", "02:00:00:00:00:22"),
        Identity=v("s", "mallory\\x1b[2J, whose name is as long as nobody's else on this floor"), Server=v("s", "2001:db8::2"),
        LastSuccess=v("t", NOW - 86400 * SECOND), LastFailure=v("t", NOW - 12 * SECOND), LastFailureText=v("s", REJECTED),
        NextAttempt=v("t", NOW + 48 * SECOND))),
    "port3": (session("port3", "eth3", "port3", State=v("s", "down"), Since=v("t", NOW - 9000 * SECOND), Reason=v("s", "no-carrier"),
                      ReasonText=v("s", "no carrier on eth3"), Carrier=v("b", False), **NO_SAK), authenticator("waiting", 9000)),
}
ACCESS_STATISTICS = v("(a{sa{st}})", ({"Mka": {"MkpduRx": 6000}, "Authenticator": {"StartRx": 2, "Rejects": 1},
                                      "Radius 192.0.2.1:1812": {"AccessRequests": 4, "Timeouts": 3, "BadAuthenticators": 0},
                                      "Radius [2001:db8::2]:1812": {"AccessRequests": 41, "AccessAccepts": 5, "BadAuthenticators": 0}},))


def finding(ident, gravity, text, remedy):
    return {"Id": v("s", ident), "Gravity": v("s", gravity), "Text": v("s", text), "Remedy": v("s", remedy)}


FINDINGS = {
    "macsec1": [finding("ckn-mismatch", "fault", "a peer was heard, but with another CKN: ee01",
                        "the same Ckn= and Cak= at both ends: macsecctl profile edit lab"),
                finding("mtu-parent", "warning", "macsec1 has MTU 1500, and eth1 carries 1500 with 32 octets of MACsec in it: large frames are lost",
                        "ip link set eth1 mtu 1532, or a lower MTU on macsec1")],
    "macsec2": [finding("suspended", "remark", "MKA is suspended by command", "")],
}
PROFILES = {
    "lab": profile("lab", Source=v("s", "networkmanager"), Origin=v("s", "4f5c"), Description=v("s", "the lab, floor 2"),
                   Parent=v("s", "eth1"), Interface=v("s", "macsec1"),
                   Problems=v("a(ssuss)", [("warning", "", 0, "org.macsecd.prio", "org.macsecd.prio is not known")])),
    "old": profile("old", Enabled=v("b", False), Interface=v("s", "macsec9")),
    "broken": profile("broken", Valid=v("b", False), Parent=v("s", ""), Interface=v("s", ""), Settings=v("a(sa{sv})", []),
                      Problems=v("a(ssuss)", [("error", "/nowhere/broken.macsec", 3, "MKA.Priority",
                                               "Priority=300 is not accepted: a number from 0 to 255")])),
    "uplink": profile("uplink", Keys=v("aa{sv}", [
        key("2026", "active", NotAfter=v("t", 200_000)), key("2027", "active", f"{PEER} is not live under CKN 2026", Principal=v("b", True)),
        key("ff", "overdue", "no other key of its role is active, stays and ends later than in an hour", Role=v("s", "fallback"),
            NotAfter=v("t", 9)),
        {"Ckn": v("s", "2025"), "State": v("s", "retired"), "RetiredAt": v("t", 50_000),
         "Origin": v("s", "/etc/macsecd/uplink.macsec.d/key-2025.conf"), "StillIn": v("s", "/etc/macsecd/uplink.macsec:4")}]),
        Settings=keys((CKN, {"NotAfter": "1970-02-05"}), ("ff", {"Role": "fallback"}),
                                              ("0c", {"NotAfter": "1970-01-01T00:00:09Z"}))),
}
# With --ports.
OF_PORTS = {"ports": profile("ports", Parent=v("s", "swp*"), Interface=v("s", "port*"), Keys=v("aa{sv}", [key("2026", "active", LeftOut=v("as", ["port3", "port7"]))]),
                             Sessions=v("ao", [f"{ROOT}/session/macsec0", f"{ROOT}/session/macsec1"]))}
STATISTICS = v("(a{sa{st}})", ({"Mka": {"MkpduRx": 6000, "MkpduTx": 6001, "RxIcvFailures": 0, "RxInactiveCkn": 1, "ReceiveSaFailures": 2},
                               "Receive": {"NoTag": 3, "OctetsValidated": 123456}, "Supplicant": {"StartTx": 5}, "Transmit": {"Encrypted": 123456}},))
CAPABILITIES = {name: v("(a{sv})", ({"Ifindex": v("i", index), "Mac": v("s", "02:00:00:00:00:01"), "Carrier": v("b", True),
                                      "Speed": v("t", 10_000_000_000), "OffloadModes": v("as", ["off", "mac"]), "OffloadUntried": v("as", ["phy"]),
                                      "CipherSuites": v("as", ["GCM-AES-XPN-256", "GCM-AES-128"]), "Mtu": v("u", mtu)},))
                for name, index, mtu in (("eth0", 2, 1500), ("macsec0", 7, 1468))}


def failure(name, text):
    return {"error": (f"org.macsecd1.Error.{name}", text)}


class StandIn:
    def __init__(self, bus, interfaces, access, profiles, unwritten):
        self.bus = bus
        self.unwritten = unwritten
        self.attempts = 0
        self.statistics = ACCESS_STATISTICS if access else STATISTICS
        sessions = {name: held for name, (held, _) in ACCESS.items()} if access else SESSIONS
        sides = {name: ("Authenticator", side) for name, (_, side) in ACCESS.items()} if access else {"macsec0": ("Supplicant", SUPPLICANT)}
        self.sides = {f"{ROOT}/session/{name}": side for name, side in sides.items()}
        self.objects = {f"{ROOT}/session/{name}": ("Session", properties) for name, properties in sessions.items()}
        self.objects |= {f"{ROOT}/profile/{name}": ("Profile", properties) for name, properties in (PROFILES | profiles).items()}
        manager = {"Version": v("s", "0.1.0"), "ProfileCount": v("u", 4), "SessionCount": v("u", 3),
                   "SecuredCount": v("u", 1), "ProfileDirectories": v("as", FOLDERS)}
        for path, (kind, properties) in (self.objects | {ROOT: ("Manager", manager)}).items():
            bus.register_object(path, interfaces[f"org.macsecd1.{kind}"], self.on_call,
                                lambda _bus, _sender, _path, _interface, name, held=properties: held[name], None)
        for path, (kind, properties) in self.sides.items():
            bus.register_object(path, interfaces[f"org.macsecd1.{kind}"], self.on_call,
                                lambda _bus, _sender, _path, _interface, name, held=properties: held[name], None)
        bus.register_object(ROOT, interfaces["org.freedesktop.DBus.ObjectManager"], self.on_call, None, None)

    def on_call(self, _bus, _sender, path, _interface, method, arguments, invocation):
        answer = self.answer(path, method, arguments)
        if isinstance(answer, dict):
            invocation.return_dbus_error(*answer["error"])
        else:
            invocation.return_value(answer)
        if method == "Rekey" and not isinstance(answer, dict):
            self.rekeyed(path)
        if method == "Reauthenticate" and not isinstance(answer, dict):
            self.authenticated(path)

    def answer(self, path, method, arguments):
        if method == "GetManagedObjects":
            tree = {path: {f"org.macsecd1.{kind}": properties} for path, (kind, properties) in self.objects.items()}
            for path, (kind, properties) in self.sides.items():
                tree[path][f"org.macsecd1.{kind}"] = properties
            return v("(a{oa{sa{sv}}})", (tree,))
        if method == "GetSessionByName":
            return self.find("session", arguments[0], "NoSuchSession", "there is no session")
        if method == "GetProfile":
            return self.find("profile", arguments[0], "NoSuchProfile", "there is no profile")
        if method == "GetStatistics":
            return self.statistics
        if method == "Diagnose":
            return v("(aa{sv})", (FINDINGS.get(path.rpartition("/")[2], []),))
        if method == "GetLinkCapabilities":
            return CAPABILITIES[arguments[0]] if arguments[0] in CAPABILITIES else failure("NoSuchLink", f"there is no link {arguments[0]}")
        # The rest changes something.
        print("call", method, path, show(arguments), flush=True)
        if method == "AddKey":
            return self.add_key(arguments[0])
        if method == "RetireKey":
            return self.retire_key(path, arguments[0])
        if method == "AddProfile":
            if arguments[0] == "refused":
                return failure("NotAuthorized", "not authorized")
            return v("(o)", (f"{ROOT}/profile/{arguments[0]}",))
        if method in ("Rekey", "Suspend") and path.endswith("macsec1"):
            return failure("NotSecured", "macsec1 is not secured")
        return None

    @staticmethod
    def add_key(key):
        if key["Ckn"] == "0bad":
            return failure("NotAuthorized", "not authorized")
        if key["Ckn"] == "2025":
            return failure("KeyExists", "CKN 2025 was retired: a new key needs a new CKN")
        return v("(s)", ("present" if key["Ckn"] == "2026" else "added",))

    def retire_key(self, path, ckn):
        if ckn == "2027":
            return failure("NotReady", f"{PEER} is not live under CKN 2026")
        if ckn == "ff":
            return failure("LastKey", "CKN ff is the last primary key of uplink: add another one first")
        keys = self.objects[path][1]["Keys"]
        rows = [keys.get_child_value(i) for i in range(keys.n_children())]
        if all(row.lookup_value("Ckn", None).get_string() != ckn for row in rows):
            return failure("NoSuchKey", f"{path.rpartition('/')[2]} has no key with CKN {ckn}")
        if self.unwritten:  # out of use, and the file is as it was
            if any(row.lookup_value("State", None).get_string() == "retired" and not row.lookup_value("RetiredAt", None) for row in rows):
                return failure("Failed", "cannot write key-2026.conf: No space left on device")
            self.objects[path][1]["Keys"] = v("aa{sv}", [key(ckn, "retired")])
            return None
        self.objects[path][1]["Keys"] = GLib.Variant.new_array(
            GLib.VariantType("a{sv}"), [row for row in rows if row.lookup_value("Ckn", None).get_string() != ckn])
        return None

    def find(self, kind, name, error, text):
        path = f"{ROOT}/{kind}/{name}"
        return v("(o)", (path,)) if path in self.objects else failure(error, f"{text} {name}")

    def rekeyed(self, path):
        self.objects[path][1]["LatestSak"] = sak(5, 2, NOW)
        self.bus.emit_signal(None, path, "org.macsecd1.Session", "Event",
                             v("(sts)", ("sak-installed", NOW, "SAK 5 in use: GCM-AES-XPN-256, AN 1, key identifier abababababababababababab/5")))
        self.bus.emit_signal(None, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                             v("(sa{sv}as)", ("org.macsecd1.Session", {"LatestSak": sak(5, 2, NOW)}, [])))

    def authenticated(self, path):
        """Succeeds and fails in turn."""
        self.attempts += 1
        now = NOW + self.attempts * SECOND
        changed = ({"LastSuccess": v("t", now)} if self.attempts % 2 else
                   {"LastFailure": v("t", now), "LastFailureText": v("s", "the server refused the password")})
        kind, properties = self.sides[path]
        if kind == "Authenticator":
            changed["Servers"] = v("aa{sv}", RADIUS if self.attempts % 2 else [radius_server("192.0.2.1", "dead", 0, SILENT), radius_server(
                "2001:db8::2", "dead", 0, "[2001:db8::2]:1812: port unreachable, no RADIUS server runs there")])
        properties.update(changed)
        self.bus.emit_signal(None, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                             v("(sa{sv}as)", (f"org.macsecd1.{kind}", changed, [])))


def show(arguments):
    """Arguments as text, octets by their number only, for they are keys."""
    def plain(value):
        if isinstance(value, list) and value and all(isinstance(each, int) for each in value):
            return f"<{len(value)} octets>"
        if isinstance(value, dict):
            return {key: plain(each) for key, each in sorted(value.items())}
        if isinstance(value, (list, tuple)):
            return [plain(each) for each in value]
        return value
    return plain(arguments.unpack()) if arguments is not None else []


# Of macsec-keys, which has a name of its own.
KEY_SOURCES = """<node><interface name="org.macsecd1.KeySources"><property name="Sources" type="aa{sv}" access="read"/></interface></node>"""
SOURCES = v("aa{sv}", [{"Name": v("s", "metro-a"), "State": v("s", "down"), "Type": v("s", "etsi014"), "Server": v("s", "kme-a.example.org:8443"),
                        "Profiles": v("as", ["uplink"]), "LastSuccess": v("t", 99_000), "LastError": v("s", "status 503"), "Text": v("s", ""),
                        "Channel": v("s", "TLSv1.3, X25519"), "Mismatches": v("t", 1), "Requests": v("a{st}", {"ok": 9, "busy": 2})}])
OBJECT_MANAGER = """<node><interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects">
<arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method></interface></node>"""


def main():
    bus = Gio.DBusConnection.new_for_address_sync(
        sys.argv[1], Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    texts = [path.read_text() for path in sorted(Path(sys.argv[2]).glob("*.xml"))] + [OBJECT_MANAGER]
    interfaces = {each.name: each for text in texts for each in Gio.DBusNodeInfo.new_for_xml(text).interfaces}
    if "--owned" in sys.argv[3:]:  # as profiles of network managers that run are
        PROFILES["lab"]["Owner"] = v("s", ":1.99")
        PROFILES["old"] |= {"Owner": v("s", ":1.98"), "Source": v("s", "networkd"), "Origin": v("s", "/etc/systemd/network/old.netdev")}
    if "--warned" in sys.argv[3:]:  # of each kind a problem that keeps nothing from running
        for name, file in (("uplink", "/nowhere/uplink.macsec"), ("old", "/nowhere/old.netdev")):
            PROFILES[name]["Problems"] = v("a(ssuss)", [("warning", file, 7, "MKA.Foo", "Foo= is not known")])
        PROFILES["old"]["Source"] = v("s", "networkd")
    for option in sys.argv[3:]:
        if option.startswith("--folder="):
            FOLDERS[:] = [option.removeprefix("--folder=")]
    stand_in = StandIn(bus, interfaces, "--access" in sys.argv[3:], OF_PORTS if "--ports" in sys.argv[3:] else {},
                       "--unwritten" in sys.argv[3:])
    if "--access" not in sys.argv[3:]:
        shown = Gio.DBusNodeInfo.new_for_xml(KEY_SOURCES).interfaces[0]
        bus.register_object(f"{ROOT}/KeySources", shown, None, lambda *_: SOURCES, None)
        Gio.bus_own_name_on_connection(bus, "org.macsecd1.KeySources", Gio.BusNameOwnerFlags.NONE, None, None)
    loop = GLib.MainLoop()
    Gio.bus_own_name_on_connection(bus, "org.macsecd1", Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), lambda *_: loop.quit())
    loop.run()
    del stand_in


if __name__ == "__main__":
    main()
