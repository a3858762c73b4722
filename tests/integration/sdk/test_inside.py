"""A backend that has no directory of the host's: what the agent did exists in the bottle alone, and is
brought out before the bottle is gone. With the backend of `tests/sdk/backend-bare`."""

import json

from lib import processes
from lib.claude import TOKEN_VARIABLE, ClaudeCase, Say
from lib.codex import CodexCase
from lib.sdk import Builder
from lifecycle.shell_agent import ShellAgentCase

CHANGE = ("echo new > new.txt; mkdir -p deep/er; echo x > deep/er/x; rm brought.txt; "
          "echo 'int more;' >> main.c; chmod +x script; ")


class InsideCase(Builder, ShellAgentCase):
    def setUp(self):
        super().setUp()
        self.drop_in(self.build("backend-bare"))
        for name, text in (("main.c", "int main;\n"), ("script", "#!/bin/sh\n"), ("kept", "kept\n")):
            self.product.write(f"work/{name}", text, 0o644)
        for name, target in (("link", "kept"), ("outside", "/etc/hostname")):
            (self.product.work / name).symlink_to(target)

    def start(self, script, *arguments):
        return super().start(script, "--backend", "bare", *arguments)

    def changes(self, identity):
        told = self.ok(self.product.run("diff", "--json", identity))
        return {(c["path"], c["change"]) for c in json.loads(told.stdout)["changes"]}

    EXPECTED = {("new.txt", "added"), ("deep", "added"), ("deep/er", "added"), ("deep/er/x", "added"),
                ("brought.txt", "removed"), ("main.c", "changed"), ("script", "changed")}


class Work(InsideCase):
    def test_it_comes_out_and_home(self):
        done = self.ok(self.start(CHANGE))
        self.assertIn("the workspace copy was changed", done.stderr)
        kept = self.one_preserved()
        self.assertTrue(kept["workspace"].startswith(kept["state_dir"]), kept)
        self.assertEqual(self.changes(kept["identity"]), self.EXPECTED)
        self.ok(self.product.run("apply", kept["identity"], "--yes"))
        self.assertEqual((self.product.work / "deep/er/x").read_text(), "x\n")
        self.assertEqual((self.product.work / "main.c").read_text(), "int main;\nint more;\n")
        self.assertFalse((self.product.work / "brought.txt").exists())
        self.assertEqual((self.product.work / "outside").readlink().as_posix(), "/etc/hostname")

    def test_nothing_is_kept_of_an_agent_that_changed_nothing(self):
        self.ok(self.start("cat main.c link; git status >/dev/null 2>&1; true"))
        self.assertEqual(self.preserved(), {})
        self.assertEqual([p for p in (self.product.config / "state").iterdir()], [])

    def test_an_empty_workspace_counts_as_well(self):
        done = self.ok(self.product.run("start", "coder", "--backend", "bare", "--yes", "--prompt",
                                        "ls -A; echo only here > only-here"))
        self.assertEqual(done.stdout, "")
        self.assertIn("only-here", done.stderr)

    def test_it_goes_on_where_it_was(self):
        self.assertEqual(self.start(CHANGE + "exit 3").returncode, 3)
        identity = self.one_preserved()["identity"]
        done = self.resume(identity, "cat new.txt main.c; ls; echo again >> new.txt")
        self.assertEqual(self.ok(done).stdout.split(), ["new", "int", "main;", "int", "more;", "deep",
                                                        "kept", "link", "main.c", "new.txt",
                                                        "outside", "script"])
        self.assertEqual(self.changes(identity), self.EXPECTED)
        self.ok(self.product.run("apply", identity, "--yes"))
        self.assertEqual((self.product.work / "new.txt").read_text(), "new\nagain\n")

    def in_the_middle(self):
        started = self.product.popen("start", "coder", "--cwd", "--yes", "--backend", "bare",
                                     "--prompt", CHANGE + "echo ready; exec sleep 600")
        self.assertEqual(started.stdout.readline(), "ready\n")
        listed = json.loads(self.ok(self.product.run("list", "active", "--json")).stdout)["bottles"]
        return started, listed[0]["identity"]

    def test_it_is_seen_and_applied_while_the_agent_works(self):
        started, identity = self.in_the_middle()
        self.assertEqual(self.changes(identity), self.EXPECTED)
        self.ok(self.product.run("apply", identity, "--yes"))
        self.assertEqual((self.product.work / "new.txt").read_text(), "new\n")
        self.ok(self.product.run("stop", identity))
        started.communicate(timeout=30)
        self.assertEqual(self.preserved(), {}, "everything was at home already")

    def test_a_stop_keeps_it(self):
        started, identity = self.in_the_middle()
        self.ok(self.product.run("stop", identity))
        started.communicate(timeout=30)
        self.assertEqual(self.changes(identity), self.EXPECTED)

    def test_a_command_that_is_killed_at_any_moment_of_the_end_loses_nothing(self):
        for point in ("stop.recorded", "stop.brought", "stop.stopped", "stop.runtime", "stop.judged"):
            with self.subTest(point):
                self.killed_at(point, "start", "coder", "--cwd", "--yes", "--backend", "bare",
                               "--prompt", CHANGE)
                # One that still runs is stopped; this backend cannot tell that nothing runs in it.
                alive = [b["identity"] for b in self.product.bottles()]
                again = self.ok(self.product.run(*(["stop", *alive] if alive else
                                                   ["cleanup", "--yes"])))
                self.assertNotIn("could not be brought out", again.stderr)
                identity = self.one_preserved()["identity"]
                self.assertEqual(self.changes(identity), self.EXPECTED)
                self.ok(self.product.run("cleanup", identity, "--yes"))


class Claude(Builder, ClaudeCase):
    def test_the_conversation_goes_on(self):
        self.drop_in(self.build("backend-bare"))
        # This backend has no /tmp of its own, and the agent's would stay.
        self.product.bottle("dev", "agent_provider:\n  template: claude\n"
                                   f"  auth_token: {TOKEN_VARIABLE}\n"
                                   f"env: {{CLAUDE_CODE_TMPDIR: {self.product.root}/home/tmp}}\n")
        first = self.ok(self.start("--backend", "bare", "--keep", "--prompt", "the word is ostrich"))
        identity = self.metadata()["identity"]
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "which word", timeout=90))
        self.assertIn(b"the word is ostrich", self.api.model_calls[-1].body)
        self.assertIn(b"which word", self.api.model_calls[-1].body)
        self.assertEqual(processes.named("socat"), [], first.stderr)


class Codex(Builder, CodexCase):
    script = (Say("noted"),)

    def test_the_conversation_goes_on(self):
        self.drop_in(self.build("backend-bare"))
        self.ok(self.start("--backend", "bare", "--keep", "--prompt", "the word is ostrich"))
        identity = json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)[
            "bottles"][0]["identity"]
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "which word", timeout=90))
        asked = json.dumps(self.api.calls[-1][1])
        self.assertIn("the word is ostrich", asked)
        self.assertIn("which word", asked)
