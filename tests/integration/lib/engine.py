"""A container engine of the tests' own: Debian's dockerd in a directory that is thrown away, with one
image, made of the distribution's packages and of the agents. No registry is asked for anything."""

import functools
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import unittest

from . import agents, processes

PACKAGES = ["ca-certificates", "curl", "git", "procps", "python3", "ripgrep"]
AGENTS = {"claude": ("claude-platform", "node_modules/@anthropic-ai/claude-code-linux-x64/claude"),
          "codex": ("codex-platform", "node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/bin/"
                                      "codex")}
reason = None  # why there is no root filesystem


def asked_for(argv):
    """Whether a run with these arguments needs it: making it takes minutes on a new machine. Told by
    a name or by the backend, or (a run of everything) by there being no name at all."""
    with_value = ("--prefix", "--user", "--counts", "--backend", "--engine", "--placement", "--jobs", "--queue")
    names = [word for before, word in zip(argv, argv[1:])
             if not word.startswith("-") and before not in with_value]
    return any("docker" in word or "smol" in word or "engine" in word for word in argv[1:] if not word.startswith("/")) or not names


def suite_of_this_machine():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip('"')
    return "bookworm"


def rootfs():
    """Where the archive is kept between runs; its name says all that it is made of."""
    parts = [suite_of_this_machine(), *PACKAGES, *(f"{name} {agents.PACKAGES[package][1]}"
                                                   for name, (package, _) in AGENTS.items())]
    return agents.CACHE / f"rootfs-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}.tar"


def without_agents():
    """The same, a third as large: for engines on which no agent is to run."""
    return rootfs().with_suffix(".small.tar")


def fetch():
    """Makes the archives when they are not there. To be called while there is a network."""
    with agents.filling_the_cache():
        _make_rootfs(rootfs())
        if rootfs().exists() and not without_agents().exists():
            _leave_out(AGENTS, rootfs(), without_agents())


def _leave_out(names, source, target):
    new = target.with_suffix(".new")
    with tarfile.open(source) as whole, tarfile.open(new, "w") as part:
        for entry in whole:
            if entry.name not in {f"usr/local/bin/{name}" for name in names}:
                part.addfile(entry, whole.extractfile(entry) if entry.isreg() else None)
    new.rename(target)


def _make_rootfs(target):
    global reason
    if target.exists():
        return
    missing = [tool for tool in ("dockerd", "mmdebstrap") if shutil.which(tool) is None]
    if missing:
        reason = f"{' and '.join(missing)} is not installed"
        return
    new = target.with_suffix(".new.tar")
    made = subprocess.run(["mmdebstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}",
                           suite_of_this_machine(), str(new)],
                          capture_output=True, text=True, timeout=900)
    if made.returncode != 0:
        reason = f"mmdebstrap could not make a root filesystem: {made.stderr[-400:]}"
        return
    with tarfile.open(new, "a") as archive:
        for name, (package, program) in AGENTS.items():
            if package in agents.reasons:
                continue
            entry = archive.gettarinfo(str(agents.folder_of(package) / program))
            entry.name, entry.mode, entry.uid, entry.gid = f"usr/local/bin/{name}", 0o755, 0, 0
            with open(agents.folder_of(package) / program, "rb") as file:
                archive.addfile(entry, file)
    new.rename(target)


class EngineConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=120):
        super().__init__("engine", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Engine:
    """A running dockerd, with an image of that archive. `account` may use its socket, nobody else but root.
    `arguments` are dockerd's own."""

    PROGRAM = "dockerd"
    PROGRAMS = ("dockerd", "containerd", "containerd-shim")  # whose memory sees what a container is told
    # Of its folder, everything but images' own layers.
    RECORDS = ("data/containers", "data/image", "data/volumes", "data/containerd", "exec", "log")

    def __init__(self, account, *arguments, image=rootfs):
        if shutil.which(self.PROGRAM) is None or reason:
            raise unittest.SkipTest(f"no engine: {reason or f'{self.PROGRAM} is not installed'}")
        self.account, self.arguments, self.image = account, arguments, image()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bb-engine-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.socket = str(self.folder / "docker.sock")
        self.host = f"unix://{self.socket}"
        self.log = self.folder / "log"
        self.process = None
        try:
            self._keep_in_memory()
            self.start()
            self.base = self._import()
        except BaseException:
            self.close()
            raise

    def _keep_in_memory(self):
        """What it holds, when that is little and there is room: of engines a run starts several."""
        memory = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        if self.image == without_agents() and memory > 8 << 30:
            (self.folder / "data").mkdir(mode=0o711)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3G,mode=711", "tmpfs", self.folder / "data"], check=True)

    def start(self):
        """Also again, after stop() or kill(): what it holds is still there."""
        with open(self.log, "ab") as log:
            # In its folder: podman's conmon leaves a file where it stands when a container runs out of memory.
            self.process = self._spawn([self.PROGRAM, *self._words()], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True, cwd=self.folder)
        if not processes.wait_until(self._answers, 60, 0.2):
            tail = self.log.read_text(errors="replace")[-1500:]
            self.stop()
            raise AssertionError(f"{self.PROGRAM} did not start:\n{tail}")
        os.chown(self.socket, 0, self.account.gid)
        os.chmod(self.socket, 0o660)

    def _words(self):
        return ["--host", self.host, "--data-root", str(self.folder / "data"), "--exec-root", str(self.folder / "exec"),
                "--pidfile", str(self.folder / "pid"), "--bridge=none", "--iptables=false", "--ip-masq=false",
                *self.arguments]

    def _spawn(self, argv, **options):
        return subprocess.Popen(argv, **options)

    def _answers(self):
        if self.process.poll() is not None:
            return False
        try:
            return self.ask("GET", "/_ping", parse=False) == b"OK"
        except OSError:
            return False

    def ask(self, method, path, body=None, parse=True, content_type="application/json"):
        """The engine's answer; an AssertionError with its words when it refuses."""
        connection = EngineConnection(self.socket)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path, body, {"Content-Type": content_type} if body else {})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise AssertionError(f"{method} {path}: {response.status} {content[:500]!r}")
        return json.loads(content) if parse and content.strip() else content

    def _import(self):
        self._import_archive("bb-base", self.tag)
        return f"bb-base:{self.tag}"

    @property
    def tag(self):
        return self.image.stem.removeprefix("rootfs-")

    def _import_archive(self, name, tag):
        with open(self.image, "rb") as archive:
            said = self.ask("POST", f"/images/create?fromSrc=-&repo={name}&tag={tag}", archive, False,
                            "application/x-tar")
        if b'"error"' in said:
            raise AssertionError(f"the image could not be imported: {said[-500:]!r}")
        return said

    @property
    def environment(self):
        """For the operator's shell."""
        return {"DOCKER_HOST": self.host, "BOTBOTTLE_DOCKER_BASE": self.base}

    def pids(self):
        """Its own processes; what watches a container is none of them."""
        return [self.process.pid, *processes.descendants(self.process.pid)]

    def containers(self):
        return self.ask("GET", "/containers/json?all=1")

    def kill(self):
        """As a crash would: its containers run on."""
        own = [pid for pid in self.pids() if processes.name(pid) == "containerd"]
        self.process.kill()
        self.process.wait()

        def gone():
            processes.reap()  # a dead one that nobody reaps is one that lives, to the next dockerd
            return not [pid for pid in own if os.path.exists(f"/proc/{pid}")]
        processes.wait_until(gone, 10)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self):
        self.stop()
        ours = str(self.folder).encode()
        processes.end_all([pid for pid in processes.descendants()
                           if ours in processes.command_line(pid)])
        for _ in range(3):
            for line in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
                if line.split()[1].startswith(f"{self.folder}/"):
                    subprocess.run(["umount", "--lazy", line.split()[1]], capture_output=True,
                                   check=False)
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.2)


class PodmanEngine(Engine):
    """The service of Debian's podman, with its state in a folder of its own."""

    PROGRAM = "podman"
    PROGRAMS = ("podman", "conmon")
    RECORDS = ("data/libpod", "data/overlay-containers", "data/volumes", "run", "tmp", "log")

    def _words(self):
        words = ["--root", str(self.folder / "data"), "--runroot", str(self.folder / "run"), "--tmpdir",
                 str(self.folder / "tmp"), "--cgroup-manager", "cgroupfs", "--events-backend", "file", "--storage-driver",
                 "overlay"]
        if pathlib.Path("/sys/fs/cgroup/unified").exists():
            words += ["--runtime", shutil.which("runc") or "runc"]  # Debian's crun refuses a hybrid of both cgroups
        return [*words, *self.arguments, "system", "service", "--time", "0", self.host]

    def _import(self):
        imported = json.loads(self._import_archive("bb-base", "latest").splitlines()[-1])["id"]
        # It forgets the tag that it is given.
        self.ask("POST", f"/images/{imported}/tag?repo=localhost/bb-base&tag={self.tag}")
        return f"localhost/bb-base:{self.tag}"


