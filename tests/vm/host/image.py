# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs: busybox, the modules for the root file system, and a snapshot of what the scenario runs.

`/preload` becomes the guest's root, or the top read-only layer of it: programs found there are read from memory, which is
quick, cannot change under a running guest, and leaves a virtual clock alone (it runs on while the guest waits for host I/O).
"""

import json
import os
import stat
import subprocess
import threading


class Archive:
    """A cpio archive (newc), built in memory."""

    def __init__(self):
        self._parts = []
        self._seen = set()
        self._ino = 0

    def _entry(self, name, mode, data=b"", mtime=0):
        name = name.strip("/")
        if name in self._seen:
            return
        parent = os.path.dirname(name)
        if parent:
            self.folder(parent)
        self._seen.add(name)
        self._ino += 1
        encoded = name.encode() + b"\0"
        fields = (self._ino, mode, 0, 0, 1, mtime, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def link(self, name, goal):
        self._entry(name, stat.S_IFLNK | 0o777, goal.encode())

    def data(self, name, data, mode=0o644, mtime=0):
        self._entry(name, stat.S_IFREG | mode, data, mtime)

    def file(self, name, path):
        """With the time of its last change, by which Python knows that what it compiled on this machine is of this source."""
        facts = os.stat(path)
        with open(path, "rb") as text:
            self.data(name, text.read(), stat.S_IMODE(facts.st_mode) | 0o444, int(facts.st_mtime))

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as out:
            out.writelines(self._parts)

    def has(self, name):
        return name.strip("/") in self._seen


def add_modules(archive, kernel, names, tree=None):
    """Add `names` and what they depend on: below `tree`, or without one into /modules with their load order in /modules/order."""
    needs = {}
    with open(os.path.join(kernel.modules, "modules.dep"), encoding="ascii") as table:
        for line in table:
            path, _, after = line.partition(":")
            needs[_module(path)] = (path, [_module(item) for item in after.split()])
    order = []

    def visit(name):
        if name not in needs or name in order:  # not listed: built in
            return
        for other in needs[name][1]:
            visit(other)
        order.append(name)

    for name in names:
        visit(name.replace("-", "_"))
    for name in order:
        path = needs[name][0]
        archive.file(os.path.join(tree, path) if tree else "modules/%s.ko" % name, os.path.join(kernel.modules, path))
    if tree is None:
        archive.data("modules/order", "".join(name + "\n" for name in order).encode())


def _module(path):
    return os.path.basename(path)[:-len(".ko")].replace("-", "_")


def add_resident(archive, root, path):
    """Put the file or tree `path` of the guest root `root` at the same path below /preload, symbolic links as they are."""
    path = _real_folder(root, path)
    if path is None:
        return
    full = root + path
    # A folder may be there as the parent of something; its content is then still to be added.
    if archive.has("preload" + path) and (os.path.islink(full) or not os.path.isdir(full)):
        return
    if os.path.islink(full):
        goal = os.readlink(full)
        archive.link("preload" + path, goal)
        add_resident(archive, root, os.path.normpath(os.path.join(os.path.dirname(path), goal)))
    elif os.path.isdir(full):
        archive.folder("preload" + path)
        for name in sorted(os.listdir(full)):
            if name not in ("test", "tests", "idlelib", "lib2to3", "pydoc_data", "dist-packages", "tkinter", "turtledemo",
                            "distutils", "ensurepip") and not name.startswith("config-"):
                add_resident(archive, root, os.path.join(path, name))
    elif os.path.isfile(full):
        archive.file("preload" + path, full)


def _real_folder(root, path):
    """`path` with its folder resolved inside `root` (merged /usr), so that no folder is recorded as a link's child."""
    folder, name = os.path.split(path)
    while True:
        if folder in ("", "/"):
            break
        probe, link = folder, None
        while probe != "/":
            if os.path.islink(root + probe):
                link = probe
                break
            probe = os.path.dirname(probe)
        if link is None:
            break
        goal = os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(root + link)))
        folder = goal + folder[len(link):]
    full = os.path.join(folder, name) if folder != "/" else "/" + name
    return full if os.path.lexists(root + full) else None


class Libraries:
    """Which shared objects the programs of a root load; asked of the dynamic loader once per state of a program."""

    _LOADER = "/lib64/ld-linux-x86-64.so.2"

    def __init__(self, root, cache):
        self._root = root
        self._path = os.path.join(cache, "libraries.json")
        try:
            with open(self._path, encoding="utf-8") as text:
                self._known = json.load(text)
        except (OSError, ValueError):
            self._known = {}

    def of(self, program, root=None):
        """Paths in the root that `program` (a path in that root) loads, the loader among them."""
        root = self._root if root is None else root
        state = os.stat(os.path.realpath(root + program))
        key = "%s %s %d %d" % (root, program, state.st_mtime_ns, state.st_size)
        if key not in self._known:
            self._known[key] = self._ask(root, program)
        return self._known[key]

    def below(self, folder):
        """What the shared objects in a folder load."""
        found = set()
        for name in os.listdir(self._root + folder):
            if name.endswith(".so"):
                found.update(self.of(os.path.join(folder, name)))
        return sorted(found)

    def save(self):
        new = "%s.%d" % (self._path, threading.get_native_id())
        with open(new, "w", encoding="utf-8") as out:
            json.dump(self._known, out)
        os.rename(new, self._path)

    def _ask(self, root, program):
        argv = ["ldd", program] if root == "" else ["chroot", root, self._LOADER, "--list", program]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        found = {self._LOADER}
        for line in done.stdout.splitlines():
            words = line.split()
            if "=>" in words and words[-1].startswith("("):
                found.add(words[words.index("=>") + 1])
            elif words and words[0].startswith("/"):
                found.add(words[0])
        return sorted(item for item in found if item.startswith("/"))


def add_program(archive, root, path, libraries):
    """A program with the libraries it loads."""
    if os.path.exists(root + path):
        add_resident(archive, root, path)
        for library in libraries.of(path):
            add_resident(archive, root, library)


def stripped(path, scratch):
    """A copy of an executable without debug information: it goes into memory, and backtraces keep their names."""
    copy = os.path.join(scratch, os.path.basename(path))
    subprocess.run(["strip", "--strip-debug", "-o", copy, path], check=True)
    with open(copy, "rb") as text:
        data = text.read()
    os.unlink(copy)
    return data
