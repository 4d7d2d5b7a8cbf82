# SPDX-License-Identifier: LGPL-2.1-or-later
"""Root file systems of Debian releases, made by mmdebstrap and kept in the cache."""

import fcntl
import hashlib
import os
import shutil
import subprocess

from . import apt

# What scenarios use, and what the programs under test load.
_PACKAGES = ("systemd", "systemd-sysv", "dbus", "polkitd", "udev", "libnm0", "network-manager", "wpasupplicant", "hostapd", "iproute2",
             "iputils-ping", "ethtool", "kmod", "python3", "procps", "tcpdump", "util-linux",
             "libsystemd0", "busybox-static", "ca-certificates", "openssl", "netbase", "dnsmasq-base")
# By release: libraries of ours whose package's name differs between them.
LIBRARIES = {"bookworm": ("libssl3", "libfmt9"), "trixie": ("libssl3t64", "libfmt10")}
_RECIPE = "1"  # raise when what is made changes


def prepare(release, cache, say):
    """The directory with the root of `release`, made if it is not in the cache."""
    packages = ",".join(_PACKAGES + LIBRARIES[release])
    home = os.path.join(cache, "root-%s-%s" % (release, hashlib.sha256((packages + _RECIPE).encode()).hexdigest()[:10]))
    with open(os.path.join(cache, "root-%s.lock" % release), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(home, "etc", "lab-complete")):
            if shutil.which("mmdebstrap") is None:
                raise apt.AptError("mmdebstrap is missing (Debian package mmdebstrap)")
            if os.geteuid() != 0:
                raise apt.AptError("a root of %s has files of several owners: make it as root" % release)
            shutil.rmtree(home, ignore_errors=True)
            say("making a root of Debian %s" % release)
            _make(release, packages, home)
    return home


def _make(release, packages, home):
    archive, security = apt.host_repositories()
    lines = ["deb %s%s %s main" % (apt.keyring_option(), archive, release)]
    if security:
        lines.append("deb %s%s %s-security main" % (apt.keyring_option(), security, release))
    os.makedirs(home)
    done = subprocess.run(
        ["mmdebstrap", "--mode=root", "--variant=apt", "--include=" + packages, "--dpkgopt=path-exclude=/usr/share/doc/*",
         "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*", "--aptopt=APT::Install-Recommends \"false\"",
         release, home, *lines], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        raise apt.AptError("mmdebstrap %s:\n%s" % (release, done.stdout[-3000:]))
    open(os.path.join(home, "etc", "lab-complete"), "w", encoding="ascii").close()