@functools.cache
def give_users(testbed):
    """Subordinate users, once for all engines that need some."""
    for path in ("/etc/subuid", "/etc/subgid"):
        testbed.cover(path, "".join(f"{kind.USER}:{kind.FIRST_USER}:65536\n" for kind in (RemappedEngine, OfAnOrdinaryUser)))


class RemappedEngine(Engine):
    """One whose containers' users are others on this machine: from FIRST_USER on."""

    USER, FIRST_USER = "daemon", 200000

    def __init__(self, account, testbed):
        give_users(testbed)
        super().__init__(account, f"--userns-remap={self.USER}:{self.USER}", image=without_agents)


class OfAnOrdinaryUser:
    """Before an engine: run by a user that is neither root nor the operator, with subordinate users of its own."""

    USER, FIRST_USER = "bin", 300000  # one that every Debian has, and that owns nothing

    def __init__(self, account, testbed):
        give_users(testbed)
        self.user = pwd.getpwnam(self.USER)
        super().__init__(account, image=without_agents)

    def _keep_in_memory(self):
        pass  # not every kernel lets an ordinary user lay an overlay there

    def _spawn(self, argv, **options):
        os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        return super()._spawn(argv, user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[],
                              env={**os.environ, "HOME": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder)}, **options)


    def _in_its_home(self):
        """What it has started and let go of: podman keeps its user namespace by a process that waits for nothing."""
        home = f"XDG_RUNTIME_DIR={self.folder}".encode()
        return [pid for pid in processes.descendants() if home in processes.environment(pid)]

    def pids(self):
        return [*super().pids(), *self._in_its_home()]

    def close(self):
        self.stop()
        processes.end_all(self._in_its_home())
        super().close()


class RootlessEngine(OfAnOrdinaryUser, Engine):
    """Debian's dockerd in a user namespace of rootlesskit's."""

    PROGRAM = "rootlesskit"
    PROGRAMS = ("rootlesskit", "dockerd", "containerd")

    def _words(self):
        # What it replaces in its own view of /run (dockerd-rootless.sh of docker.io's does the same).
        inside = "rm -f /run/docker /run/containerd /run/xtables.lock; exec dockerd --rootless \"$@\""
        return ["--net=host", "--copy-up=/etc", "--copy-up=/run", "--propagation=rslave", "--state-dir",
                str(self.folder / "kit"), "sh", "-c", inside, "dockerd", *super()._words()]


class RootlessPodmanEngine(OfAnOrdinaryUser, PodmanEngine):
    pass


class RemoteEngine(Engine):
    """An engine on another machine: it runs in the world (see testbed), is reached over the wire, and
    sees neither the tests' files nor the product's."""

    FIRST_PORT = 2375  # those of one run are neighbours in one world
    _ports = itertools.count(FIRST_PORT)

    def __init__(self, account, testbed, address, image=rootfs):
        self.testbed, port = testbed, next(self._ports)
        # 20.10 waits 15 s before it listens without TLS, unless that is what was asked for.
        super().__init__(account, f"--host=tcp://{address}:{port}", "--tls=false", image=image)
        self.host = f"tcp://{address}:{port}"

    def _spawn(self, argv, **options):
        # Of /tmp, which all of ours is below, it has its own folder and nothing else.
        hidden = ("mount --make-rprivate / && mkdir -p /mnt && mount --rbind \"$0\" /mnt && "
                  "mount -t tmpfs tmpfs /tmp && mkdir \"$0\" && mount --move /mnt \"$0\" && exec \"$@\"")
        argv = ["unshare", "--mount", "sh", "-c", hidden, str(self.folder), *argv]
        return self.testbed.world(lambda: subprocess.Popen(argv, **options))
