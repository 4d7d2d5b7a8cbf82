# SPDX-License-Identifier: LGPL-2.1-or-later
"""One boot of the test guest: its initramfs, its qemu, its report."""

import os
import selectors
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time

from . import disk, image, previous

# For the root file system and the results, before any program runs.
_ROOT_MODULES = ("9pnet_virtio", "9p", "overlay", "virtio_rng")

# Modules of a machine whose root is in memory; what they depend on comes with them.
_MODULES = ("macsec", "veth", "bridge", "netdevsim", "dummy", "8021q", "bonding", "macvlan", "vrf", "ifb", "tun", "nlmon", "af_packet",
            "sch_netem", "sch_tbf", "sch_ingress", "act_mirred", "cls_matchall", "cls_u32", "act_gact", "gcm", "ctr", "ghash-generic", "aesni-intel",
            "ghash-clmulni-intel", "cmac", "aes_generic", "cryptd", "crypto_simd", "ccm", "seqiv", "echainiv", "af_alg", "algif_aead", "algif_hash",
            "packet_diag", "netlink_diag", "unix_diag", "inet_diag", "tcp_diag", "udp_diag")

# Programs that are in the guest's memory from the start. Scenarios may ask for more (`programs`).
_PROGRAMS = ("/usr/bin/python3", "/usr/sbin/ip", "/usr/sbin/bridge", "/usr/sbin/tc", "/usr/bin/ss", "/usr/sbin/ethtool", "/usr/sbin/sysctl",
             "/usr/sbin/wpa_supplicant", "/usr/sbin/wpa_cli", "/usr/sbin/hostapd", "/usr/bin/kmod", "/usr/sbin/modprobe", "/usr/bin/dbus-daemon",
             "/usr/bin/busctl", "/usr/bin/ping", "/usr/bin/sh", "/usr/bin/bash", "/usr/bin/env", "/usr/bin/cat", "/usr/bin/date", "/usr/bin/ls",
             "/usr/bin/id", "/usr/bin/true", "/usr/bin/false", "/usr/bin/kill", "/usr/bin/ps", "/usr/bin/sed", "/usr/bin/grep", "/usr/bin/sleep",
             "/usr/bin/tail", "/usr/bin/head", "/usr/bin/mkdir", "/usr/bin/rm", "/usr/bin/cp", "/usr/bin/chmod", "/usr/bin/chown", "/usr/bin/hostname",
             "/usr/bin/mount", "/usr/bin/umount", "/usr/bin/dmesg", "/usr/bin/setpriv", "/usr/bin/tcpdump", "/usr/bin/nsenter", "/usr/bin/timeout")
_TREES = ("/etc/ld.so.cache", "/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/localtime", "/etc/ssl/openssl.cnf", "/etc/protocols",
          "/etc/iproute2", "/usr/lib/locale/C.utf8", "/usr/lib/x86_64-linux-gnu/ossl-modules", "/usr/lib/ssl", "/usr/lib/x86_64-linux-gnu/engines-3",
          "/usr/share/dbus-1/system.conf", "/usr/share/dbus-1/session.conf", "/etc/dbus-1", "/usr/share/zoneinfo/Etc/UTC", "/etc/ethertypes")


# What machines with systemd have in memory besides.
_SYSTEMD_PROGRAMS = ("/usr/lib/systemd/systemd", "/usr/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-udevd", "/usr/bin/udevadm",
                     "/usr/lib/systemd/systemd-executor", "/usr/lib/systemd/systemd-networkd", "/usr/bin/networkctl", "/usr/bin/systemctl",
                     "/usr/bin/journalctl", "/usr/sbin/NetworkManager", "/usr/bin/nmcli", "/usr/lib/polkit-1/polkitd", "/usr/bin/pkcheck",
                     "/usr/lib/NetworkManager/nm-dispatcher", "/usr/libexec/nm-dispatcher", "/usr/libexec/nm-daemon-helper",
                     "/usr/libexec/nm-priv-helper", "/usr/bin/systemd-run", "/usr/bin/systemd-notify", "/usr/bin/systemd-sysusers",
                     "/usr/bin/systemd-tmpfiles", "/usr/bin/dbus-send", "/usr/lib/systemd/systemd-hostnamed", "/usr/lib/systemd/systemd-logind",
                     "/usr/lib/systemd/systemd-networkd-wait-online", "/usr/bin/systemd-creds", "/usr/bin/systemd-analyze", "/usr/bin/nm-online",
                     "/usr/bin/gdbus", "/usr/bin/openssl",
                     "/usr/lib/x86_64-linux-gnu/libnss_systemd.so.2")
