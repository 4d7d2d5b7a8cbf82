#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dependency direction: which folder may include what, and which system headers belong where."""

import re
import sys

import tree

BASE = ["engine/base"]
WIRE = BASE + ["engine/wire"]
CONFIG = WIRE + ["engine/config"]
PORTS = CONFIG + ["engine/ports"]
CORE = PORTS + ["engine/crypto", "engine/core"]
ENGINE = CORE + ["engine/doctor", "engine/adapters"]
MKA_SIDE = ["engine/core/" + name for name in ("context.hpp", "counters.hpp", "event.hpp", "snapshot.hpp", "status.hpp")]
CLIENT = BASE + ["engine/wire/types.hpp", "engine/config", "dbus/bus", "dbus/client"]

# folder: what its files may include besides their own folder. A folder not named here may include everything.
MAY_USE = {
    "engine/base": [],
    "engine/wire": BASE,
    "engine/crypto": WIRE,
    "engine/config": WIRE,
    "engine/ports": CONFIG,
    "engine/eap": PORTS + ["engine/crypto"],
    "engine/eap/worker": PORTS + ["engine/crypto", "engine/eap", "engine/adapters/system/event_loop.hpp",
                                  "engine/adapters/system/os_random.hpp"],
    "engine/core": CORE,
    "engine/core/mka": PORTS + ["engine/crypto"] + MKA_SIDE,
    "engine/core/pae": PORTS + ["engine/crypto"] + MKA_SIDE,
    "engine/doctor": CONFIG + ["engine/core/status.hpp", "engine/core/counters.hpp"],
    "engine/adapters": CORE + ["engine/doctor"],
    "engine/adapters/netlink": PORTS,
    "engine/adapters/system": PORTS + ["engine/core/session_key.hpp", "engine/core/snapshot.hpp", "engine/core/status.hpp", "engine/core/port.hpp"],
    "dbus/bus": BASE + ["engine/wire/types.hpp"],
    "dbus/client": BASE + ["engine/wire/types.hpp", "engine/config", "dbus/bus"],
    "dbus/server": BASE + ["engine/wire/types.hpp", "engine/config", "engine/core/port.hpp", "engine/core/status.hpp",
                                             "engine/doctor/doctor.hpp", "dbus/bus"],
    "dbus/daemon": ENGINE + ["dbus/bus", "dbus/server"],
    "plugin/links": BASE + ["engine/wire/types.hpp", "dbus/bus/callback.hpp"],
    "plugin/networkmanager": CLIENT + ["plugin/links"],
    "plugin/networkd": CLIENT + ["plugin/links"],
    "plugin/keys": CLIENT + ["engine/crypto/library_error.hpp", "engine/crypto/tls_trust.hpp"],
    "cli": CLIENT,
}

# system header: the folders it may appear in.
BUS_SIDE = ("dbus/", "cli/", "plugin/", "tests/")
# A process of its own: it has a socket, and threads where a token may keep it waiting.
WORKER = "engine/eap/worker/"
SYSTEM = [
    (r"systemd/", ("engine/adapters/", WORKER) + BUS_SIDE),
    (r"(linux|net|netinet|netpacket|arpa|asm)/", ("engine/adapters/",) + BUS_SIDE),
    (r"openssl/", ("engine/crypto/", "plugin/keys/tls_client", "plugin/keys/https_call.cpp", "tests/")),
    (r"(glib|gio|NetworkManager|libnm)", ("plugin/networkmanager/", "tests/")),
    (r"fmt/", ("engine/adapters/", "engine/config/") + BUS_SIDE),
    (r"(sys/|unistd\.h|fcntl\.h|signal\.h|ctime>|time\.h)",
     ("engine/base/", "engine/config/", "engine/adapters/", WORKER) + BUS_SIDE),
    (r"mutex>", ("engine/crypto/tls_channel.hpp", "engine/crypto/token_key.cpp", WORKER, "tests/")),
    (r"(thread|condition_variable|future|shared_mutex|semaphore)>", (WORKER, "tests/")),
]
CLOCKS = re.compile(r"\b(system_clock|steady_clock|clock_gettime|gettimeofday|time\(nullptr\))")
TIMELESS = ("engine/wire/", "engine/crypto/", "engine/ports/", "engine/core/", "engine/eap/")
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+[">])', re.M)


def folder_of(path):
    """The rule that governs a file: the longest folder of MAY_USE it lies in."""
    return max((f for f in MAY_USE if path.startswith(f + "/")), key=len, default=None)


def check_include(path, opening, name):
    if opening == '"':
        target = name.rstrip('"')
        folder = folder_of(path)
        if "/" not in target:
            yield f"{path}: \"{target}\": write includes from the root of the repository"
        elif folder and not any(target == ok or target.startswith(ok + "/") for ok in MAY_USE[folder] + [folder]):
            yield f"{path}: {folder} may not use {target}"
    else:
        for pattern, places in SYSTEM:
            if re.match(pattern, name) and not path.startswith(places):
                yield f"{path}: <{name} may only be used in {', '.join(places)}"


def check(path, text):
    for opening, name in INCLUDE.findall(text):
        yield from check_include(path, opening, name)
    if path.startswith(TIMELESS):
        for found in CLOCKS.findall(text):
            yield f"{path}: {found}: time is an argument here"


def check_build(path, text):
    """A folder that is a library says who may use it and what it may use."""
    if path.startswith(("engine/", "dbus/", "plugin/", "cli/")) and "static_library(" in text:
        for words in ("# may be used by: ", "# may use: "):
            if words not in text:
                yield f"{path}: lacks a line \"{words}...\""


def problems():
    for path, text in tree.files(".cpp", ".hpp", under=("engine", "dbus", "plugin", "cli", "tests")):
        yield from check(path, text)
    for path, text in tree.files("meson.build"):
        yield from check_build(path, text)


if __name__ == "__main__":
    sys.exit(tree.report(problems()))
