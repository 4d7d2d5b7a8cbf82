# SPDX-License-Identifier: LGPL-2.1-or-later
"""Namespaces and devices."""

import contextlib
import ctypes
import fcntl
import json
import os
import socket
import struct
import time

from .check import Failure, wait_until

_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


def set_namespace(fd):
    """Move the calling thread into the network namespace behind `fd`."""
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def ip(*words, namespace=None, check=True):
    """Run iproute2's `ip` and return its output."""
    from .process import command
    where = ["-n", namespace.name] if namespace is not None and namespace.name else []
    return command(["ip", *where, *map(str, words)], check=check)


def ip_json(*words, namespace=None):
    """`ip -j -d ...` as Python values; [] when it prints nothing."""
    text = ip("-j", "-d", *words, namespace=namespace)
    return json.loads(text) if text.strip() else []


class _Place:
    """What can be done in a network namespace."""

    name = ""
    fd = -1

    def ip(self, *words, check=True):
        """`ip` in this namespace."""
        return ip(*words, namespace=self, check=check)

    def ip_json(self, *words):
        return ip_json(*words, namespace=self)

    def run(self, *argv, check=True, timeout=60):
        """A program to its end in this namespace; its output."""
        from .process import command
        return command(list(map(str, argv)), namespace=self, check=check, timeout=timeout)

    @contextlib.contextmanager
    def inside(self):
        """The calling thread is in this namespace within the block: sockets made there stay there."""
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            set_namespace(self.fd)
            yield
        finally:
            set_namespace(here)
            os.close(here)

    def socket(self, *arguments):
        """A socket of this namespace."""
        with self.inside():
            return socket.socket(*arguments)

    def link(self, name):
        """The device as `ip -j -d link show` gives it, or None."""
        text = self.ip("-j", "-d", "link", "show", "dev", name, check=False)
        try:
            return json.loads(text)[0]
        except (json.JSONDecodeError, IndexError):
            return None

    def links(self):
        """{name: device}."""
        return {item["ifname"]: item for item in self.ip_json("link", "show") if item}

    def mac(self, name):
        """The device's address, aa:bb:cc:dd:ee:ff."""
        with self.inside(), open_class(name, "address") as text:
            return text

    def address(self, name, *prefixes):
        """Add addresses."""
        for prefix in prefixes:
            nodad = ("nodad",) if ":" in prefix else ()
            self.ip("addr", "add", prefix, "dev", name, *nodad)

    def up(self, name):
        self.ip("link", "set", name, "up")

    def down(self, name):
        self.ip("link", "set", name, "down")

    def raise_now(self, name):
        """`up` within this process; the guest's monotonic time just before."""
        with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
            request = fcntl.ioctl(control, _SIOCGIFFLAGS, name.encode().ljust(40, b"\0"))
            flags, = struct.unpack_from("H", request, 16)
            begin = time.monotonic()
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), flags | _IFF_UP))
        return begin

    def wait_link(self, name, deadline=10, flag=None):
        """Wait until the device exists, and has the flag (UP, LOWER_UP) if one is given; returns it."""
        def there():
            link = self.link(name)
            return link if link and (flag is None or flag in link["flags"]) else None
        return wait_until(there, deadline, "%s: device %s%s" % (self.name, name, " is " + flag if flag else " exists"))

    def neighbour(self, device, address, mac):
        """A permanent neighbour entry: the first packet waits for no resolution."""
        self.ip("neigh", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent")

    def impair(self, device, *netem):
        """What leaves `device` goes through netem: impair("eth0", "loss", "100%"); nothing more given: no impairment."""
        self.run("tc", "qdisc", "del", "dev", device, "root", check=False)
        if netem:
            self.run("tc", "qdisc", "add", "dev", device, "root", "netem", *netem)


class Namespace(_Place):
    """A network namespace, named as for `ip netns`. `fd` refers to it."""

    def __init__(self, name):
        self.name = name
        ip("netns", "add", name)
        self.fd = os.open("/run/netns/" + name, os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)
        ip("netns", "del", self.name)


class Machine(_Place):
    """The machine's own network namespace, where its services live."""

    def __init__(self):
        self.name = None
        self.fd = os.open("/proc/1/ns/net", os.O_RDONLY | os.O_CLOEXEC)


@contextlib.contextmanager
def open_class(name, attribute):
    """An attribute of a device of the current namespace, through netlink's text form."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        if attribute != "address":
            raise Failure("unknown attribute " + attribute)
        answer = fcntl.ioctl(control, 0x8927, name.encode().ljust(40, b"\0"))  # SIOCGIFHWADDR
        yield ":".join("%02x" % octet for octet in answer[18:24])


class Veth:
    """A cable. Its ends are in `one` and `two`; carrier goes by the other end's admin state."""

    def __init__(self, one, one_name, two, two_name, up=True):
        self.ends = ((one or Machine(), one_name), (two or Machine(), two_name))
        where = [["netns", namespace.name] if namespace.name else [] for namespace, _ in self.ends]
        ip("link", "add", one_name, *where[0], "type", "veth", "peer", "name", two_name, *where[1])
        for namespace, name in self.ends:
            # No IPv6 of its own: what is seen on the wire is what the programs under test sent.
            namespace.ip("link", "set", name, "addrgenmode", "none")
            if up:
                namespace.up(name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ends[0][0].ip("link", "del", self.ends[0][1], check=False)

    def down(self, side=1):
        """Take the end `side` down: the other loses its carrier."""
        namespace, name = self.ends[side]
        namespace.down(name)

    def up(self, side=1):
        namespace, name = self.ends[side]
        namespace.up(name)


class Switch:
    """A bridge that forwards EAPOL (group_fwd_mask), in a namespace of its own, one port per member.

    Taking a port down takes the member's carrier away and leaves the member's device up, as pulling its cable does.
    """

    def __init__(self, scope, name, members, port_name="eth0"):
        self._scope = scope
        self._port_name = port_name
        self.namespace = scope.namespace(name)
        self.namespace.ip("link", "add", "br0", "type", "bridge", "group_fwd_mask", 0xfff8, "mcast_snooping", 0, "forward_delay", 0)
        self.namespace.up("br0")
        self.cables = {}
        for member in members:
            self.connect(member)

    def connect(self, member):
        """A new port for the namespace `member`."""
        port = self.port(member)
        self.cables[port] = self._scope.veth(member, self.namespace, self._port_name, port, up=False)
        self.namespace.ip("link", "set", port, "master", "br0")
        self.namespace.up(port)
        member.up(self._port_name)

    def port(self, member):
        """The name of the member's port in the switch's namespace."""
        return "p-" + (member.name or "lab")

    def unplug(self, member):
        self.namespace.down(self.port(member))

    def plug(self, member):
        self.namespace.up(self.port(member))


class Netdevsim:
    """One netdevsim device with one port, moved into a namespace."""

    _next = 0

    def __init__(self, namespace, name):
        self.id = Netdevsim._next
        Netdevsim._next += 1
        self.name = name
        self.namespace = namespace
        before = set(os.listdir("/sys/class/net"))
        with open("/sys/bus/netdevsim/new_device", "w", encoding="ascii") as control:
            control.write("%d 1" % self.id)
        new = wait_until(lambda: set(os.listdir("/sys/class/net")) - before, 5, "netdevsim device appears").pop()
        if namespace is None:
            ip("link", "set", new, "name", name)
        else:
            ip("link", "set", new, "netns", namespace.name, "name", name)
        ip("link", "set", name, "up", namespace=namespace)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with open("/sys/bus/netdevsim/del_device", "w", encoding="ascii") as control:
            control.write("%d" % self.id)
