# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages on a Debian that never saw them: installed, three first links, a reboot, purged, nothing left"""

import os
import re
import shutil
import subprocess

import boot

from lab.check import check, equal, wait_until
from lab.daemon import psk_profile
from lab.page import commands
from lab.process import command
from lab.service import CAK, CKN, PATH, OtherHost, ctl
from lab.units import wait_active

init = "systemd"
root = "bookworm"
clock = "real"
disk = True
timeout = 1200
turn = 1

README = "/lab/README.md"
SOURCE = "/root/source"          # where a user has built the packages
HOSTS = "/root/other-hosts"      # what the other ends have on their disks
BEFORE = "/run/lab-results/before"
PACKAGES = ("macsecd", "macsec-nm", "macsec-networkd", "macsec-keys", "macsecd-doc")
# The device here, what configures it, its address; the other end has the next one.
LINKS = (("macsec0", "macsecctl", "192.0.2.1"), ("macsec1", "networkd", "192.0.2.5"), ("macsec2", "NetworkManager", "192.0.2.9"))
# What a running Debian writes, whatever is installed.
SYSTEM = re.compile(r" /(?:var/(?:log|cache|tmp|lib/(?:apt|dpkg|systemd|NetworkManager|private|dbus))|root/other-hosts)(?:/| )"
                    r"| /(?:etc|var/lib/polkit-1|root|etc/systemd|var/lib) ")
FILES = {
    "/etc/systemd/network/10-parents.network": "[Match]\nName=eth0 eth1\n[Network]\nLinkLocalAddressing=no\n[Link]\nRequiredForOnline=no\n",
    "/etc/NetworkManager/conf.d/lab.conf": "[main]\nno-auto-default=*\n[keyfile]\nunmanaged-devices=*,except:interface-name:eth2,"
                                           "except:interface-name:macsec2\n",
}
NETWORKD = {
    "/etc/systemd/network/25-macsec1.netdev": "[NetDev]\nName=macsec1\nKind=macsec\n[MACsec]\nEncrypt=yes\n[X-MKA]\nCkn=%s\n"
                                              "CakFile=/etc/macsecd/networkd.cak\n" % CKN,
    "/etc/systemd/network/05-eth1.network": "[Match]\nName=eth1\n[Network]\nLinkLocalAddressing=no\nMACsec=macsec1\n",
    "/etc/systemd/network/30-macsec1.network": "[Match]\nName=macsec1\n[Network]\nLinkLocalAddressing=no\nAddress=192.0.2.5/30\n",
}


def write(files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)


def shell(line, folder="/root", bus=None):
    """A line as an administrator types it; its output."""
    # A busy host makes the guest slow: the service manager answers later than in the usual 25 s.
    env = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_BUS_TIMEOUT": "300"}
    done = subprocess.run(["sh", "-e", "-c", line], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, timeout=600, env=env | ({"DBUS_SYSTEM_BUS_ADDRESS": bus} if bus else {}), cwd=folder)
    check(done.returncode == 0, lambda: "%s: exit %d: %s" % (line, done.returncode, done.stdout[-1500:]))
    return done.stdout


def look():
    """What there is: files with owners and modes, users, units and whether they are enabled, devices, names on the bus."""
    skip = " -o ".join("-path " + path for path in ("/proc", "/sys", "/dev", "/tmp", "/lab", "/usr/lib/modules"))
    lines = shell(r"find / -xdev \( %s \) -prune -o ! -name '*-' -printf '%%y %%m %%u:%%g %%p %%l\n'" % skip).splitlines()
    found = {line for line in lines if not SYSTEM.search(line) and not re.search(r" /etc/(passwd|group|g?shadow) ", line)}
    for name in ("passwd", "group"):
        with open("/etc/" + name, encoding="utf-8") as text:
            found |= {name + " " + line.strip() for line in text}
    units = shell("systemctl list-unit-files --no-legend --no-pager").splitlines()
    found |= {"unit " + " ".join(line.split()[:2]) for line in units}
    found |= {"failed " + line for line in shell("systemctl --failed --plain --no-legend --no-pager").splitlines()}
    found |= {"device " + line.split()[0] for line in shell("ip -br link show type macsec").splitlines()}
    found |= {"bus " + line.split()[0] for line in shell("busctl --no-pager --no-legend list").splitlines() if "macsec" in line}
    return found


def prepare(_):
    """The network as this machine's administrator has it, and the packages where the page says they are; that is what is before."""
    write(FILES)
    shutil.copytree("/lab/packages", os.path.join(SOURCE, "build-deb", boot.ROOT))
    os.mkdir(HOSTS)
    shell("systemctl enable systemd-networkd && systemctl restart systemd-networkd NetworkManager")
    wait_until(lambda: "running" in command(["nmcli", "-t", "-f", "RUNNING", "general"], check=False), 120, "NetworkManager runs", every=0.5)
    found = look()
    known = [line for line in found if re.search("macsecd|macsecctl", line) and SOURCE not in line]
    check(not known, lambda: "it saw the project before: %s" % known)
    with open(BEFORE, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for line in sorted(found))
    return "%d files, users and units" % len(found)


def install(_):
    """The line of README.md, and the same with the names that its comment has."""
    line, = [each for each in commands(README, "Install") if each.startswith("apt install")]
    line, _, comment = line.partition("#")
    check("macsecd_*.deb" in line and "macsec-nm_*.deb" in comment and "macsec-networkd_*.deb" in comment, line + comment)
    for name in PACKAGES:
        shell(line.replace("macsecd_", name + "_"), SOURCE)
    wait_active("macsecd.service", 60)
    equal(shell("systemctl is-enabled macsecd macsec-networkd || true").split(), ["enabled", "enabled"], "services")
    return shell("macsecd --version").strip()


