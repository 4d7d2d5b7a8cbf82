# SPDX-License-Identifier: LGPL-2.1-or-later
"""macsecd in a namespace, with its configuration in a folder of its own."""

import os
import signal

from .check import check

_DEFAULT_ARGUMENTS = ("--no-bus",)


class Macsecd:
    """A macsecd that serves one namespace.

    `profiles`: {NAME: text of NAME.macsec}. `arguments` go behind --config-dir and --state-dir. `sysfs`: see lab.process.
    """

    program = "/lab/bin/macsecd"

    def __init__(self, scope, namespace, profiles=None, arguments=_DEFAULT_ARGUMENTS, start=True, wrap=(), env=None,
                 sysfs=False):
        self._scope = scope
        self.namespace = namespace
        self.folder = scope.folder("macsecd-" + namespace.name)
        self.config = os.path.join(self.folder, "config")
        self.state = os.path.join(self.folder, "state")
        os.makedirs(self.config, 0o750)
        os.makedirs(self.state, 0o700)
        self._arguments = tuple(arguments)
        self._wrap = tuple(wrap)
        self._env = dict(env or {})
        self._sysfs = sysfs
        self.process = None
        for name, text in (profiles or {}).items():
            self.profile(name, text)
        if start:
            self.start()

    @staticmethod
    def built():
        """Whether the build directory given to the lab has the program."""
        return os.path.exists(Macsecd.program)

    def profile(self, name, text):
        """Write a profile (0640, as it may hold keys)."""
        path = os.path.join(self.config, name + ".macsec")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def remove_profile(self, name):
        os.unlink(os.path.join(self.config, name + ".macsec"))

    def start(self):
        """Start it (again) on the same configuration and state."""
        check(self.built(), "no macsecd in the build directory")
        argv = [*self._wrap, self.program, "--config-dir", self.config, "--state-dir", self.state, *self._arguments]
        self.process = self._scope.start(argv, self.namespace, "macsecd-" + self.namespace.name, env=self._env,
                                         sysfs=self._sysfs)
        return self.process

    def reload(self):
        """SIGHUP."""
        self.process.signal(signal.SIGHUP)

    def terminate(self, deadline=10):
        """SIGTERM; returns the exit code."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(deadline)

    def kill(self):
        """SIGKILL."""
        self.process.kill()


def psk_profile(cak, ckn, parent="eth0", interface="macsec0", **sections):
    """Text of a profile with one pre-shared key. `sections`: MACsec={"CipherSuites": ...}, MKA={...}, Key={...}, Link={...}."""
    wanted = {"Link": {"Parent": parent, "Interface": interface}, "MACsec": {}, "MKA": {}, "Key": {"Ckn": ckn, "Cak": cak}}
    for name, values in sections.items():
        wanted.setdefault(name, {}).update(values)
    lines = []
    for name, values in wanted.items():
        if values:
            lines.append("[%s]" % name)
            lines += ["%s=%s" % item for item in values.items()]
            lines.append("")
    return "\n".join(lines)
