#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stand-in for systemd on a private bus that knows one unit, macsecd.service. Prints "ready" once it can be asked.

usage: service_manager.py ADDRESS LOAD ACTIVE SUB RESULT STATUS
"""

import sys

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

INTERFACES = """<node>
<interface name="org.freedesktop.systemd1.Manager"><method name="LoadUnit"><arg type="s" direction="in"/><arg type="o" direction="out"/>
</method></interface>
<interface name="org.freedesktop.systemd1.Unit"><property name="LoadState" type="s" access="read"/>
<property name="ActiveState" type="s" access="read"/><property name="SubState" type="s" access="read"/></interface>
<interface name="org.freedesktop.systemd1.Service"><property name="Result" type="s" access="read"/>
<property name="ExecMainStatus" type="i" access="read"/></interface></node>"""
UNIT = "/org/freedesktop/systemd1/unit/macsecd_2eservice"


def main():
    address, load, active, sub, result, status = sys.argv[1:]
    values = {"LoadState": GLib.Variant("s", load), "ActiveState": GLib.Variant("s", active), "SubState": GLib.Variant("s", sub),
              "Result": GLib.Variant("s", result), "ExecMainStatus": GLib.Variant("i", int(status))}
    bus = Gio.DBusConnection.new_for_address_sync(
        address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    manager, unit, service = Gio.DBusNodeInfo.new_for_xml(INTERFACES).interfaces
    bus.register_object("/org/freedesktop/systemd1", manager,
                        lambda *call: call[-1].return_value(GLib.Variant("(o)", (UNIT,))), None, None)
    for interface in (unit, service):
        bus.register_object(UNIT, interface, None, lambda _bus, _sender, _path, _interface, name: values[name], None)
    loop = GLib.MainLoop()
    Gio.bus_own_name_on_connection(bus, "org.freedesktop.systemd1", Gio.BusNameOwnerFlags.NONE,
                                   lambda *_: print("ready", flush=True), lambda *_: loop.quit())
    loop.run()


if __name__ == "__main__":
    main()
