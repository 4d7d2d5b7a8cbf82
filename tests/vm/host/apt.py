# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian packages without touching the host: a private apt state, download, unpack.

Where packages come from is asked of the machine's own apt configuration at run time.
"""

import glob
import os
import subprocess


class AptError(Exception):
    """apt could not give what was asked for; the text says what and why."""


def _run(argv, **kwargs):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise AptError("%s: exit %d\n%s" % (" ".join(argv[:3]), done.returncode, done.stdout[-2000:]))
    return done.stdout


def host_repositories():
    """(archive URI, security URI or None) of Debian as this machine's apt knows them."""
    text = _run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"])
    archive = security = None
    for line in text.splitlines():
        fields = line.split()
        if len(fields) != 2:
            continue
        release, uri = fields
        if release.endswith("-security"):
            security = security or uri
        elif release in ("bookworm", "trixie", "stable", "oldstable"):
            archive = archive or uri
    if archive is None:
        raise AptError("apt on this machine has no Debian archive configured (apt-get indextargets)")
    return archive, security


def keyring_option():
    """The signed-by option when the archive keyring is at its usual place, else apt's own trust."""
    for path in ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"):
        if os.path.exists(path):
            return "[signed-by=%s] " % path
    return ""


class PrivateApt:
    """An apt with its own lists, cache and (empty) installed state below `root`."""

    def __init__(self, root, suites):
        """`suites`: names such as bookworm-backports; those ending in -security use that archive."""
        self.root = root
        for part in ("lists/partial", "cache/archives/partial"):
            os.makedirs(os.path.join(root, part), exist_ok=True)
        archive, security = host_repositories()
        with open(os.path.join(root, "sources.list"), "w", encoding="ascii") as out:
            for suite in suites:
                uri = security if suite.endswith("-security") else archive
                if uri is not None:
                    out.write("deb %s%s %s main\n" % (keyring_option(), uri, suite))
        open(os.path.join(root, "status"), "a", encoding="ascii").close()
        self._options = ["-qq", "-oDir::Etc::sourcelist=" + os.path.join(root, "sources.list"),
                         "-oDir::Etc::sourceparts=/dev/null", "-oDir::State::Lists=" + os.path.join(root, "lists"),
                         "-oDir::Cache=" + os.path.join(root, "cache"),
                         "-oDir::State::status=" + os.path.join(root, "status"),
                         "-oAPT::Sandbox::User=", "-oAcquire::Retries=3", "-o#clear=APT::Update::Post-Invoke-Success"]

    def update(self):
        """Fetch the package lists."""
        _run(["apt-get", *self._options, "update"])

    def versions(self, pattern):
        """{package name: set of versions} of the packages whose name matches the regular expression."""
        names = [line.split()[0] for line in
                 _run(["apt-cache", *self._options, "search", "--names-only", pattern]).splitlines() if line]
        found = {}
        if names:
            for line in _run(["apt-cache", *self._options, "madison", *names]).splitlines():
                name, version, _ = (part.strip() for part in line.split("|"))
                found.setdefault(name, set()).add(version)
        return found

    def unpack(self, packages, into):
        """Download `name=version` packages and unpack them below `into`."""
        debs = os.path.join(self.root, "debs")
        os.makedirs(debs, exist_ok=True)
        os.makedirs(into, exist_ok=True)
        for package in packages:
            _run(["apt-get", *self._options, "download", package], cwd=debs)
            name = package.split("=")[0]
            for deb in glob.glob(os.path.join(debs, glob.escape(name) + "_*.deb")):
                _run(["dpkg", "-x", deb, into])
                os.unlink(deb)
