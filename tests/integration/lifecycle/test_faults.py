"""kill -9 of the command at every border of start, resume, stop, apply and cleanup: the next command
recovers, no process stays, and nobody's work is lost (docs/decisions/0008)."""

import json
import re

from lib import processes
from lifecycle.kept import KeptCase
from lifecycle.shell_agent import ShellAgentCase

WORK = "echo by-the-agent > made.txt; exit 0"


class Start(ShellAgentCase):
    def phases(self, done):
        """Those that -v reports: a new one is tested without being written down here."""
        found = re.findall(r"^phase ([a-z-]+) [\d.]+$", done.stderr, re.MULTILINE)
        named = [name for name in found if name not in ("resolve", "session", "end")]
        self.assertGreaterEqual(len(named), 11, done.stderr)
        return named

    def test_start(self):
        phases = self.phases(self.ok(self.start("true", "-v")))
        for phase in phases:
            with self.subTest(phase=phase):
                self.killed_at(f"start.{phase}", "start", "coder", "--cwd", "--yes", "--prompt", WORK)
                self.ok(self.product.run("list"))
                self.ok(self.product.run("cleanup", "--yes"))
                # Once it is settled there is a bottle, though nobody ever saw its agent.
                for identity in self.preserved():
                    self.assertEqual(phase, "settle")
                    self.ok(self.product.run("cleanup", identity, "--yes"))
                self.assert_nothing_is_left_but()
                self.ok(self.start("true"))
                self.assertEqual((self.product.work / "brought.txt").read_text(),
                                 "brought by the operator\n")

    def test_resume(self):
        phases = self.phases(self.ok(self.start("true", "-v")))
        self.ok(self.start(WORK))
        identity = self.one_preserved()["identity"]
        for phase in phases:
            with self.subTest(phase=phase):
                self.killed_at(f"start.{phase}", "resume", identity, "--yes", "--prompt", "true")
                self.ok(self.product.run("cleanup", "--yes"))
                self.assert_nothing_is_left_but(identity)
                done = self.ok(self.resume(identity, "cat made.txt brought.txt"))
                self.assertEqual(done.stdout, "by-the-agent\nbrought by the operator\n")
                self.assert_nothing_is_left_but(identity)


class Stop(ShellAgentCase):
    """Whether by `stop` or at the end of `start`: the same code, the same borders."""

    keeping = ("stop.recorded", "stop.stopped", "stop.runtime", "stop.judged", "stop.preserved")
    removing = ("stop.recorded", "stop.stopped", "stop.runtime", "stop.judged", "stop.removing",
                "stop.backend", "stop.state")

    def running(self, script):
        self.ok(self.product.run("start", "coder", "--cwd", "--yes", "--detach"))
        identity = self.product.wait_for_bottles()[0]["identity"]
        self.ok(self.product.run("exec", identity, "--", "sh", "-c", script))
        return identity

    def test_work_is_kept(self):
        for point in self.keeping:
            with self.subTest(point=point):
                identity = self.running("echo by-the-agent > made.txt")
                self.killed_at(point, "stop", identity)
                self.recover(identity)
                self.assert_nothing_is_left_but(identity)
                done = self.ok(self.resume(identity, "cat made.txt"))
                self.assertEqual(done.stdout, "by-the-agent\n")
                self.ok(self.product.run("cleanup", identity, "--yes"))
                self.assert_nothing_is_left_but()

    def test_what_is_not_worth_keeping_goes(self):
        # Until it is decided that nothing is worth keeping, whoever finds it keeps it: a conversation
        # is in it, and nobody knows how its agent ended.
        undecided = ("stop.stopped", "stop.runtime", "stop.judged")
        for point in self.removing:
            with self.subTest(point=point):
                identity = self.running("true")
                self.killed_at(point, "stop", identity)
                self.recover(identity)
                if point in undecided:
                    self.assertIn("not known", self.one_preserved()["preserved_because"])
                    self.ok(self.product.run("cleanup", identity, "--yes"))
                self.assert_nothing_is_left_but()

    def recover(self, identity):
        """A bottle that still runs as if nothing had been is stopped again; else cleanup finds it."""
        runs = identity in {bottle["identity"] for bottle in self.product.bottles()}
        self.ok(self.product.run(*(["stop", identity] if runs else ["cleanup", "--yes"])))

    def test_an_agent_that_failed_is_kept_wherever_its_command_was_killed(self):
        for point in self.keeping:
            with self.subTest(point=point):
                self.killed_at(point, "start", "coder", "--cwd", "--yes", "--prompt", "exit 7")
                self.ok(self.product.run("cleanup", "--yes"))
                bottle = self.one_preserved()
                self.assertIn("exit code 7", json.dumps(bottle))
                self.ok(self.product.run("cleanup", bottle["identity"], "--yes"))

    def test_a_command_without_an_agent_leaves_nothing(self):
        for point in self.removing:
            with self.subTest(point=point):
                self.killed_at(point, "run", "--cwd", "--", "sh", "-c", "echo x > made.txt")
                self.ok(self.product.run("cleanup", "--yes"))
                self.assert_nothing_is_left_but()


