"""A test that drives the real Claude Code CLI: the played API, the proxy to it, a bottle, an agent."""

import secrets
import string
import tempfile

from . import agents, certificates, servers, suite
from .anthropic import Anthropic, Bash, Say
from .upstream_proxy import UpstreamProxy

TOKEN_VARIABLE = "BOTBOTTLE_TEST_TOKEN"
API = "api.anthropic.com"


def new_token():
    """Of the shape and length of a real OAuth token, and nowhere else in the world."""
    letters = string.ascii_letters + string.digits
    return "sk-ant-oat01-" + "".join(secrets.choice(letters) for _ in range(95))


class ClaudeCase(suite.AgentCase):
    script = (Say("hello from the played model"),)
    agent_prompt = "You are the agent of a test, and your word is pelican.\n"

    def setUp(self):
        super().setUp()
        self.token = new_token()
        folder = tempfile.TemporaryDirectory(prefix="bb-api-")
        self.addCleanup(folder.cleanup)
        self.authority = certificates.Authority(folder.name)
        certificate = self.product.write("authority.pem", self.authority.certificate.read_text())
        self.api = Anthropic(servers.listen("127.0.0.1"), self.authority.context(API), self.script)
        self.proxy = UpstreamProxy({(API, 443): ("127.0.0.1", self.api.port)})
        self.servers(self.api, self.proxy)
        self.product.settings(f"egress:\n  upstream_proxy: {self.proxy.url}\n"
                              f"  upstream_ca: {certificate}\n")
        self.product.bottle("dev", "agent_provider:\n  template: claude\n"
                                   f"  auth_token: {TOKEN_VARIABLE}\n")
        self.product.agent("coder", "bottle: dev\n", self.agent_prompt)
        self.product.extra[TOKEN_VARIABLE] = self.token
        self.product.path.insert(0, str(agents.claude_platform()))


__all__ = ["API", "Bash", "ClaudeCase", "Say", "TOKEN_VARIABLE", "new_token"]
