"""A launch: what smolvm is asked, what keeps it from going on, and what is left when it does not."""

import hashlib
import io
import json
import os
import pathlib
import shutil
import signal
import tarfile

from lib import processes, suite

from .harness import SmolvmCase


class Words(SmolvmCase):
    """Everything that may be wrong with the tool is said with what to do next."""

    def refused(self, *fragments, code=125):
        result = self.product.run("run", "--", "true")
        self.assertIn(result.returncode, (4, code), result.stderr)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)
        self.assertEqual(self.smolvm.machines(), [], "a machine was left")
        self.assertEqual(list((self.product.config / "state").glob("*")), [], "state was left")

    def test_no_smolvm(self):
        tools = pathlib.Path(self.product.path.pop(0))
        result = self.product.run("run", "--", "true")
        self.product.path.insert(0, str(tools))
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("there is no smolvm on PATH", result.stderr)

    def test_another_program_of_that_name(self):
        other = self.product.write("other/smolvm", "#!/bin/sh\necho hello 1.9.3\n", 0o755)
        self.product.path.insert(0, str(other.parent))
        result = self.product.run("run", "--", "true")
        self.product.path.pop(0)
        self.assertIn("is no smolvm", result.stderr)

    def test_too_old(self):
        self.smolvm.switch(version="1.8.0")
        self.refused("smolvm 1.8.0 is too old", "update it to 1.9.0 or newer")
        self.assertFalse([w for w in self.words() if "create" in w and "--name" in w], "a machine was made")
        self.smolvm.switch(version="1.8.1")
        result = self.ok(self.product.run("run", "--", "true"))
        self.assertIn("older than 1.9.0", result.stderr)

    def test_a_flag_is_missing(self):
        self.smolvm.switch(missing_flags=["--mount-socket"])
        self.refused("this smolvm has no `machine create --mount-socket`")

    def test_never_ready(self):
        self.smolvm.switch(start_timeout=True)
        self.refused("could not start the machine: agent did not become ready within 30 seconds",
                     "the machine did not boot in time")

    def test_the_first_command_is_killed(self):
        self.smolvm.switch(first_exec_killed=1)
        self.ok(self.product.run("run", "--", "true"))

    def test_every_command_is_killed(self):
        self.smolvm.switch(first_exec_killed=9)
        self.refused("the machine cannot run botbottle's own program")

    def test_a_lost_connection_is_tried_again_for_health_alone(self):
        self.smolvm.switch(exec_lost=1)
        self.ok(self.product.run("run", "--", "true"))
        self.smolvm.switch(exec_lost=9)
        self.refused("connection to VM lost")

    def test_a_machine_that_reaches_the_host_is_no_bottle(self):
        self.smolvm.switch(leak="network")
        self.refused("the machine reaches more than botbottle's sockets, so no agent is let into it")
        self.assertFalse([w for w in self.words() if "enter" in w], "the relay was started in it")

    def test_a_machine_with_a_network_is_no_bottle(self):
        self.smolvm.switch(network_flag=True)
        self.refused("smolvm gave the machine a network although none was asked for")

    def test_a_delete_that_fails_once(self):
        self.smolvm.switch(delete_fails=1)
        self.ok(self.product.run("run", "--", "true"))
        self.assertEqual(self.smolvm.machines(), [])

    def test_slow_start_and_ctrl_c(self):
        self.smolvm.switch(slow_start=20)
        started = self.background("run", "--", "true")
        self.assertTrue(processes.wait_until(lambda: any("start" in w and "--name" in w for w in self.words()), 20))
        os.kill(started.pid, signal.SIGINT)
        self.assertEqual(started.wait(15), 130)
        self.assertEqual(self.smolvm.machines(), [])

    def test_a_protected_home(self):
        """What smolvm does not mount is said before it is asked."""
        if not os.path.isdir("/run"):
            self.skipTest("there is no /run")
        home = pathlib.Path("/run/bb-home")  # the testbed's own /run
        home.mkdir(exist_ok=True)
        self.product.account.own(home)
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        self.product.extra["BOT_BOTTLE_HOME"] = str(home)
        result = self.product.run("run", "--", "true")
        self.assertIn("smolvm mounts nothing below /run/bb-home", result.stderr)

    def test_doctor(self):
        result = self.product.run("doctor", "--json", timeout=120)
        report = json.loads(result.stdout)
        if os.path.exists("/dev/kvm"):
            self.ok(result)
            self.assertTrue(all(check["ok"] for check in report["checks"]), report["checks"])
        else:
            self.assertIn("there is no /dev/kvm", result.stdout)
        self.smolvm.switch(version="1.0.0")
        result = self.product.run("doctor")
        self.assertEqual(result.returncode, 4)
        self.assertIn("too old", result.stdout + result.stderr)


class Root(suite.ProductCase):
    def test_is_refused(self):
        if suite.options.account.uid != 0:
            self.skipTest("only root is refused")
        self.product.extra["BOT_BOTTLE_BACKEND"] = "smolmachines"
        result = self.product.run("run", "--", "true")
        self.assertIn("run botbottle as an ordinary user", result.stderr)
        self.assertNotEqual(result.returncode, 0)


