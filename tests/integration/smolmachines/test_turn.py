"""A real agent's turn in a machine; the real token reaches the API, and smolvm never sees it."""

import os
import pathlib
import signal

from lib import canary, processes
from lib.anthropic import Gate
from lib.claude import Bash, Say

from .harness import SmolvmClaudeCase


class HeadlessTurn(SmolvmClaudeCase):
    script = (Bash("id -u > from-agent.txt; cat brought.txt"), Say("the file is written"))

    def test_it_works_comes_home_and_resumes(self):
        brought = self.product.write("work/brought.txt", "brought by the operator\n")
        result = self.ok(self.start("--prompt", "write the file"))
        self.assertEqual(self.events(result)[-1]["result"], "the file is written")
        self.assertIn(b"brought by the operator", self.api.model_calls[-1].body)
        for request in self.api.requests:
            self.assertEqual(request.header("authorization"), f"Bearer {self.token}", request.target)
        workspace = pathlib.Path(self.metadata()["workspace"])
        made = workspace / "from-agent.txt"
        self.assertEqual(int(made.read_text()), made.stat().st_uid)
        self.assertEqual(made.stat().st_uid, brought.stat().st_uid)
        identity = self.metadata()["identity"]
        self.assertIn("from-agent.txt", self.ok(self.product.run("diff", identity)).stdout)
        self.ok(self.product.run("apply", identity, "from-agent.txt", "--yes"))
        self.assertTrue((self.product.work / "from-agent.txt").exists())
        before = len(self.api.model_calls)
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "once more", timeout=90))
        self.assertGreater(len(self.api.model_calls), before)
        self.assertIn(b"write the file", self.api.model_calls[-1].body, "the conversation is gone")


class Canary(SmolvmClaudeCase):
    def setUp(self):
        self.gate = Gate()
        self.script = (Bash("env > env.txt"), Say("a long story, told slowly", self.gate))
        super().setUp()
        # A slot of every kind.
        file = self.product.config / "bottles/dev.md"
        routes = "egress:\n  routes:\n"
        for scheme in ("Bearer", "token", "Basic, username: u", "header, name: X-Key", "query, name: key"):
            word = scheme.split(",")[0]
            self.product.extra[f"SLOT_{word.upper()}"] = f"slot-{word}-" + "c4nary" * 6
            routes += (f"    - host: {word.lower()}.example.com\n"
                       f"      auth: {{scheme: {scheme}, token_ref: SLOT_{word.upper()}}}\n")
        file.write_text(file.read_text().replace("---\n", f"---\n{routes}", 1))
        self.started = self.start_in_background("--prompt", "tell a story")
        self.addCleanup(self._end_turn)
        self.assertTrue(self.gate.reached.wait(60), "the agent never got to its second request")

    def _end_turn(self):
        self.gate.release()
        self.started.communicate(timeout=30)

    def test_smolvm_never_sees_the_token(self):
        needles = canary.spellings("the token", self.token)
        for name, value in self.product.extra.items():
            if name.startswith("SLOT_"):
                needles.update(canary.spellings(name, value))
        self.assertEqual(len([name for name in self.product.extra if name.startswith("SLOT_")]), 5)
        machine = self.machine()
        shown = [str(machine), str(self.smolvm.calls())] + [
            (place / "agent-console.log").read_text() for place in self.smolvm.machine_dirs()]
        self.assertTrue(any("botbottle-session" in text for text in shown), "the search looks at nothing")
        self.assertFalse([text for text in shown for needle in needles.values()
                          if needle.decode("latin-1") in text])
        found = []
        for pid in [machine["pid"], *processes.descendants(machine["pid"])]:
            found += canary.in_memory(pid, needles)
        found += canary.in_process_table(needles, exempt={self.started.pid})
        # All of smolvm's own: records, disks, logs.
        found += canary.in_files(self.product.home / ".local", needles)
        found += canary.in_files(self.product.home / "c", needles)
        found += canary.in_files(self.smolvm.folder, needles)
        found += canary.in_files(self.product.config / "state", needles)
        self.assertEqual(found, [])
        held = [line for pid in processes.named("botbottle-egress")
                for line in canary.in_memory(pid, {"the token": self.token.encode()})]
        self.assertTrue(held, "the search does not even find the token in the egress")


class Ended(SmolvmClaudeCase):
    """The bottle goes on in another machine, with its files and its conversation."""

    def setUp(self):
        self.gate = Gate()
        self.script = (Bash("echo kept > /workspace/mine.txt"), Say("a long story, told slowly", self.gate))
        super().setUp()

    def test_the_machine_is_killed_under_the_agent(self):
        self.goes_on_after(lambda: os.kill(self.machine()["pid"], signal.SIGKILL))

    def test_the_bottle_is_stopped(self):
        self.goes_on_after(lambda: self.ok(self.product.run("stop", self.metadata()["identity"])))

    def goes_on_after(self, end):
        started = self.start_in_background("--prompt", "tell a story")
        try:
            self.assertTrue(self.gate.reached.wait(60), "the agent never got to its second request")
            end()
        finally:
            self.gate.release()
            started.communicate(timeout=60)
        self.assertNotEqual(started.returncode, 0)
        identity = self.metadata()["identity"]
        told = []
        self.api.script = [*self.script[:1], lambda result: told.append(result) or Bash("cat /workspace/mine.txt"),
                           lambda result: told.append(result) or Say("done")]
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "go on", timeout=90))
        self.assertIn("kept", told[-1])
        self.assertIn(b"tell a story", self.api.model_calls[-1].body, "the conversation is gone")
