"""The real Codex in a container: with the host's login, over events and over a WebSocket, and with a key."""

import json

from lib.codex import KEY_VARIABLE, Bash, Say
from lib.terminal import Terminal

from .harness import DockerCodexCase


class TurnCase(DockerCodexCase):
    script = (Bash("id -u > from-agent.txt"), Say("the file is written"))

    def turn(self):
        result = self.ok(self.start("--prompt", "write the file about storks"))
        self.assertEqual(self.last_message(result), "the file is written")
        kept = json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)["bottles"]
        self.assertIn("from-agent.txt",
                      self.ok(self.product.run("diff", kept[0]["identity"])).stdout)
        return kept[0]["identity"]

    def goes_on(self, identity):
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "once more", timeout=90))
        self.assertIn("about storks", json.dumps(self.api.calls[-1][1]))


class WithALogin(TurnCase):
    def test_turn_and_resume(self):
        identity = self.turn()
        token = self.login["tokens"]["access_token"]
        self.assertEqual({r.header("authorization") for r in self.api.requests}, {f"Bearer {token}"})
        self.goes_on(identity)
        self.assertEqual({transport for transport, _ in self.api.calls}, {"sse"})


class OverWebSocket(TurnCase):
    speaks_websocket = True

    def test_turn_and_resume(self):
        self.goes_on(self.turn())
        self.assertEqual({transport for transport, _ in self.api.calls}, {"websocket"})


class WithAKey(TurnCase):
    provider = f"auth_token: {KEY_VARIABLE}"

    def setUp(self):
        super().setUp()
        self.product.extra[KEY_VARIABLE] = "sk-proj-" + "k3y" * 30

    def test_turn_and_resume(self):
        self.goes_on(self.turn())


class TheStockImage(WithAKey):
    """Dockerfile.codex as it is, without a build argument: on what this engine has as its base. The steps
    that bring in packages find them there, as no registry can be asked."""

    def setUp(self):
        super().setUp()
        self.engine.ask("POST", f"/images/{self.product.extra.pop('BOTBOTTLE_DOCKER_BASE')}/tag?repo=node&tag=22-slim")
        self.addCleanup(self.engine.ask, "DELETE", "/images/node:22-slim?noprune=1")

    def test_turn_and_resume(self):
        result = self.ok(self.start("--prompt", "write the file about storks"))
        self.assertIn("Dockerfile.codex", result.stderr)
        self.assertEqual(self.last_message(result), "the file is written")


class OnATerminal(DockerCodexCase):
    script = (Bash("echo from-the-terminal > told.txt"), Say("the heron has landed"))

    def test_turn_and_clean_end(self):
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line(f"cd {self.product.work}; clear; botbottle start coder --cwd --yes; echo en''ded with $?")
        screen.wait_for(r"^› ", 60)
        screen.type("say where the heron is")
        screen.wait_for("say where the heron is")
        screen.keys("Enter")
        screen.wait_for("the heron has landed", 30)
        screen.wait_for("Worked for", 30)  # until then Ctrl-C interrupts the turn; afterwards it leaves
        screen.keys("C-c")
        screen.wait_for(r"ended with \d+", 30)
        kept = json.loads(self.ok(self.product.run("list", "preserved", "--json")).stdout)["bottles"]
        self.assertIn("told.txt", self.ok(self.product.run("diff", kept[0]["identity"])).stdout)
        self.assertEqual({host for host, _ in self.proxy.asked}, {"chatgpt.com"})


class OnATerminalOverWebSocket(OnATerminal):
    speaks_websocket = True
