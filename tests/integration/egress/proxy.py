"""A real botbottle-egress under test: its three descriptors, its control connection, and clients."""

import atexit
import contextlib
import fcntl
import functools
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import tempfile
import time
import unittest

from lib import suite
from lib.certificates import Authority
from lib.servers import HttpServer, listen

CONNECTION_TIME = 20  # seconds; a test that waits longer has hung


def program():
    prefix = (suite.options and suite.options.prefix) or os.environ.get("BOTBOTTLE_BUILD")
    if not prefix:
        raise unittest.SkipTest("BOTBOTTLE_BUILD names no build tree")
    return pathlib.Path(prefix) / "libexec/botbottle/botbottle-egress"


@functools.cache
def sanitized():
    """Whether the program under test is built with a sanitizer, which has memory of its own."""
    return b"libasan" in program().read_bytes() or b"libtsan" in program().read_bytes()


@functools.cache
def material():
    """The bottle's authority and the origins' authority; made once for all tests."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="egress-test-"))
    bottle, origins = folder / "bottle", folder / "origins"
    bottle.mkdir()
    origins.mkdir()
    atexit.register(shutil.rmtree, folder, True)
    return Authority(bottle, "bottle"), Authority(origins, "origins")


@functools.cache
def origin_context(*hosts):
    return material()[1].context(*hosts)


class Origin(HttpServer):
    """An origin at localhost (or under other names), over TLS."""

    def __init__(self, respond=None, hosts=("localhost", "127.0.0.1")):
        super().__init__(listen("127.0.0.1"), respond, origin_context(*hosts))


LOOPBACK = ["127.0.0.0/8", "::1/128"]


def route(host="localhost", port=443, **more):
    made = {"host": host, "ports": [port] if isinstance(port, int) else port, "methods": None,
            "path_allowlist": None, "auth": None, "ssrf_ip_allowlist": LOOPBACK,
            "owner": "bottle"}
    made.update(more)
    return made


def policy(*routes, revision=1, proxy=None, ca=True):
    certificate = material()[1].certificate.read_text() if ca is True else ca
    return {"schema": "botbottle.policy/1", "revision": revision, "routes": list(routes),
            "upstream": {"proxy": proxy, "ca": certificate}}


BEARER = {"scheme": "Bearer", "slot": "token"}


class ControlError(Exception):
    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]


class Control:
    def __init__(self, connected):
        self.socket = connected
        self.reader = connected.makefile("rb")
        self.numbers = itertools.count(1)

    def call(self, name, **params):
        line = json.dumps({"id": next(self.numbers), "method": name, "params": params})
        self.socket.sendall(line.encode() + b"\n")
        answer = json.loads(self.reader.readline())
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer["result"]

    def close(self):
        self.reader.close()
        self.socket.close()


class Process:
    """A child, by its pid: subprocess cannot place descriptors."""

    def __init__(self, pid):
        self.pid = pid
        self.status = None

    def poll(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status

    def wait(self, seconds):
        until = time.monotonic() + seconds
        while self.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError("the egress does not end")
            time.sleep(0.01)
        return self.status

    def kill(self):
        os.kill(self.pid, signal.SIGKILL)
        self.wait(10)


class Egress:
    """Starts the program. `audit` is a path; `listener` may be shared by two lives of it."""

    environment = {}

    def __init__(self, document, secrets=None, audit=None, listener=None, start=True):
        self.folder = tempfile.mkdtemp(prefix="egress-")
        self.audit = pathlib.Path(audit or os.path.join(self.folder, "audit.jsonl"))
        self.listener = listener or self.listen_unix()
        audit_file = os.open(self.audit, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        ours, theirs = socket.socketpair()
        with contextlib.closing(theirs):
            self.process = self._spawn([theirs.fileno(), self.listener.fileno(), audit_file])
        os.close(audit_file)
        ours.settimeout(CONNECTION_TIME)
        self.control = Control(ours)
        if start:
            self.start(document, secrets)

    def listen_unix(self):
        made = socket.socket(socket.AF_UNIX)
        made.bind(os.path.join(self.folder, "egress.sock"))
        made.listen(512)
        return made

    def _spawn(self, descriptors):
        # Out of the way of 3, 4 and 5 first, whatever numbers they have.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in descriptors]
        try:
            actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(high, 3)]
            return Process(os.posix_spawn(program(), [str(program())], self.environment, file_actions=actions))
        finally:
            for fd in high:
                os.close(fd)

    def start(self, document, secrets=None):
        bottle = material()[0]
        return self.control.call(
            "start", schema="botbottle.egress/1", identity="test-00000", policy=document,
            secrets=secrets or {},
            ca={"certificate": bottle.certificate.read_text(),
                "private_key": bottle.key.read_text()})

    def lines(self):
        written = self.audit.read_text()
        whole = written[:written.rfind("\n") + 1]  # the last line may be being written
        return [json.loads(line) for line in whole.splitlines()]

    def decisions(self):
        return [line for line in self.lines() if line["event"] == "decision"]

    def outcomes(self, count=1):
        """All outcomes, once there are that many: they are written after the client has its answer."""
        def found():
            return [line for line in self.lines() if line["event"] == "outcome"]
        wait_until(lambda: len(found()) >= count)
        return found()

    def stats(self):
        return self.control.call("stats")

    def stop(self, keep_listener=False):
        self.control.close()
        try:
            self.process.wait(10)
        except TimeoutError:
            self.process.kill()
            raise
        finally:
            if not keep_listener:
                self.listener.close()
                shutil.rmtree(self.folder, True)

    # Clients.

    def connect(self):
        made = socket.socket(self.listener.family)
        made.settimeout(CONNECTION_TIME)
        made.connect(self.listener.getsockname())
        if made.family == socket.AF_INET:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def open_tunnel(self, authority):
        """A raw socket behind an admitted CONNECT, and the status that it got."""
        made = self.connect()
        made.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        return made, read_response(made, "CONNECT")

    def tunnel(self, host, port, server_name=None, context=None):
        """A TLS connection to host:port as a client in the bottle sees it."""
        made, response = self.open_tunnel(f"{host}:{port}")
        if response.status != 200:
            made.close()
            raise AssertionError(f"CONNECT was answered {response.status}: {response.read()}")
        return (context or client_context()).wrap_socket(
            made, server_hostname=server_name or host.strip("[]"))


def wait_until(holds, seconds=5):
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise AssertionError("it did not come about in time")
        time.sleep(0.005)


def client_context():
    return ssl.create_default_context(cafile=material()[0].certificate)


def read_response(connection, method="GET"):
    """Reads a head; the body is read from what is returned."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response


def ask(connection, target="/", host="localhost", method="GET", headers=(), body=b""):
    """One request on an open connection; the whole response."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    response = read_response(connection, method)
    response.text = response.read()
    return response


def denial(response):
    return json.loads(response.text)["botbottle"]


class EgressCase(unittest.TestCase):
    """Servers and egresses that end with the test, whatever happens."""

    def egress(self, *arguments, **more):
        made = Egress(*arguments, **more)
        self.addCleanup(self._stop, made)
        return made

    def _stop(self, made):
        if made.process.poll() is None:
            made.stop()

    def serve(self, server):
        self.addCleanup(server.stop)
        return server

    def tunnel(self, egress, host, port, **more):
        made = egress.tunnel(host, port, **more)
        self.addCleanup(made.close)
        return made
