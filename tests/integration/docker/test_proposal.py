"""An image that the agent asks for: built by the operator's yes, and the bottle's from then on."""

import json
import os
import pathlib
import signal
import threading

from lib import processes
from lib.claude import Bash, Say
from lib.anthropic import Tool
from lib.supervise import Operator, proposal_id
from lib.terminal import Terminal

from .test_bundle import Bundled
from .harness import DockerClaudeCase, DockerCodexCase

ADDED = "RUN echo from-the-new-image > /usr/local/share/new-tool\n"
PRESENT = ("python3 -c 'import urllib.request as r; "
           "print(r.urlopen(\"http://127.0.0.1:9100/dockerfile\").read().decode())'")
POST = ("import sys, urllib.request as r; "
        "print(r.urlopen('http://127.0.0.1:9100/proposals', sys.argv[1].encode()).read().decode())")
NEW_TOOL = "cat /usr/local/share/new-tool; cat /workspace/mine.txt"


class Asks:
    """Mixed into a client's case."""
    block, check = "capability-block", "check-proposal"

    def setUp(self):
        super().setUp()
        self.operator = Operator(self.product)
        self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = "1"
        file = self.product.config / "bottles/dev.md"
        file.write_text(file.read_text().replace("---\n", "---\nsupervise: true\n", 1))
        self.told = []
        # Of this test alone, so that no other has built it.
        self.addition = ADDED.replace("\n", f" # {self.id()}\n")

    def propose(self, dockerfile):
        self.asked = self.present(dockerfile) + "\n" + self.addition
        return Tool("supervise", self.block, {
            "dockerfile": self.asked, "justification": "the task needs the new tool"})

    def present(self, shown):
        """The Dockerfile, in what the client made of the output of PRESENT."""
        self.assertIn("FROM", shown)
        return shown

    def propose_plainly(self, dockerfile):
        """As an agent without MCP does."""
        body = json.dumps({"dockerfile": dockerfile, "justification": "another one"})
        identity = self.metadata()["identity"]
        done = self.ok(self.product.run("exec", identity, "--", "python3", "-c", POST, body))
        return proposal_id(done.stdout)

    def story(self, decide):
        """The agent asks, `decide` is the operator, and the agent looks what became of it."""
        def decided(result):
            self.told.append(result)
            self.proposal = proposal_id(result)
            decide()
            return Tool("supervise", "check-proposal", {"proposal_id": self.proposal})

        def end(result):
            self.told.append(result)
            return Say("done")
        self.api.script = [Bash("echo kept > /workspace/mine.txt; " + PRESENT), self.propose, decided, end]
        return self.ok(self.start("--prompt", "get the tool"))


class ProposalCase(Asks, DockerClaudeCase):
    pass


