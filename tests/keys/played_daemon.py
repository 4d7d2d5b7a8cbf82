#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd as far as macsec-keys sees it, played by a test, and the link between two: a key is live where both have the same octets."""

import os
import time
from pathlib import Path

import gi

gi.require_version("Gio", "2.0")
gi.require_version("GLib", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

ROOT = "/org/macsecd1"
PROFILE, SESSION = ROOT + "/profile/lab", ROOT + "/session/macsec0"
OBJECT_MANAGER = """<node><interface name="org.freedesktop.DBus.ObjectManager"><method name="GetManagedObjects">
<arg name="objects" type="a{oa{sa{sv}}}" direction="out"/></method></interface></node>"""


def v(signature, value):
    return GLib.Variant(signature, value)


class Daemon:
    """macsecd as far as macsec-keys sees it."""

    def __init__(self, address, link, remote_id, every, interfaces):
        self.link = link
        self.keys = {}  # octets by CKN
        self.added = {}  # when, in microseconds of CLOCK_BOOTTIME
        self.retired = set()
        self.draining = set()
        self.calls = []
        self.shows_profiles = True
        self.source = {"Source": v("s", "kme"), "RemoteId": v("s", remote_id), "Initiator": v("s", "auto"),
                       "Every": v("t", int(every * 1_000_000)), "Bits": v("u", 256)}
        flags = Gio.DBusConnectionFlags
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags.AUTHENTICATION_CLIENT | flags.MESSAGE_BUS_CONNECTION, None, None)
        texts = [path.read_text() for path in Path(interfaces).glob("*.xml")] + [OBJECT_MANAGER]
        known = {each.name: each for text in texts for each in Gio.DBusNodeInfo.new_for_xml(text).interfaces}
        for path, name in ((ROOT, "org.freedesktop.DBus.ObjectManager"), (PROFILE, "org.macsecd1.Profile"), (SESSION, "org.macsecd1.Session")):
            self.bus.register_object(path, known[name], self.on_call, lambda *arguments: self.properties()[arguments[2]][arguments[4]], None)
        self.name = None
        self.appear()

    def appear(self):
        self.name = Gio.bus_own_name_on_connection(self.bus, "org.macsecd1", Gio.BusNameOwnerFlags.NONE, None, None)

    def vanish(self):
        Gio.bus_unown_name(self.name)

    def lose_keys(self):
        """As a process that was killed, outside of a service manager."""
        self.vanish()
        self.keys.clear()
        self.added.clear()

    def show_profiles(self):
        self.shows_profiles = True
        held = self.properties()
        for path, interface in ((PROFILE, "org.macsecd1.Profile"), (SESSION, "org.macsecd1.Session")):
            self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                                 v("(oa{sa{sv}})", (path, {interface: held[path]})))

    def rows(self):
        return v("aa{sv}", [{"Ckn": v("s", ckn), "Bits": v("u", 256), "Role": v("s", "primary"), "Source": v("s", "kme"),
                             "State": v("s", "draining" if ckn in self.draining else "active"), "Since": v("t", self.added[ckn]),
                             "LivePeers": v("u", int(self.link.is_live(ckn)))} for ckn in self.keys])

    def properties(self):
        return {PROFILE: {"Name": v("s", "lab"), "Session": v("o", SESSION), "KeySource": v("a{sv}", self.source), "Keys": self.rows()},
                SESSION: {"Interface": v("s", "macsec0"), "Profile": v("o", PROFILE), "Carrier": v("b", True), "State": v("s", "pending")}}

    def changed(self):
        if self.bus.is_closed():
            return
        self.bus.emit_signal(None, PROFILE, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                             v("(sa{sv}as)", ("org.macsecd1.Profile", {"Keys": self.rows()}, [])))

    def say_unknown(self, ckn):
        self.bus.emit_signal(None, SESSION, "org.macsecd1.Session", "UnknownCkn", v("(ss)", (ckn, "0200000000020001")))

    def on_call(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        if method == "GetManagedObjects":
            held = self.properties()
            tree = {PROFILE: {"org.macsecd1.Profile": held[PROFILE]}, SESSION: {"org.macsecd1.Session": held[SESSION]}} if self.shows_profiles else {}
            return invocation.return_value(v("(a{oa{sa{sv}}})", (tree,)))
        if method == "Diagnose":
            return invocation.return_value(v("(aa{sv})", ([],)))
        if method == "AddKey":
            return self.add_key(arguments, invocation)
        if method != "RetireKey":
            return invocation.return_dbus_error("org.macsecd1.Error.Failed", "this daemon is a test's")
        return self.retire_key(arguments[0], invocation)

    def add_key(self, arguments, invocation):
        key, options = arguments.unpack()
        descriptor = invocation.get_message().get_unix_fd_list().get(key["CakFd"])
        octets = os.pread(descriptor, 100, 0)
        os.close(descriptor)
        ckn = key["Ckn"]
        self.calls.append(("add", ckn, options))
        if ckn in self.retired or self.keys.get(ckn, octets) != octets:
            return invocation.return_dbus_error("org.macsecd1.Error.KeyExists", "taken")
        outcome = "present" if ckn in self.keys else "added"
        self.added.setdefault(ckn, time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000)
        self.keys[ckn] = octets
        self.link.changed()
        return invocation.return_value(v("(s)", (outcome,)))

    def retire_key(self, ckn, invocation):
        self.calls.append(("retire", ckn))
        others = [other for other in self.keys if other != ckn and self.link.is_live(other)]
        if self.link.is_live(ckn) and not others:
            return invocation.return_dbus_error("org.macsecd1.Error.NotReady", "no other key is live")
        self.draining.add(ckn)
        GLib.timeout_add(300, self.gone, ckn)
        self.changed()
        return invocation.return_value(None)

    def gone(self, ckn):
        """The link uses one key at a time: that of two ends which drain one each, neither goes."""
        leaving = self.draining.union(*(end.draining for end in self.link.ends))
        stays = self.link.is_live(ckn) and not any(self.link.is_live(other) for other in self.keys if other not in leaving)
        self.draining.discard(ckn)
        if stays:
            self.changed()
            return False
        self.retired.add(ckn)
        self.keys.pop(ckn, None)
        self.link.changed()
        return False


class Link:
    def __init__(self):
        self.ends = []
        self.was_live = set()  # every CKN that ever was
        self.outages = 0
        self.seen = set()
        self.timer = GLib.timeout_add(100, self.speak)

    def is_live(self, ckn):
        return len(self.ends) == 2 and ckn in self.ends[0].keys and self.ends[0].keys[ckn] == self.ends[1].keys.get(ckn)

    def live(self):
        return {ckn for ckn in self.ends[0].keys if self.is_live(ckn)}

    def changed(self):
        if len(self.ends) < 2:
            return
        now = self.live()
        if not now and self.was_live:
            self.outages += 1
        self.was_live |= now
        for end in self.ends:
            end.changed()
        self.speak()

    def speak(self):
        for end, other in (self.ends, self.ends[::-1]) if len(self.ends) == 2 else ():
            for ckn in end.keys:
                if ckn not in other.keys:
                    other.say_unknown(ckn)
        return True

    def close(self):
        GLib.source_remove(self.timer)
