# SPDX-License-Identifier: LGPL-2.1-or-later
"""A person at a terminal, whom NetworkManager's nmcli asks for secrets."""

import os
import pty

from .check import wait_until


class Terminal:
    """nmcli on a terminal of its own."""

    def __init__(self, c, *words):
        self._master, slave = pty.openpty()
        c.callback(os.close, self._master)
        os.set_blocking(self._master, False)
        self.process = c.start(["nmcli", *words], name="nmcli", stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self.shown = ""

    def read(self):
        try:
            self.shown += os.read(self._master, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):  # nothing yet; or the other end is closed
            pass
        return self.shown

    def answer(self, question, times, text):
        """Wait until `question` stands there for that many times, and type."""
        wait_until(lambda: self.read().count(question) >= times, 90, "question %d" % times, every=0.2, state=lambda: self.shown[-600:])
        os.write(self._master, text.encode() + b"\n")