_SYSTEMD_TREES = ("/usr/lib/systemd/system", "/etc/systemd", "/usr/lib/systemd/network", "/usr/lib/udev/rules.d", "/etc/udev/rules.d",
                  "/usr/share/dbus-1/system-services", "/usr/share/dbus-1/system.d", "/usr/share/polkit-1", "/etc/polkit-1", "/etc/NetworkManager",
                  "/usr/lib/NetworkManager", "/etc/dbus-1", "/etc/pam.d", "/etc/default")
# Plugins these load by themselves.
_SYSTEMD_PLUGINS = ("/usr/lib/x86_64-linux-gnu/systemd", "/usr/lib/x86_64-linux-gnu/NetworkManager")

# `meson install` writes a log into the build directory.
_installing = threading.Lock()


class Boot:
    """What one boot is asked to do."""

    def __init__(self, scenario, kernel, root, build, source, results, tools, case, cache, previous=None, full=False):
        self.scenario = scenario
        self.kernel = kernel
        self.root = root          # "" for the host's own root
        self.build = build
        self.source = source
        self.results = results
        self.tools = tools
        self.case = case
        self.cache = cache
        self.previous = previous  # folder with programs and units of the version before this one
        self.full = full          # what measures takes its full counts
        self.cpu_seconds = 0.0    # of the host, known at the end

    @property
    def clock(self):
        return self.scenario.clock

    @property
    def init(self):
        return self.scenario.init

    @property
    def in_memory(self):
        """Whether the whole root lies in the guest's memory."""
        return (self.init == "plain" or self.clock == "virtual") and not self.scenario.disk


def _executables(build):
    """The product's programs in a build directory: everything executable outside of its tests."""
    for folder, folders, names in os.walk(build):
        folders[:] = [name for name in folders if not name.endswith((".p", "vm-cache", "vm-results", "meson-private", "tests"))]
        for name in sorted(names):
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK) and stat.S_ISREG(os.lstat(path).st_mode):
                with open(path, "rb") as text:
                    if text.read(4) == b"\x7fELF" and not name.endswith(".so"):
                        yield path


def _add_python(archive, boot, libraries):
    for name in os.listdir(boot.root + "/usr/lib"):
        if name.startswith("python3."):
            image.add_resident(archive, boot.root, "/usr/lib/" + name)
            for library in libraries.below("/usr/lib/%s/lib-dynload" % name):
                image.add_resident(archive, boot.root, library)


def _whole_root(archive, boot, libraries):
    """A root that lies in memory altogether: nothing in it waits for the host."""
    for name in ("bin", "sbin", "lib", "lib64", "var/run"):
        if os.path.islink(os.path.join(boot.root or "/", name)):
            archive.link("preload/" + name, os.readlink(os.path.join(boot.root or "/", name)))
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "var/lib", "var/log", "var/tmp", "etc"):
        archive.folder("preload/" + name)
    for program in _PROGRAMS:
        image.add_program(archive, boot.root, program, libraries)
    for tree in _TREES:
        image.add_resident(archive, boot.root, tree)
    _add_python(archive, boot, libraries)
    for name in ("data", "docs/access-switch.md", "README.md"):
        image.add_resident(archive, "", os.path.join(boot.source, name))


def _add_systemd(archive, boot, libraries):
    for program in _PROGRAMS + _SYSTEMD_PROGRAMS:
        image.add_program(archive, boot.root, program, libraries)
    for tree in _TREES + _SYSTEMD_TREES + _SYSTEMD_PLUGINS:
        image.add_resident(archive, boot.root, tree)
    for tree in _SYSTEMD_PLUGINS:
        for folder, _, _ in os.walk(boot.root + tree):
            for library in libraries.below(folder[len(boot.root):]):
                image.add_resident(archive, boot.root, library)
    _add_python(archive, boot, libraries)


def _add_modules(archive, boot):
    """The guest's /usr/lib/modules."""
    tree = "preload/usr/lib/modules/" + boot.kernel.release
    for name in sorted(os.listdir(boot.kernel.modules)):
        if name.startswith("modules."):
            archive.file("%s/%s" % (tree, name), os.path.join(boot.kernel.modules, name))
    image.add_modules(archive, boot.kernel, [*_MODULES, *boot.scenario.modules], tree)


def _merged(path):
    """The path in a root where /lib and its like are links into /usr, which a folder of that name would hide."""
    return path if not path.startswith(("/lib/", "/lib64/", "/bin/", "/sbin/")) else "/usr" + path


