# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration of `make demo`: two hosts become one secured link, told step by step

Runs here in the virtual machine, and on the host itself (tools/demo) where the kernel has MACsec. Needs nothing of the lab.
"""

import contextlib
import json
import os
import re
import selectors
import shutil
import socket
import subprocess
import time

timeout = 120
bare = True
turn = 0

HOSTS = ("alice", "bob")
PREFIX = "macsecd-demo-"
DEADLINE = 20
PINGS = 200
TEXT = "plain to read"
GENKEY = "macsecctl genkey --form=hex -o key"
ADD = "sed -n 2p key | macsecctl profile add uplink Parent=eth0 Key.Ckn=$(head -n1 key) --key-fd=0"


def command(*argv):
    """Its output; an error says what it said."""
    done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError("%s: exit status %d: %s" % (" ".join(argv), done.returncode, done.stdout.strip()))
    return done.stdout


def ip(host, *argv):
    return command("ip", "-n", PREFIX + host, *argv)


class Watch:
    """Hears the operational state of a host's macsec0 from the kernel as it changes."""

    def __init__(self, stack, host):
        self.host = host
        self.state = None
        self._process = stack.enter_context(running(["ip", "-n", PREFIX + host, "monitor", "link"], stdout=subprocess.PIPE))
        os.set_blocking(self._process.stdout.fileno(), False)
        self._rest = ""

    def fileno(self):
        return self._process.stdout.fileno()

    def take(self):
        self._rest += os.read(self.fileno(), 65536).decode()
        *lines, self._rest = self._rest.split("\n")
        for line in lines:
            if found := re.search(r"^\S*\s*\d+: macsec0[@:].* state (\w+)", line):
                self.state = found[1]


def wait_for(watches, condition, what):
    """Until `condition` holds for every watch."""
    end = time.monotonic() + DEADLINE
    with selectors.DefaultSelector() as selector:
        for watch in watches:
            selector.register(watch, selectors.EVENT_READ)
        while not all(condition(watch.state) for watch in watches):
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(what + " did not happen: " + ", ".join("%s: %s" % (w.host, w.state) for w in watches))
            for key, _ in selector.select(left):
                key.fileobj.take()


