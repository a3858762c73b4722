"""Many machines, those that nobody knows of, and crashes."""

import concurrent.futures
import hashlib
import os
import signal

from lib import processes, smolvm

from .harness import SmolvmCase


class Many(SmolvmCase):
    def test_fifty_start_and_stop(self):
        """Eight at a time, with a name of each one's own."""
        def one(number):
            return self.product.run("run", "--", "echo", str(number), timeout=170)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            done = list(pool.map(one, range(50)))
        self.assertEqual([result.stdout for result in done], [f"{number}\n" for number in range(50)],
                         [result.stderr for result in done if result.returncode])
        names = [w[w.index("--name") + 1] for w in self.words() if "create" in w and "--name" in w]
        self.assertEqual((len(names), len(set(names))), (50, 50))
        self.assertEqual(self.smolvm.machines(), [])


class Leftovers(SmolvmCase):
    def foreign(self, name, *labels):
        words = [word for label in labels for word in ("--label", label)]
        done = self.smolvm.run("machine", "create", "--name", name, "--image", smolvm.archive(), *words, "--",
                               "sleep", "60")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.addCleanup(self.smolvm.run, "machine", "delete", "-n", name, "-f")

    def home_label(self):
        return hashlib.sha256(str(self.product.config / "state").encode()).hexdigest()[:16]

    def test_cleanup_removes_ours_and_nothing_else(self):
        home = self.home_label()
        self.foreign("botbottle-run-aaaaa")
        self.foreign("other-bbbbb", "owner=somebody", "bottle=run-bbbbb", f"home={home}")
        self.foreign("other-ccccc", "owner=botbottle", "bottle=run-ccccc", "home=0123456789abcdef")
        self.foreign("any-name", "owner=botbottle", "bottle=run-ddddd", f"home={home}")
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual({machine["name"] for machine in self.smolvm.machines()},
                         {"botbottle-run-aaaaa", "other-bbbbb", "other-ccccc"})

    def test_everything_of_ours_killed(self):
        started = self.background("run", "--", "sleep", "600")
        bottle = self.product.wait_for_bottles()[0]
        for name in ("botbottle-warden", "botbottle-egress", "botbottle-machine-session"):
            for pid in processes.named(name):
                os.kill(pid, signal.SIGKILL)
        started.kill()
        started.communicate()
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertFalse(processes.alive(bottle["pids"]["inside"]))
        self.assertEqual((self.product.bottles(), self.smolvm.machines()), ([], []))

    def test_a_launcher_killed_half_way(self):
        self.smolvm.switch(slow_start=3)
        started = self.background("run", "--", "true")
        self.assertTrue(processes.wait_until(lambda: any("start" in w and "--name" in w for w in self.words()), 20))
        started.kill()
        started.communicate()
        processes.wait_until(lambda: self.smolvm.machines() and self.machine()["state"] == "running", 10)
        self.smolvm.switch(slow_start=0)
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(self.smolvm.machines(), [])

    def test_a_machine_that_does_not_stop(self):
        started = self.background("run", "--", "sleep", "600")
        identity = self.product.wait_for_bottles()[0]["identity"]
        pid = self.machine()["pid"]
        os.kill(pid, signal.SIGSTOP)
        self.addCleanup(lambda: processes.alive(pid) and os.kill(pid, signal.SIGKILL))
        self.product.run("stop", identity, timeout=120)
        started.wait(30)
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertFalse(processes.alive(pid))
        self.assertEqual(self.smolvm.machines(), [])