class Cleanup(ShellAgentCase):
    def test_of_a_crash(self):
        for point in ("cleanup.found", "stop.stopped", "stop.runtime", "stop.judged",
                      "stop.removing", "stop.backend", "stop.state", "cleanup.removed"):
            with self.subTest(point=point):
                self.killed_at("start.provision", "start", "coder", "--cwd", "--yes", "--prompt", WORK)
                self.killed_at(point, "cleanup", "--yes")
                self.ok(self.product.run("cleanup", "--yes"))
                self.assert_nothing_is_left_but()

    def test_of_what_was_kept(self):
        for point in ("stop.removing", "stop.backend", "stop.state"):
            with self.subTest(point=point):
                self.ok(self.start(WORK))
                identity = self.one_preserved()["identity"]
                self.killed_at(point, "cleanup", identity, "--yes")
                self.ok(self.product.run("cleanup", "--yes"))
                self.assert_nothing_is_left_but()

    def test_what_was_kept_stays_unless_it_is_named(self):
        self.ok(self.start(WORK))
        identity = self.one_preserved()["identity"]
        self.assert_nothing_is_left_but(identity)
        asked = self.product.run("cleanup", identity, "--no-input")
        self.assertEqual(asked.returncode, 2, asked.stderr)
        self.assertIn("made.txt", asked.stderr, "what is lost with it is shown first")
        wrong = self.product.run("cleanup", "coder-zzzzz", "--yes")
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("coder-zzzzz", wrong.stderr)
        self.assert_nothing_is_left_but(identity)
        self.ok(self.product.run("cleanup", identity, "--yes"))
        self.assert_nothing_is_left_but()

    def test_a_running_one_is_not_removed(self):
        self.ok(self.product.run("start", "coder", "--yes", "--detach"))
        identity = self.product.wait_for_bottles()[0]["identity"]
        done = self.product.run("cleanup", identity, "--yes")
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("botbottle stop", done.stderr)
        self.assertEqual([b["identity"] for b in self.product.bottles()], [identity])
        self.ok(self.product.run("stop", identity))


class Apply(KeptCase, ShellAgentCase):
    points = ("apply.journal", "apply.written-beside-begun", "apply.written-beside",
              "apply.checked", "apply.renamed", "apply.brought", "apply.remembered")
    edit = ("echo 'int changed;' > src/main.c; mkdir -p new; echo one > new/one; rm -f gone.txt; "
            "echo more >> README")

    def test_each_file_is_whole_and_the_next_apply_completes(self):
        whole = None
        for point in self.points:
            with self.subTest(point=point):
                for name, text in self.files.items():
                    self.product.write(f"work/{name}", text, mode=0o644)
                (self.work("new/one")).unlink(missing_ok=True)
                if self.work("new").exists():
                    self.work("new").rmdir()
                before = self.tree()
                identity = self.change(self.edit)
                self.killed_at(point, "apply", identity, "--yes")
                self.ok(self.product.run("cleanup", "--yes"))
                between = self.tree()
                self.apply(identity)
                after = self.tree()
                whole = whole or after
                self.assertEqual(after, whole)
                for name, what in between.items():
                    self.assertIn(what, (before.get(name), after.get(name)), name)
                self.assertEqual(self.diff(identity), {})
                self.ok(self.product.run("cleanup", identity, "--yes"))
        self.assertNotEqual(whole, before)
        self.assertEqual(processes.named("botbottle-warden"), [])