class Proposal(ProposalCase):
    def resumed(self):
        def check(result):
            self.told.append(result)
            return Tool("supervise", "check-proposal", {"proposal_id": self.proposal})

        def end(result):
            self.told.append(result)
            return Say("done")
        self.told = []
        # After the three results that the conversation has already.
        self.api.script = [*self.api.script[:3], Bash(NEW_TOOL), check, end]
        identity = self.metadata()["identity"]
        done = self.ok(self.product.run("resume", identity, "--yes", "--prompt", "go on", timeout=90))
        self.assertIn(b"get the tool", self.api.model_calls[-1].body, "the conversation is gone")
        return done

    def test_approved_built_and_there_after_a_resume(self):
        def approve():
            shown = self.operator.show(self.proposal)
            self.assertIn("+" + self.addition.strip(), shown["delta"])
            self.assertIn("engine's network", " ".join(shown["delta"]))
            approved = self.operator.approve(self.proposal, "--later", timeout=120)
            self.assertIn("building the image", approved.stderr)
        self.story(approve)
        self.assertIn("image that was approved", str(self.metadata()), "preserved for another reason")
        self.assertIn("pending", self.told[0])
        self.assertIn("approved", self.told[1])
        self.resumed()
        self.assertIn("from-the-new-image", self.told[0])
        self.assertIn("kept", self.told[0])
        self.assertIn("approved", self.told[1])

    def test_edited(self):
        def edit():
            payload = self.product.write("Dockerfile", self.asked.replace("from-the-new", "from-an-edited"))
            self.operator.call("edit", self.proposal, "--payload", str(payload), "--yes", "--later", timeout=120)
        self.story(edit)
        self.assertIn("modified", self.told[1])
        self.resumed()
        self.assertIn("from-an-edited-image", self.told[0])

    def test_a_build_that_fails_decides_nothing(self):
        self.addition = "RUN echo what-went-wrong; false\n"

        def approve():
            failed = self.operator.approve(self.proposal, code=1, timeout=120)
            self.assertIn("could not be built", failed.stderr)
            self.assertEqual([p["state"] for p in self.operator.waiting()], ["pending"])
            self.assertEqual(list(pathlib.Path(self.metadata()["state_dir"]).glob("image/current")), [])
            self.operator.reject(self.proposal, "it does not build")
        self.story(approve)
        self.assertIn("rejected", self.told[1])
        self.assertIn("it does not build", self.told[1])

    def test_only_for_this_bottle(self):
        def refuse():
            for scope in ("always", "once"):
                said = self.operator.approve(self.proposal, "--scope", scope, code=1)
                self.assertIn("this bottle's alone", said.stderr)
            self.operator.reject(self.proposal, "no")
        self.story(refuse)

    def test_only_the_diff_that_was_shown(self):
        """Two images are asked for: after the first is taken, the second is another change."""
        def approve():
            other = self.propose_plainly(self.asked + "RUN echo second > /usr/local/share/second\n")
            looked_at = self.operator.show(other)
            self.operator.approve(self.proposal, "--later", timeout=120)
            said = self.operator.approve(other, "--if-policy", looked_at["policy_digest"], code=1)
            self.assertIn("image is not the one that you looked at", said.stderr)
            self.assertNotIn(f"+{self.addition.strip()}", self.operator.show(other)["delta"])
            self.operator.reject(other, "one is enough")
        self.story(approve)


