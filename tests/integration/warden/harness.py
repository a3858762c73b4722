"""A real botbottle-warden under test: its connection on descriptor 3, others, and what it leaves."""

import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import time
import unittest

from lib import processes, suite

PATIENCE = 15  # seconds; a test that waits longer has hung


def libexec():
    prefix = (suite.options and suite.options.prefix) or os.environ.get("BOTBOTTLE_BUILD")
    if not prefix:
        raise unittest.SkipTest("BOTBOTTLE_BUILD names no build tree")
    return pathlib.Path(prefix).resolve() / "libexec/botbottle"


def policy(revision=1, host="api.example"):
    route = {"host": host, "ports": [443], "methods": None, "path_allowlist": None,
             "auth": {"scheme": "Bearer", "slot": "token"}, "ssrf_ip_allowlist": [],
             "owner": "bottle"}
    return {"schema": "botbottle.policy/1", "revision": revision, "routes": [route],
            "upstream": {"proxy": None, "ca": None}}


class Refused(Exception):
    """An error that was answered."""

    def __init__(self, error):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.message, self.hint = error["code"], error["message"], error["hint"]


class Control:
    """One control connection."""

    def __init__(self, connected):
        connected.settimeout(PATIENCE)
        self.socket = connected
        self.reader = connected.makefile("rb")
        self.numbers = itertools.count(1)
        self.events = []

    def send(self, method, /, **params):
        number = next(self.numbers)
        self.raw(json.dumps({"id": number, "method": method, "params": params}).encode() + b"\n")
        return number

    def raw(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next message; None at the end."""
        try:
            line = self.reader.readline()
        except ConnectionResetError:
            return None
        return json.loads(line) if line else None

    def answer(self, number):
        while (message := self.receive()) is not None:
            if "event" in message:
                self.events.append(message)
            elif message["id"] == number:
                if "error" in message:
                    raise Refused(message["error"])
                return message["result"]
        raise ConnectionError("the warden closed the connection")

    def call(self, method, /, **params):
        return self.answer(self.send(method, **params))

    def event(self, name):
        """The params of the next event of that name."""
        while True:
            for at, message in enumerate(self.events):
                if message["event"] == name:
                    del self.events[:at + 1]
                    return message["params"]
            message = self.receive()
            if message is None:
                raise ConnectionError(f"the connection ended before {name}")
            self.events.append(message)

    def ended(self):
        """Whether the peer closes; events before that are kept."""
        while (message := self.receive()) is not None:
            self.events.append(message)
        return True

    def close(self):
        self.reader.close()
        self.socket.close()


def spawn(program, descriptors, account=None, stderr=None):
    """A child that sees `descriptors` as 3, 4, …; with another account it is set in the child."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in descriptors]
    pid = os.fork()
    if pid == 0:
        try:
            for number, fd in enumerate(high, 3):
                os.dup2(fd, number)
            if stderr is not None:
                os.dup2(stderr, 2)
            if account and account.uid:
                os.setgroups([])
                os.setresgid(account.gid, account.gid, account.gid)
                os.setresuid(account.uid, account.uid, account.uid)
            os.execve(program, [str(program)], {})
        finally:
            os._exit(127)
    for fd in high:
        os.close(fd)
    return pid


class Warden:
    """Started, and told nothing yet. `folder` is a home of its own for its files."""

    def __init__(self, account=None):
        self.account = account
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bbw-", dir="/tmp"))
        self.own(self.folder)
        self.runtime = self.folder / "run"
        self.audit = self.folder / "audit.jsonl"
        self.pid, self.status, self.starter = None, None, None
        self.ready = None  # what `start` answered

    def own(self, path):
        if self.account and self.account.uid:
            os.chown(path, self.account.uid, self.account.gid)

    def spawn(self):
        ours, theirs = socket.socketpair()
        with contextlib.closing(theirs), open(self.folder / "log", "ab") as log:
            self.pid = spawn(libexec() / "botbottle-warden", [theirs.fileno()], self.account,
                             log.fileno())
        self.status = None
        self.starter = Control(ours)
        return self

    def parameters(self, **changes):
        made = {"schema": "botbottle.warden/1", "identity": "test-abc12",
                "runtime_dir": str(self.runtime), "audit_file": str(self.audit),
                "libexec_dir": str(libexec()), "owner": None, "policy": policy(),
                "secrets": {"token": "value-of-the-token"}}
        made.update(changes)
        return {name: value for name, value in made.items() if value is not ...}

    def start(self, **changes):
        self.ready = self.starter.call("start", **self.parameters(**changes))
        return self

    def watch(self, pid):
        started = int(processes.stat_fields(pid)[19])
        return self.starter.call("bottle.watch", pid=pid, start_time=started)

    def connect(self):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(self.ready["control"])
        return Control(connected)

    def egress_pid(self):
        return self.connect_once("status")["sidecars"][0]["pid"]

    def connect_once(self, method, **params):
        with contextlib.closing(self.connect()) as control:
            return control.call(method, **params)

    def through_egress(self, path="/healthz"):
        """Asks the egress for one of its own pages: the status code and the body."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PATIENCE)
            client.connect(self.ready["sockets"]["egress"])
            client.sendall(f"GET http://_egress.local{path} HTTP/1.1\r\n"
                           "Host: _egress.local\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while piece := client.recv(65536):
                data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), body

    def wait(self, seconds=PATIENCE):
        """The exit status; negative for a signal."""
        def ended():
            if self.status is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.status = os.waitstatus_to_exitcode(status)
            return self.status is not None
        if not processes.wait_until(ended, seconds):
            raise AssertionError("the warden does not end")
        return self.status

    def log(self):
        return (self.folder / "log").read_text()

    def life(self):
        """The warden's own lines of the record, but for the seals."""
        lines = [json.loads(line) for line in self.audit.read_text().splitlines()]
        return [line for line in lines if line["plane"] == "warden" and line["event"] != "sealed"]

    def close(self):
        if self.starter:
            self.starter.close()
        if self.pid and self.status is None:
            os.kill(self.pid, signal.SIGTERM)
            self.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class WardenCase(unittest.TestCase):
    def warden(self, start=True, account="default", **changes):
        """As the account under test unless another one is named."""
        if account == "default":
            account = suite.options.account if suite.options else None
        made = Warden(account)
        self.addCleanup(made.close)
        made.spawn()
        return made.start(**changes) if start else made

    def connect(self, warden):
        control = warden.connect()
        self.addCleanup(control.close)
        return control

    def process(self, *command):
        """A process to be watched: (pid, a function that ends and reaps it)."""
        pid = os.posix_spawn(command[0], command, os.environ)

        def end():
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        self.addCleanup(end)
        return pid, end

    def assert_refused(self, code, call, *arguments, **keywords):
        with self.assertRaises(Refused) as caught:
            call(*arguments, **keywords)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception

    def assert_nothing_left(self, warden):
        self.assertFalse(os.path.lexists(warden.runtime), "the runtime directory is still there")

    def assert_gone(self, pid, seconds=5):
        self.assertTrue(processes.wait_until(lambda: not processes.alive(pid), seconds),
                        f"process {pid} ({processes.name(pid)}) is still there")


def needs_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "needs root, to act as several users")(test)


def until(condition, seconds=PATIENCE):
    return processes.wait_until(condition, seconds)


def elapsed(call):
    began = time.monotonic()
    with contextlib.suppress(OSError):
        call()
    return time.monotonic() - began
