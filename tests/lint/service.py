#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The units: their sandboxes as systemd judges them, no cycle in the order of a boot, restarts without end, no keys in core files or
swap, activation of what is enabled only. And every message id has its text."""

import os
import re
import shutil
import subprocess
import sys
import tempfile

# Exposure that is accepted; what holds keys or has capabilities less than the rest.
LIMITS = {"macsecd.service": 1.5, "macsec-eap.service": 1.5, "networkd/macsec-networkd.service": 1.5, "keys/macsec-keys.service": 1.5,
          "networkmanager/macsec-nm.service": 3.0,
          "networkmanager/macsec-nm-bus.service": 3.0}
HAVE_KEYS = ("macsecd.service", "macsec-eap.service", "keys/macsec-keys.service", "networkmanager/macsec-nm.service", "networkmanager/macsec-nm-bus.service")
# Ends with its work; a connection to its socket starts it again, as often as it may be.
BY_SOCKET = {"macsec-eap.service": ("StartLimitIntervalSec=0", "Restart=no")}
NO_KEYS_ON_DISK = ("LimitCORE=0", "MemorySwapMax=0")
WITHOUT_END = ("StartLimitIntervalSec=0", "Restart=always", "RestartSec=100ms", "RestartSteps=8", "RestartMaxDelaySec=10s")

# What opens more, for whoever needs it: drop-in, unit, and the exposure with it. Addresses stand in it as an example, and are let in by
# none but the administrator.
DROP_INS = {"examples/macsecd-radius.conf": ("macsecd.service", 1.7)}
EXAMPLE = re.compile(r"^#(IPAddressAllow=)", re.M)

# Early services in the order that cloud images give them: one waits for the network, and the whole system for it.
EARLY = {
    "early-local.service": "Wants=network-pre.target\nBefore=network-pre.target sysinit.target",
    "early-network.service": "After=early-local.service systemd-networkd-wait-online.service networking.service\n"
                             "Before=network-online.target sysinit.target",
    "systemd-networkd-wait-online.service": "Requires=systemd-networkd.service\nAfter=systemd-networkd.service\nBefore=network-online.target",
    "systemd-networkd.service": "After=systemd-udevd.service network-pre.target\nBefore=network.target\nWants=network.target",
}
EARLY_UNIT = "[Unit]\nDefaultDependencies=no\n%s\n[Service]\nType=oneshot\nExecStart=/bin/true\n"
WANTED_BY = re.compile(r"^WantedBy=(.*)$", re.M)


def analyze(*arguments, path=None):
    environment = {"PATH": "/usr/bin:/bin", "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}
    if path:
        environment["SYSTEMD_UNIT_PATH"] = path
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, check=False, env=environment)


def exposure(unit):
    """systemd's verdict on a unit file, without running it."""
    found = re.search(r"exposure level for \S+: ([0-9.]+)", analyze("security", "--offline=true", unit).stdout)
    return float(found.group(1)) if found else None


def boot(units):
    """What systemd says of a boot with all units enabled; `units` are texts by file name. Empty: nothing."""
    with tempfile.TemporaryDirectory() as folder:
        def write(name, text):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                out.write(text)

        def want(target, name):
            os.makedirs(os.path.join(folder, target + ".wants"), exist_ok=True)
            os.symlink(os.path.join("..", name), os.path.join(folder, target + ".wants", name))
        for name, order in EARLY.items():
            write(name, EARLY_UNIT % order)
            want("sysinit.target" if name.startswith("early") else "multi-user.target", name)
        for name, text in units.items():
            write(name, re.sub(r"^(Exec\w+=)\S+", r"\1/bin/true", text, flags=re.M))  # nothing is installed here
            for targets in WANTED_BY.findall(text):
                for target in targets.split():
                    want(target, name)
        shown = analyze("verify", "--man=no", "multi-user.target", *units, path=folder + ":/usr/lib/systemd/system:/lib/systemd/system")
        return [line for line in shown.stderr.splitlines() if "cycle" in line or any(name + ":" in line or folder in line for name in units)
                and not re.search(r"Unknown key (name )?'Restart(Steps|MaxDelaySec)'", line)]


