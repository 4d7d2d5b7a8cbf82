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


def run(name, timeout, say):
    """The scenario; its logs go to the results."""
    logs = "/run/lab-logs"
    os.makedirs(logs)
    scenario = Scenario(name, logs, say, boot.CASE, boot.FULL)

    def time_up(_signal, _frame):
        raise _TimeUp

    signal.signal(signal.SIGALRM, time_up)
    started = time.monotonic()
    signal.alarm(timeout)
    try:
        with scenario:
            load(name).run(scenario)
    except _TimeUp:
        say("not ok %s: not done after %d s" % (name, timeout))
        traceback.print_exc()
    except Exception as error:  # a scenario's fault must not take the others down
        say("not ok %s: %s" % (name, " ".join(str(error).split()) or type(error).__name__))
        traceback.print_exc()
    finally:
        signal.alarm(0)
    say("# %s: %.2f s of guest time" % (name, time.monotonic() - started))
    sys.stdout.flush()
    shutil.copytree(logs, RESULTS, copy_function=shutil.copyfile, dirs_exist_ok=True)
    say("done")


def main():
    os.chmod("/tmp", 0o1777)
    with report_port() as port:
        def say(text):
            port.write(text.replace("\n", " | ") + "\n")

        subprocess.run(["modprobe", "-a", "-q", *MODULES], check=False)
        with open("/proc/uptime", encoding="ascii") as text:
            say("# %s: guest up after %s s, clock %s" % (boot.NAME, text.read().split()[0], boot.CLOCK))
        run(boot.NAME, boot.TIMEOUT, say)


main()
