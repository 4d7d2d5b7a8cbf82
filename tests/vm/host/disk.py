# SPDX-License-Identifier: LGPL-2.1-or-later
"""Machines that are Debian as it is installed: a disk of their own, which lives through reboots, and network cards on cables."""

import fcntl
import glob
import os
import subprocess

CABLES = 3
# What the kernel takes for them.
MODULES = ("crc32c_generic", "virtio_blk", "ext4", "virtio_net")


def packages(source, release):
    """The Debian packages that `make deb` built for a release."""
    return [path for path in sorted(glob.glob(os.path.join(source, "build-deb", release, "*.deb"))) if "-dbgsym_" not in path]


def prepare(root):
    """The image of a disk with all of `root`, made once; machines write to a copy of what they change."""
    path = root + ".ext4"
    with open(root + ".ext4.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            subprocess.run(["/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, path + ".new", "3G"], check=True,
                           stdin=subprocess.DEVNULL)
            os.rename(path + ".new", path)
    return path


def devices(image):
    """qemu's arguments: the disk, and eth0 to eth2 with a cable each to eth3 to eth5."""
    argv = ["-drive", "file=%s,if=none,id=disk,format=raw,snapshot=on,cache=unsafe" % image, "-device", "virtio-blk-pci,drive=disk"]
    for number in range(2 * CABLES):
        argv += ["-netdev", "hubport,id=net%d,hubid=%d" % (number, number % CABLES),
                 "-device", "virtio-net-pci,netdev=net%d,mac=52:54:00:00:00:%02x" % (number, number)]
    return argv


def add_packages(archive, source, release):
    """What is to be installed, and the page that says how."""
    archive.file("preload/lab/README.md", os.path.join(source, "README.md"))
    for path in packages(source, release):
        archive.file("preload/lab/packages/" + os.path.basename(path), path)
