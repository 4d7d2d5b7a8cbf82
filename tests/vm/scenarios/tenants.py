# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two users without rights but those that NetworkManager gives each: no key, file, device, link or name of others, and no service ended"""

import os
import shutil

from lab import macsec
from lab.check import at_most, check, equal, stays, wait_until
from lab.daemon import psk_profile
from lab.nm import Host, nmcli
from lab.process import command
from lab.service import profile, run as execute

init = "systemd"
installed = True
timeout = 420
turn = 1

CORP_CAK = "00112233445566778899aabbccddeeff"
CORP_CKN = "6162636465666768"
OWN_CAK = "ff" * 16
SETTINGS = "/org/freedesktop/NetworkManager/Settings"
USERS = {name: ("setpriv", "--reuid=" + name, "--regid=" + group, "--clear-groups") for name, group in (("nobody", "nogroup"), ("games", "games"))}
CLIENT = "/lab/lab/bus_client.py"


def sessions(c):
    """Both are logged in as logind tells it, and have what NetworkManager's policy gives every local user."""
    for folder in ("seats", "sessions", "users", "machines"):
        os.makedirs("/run/systemd/" + folder, exist_ok=True)
    for name in USERS:
        number = command(["id", "-u", name]).strip()
        c.write("/run/systemd/users/" + number, "NAME=%s\nSTATE=active\nSESSIONS=%s\nACTIVE_SESSIONS=%s\nONLINE_SESSIONS=%s\n" %
                (name, *("s" + number,) * 3))
    c.write("/etc/polkit-1/rules.d/10-lab.rules", 'polkit.addRule(function(action, subject) {\n'
            '  if (subject.user != "nobody" && subject.user != "games") return;\n'
            '  if (action.id.indexOf("org.freedesktop.NetworkManager.") != 0) return;\n'
            '  var own = ["settings.modify.own", "network-control", "enable-disable-network", "wifi.scan", "wifi.share.protected"];\n'
            '  return own.indexOf(action.id.slice(31)) >= 0 ? polkit.Result.YES : polkit.Result.NO;\n});\n')


