"""ChatGPT's host is open, but not for another account, and not for more than a turn needs."""

from lib.codex import CHATGPT, CodexCase
from lib.exfiltration import Exfiltration


class ThroughChatGpt(Exfiltration, CodexCase):
    def setUp(self):
        super().setUp()
        self.ok(self.start("--detach"))
        self.identity = self.product.wait_for_bottles()[0]["identity"]
        self.addCleanup(self.product.run, "stop", self.identity)

    def test_foreign_credentials(self):
        token = self.login["tokens"]["access_token"]
        self.no_foreign_credential_arrives(CHATGPT, "/backend-api/codex/responses",
                                           ("authorization", f"Bearer {token}"))

    def test_other_paths(self):
        self.closed(CHATGPT, [("POST", "/backend-api/files"), ("POST", "/backend-api/conversation"),
                              ("POST", "/backend-api/wham/tasks"), ("GET", "/backend-api/me"),
                              ("POST", "/backend-api/codex/analytics-events/events"),
                              ("POST", "/backend-api/codex/responses/../../files"),
                              ("POST", "/backend-api/codex/responses%2f..%2f..%2ffiles"),
                              ("POST", "/backend-api/codex/responsesX"), ("GET", "/")])