def _add_installed(archive, boot, libraries, scratch):
    """The product as `meson install` lays it out; what the bus and polkit read only below /usr is there as well."""
    with _installing:
        subprocess.run(["meson", "install", "-C", boot.build, "--no-rebuild", "--quiet", "--destdir", scratch], check=True,
                       stdout=subprocess.DEVNULL)
    for folder, _, names in os.walk(scratch):
        for name in sorted(names):
            path = os.path.join(folder, name)
            inside = _merged(path[len(scratch):])
            if os.path.islink(path):
                archive.link("preload" + inside, os.readlink(path))
                continue
            with open(path, "rb") as text:
                elf = text.read(4) == b"\x7fELF"
            if elf:
                with tempfile.TemporaryDirectory() as other:
                    archive.data("preload" + inside, image.stripped(path, other), 0o755)
                _add_libraries(archive, boot, libraries, path)
                continue
            archive.file("preload" + inside, path)
            for kind in ("dbus-1", "polkit-1"):
                if "/share/%s/" % kind in inside and not inside.startswith("/usr/share/"):
                    archive.file("preload/usr/share/%s/%s" % (kind, inside.partition("/share/%s/" % kind)[2]), path)


def _add_libraries(archive, boot, libraries, program):
    """What a program built on this machine loads and the guest's root may lack."""
    for library in libraries.of(program, ""):
        if os.path.lexists(boot.root + library):
            image.add_resident(archive, boot.root, library)
        else:
            archive.file("preload" + _merged(os.path.normpath(library)), os.path.realpath(library))


def _add_programs(archive, boot, libraries):
    """The product, and what the scenario wants besides."""
    with tempfile.TemporaryDirectory() as scratch:
        programs = list(_executables(boot.build)) if boot.build else []
        programs += [os.path.join(boot.build or "", extra) for extra in boot.scenario.programs if not extra.startswith("/")]
        for program in programs:
            archive.data("preload/lab/bin/" + os.path.basename(program), image.stripped(program, scratch), 0o755)
            _add_libraries(archive, boot, libraries, program)
        for name in sorted(os.listdir(boot.previous)) if boot.previous else []:
            program = os.path.join(boot.previous, name)
            if os.path.isdir(program):
                for unit in sorted(os.listdir(program)):
                    archive.file("preload%s/%s/%s" % (previous.GUEST, name, unit), os.path.join(program, unit))
                continue
            archive.data("preload%s/%s" % (previous.GUEST, name), image.stripped(program, scratch), 0o755)
            _add_libraries(archive, boot, libraries, program)
    if boot.scenario.installed:
        with tempfile.TemporaryDirectory() as scratch:
            _add_installed(archive, boot, libraries, scratch)


def _initramfs(boot, path):
    archive = image.Archive()
    libraries = image.Libraries(boot.root, boot.cache)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    archive.file("bin/busybox", "/bin/busybox")
    archive.file("init", os.path.join(here, "guest", "init"))
    for folder in ("proc", "sys", "dev", "tmp"):
        archive.folder(folder)
    image.add_modules(archive, boot.kernel, _ROOT_MODULES + (disk.MODULES if boot.scenario.disk else ()))
    archive.file("preload/lab/guest/busybox", "/bin/busybox")
    for folder in ("guest", "lab"):
        for name in sorted(os.listdir(os.path.join(here, folder))):
            if not name.startswith("__pycache__"):
                archive.file("preload/lab/%s/%s" % (folder, name), os.path.join(here, folder, name))
    archive.file("preload/lab/lab/mock_kme.py", os.path.join(boot.source, "tests/keys/mock_kme.py"))
    folder = os.path.join(here, "scenarios")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".py"):
            archive.file("preload/lab/scenarios/" + name, os.path.join(folder, name))
    for tool in boot.tools:
        archive.file("preload/lab/bin/" + os.path.basename(tool), tool)
    if boot.scenario.disk:
        disk.add_packages(archive, boot.source, boot.scenario.root)
    else:
        _add_programs(archive, boot, libraries)
    _add_modules(archive, boot)
    if boot.in_memory:
        _whole_root(archive, boot, libraries)
    if boot.init == "systemd" and not boot.scenario.disk:
        _add_systemd(archive, boot, libraries)
    for program in boot.scenario.programs:
        if program.startswith("/"):
            image.add_program(archive, boot.root, program, libraries)
    archive.data("preload/lab/boot.py", (
        "NAME = %r\nTIMEOUT = %r\nSOURCE = %r\nBUILD = %r\nCLOCK = %r\nINIT = %r\nROOT = %r\nCASE = %r\nFULL = %r\nDISK = %r\n" % (
            boot.scenario.name, boot.scenario.timeout, boot.source, boot.build, boot.clock, boot.init,
            boot.scenario.root, boot.case, boot.full, boot.scenario.disk)).encode())
    archive.data("lab.env", (
        "LAB_INIT=%s\nLAB_DISK=%s\nLAB_IN_MEMORY=%s\nLAB_OTHER_ROOT=%s\nLAB_SOURCE=%s\nLAB_BUILD=%s\n" % (
            boot.init, "yes" if boot.scenario.disk else "", "yes" if boot.in_memory else "", "yes" if boot.root else "", boot.source,
            boot.build or "")).encode())
    archive.write(path)
    libraries.save()


