# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed service as its users meet it: macsecctl and busctl, by root and by others."""

import json
import os
import shutil
import subprocess

from .check import check, wait_until
from .daemon import psk_profile
from .process import command

CAK = "000102030405060708090a0b0c0d0e0f"
CKN = "6162636465666768"
UNIT = "macsecd.service"
PATH = "/usr/local/bin:/usr/sbin:/usr/bin"
NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


def run(*words, user=(), bus=None, folder="/", deadline=60, key=None):
    """A program of the installed product or beside it, as a completed process; `key`: what it reads from its standard input."""
    env = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8"} | ({"DBUS_SYSTEM_BUS_ADDRESS": bus} if bus else {})
    return subprocess.run([*user, *map(str, words)], input=key or "", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=deadline, env=env, cwd=folder)


def ctl(*words, **more):
    """macsecctl's output; a failure shows what it said."""
    done = run("macsecctl", *words, **more)
    check(done.returncode == 0, "macsecctl %s: exit %d: %s" % (" ".join(map(str, words)), done.returncode, done.stderr.strip()))
    return done.stdout


def status(device="macsec0"):
    """What the bus says about a link, by name of the property; {} while there is none."""
    done = run("macsecctl", "--json=short", "status", device)
    return json.loads(done.stdout)[0] if done.returncode == 0 else {}


def wait_status(wanted, device="macsec0", deadline=30):
    """Wait until properties have these values; all of them then."""
    def reached():
        found = status(device)
        return found if all(found.get(name) == value for name, value in wanted.items()) else None
    return wait_until(reached, deadline, "%s is %s" % (device, wanted), every=0.5, state=lambda: run("macsecctl", "status").stdout)


def wait_secured(device="macsec0", deadline=30):
    return wait_status({"State": "secured"}, device, deadline)


def profile(c, name, text):
    """A profile as an administrator leaves it: readable by root and the service's group."""
    path = "/etc/macsecd/%s.macsec" % name
    c.write(path, text, 0o640)
    shutil.chown(path, "root", "macsecd")
    return path


# A host that authenticates with what install_certificates() put there.
EAP_TLS = """[Link]
Parent=eth0

[8021X]
Method=tls
Identity=host1
CaCertificate=/etc/macsecd/ca.pem
ServerName=radius.test
ClientCertificate=/etc/macsecd/client.pem
PrivateKey=/etc/macsecd/client.key
"""


def install_certificates(files):
    """The files of lab.radius.certificates() that a host needs, where the service may read them."""
    for name in ("ca.pem", "client.pem", "client.key"):
        path = os.path.join("/etc/macsecd", name)
        shutil.copy(files[name], path)
        os.chmod(path, 0o640)
        shutil.chown(path, "root", "macsecd")


def forget(c):
    """Profiles that are added over the bus go at the end of the case; folders are the product's."""
    c.callback(lambda: [os.unlink(entry.path) for entry in os.scandir("/etc/macsecd") if not entry.is_dir()])


def host(c, cak=CAK, ckn=CKN, peer=True, **sections):
    """This machine's eth0 with macsecd.service and the profile `uplink`, and `peer` with the lab's own macsecd."""
    other = c.namespace("peer")
    c.veth(None, other)
    forget(c)
    profile(c, "uplink", psk_profile(CAK, CKN, **sections))
    unit = c.unit(UNIT)
    if peer:
        c.macsecd(other, {"peer": psk_profile(cak, ckn)})
    return other, unit


class OtherHost:
    """A second host in a namespace: its own bus and its own macsecd, used by root. `folder`: what it has on disk, if that is to last."""

    def __init__(self, c, namespace, folder=None, program="/lab/bin/macsecd"):
        self.folder = folder or c.folder("other-host")
        self.bus = "unix:path=" + os.path.join(self.folder, "bus")
        self.config = os.path.join(self.folder, "config")
        os.makedirs(self.config, 0o750, exist_ok=True)
        c.start(["dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=" + self.bus], namespace, "bus-" + namespace.name)
        wait_until(lambda: os.path.exists(os.path.join(self.folder, "bus")), 20, "the other host's bus")
        c.start([program, "--config-dir", self.config, "--state-dir", os.path.join(self.folder, "state")], namespace,
                "macsecd-" + namespace.name, env={"DBUS_SYSTEM_BUS_ADDRESS": self.bus})
        wait_until(lambda: run("macsecctl", "list", bus=self.bus).returncode == 0, 20, "the other host's macsecd answers", every=0.1)


__all__ = ["CAK", "CKN", "EAP_TLS", "NOBODY", "OtherHost", "UNIT", "command", "ctl", "host", "install_certificates", "profile", "run",
           "status", "wait_secured", "wait_status"]
