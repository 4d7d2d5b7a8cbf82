# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab under systemd: the manager, the bus and the network services other scenarios stand on"""

from lab.check import check, equal, wait_until
from lab.process import command
from lab.units import Unit, wait_active

init = "systemd"
timeout = 300
turn = 0


def manager(_):
    equal(command(["cat", "/proc/1/comm"]).strip(), "systemd", "first process")
    check("org.freedesktop.systemd1" in command(["busctl", "--list", "--no-pager"]), "the manager is on the bus")


def networkd(c):
    c.write("/run/systemd/network/10-lab.netdev", "[NetDev]\nName=labdummy\nKind=dummy\n")
    c.write("/run/systemd/network/10-lab.network", "[Match]\nName=labdummy\n[Network]\nAddress=10.9.9.1/24\n")
    c.unit("systemd-networkd.service")
    wait_until(lambda: "10.9.9.1" in command(["ip", "addr", "show", "dev", "labdummy"], check=False), 60, "networkd configures labdummy")
    c.callback(command, ["ip", "link", "del", "labdummy"])


def network_manager(c):
    c.unit("NetworkManager.service")
    wait_until(lambda: "running" in command(["nmcli", "-t", "-f", "RUNNING", "general"], check=False), 90, "nmcli talks to NetworkManager",
               every=0.5)
    other = c.namespace("other")
    c.veth(None, other, "labveth")
    wait_until(lambda: "labveth:ethernet" in command(["nmcli", "-t", "-f", "DEVICE,TYPE", "device"], check=False), 60,
               "NetworkManager sees the device", every=0.5)


def sandbox(c):
    c.write("/run/systemd/system/lab-test.service", "[Service]\nType=exec\nDynamicUser=yes\nProtectSystem=strict\nPrivateTmp=yes\n"
            "AmbientCapabilities=CAP_NET_ADMIN\nExecStart=/usr/bin/sleep infinity\n")
    unit = c.unit("lab-test.service")
    check(unit.main_pid() > 1, "it has a process")
    wait_active("lab-test.service", 10)
    equal(Unit("lab-test.service").show("ActiveState"), "active", "state")


def run(t):
    t.case("systemd and its bus", manager)
    t.case("a sandboxed unit runs", sandbox)
    t.case("networkd configures a device", networkd)
    t.case("NetworkManager manages a device", network_manager)
