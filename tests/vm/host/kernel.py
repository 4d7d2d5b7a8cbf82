# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guest kernel: Debian's Linux 6.12, the modules the lab needs, and netdevsim and macseclab built to match."""

import fcntl
import glob
import hashlib
import lzma
import os
import re
import shutil
import subprocess
import tempfile

from . import apt

_SERIES = "6.12"
_SUITES = ("bookworm-backports", "bookworm-security")
_RECIPE = "7"  # raise when what is kept of a kernel changes
_MACSECLAB = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "macseclab")

# What is kept of Debian's module tree: the network, the ciphers, and what the root file system needs.
_KEEP = re.compile(r"^kernel/(net/|crypto/|arch/x86/crypto/|lib/|fs/(9p|netfs|overlayfs|fuse|nls|squashfs|autofs|ext4|jbd2)/|fs/mbcache\.ko"
                   r"|drivers/(virtio|block|char/hw_random|ptp|pps)/|drivers/net/[^/]+\.ko|drivers/net/(bonding|team|phy|mdio)/"
                   r"|drivers/net/wireless/virtual/mac80211_hwsim\.ko)")


class Kernel:
    """A kernel in the cache: `image` is what qemu boots, `modules` the directory for /lib/modules/`release`."""

    def __init__(self, release, image, modules):
        self.release = release
        self.image = image
        self.modules = modules


