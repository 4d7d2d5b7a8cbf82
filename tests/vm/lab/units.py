# SPDX-License-Identifier: LGPL-2.1-or-later
"""Units of the service manager, for scenarios with init = "systemd"."""

from .check import Failure, wait_until
from .process import command


def systemctl(*words, check=True):
    """systemctl's output."""
    return command(["systemctl", "--no-pager", *words], check=check, timeout=180)


class Unit:
    """A unit by name. As a context manager it is started, and stopped on leaving with its journal kept."""

    def __init__(self, name, log=None, start=True):
        self.name = name
        self._log = log
        self._start = start

    def __enter__(self):
        systemctl("daemon-reload")
        if self._start:
            self.start()
        return self

    def __exit__(self, *_):
        systemctl("stop", self.name, check=False)
        systemctl("reset-failed", self.name, check=False)
        if self._log:
            with open(self._log, "w", encoding="utf-8") as out:
                out.write(self.journal())

    def start(self):
        """Start it; a failure shows the end of its journal."""
        try:
            systemctl("start", self.name)
        except Failure as failure:
            raise Failure("%s\n%s" % (failure, self.journal()[-1500:])) from None

    def stop(self):
        systemctl("stop", self.name)

    def restart(self):
        systemctl("restart", self.name)

    def reload(self):
        systemctl("reload", self.name)

    def show(self, field):
        """A property as systemctl prints it."""
        return systemctl("show", "-P", field, self.name).strip()

    def main_pid(self):
        return int(self.show("MainPID") or 0)

    def journal(self, *words):
        """What it logged in this boot."""
        return command(["journalctl", "-b", "--no-pager", "-u", self.name, *words], check=False)


def wait_active(name, deadline):
    """Wait until the unit is active; fail at once if it failed."""
    def active():
        state = Unit(name).show("ActiveState")
        if state == "failed":
            raise Failure("%s failed: %s" % (name, Unit(name).journal()[-1500:]))
        return state == "active"
    wait_until(active, deadline, "%s is active" % name, every=0.1)
