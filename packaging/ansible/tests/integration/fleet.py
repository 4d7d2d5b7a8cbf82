# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fleet of hosts as macsecctl sees them: a private bus a host, with keys that come alive where both ends have them.

What needs no MACsec is real: macsecctl, the bus, and the rules by which a key may go. The six seconds of evidence are none.
"""

import os
import subprocess
import threading

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT = "/org/macsecd1"
OBJECT_MANAGER = """<node><interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects">
<arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method></interface></node>"""


def v(signature, value):
    return GLib.Variant(signature, value)


class Refused(Exception):
    """An answer of org.macsecd1.Error."""

    def __init__(self, name, text):
        super().__init__(text)
        self.name = name


class Key:
    def __init__(self, cak, not_before=None):
        self.cak, self.not_before = cak, not_before
        self.retired = self.was_live = False


class Host:
    """One host; `profiles` is {name: (name of the other host, its profile)}."""

    def __init__(self, fleet, name, profiles, xml):
        self.fleet, self.name, self.peers = fleet, name, profiles
        self.keys = {profile: {} for profile in profiles}
        self.settings = {profile: {"Link": {"Parent": "eth0"}} for profile in profiles}
        self.enabled = dict.fromkeys(profiles, True)
        self.calls = []           # methods that change something
        self.wrong_cak = self.silent = False
        self.refuse_add = ""      # why the next AddKey fails
        self.up = True
        self.objects = {}
        self.daemon = subprocess.Popen(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.daemon.stdout.readline().strip()
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        self.bus.set_exit_on_close(False)
        self.interfaces = xml
        self.bus.register_object(ROOT, xml["org.freedesktop.DBus.ObjectManager"], self.on_call, None, None)
        self.bus.register_object(ROOT, xml["org.macsecd1.Manager"], self.on_call, lambda *_: v("s", ""), None)
        for profile in profiles:
            self.show(profile)
        Gio.bus_own_name_on_connection(self.bus, "org.macsecd1", Gio.BusNameOwnerFlags.NONE, None, None)

    def close(self):
        self.bus.close_sync(None)
        self.daemon.terminate()
        self.daemon.wait(timeout=20)
        self.daemon.stdout.close()

    def show(self, profile):
        path = f"{ROOT}/profile/{profile}"
        self.objects[profile] = self.bus.register_object(
            path, self.interfaces["org.macsecd1.Profile"], self.on_call,
            lambda _bus, _sender, path, _interface, name: self.properties(path.rpartition("/")[2])[name], None)

    # Keys and their evidence.

    def live(self, profile, ckn):
        """Whether the other end uses this key, too."""
        other, theirs = self.peers[profile]
        peer = self.fleet.hosts[other]
        mine, its = self.keys[profile].get(ckn), peer.keys[theirs].get(ckn)
        live = bool(self.up and peer.up and mine and its and not mine.retired and not its.retired and mine.cak == its.cak)
        if live:
            mine.was_live = its.was_live = True
        return live

    def blocker(self, profile, ckn):
        mine = {each: key for each, key in self.keys[profile].items() if not key.retired}
        if len(mine) == 1:
            return f"CKN {ckn} is the last primary key of {profile}: add another one first"
        if any(self.live(profile, each) for each in mine if each != ckn):
            return ""
        if self.live(profile, ckn):
            return "0200000000020001 is not live under CKN " + next(each for each in mine if each != ckn)
        return "no peer is live: cannot tell" if mine[ckn].was_live else ""

    def described(self, profile):
        out = []
        for ckn, key in self.keys[profile].items():
            if key.retired:
                out.append({"Ckn": v("s", ckn), "State": v("s", "retired"), "RetiredAt": v("t", 1), "Origin": v("s", ""), "StillIn": v("s", "")})
                continue
            blocker = self.blocker(profile, ckn)
            out.append({"Ckn": v("s", ckn), "Bits": v("u", 4 * len(key.cak)), "Role": v("s", "primary"), "State": v("s", "active"),
                        "Principal": v("b", True), "Origin": v("s", ""), "LivePeers": v("u", int(self.live(profile, ckn))),
                        "Since": v("t", 1), "ReadyToRetire": v("b", not blocker), "Blocker": v("s", blocker)})
            if key.not_before:
                out[-1]["NotBefore"] = v("t", key.not_before)
        return v("aa{sv}", out)

    def properties(self, profile):
        settings = [(section, {name: v("s", value) for name, value in texts.items()}) for section, texts in self.settings[profile].items()]
        return {"Name": v("s", profile), "Source": v("s", "file"), "Origin": v("s", f"/nowhere/{profile}.macsec"), "Description": v("s", ""),
                "Lifetime": v("s", "file"), "Owner": v("s", ""), "ParkedUntil": v("t", 0), "Enabled": v("b", self.enabled[profile]),
                "Valid": v("b", True), "Parent": v("s", "eth0"), "Interface": v("s", "macsec0"), "Session": v("o", "/"), "Sessions": v("ao", []),
                "Settings": v("a(sa{sv})", settings), "Problems": v("a(ssuss)", []), "Keys": self.described(profile)}

    # The bus.

    def on_call(self, _bus, _sender, path, _interface, method, arguments, invocation):
        with self.fleet.lock:
            try:
                if not self.up:
                    raise Refused("Failed", f"{self.name} is dead")
                handle = getattr(self, "on_" + method)
                descriptors = invocation.get_message().get_unix_fd_list()
                invocation.return_value(handle(path.rpartition("/")[2], descriptors, *arguments.unpack()))
            except Refused as refusal:
                invocation.return_dbus_error(f"org.macsecd1.Error.{refusal.name}", str(refusal))

    def on_GetManagedObjects(self, _name, _descriptors):
        return v("(a{oa{sa{sv}}})", ({f"{ROOT}/profile/{profile}": {"org.macsecd1.Profile": self.properties(profile)} for profile in self.keys},))

    def on_GetProfile(self, _name, _descriptors, profile):
        if profile not in self.keys:
            raise Refused("NoSuchProfile", f"there is no profile {profile}")
        return v("(o)", (f"{ROOT}/profile/{profile}",))

    def on_AddKey(self, profile, descriptors, key, _options):
        self.calls.append("AddKey")
        if self.refuse_add:
            raise Refused("Failed", self.refuse_add)
        descriptor = descriptors.get(key["CakFd"])
        cak = os.pread(descriptor, 100, 0)
        os.close(descriptor)
        cak = cak.hex() if len(cak) in (16, 32) else cak.decode("ascii").strip()
        if self.wrong_cak:
            cak = cak[::-1]
        known = self.keys[profile].get(key["Ckn"])
        if known and (known.retired or known.cak != cak):
            raise Refused("KeyExists", f"CKN {key['Ckn']} was retired: a new key needs a new CKN")
        if known is None:
            self.keys[profile][key["Ckn"]] = Key(cak, int(key["NotBefore"][1:]) if "NotBefore" in key else None)
        return v("(s)", ("present" if known else "added",))

    def on_RetireKey(self, profile, _descriptors, ckn, options):
        if ckn not in self.keys[profile]:
            raise Refused("NoSuchKey", f"{profile} has no key with CKN {ckn}")
        self.calls.append("RetireKey")
        if self.silent:
            raise Refused("Failed", "the disk is full")
        blocker = self.blocker(profile, ckn)
        if blocker and not options.get("Force"):
            raise Refused("NotReady", blocker)
        self.keys[profile][ckn].retired = True

    def on_AddProfile(self, _name, _descriptors, profile, settings, _options):
        self.calls.append("AddProfile")
        self.keys[profile], self.peers[profile], self.enabled[profile] = {}, (self.name, profile), True
        self.store(profile, settings)
        self.show(profile)
        return v("(o)", (f"{ROOT}/profile/{profile}",))

    def on_Update(self, profile, _descriptors, settings, _options):
        self.calls.append("Update")
        self.store(profile, settings)

    def on_Enable(self, profile, _descriptors, *_):
        self.calls.append("Enable")
        self.enabled[profile] = True

    def on_Disable(self, profile, _descriptors, *_):
        self.calls.append("Disable")
        self.enabled[profile] = False

    def on_Remove(self, profile, _descriptors, *_):
        self.calls.append("Remove")
        self.bus.unregister_object(self.objects.pop(profile))
        del self.keys[profile]

    def store(self, profile, settings):
        shown = {}
        for section, texts in settings:
            kept = {name: value for name, value in texts.items() if isinstance(value, str) and name != "Cak"}
            shown[section] = kept
        self.settings[profile] = shown


class Fleet:
    """`links` is {name of the link: (host, host)}; the profile of a link has its name at both ends."""

    def __init__(self, links, interfaces):
        texts = [path.read_text(encoding="utf-8") for path in sorted(interfaces.glob("*.xml"))] + [OBJECT_MANAGER]
        xml = {each.name: each for text in texts for each in Gio.DBusNodeInfo.new_for_xml(text).interfaces}
        self.lock = threading.Lock()
        self.links = links
        names = sorted({host for ends in links.values() for host in ends})
        peers = {name: {link: (ends[1] if ends[0] == name else ends[0], link) for link, ends in links.items() if name in ends} for name in names}
        self.hosts = {}
        self.hosts |= {name: Host(self, name, peers[name], xml) for name in names}
        for link, ends in links.items():
            for end in ends:
                self.hosts[end].keys[link]["0a1b"] = Key("00" * 16)
        self.loop = GLib.MainLoop()
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    def close(self):
        GLib.idle_add(self.loop.quit)
        self.thread.join(timeout=20)
        for host in self.hosts.values():
            host.close()

    def in_use(self, link):
        """CKNs of both ends that are not retired."""
        with self.lock:
            return [sorted(ckn for ckn, key in self.hosts[end].keys[link].items() if not key.retired) for end in self.links[link]]

    def secured(self, link):
        with self.lock:
            end = self.hosts[self.links[link][0]]
            return any(end.live(link, ckn) for ckn in end.keys[link])

    def calls(self):
        """Methods that changed something since the last time."""
        with self.lock:
            out = [call for host in self.hosts.values() for call in host.calls]
            for host in self.hosts.values():
                host.calls.clear()
        return out
