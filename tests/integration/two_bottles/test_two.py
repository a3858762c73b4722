"""Hold 5: two bottles at once do not see each other; one ends alone; nothing is left."""

from lib import processes, suite


class TwoBottles(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.product.write("work/mine.txt", "of the operator\n")
        self.running = {}
        for name in ("first", "second"):
            self.product.bottle(name, "env:\n  NAME: " + name + "\n")
            self.running[name] = self.product.popen("run", "--bottle", name, "--cwd", "--",
                                                    "sleep", "600")
            self.addCleanup(self._end, self.running[name])
        self.listed = {b["bottle"]: b for b in self.product.wait_for_bottles(2)}

    def _end(self, started):
        if started.poll() is None:
            self.product.run("cleanup", "--yes")
            started.terminate()
        started.communicate(timeout=20)

    def inside(self, name, *command):
        return self.product.run("exec", self.listed[name]["identity"], "--", *command)

    def test_list_shows_both(self):
        text = self.ok(self.product.run("list")).stdout
        for bottle in self.listed.values():
            self.assertIn(bottle["identity"], text)

    def test_processes_and_files_are_apart(self):
        self.ok(self.inside("first", "sh", "-c", "echo secret-of-first > /tmp/x; "
                                                 "echo changed > mine.txt; echo home > ~/y"))
        for command in (["cat", "/tmp/x"], ["sh", "-c", "cat ~/y"]):
            self.assertNotEqual(self.inside("second", *command).returncode, 0, command)
        self.assertEqual(self.ok(self.inside("second", "cat", "mine.txt")).stdout, "of the operator\n")
        seen = self.ok(self.inside("second", "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
        self.assertEqual(seen.stdout.count("sleep 600"), 1)
        self.assertNotIn(self.listed["first"]["identity"], seen.stdout)

    def test_namespaces_are_apart(self):
        kinds = ["pid", "net", "ipc", "uts", "mnt"]
        if self.product.account.uid != 0:
            kinds.append("user")  # root makes none: its bottles have user ids of their own
        links = {name: self.ok(self.inside(name, "readlink",
                                           *(f"/proc/self/ns/{k}" for k in kinds))).stdout.split()
                 for name in self.listed}
        self.assertEqual(len(links["first"]), len(kinds))
        for first, second in zip(links["first"], links["second"]):
            self.assertNotEqual(first, second)

    def test_user_ids_are_apart(self):
        """Root's bottles run under user ids that nobody else has, and no two the same."""
        if self.product.account.uid != 0:
            self.skipTest("an ordinary user has one user id for all of its bottles")
        first, second = (self.ok(self.inside(name, "id", "-u")).stdout for name in self.listed)
        self.assertNotEqual(first, second)
        self.assertNotIn("0\n", (first, second))

    def test_loopback_is_apart(self):
        listener = self.product.popen(
            "exec", self.listed["first"]["identity"], "--", "/usr/bin/python3", "-c",
            "import socket; s = socket.create_server(('127.0.0.1', 5555)); print('up', flush=True); "
            "s.accept()")
        self.assertEqual(listener.stdout.readline(), "up\n")
        reach = ["/usr/bin/python3", "-c",
                 "import socket; socket.create_connection(('127.0.0.1', 5555), 2)"]
        refused = self.inside("second", *reach)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("refused", refused.stderr)
        self.ok(self.inside("first", *reach))
        listener.communicate(timeout=20)

    def test_stop_ends_one(self):
        first = self.listed["first"]["identity"]
        self.ok(self.product.run("stop", first))
        self.running["first"].wait(15)
        self.assertEqual([b["bottle"] for b in self.product.bottles()], ["second"])
        self.assertEqual(self.ok(self.inside("second", "echo", "alive")).stdout, "alive\n")
        self.assertFalse((self.product.runtime / "botbottle" / first).exists())
        self.assertFalse((self.product.config / "state" / first).exists())
        second = self.listed["second"]["identity"]
        self.ok(self.product.run("stop", second))
        self.running["second"].wait(15)
        self.assertEqual(self.product.bottles(), [])
        self.assertEqual(processes.named("botbottle-warden"), [])
        self.assertEqual(processes.named("botbottle-egress"), [])