def add(c, user, name, interface, ckn, parent="eth0", port=1, **words):
    """A connection of the user's own through NetworkManager's bus, as nmcli of 1.42 writes no user.data; how it ended."""
    data = [text for key, value in words.items() for text in ("org.macsecd." + key.replace("_", "-"), value)]
    sections = {
        "connection": [("id", "s", name), ("type", "s", "macsec"), ("interface-name", "s", interface), ("autoconnect", "b", "false"),
                       ("permissions", "as", "1", "user:%s:" % user)],
        "macsec": [("parent", "s", parent), ("mode", "i", "0"), ("mka-cak", "s", OWN_CAK), ("mka-cak-flags", "u", "0"), ("mka-ckn", "s", ckn),
                   ("port", "i", str(port))],
        "ipv4": [("method", "s", "disabled")], "ipv6": [("method", "s", "disabled")]}
    if data:
        sections["user"] = [("data", "a{ss}", str(len(data) // 2), *data)]
    arguments = [str(len(sections))]
    for section, settings in sections.items():
        arguments += [section, str(len(settings)), *[text for setting in settings for text in setting]]
    done = execute("busctl", "call", "org.freedesktop.NetworkManager", SETTINGS, "org.freedesktop.NetworkManager.Settings", "AddConnection",
                   "a{sa{sv}}", *arguments, user=USERS[user])
    c.callback(nmcli, "connection", "delete", name, check=False)
    return done


def devices(corp):
    """Of MACsec, on this machine."""
    return set(macsec.secys(corp.host.machine))


def up(user, name):
    return execute("nmcli", "-w", "10", "connection", "up", name, user=USERS[user], deadline=90)


class Corp:
    """The administrator's link on eth0, up; its fallback key is a file that only root and the service read."""

    def __init__(self, t):
        sessions(t)
        os.makedirs("/etc/macsecd", exist_ok=True)
        self.host = Host(t, installed=True)
        self.key = "/etc/macsecd/corp.cak"
        t.write(self.key, CORP_CAK + "\n", 0o640)
        shutil.chown(self.key, "root", "macsecd")
        profile(t, "corp", "[Link]\nParent=eth0\nInterface=macsec0\n[Key]\nCkn=%s\nCakFile=%s\n" % (CORP_CKN, self.key))
        self.other = t.namespace("other")
        t.veth(None, self.other, "eth1", "eth0")
        t.macsecd(self.host.peer, {"peer": psk_profile(CORP_CAK, CORP_CKN)})
        self.host.macsecd.reload()
        self.host.wait_secured()
        self.before = self.seen()

    def seen(self):
        """What no user may change."""
        return (self.host.index("macsec0"), self.host.session("State"), self.host.macsecd.main_pid(), self.host.plugin.main_pid(),
                sorted(os.listdir("/etc/macsecd")), self.owner())

    @staticmethod
    def owner():
        return command(["busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s",
                        "org.macsecd1"])

    def unharmed(self):
        equal(self.seen(), self.before, "link, services and files of the administrator")


def key_of_others(c, corp):
    """A fallback key that names the administrator's file: on the cable behind eth1 a host speaks with that key, and nobody is let in."""
    c.macsecd(corp.other, {"peer": psk_profile(CORP_CAK, CORP_CKN)})
    check(execute("cat", corp.key, user=USERS["nobody"]).returncode != 0, "the file is not the user's to read")
    for number, words in enumerate(({"fallback_cak_file": corp.key}, {"fallback_cak_credential": "corp"})):
        done = add(c, "nobody", "evil%d" % number, "evil%d" % number, "0102", parent="eth1", fallback_ckn=CORP_CKN, **words)
        equal(done.returncode, 0, "the user may have connections: " + done.stderr)
        said = up("nobody", "evil%d" % number)
        check(said.returncode != 0, "it came up: " + said.stdout)
        check(CORP_CAK not in said.stdout + said.stderr, "no key in what is said")
    check('"secured"' not in corp.host.session("State", "evil0") and not macsec.secy(corp.other).secured(), "nobody was let in")
    check(corp.host.plugin.journal().count("is for connections of all users") >= 2, "the administrator reads why: " + corp.host.plugin.journal()[-600:])
    corp.unharmed()


def no_devices(c, corp):
    """Connections that are only added make nothing, and take nothing from others of the same parent and port."""
    before = devices(corp)
    for user in USERS:
        for number in range(5):
            equal(add(c, user, "%s-%d" % (user, number), "%s%d" % (user, number), "05%02d" % number, port=2 + number,
                      cipher_suites="GCM-AES-XPN-256").returncode, 0, "exit code of adding")
        equal(add(c, user, user + "-same", "macsec0", CORP_CKN).returncode, 0, "one with the administrator's device")
        equal(add(c, user, user + "-place", user + "9", CORP_CKN).returncode, 0, "one in the place of the administrator's")
    stays(lambda: devices(corp) == before, 5, "no device is made or taken", every=1)
    for user in USERS:
        up(user, user + "-place")
        up(user, user + "-same")
    corp.unharmed()


def unread(_, corp):
    """No folder or file of the services is readable, and none of their programs tells a key."""
    places = ["/etc/macsecd/corp.macsec", corp.key, "/run/macsecd", "/var/lib/macsecd", "/proc/%d/mem" % corp.host.macsecd.main_pid(),
              "/proc/%d/mem" % corp.host.plugin.main_pid()]
    for user in USERS.values():
        for place in places:
            reading = ("ls", place) if os.path.isdir(place) else ("head", "-c1", place)
            check(execute(*reading, user=user).returncode != 0, place + " is readable")
        for words in (("status", "--all"), ("profile", "show", "corp"), ("--json=pretty", "profile", "show", "corp"), ("stats",)):
            check(CORP_CAK not in execute("macsecctl", *words, user=user).stdout, "a key in " + " ".join(words))
        text = execute("busctl", "call", "org.macsecd1", "/org/macsecd1", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", user=user).stdout
        check("corp" in text and CORP_CAK not in text, "a key on the bus")


def flooded(c, corp):
    """All connections that the bus grants two users, each with a call that has to be authorised, then calls of half a megabyte."""
    held = []
    for user, become in USERS.items():
        client = c.start([*become, "python3", CLIENT, "240", "500000"], name="client-" + user, stdin=-1)
        c.callback(client.stdin.close)
        held.append(client)
    for client in held:
        wait_until(lambda client=client: "connections" in client.output() or not client.running(), 60, "the clients are there", every=0.2,
                   state=client.output)
        check(client.running(), "a client ended: " + client.output())
    corp.unharmed()
    memory = int(command(["systemctl", "show", "-P", "MemoryCurrent", "macsecd.service"]))
    at_most(memory, 128 << 20, "octets of memory of macsecd.service")
    equal(execute("macsecctl", "rekey", "macsec0", "--wait=20").returncode in (0, 1), True, "it answers others")
    corp.host.wait_secured()
    return "%s; %d KiB" % (" and ".join(client.output().strip() for client in held), memory >> 10)


def run(t):
    corp = Corp(t)
    t.case("a key that only root can read", key_of_others, corp)
    t.case("connections that are not active", no_devices, corp)
    t.case("nothing is readable", unread, corp)
    t.case("each client that the bus grants, with a call", flooded, corp)