@contextlib.contextmanager
def running(argv, **options):
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def hosts():
    """Two namespaces, a cable between them, its far end not plugged in yet."""
    def remove():
        for host in HOSTS:
            subprocess.run(["ip", "netns", "del", PREFIX + host], check=False, stderr=subprocess.DEVNULL)
    remove()
    try:
        for host in HOSTS:
            command("ip", "netns", "add", PREFIX + host)
        # The lower address is key server, which alone makes a new key: the first host's, on every run.
        command("ip", "link", "add", "eth0", "netns", PREFIX + HOSTS[0], "address", "02:00:00:00:00:01", "type", "veth",
                "peer", "eth0", "netns", PREFIX + HOSTS[1], "address", "02:00:00:00:00:02")
        for host in HOSTS:  # only what is secured is to be heard on the cable
            command("ip", "netns", "exec", PREFIX + host, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        ip(HOSTS[0], "link", "set", "eth0", "up")
        yield
    finally:
        remove()


class Host:
    """A namespace with a bus and a macsecd of its own; what is typed there is shown as it is typed."""

    def __init__(self, stack, programs, name, folder, say):
        self.name = name
        self.folder = os.path.join(folder, name)
        self._say = say
        self._env = {**os.environ, "PATH": programs + ":" + os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "COLUMNS": "100",
                     "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + os.path.join(self.folder, "bus")}
        for part, mode in (("", 0o755), ("config", 0o750), ("state", 0o700)):
            os.makedirs(os.path.join(self.folder, part), mode, exist_ok=True)
        self._log = stack.enter_context(open(os.path.join(folder, name + ".log"), "w", encoding="utf-8"))
        bus = stack.enter_context(self.runs("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1",
                                            "--address=" + self._env["DBUS_SYSTEM_BUS_ADDRESS"], stdout=subprocess.PIPE))
        self._hears(stack.enter_context(bus.stdout), "guid=", "a bus")
        # As a service manager does: the daemon says there that it is ready.
        manager = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        manager.bind(os.path.join(self.folder, "notify"))
        stack.enter_context(self.runs("macsecd", "--config-dir", os.path.join(self.folder, "config"), "--state-dir", os.path.join(self.folder, "state"),
                                      env={**self._env, "NOTIFY_SOCKET": manager.getsockname()}))
        self._hears(manager, "READY=1", "macsecd")
        os.unlink(manager.getsockname())  # the folder is copied for the results

    def runs(self, *argv, **options):
        """A program that runs meanwhile."""
        return running(["ip", "netns", "exec", PREFIX + self.name, *argv], **{"stdout": self._log, "stderr": self._log, "env": self._env, **options})

    def _run(self, line):
        return subprocess.run(["ip", "netns", "exec", PREFIX + self.name, "sh", "-c", line], check=False, cwd=self.folder, env=self._env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @staticmethod
    def _hears(stream, text, what):
        """Until the text comes."""
        end = time.monotonic() + DEADLINE
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while text.encode() not in said:
                more = os.read(stream.fileno(), 65536) if selector.select(max(end - time.monotonic(), 0)) else b""
                if not more:
                    raise TimeoutError(what + " does not start")
                said += more

    def types(self, line):
        """The line and what it prints, told; the output."""
        self._say("       %s# %s" % (self.name, line))
        done = self._run(line)
        for text in done.stdout.splitlines():
            self._say("       " + text.rstrip() if text.strip() else "")
        if done.returncode != 0:
            raise RuntimeError("%s: %s: exit status %d" % (self.name, line, done.returncode))
        return done.stdout


def transmit_key(host):
    """Identifier of the SAK the host sends with."""
    shown = json.loads(ip(host, "-j", "macsec", "show"))[0]
    return next((sa["key"] for sa in shown["sa_list"] if sa["an"] == shown["encoding_sa"]), None)


def show_rekey(host, say):
    first, second = HOSTS
    before = transmit_key(first)
    with running(["ip", "netns", "exec", PREFIX + first, "ping", "-q", "-c", str(PINGS), "-i", "0.01", "192.0.2.2"],
                 stdout=subprocess.PIPE, text=True) as ping:
        end = time.monotonic() + DEADLINE
        host.types("macsecctl rekey macsec0")
        while transmit_key(first) == before or transmit_key(first) != transmit_key(second):
            if time.monotonic() > end:
                raise TimeoutError("no new key")
            time.sleep(0.2)  # poll: the kernel sends no event for a key
        said = ping.communicate(timeout=DEADLINE)[0]
    say("       the old key was %s, the new one is %s" % (before, transmit_key(first)))
    sent, received = (int(n) for n in re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
    say("       pings sent %d, answered %d: %s" % (sent, received, "nothing was lost" if sent == received else "%d LOST" % (sent - received)))
    return sent == received


def first_link(stack, programs, folder, say):
    """Both hosts with their profile, before the cable is there; the hosts."""
    say("")
    say("1. Two hosts, %s and %s, with a cable between them that is not plugged in. A key, made on one of them:" % HOSTS)
    alice, bob = (Host(stack, programs, name, folder, say) for name in HOSTS)
    alice.types(GENKEY)
    shutil.copy(os.path.join(alice.folder, "key"), bob.folder)  # with its mode: nobody else reads it
    say("   The file goes to the other host. Then the same on both:")
    for host in (alice, bob):
        host.types(ADD)
    say("   That made a device macsec0 on eth0, on either host: there, but dormant. Nothing passes without keys, and macsecctl says why:")
    alice.types("macsecctl")
    return alice, bob


def eavesdrop(stack, capture):
    """A tap on the cable, which records already when this returns."""
    process = stack.enter_context(running(["ip", "netns", "exec", PREFIX + HOSTS[0], "tcpdump", "-i", "eth0", "-U", "--immediate-mode", "-w", capture],
                                          stderr=subprocess.PIPE, text=True))
    process.stderr.readline()
    return process


def demonstrate(programs, folder, say):
    """Tells the story with the programs in a folder; the path of what the eavesdropper recorded. Raises where something did not happen."""
    capture = os.path.join(folder, "eavesdropper.pcap")
    with hosts(), contextlib.ExitStack() as stack:
        watches = [Watch(stack, host) for host in HOSTS]
        alice, _ = first_link(stack, programs, folder, say)
        for number, host in enumerate(HOSTS, 1):
            ip(host, "address", "add", "192.0.2.%d/24" % number, "dev", "macsec0")
        eavesdropper = eavesdrop(stack, capture)

        say("")
        say("2. The cable is plugged in, with a tap on it that records all that passes.")
        begin = time.monotonic()
        ip(HOSTS[1], "link", "set", "eth0", "up")
        wait_for(watches, lambda state: state == "UP", "a secured link")
        say("   Secured after %.0f ms." % ((time.monotonic() - begin) * 1000))
        alice.types("macsecctl")

        say("")
        say("3. A ping over macsec0 with the text \"%s\" in it:" % TEXT)
        alice.types("ping -q -c 5 -i 0.2 -p %s 192.0.2.2" % TEXT.encode().hex())
        eavesdropper.terminate()
        eavesdropper.wait(10)
        with open(capture, "rb") as octets:
            seen = octets.read()
        if TEXT.encode() in seen:
            raise AssertionError("the text is in the capture")
        say("   The tap on the cable recorded %d octets; the text is not among them." % len(seen))

        say("")
        say("4. A new key while pings run, one each 10 ms:")
        if not show_rekey(alice, say):
            raise AssertionError("a rekey lost frames")
    return capture


def run(t):
    t.case("two hosts, one secured link", lambda c: demonstrate("/lab/bin", c.folder("demo"), t.note) and None)
