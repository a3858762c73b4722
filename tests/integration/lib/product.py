"""The installed product, and a private home for it: directories, manifests, settings, commands."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from . import processes

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Home:
    """Everything of one test's product lies below `root`: HOME, settings, runtime directory, workspace.

    The path is short, because Unix socket paths below it must fit in 108 bytes.
    """

    def __init__(self, prefix, account):
        self.prefix, self.account = pathlib.Path(prefix), account
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="bb-", dir="/tmp"))
        self.home = self.root / "home"
        self.config = self.home / ".bot-bottle"
        self.runtime = self.root / "run"
        self.work = self.root / "work"
        for folder in (self.home, self.config, self.config / "bottles", self.config / "agents",
                       self.runtime, self.work):
            folder.mkdir(mode=0o700)
            account.own(folder)
        account.own(self.root)
        self.path = [str(self.prefix / "bin"), SYSTEM_PATH]
        self.extra = {}  # variables of the operator's shell

    @property
    def environment(self):
        return {"PATH": ":".join(self.path), "HOME": str(self.home), "LANG": "C.UTF-8",
                "TERM": "xterm-256color", "BOT_BOTTLE_HOME": str(self.config),
                "XDG_RUNTIME_DIR": str(self.runtime), **self.extra}

    def write(self, path, text, mode=0o600):
        """A file of the account's; relative paths lie below `root`."""
        target = self.root / path
        missing = [p for p in target.parents if not p.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700)
            self.account.own(folder)
        target.write_text(text)
        target.chmod(mode)
        self.account.own(target)
        return target

    def bottle(self, name, front):
        return self.write(f"home/.bot-bottle/bottles/{name}.md", f"---\n{front}---\n")

    def agent(self, name, front, prompt="You are a test.\n"):
        return self.write(f"home/.bot-bottle/agents/{name}.md", f"---\n{front}---\n{prompt}")

    def settings(self, text):
        return self.write("home/.bot-bottle/settings.yaml", text)

    def popen(self, *arguments, prefix=None, **options):
        """Starts `botbottle ARGUMENTS` as the account, in the workspace, with pipes for text.

        `prefix` is a command of root's that starts it, and becomes the account itself.
        """
        defaults = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                    "stderr": subprocess.PIPE, "cwd": self.work, "env": self.environment}
        defaults.update(options)
        command = [str(self.prefix / "bin/botbottle"), *map(str, arguments)]
        if prefix:
            command = [*prefix, "setpriv", "--reuid", str(self.account.uid), "--regid",
                       str(self.account.gid), "--clear-groups", "--", *command]
        else:
            defaults.update(self.account.popen_arguments())
        return subprocess.Popen(command, text=True, errors="replace", **defaults)

    def run(self, *arguments, timeout=60, input=None, **options):
        """Runs `botbottle ARGUMENTS` to its end: a CompletedProcess with text."""
        if input is not None:
            options["stdin"] = subprocess.PIPE
        started = self.popen(*arguments, **options)
        try:
            out, err = started.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            started.kill()
            out, err = started.communicate()
            raise AssertionError(f"botbottle {' '.join(map(str, arguments))} did not end in "
                                 f"{timeout} s\nstdout: {out}\nstderr: {err}") from None
        return subprocess.CompletedProcess(started.args, started.returncode, out, err)

    def in_state(self, name):
        """The files of that name that bottles have. A bottle that lives makes and removes folders meanwhile, which
        os.walk passes over and pathlib's glob does not."""
        return [pathlib.Path(folder, name) for folder, _, names in os.walk(self.config / "state") if name in names]

    def bottles(self):
        """What `list --json` says of bottles that run."""
        listed = self.run("list", "active", "--json")
        if listed.returncode != 0:
            raise AssertionError(f"list failed: {listed.stderr}")
        return [b for b in json.loads(listed.stdout)["bottles"] if b["state"] == "running"]

    def wait_for_bottles(self, count=1, seconds=20):
        """The running bottles once there are so many, with a session in each."""
        def up():
            listed = self.bottles()
            return listed if len(listed) == count and all(b["sessions"] for b in listed) else None
        found = processes.wait_until(up, seconds, 0.1)
        if not found:
            raise AssertionError(f"{count} running bottles were expected: {self.bottles()}")
        return found

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)