def other_hosts(t):
    """A host at the other end of each cable, eth3 to eth5."""
    hosts = []
    for number in range(len(LINKS)):
        namespace = t.namespace("other%d" % number)
        command(["ip", "link", "set", "eth%d" % (number + len(LINKS)), "netns", namespace.name, "name", "eth0"])
        namespace.up("eth0")
        folder = os.path.join(HOSTS, str(number))
        os.makedirs(folder, exist_ok=True)
        hosts.append(OtherHost(t, namespace, folder, "/usr/sbin/macsecd"))
        hosts[-1].namespace = namespace
    return hosts


def secured(hosts):
    """Every link is, at both ends and in macsecctl's words, and traffic passes."""
    def says(device, bus=None):
        """macsecctl tells of one link at length, of several a line each."""
        return re.search(r"(?m)^\W*%s\b.*\bsecured\b" % device, ctl(bus=bus))
    for host, (device, _, address) in hosts:
        wait_until(lambda: says(device), 90, device + " is secured", state=ctl, every=0.5)
        wait_until(lambda: says("macsec0", host.bus), 90, "the other end is, too", state=lambda: ctl(bus=host.bus), every=0.5)
        if device == LINKS[0][0]:  # the others get theirs from NetworkManager and networkd
            command(["ip", "address", "replace", address + "/30", "dev", device])
        other = address.rpartition(".")[0] + ".%d" % (int(address.rpartition(".")[2]) + 1)
        host.namespace.ip("address", "replace", other + "/30", "dev", "macsec0")
        wait_until(lambda: "1 received" in command(["ping", "-n", "-c", "1", "-W", "2", other], check=False), 60,
                   "ping over %s" % device, state=lambda: command(["ip", "address"], check=False), every=0.5)


def first_link(_, host):
    """The lines of README.md as they stand there: the first on one end, then the file is taken to the other."""
    lines = commands(README, "A first link")
    equal(len(lines), 3, "lines of README.md")
    for number, (folder, bus) in enumerate((("/root", None), (host.folder, host.bus))):
        if number != 0:
            shutil.copy("/root/key", folder)
        for line in lines[number:]:
            shell(line, folder, bus)
    secured([(host, LINKS[0])])


def answer(host, ckn=CKN):
    """The other end of a link whose profile is not written with README's lines."""
    path = os.path.join(host.config, "link.macsec")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o640), "w", encoding="ascii") as out:
        out.write(psk_profile(CAK, ckn, MACsec={"CipherSuites": "GCM-AES-128"}))
    ctl("reload", bus=host.bus)


def networkd(_, host):
    """A .netdev with [X-MKA], as macsecd.netdev(5) has it."""
    path = "/etc/macsecd/networkd.cak"
    write({path: CAK + "\n"})
    os.chmod(path, 0o640)
    shutil.chown(path, "root", "macsecd")
    write(NETWORKD)
    answer(host)
    shell("systemctl restart systemd-networkd")
    secured([(host, LINKS[1])])


def network_manager(_, host):
    """macsec-nm --enable, then nmcli as ever."""
    with open(README, encoding="utf-8") as text:
        check("`macsec-nm --enable`, then `nmcli`" in text.read(), "README.md says it")
    ckn = CKN.ljust(64, "0")
    answer(host, ckn)
    shell("macsec-nm --enable")
    wait_active("macsec-nm.service", 60)
    shell("nmcli connection add type macsec con-name office ifname macsec2 macsec.parent eth2 macsec.mode psk macsec.mka-cak %s "
          "macsec.mka-cak-flags 0 macsec.mka-ckn %s ipv4.method manual ipv4.addresses 192.0.2.9/30 ipv6.method disabled" % (CAK, ckn))
    shell("nmcli -w 90 connection up office")
    secured([(host, LINKS[2])])


def after_reboot(_, hosts):
    secured(list(zip(hosts, LINKS)))
    equal(shell("systemctl --failed --plain --no-legend --no-pager"), "", "units that failed")
    return "; ".join(re.findall(r"macsec\d\b.*\bsecured\b", shell(commands(README, "A first link")[-1])))


def removed(_):
    """What the administrator wrote goes, then the packages."""
    shell("nmcli connection delete office")
    for path in NETWORKD:
        os.unlink(path)
    shell("apt-get -y remove macsec-nm")
    owner = shell("busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus GetConnectionUnixProcessID s fi.w1.wpa_supplicant1")
    with open("/proc/%s/comm" % owner.split()[1], encoding="ascii") as text:
        equal(text.read().strip(), "wpa_supplicant", "who NetworkManager talks to after it")
    shell("apt-get -y purge " + " ".join(PACKAGES))
    shell("rm -rf /root/key; ip link delete macsec1 2>/dev/null || true")


def nothing_left(_):
    with open(BEFORE, encoding="utf-8") as text:
        before = {line.rstrip("\n") for line in text}
    after = look()
    gone = sorted(before - after)
    left = sorted(after - before)
    check(not gone and not left, lambda: "left: %s; gone: %s" % (left[:40], gone[:40]))
    return "%d files, users and units as before" % len(after)


def run(t):
    if t.case("before", prepare) is None or t.case("apt install", install) is None:
        return
    hosts = other_hosts(t)
    t.case("the first link, by README.md's lines", first_link, hosts[0])
    t.case("a .netdev of networkd", networkd, hosts[1])
    t.case("a connection of NetworkManager", network_manager, hosts[2])


def again(t):
    hosts = other_hosts(t)
    t.case("after a reboot, secured and no unit failed", after_reboot, hosts)
    # The other ends use the programs that go now.
    t.close()
    t.case("apt purge", removed)
    t.case("nothing is left", nothing_left)
