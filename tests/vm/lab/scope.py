# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios and cases: who reports, and who owns what is undone at the end."""

import contextlib
import os
import sys
import time
import traceback

from . import daemon, hardware, net, process, traffic, units, wpa


class Scope(contextlib.ExitStack):
    """Owns namespaces, devices and processes; leaving it undoes them, the last first.

    The methods are the usual way to make things; `enter_context` and `callback` take anything else.
    """

    def __init__(self, name, logs):
        super().__init__()
        self.name = name
        self.logs = logs
        self._serial = 0

    # -- places for files ----------------------------------------------------------------------------------------------
    def log_path(self, name):
        """A fresh path for a log or capture that goes to the results."""
        self._serial += 1
        return os.path.join(self.logs, "%02d-%s" % (self._serial, name))

    def folder(self, name, mode=0o755):
        """A fresh folder in memory, among the logs."""
        path = self.log_path(name)
        os.makedirs(path, mode)
        return path

    def write(self, path, text, mode=0o644):
        """A file anywhere in the guest, removed at the end."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as out:
            out.write(text)
        self.callback(lambda: os.path.exists(path) and os.unlink(path))

    # -- topology ------------------------------------------------------------------------------------------------------
    def namespace(self, name):
        """A network namespace with its loopback up."""
        return self.enter_context(net.Namespace(name))

    def namespaces(self, *names):
        """Several namespaces, as a list."""
        return [self.namespace(name) for name in names]

    def veth(self, one, two, one_name="eth0", two_name="eth0", up=True):
        """A cable between two namespaces; None is the machine's own."""
        return self.enter_context(net.Veth(one, one_name, two, two_name, up))

    def switch(self, name, *members, port_name="eth0"):
        """A switch that forwards EAPOL: a namespace with a bridge and a cable to each of the member namespaces."""
        return net.Switch(self, name, members, port_name)

    def netdevsim(self, namespace, name="sim0"):
        """A netdevsim port (fake MACsec offload, no data path) in a namespace."""
        return self.enter_context(net.Netdevsim(namespace, name))

    def hardware(self, one, two, rules, names=("eth0", "eth0")):
        """A cable between devices whose offload is a known driver's; see lab.hardware.Pair."""
        return self.enter_context(hardware.Pair(one, two, rules, names))

    # -- processes -----------------------------------------------------------------------------------------------------
    def start(self, argv, namespace=None, name=None, **options):
        """A process in a namespace, its output in a log; ended by its pid when the scope ends."""
        name = name or os.path.basename(argv[0])
        return self.enter_context(process.Process(argv, namespace, name, self.log_path(name + ".log"), **options))


    def unit(self, name, start=True):
        """A unit of the service manager (init = "systemd"), stopped at the end, its journal among the logs; see lab.units.Unit."""
        return self.enter_context(units.Unit(name, self.log_path(name + ".journal"), start))

    def macsecd(self, namespace, profiles=None, **options):
        """The daemon under test; see lab.daemon.Macsecd."""
        return daemon.Macsecd(self, namespace, profiles, **options)

    def wpa(self, namespace, cak=None, ckn=None, **options):
        """Debian's wpa_supplicant as a peer; see lab.wpa.Wpa."""
        return wpa.Wpa(self, namespace, cak, ckn, **options)

    # -- traffic -------------------------------------------------------------------------------------------------------
    def probe(self, one, two, device="macsec0", interval=0.005, size=64):
        """Numbered frames both ways; see lab.traffic.Probe. `device` may be a pair of names."""
        names = device if isinstance(device, tuple) else (device, device)
        return traffic.Probe(self, one, names[0], two, names[1], interval, size)

    def sniff(self, namespace, device="eth0"):
        """Count and record what passes a device; see lab.traffic.Sniffer."""
        return traffic.Sniffer(self, namespace, device)

    def raw(self, namespace, device="eth0", ethertype=0x0003):
        """Whole frames in and out; see lab.traffic.RawPort."""
        return traffic.RawPort(self, namespace, device, ethertype)


class Scenario(Scope):
    """The outermost scope, handed to a scenario's `run`; the only one that reports."""

    def __init__(self, name, logs, say, only="", full=False):
        """`full`: what measures does so as often as its figures are to be judged, rather than to show that it can."""
        super().__init__(name, logs)
        self.full = full
        self._say = say
        self._only = only
        self._cases = 0
        self.failures = 0

    def ok(self, condition, what, detail=""):
        """Report one result."""
        if not condition:
            self.failures += 1
        self._say("%s %s: %s%s" % ("ok" if condition else "not ok", self.name, what, " -- " + detail if detail else ""))
        return bool(condition)

    def note(self, text):
        """A line for the reader: figures, not results."""
        self._say("# %s: %s" % (self.name, text))

    def case(self, what, function, *arguments):
        """Run `function(scope, *arguments)` in a scope of its own; any exception is this case's failure.

        What the function returns goes behind the report's line if it is text, and to the caller; None after a failure.
        """
        if self._only not in what:
            return None
        started = time.monotonic()
        # Numbered: long names may begin alike.
        self._cases += 1
        folder = "%02d-%s" % (self._cases, "".join(letter if letter.isalnum() else "-" for letter in what)[:60])
        logs = os.path.join(self.logs, folder)
        os.makedirs(logs)
        try:
            with Scope(self.name, logs) as scope:
                value = function(scope, *arguments)
        except Exception as error:
            traceback.print_exc()
            sys.stdout.flush()
            text = str(error) or type(error).__name__
            self.ok(False, what, text if type(error).__name__ == "Failure" else "%s: %s" % (type(error).__name__, text))
            return None
        took = "%.2f s" % (time.monotonic() - started)
        self.ok(True, what, "%s, %s" % (value, took) if isinstance(value, str) else took)
        return value
