"""Podman's service behind the docker backend: the same bottles, in both placements."""

import json

from docker import test_bundle, test_engine, test_git, test_image
from docker.harness import DockerCase
from lib import processes, suite
from lib.engine import PodmanEngine, without_agents

from .shared import shared


def podman():
    return PodmanEngine(suite.options.account, image=without_agents)


class OnPodman:
    def find_engine(self):
        return shared(podman)


class Host(OnPodman, DockerCase):
    def test_what_a_session_sees_and_gives(self):
        script = ("id -u; pwd; { find /sys -mindepth 1; ls /run/lock; } 2>/dev/null | wc -l; touch /tmp/x ~/x && echo written; touch /etc/x /usr/x 2>&1; "
                  "cat /proc/pressure/cpu /proc/keys /proc/cmdline 2>&1; cat /etc/resolv.conf; ls /sys/class/net; "
                  "tail -n +3 /proc/net/dev | cut -d: -f1; grep -E 'NoNewPrivs|CapEff|Seccomp_filters' /proc/self/status; "
                  "exit 7")
        done = self.product.run("run", "--", "sh", "-c", script)
        self.assertEqual(done.returncode, 7, done.stderr)
        account = self.product.account
        uid, folder, sys, *rest = done.stdout.splitlines()
        self.assertEqual((int(uid), folder, sys), (account.uid or int(uid), "/workspace", "0"))
        self.assertNotEqual(uid, "0")
        self.assertIn("written", rest)
        self.assertEqual(done.stdout.count("Read-only file system"), 2)
        self.assertNotIn("nameserver", done.stdout)
        self.assertNotIn("avg10", done.stdout)
        self.assertEqual([line.strip() for line in rest if line.strip() in ("lo", "eth0", "tap0")], ["lo"])
        for held in ("NoNewPrivs:\t1", "CapEff:\t0000000000000000", "Seccomp_filters:\t2"):
            self.assertIn(held, rest)

    def test_exec_and_stop(self):
        started = self.product.popen("run", "--", "sh", "-c", "trap 'echo asked; exit 3' TERM; sleep 600 & wait")
        bottle = self.product.wait_for_bottles()[0]
        done = self.ok(self.product.run("exec", bottle["identity"], "--", "cat", "/proc/1/comm"))
        self.assertEqual(done.stdout, "relay\n")
        self.ok(self.product.run("stop", bottle["identity"], "--grace", "30"))
        self.assertIn("asked", started.communicate(timeout=20)[0])
        self.assertFalse(processes.alive(bottle["pids"]["inside"]))

    def test_a_bottle_lives_on_when_the_service_restarts(self):
        started = self.product.popen("run", "--", "sleep", "600")
        identity = self.product.wait_for_bottles()[0]["identity"]
        self.engine.kill()
        try:
            self.assertEqual(self.ok(self.product.run("exec", identity, "--", "echo", "here")).stdout, "here\n")
            refused = self.product.run("run", "--", "true")
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("the engine does not run", refused.stderr)
        finally:
            self.engine.start()
            self.before |= set(self.engine.pids())
        self.assertEqual(self.ok(self.product.run("exec", identity, "--", "echo", "still")).stdout, "still\n")
        self.ok(self.product.run("stop", identity))
        started.communicate(timeout=20)

    def test_doctor_proves_the_isolation_and_says_what_podman_lacks(self):
        for placement, lacks in (("host", "restarts"), ("bundle", "/etc/hosts")):
            report = json.loads(self.ok(self.product.run("doctor", "--placement", placement, "--json", timeout=120)).stdout)
            self.assertTrue(all(check["ok"] for check in report["checks"]), report["checks"])
            self.assertTrue(all(claim["held"] for claim in report["claims"]), report["claims"])
            said = {check["name"]: check["message"] for check in report["checks"]}
            self.assertIn("Podman", said["engine"])
            self.assertIn(lacks, said["podman"])


class HostRequests(OnPodman, test_bundle.Requests):
    test_the_engine_sees_no_secret = test_a_direct_way_there_is_none_and_no_name_is_asked_for = None

    def setUp(self):
        super().setUp()
        self.product.extra["BOTBOTTLE_PLACEMENT"] = "host"


class Limits(OnPodman, test_image.Limits):
    test_the_preflight_says_what_does_not_hold = None  # it is the backend's, on every engine


# What follows is the engine's side alone, to which it matters little whose command it is.
class Git(OnPodman, test_git.Git):
    pass


class Leftovers(OnPodman, test_engine.Leftovers):
    pass


class BundleRequests(OnPodman, test_bundle.Requests):
    pass


class BundleLife(OnPodman, test_bundle.Life):
    test_other_backends_have_no_placement = test_doctor_proves_the_isolation = None


class BundleTerminal(OnPodman, test_bundle.OnATerminal):
    pass
