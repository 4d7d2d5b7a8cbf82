# SPDX-License-Identifier: LGPL-2.1-or-later
"""Processes by their pid, with their output in a log."""

import os
import signal
import subprocess
import time

from . import net
from .check import Failure


def command(argv, namespace=None, check=True, timeout=60, text_input=None):
    """Run a program to its end and return its output (both streams). A failure names the program, exit code and output."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL if text_input is None else None, input=text_input, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=timeout, preexec_fn=_enter(namespace))
    if check and done.returncode != 0:
        raise Failure("%s: exit %d: %s" % (" ".join(argv), done.returncode, done.stdout.strip()[-500:]))
    return done.stdout


def _enter(namespace):
    if namespace is None:
        return None
    return lambda: net.set_namespace(namespace.fd)


class Process:
    """A running program. As a context manager it is ended (SIGTERM, then SIGKILL) on leaving."""

    def __init__(self, argv, namespace, name, log, env=None, user=None, patience=5.0, sysfs=False, **options):
        """`sysfs`: give it a /sys that shows its namespace (ip netns exec); `patience`: seconds from SIGTERM to SIGKILL."""
        self.name = name
        self.argv = list(argv)
        self.log = log
        self._patience = patience
        if sysfs and namespace is not None:
            argv, namespace = ["ip", "netns", "exec", namespace.name, *argv], None
        self.started = time.monotonic()
        with open(log, "ab") as out:
            self._popen = subprocess.Popen(argv, stdin=options.pop("stdin", subprocess.DEVNULL), stdout=options.pop("stdout", out),
                                           stderr=options.pop("stderr", out), env={**os.environ, **(env or {})}, user=user,
                                           preexec_fn=_enter(namespace), **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._popen.pid

    @property
    def stdin(self):
        return self._popen.stdin

    @property
    def stdout(self):
        return self._popen.stdout

    @property
    def exit_code(self):
        """None while running; negative for a signal."""
        return self._popen.poll()

    def running(self):
        return self.exit_code is None

    def signal(self, number):
        self._popen.send_signal(number)

    def wait(self, deadline):
        """The exit code; fails if the process still runs after `deadline` seconds."""
        try:
            return self._popen.wait(deadline)
        except subprocess.TimeoutExpired:
            raise Failure("%s still runs after %g s" % (self.name, deadline)) from None

    def kill(self):
        """SIGKILL and reap."""
        if self.running():
            self._popen.kill()
        self._popen.wait()

    def stop(self):
        """SIGTERM, SIGKILL if that does not end it, reap; the exit code."""
        if self.running():
            self._popen.send_signal(signal.SIGCONT)
            self._popen.terminate()
            try:
                self._popen.wait(self._patience)
            except subprocess.TimeoutExpired:
                self._popen.kill()
        return self._popen.wait()

    def output(self):
        """What it wrote so far."""
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return text.read()

    def cpu_seconds(self):
        """User and system time so far."""
        with open("/proc/%d/stat" % self.pid, encoding="ascii") as text:
            fields = text.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field="Pss"):
        """Bytes of proportional set size (or another field of smaps_rollup)."""
        with open("/proc/%d/smaps_rollup" % self.pid, encoding="ascii") as text:
            for line in text:
                if line.startswith(field + ":"):
                    return int(line.split()[1]) * 1024
        raise Failure("no %s for %s" % (field, self.name))