class GoesOn(Asks):
    """The agent is ended where it is, and started again with what it asked for. Mixed into a client's case."""

    def setUp(self):
        super().setUp()
        self.decided_once = threading.Event()

    def story_that_goes_on(self, decide):
        """The agent is ended while the model thinks after its proposal, and thinks the same again."""
        def decided(result):
            self.told.append(result)
            self.proposal = proposal_id(result)
            if not self.decided_once.is_set():
                self.decided_once.set()
                decide()
            return Tool("supervise", self.check, {"proposal_id": self.proposal})

        def new_tool(result):
            self.told.append(result)
            return Bash(NEW_TOOL)

        def end(result):
            self.told.append(result)
            return Say("the tool is there")
        self.api.script = [Bash("echo kept > /workspace/mine.txt; " + PRESENT), self.propose, decided,
                           new_tool, end]

    def went_on(self):
        self.assertIn("approved", self.told[-2])
        self.assertIn("from-the-new-image", self.told[-1])
        self.assertIn("kept", self.told[-1])
        self.assertIn("get the tool", self.last_call(), "the conversation is gone")
        self.assertIn(f"runs the image of proposal {self.proposal}", self.last_call())

    def record(self, identity):
        lines = (self.product.config / f"audit/{identity}.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def test_on_its_launchers_streams(self):
        def approve():
            before = self.metadata()
            said = self.operator.approve(self.proposal, timeout=120)
            self.assertIn("runs it, with its workspace and conversation", said.stderr)
            now = self.metadata()
            self.assertEqual(now["warden"], before["warden"], "credentials and grants are the warden's")
            self.assertEqual(now["launcher"], before["launcher"])
            self.assertNotEqual(now["inside"], before["inside"])
            self.assertEqual(now["generation"], 2)
        self.story_that_goes_on(approve)
        result = self.ok(self.start("--prompt", "get the tool"))
        self.assertIn("the tool is there", result.stdout)
        self.assertIn("goes on with the image that was approved", result.stderr)
        self.went_on()
        identity = self.metadata()["identity"]
        self.assertEqual(self.metadata()["phase"], "preserved")
        events = [line.get("event") for line in self.record(identity)]
        for event in ("bottle_released", "image_replaced"):
            self.assertEqual(events.count(event), 1, event)
        self.assertEqual(events.count("bottle_watched"), 2)
        self.ok(self.product.run("audit", "verify", identity))

    def terminal(self, *size):
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment, *size)
        self.addCleanup(screen.close)
        screen.line(f"cd {self.product.work}; clear")
        return screen

    def test_detached(self):
        """Nobody waits for its end: it goes on as it was, and is told to."""
        approved = threading.Event()
        self.story_that_goes_on(lambda: approved.wait(120))
        screen = self.terminal()
        screen.line("botbottle start coder --cwd --yes; echo en''ded with $?")
        screen.wait_for(self.ready, 60)
        screen.type("get the tool")
        screen.wait_for("get the tool")
        screen.keys("Enter")
        self.assertTrue(self.decided_once.wait(60), screen.screen())
        screen.keys("C-]", "d")
        screen.wait_for("ended with 0", 20)
        try:
            said = self.operator.approve(self.proposal, timeout=120)
        finally:
            approved.set()
        self.assertIn("runs it, with its workspace and conversation", said.stderr)
        self.assertTrue(processes.wait_until(lambda: len(self.told) >= 4, 60), self.told)
        self.went_on()
        identity = self.metadata()["identity"]
        screen.line(f"clear; botbottle attach {identity}; echo en''ded with $?")
        screen.wait_for("the tool is there", 30)
        self.leave(screen)
        screen.wait_for(r"ended with \d+", 30)

    def test_on_its_launchers_terminal(self):
        approved = threading.Event()
        self.story_that_goes_on(lambda: approved.wait(120))
        screen = self.terminal()
        screen.line("botbottle start coder --cwd --yes; echo en''ded with $?")
        screen.wait_for(self.ready, 60)
        screen.type("get the tool")
        screen.wait_for("get the tool")
        screen.keys("Enter")
        self.assertTrue(self.decided_once.wait(60), screen.screen())
        try:
            self.operator.approve(self.proposal, timeout=120)
        finally:
            approved.set()
        screen.wait_for("the tool is there", 60)
        self.went_on()
        self.leave(screen)
        screen.wait_for(r"ended with \d+", 30)

    def test_from_the_dashboard(self):
        approved = threading.Event()
        self.story_that_goes_on(lambda: approved.wait(120))
        started = self.start_in_background("--prompt", "get the tool")
        self.assertTrue(self.decided_once.wait(60))
        try:
            screen = self.terminal(200, 60)
            screen.line("botbottle dashboard; echo en''ded with $?")
            screen.wait_for(self.proposal)
            screen.type("a")
            screen.wait_for("builds another image for this bottle")
            screen.wait_for("y yes")
            screen.type("y")
            screen.wait_for(rf"{self.proposal} is approved\s*$", 60)  # on its last line
        finally:
            approved.set()
        screen.type("q")
        screen.wait_for("ended with 0")
        said, _ = started.communicate(timeout=60)
        self.assertIn("the tool is there", said)
        self.went_on()

    def test_a_launcher_that_does_not_come(self):
        """The agent goes on without it, and it ends nothing when it comes after all."""
        approved = threading.Event()
        self.story_that_goes_on(lambda: approved.wait(120))
        started = self.start_in_background("--prompt", "get the tool")
        self.assertTrue(self.decided_once.wait(60))
        os.kill(started.pid, signal.SIGSTOP)
        try:
            self.operator.approve(self.proposal, timeout=120)
        finally:
            approved.set()
            os.kill(started.pid, signal.SIGCONT)
        _, said = started.communicate(timeout=60)
        self.assertIn("was started again by another command", said)
        self.assertTrue(processes.wait_until(lambda: len(self.told) >= 4, 60), self.told)
        self.went_on()
        self.product.run("stop", self.metadata()["identity"])

    def test_not_when_more_has_changed(self):
        def approve():
            file = self.product.config / "bottles/dev.md"
            file.write_text(file.read_text().replace("supervise: true", "supervise: true\nenv:\n  A: b"))
            said = self.operator.approve(self.proposal, timeout=120)
            self.assertIn("more than its image has changed", said.stderr)
            self.assertIn("env A: new", said.stderr)
            self.assertEqual(self.metadata()["phase"], "running")
            self.assertEqual(self.metadata()["generation"], 1)
        self.story(approve)
        self.assertIn("image that was approved", self.metadata()["preserved_because"])


