"""A git upstream behind a real OpenSSH server, which runs as the account under test, with keys of its own."""

import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

from . import processes

IDENTITY = ["-c", "user.name=Upstream", "-c", "user.email=up@stream.example", "-c",
            "init.defaultBranch=main"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PasswdEntry:
    """OpenSSH needs a name for the user that it runs as; the account under test has none."""

    def __init__(self, account):
        self.mounted = False
        try:
            self.user = pwd.getpwuid(account.uid).pw_name
            return
        except KeyError:
            self.user = "gittester"
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(pathlib.Path("/etc/passwd").read_text() +
                       f"{self.user}:x:{account.uid}:{account.gid}::/tmp:/bin/sh\n")
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/passwd"], check=True)
        os.unlink(file.name)
        self.mounted = True

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "/etc/passwd"], check=True)


class GitUpstream:
    def __init__(self, account, port=None):
        """`port`: another one than any; below 1024 it is opened to everybody in this network."""
        self.account = account
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="bbg-", dir="/tmp"))
        account.own(self.root)
        self.passwd = PasswdEntry(account)
        self.user, self.port = self.passwd.user, port or free_port()
        if self.port < 1024:
            pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text(str(self.port))
        for name in ("host", "client", "other"):
            self._run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f",
                      self.root / name)
        self.server = None
        self.start()

    def _run(self, *command, **options):
        options.setdefault("cwd", self.root)
        done = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.root),
                                   "LC_ALL": "C.UTF-8"},
                              **self.account.popen_arguments(), **options)
        if done.returncode != 0:
            raise AssertionError(f"{command}: {done.stderr}")
        return done.stdout

    def start(self, host_key="host"):
        if self.account.uid == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        config = self.root / "sshd_config"
        config.write_text(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.root}/{host_key}\n"
                          f"AuthorizedKeysFile {self.root}/client.pub\nStrictModes no\nUsePAM no\n"
                          "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                          f"PermitRootLogin prohibit-password\nPidFile none\nMaxStartups 200\n"
                          f"ForceCommand {self._door()}\n")
        self.server = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)],
                                       stderr=open(self.root / "sshd.log", "ab"),
                                       **self.account.popen_arguments())

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        if not processes.wait_until(listens, 10):
            raise AssertionError("sshd does not start: " + (self.root / "sshd.log").read_text())

    def _door(self):
        """What ssh runs here: the service that was asked for, once it is not held up."""
        door = self.root / "door"
        door.write_text(f"""#!/bin/sh
name=${{SSH_ORIGINAL_COMMAND%% *}}
echo "$name" >> {self.root}/asked
{self._wait("$name")}
exec sh -c "$SSH_ORIGINAL_COMMAND"
""")
        door.chmod(0o755)
        self.account.own(door)
        return door

    def _wait(self, name):
        return (f"if [ -e {self.root}/hold-{name} ]; then touch {self.root}/held-{name}; "
                f"while [ -e {self.root}/hold-{name} ]; do sleep 0.05; done; fi")

    @contextlib.contextmanager
    def holding(self, point, repo="project"):
        """Within it, whoever comes to that point waits there: "git-upload-pack", "git-receive-pack" (before
        it begins), or a hook of the repo ("pre-receive", "post-receive"). Gives a function that waits for
        somebody to be there."""
        hold, held = self.root / f"hold-{point}", self.root / f"held-{point}"
        held.unlink(missing_ok=True)
        hold.touch()
        if not point.startswith("git-"):
            self.hook(self._wait(point), repo, point)

        def somebody():
            if not processes.wait_until(held.exists, 30, 0.02):
                raise AssertionError(f"nobody came to {point}")
        try:
            yield somebody
        finally:
            hold.unlink(missing_ok=True)

    def stop_server(self):
        if self.server:
            self.server.terminate()
            self.server.wait(10)
            self.server = None

    def stop(self):
        self.stop_server()
        self.passwd.close()
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def host_key(self):
        return " ".join((self.root / "host.pub").read_text().split()[:2])

    @property
    def key(self):
        return self.root / "client"

    def url(self, name="project"):
        port = "" if self.port == 22 else f":{self.port}"
        return f"ssh://{self.user}@127.0.0.1{port}{self.root}/{name}.git"

    def git(self, *arguments, **options):
        return self._run("git", *IDENTITY, *arguments, **options)

    def repo(self, name="project"):
        """A bare repo with one commit on main, which holds README."""
        bare, work = self.root / f"{name}.git", self.root / f"{name}-work"
        self.git("init", "-q", "--bare", bare)
        self.git("init", "-q", work)
        (work / "README").write_text("of the upstream\n")
        self.account.own(work / "README")
        self.git("add", ".", cwd=work)
        self.git("commit", "-q", "-m", "first", cwd=work)
        self.git("push", "-q", bare, "main", cwd=work)
        return bare

    def refs(self, name="project"):
        lines = self.git("for-each-ref", "--format=%(refname) %(objectname)",
                         cwd=self.root / f"{name}.git").splitlines()
        return dict(line.split() for line in lines)

    def asked(self):
        """The services that connections asked for, in their order."""
        return (self.root / "asked").read_text().split()

    def hook(self, text, name="project", hook="pre-receive"):
        path = self.root / f"{name}.git/hooks/{hook}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n" + text + "\n")
        path.chmod(0o755)
        self.account.own(path)

    def manifest(self, *names, rules="", host_key=None):
        """The lines of `git-gate` for these repos."""
        key = self.host_key if host_key is None else host_key
        return "git-gate:\n  user: {name: Agent, email: agent@bottle.example}\n  repos:\n" + "".join(
            f"    {name}:\n      url: {self.url(name)}\n      identity: {self.key}\n"
            + (f"      host_key: {key}\n" if key else "")
            + (f"      rules: {{{rules}}}\n" if rules else "") for name in names or ("project",))
