"""One user with more than one home, and more than one login: nobody tidies up after somebody else."""

import shutil

from lib import processes, suite
from lib.product import Home
from lifecycle.shell_agent import ShellAgentCase


class Homes(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.other = Home(self.product.prefix, self.product.account)
        self.addCleanup(self.other.close)
        self.started = self.product.popen("run", "--", "sh", "-c", "echo up; sleep 600")
        self.addCleanup(self._end)
        self.assertEqual(self.started.stdout.readline(), "up\n")
        self.identity = self.product.bottles()[0]["identity"]

    def _end(self):
        self.product.run("stop", self.identity)
        self.started.communicate(timeout=20)

    def assert_still_there(self):
        echoed = self.ok(self.product.run("exec", self.identity, "--", "echo", "alive"))
        self.assertEqual(echoed.stdout, "alive\n")

    def test_cleanup_of_another_home_leaves_it_alone(self):
        self.other.extra["XDG_RUNTIME_DIR"] = str(self.product.runtime)
        cleaned = self.ok(self.other.run("cleanup", "--yes"))
        self.assertIn("nothing to clean up", cleaned.stderr)
        self.assert_still_there()

    def test_stop_ends_it_when_a_logout_took_the_runtime_directory(self):
        pids = self.product.bottles()[0]["pids"]
        shutil.rmtree(self.product.runtime / "botbottle")
        self.assertEqual(self.product.bottles()[0]["pids"], pids)
        self.ok(self.product.run("stop", self.identity))
        for name, pid in pids.items():
            self.assertTrue(processes.wait_until(lambda p=pid: not processes.alive(p), 5), name)
        self.assertEqual(self.product.bottles(), [])

    def test_from_another_login_it_is_the_same_bottle(self):
        """With another XDG_RUNTIME_DIR, and nobody at the command that started it."""
        self.started.kill()
        self.started.wait(20)
        # Its session ends with its client; a second one is what makes it worth keeping.
        second = self.product.popen("exec", self.identity, "--", "sh", "-c", "echo up; sleep 600")
        self.addCleanup(second.communicate, timeout=20)
        self.addCleanup(self.product.run, "stop", self.identity)
        self.assertEqual(second.stdout.readline(), "up\n")
        self.product.extra["XDG_RUNTIME_DIR"] = str(self.other.runtime)
        listed = self.product.bottles()
        self.assertEqual([s["command"] for s in listed[0]["sessions"]][-1:], ["sh"], listed)
        self.assertNotIn("abandoned", listed[0]["remark"])
        self.assertIn("nothing to clean up", self.ok(self.product.run("cleanup", "--yes")).stderr)
        self.assert_still_there()


class AfterALogout(ShellAgentCase):
    """The login's runtime directory is gone, and with it the only way in; the agent goes on."""

    def setUp(self):
        super().setUp()
        self.started = self.product.popen("start", "coder", "--cwd", "--yes", "--prompt",
                                          "echo done > work.txt; echo up; exec sleep 600")
        self.addCleanup(self.started.communicate, timeout=20)
        self.assertEqual(self.started.stdout.readline(), "up\n")
        self.identity = self.product.bottles()[0]["identity"]
        self.addCleanup(self.product.run, "stop", self.identity)
        shutil.rmtree(self.product.runtime / "botbottle")

    def test_attach_and_exec_say_what_can_still_be_done(self):
        for words in (["attach", self.identity], ["exec", self.identity, "--", "true"]):
            with self.subTest(words[0]):
                done = self.product.run(*words)
                self.assertNotIn(done.returncode, (0, -6, -11), done.stderr)
                self.assertIn("where its sockets were, is gone", done.stderr)
                self.assertIn("a logout takes $XDG_RUNTIME_DIR away", done.stderr)
        self.assertEqual([b["identity"] for b in self.product.bottles()], [self.identity])

    def test_its_work_is_seen_kept_and_goes_on(self):
        self.assertIn("work.txt", self.ok(self.product.run("diff", self.identity)).stdout)
        self.ok(self.product.run("stop", self.identity))
        self.started.communicate(timeout=20)
        self.assertEqual(list(self.preserved()), [self.identity])
        done = self.ok(self.resume(self.identity, "cat work.txt"))
        self.assertEqual(done.stdout, "done\n")
