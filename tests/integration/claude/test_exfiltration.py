"""The API's host is open, but not for another account, and not for more than a turn needs."""

from lib.claude import API, ClaudeCase
from lib.exfiltration import Exfiltration


class ThroughTheApi(Exfiltration, ClaudeCase):
    def setUp(self):
        super().setUp()
        self.ok(self.start("--detach"))
        self.identity = self.product.wait_for_bottles()[0]["identity"]
        self.addCleanup(self.product.run, "stop", self.identity)

    def test_foreign_credentials(self):
        self.no_foreign_credential_arrives(API, "/v1/messages",
                                           ("authorization", f"Bearer {self.token}"))

    def test_other_paths(self):
        self.closed(API, [("POST", "/v1/files"), ("GET", "/v1/files/file_1/content"),
                          ("POST", "/v1/messagesX"), ("POST", "/v1/messages/../files"),
                          ("POST", "/v1/messages/%2e%2e/files"), ("POST", "/v1/messages%2f..%2ffiles"),
                          ("POST", "//v1/files"), ("GET", "/api/oauth/profile"),
                          ("POST", "/api/event_logging/v2/batch"),
                          ("POST", "/v1/organizations/invites"), ("GET", "/v1/models")])
