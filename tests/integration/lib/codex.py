"""A test that drives the real Codex CLI: the played API, the proxy to it, a bottle, an agent."""

import json
import os
import secrets
import tempfile
import time

from . import agents, certificates, servers, suite
from .anthropic import Bash, Say
from .openai import OpenAi, jwt
from .upstream_proxy import UpstreamProxy

CHATGPT, API = "chatgpt.com", "api.openai.com"
KEY_VARIABLE = "BOTBOTTLE_TEST_KEY"
AUTH_CLAIM = "https://api.openai.com/auth"


def new_login(seconds=3600, account="acct-0123456789abcdef"):
    """An auth.json as the host's codex writes it; every token is nowhere else in the world."""
    own = {"chatgpt_account_id": account, "chatgpt_plan_type": "pro",
           "chatgpt_user_id": "user-" + secrets.token_hex(8)}
    claims = {"exp": int(time.time()) + seconds, "jti": secrets.token_hex(16), AUTH_CLAIM: own}
    return {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "last_refresh": "2026-11-01T00:00:00Z",
            "tokens": {"id_token": jwt({**claims, "email": "operator@private.example"}),
                       "access_token": jwt(claims), "refresh_token": "rt_" + secrets.token_hex(24),
                       "account_id": account}}


class CodexCase(suite.AgentCase):
    script = (Say("hello from the played model"),)
    agent_prompt = "You are the agent of a test, and your word is heron.\n"
    provider = "forward_host_credentials: true"
    speaks_websocket = False

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="bb-api-")
        self.addCleanup(folder.cleanup)
        self.authority = certificates.Authority(folder.name)
        certificate = self.product.write("authority.pem", self.authority.certificate.read_text())
        self.login = new_login()
        self.api = OpenAi(servers.listen("127.0.0.1"), self.authority.context(CHATGPT, API),
                          self.script, self.login["tokens"]["account_id"], self.speaks_websocket)
        target = ("127.0.0.1", self.api.port)
        self.proxy = UpstreamProxy({(CHATGPT, 443): target, (API, 443): target})
        self.servers(self.api, self.proxy)
        self.product.settings(f"egress:\n  upstream_proxy: {self.proxy.url}\n"
                              f"  upstream_ca: {certificate}\n")
        self.product.bottle("dev", "agent_provider:\n  template: codex\n  " + self.provider + "\n")
        self.product.agent("coder", "bottle: dev\n", self.agent_prompt)
        self.product.path.insert(0, str(agents.codex_platform()))
        self.write_login(self.login)

    def write_login(self, login):
        """As the host's codex does it: another file takes the place of the old one."""
        made = self.product.write("home/.codex/auth.json.new", json.dumps(login))
        os.replace(made, made.with_suffix(""))

    def last_message(self, result):
        said = [e["item"]["text"] for e in self.events(result)
                if e["type"] == "item.completed" and e["item"]["type"] == "agent_message"]
        return said[-1] if said else None


__all__ = ["API", "AUTH_CLAIM", "Bash", "CHATGPT", "CodexCase", "KEY_VARIABLE", "Say", "jwt",
           "new_login"]
