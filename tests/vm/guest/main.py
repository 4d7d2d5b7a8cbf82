# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the scenario of this boot inside the guest and reports to the host."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback

sys.path.insert(0, "/lab")

import boot  # noqa: E402
from lab.scope import Scenario  # noqa: E402

RESULTS = "/run/lab-results"
MODULES = ("macsec", "veth", "bridge", "netdevsim", "dummy", "8021q", "af_packet", "gcm", "ctr", "ghash-generic", "aesni-intel",
           "ghash-clmulni-intel", "cmac", "sch_netem", "macvlan")


class _TimeUp(BaseException):
    """The scenario used up its time; not an Exception, so that no case swallows it."""


def report_port():
    """The virtio port the host reads the report from."""
    base = "/sys/class/virtio-ports"
    for name in os.listdir(base):
        with open(os.path.join(base, name, "name"), encoding="ascii") as text:
            if text.read().strip() == "lab.report":
                return open("/dev/" + name, "w", buffering=1, encoding="utf-8")
    raise FileNotFoundError("lab.report")


def load(name):
    spec = importlib.util.spec_from_file_location("scenario_" + name.replace("-", "_"), "/lab/scenarios/%s.py" % name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def part():
    """Name of the scenario's function that is due, and whether another boot follows: the machines with a disk are booted twice."""
    if not boot.DISK:
        return "run", False
    state = os.path.join(RESULTS, "boots")
    if not os.path.exists(state):
        with open(state, "w", encoding="ascii"):
            return "run", True
    if os.path.getsize(state):
        raise RuntimeError("the machine started a third time")
    with open(state, "w", encoding="ascii") as text:
        text.write("again")
    return "again", False


def run(name, timeout, say):
    """The scenario, or its part in this boot; its logs go to the results. Returns whether the machine is to boot again."""
    logs = "/run/lab-logs"
    os.makedirs(logs)
    scenario = Scenario(name, logs, say, boot.CASE, boot.FULL)

    def time_up(_signal, _frame):
        raise _TimeUp

    signal.signal(signal.SIGALRM, time_up)
    started = time.monotonic()
    signal.alarm(timeout)
    another = False
    try:
        function, another = part()
        with scenario:
            getattr(load(name), function)(scenario)
    except _TimeUp:
        another = False
        say("not ok %s: not done after %d s" % (name, timeout))
        traceback.print_exc()
    except Exception as error:  # a scenario's fault must not take the others down
        another = False
        say("not ok %s: %s" % (name, " ".join(str(error).split()) or type(error).__name__))
        traceback.print_exc()
    finally:
        signal.alarm(0)
    say("# %s: %.2f s of guest time" % (name, time.monotonic() - started))
    sys.stdout.flush()
    shutil.copytree(logs, RESULTS, copy_function=shutil.copyfile, dirs_exist_ok=True)
    if another and not scenario.failures:
        return True
    say("done")
    return False


def main():
    os.chmod("/tmp", 0o1777)
    with report_port() as port:
        def say(text):
            port.write(text.replace("\n", " | ") + "\n")

        subprocess.run(["modprobe", "-a", "-q", *MODULES], check=False)
        with open("/proc/uptime", encoding="ascii") as text:
            say("# %s: guest up after %s s, clock %s" % (boot.NAME, text.read().split()[0], boot.CLOCK))
        if run(boot.NAME, boot.TIMEOUT, say):
            with open("/run/lab-reboots", "w", encoding="ascii"):
                subprocess.run(["systemctl", "--no-block", "reboot"], check=False)


main()