def prepare(cache, say, built=True):
    """The kernel in `cache`, made if it is not there, with the modules that are built for it or without. MACSECD_VM_KERNEL (a
    directory made like it) overrides."""
    override = os.environ.get("MACSECD_VM_KERNEL")
    if override:
        return _load(override)
    os.makedirs(cache, exist_ok=True)
    home = os.path.join(cache, "kernel-%s-%s" % (_SERIES, _RECIPE))
    with open(os.path.join(cache, "kernel.lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(os.path.join(home, "complete")):
            _make(cache, home, say)
        if built:
            try:
                _add_built(cache, home, say)
            except apt.AptError:
                # The archive may have moved on to another version since the kernel was fetched.
                _make(cache, home, say)
                _add_built(cache, home, say)
    return _load(home)


def _load(home):
    found = glob.glob(os.path.join(home, "modules", "*"))
    if len(found) != 1:
        raise apt.AptError("%s holds no kernel: expected vmlinuz and modules/RELEASE" % home)
    return Kernel(os.path.basename(found[0]), os.path.join(home, "vmlinuz"), found[0])


def _newest(state):
    """(Debian version, release) of the newest kernel with image, headers, kbuild and source in the archive."""
    sources = state.versions(r"^linux-source-%s$" % re.escape(_SERIES)).get("linux-source-" + _SERIES, set())
    images = state.versions(r"^linux-image-%s\..*-amd64$" % re.escape(_SERIES))
    headers = state.versions(r"^linux-headers-%s\..*-amd64$" % re.escape(_SERIES))
    best = None
    for name, versions in images.items():
        release = name[len("linux-image-"):]
        if re.search(r"-(cloud|rt)-amd64$|unsigned|dbg", name):
            continue
        for version in versions & sources & headers.get("linux-headers-" + release, set()):
            key = [int(number) for number in re.findall(r"\d+", version)]
            if best is None or key > best[0]:
                best = (key, version, release)
    if best is None:
        raise apt.AptError("no Linux %s with image, headers and source in %s" % (_SERIES, ", ".join(_SUITES)))
    return best[1], best[2]


def _make(cache, home, say):
    shutil.rmtree(home, ignore_errors=True)
    state = apt.PrivateApt(os.path.join(cache, "apt-kernel"), _SUITES)
    state.update()
    version, release = _newest(state)
    say("fetching Linux %s" % release)
    work = home + ".work"
    shutil.rmtree(work, ignore_errors=True)
    state.unpack(["linux-image-%s=%s" % (release, version)], work)
    os.makedirs(home)
    _unpack_image(os.path.join(work, "boot", "vmlinuz-" + release), os.path.join(home, "vmlinuz"))
    modules = os.path.join(home, "modules", release)
    _keep_modules(os.path.join(work, "lib", "modules", release), modules)
    _lighten(modules)
    _index(work, modules)
    shutil.rmtree(work)
    with open(os.path.join(home, "complete"), "w", encoding="ascii") as out:
        out.write(version + "\n")


def _add_built(cache, home, say):
    """netdevsim and macseclab, built where they are not there or their source is another."""
    release, = os.listdir(os.path.join(home, "modules"))
    headers = os.path.join(home, "build", "usr/src/linux-headers-" + release)
    if not _is(home, "netdevsim", headers):
        _add_netdevsim(cache, home, release, say)
        _mark(home, "netdevsim", headers)
    digest = hashlib.sha256(headers.encode())
    for name in sorted(os.listdir(_MACSECLAB)):
        if name == "Kbuild" or name.endswith((".c", ".h")):
            with open(os.path.join(_MACSECLAB, name), "rb") as text:
                digest.update(text.read())
    if not _is(home, "macseclab", digest.hexdigest()):
        say("building macseclab for Linux %s" % release)
        with tempfile.TemporaryDirectory() as work:
            source = os.path.join(work, "macseclab")
            shutil.copytree(_MACSECLAB, source)
            _build(headers, source, "macseclab", os.path.join(home, "modules", release))
        _mark(home, "macseclab", digest.hexdigest())


def _is(home, name, state):
    path = os.path.join(home, name)
    if not os.path.exists(path):
        return False
    with open(path, encoding="utf-8") as text:
        return text.read() == state


def _mark(home, name, state):
    with open(os.path.join(home, name), "w", encoding="utf-8") as out:
        out.write(state)


def _add_netdevsim(cache, home, release, say):
    """Fetches and builds what the module takes, several times the size of the kernel, of the version that is there; keeps the headers."""
    with open(os.path.join(home, "complete"), encoding="ascii") as text:
        version = text.read().strip()
    flavourless = release[:-len("-amd64")]
    say("building netdevsim for Linux %s" % release)
    headers, work = os.path.join(home, "build"), home + ".work"
    for folder in (headers, work):
        shutil.rmtree(folder, ignore_errors=True)
    packages = apt.PrivateApt(os.path.join(cache, "apt-kernel"), _SUITES)
    packages.unpack(["linux-headers-%s=%s" % (release, version), "linux-headers-%s-common=%s" % (flavourless, version),
                     "linux-kbuild-%s=%s" % (flavourless, version)], headers)
    packages.unpack(["linux-source-%s=%s" % (_SERIES, version)], work)
    _settle(headers, release)
    # Debian does not ship netdevsim: its directory of the matching source, built against the matching headers.
    archive, = glob.glob(os.path.join(work, "usr/src/linux-source-%s.tar.xz" % _SERIES))
    inside = "linux-source-%s/drivers/net/netdevsim" % _SERIES
    subprocess.run(["tar", "-xf", archive, "-C", work, inside], check=True)
    _build(os.path.join(headers, "usr/src/linux-headers-" + release), os.path.join(work, inside), "netdevsim",
           os.path.join(home, "modules", release), "CONFIG_NETDEVSIM=m")
    shutil.rmtree(work)


def _settle(build, release):
    """Debian's header tree names its siblings by absolute paths below /usr: by those below `build`."""
    headers = os.path.join(build, "usr/src/linux-headers-" + release)
    for folder in (headers, headers.replace("-amd64", "-common")):
        for name in ("Makefile", ".kernelvariables", "scripts", "tools"):
            path = os.path.join(folder, name)
            if os.path.islink(path):
                goal = os.readlink(path)
                if goal.startswith("/usr/"):
                    os.unlink(path)
                    os.symlink(build + goal, path)
                elif not os.path.exists(path):
                    os.unlink(path)
                    os.symlink(os.path.join(build, "usr/lib", goal.split("lib/")[-1]), path)
            elif os.path.isfile(path):
                with open(path, encoding="utf-8") as text:
                    old = text.read()
                with open(path, "w", encoding="utf-8") as text:
                    text.write(re.sub(r"(?<![\w.])/usr/(src|lib)/linux", lambda m: "%s/usr/%s/linux" % (build, m[1]), old))


def _build(headers, source, name, modules, *settings):
    """The module `name` from `source` into the module tree, where modprobe finds it."""
    log = subprocess.run(["make", "-C", headers, "M=" + source, "CONFIG_DEBUG_INFO_BTF_MODULES=", *settings, "modules"],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if log.returncode != 0:
        raise ValueError("%s does not build:\n%s" % (name, log.stdout[-3000:]))
    folder = os.path.join(modules, "kernel/drivers/net", name)
    os.makedirs(folder, exist_ok=True)
    shutil.copy(os.path.join(source, name + ".ko"), folder)
    _lighten(folder)
    with tempfile.TemporaryDirectory() as work:
        _index(work, modules)


def _index(work, modules):
    """What modules need of each other, where modprobe looks for it."""
    tree = os.path.join(work, "depmod", "lib", "modules")
    os.makedirs(tree)
    os.symlink(modules, os.path.join(tree, os.path.basename(modules)))
    subprocess.run(["/sbin/depmod", "-b", os.path.join(work, "depmod"), os.path.basename(modules)], check=True)


def _unpack_image(packed, target):
    """The kernel as the ELF file qemu boots directly; an emulated CPU takes a second to unpack it. As it is if that fails."""
    with open(packed, "rb") as text:
        data = text.read()
    at = data.find(b"\x28\xb5\x2f\xfd")  # zstd
    if at >= 0 and shutil.which("zstd"):
        # What follows the compressed kernel makes zstd complain at the end; the ELF header tells whether it worked.
        done = subprocess.run(["zstd", "-dcq"], input=data[at:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if done.stdout.startswith(b"\x7fELF"):
            data = done.stdout
    with open(target, "wb") as out:
        out.write(data)


def _lighten(modules):
    """Without signatures and type information: checking them is most of the time an emulated CPU takes to load a module."""
    for folder, _, names in os.walk(modules):
        paths = [os.path.join(folder, name) for name in names if name.endswith(".ko")]
        if paths:
            subprocess.run(["strip", "--strip-debug", "--remove-section=.BTF", "--remove-section=.BTF.base", *paths], check=True)


def _keep_modules(source, target):
    for folder, _, names in os.walk(source):
        for name in names:
            path = os.path.join(folder, name)
            inside = os.path.relpath(path, source)
            plain = inside[:-3] if inside.endswith(".xz") else inside
            if not (inside.startswith("modules.") or _KEEP.match(plain)):
                continue
            os.makedirs(os.path.dirname(os.path.join(target, plain)), exist_ok=True)
            if plain == inside:
                shutil.copy(path, os.path.join(target, plain))
                continue
            # Unpacked once here rather than by an emulated CPU at every boot.
            with lzma.open(path) as packed, open(os.path.join(target, plain), "wb") as out:
                shutil.copyfileobj(packed, out)
