"""The plugin under test in a process of the account's, and bottles and sessions made with it."""

import contextlib
import fcntl
import itertools
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from lib import host, processes, suite

from .plugin_driver import OperationError

DRIVER = pathlib.Path(__file__).with_name("plugin_driver.py")
PATIENCE = 20  # seconds; a test that waits longer has hung
SYSTEM_PATH = "/usr/bin:/bin"


def prefix():
    found = (suite.options and suite.options.prefix) or os.environ.get("BOTBOTTLE_BUILD")
    if not found:
        raise unittest.SkipTest("BOTBOTTLE_BUILD names no build tree")
    return pathlib.Path(found).resolve()


def account():
    return suite.options.account if suite.options else host.Account("me", os.geteuid(), os.getegid())


def needs_root(test):
    return unittest.skipUnless(os.geteuid() == 0, "needs root, to play the host")(test)


def becoming_account():
    """A command that becomes the account, for root to put in front of another."""
    return ["setpriv", "--reuid", str(account().uid), "--regid", str(account().gid),
            "--clear-groups"]


class Backend:
    """The plugin, loaded by a process of the account's. `around`: root's command that starts it."""

    def __init__(self, folder, around=()):
        # The source tree may lie below a private home directory.
        driver = folder / "driver.py"
        driver.write_bytes(DRIVER.read_bytes())
        driver.chmod(0o644)
        self.process = subprocess.Popen(
            [*around, "/usr/bin/python3", str(driver),
             str(prefix() / "lib/botbottle/plugins/backend-bubblewrap.so")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/",
            env={"HOME": str(folder), "PATH": SYSTEM_PATH},
            **({} if around else account().popen_arguments()))
        self.descriptor = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise ConnectionError("the plugin's process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise OperationError(answer["status"], answer["error"])
        return answer["reply"]

    def ask(self, operation, **request):
        self.process.stdin.write(json.dumps({"operation": operation, "request": request}) + "\n")
        self.process.stdin.flush()

    def call(self, operation, **request):
        self.ask(operation, **request)
        return self.answer()

    def kill(self):
        self.process.kill()
        self.close()

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(PATIENCE)


class Bottle:
    def __init__(self, case, identity):
        self.case, self.identity = case, identity
        self.state = case.folder / "state" / identity
        self.runtime = case.folder / "run" / identity
        self.sockets = case.folder / f"sockets-{identity}"
        for folder in (self.state, self.sockets):
            folder.mkdir(mode=0o700)
            case.own(folder)
        self.about = {"identity": identity, "state_dir": str(self.state),
                      "runtime_dir": str(self.runtime),
                      "libexec_dir": str(prefix() / "libexec/botbottle")}
        self.prepared = self.launched = None

    @property
    def home(self):
        return self.state / "home"

    @property
    def workspace(self):
        return self.state / "workspace"

    @property
    def pid(self):
        return self.launched["pid"]

    def call(self, operation, **request):
        return self.case.backend.call(operation, **self.about, **request)

    def prepare(self, **request):
        self.prepared = self.call("prepare", **{"limits": {}, "command": None, **request})
        self.about["handle"] = self.prepared["handle"]
        owner = self.prepared["owner"]
        if os.geteuid() == 0:
            os.chown(self.sockets, owner["uid"], owner["gid"])
        return self

    def launch_request(self, **request):
        return {"sockets_dir": str(self.sockets), "hostname": "bottle",
                "forwards": [{"port": 9099, "socket": "egress.sock"}], **request}

    def launch(self, **request):
        self.launched = self.call("launch", **self.launch_request(**request))
        self.about["handle"] = self.launched["handle"]
        return self

    def environment(self, env):
        return {"PATH": self.prepared["guest"]["path"], "HOME": "/home/agent", "LANG": "C.UTF-8",
                **(env or {})}

    def exec(self, *argv, env=None, **request):
        return self.call("exec", **{"argv": list(argv), "env": self.environment(env),
                                    "cwd": "/workspace", "timeout_ms": 1000 * PATIENCE, **request})

    def sh(self, script, **request):
        return self.exec("sh", "-c", script, **request)

    def output(self, script, **request):
        """What the script prints; it must succeed."""
        ended = self.sh(script, **request)
        self.case.assertEqual(ended["exit_code"], 0, ended)
        return ended["stdout"]

    def python(self, script, **request):
        return self.exec("python3", "-c", script, **request)

    def attach(self, *argv, env=None, **request):
        return Session(self, self.call("attach", **{
            "argv": list(argv), "env": self.environment(env), "cwd": "/workspace", "tty": False,
            "session": None, "reattach": False, **request}))

    def list(self):
        listed = self.case.backend.call("list", runtime_root=str(self.case.folder / "run"),
                                        state_root=str(self.case.folder / "state"))
        found = [b for b in listed["bottles"] if b["identity"] == self.identity]
        return found[0] if found else None

    def stop(self, grace_ms=2000):
        return self.call("stop", grace_ms=grace_ms)

    def processes(self):
        return processes.in_same_pid_namespace(self.pid)


class Session:
    """What `attach` replied, ready to be started as the host does it."""

    def __init__(self, bottle, reply):
        self.bottle, self.reply = bottle, reply
        self.result_read = None
        self.process = self.terminal = None

    def start(self, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
              **options):
        self.result_read, result_write = os.pipe()
        wanted = {self.reply["result_fd"]: result_write}
        for document in self.reply["inherit"]:
            fd = os.memfd_create("document", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
            os.write(fd, document["content"].encode())
            fcntl.fcntl(fd, 1033, 0xF)  # F_ADD_SEALS, all four
            wanted[document["fd"]] = fd
        # High numbers first: a descriptor of ours may have the number that another one is to get.
        high = {number: fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for number, fd in wanted.items()}

        def place():
            for number, fd in high.items():
                os.dup2(fd, number)

        self.process = subprocess.Popen(
            self.reply["argv"], stdin=stdin, stdout=stdout, stderr=stderr, env={},
            pass_fds=[*wanted, *high.values()], preexec_fn=place,
            **account().popen_arguments(), **options)
        for fd in [*wanted.values(), *high.values()]:
            os.close(fd)
        self.bottle.case.addCleanup(self.close)
        return self

    def start_on_terminal(self, columns=100, rows=30):
        master, slave = pty.openpty()
        self.terminal = Screen(master)
        self.terminal.resize(columns, rows)
        self.modes_before = self.terminal.modes()  # the client changes them as soon as it runs
        self.start(slave, slave, slave, start_new_session=True)
        os.close(slave)
        return self

    def run(self, input=None):
        """To its end: (exit code, stdout, stderr)."""
        out, err = self.process.communicate(input, PATIENCE)
        return self.process.returncode, out, err

    def wait(self):
        """To its end, while what it prints is read: the exit code."""
        if self.terminal:
            deadline = time.monotonic() + PATIENCE
            while self.process.poll() is None and time.monotonic() < deadline:
                self.terminal.read(0.02)
            self.terminal.read(0.05)
        return self.process.wait(PATIENCE)

    def result(self):
        with open(self.result_read, "rb", closefd=False) as pipe:
            return json.loads(pipe.read())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        self.process.wait()
        os.close(self.result_read)
        if self.terminal:
            os.close(self.terminal.master)


class Screen:
    """The operator's terminal: what was written to it, and its modes."""

    def __init__(self, master):
        self.master, self.text = master, b""

    def read(self, seconds):
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return False
        try:
            self.text += os.read(self.master, 65536)
        except OSError:
            return False  # nobody has the other side open
        return True

    def wait_for(self, wanted):
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.text:
            if time.monotonic() > deadline:
                raise AssertionError(f"never saw {wanted!r} in {self.text!r}")
            self.read(0.1)
        before, _, self.text = self.text.partition(wanted)
        return before

    def type(self, data):
        os.write(self.master, data)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def modes(self):
        return termios.tcgetattr(self.master)


class BottleCase(unittest.TestCase):
    """A folder for one test; whatever it starts is ended, and must have ended."""

    numbers = itertools.count()

    def setUp(self):
        self.before = set(processes.descendants())
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bbp-", dir="/tmp"))
        self.own(self.folder)
        for name in ("run", "state"):
            (self.folder / name).mkdir(mode=0o700)
            self.own(self.folder / name)
        self.bottles = []
        self.backend = Backend(self.folder)
        self.addCleanup(self.tidy)

    def own(self, path):
        if os.geteuid() == 0:
            account().own(path)

    def new_backend(self):
        self.backend = Backend(self.folder)

    def bottle(self, **request):
        """Prepared and launched."""
        return self.prepared(**request).launch()

    def prepared(self, **request):
        return self.unprepared().prepare(**request)

    def unprepared(self):
        made = Bottle(self, f"test-{next(self.numbers):05d}")
        self.bottles.append(made)
        return made

    def leftovers(self, known=()):
        return self.backend.call("leftovers", runtime_root=str(self.folder / "run"),
                                 state_root=str(self.folder / "state"), known=list(known))["items"]

    def remove(self, items):
        return self.backend.call("remove", items=[item["id"] for item in items])

    def refused(self, code, call, *arguments, **keywords):
        with self.assertRaises(OperationError) as caught:
            call(*arguments, **keywords)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception

    def tidy(self):
        for bottle in self.bottles:
            with contextlib.suppress(OperationError, ConnectionError, BrokenPipeError):
                bottle.stop(0)
        self.backend.close()
        processes.reap()
        left = [pid for pid in processes.descendants() if pid not in self.before]
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual([(pid, processes.command_line(pid)) for pid in left], [])
