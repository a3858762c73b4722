"""A real agent's turn in a container; the real token reaches the API and nothing of the engine."""

import pathlib

from lib import canary, processes
from lib.anthropic import Gate
from lib.claude import Bash, Say

from .harness import DockerClaudeCase


class HeadlessTurn(DockerClaudeCase):
    script = (Bash("id -u > from-agent.txt; cat brought.txt"), Say("the file is written"))

    def test_tool_turn(self):
        brought = self.product.write("work/brought.txt", "brought by the operator\n")
        result = self.ok(self.start("--prompt", "write the file"))
        events = self.events(result)
        self.assertFalse(events[-1]["is_error"])
        self.assertEqual(events[-1]["result"], "the file is written")
        self.assertIn(b"brought by the operator", self.api.model_calls[-1].body)
        for request in self.api.requests:
            self.assertEqual(request.header("authorization"), f"Bearer {self.token}", request.target)
        # The agent's file in the operator's copy: of the bottle's user, which is the operator, or
        # nobody's when that is root.
        workspace = pathlib.Path(self.metadata()["workspace"])
        made = workspace / "from-agent.txt"
        self.assertEqual(int(made.read_text()), made.stat().st_uid)
        self.assertEqual(made.stat().st_uid, (workspace / "brought.txt").stat().st_uid)
        if brought.stat().st_uid != 0:
            self.assertEqual(made.stat().st_uid, brought.stat().st_uid)
        else:
            self.assertGreaterEqual(made.stat().st_uid, 0x78000000)

    def test_what_it_changed_comes_home_and_it_resumes(self):
        self.product.write("work/brought.txt", "brought by the operator\n")
        self.ok(self.start("--prompt", "write the file"))
        identity = self.metadata()["identity"]
        self.assertIn("from-agent.txt", self.ok(self.product.run("diff", identity)).stdout)
        self.ok(self.product.run("apply", identity, "from-agent.txt", "--yes"))
        self.assertTrue((self.product.work / "from-agent.txt").exists())
        before = len(self.api.model_calls)
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "once more", timeout=90))
        self.assertGreater(len(self.api.model_calls), before)
        self.assertIn(b"write the file", self.api.model_calls[-1].body, "the conversation is gone")


class Canary(DockerClaudeCase):
    def setUp(self):
        self.gate = Gate()
        self.script = (Bash("env > env.txt"), Say("a long story, told slowly", self.gate))
        super().setUp()
        self.started = self.start_in_background("--prompt", "tell a story")
        self.addCleanup(self._end)
        self.assertTrue(self.gate.reached.wait(60), "the agent never got to its second request")

    def _end(self):
        self.gate.release()
        self.started.communicate(timeout=30)

    def logs(self, container):
        try:
            return str(self.engine.ask("GET", f"/containers/{container['Id']}/logs?stdout=1&stderr=1", parse=False))
        except AssertionError as refused:
            self.assertIn("logging driver does not support reading", str(refused))
            return ""

    def test_the_engine_never_sees_the_token(self):
        needles = canary.spellings("the token", self.token)
        container = self.container()
        shown = [str(container), str(self.engine.ask("GET", "/info")),
                 str(self.engine.ask("GET", f"/images/{container['Image']}/history")), self.logs(container)]
        self.assertFalse([text for text in shown for needle in needles.values()
                          if needle.decode("latin-1") in text])
        found = []
        for pid in processes.in_same_pid_namespace(container["State"]["Pid"]):
            found += canary.in_memory(pid, needles)
        for name in self.engine.PROGRAMS:
            for pid in processes.named(name):
                found += canary.in_memory(pid, needles)
        found += canary.in_process_table(needles, exempt={self.started.pid})
        for part in self.engine.RECORDS:
            found += canary.in_files(self.engine.folder / part, needles)
        found += canary.in_bottle_files(container["State"]["Pid"], needles)
        self.assertEqual(found, [])
        held = [line for pid in processes.named("botbottle-egress")
                for line in canary.in_memory(pid, {"the token": self.token.encode()})]
        self.assertTrue(held, "the search does not even find the token in the egress")
