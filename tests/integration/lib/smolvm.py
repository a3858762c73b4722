"""The stand-in for smolvm (../smolvm-standin) as the tests use it: an image, ids for its user
namespaces, and its record of calls. With BOTBOTTLE_REAL_SMOLVM=1 the real one of PATH, and none of that."""

import io
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tarfile
import threading
import unittest

from . import agents, engine

STANDIN = pathlib.Path(__file__).resolve().parent.parent / "smolvm-standin"
FIRST_ID = 3_000_000  # outside of every real account's, and of the bottles' of root


def is_real():
    return os.environ.get("BOTBOTTLE_REAL_SMOLVM") == "1"


def asked_for(argv):
    return any("smol" in word for word in argv[1:] if not word.startswith("/"))


def archive():
    """The engine tests' root filesystem as `docker save` would write it."""
    rootfs = engine.rootfs()
    if not rootfs.exists():
        raise unittest.SkipTest(f"no image: {engine.reason or 'its root filesystem was not made'}")
    target = rootfs.with_name(rootfs.name.replace("rootfs-", "machine-"))
    if not target.exists():
        new = target.with_suffix(".new")
        config = {"architecture": "amd64" if os.uname().machine == "x86_64" else "arm64", "os": "linux",
                  "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
                  "rootfs": {"type": "layers", "diff_ids": []}}
        write_archive(new, config, [rootfs])
        new.rename(target)
    return target


def write_archive(target, config, layers):
    """A docker save archive of layers that are files."""
    with tarfile.open(target, "w") as tar:
        names = []
        for number, layer in enumerate(layers):
            names.append(f"layer-{number}/layer.tar")
            tar.add(layer, names[-1])
        for name, content in (("config.json", config),
                              ("manifest.json", [{"Config": "config.json", "RepoTags": ["bb:test"],
                                                  "Layers": names}])):
            entry = tarfile.TarInfo(name)
            data = json.dumps(content).encode()
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))


def play_hypervisor():
    """A /dev/kvm that the account may open, in this mount namespace: the stand-in asks nothing of it,
    and the product only whether it opens. Where there is none, `doctor` says so."""
    if os.path.exists("/dev/kvm"):
        subprocess.run(["mount", "--bind", "/dev/zero", "/dev/kvm"], check=True, capture_output=True)


class IdGiver:
    """Root's part: writes the id maps of a process that one of the account's has put into a user
    namespace. The account's own id stays what it is; all others are of nobody's."""

    def __init__(self, account, path):
        self.account, self.path = account, str(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        os.chown(self.path, account.uid, account.gid)
        self.listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._give(connection)
                    connection.sendall(b"ok\n")
                except (OSError, ValueError) as problem:
                    connection.sendall(f"{problem}\n".encode())

    def _give(self, connection):
        _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        pid = int(connection.recv(32))
        owner = os.stat(f"/proc/{pid}").st_uid
        if uid != self.account.uid or owner not in (uid, 0):
            raise ValueError("not the account's process")
        for name, own in (("uid_map", self.account.uid), ("gid_map", self.account.gid)):
            below = min(own, 65536)
            rest = f"{own + 1} {FIRST_ID + own + 1} {65535 - own}\n" if own < 65535 else ""
            pathlib.Path(f"/proc/{pid}/{name}").write_text(f"0 {FIRST_ID} {below}\n{own} {own} 1\n{rest}")

    def close(self):
        self.listener.close()


class Smolvm:
    """For one home: `smolvm` on its PATH, its switches, what it recorded."""

    def __init__(self, home, account, path_first=True):
        self.home, self.account = home, account
        self.folder = home.home / ".smolvm-standin"
        self.giver = None
        home.extra["BOTBOTTLE_MACHINE_IMAGE"] = str(archive())
        home.extra["XDG_CACHE_HOME"] = str(home.home / "c")
        (home.home / "c").mkdir()
        account.own(home.home / "c")
        if is_real():
            home.path.append(str(pathlib.Path(shutil.which("smolvm") or "/nonexistent").parent))
            return
        self.folder.mkdir(mode=0o700)
        account.own(self.folder)
        play_hypervisor()
        tools = home.root / "tools"
        tools.mkdir(mode=0o755)
        os.symlink(STANDIN / "smolvm", tools / "smolvm")
        home.path.insert(0, str(tools))
        cache = agents.CACHE / f"machine-images-{account.uid}"
        if not cache.exists():
            cache.mkdir(mode=0o700)
            account.own(cache)
        self.giver = IdGiver(account, self.folder / "ids")
        self.switches = {"idmap": str(self.folder / "ids"), "image_cache": str(cache)}
        self.switch()

    def switch(self, **changes):
        """Sets switches of the stand-in (standin/control.py)."""
        self.switches.update(changes)
        path = self.folder / "control.json"
        path.write_text(json.dumps(self.switches))
        self.account.own(path)
        for counter in self.folder.glob("taken-*"):
            counter.unlink()

    def calls(self):
        """Every call so far: {"argv", "env", "cwd", "time"}."""
        file = self.folder / "audit.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def run(self, *words, **options):
        """Calls smolvm as the account."""
        defaults = {"capture_output": True, "text": True, "timeout": 60, "env": self.home.environment,
                    "cwd": self.home.work, "stdin": subprocess.DEVNULL}
        defaults.update(options)
        if "input" in options:
            defaults.pop("stdin")
        return subprocess.run(["smolvm", *map(str, words)], **defaults, **self.account.popen_arguments(),
                              check=False)

    def machines(self):
        """What there is, as `ls --json` has it."""
        return json.loads(self.run("machine", "ls", "--json").stdout)

    def machine_dirs(self):
        return list((self.home.home / "c/smolvm/vms").glob("*"))

    def remove_all(self):
        """Their names."""
        left = [machine["name"] for machine in self.machines()]
        for name in left:
            self.run("machine", "delete", "-n", name, "-f")
        return left

    def close(self):
        """Removes machines that a test left, and says which those were."""
        left = self.remove_all()
        if self.giver:
            self.giver.close()
        return left