def _qemu(boot, initramfs, console):
    accelerator = os.environ.get("MACSECD_VM_ACCEL", "tcg")
    memory = boot.scenario.memory
    argv = [os.environ.get("MACSECD_VM_QEMU", "qemu-system-x86_64"), "-M", "q35", "-m", str(memory), "-nodefaults", "-no-user-config",
            "-display", "none", "-nic", "none", "-serial", "file:" + console, "-kernel", boot.kernel.image,
            "-initrd", initramfs, "-device", "virtio-rng-pci"]
    # Left out for speed: self-tests, certificates, the jitter entropy source's warm-up (the emulated CPU has RDRAND).
    line = ("console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off nokaslr net.ifnames=0 selinux=0 apparmor=0 audit=0"
            " cryptomgr.notests initcall_blacklist=jent_mod_init,load_system_certificate_list,init_kprobe_trace")
    argv += disk.devices(disk.prepare(boot.root)) if boot.scenario.disk else ["-no-reboot"]
    if accelerator == "tcg" and boot.clock == "virtual":
        # The guest's time is its count of instructions; when it idles the clock moves on to the next timer at once.
        argv += ["-accel", "tcg,thread=single", "-icount", "shift=%s,sleep=off" % os.environ.get("MACSECD_VM_SHIFT", "1"),
                 "-rtc", "clock=vm", "-cpu", "max", "-smp", "1"]
    elif accelerator == "tcg":
        argv += ["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", str(boot.scenario.cpus)]
    else:
        argv += ["-accel", accelerator, "-cpu", "host", "-smp", str(boot.scenario.cpus)]
    shares = [("results", boot.results, False)]
    if not boot.in_memory and not boot.scenario.disk:
        shares += [("root", boot.root or "/", True)] + ([("host", "/", True)] if boot.root else [])
    for tag, path, readonly in shares:
        argv += ["-fsdev", "local,id=%s,path=%s,security_model=none,multidevs=remap%s" % (tag, path, ",readonly=on" if readonly else ""),
                 "-device", "virtio-9p-pci,fsdev=%s,mount_tag=%s" % (tag, tag)]
    argv += ["-device", "virtio-serial-pci", "-chardev", "file,id=report,path=/proc/self/fd/1",
             "-device", "virtserialport,chardev=report,name=lab.report", "-append", line]
    return argv


def _cpu_seconds(process):
    """What a process that is about to end took of the host's processors."""
    try:
        with open("/proc/%d/stat" % process.pid, encoding="ascii") as text:
            fields = text.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def run(boot, line, limit):
    """Boot, pass each line of the guest's report to `line`, and wait for the end.

    Returns None, or what went wrong with the machine itself. `limit`: seconds of host time.
    """
    os.makedirs(boot.results, exist_ok=True)
    initramfs = os.path.join(boot.results, "initramfs")
    console = os.path.join(boot.results, "console.log")
    _initramfs(boot, initramfs)
    process = subprocess.Popen(_qemu(boot, initramfs, console), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=open(os.path.join(boot.results, "qemu.log"), "wb"))
    end = time.monotonic() + limit
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            pending = b""
            while True:
                left = end - time.monotonic()
                if left <= 0:
                    return "no end after %d s" % limit
                if not selector.select(left):
                    continue
                got = os.read(process.stdout.fileno(), 65536)
                if not got:
                    break
                *lines, pending = (pending + got).split(b"\n")
                for text in lines:
                    line(text.decode(errors="replace"))
        boot.cpu_seconds = _cpu_seconds(process)
        process.wait(max(1, end - time.monotonic()))
        return None if process.returncode == 0 else "qemu: exit %d (qemu.log)" % process.returncode
    except subprocess.TimeoutExpired:
        return "the machine did not power off"
    finally:
        _stop(process)
        os.unlink(initramfs)


def tail(path, count):
    """The last lines of a log, or nothing."""
    try:
        with open(path, encoding="utf-8", errors="replace") as text:
            return text.read().splitlines()[-count:]
    except OSError:
        return []


def available(bare):
    """None, or which program is missing on this machine; `bare`: for scenarios that need nothing of the lab."""
    for program, package in (("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static"), ("depmod", "kmod"),
                             ("strip", "binutils"), *(() if bare else (("g++", "g++"), ("make", "make")))):
        if shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
            return "%s is missing (Debian package %s)" % (program, package)
    return None