def check_unit(name, text):
    wanted = BY_SOCKET.get(name, WITHOUT_END) + (NO_KEYS_ON_DISK if name in HAVE_KEYS else ())
    lines = text.splitlines()
    yield from ("%s: lacks %s" % (name, line) for line in wanted if line not in lines)


def check_drop_in(name, text, unit, limit):
    if re.search(r"^IPAddressAllow=", text, re.M) or not EXAMPLE.search(text):
        yield "%s: lets addresses in that nobody named, or has no example" % name
    if "RestrictAddressFamilies=AF_INET AF_INET6" not in text.splitlines():
        yield "%s: opens no UDP" % name
    if not shutil.which("systemd-analyze"):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(unit, folder)
        os.mkdir(path + ".d")
        with open(os.path.join(path + ".d", "drop-in.conf"), "w", encoding="utf-8") as out:
            out.write(EXAMPLE.sub(r"\1", text))
        found = exposure(path)
        if found is None or found > limit:
            yield "%s: exposure %s, at most %s" % (name, found, limit)
        yield from (line for line in analyze("verify", "--man=no", path).stderr.splitlines() if "drop-in.conf" in line)


def check_messages(catalog, *sources):
    used = set()
    for source in sources:
        with open(source, encoding="utf-8") as text:
            used |= set(re.findall(r'"([0-9a-f]{32})"', text.read()))
    with open(catalog, encoding="utf-8") as text:
        told = set(re.findall(r"^-- ([0-9a-f]{32})$", text.read(), re.M))
    yield from ("%s: lacks message %s" % (catalog, one) for one in sorted(used - told))
    yield from ("%s: message %s is never sent" % (catalog, one) for one in sorted(told - used))


def check_activation(unit, activation):
    """Only an enabled unit is started by a call on the bus."""
    started = re.search(r"^SystemdService=(.*)$", activation, re.M).group(1)
    if started == "macsecd.service" or "Alias=" + started not in unit.splitlines():
        yield "org.macsecd1.service: %s is not an alias that macsecd.service gets when it is enabled" % started


def check_policy(policy, interfaces):
    """The bus lets calls of every interface through; who may do what is the service's to judge."""
    allowed = set(re.findall(r'send_interface="(org\.macsecd1\.\w+)"', policy))
    described = {name[:-len(".xml")] for name in os.listdir(interfaces) if name.endswith(".xml")}
    yield from ("org.macsecd1.conf: no call of %s gets through" % one for one in sorted(described - allowed))


def main(built, source, interfaces, *messages):
    problems = list(check_messages(os.path.join(source, "macsecd.catalog"), *messages))
    with open(os.path.join(source, "org.macsecd1.conf"), encoding="utf-8") as text:
        problems += check_policy(text.read(), interfaces)
    units = {}
    for name in LIMITS:
        path = os.path.join(built, name)
        if not os.path.exists(path):
            continue  # configured without plugins
        with open(path, encoding="utf-8") as text:
            units[name] = text.read()
        problems += check_unit(name, units[name])
    with open(os.path.join(source, "org.macsecd1.service"), encoding="utf-8") as text:
        problems += check_activation(units["macsecd.service"], text.read())
    for name, (unit, limit) in DROP_INS.items():
        with open(os.path.join(source, name), encoding="utf-8") as text:
            problems += check_drop_in(name, text.read(), os.path.join(built, unit), limit)
    if shutil.which("systemd-analyze"):
        for name in units:
            found = exposure(os.path.join(built, name))
            if found is None or found > LIMITS[name]:
                problems.append("%s: exposure %s, at most %s" % (name, found, LIMITS[name]))
        every = {os.path.basename(name): unit for name, unit in units.items()}
        for socket in ("macsec-eap.socket", "networkmanager/macsec-nm-bus.socket"):
            with open(os.path.join(source, socket), encoding="utf-8") as text:
                every[os.path.basename(socket)] = text.read()
        problems += boot(every)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
