"""Images: what is built, when, and what it may not decide."""

import json
import re

from .harness import DockerCase

STEP = "Step 1/"


class Images(DockerCase):
    def bottle_with(self, *lines):
        """A bottle whose image is made by these lines of a Dockerfile."""
        path = self.product.write("image/Dockerfile", "\n".join(["ARG BASE", "FROM ${BASE}", *lines]))
        self.product.bottle("own", f"agent_provider:\n  dockerfile: {path}\n")
        return path

    def sh(self, script, **options):
        return self.product.run("run", "--bottle", "own", "--", "sh", "-c", script, **options)

    def test_a_dockerfile_with_what_it_copies(self):
        self.bottle_with("COPY greeting /greeting")
        self.product.write("image/greeting", "hello from the image\n")
        first = self.ok(self.sh("cat /greeting"))
        self.assertEqual(first.stdout, "hello from the image\n")
        self.assertIn("building the image", first.stderr)
        again = self.ok(self.sh("cat /greeting"))
        self.assertNotIn("building", again.stderr)
        self.product.write("image/greeting", "changed\n")
        changed = self.ok(self.sh("cat /greeting"))
        self.assertEqual(changed.stdout, "changed\n")
        self.assertIn("building the image", changed.stderr)

    def test_that_nothing_changed_is_known_at_once(self):
        self.bottle_with("COPY greeting /greeting")
        self.product.write("image/greeting", "hello\n" * 100_000)
        self.ok(self.sh("true"))
        self.product.extra["BOTBOTTLE_LOG"] = "debug"
        took = []
        for _ in range(5):
            said = self.ok(self.sh("true")).stderr
            self.assertNotIn("building", said)
            took += map(float, re.findall(r"phase prepare ([0-9.]+)", said))
        self.assertEqual(len(took), 5)
        self.assertLessEqual(min(took), 100, took)

    def test_a_build_that_fails(self):
        self.bottle_with("COPY missing /missing")
        result = self.sh("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("could not be built", result.stderr)
        self.assertIn("missing", result.stderr)

    def test_an_image_decides_nothing(self):
        self.bottle_with('ENTRYPOINT ["/bin/false"]', "USER root", "WORKDIR /root",
                         "ENV EVIL=yes LD_PRELOAD=/evil.so", "VOLUME /volume",
                         'HEALTHCHECK --interval=1s CMD ["/bin/false"]')
        done = self.ok(self.sh("id -u; pwd; env"))
        uid, folder, *environment = done.stdout.splitlines()
        self.assertNotEqual(uid, "0")
        self.assertEqual(folder, "/workspace")
        self.assertFalse([line for line in environment if line.startswith(("EVIL", "LD_"))])

    def test_other_backends_refuse_it(self):
        self.bottle_with()
        self.product.extra["BOT_BOTTLE_BACKEND"] = "bubblewrap"
        result = self.sh("true")
        self.assertEqual(result.returncode, 125)
        self.assertIn("makes no images", result.stderr)


class Limits(DockerCase):
    def bottle(self, resources):
        self.product.bottle("small", f"resources: {resources}\n")
        return self.product.popen("run", "--bottle", "small", "--", "sleep", "600")

    def test_are_the_containers(self):
        started = self.bottle("{cpus: 0.5, memory: 256M, pids: 50}")
        bottle = self.product.wait_for_bottles()[0]
        host = self.container()["HostConfig"]
        self.assertEqual(host["NanoCpus"], 500_000_000)
        self.assertEqual(host["Memory"], 256 << 20)
        self.assertEqual(host["MemorySwap"], 256 << 20)
        self.assertEqual(host["PidsLimit"], 50)
        forks = self.product.run("exec", bottle["identity"], "--", "sh", "-c",
                                 "for i in $(seq 80); do sleep 20 & done; echo all")
        self.assertNotIn("all", forks.stdout)
        memory = self.product.run("exec", bottle["identity"], "--", "python3", "-c",
                                  "x = b'x' * (400 << 20); print(len(x))")
        self.assertNotEqual(memory.returncode, 0)
        self.ok(self.product.run("stop", bottle["identity"]))
        started.communicate(timeout=20)

    def test_the_preflight_says_what_does_not_hold(self):
        self.product.bottle("large", "agent_provider:\n  template: claude\n"
                                     "resources: {disk: 1G, memory: 1G}\n")
        self.product.agent("coder", "bottle: large\n")
        shown = json.loads(self.ok(self.product.run("start", "coder", "--dry-run", "--json")).stdout)
        self.assertEqual(shown["limits_not_held"], ["disk"])
