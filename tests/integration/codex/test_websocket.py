"""The same turn over a WebSocket, which the client tries first."""

import json

from lib.codex import Bash, CodexCase, Say


class OverWebSocket(CodexCase):
    script = (Bash("echo one > over-websocket.txt"), Say("done over a socket"))
    speaks_websocket = True

    def test_tool_turn(self):
        result = self.ok(self.start("--prompt", "say it about storks"))
        self.assertEqual(self.last_message(result), "done over a socket")
        rules = [json.loads(line).get("rule")
                 for file in (self.product.config / "audit").iterdir()
                 for line in file.read_text().splitlines()]
        self.assertNotIn("upgrade_refused", rules)
        self.assertEqual({transport for transport, _ in self.api.calls}, {"websocket"})
        upgrade = [r for r in self.api.requests if r.header("upgrade")][0]
        self.assertEqual(upgrade.header("authorization"),
                         f"Bearer {self.login['tokens']['access_token']}")
        # The tool's output went back in a message of the same socket.
        sent = [item.get("type", "") for call in self.api.websocket_messages
                for item in call.get("input", [])]
        self.assertTrue(any(kind.endswith("_call_output") for kind in sent), sent)

    def test_the_conversation_goes_on(self):
        self.api.script = [Say("noted")]
        self.ok(self.start("--keep", "--prompt", "the word is ostrich"))
        identity = json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)[
            "bottles"][0]["identity"]
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "which word", timeout=90))
        self.assertEqual({transport for transport, _ in self.api.calls}, {"websocket"})
        asked = json.dumps(self.api.calls[-1][1])
        self.assertIn("the word is ostrich", asked)
        self.assertIn("which word", asked)


class ServerWithoutWebSocket(CodexCase):
    """The server says 426; the client goes on with POST and events, and nothing is lost."""
    script = (Bash("echo one"), Say("done by events"))

    def test_tool_turn(self):
        result = self.ok(self.start("--prompt", "say it about storks"))
        self.assertEqual(self.last_message(result), "done by events")
        self.assertEqual({transport for transport, _ in self.api.calls}, {"sse"})
        self.assertTrue([r for r in self.api.requests if r.header("upgrade")], "it was not tried")
