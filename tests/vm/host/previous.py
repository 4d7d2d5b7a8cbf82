# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs and units of the version before this one, built from the commit that packaging/releases names."""

import os
import re
import shutil
import subprocess

GUEST = "/lab/previous"
_PROGRAMS = ("dbus/daemon/macsecd", "plugin/networkmanager/macsec-nm", "plugin/networkd/macsec-networkd")
_UNITS = ("data/macsecd.service.in", "data/networkmanager/macsec-nm.service.in", "data/networkd/macsec-networkd.service.in")
_RECIPE = "2"  # raise when what is kept changes


def commit(source):
    """(version, commit) of the last release."""
    with open(os.path.join(source, "packaging", "releases"), encoding="ascii") as text:
        lines = [line.split() for line in text if line.strip() and not line.startswith("#")]
    return tuple(lines[-1])


def available(source):
    """Whether the repository has that commit: a tarball and a shallow clone do not."""
    return subprocess.run(["git", "-C", source, "cat-file", "-e", commit(source)[1] + "^{commit}"], stdin=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def prepare(source, cache, say):
    """A folder with the programs, built once a commit as `make demo` builds them, and the plugins; its folder `units` has
    their services."""
    version, wanted = commit(source)
    home = os.path.join(cache, "previous", "%s-%s" % (wanted, _RECIPE))
    if os.path.exists(home):
        return home
    say("building version %s" % version)
    tree = "%s.%d" % (home, os.getpid())
    os.makedirs(tree)
    try:
        archive = subprocess.Popen(["git", "-C", source, "archive", wanted], stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", tree], stdin=archive.stdout, check=True)
        if archive.wait() != 0:
            raise ValueError("git archive %s failed" % wanted)
        with open(os.path.join(cache, "previous", "build.log"), "wb") as log:
            subprocess.run(["tools/configure", "demo", "build-demo", "-Dplugins=true"], cwd=tree, check=True, stdout=log, stderr=log)
            subprocess.run(["ninja", "-C", "build-demo", *_PROGRAMS], cwd=tree, check=True, stdout=log, stderr=log)
        os.makedirs(tree + ".made")
        for program in _PROGRAMS:
            shutil.copy(os.path.join(tree, "build-demo", program), tree + ".made")
        _units(tree, os.path.join(tree + ".made", "units"))
        os.rename(tree + ".made", home)
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    return home


def _units(tree, out):
    """The services of that version, with its programs where the guest has them."""
    os.makedirs(out)
    for path in _UNITS:
        with open(os.path.join(tree, path), encoding="utf-8") as text:
            unit = re.sub("@SBINDIR@|@LIBEXECDIR@/macsecd", GUEST, text.read())
        with open(os.path.join(out, os.path.basename(path).removesuffix(".in")), "w", encoding="utf-8") as text:
            text.write(unit)