class Calls(SmolvmCase):
    def test_nothing_but_sockets_is_asked_for(self):
        self.product.bottle("dev", "env:\n  SHOWN: a-word-of-the-manifest\n")
        self.product.extra.update(HTTPS_PROXY="http://192.0.2.1:1", SMOLVM_MACHINE_NAME="other",
                                  SOME_TOKEN="canary-token-of-the-operator")
        done = self.ok(self.product.run("run", "--bottle", "dev", "--", "sh", "-c",
                                        "echo $SHOWN a-word-of-an-argument"))
        self.assertIn("a-word-of-the-manifest a-word-of-an-argument", done.stdout)
        for call in self.smolvm.calls():
            flags = set(call["argv"])
            self.assertFalse(flags & {"--net", "--allow-cidr", "--allow-host", "-e", "--secret-env", "-p"}, call)
            self.assertFalse([name for name in call["env"] if name.endswith("_PROXY") or
                              name.startswith("SMOLVM_") or name == "SOME_TOKEN"], call)
            text = " ".join(call["argv"])
            self.assertNotIn("a-word", text)
        start = next(w for w in self.words() if "create" in w and "--name" in w)
        self.assertEqual([start[i + 1].split("=")[0] for i, word in enumerate(start) if word == "--label"],
                         ["owner", "bottle", "home"])
        self.assertTrue([word for word in start if word.endswith(":/opt/botbottle/sockets/egress.sock")])

    def test_resources(self):
        self.product.bottle("small", "resources: {cpus: 1.5, memory: 512M, pids: 60}\n")
        done = self.product.run("run", "--bottle", "small", "--", "sh", "-c",
                                "grep '^Max processes' /proc/self/limits")
        self.ok(done)
        self.assertIn("it gets 2", done.stderr)
        self.assertEqual(done.stdout.split()[2], "60")
        create = next(w for w in self.words() if "create" in w and "--name" in w)
        self.assertEqual((create[create.index("--cpus") + 1], create[create.index("--mem") + 1]), ("2", "512"))


class Images(SmolvmCase):
    def test_one_in_the_home_an_oci_layout(self):
        """Brought into the form that smolvm reads, once."""
        del self.product.extra["BOTBOTTLE_MACHINE_IMAGE"]
        images = self.product.config / "images"
        images.mkdir(mode=0o700)
        self.make_oci(images / "run.tar")
        self.product.account.own(images)
        self.ok(self.product.run("run", "--", "probe", "--list"))
        cached = list((self.product.config / "cache/machine-images").glob("*.tar"))
        self.assertEqual(len(cached), 1)
        before = cached[0].stat().st_mtime_ns
        self.ok(self.product.run("run", "--", "probe", "--list"))
        self.assertEqual(cached[0].stat().st_mtime_ns, before)
        # Changed in its place, and looked through again for that.
        with open(images / "run.tar", "r+b") as file:
            file.seek(1500)  # in the layer's program
            file.write(b"changed")
        changed = self.product.run("run", "--", "probe", "--list")
        self.assertEqual(changed.returncode, 125)
        self.assertRegex(changed.stderr, rf"{images}/run.tar is damaged, or somebody changed it: the digest of "
                                         r"blobs/sha256/[0-9a-f]{64} is sha256:[0-9a-f]{64}, and not sha256:")

    def make_oci(self, target):
        """As `skopeo copy … oci-archive:` writes it; in it one static program."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            entry = tarfile.TarInfo("usr/bin/probe")
            content = (self.product.prefix / "libexec/botbottle/botbottle-probe").read_bytes()
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
        with tarfile.open(target, "w") as tar:
            def add(name, content):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))

            def blob(content):
                digest = hashlib.sha256(content).hexdigest()
                add(f"blobs/sha256/{digest}", content)
                return {"digest": f"sha256:{digest}", "size": len(content)}
            content = blob(layer.getvalue())
            config = blob(json.dumps({"os": "linux", "config": {}}).encode())
            manifest = blob(json.dumps({"config": config, "layers": [content]}).encode())
            add("index.json", json.dumps({"manifests": [manifest]}).encode())
        self.product.account.own(target)

    def test_what_is_no_image(self):
        for content, says in (("no archive", "is no image"), ("", "is no image")):
            file = self.product.write("bad.tar", content)
            self.product.extra["BOTBOTTLE_MACHINE_IMAGE"] = str(file)
            result = self.product.run("run", "--", "true")
            self.assertEqual(result.returncode, 125)
            self.assertIn(says if content else "manifest.json", result.stderr)
        self.product.extra["BOTBOTTLE_MACHINE_IMAGE"] = "/no/such.tar"
        self.assertIn("does not exist", self.product.run("run", "--", "true").stderr)

    def test_no_image_and_no_engine(self):
        del self.product.extra["BOTBOTTLE_MACHINE_IMAGE"]
        self.product.extra["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
        result = self.product.run("run", "--", "true")
        self.assertIn("there is no image for the machine, and no engine to build one", result.stderr)
        self.assertIn("images/run.tar", result.stderr)
