# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host whose macsecd is driven by macsecctl: a namespace with a bus of its own."""

import json
import os
import subprocess

from .check import wait_until
from .process import command


class Commanded:
    """`profiles` as of Macsecd, and what else it takes; it answers when this returns."""

    def __init__(self, c, namespace, profiles, **options):
        self.namespace = namespace
        self.bus = "unix:path=" + os.path.join(c.folder("bus-" + namespace.name), "bus")
        c.start(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=" + self.bus], namespace, "bus-" + namespace.name)
        wait_until(lambda: os.path.exists(self.bus.split("=")[1]), 20, "a bus")
        self.daemon = c.macsecd(namespace, profiles, arguments=(), env={"DBUS_SYSTEM_BUS_ADDRESS": self.bus}, **options)
        wait_until(lambda: self.ctl("list").returncode == 0, 20, "macsecd answers", every=0.1)

    def ctl(self, *words, key=None):
        """macsecctl with these words and, on its standard input, a key."""
        return subprocess.run(["/lab/bin/macsecctl", *map(str, words)], input=key, stdin=None if key else subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, timeout=300,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": self.bus})

    def shown(self, interface, field, device="macsec0"):
        """A property of a link's interface org.macsecd1.INTERFACE; None while there is no such link."""
        text = command(["busctl", "--address=" + self.bus, "--json=short", "get-property", "org.macsecd1",
                        "/org/macsecd1/session/" + device, "org.macsecd1." + interface, field], check=False)
        return json.loads(text)["data"] if text.startswith("{") else None
