"""An image that the agent asks for: built by the operator's yes, and the bottle's when it is resumed."""

import pathlib

from lib.claude import Bash, Say
from lib.anthropic import Tool
from lib.supervise import Operator, proposal_id

from .harness import DockerClaudeCase

ADDED = "RUN echo from-the-new-image > /usr/local/share/new-tool\n"
PRESENT = ("python3 -c 'import urllib.request as r; "
           "print(r.urlopen(\"http://127.0.0.1:9100/dockerfile\").read().decode())'")
NEW_TOOL = "cat /usr/local/share/new-tool; cat /workspace/mine.txt"


class Proposal(DockerClaudeCase):
    def setUp(self):
        super().setUp()
        self.operator = Operator(self.product)
        self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = "1"
        file = self.product.config / "bottles/dev.md"
        file.write_text(file.read_text().replace("---\n", "---\nsupervise: true\n", 1))
        self.told = []
        self.addition = ADDED

    def propose(self, dockerfile):
        self.assertIn("FROM", dockerfile)
        self.asked = dockerfile + "\n" + self.addition
        return Tool("supervise", "capability-block", {
            "dockerfile": self.asked, "justification": "the task needs the new tool"})

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
            self.assertIn("+" + ADDED.strip(), shown["delta"])
            self.assertIn("engine's network", " ".join(shown["delta"]))
            approved = self.operator.approve(self.proposal, timeout=120)
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
            self.operator.call("edit", self.proposal, "--payload", str(payload), "--yes", timeout=120)
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
