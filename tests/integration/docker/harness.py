"""A test whose bottles are containers of the tests' own engine."""

from lib import canary, processes, suite
from lib.claude import ClaudeCase
from lib.codex import CodexCase


class OnDocker:
    """Before ProductCase or one that is made of it."""

    def choose_backend(self):
        super().choose_backend()
        self.engine = self.find_engine()
        self.product.extra.update(self.engine.environment)
        self.product.extra["BOT_BOTTLE_BACKEND"] = "docker"
        self.addCleanup(self._no_container_left)

    def find_engine(self):
        return suite.engine()

    def _no_container_left(self):
        # The engine removes what has ended in its own time.
        left = processes.wait_until(lambda: not self.containers(), 10, 0.1)
        if not left:
            found = self.containers()
            for container in found:
                self.engine.ask("DELETE", f"/containers/{container['Id']}?force=1&v=1")
            self.fail(f"containers were left: {found}")

    def containers(self):
        """Those that carry our labels."""
        return [c for c in self.engine.containers() if "dev.botbottle.identity" in c["Labels"]]

    def container(self):
        found = self.containers()
        self.assertEqual(len(found), 1, found)
        return self.engine.ask("GET", f"/containers/{found[0]['Id']}/json")


class DockerCase(OnDocker, suite.ProductCase):
    pass


class DockerClaudeCase(OnDocker, ClaudeCase):
    def setUp(self):
        super().setUp()
        # The agent comes from the image: none of the host's is needed.
        self.product.path.pop(0)


class DockerCodexCase(OnDocker, CodexCase):
    def setUp(self):
        super().setUp()
        self.product.path.pop(0)


__all__ = ["DockerCase", "DockerClaudeCase", "DockerCodexCase", "canary"]
