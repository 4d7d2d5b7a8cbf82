#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Key servers to test against: two that share their keys, each for one end of a link, by ETSI GS QKD 014 or SKIP, with mutual TLS; and
one of SKIP with TLS-PSK, by OpenSSL's s_server. What goes wrong is what a test says."""

import base64
import http.server
import json
import secrets
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import uuid


class Store:
    """Keys that were given out and not fetched yet, by id."""

    def __init__(self):
        self.lock = threading.Lock()
        self.keys = {}

    def make(self, name, octets):
        key = secrets.token_bytes(octets)
        with self.lock:
            self.keys[name] = key
        return key

    def take(self, name):
        """Once: a key server forgets what it has given to both."""
        with self.lock:
            return self.keys.pop(name, None)


class Protocol:
    """Questions to answers: (status, body), and what a test has ordered."""

    def __init__(self, store, kind):
        self.store = store
        self.kind = kind
        self.status = None  # of all answers
        self.delay = 0
        self.cut = None  # octets of an answer that are sent
        self.wrong_key = False
        self.replayed = None  # id of every new key
        self.down = False
        self.never = threading.Event()
        self.asked = []  # "new", "known", "status"
        self.answered = {}  # when the last of each was, by the monotonic clock

    def answer(self, method, target, body):
        question = ("status" if "status" in target or "capabilities" in target else
                    "known" if "dec_keys" in target or target.startswith("/key/") else "new")
        self.asked.append(question)
        self.never.wait(self.delay)
        self.answered[question] = time.monotonic()
        if self.status:
            return self.status, {"message": f"status {self.status} was ordered"}
        return self.etsi(method, target, body) if self.kind == "etsi014" else self.skip(method, target)

    def known(self, name):
        key = self.store.take(name)
        return secrets.token_bytes(len(key)) if key and self.wrong_key else key

    def etsi(self, method, target, body):
        parts = target.split("/")
        if target.endswith("/status"):
            return 200, {"stored_key_count": 9, "key_size": 256}
        if method != "POST" or parts[1:4] != ["api", "v1", "keys"]:
            return 404, {"message": "no such question"}
        asked = json.loads(body)
        if parts[-1] == "enc_keys":
            name = self.replayed or str(uuid.uuid4())
            key = self.store.make(name, asked["size"] // 8)
        else:
            name = asked["key_IDs"][0]["key_ID"]
            key = self.known(name)
        if not key:
            return 400, {"message": "one or more keys not found"}
        return 200, {"keys": [{"key_ID": name, "key": base64.b64encode(key).decode()}]}

    def skip(self, method, target):
        url = urllib.parse.urlsplit(target)
        asked = urllib.parse.parse_qs(url.query)
        if method != "GET":
            return 405, {}
        if url.path == "/capabilities":
            return 200, {"entropy": True, "key": True, "algorithm": "mock", "localSystemID": "x", "remoteSystemID": ["*"]}
        if url.path == "/key":
            name = secrets.token_hex(24)
            key = self.store.make(name, int(asked["size"][0]) // 8)
        else:
            name = url.path.rpartition("/")[2]
            key = self.known(name)
        return (200, {"keyId": name, "key": key.hex()}) if key else (400, {"message": "unknown keyId"})

    def whole(self, method, target, body):
        """The octets of an answer."""
        status, said = self.answer(method, target, body)
        text = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        octets = head.encode() + text
        return octets if self.cut is None else octets[:self.cut % len(octets)]


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def make_certificates(folder):
    """A CA, and a certificate for each server and client; "late" expired long ago."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=CA",
            "-days", "30")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth"), ("late", "subjectAltName=IP:127.0.0.1"),
                            ("elsewhere", "subjectAltName=DNS:kme.example.org")):
        (folder / f"{name}.ext").write_text(extension + "\n")
        openssl(folder, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
                "-subj", f"/CN={name}")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", f"{name}.pem", "-extfile",
                f"{name}.ext", "-days", "-1" if name == "late" else "30")
        (folder / f"{name}.key").chmod(0o600)


class Server(http.server.ThreadingHTTPServer):
    """A Protocol behind TLS that asks for certificates."""
    daemon_threads = True

    def __init__(self, protocol, context, address=("127.0.0.1", 0)):
        self.protocol = protocol
        self.context = context
        super().__init__(address, Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server_address[1]

    def get_request(self):
        connection, address = super().get_request()
        if self.protocol.down:
            connection.close()
            raise OSError("down")
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass  # a client that does not like us


class Handler(http.server.BaseHTTPRequestHandler):
    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.wfile.write(self.server.protocol.whole(self.command, self.path, body))
        self.close_connection = True

    do_GET = do_POST = do

    def log_message(self, *_):
        pass


def context_of(certificate, key, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def der(tag, content):
    assert len(content) < 256
    return bytes([tag, len(content)] if len(content) < 128 else [tag, 0x81, len(content)]) + content


def psk_session(psk):
    """A shared key of TLS 1.3 as OpenSSL's programs read one that is not for SHA-256: a session of TLS_AES_256_GCM_SHA384, in PEM."""
    valid_for = der(0xA2, der(0x02, b"\x01\x51\x80"))  # a day; else OpenSSL takes it for a session that ends after 3 s
    session = der(0x30, der(0x02, b"\x01") + der(0x02, b"\x03\x04") + der(0x04, b"\x13\x02") + der(0x04, b"") + der(0x04, bytes.fromhex(psk)) + valid_for)
    return f"-----BEGIN SSL SESSION PARAMETERS-----\n{base64.b64encode(session).decode()}\n-----END SSL SESSION PARAMETERS-----\n"


class PskServer:
    """A Protocol behind TLS 1.2, or 1.3 where there is a `folder` for its file, with a shared key; one connection at a time, each a
    process of its own."""

    def __init__(self, protocol, identity, psk, folder=None):
        self.protocol = protocol
        with socket.socket() as place:
            place.bind(("127.0.0.1", 0))
            self.port = place.getsockname()[1]
        self.command = ["openssl", "s_server", "-accept", f"127.0.0.1:{self.port}", "-naccept", "1", "-quiet", "-nocert", "-psk_identity", identity]
        if folder:
            (folder / "psk.pem").write_text(psk_session(psk))
            self.command += ["-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384", "-psk_session", folder / "psk.pem"]
        else:
            self.command += ["-tls1_2", "-cipher", "DHE-PSK-AES256-GCM-SHA384", "-psk", psk]
        self.process = None
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over:
            with subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as self.process:
                self.serve(self.process)

    def serve(self, process):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            octet = process.stdout.read(1)
            if not octet:
                return
            head += octet
        method, target, _ = head.decode().split(" ", 2)
        process.stdin.write(self.protocol.whole(method, target, b""))
        process.stdin.flush()

    def close(self):
        self.over = True
        self.process.kill()
        self.thread.join()
