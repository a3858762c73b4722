"""The whole story with the real clients: denied, proposed, pending, decided, allowed, no restart."""

import json

from lib import claude, codex
from lib.anthropic import Bash, Say, Tool
from lib.supervise import ASK, HOST, Operator, proposal_id

FETCH = f"curl -sS https://{HOST}/releases"


class Story:
    """Mixed into a client's case. `told` is what the model saw, step for step."""

    def prepare(self):
        self.told = []
        self.operator = Operator(self.product)
        self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = "1"
        self.api.script = [Bash(FETCH), self.propose, self.look, self.repeat, self.end]
        from lib import servers

        def respond(_request, send):
            send(servers.answer(b"releases-of-the-day\n", "200 OK", "text/plain"))
        self.upstream = self.servers(servers.HttpServer(
            servers.listen("127.0.0.1"), respond, self.authority.context(HOST)))
        self.proxy.targets[(HOST, 443)] = ("127.0.0.1", self.upstream.port)
        file = self.product.config / "bottles/dev.md"
        text = file.read_text()
        file.write_text(text.replace("---\n", "---\nsupervise: true\n", 1))

    def propose(self, result):
        self.told.append(result)
        return Tool("supervise", self.block, ASK)

    def look(self, result):
        """The operator decides between the agent's two calls."""
        self.told.append(result)
        self.proposal = proposal_id(result)
        self.operator.approve(self.proposal, "--note", "go on")
        return Tool("supervise", self.check, {"proposal_id": self.proposal})

    def repeat(self, result):
        self.told.append(result)
        return Bash(FETCH)

    def end(self, result):
        self.told.append(result)
        return Say("done")

    block, check = "egress-block", "check-proposal"

    def test_denied_proposed_decided_allowed(self):
        self.prepare()
        self.ok(self.start("--prompt", "fetch the releases"))
        self.assertEqual(len(self.told), 4, self.told)
        denied, pending, decided, fetched = self.told
        self.assertIn("403", denied)
        self.assertIn("pending", pending)
        self.assertIn("approved", decided)
        self.assertIn("go on", decided)
        self.assertIn("releases-of-the-day", fetched)
        self.assertEqual(len(self.upstream.requests), 1)


class Claude(Story, claude.ClaudeCase):
    def test_it_lists_the_tools(self):
        self.prepare()
        self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = "0"
        self.api.script = [Tool("supervise", "list-egress-routes", {}), self.end]
        self.ok(self.start("--prompt", "what may you reach?"))
        hosts = [r["host"] for r in json.loads(self.told[0])["routes"]]
        self.assertIn("api.anthropic.com", hosts)


class Codex(Story, codex.CodexCase):
    # Names to this client have no dashes.
    block, check = "egress_block", "check_proposal"