class ClaudeGoesOn(GoesOn, DockerClaudeCase):
    ready = "Claude Code"

    def last_call(self):
        return self.api.model_calls[-1].body.decode()

    def leave(self, screen):
        screen.keys("C-c", "C-c")


class BundledGoesOn(Bundled, ClaudeGoesOn):
    """What it did exists in the container alone, and is brought out of the one and into the other."""
    test_detached = test_from_the_dashboard = test_on_its_launchers_terminal = None
    test_a_launcher_that_does_not_come = test_not_when_more_has_changed = None


class CodexGoesOn(GoesOn, DockerCodexCase):
    block, check = "capability_block", "check_proposal"
    ready = "^› "
    test_not_when_more_has_changed = test_a_launcher_that_does_not_come = None  # no matter of the client's

    def present(self, shown):
        text = (self.product.prefix / "share/botbottle/images/Dockerfile.codex").read_text()
        self.assertIn(text.splitlines()[0], shown)
        return text

    def last_call(self):
        return json.dumps(self.api.calls[-1][1])

    def leave(self, screen):
        screen.wait_for("Worked for", 30)  # until then Ctrl-C interrupts the turn; afterwards it leaves
        screen.keys("C-c")


class KilledOnTheWay(ProposalCase):
    """kill -9 of the command that approves: what was decided holds, and what the agent did is kept."""

    def approve_and_die(self, fault):
        def decided(_result):
            if not self.killed:
                self.killed = True
                self.proposal = proposal_id(_result)
                died = self.product.run("supervise", "approve", self.proposal, "--yes", "--no-input", timeout=120,
                                        env={**self.product.environment, "BOTBOTTLE_FAULT": fault})
                self.assertEqual(died.returncode, -9, f"{fault}: {died.stderr}")
                self.after(fault)
            return Say("done")
        self.killed = False
        self.api.script = [Bash("echo kept > /workspace/mine.txt; " + PRESENT), self.propose, decided]
        self.start("--prompt", "get the tool")
        self.assertTrue(self.killed)
        metadata = self.metadata()
        self.assertEqual(metadata["phase"], "preserved", fault)
        self.assertEqual((pathlib.Path(metadata["workspace"]) / "mine.txt").read_text(), "kept\n")
        self.api.script = [*self.api.script[:2], Bash(NEW_TOOL), lambda result: self.told.append(result) or Say("done")]
        self.ok(self.product.run("resume", metadata["identity"], "--yes", "--prompt", "go on", timeout=90))
        self.assertIn("from-the-new-image", self.told[-1], fault)
        self.assertIn("kept", self.told[-1], fault)

    def after(self, fault):
        if fault == "image.built":
            self.assertEqual([p["state"] for p in self.operator.waiting()], ["half done"])
            self.operator.approve(self.proposal, "--later", timeout=120)
        elif fault == "relaunch.take-over":
            # Its door is closed: the agent would try for minutes.
            self.ok(self.product.run("stop", self.metadata()["identity"]))

    def test_when_it_was_built(self):
        self.approve_and_die("image.built")

    def test_before_anything_was_ended(self):
        self.approve_and_die("relaunch.take-over")

    def test_when_the_old_one_was_ended(self):
        self.approve_and_die("relaunch.end")

    def test_when_the_new_one_was_launched(self):
        self.approve_and_die("relaunch.launch")
