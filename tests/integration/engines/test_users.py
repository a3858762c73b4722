"""Engines whose containers' users are others on this machine: refused for placement host, used for bundles."""

import json
import os

from docker.harness import DockerCase, OnDocker
from docker.test_bundle import Bundled
from lib import processes, suite
from lib.engine import RemappedEngine, RootlessEngine, RootlessPodmanEngine
from lifecycle.shell_agent import ShellAgentCase

from .shared import shared


def remapped():
    return RemappedEngine(suite.options.account, suite.testbed)


def rootless():
    return RootlessEngine(suite.options.account, suite.testbed)


def rootless_podman():
    return RootlessPodmanEngine(suite.options.account, suite.testbed)


class Remapped:
    word, option = "remaps users", "name=userns"

    def find_engine(self):
        return shared(remapped)


class Rootless:
    word, option = "rootless engine", "name=rootless"

    def find_engine(self):
        return shared(rootless)


class RootlessPodman(Rootless):
    def find_engine(self):
        return shared(rootless_podman)


class Refusal:
    def test_placement_host_is_refused(self):
        info = self.engine.ask("GET", "/info")
        self.assertTrue(info.get("Rootless") or [o for o in info["SecurityOptions"] if o.startswith(self.option)], info)
        doctor = self.product.run("doctor", "--json")
        self.assertEqual(doctor.returncode, 4, doctor.stdout)
        checks = {check["name"]: check for check in json.loads(doctor.stdout)["checks"]}
        self.assertFalse(checks["user"]["ok"])
        self.assertIn(self.word, checks["user"]["message"])
        self.assertIn("--placement bundle", checks["user"]["hint"])
        started = self.product.run("run", "--", "true")
        self.assertEqual(started.returncode, 4, started.stderr)
        self.assertIn(self.word, started.stderr)
        self.assertEqual(self.engine.containers(), [])
        self.assertEqual(list((self.product.config / "state").glob("*")), [], "state was left")


class RemappedRefusal(Remapped, Refusal, DockerCase):
    pass


class RootlessRefusal(Rootless, Refusal, DockerCase):
    pass


class RootlessPodmanRefusal(RootlessPodman, Refusal, DockerCase):
    pass


class Owners(Bundled):
    """The operator's files are the agent's inside, and what the agent makes is the operator's at home."""

    def setUp(self):
        super().setUp()
        image = self.product.write("image/Dockerfile", "ARG BASE\nFROM ${BASE}\n")
        file = self.product.config / "bottles/dev.md"
        file.write_text(file.read_text().replace("  command: sh\n", f"  command: sh\n  dockerfile: {image}\n"))
        os.chmod(self.product.work / "brought.txt", 0o640)

    def test_are_right_in_both_directions(self):
        done = self.ok(self.start(
            "stat -c '%u:%g %a' brought.txt . ~ && echo more >> brought.txt && echo made > made.txt && chmod 600 made.txt && "
            "mkdir -m 700 deep && ln made.txt deep/again && id -u && touch /etc/x || head -1 /proc/self/uid_map"))
        brought, folder, home, uid, mapped = done.stdout.splitlines()[-5:]
        self.assertEqual(brought, "1000:1000 640")
        self.assertEqual((folder.split()[0], home.split()[0], uid), ("1000:1000", "1000:1000", "1000"))
        self.assertEqual(int(mapped.split()[0]), 0)
        self.assertNotEqual(int(mapped.split()[1]), 0, "nothing is remapped here")
        kept = self.one_preserved()["identity"]
        workspace = self.product.config / "state" / kept / "workspace"
        for name, mode in (("brought.txt", 0o640), ("made.txt", 0o600), ("deep", 0o700), ("deep/again", 0o600)):
            info = (workspace / name).stat()
            self.assertEqual((info.st_uid, info.st_gid, info.st_mode & 0o777),
                             (self.product.account.uid, self.product.account.gid, mode), name)
        self.ok(self.product.run("apply", kept, "--yes"))
        self.assertEqual((self.product.work / "brought.txt").read_text(), "brought by the operator\nmore\n")
        self.assertEqual((self.product.work / "made.txt").stat().st_uid, self.product.account.uid)
        again = self.ok(self.resume(kept, "stat -c '%u:%g %a' made.txt deep/again"))
        self.assertEqual(again.stdout.splitlines()[-2:], ["1000:1000 600"] * 2)

    def test_outside_the_agent_is_nobody(self):
        started = self.product.popen("run", "--", "sleep", "600")
        bottle = self.product.wait_for_bottles()[0]
        pid = self.container()["State"]["Pid"]
        self.assertEqual(os.stat(f"/proc/{pid}").st_uid // 65536, self.engine.FIRST_USER // 65536)
        self.assertEqual(os.stat(f"/proc/{pid}/root/workspace").st_uid, os.stat(f"/proc/{pid}").st_uid)
        self.ok(self.product.run("stop", bottle["identity"]))
        started.communicate(timeout=20)
        self.assertTrue(processes.wait_until(lambda: not self.engine.ask("GET", "/volumes")["Volumes"], 10))


class RemappedOwners(Remapped, Owners, OnDocker, ShellAgentCase):
    pass


class RootlessOwners(Rootless, Owners, OnDocker, ShellAgentCase):
    pass


class RootlessPodmanOwners(RootlessPodman, Owners, OnDocker, ShellAgentCase):
    pass
