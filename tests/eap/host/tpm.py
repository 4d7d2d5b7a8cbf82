# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TPM of its own, emulated: the resource broker in front of it, and a token of tpm2-pkcs11 in it."""

import os
import subprocess
import time

PROGRAMS = ("swtpm", "tpm2-abrmd", "tpm2_ptool", "dbus-daemon")


class Tpm:
    """While it is entered the environment leads the PKCS#11 module of this TPM to it. `folder`: for its state."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []

    def __enter__(self):
        self.folder.mkdir()
        (self.folder / "state").mkdir()
        (self.folder / "store").mkdir()
        place, bus = self.folder / "tpm", "unix:path=%s" % (self.folder / "bus")
        self.start("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}", "--server", f"type=unixio,path={place}",
                   "--ctrl", f"type=unixio,path={place}.ctrl", "--flags", "not-need-init,startup-clear")
        self.start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=" + bus)
        self.wait_for(place, self.folder / "bus")
        os.environ.update(DBUS_SESSION_BUS_ADDRESS=bus, TPM2TOOLS_TCTI="tabrmd:bus_type=session", TPM2_PKCS11_TCTI="tabrmd:bus_type=session",
                          TPM2_PKCS11_STORE=str(self.folder / "store"))
        self.start("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:path={place}")
        subprocess.run(["gdbus", "wait", "--session", "--timeout", "60", "com.intel.tss2.Tabrmd"], check=True)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(20)

    def start(self, *words):
        self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def wait_for(self, *sockets):
        end = time.monotonic() + 30
        while not all(os.path.exists(each) for each in sockets):
            if time.monotonic() > end:
                raise RuntimeError("no socket of the TPM or of its bus")
            time.sleep(0.02)  # poll: a file that appears

    def ptool(self, *words):
        subprocess.run(["tpm2_ptool", *words, "--path", str(self.folder / "store")], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)

    def keep(self, key, label, pin):
        """A token "lab" that has the private key of a PEM file, an object `label`."""
        self.ptool("init")
        self.ptool("addtoken", "--pid", "1", "--label", "lab", "--sopin", "5678", "--userpin", pin)
        self.ptool("import", "--label", "lab", "--userpin", pin, "--privkey", key, "--key-label", label, "--id", "01", "--algorithm", "ecc")
