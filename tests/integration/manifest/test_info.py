"""`info`: everything that a bottle and an agent say, and where each value was written."""

import json

from lib import suite

BASE = """env:
  A: from the base
git-gate:
  user: {name: Ada, email: ada@example.com}
resources: {cpus: 2, memory: 4G}
"""
DEV = """extends: base
agent_provider:
  template: claude
  auth_token: NOT_SET_ANYWHERE
git-gate:
  user: {email: dev@example.com}
egress:
  routes:
    - host: api.example
      auth: {scheme: Bearer, token_ref: NOT_SET_EITHER}
workspace:
  exclude: ['*.o']
"""


class Info(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.base = self.product.bottle("base", BASE)
        self.dev = self.product.bottle("dev", DEV)
        self.coder = self.product.agent("coder", "bottle: dev\ngit-gate: {user: {name: Eve}}\n")

    def values(self, name):
        told = json.loads(self.ok(self.product.run("info", name, "--json")).stdout)
        return told, [(v["key"], v["value"], v["from"]) for v in told["values"]]

    def test_bottle(self):
        told, values = self.values("dev")
        self.assertEqual((told["kind"], told["bottle_chain"]), ("bottle", ["base", "dev"]))
        expected = [("agent_provider.template", "claude", f"{self.dev}:4"),
                    ("agent_provider.auth_token", "NOT_SET_ANYWHERE", f"{self.dev}:5"),
                    ("env.A", "from the base", f"{self.base}:3"),
                    ("git-gate.user.name", "Ada", f"{self.base}:5"),
                    ("git-gate.user.email", "dev@example.com", f"{self.dev}:7"),
                    ("egress.routes", "api.example:443 [Bearer from $NOT_SET_EITHER]",
                     f"{self.dev}:10"),
                    ("supervise", "false", "default"),
                    ("resources.cpus", "2", f"{self.base}:6"),
                    ("resources.memory", "4G", f"{self.base}:6"),
                    ("workspace.mode", "copy", "default"),
                    ("workspace.exclude", "*.o", f"{self.dev}:13")]
        self.assertEqual(values, expected)
        text = self.ok(self.product.run("info", "dev")).stdout
        for key, value, where in expected:
            self.assertTrue(any(key in line and value in line and line.rstrip().endswith(where)
                                for line in text.splitlines()), (key, text))

    def test_agent_whose_variables_are_not_set(self):
        done = self.ok(self.product.run("info", "coder"))
        for word in ("NOT_SET_ANYWHERE is not set", "NOT_SET_EITHER is not set",
                     "Eve <dev@example.com>", "api.anthropic.com", f"{self.coder}:3"):
            self.assertIn(word, done.stdout)
        told, values = self.values("coder")
        self.assertEqual(values[0], ("bottle", "dev", f"{self.coder}:2"))
        self.assertEqual(len(told["plan"]["warnings"]), 2)
        # A start says the same, as an error.
        self.assertEqual(self.product.run("start", "coder", "--yes").returncode, 125)

    def test_agent_whose_login_is_missing(self):
        self.product.bottle("dev", "agent_provider: {template: codex, forward_host_credentials: true}\n")
        done = self.ok(self.product.run("info", "coder"))
        self.assertIn("it would not start", done.stderr)
        self.assertIn("codex login --device-auth", done.stderr)
        self.assertIn("agent_provider.forward_host_credentials", done.stdout)

    def test_what_is_written_wrong_is_an_error(self):
        self.product.bottle("dev", "agent_provider: {template: codex, auth_tokn: X}\n")
        done = self.product.run("info", "coder")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('did you mean "auth_token"', done.stderr)
        self.product.bottle("dev", "agent_provider: {template: codex, auth_token: X, "
                                   "forward_host_credentials: true}\n")
        done = self.product.run("info", "coder")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("not together with", done.stderr)
