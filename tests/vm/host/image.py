# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs: busybox, the modules for the root file system, and a snapshot of what the scenarios run.

Everything in `/preload` becomes the top read-only layer of the guest's root: programs found there are read from memory,
which is quick, cannot change under a running guest, and does not stop a virtual clock on host I/O.
"""

import os
import stat
import subprocess


class Archive:
    """A cpio archive (newc), built in memory."""

    def __init__(self):
        self._parts = []
        self._seen = set()
        self._ino = 0

    def _entry(self, name, mode, data=b""):
        name = name.strip("/")
        if name in self._seen:
            return
        parent = os.path.dirname(name)
        if parent:
            self.folder(parent)
        self._seen.add(name)
        self._ino += 1
        encoded = name.encode() + b"\0"
        fields = (self._ino, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name):
        self._entry(name, stat.S_IFDIR | 0o755)

    def link(self, name, goal):
        self._entry(name, stat.S_IFLNK | 0o777, goal.encode())

    def data(self, name, data, mode=0o644):
        self._entry(name, stat.S_IFREG | mode, data)

    def file(self, name, path):
        with open(path, "rb") as text:
            self.data(name, text.read(), stat.S_IMODE(os.stat(path).st_mode) | 0o444)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as out:
            out.writelines(self._parts)

    def has(self, name):
        return name.strip("/") in self._seen


def add_modules(archive, kernel, names):
    """Put `names` and what they depend on into /modules, and their load order into /modules/order."""
    needs = {}
    with open(os.path.join(kernel.modules, "modules.dep"), encoding="ascii") as table:
        for line in table:
            path, _, after = line.partition(":")
            needs[os.path.basename(path)[:-3]] = (path, [os.path.basename(item)[:-3] for item in after.split()])
    order = []

    def visit(name):
        if name not in needs or name in order:  # not listed: built in
            return
        for other in needs[name][1]:
            visit(other)
        order.append(name)

    for name in names:
        visit(name)
    for name in order:
        archive.file("modules/%s.ko" % name, os.path.join(kernel.modules, needs[name][0]))
    archive.data("modules/order", "".join(name + "\n" for name in order).encode())


def add_resident(archive, root, path):
    """Put the file or tree `path` of the guest root `root` at the same path below /preload, symbolic links as they are."""
    path = _real_folder(root, path)
    if path is None or archive.has("preload" + path):
        return
    full = root + path
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


def libraries(root, program):
    """The shared objects `program` of the guest root loads, as paths in that root."""
    loader = "/lib64/ld-linux-x86-64.so.2"
    if root in ("", "/"):
        argv = ["ldd", program]
    else:
        argv = ["chroot", root, loader, "--list", program]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    found = {loader}
    for line in done.stdout.splitlines():
        words = line.split()
        if "=>" in words and words[-1].startswith("("):
            found.add(words[words.index("=>") + 1])
        elif words and words[0].startswith("/"):
            found.add(words[0])
    return sorted(item for item in found if item.startswith("/"))


def add_program(archive, root, path):
    """A program with the libraries it loads."""
    if os.path.lexists(root + path):
        add_resident(archive, root, path)
        for library in libraries(root, path):
            add_resident(archive, root, library)


def stripped(path, scratch):
    """A copy of an executable without debug information: it goes into memory, and backtraces keep their names."""
    copy = os.path.join(scratch, os.path.basename(path))
    subprocess.run(["strip", "--strip-debug", "-o", copy, path], check=True)
    with open(copy, "rb") as text:
        data = text.read()
    os.unlink(copy)
    return data
