# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demonstration of `make demo`: two hosts become one secured link, told step by step

Runs here in the virtual machine, and on the host itself (tools/demo) where the kernel has MACsec. Needs nothing of the lab.
"""

import contextlib
import json
import os
import re
import secrets
import selectors
import signal
import subprocess
import time

timeout = 120
bare = True
turn = 0

HOSTS = ("alice", "bob")
PREFIX = "macsecd-demo-"
DEADLINE = 20
REKEY_SECONDS = 30

PROFILE = """[Link]
Parent=eth0
Interface=macsec0

[MKA]
RekeySec={rekey}

[Key]
Ckn={ckn}
Cak={cak}
"""


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
        command("ip", "link", "add", "eth0", "netns", PREFIX + HOSTS[0], "type", "veth", "peer", "eth0", "netns", PREFIX + HOSTS[1])
        for host in HOSTS:  # only what is secured is to be heard on the cable
            command("ip", "netns", "exec", PREFIX + host, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        ip(HOSTS[0], "link", "set", "eth0", "up")
        yield
    finally:
        remove()


def start_daemon(stack, macsecd, host, folder, profile):
    config, state = os.path.join(folder, host, "config"), os.path.join(folder, host, "state")
    os.makedirs(config, 0o750)
    os.makedirs(state, 0o700)
    path = os.path.join(config, "link.macsec")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o640), "w", encoding="utf-8") as out:
        out.write(profile)
    log = stack.enter_context(open(os.path.join(folder, host + ".log"), "w", encoding="utf-8"))
    stack.enter_context(running(["ip", "netns", "exec", PREFIX + host, macsecd, "--no-bus", "--config-dir", config, "--state-dir", state],
                                stdout=log, stderr=log))


def transmit_key(host):
    """Identifier of the SAK the host sends with."""
    shown = json.loads(ip(host, "-j", "macsec", "show"))[0]
    return next((sa["key"] for sa in shown["sa_list"] if sa["an"] == shown["encoding_sa"]), None)


def show_rekey(say):
    first, second = HOSTS
    before = transmit_key(first)
    with running(["ip", "netns", "exec", PREFIX + first, "ping", "-q", "-i", "0.01", "192.0.2.2"],
                 stdout=subprocess.PIPE, text=True) as ping:
        end = time.monotonic() + REKEY_SECONDS + DEADLINE
        while transmit_key(first) == before or transmit_key(first) != transmit_key(second):
            if time.monotonic() > end:
                raise TimeoutError("no new key")
            time.sleep(0.2)  # poll: the kernel sends no event for a key
        ping.send_signal(signal.SIGINT)
        said = ping.communicate(timeout=10)[0]
    say("old key %s" % before)
    say("new key %s" % transmit_key(first))
    sent, received = (int(n) for n in re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
    say("pings sent %d, answered %d: %s" % (sent, received, "nothing was lost" if sent == received else "%d LOST" % (sent - received)))
    return sent == received


def demonstrate(macsecd, folder, say):
    """Tells the story; the path of what the eavesdropper recorded. Raises where something did not happen."""
    first, second = HOSTS
    cak, ckn = secrets.token_hex(16), secrets.token_hex(4)
    profile = PROFILE.format(rekey=REKEY_SECONDS, ckn=ckn, cak=cak)
    capture = os.path.join(folder, "eavesdropper.pcap")
    with hosts(), contextlib.ExitStack() as stack:
        say("")
        say("1. Two hosts, %s and %s, with a cable between them that is not plugged in. Both get this profile:" % HOSTS)
        for line in profile.replace(cak, "(a secret of 32 hexadecimal digits)").splitlines():
            say("       " + line)
        watches = [Watch(stack, host) for host in HOSTS]
        for host in HOSTS:
            start_daemon(stack, macsecd, host, folder, profile)
        wait_for(watches, lambda state: state is not None, "macsec0")
        for number, host in enumerate(HOSTS, 1):
            ip(host, "address", "add", "192.0.2.%d/24" % number, "dev", "macsec0")
        eavesdropper = stack.enter_context(running(
            ["ip", "netns", "exec", PREFIX + first, "tcpdump", "-i", "eth0", "-U", "--immediate-mode", "-w", capture],
            stderr=subprocess.PIPE, text=True))
        eavesdropper.stderr.readline()  # it listens
        say("   Each host's macsecd made a device macsec0 on eth0: there, but dormant. Nothing passes without keys.")

        say("")
        say("2. The cable is plugged in.")
        begin = time.monotonic()
        ip(second, "link", "set", "eth0", "up")
        wait_for(watches, lambda state: state == "UP", "a secured link")
        say("   Secured after %.0f ms." % ((time.monotonic() - begin) * 1000))
        command("ip", "netns", "exec", PREFIX + first, "ping", "-c", "1", "-W", "5", "192.0.2.2")
        say("   The kernel of %s now says (ip macsec show):" % first)
        for line in ip(first, "macsec", "show").splitlines():
            say("       " + line)

        say("")
        say("3. A ping over macsec0 with the text \"plain to read\" in it:")
        pattern = "plain to read".encode().hex()
        for line in command("ip", "netns", "exec", PREFIX + first, "ping", "-c", "3", "-i", "0.2", "-p", pattern, "192.0.2.2").splitlines():
            if line and "PATTERN" not in line:
                say("       " + line)
        eavesdropper.terminate()
        eavesdropper.wait(10)
        with open(capture, "rb") as octets:
            seen = octets.read()
        if b"plain to read" in seen:
            raise AssertionError("the text is in the capture")
        say("   Somebody with a tap on the cable recorded %d octets; the text is not among them." % len(seen))

        say("")
        say("4. A new key while pings run, one each 10 ms. The profile says RekeySec=%d, so this takes that long:" % REKEY_SECONDS)
        if not show_rekey(lambda text: say("       " + text)):
            raise AssertionError("a rekey lost frames")
    return capture


def run(t):
    t.case("two hosts, one secured link", lambda c: demonstrate("/lab/bin/macsecd", c.folder("demo"), t.note) and None)
