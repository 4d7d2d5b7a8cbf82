# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TPM of its own, emulated: the resource broker in front of it, and a token of tpm2-pkcs11 in it."""

import os
import selectors
import subprocess

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
        # Each writes into the pipe when its sockets are there: its number, its address.
        pipe = str(self.folder / "ready")
        os.mkfifo(pipe)
        self.ready = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self.start("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.folder / 'state'}", "--server", f"type=unixio,path={place}",
                   "--ctrl", f"type=unixio,path={place}.ctrl", "--flags", "not-need-init,startup-clear", "--pid", "file=" + pipe)
        self.wait_for_word()
        self.start("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", "--address=" + bus, stdout=self.ready)
        self.wait_for_word()
        os.environ.update(DBUS_SESSION_BUS_ADDRESS=bus, TPM2TOOLS_TCTI="tabrmd:bus_type=session", TPM2_PKCS11_TCTI="tabrmd:bus_type=session",
                          TPM2_PKCS11_STORE=str(self.folder / "store"))
        self.start("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:path={place}")
        subprocess.run(["gdbus", "wait", "--session", "--timeout", "60", "com.intel.tss2.Tabrmd"], check=True)
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(20)
        os.close(self.ready)

    def start(self, *words, stdout=subprocess.DEVNULL):
        self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.DEVNULL))

    def wait_for_word(self):
        """Of the process that was started last."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.ready, selectors.EVENT_READ)
            if not selector.select(30):
                raise RuntimeError(self.processes[-1].args[0] + " does not start")
        os.read(self.ready, 4096)

    def ptool(self, *words):
        subprocess.run(["tpm2_ptool", *words, "--path", str(self.folder / "store")], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)

    def keep(self, key, label, pin):
        """A token "lab" that has the private key of a PEM file, an object `label`."""
        self.ptool("init")
        self.ptool("addtoken", "--pid", "1", "--label", "lab", "--sopin", "5678", "--userpin", pin)
        self.ptool("import", "--label", "lab", "--userpin", pin, "--privkey", key, "--key-label", label, "--id", "01", "--algorithm", "ecc")
