"""A container engine of the tests' own: Debian's dockerd in a directory that is thrown away, with one
image, made of the distribution's packages and of the agents. No registry is asked for anything."""

import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import time
import unittest

from . import agents, processes

PACKAGES = ["ca-certificates", "git", "procps", "python3", "ripgrep"]
AGENTS = {"claude": ("claude-platform", "node_modules/@anthropic-ai/claude-code-linux-x64/claude"),
          "codex": ("codex-platform", "node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/bin/"
                                      "codex")}
reason = None  # why there is no root filesystem


def asked_for(argv):
    """Whether a run with these arguments needs it: making it takes minutes on a new machine. Told by
    a name or by the backend, or (a run of everything) by there being no name at all."""
    with_value = ("--prefix", "--user", "--counts", "--backend", "--placement", "--jobs", "--queue")
    names = [word for before, word in zip(argv, argv[1:])
             if not word.startswith("-") and before not in with_value]
    return any("docker" in word or "smol" in word for word in argv[1:] if not word.startswith("/")) or not names


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


def fetch():
    """Makes the archive when it is not there. To be called while there is a network."""
    with agents.filling_the_cache():
        _make_rootfs(rootfs())


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
    """A running dockerd, with the image unless it is not wanted. `account` may use its socket, nobody
    else but root. `arguments` are dockerd's own."""

    def __init__(self, account, *arguments, image=True):
        if shutil.which("dockerd") is None or (image and reason):
            raise unittest.SkipTest(f"no engine: {reason or 'dockerd is not installed'}")
        self.account, self.arguments = account, arguments
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bb-engine-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.socket = str(self.folder / "docker.sock")
        self.host = f"unix://{self.socket}"
        self.log = self.folder / "log"
        self.process = None
        self.start()
        self.base = self._import() if image else None

    def start(self):
        """Also again, after stop() or kill(): what it holds is still there."""
        with open(self.log, "ab") as log:
            self.process = self._spawn(
                ["dockerd", "--host", self.host, "--data-root", str(self.folder / "data"),
                 "--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "pid"),
                 "--bridge=none", "--iptables=false", "--ip-masq=false", *self.arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        if not processes.wait_until(self._answers, 60, 0.2):
            tail = self.log.read_text(errors="replace")[-1500:]
            self.stop()
            raise AssertionError(f"dockerd did not start:\n{tail}")
        os.chown(self.socket, 0, self.account.gid)
        os.chmod(self.socket, 0o660)

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
        return json.loads(content) if parse and content else content

    def _import(self):
        tag = rootfs().stem.removeprefix("rootfs-")
        with open(rootfs(), "rb") as archive:
            said = self.ask("POST", f"/images/create?fromSrc=-&repo=bb-base&tag={tag}", archive, False,
                            "application/x-tar")
        if b'"error"' in said:
            raise AssertionError(f"the image could not be imported: {said[-500:]!r}")
        return f"bb-base:{tag}"

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
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
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


class RemoteEngine(Engine):
    """An engine on another machine: it runs in the world (see testbed), is reached over the wire, and
    sees neither the tests' files nor the product's."""

    PORT = 2375

    def __init__(self, account, testbed, address):
        self.testbed = testbed
        # 20.10 waits 15 s before it listens without TLS, unless that is what was asked for.
        super().__init__(account, f"--host=tcp://{address}:{self.PORT}", "--tls=false")
        self.host = f"tcp://{address}:{self.PORT}"

    def _spawn(self, argv, **options):
        # Of /tmp, which all of ours is below, it has its own folder and nothing else.
        hidden = ("mount --make-rprivate / && mkdir -p /mnt && mount --bind \"$0\" /mnt && "
                  "mount -t tmpfs tmpfs /tmp && mkdir \"$0\" && mount --move /mnt \"$0\" && exec \"$@\"")
        argv = ["unshare", "--mount", "sh", "-c", hidden, str(self.folder), *argv]
        return self.testbed.world(lambda: subprocess.Popen(argv, **options))
