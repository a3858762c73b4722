"""A machine's own process: its namespaces, its container, and the agent that runs commands in it.

The process is the machine: when it is killed, everything in the machine is. It stays in the mount
namespace's view of the host, as a hypervisor does; only its container has the image's. Eight
commands run at a time: one that comes while eight run waits in the listener's queue."""

import ctypes
import fcntl
import json
import os
import pathlib
import resource
import selectors
import signal
import socket
import struct
import sys
import termios
import threading
import time

from . import gateway, guest, store, wire

SLOTS = 8
PLAIN_CAP = 11 << 20
OPEN_FILES = 1024
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Machine:
    def __init__(self, record, config, settings, rootfs):
        self.record, self.config, self.settings, self.rootfs = record, config, settings, rootfs
        self.place = store.machine_dir(record["name"])
        self.container = None  # the pid of its first process
        self.handlers = {}     # pid -> whether it holds a slot
        self.report = -1       # who waits for the start sees its end: no child may hold it

    # ---- coming up

    def come_up(self):
        guest.enter_user_namespace(self.settings["idmap"])
        flags = guest.NEWNS | guest.NEWIPC | guest.NEWUTS
        networked = self.settings["leak"] == "network"
        # Of the host's network: a socket stays where it was made.
        listeners = [(socket.create_server(("127.0.0.1", host)), port) for host, port in self.record["ports"]]
        control = self.fork_gateway() if self.record["network"] and not networked else None
        guest.unshare(flags if networked else flags | guest.NEWNET)
        guest.mount(None, "/", None, guest.MS_REC | guest.MS_PRIVATE)
        if not networked:
            guest.raise_loopback()
        if control:
            ends = gateway.make(self.record)
            socket.send_fds(control, [b"n"], [end.fileno() for end in ends])
            for end in (control, *ends):
                end.close()
        self.merged = str(self.place / "merged")
        for name in ("upper", "work", "merged"):
            (self.place / name).mkdir(exist_ok=True)
        os.chmod(self.place / "upper", 0o755)
        guest.mount("overlay", self.merged, "overlay", 0,
                    f"lowerdir={self.rootfs},upperdir={self.place}/upper,workdir={self.place}/work,userxattr")
        self.bridge_sockets(listeners)
        self.start_container()

    def bridge_sockets(self, listeners):
        for pair in self.record["mount_sockets"]:
            host, target = pair.rsplit(":", 1)
            path = pathlib.Path(self.merged + target)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.open(".", os.O_RDONLY)
            os.chdir(path.parent)  # the path may be longer than an address
            listener.bind(path.name)
            os.fchdir(before)
            os.close(before)
            listener.listen(128)
            listeners.append((listener, host))
        if not listeners:
            return
        pid = os.fork()
        if pid == 0:
            guest.die_with_parent()
            os.close(self.report)
            become_operator()
            bridge(listeners)
        self.handlers[pid] = False
        for listener, _ in listeners:
            listener.close()

    def fork_gateway(self):
        """The end of a socket by which it is told of the machine's network."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            try:
                guest.die_with_parent()
                os.close(self.report)
                ours.close()
                become_operator()
                reset_signals()
                signal.signal(signal.SIGPIPE, signal.SIG_IGN)
                log = os.open(self.place / "egress-denials.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                gateway.serve(theirs, log, relay)
            finally:
                os._exit(0)
        self.handlers[pid] = False
        theirs.close()
        return ours

    def volumes(self):
        return [(source, target, read_only) for source, target, read_only in self.record["volumes"]]

    def start_container(self, keep_alive=False):
        command = [] if keep_alive else self.record["command"] or self.config_command()
        told, tell = os.pipe()
        middle = os.fork()
        if middle == 0:
            guest.die_with_parent()
            if self.report >= 0:
                os.close(self.report)
            guest.unshare(guest.NEWPID | guest.NEWNS | guest.NEWUTS | guest.NEWIPC)
            first = os.fork()
            if first == 0:
                guest.die_with_parent()
                self.become_first(command)
            os.write(tell, struct.pack(">i", first))
            os.close(tell)
            os.close(told)
            reset_signals()
            os.waitpid(first, 0)
            os._exit(0)
        os.close(tell)
        self.container = struct.unpack(">i", os.read(told, 4))[0]
        os.close(told)
        self.handlers[middle] = False
        self.middle = middle
        # Until its own mounts are there, nothing can enter.
        for _ in range(500):
            if os.path.exists(f"{self.place}/ready-{self.container}") or not self.lives():
                break
            time.sleep(0.005)

    def config_command(self):
        config = self.config.get("config") or {}
        return (config.get("Entrypoint") or []) + (config.get("Cmd") or [])

    def lives(self):
        return store.start_time(self.container) is not None

    def become_first(self, command):
        try:
            reset_signals()
            os.setsid()
            # The host's number of this process is only seen outside; the file says "ready" for it.
            outer = os.readlink("/proc/self")
            ready = os.open(str(self.place), os.O_RDONLY)
            guest.make_tree(self.merged, self.volumes())
            libc_sethostname(self.record["name"])
            os.close(os.open(f"ready-{outer}", os.O_WRONLY | os.O_CREAT, dir_fd=ready))
            log = os.open("agent-console.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, dir_fd=ready)
            null = os.open("/dev/null", os.O_RDWR)
            for number, fd in ((0, null), (1, log), (2, log)):
                os.dup2(fd, number)
            os.closerange(3, 256)
            environment, directory, uid, gid = self.identity({})
            limit_files()
            os.chdir(directory)
            if command:
                become(uid, gid)
                try:
                    os.execvpe(command[0], command, environment)
                except OSError as problem:
                    os.write(2, f"workload: {command[0]}: {problem}\n".encode())
                    os._exit(255)
            # The keep-alive container of a machine without a workload needs nothing of its image. What has
            # executed nothing since its user changed can be entered by nobody, unless it says so.
            guest.let_enter()
            signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
            while True:
                signal.pause()
        except Exception as problem:
            os.write(2, f"container: {type(problem).__name__}: {problem}\n".encode())
        finally:
            os._exit(1)

    # ---- commands

    def identity(self, request):
        config = self.config.get("config") or {}
        environment = dict(item.split("=", 1) for item in config.get("Env") or [])
        environment.setdefault("PATH", DEFAULT_PATH)
        environment.update(dict(item.split("=", 1) for item in self.record["env"]))
        environment.update(request.get("secrets", {}))
        environment.update(request.get("env", {}))
        uid, gid, home = find_user(request.get("user") or config.get("User") or "root")
        environment.setdefault("HOME", home)
        directory = request.get("workdir") or self.record["workdir"] or config.get("WorkingDir") or "/"
        return environment, directory, uid, gid

    def serve(self, connection):
        """One command, in a process of its own."""
        request = wire.read_request(connection)
        if request is None:
            return
        with open(self.place / "agent-console.log", "a", encoding="utf-8") as log:
            log.write("agent: exec " + json.dumps(request["argv"]) + "\n")
        Command(self, connection, request).run()

    def run(self):
        guest.adopt_orphans()  # what a command leaves would be our caller's otherwise, if that adopts
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.open(".", os.O_RDONLY)
        os.chdir(self.place)
        pathlib.Path("agent.sock").unlink(missing_ok=True)
        listener.bind("agent.sock")
        os.chmod("agent.sock", 0o666)  # its directory is private
        os.fchdir(before)
        listener.listen(64)
        wakeup = socket.socketpair()
        for end in wakeup:
            end.setblocking(False)
        signal.set_wakeup_fd(wakeup[1].fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        stopping = []
        signal.signal(signal.SIGTERM, lambda *_: stopping.append(1))
        selector = selectors.DefaultSelector()
        selector.register(wakeup[0], selectors.EVENT_READ)
        listening = False
        while not stopping:
            busy = sum(1 for holds in self.handlers.values() if holds)
            if (busy < SLOTS) != listening:
                listening = not listening
                if listening:
                    selector.register(listener, selectors.EVENT_READ)
                else:
                    selector.unregister(listener)
            for key, _ in selector.select(1.0):
                if key.fileobj is wakeup[0]:
                    try:
                        wakeup[0].recv(4096)
                    except BlockingIOError:
                        pass
                elif not stopping:
                    self.accept(listener)
            self.reap()
        listener.close()
        self.end()

    def accept(self, listener):
        connection, _ = listener.accept()
        if not self.lives():
            self.start_container(keep_alive=True)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                guest.die_with_parent()
                signal.set_wakeup_fd(-1)
                reset_signals()
                listener.close()
                self.serve(connection)
                code = 0
            except Exception as problem:  # the caller sees a lost connection, the log has why
                with open(self.place / "agent-console.log", "a", encoding="utf-8") as log:
                    log.write(f"agent: {type(problem).__name__}: {problem}\n")
            finally:
                os._exit(code)
        connection.close()
        self.handlers[pid] = True

    def reap(self):
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self.handlers.pop(pid, None)

    def end(self):
        """SIGTERM to every process of the guest, then SIGKILL."""
        if self.settings["stop_hangs"]:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(3600)
        pid = os.fork()
        if pid == 0:
            try:
                guest.setns([(f"/proc/{self.container}/ns/pid", guest.NEWPID)])
                if os.fork() == 0:
                    os.kill(-1, signal.SIGTERM)
            finally:
                os._exit(0)
        os.waitpid(pid, 0)
        try:
            os.kill(self.container, signal.SIGTERM)
        except ProcessLookupError:
            pass
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline and self.lives():
            self.reap()
            time.sleep(0.01)
        for victim in [self.container, *self.handlers]:
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while self.handlers:
            try:
                pid, _ = os.waitpid(-1, 0)
                self.handlers.pop(pid, None)
            except ChildProcessError:
                break


class Command:
    def __init__(self, machine, connection, request):
        self.machine, self.connection, self.request = machine, connection, request
        self.plain = not request["interactive"]
        self.tty = request["tty"]

    def run(self):
        request, container = self.request, self.machine.container
        guest.enter_container(container)
        os.chdir("/")
        master = None
        if self.tty:
            master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
            fcntl.ioctl(master, 0x40045431, struct.pack("i", 0))  # TIOCSPTLCK
            self.resize(master, request.get("size"))
        pipes = [os.pipe() for _ in range(3)] if not self.tty else []
        failure = os.pipe()
        pid = os.fork()
        if pid == 0:
            self.become_program(master, pipes, failure[1])
        os.close(failure[1])
        words = os.read(failure[0], 4096)
        if words:
            os.waitpid(pid, 0)
            if self.machine.record["image"]:
                wire.send(self.connection, b"R", b"crun: " + words)
                wire.send(self.connection, b"X", struct.pack(">i", 255))
            else:
                wire.send(self.connection, b"F", b"agent operation failed: exec: failed to spawn command: " + words)
            return
        if request["detach"]:
            wire.send(self.connection, b"P", str(pid).encode())
            return
        if self.tty:
            ends = (master, master, None)
        else:
            os.close(pipes[0][0])
            os.close(pipes[1][1])
            os.close(pipes[2][1])
            ends = (pipes[0][1], pipes[1][0], pipes[2][0])
            if self.plain:
                os.close(ends[0])
                ends = (None, *ends[1:])
        self.pump(pid, *ends)

    def become_program(self, master, pipes, failure):
        try:
            reset_signals()
            os.setsid()
            if self.tty:
                slave = fcntl.ioctl(master, 0x5441, os.O_RDWR | os.O_NOCTTY)  # TIOCGPTPEER
                fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                stdio = (slave, slave, slave)
            elif self.request["detach"]:
                null = os.open("/dev/null", os.O_RDWR)
                stdio = (null, null, null)
            else:
                nothing = os.open("/dev/null", os.O_RDONLY)
                stdio = (nothing if self.plain else pipes[0][0], pipes[1][1], pipes[2][1])
            for number, fd in enumerate(stdio):
                os.dup2(fd, number)
            report = fcntl.fcntl(failure, fcntl.F_DUPFD_CLOEXEC, 200)
            os.closerange(3, 200)
            environment, directory, uid, gid = self.machine.identity(self.request)
            if self.tty:
                environment.setdefault("TERM", "xterm-256color")
            limit_files()
            try:
                os.chdir(directory)
                become(uid, gid)
                os.execvpe(self.request["argv"][0], self.request["argv"], environment)
            except OSError as problem:
                os.write(report, f"executable file `{self.request['argv'][0]}` could not be run: "
                                 f"{problem.strerror}\n".encode())
        finally:
            os._exit(255)

    @staticmethod
    def resize(master, size):
        if size:
            fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def pump(self, pid, stdin, stdout, stderr):
        selector = selectors.DefaultSelector()
        selector.register(self.connection, selectors.EVENT_READ, "connection")
        outputs = {}
        for fd, kind in ((stdout, b"O"), (stderr, b"R")):
            if fd is not None:
                outputs[fd] = kind
                selector.register(fd, selectors.EVENT_READ, "output")
        sent = {b"O": 0, b"R": 0}
        deadline = time.monotonic() + self.request["timeout"] if self.request.get("timeout") else None
        pidfd = os.pidfd_open(pid)
        selector.register(pidfd, selectors.EVENT_READ, "exit")
        exited = None
        waiting = b""  # for the guest's stdin
        while outputs or exited is None:
            if exited is not None and self.tty and not selector.select(0.05):
                break
            limit = None if deadline is None else max(0, deadline - time.monotonic())
            events = selector.select(limit if exited is None else 0.2)
            if not events and exited is not None:
                break  # somebody in the background has the pipes
            if deadline is not None and time.monotonic() >= deadline and exited is None:
                kill_group(pid)
                wire.send(self.connection, b"T")
                return
            for key, _ in events:
                if key.data == "exit":
                    _, status = os.waitpid(pid, 0)
                    exited = os.waitstatus_to_exitcode(status)
                    selector.unregister(pidfd)
                elif key.data == "output":
                    try:
                        block = os.read(key.fd, 1 << 16)
                    except OSError:
                        block = b""
                    if not block:
                        selector.unregister(key.fd)
                        outputs.pop(key.fd)
                        continue
                    kind = outputs[key.fd]
                    sent[kind] += len(block)
                    if not self.request["interactive"] and sent[kind] > PLAIN_CAP:
                        kill_group(pid)
                        wire.send(self.connection, b"F", b"agent operation failed: exec: output exceeds the "
                                                         b"limit of 11 MiB")
                        return
                    wire.send(self.connection, kind, block)
                elif key.data == "connection":
                    kind, content = wire.receive(self.connection)
                    if kind is None:
                        self.caller_is_gone(pid, stdin)
                        return
                    if kind == b"W" and self.tty:
                        self.resize(stdin, struct.unpack(">HH", content))
                    elif kind == b"I" and stdin is not None:
                        waiting += content
                    elif kind == b"E" and stdin is not None and not self.tty:
                        waiting = self.write_some(stdin, waiting)
                        os.close(stdin)
                        stdin = None
            if waiting and stdin is not None:
                waiting = self.write_some(stdin, waiting)
        code = exited if exited >= 0 else 128 - exited
        wire.send(self.connection, b"X", struct.pack(">i", code))

    @staticmethod
    def write_some(fd, content):
        while content:
            try:
                content = content[os.write(fd, content):]
            except BrokenPipeError:
                return b""
            except OSError:
                return b""
        return content

    def caller_is_gone(self, pid, stdin):
        """A plain command is killed; of an interactive one only its terminal or its input goes."""
        if not self.request["interactive"]:
            kill_group(pid)
        if stdin is not None:
            os.close(stdin)


def kill_group(pid):
    for target in (os.killpg, os.kill):
        try:
            target(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def reset_signals():
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def limit_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def libc_sethostname(name):
    encoded = name.encode()[:63]
    guest.libc.sethostname(encoded, ctypes.c_size_t(len(encoded)))


def become(uid, gid):
    if (uid, gid) != (0, 0):
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)


def find_user(wanted):
    """uid, gid and home of "name", "uid" or "uid:gid", by the guest's own passwd."""
    user, _, group = wanted.partition(":")
    rows = []
    try:
        rows = [line.split(":") for line in pathlib.Path("/etc/passwd").read_text().splitlines()]
    except OSError:
        pass
    for row in rows:
        if len(row) >= 6 and user in (row[0], row[2]):
            return int(row[2]), int(group) if group.isdigit() else int(row[3]), row[5]
    uid = int(user) if user.isdigit() else 0
    return uid, int(group) if group.isdigit() else 0, "/root" if uid == 0 else "/"


