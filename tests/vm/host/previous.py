# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of the version before this one, built from the commit that packaging/releases names."""

import os
import shutil
import subprocess

_PROGRAMS = ("dbus/daemon/macsecd", "cli/macsecctl")


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
    """A folder with the programs, built once a commit as `make demo` builds them."""
    version, wanted = commit(source)
    home = os.path.join(cache, "previous", wanted)
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
            subprocess.run(["tools/configure", "demo"], cwd=tree, check=True, stdout=log, stderr=log)
            subprocess.run(["ninja", "-C", "build-demo", *_PROGRAMS], cwd=tree, check=True, stdout=log, stderr=log)
        os.makedirs(tree + ".made")
        for program in _PROGRAMS:
            shutil.copy(os.path.join(tree, "build-demo", program), tree + ".made")
        os.rename(tree + ".made", home)
    finally:
        shutil.rmtree(tree, ignore_errors=True)
    return home