def become_operator():
    """What dials the host is the operator's process."""
    own = int(os.environ["STANDIN_UID"]), int(os.environ["STANDIN_GID"])
    if own[0]:
        os.setresgid(*([own[1]] * 3))
        os.setresuid(*([own[0]] * 3))
        guest.die_with_parent()


def relay(connection, host):
    """Both ways, until both have ended."""
    def copy(source, target):
        try:
            while block := source.recv(1 << 16):
                try:
                    target.sendall(block)
                except OSError:
                    continue  # it reads no more, and may have said why: what still comes is dropped
        except OSError:
            pass
        try:
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    back = threading.Thread(target=copy, args=(host, connection), daemon=True)
    back.start()
    copy(connection, host)
    back.join()


def bridge(listeners):
    """Every connection dials anew: a socket of the host's by its path, or a port of the guest's; what
    is not there closes it."""
    def connect(connection, path):
        with connection:
            port = isinstance(path, int)
            host = socket.socket(socket.AF_INET if port else socket.AF_UNIX, socket.SOCK_STREAM)
            with host:
                try:
                    host.connect(("127.0.0.1", path) if port else path)
                except OSError:
                    return
                relay(connection, host)

    def accept(listener, path):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=connect, args=(connection, path), daemon=True).start()

    reset_signals()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    for listener, path in listeners[1:]:
        threading.Thread(target=accept, args=(listener, path), daemon=True).start()
    accept(*listeners[0])


def main(record, config, settings, rootfs, report):
    """In a process that was forked for it: never returns. `report`: a pipe for "" or what failed."""
    os.setsid()
    place = store.machine_dir(record["name"])
    log = os.open(place / "agent-console.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    null = os.open("/dev/null", os.O_RDONLY)
    for number, fd in ((0, null), (1, log), (2, log)):
        os.dup2(fd, number)
    for fd in range(3, 256):
        if fd != report:
            try:
                os.close(fd)
            except OSError:
                pass
    machine = Machine(record, config, settings, rootfs)
    machine.report = report
    try:
        (place / "agent.pid").write_text(f"{os.getpid()} {store.start_time(os.getpid())}\n")
        machine.come_up()
        os.chdir("/")
    except Exception as problem:
        os.write(report, f"{type(problem).__name__}: {problem}".encode())
        os._exit(1)
    os.close(report)
    machine.report = -1
    try:
        machine.run()
    finally:
        sys.stdout.flush()
        os._exit(0)
