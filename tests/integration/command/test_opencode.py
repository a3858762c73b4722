"""An agent without a plugin of its own, by settings alone: the real opencode, in a turn with a tool."""

import json
import pathlib
import tempfile

from lib import agents, certificates, servers, suite
from lib.chat_completions import ChatCompletions
from lib.anthropic import Bash, Say
from lib.upstream_proxy import UpstreamProxy

API = "models.example.com"
KEY_VARIABLE = "BOTBOTTLE_TEST_KEY"

CONFIG = {"autoupdate": False, "share": "disabled", "permission": "allow", "model": "own/m1",
          "small_model": "own/m1", "enabled_providers": ["own"],
          "provider": {"own": {"npm": "@ai-sdk/openai-compatible", "name": "own",
                               "options": {"baseURL": f"https://{API}/v1",
                                           "apiKey": "{env:OWN_KEY}"},
                               "models": {"m1": {"name": "m1"}}}}}


class OpenCode(suite.ProductCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="bb-api-")
        self.addCleanup(folder.cleanup)
        authority = certificates.Authority(folder.name)
        certificate = self.product.write("authority.pem", authority.certificate.read_text())
        self.api = ChatCompletions(
            servers.listen("127.0.0.1"), authority.context(API),
            (Bash("echo written-by-opencode > from-agent.txt"), Say("the file is there")))
        self.proxy = UpstreamProxy({(API, 443): ("127.0.0.1", self.api.port)})
        self.servers(self.api, self.proxy)
        self.product.settings(f"egress:\n  upstream_proxy: {self.proxy.url}\n"
                              f"  upstream_ca: {certificate}\n")
        self.key = "key-" + "0123456789abcdef" * 3
        self.product.extra[KEY_VARIABLE] = self.key
        self.product.agent("coder", "bottle: dev\n", "Your word is wren.\n")
        self.bottle()

    def bottle(self, more=""):
        config = json.dumps(CONFIG).replace("'", "''")
        self.product.bottle("dev", f"""agent_provider:
  template: command
  command: opencode
  headless_arguments: [run]
  prompt_mode: separated
  resume_arguments: [--continue]
  instructions_file: .config/opencode/AGENTS.md
  env:
    - 'OPENCODE_CONFIG_CONTENT={config}'
    - OPENCODE_DISABLE_AUTOUPDATE=1
    - OPENCODE_DISABLE_MODELS_FETCH=1
    - OPENCODE_DISABLE_LSP_DOWNLOAD=1
  routes: [{API}/v1/chat/completions]
  auth_token: {KEY_VARIABLE}
  auth_env: OWN_KEY
{more}""")

    def test_tool_turn(self):
        self.product.path.insert(0, str(agents.opencode_platform()))
        result = self.ok(self.product.run("start", "coder", "--cwd", "--yes", "--prompt",
                                          "write the file about finches", timeout=90))
        self.assertIn("the file is there", result.stdout)
        state = next((self.product.config / "state").glob("*/metadata.json"))
        workspace = pathlib.Path(json.loads(state.read_text())["workspace"])
        self.assertEqual((workspace / "from-agent.txt").read_text(), "written-by-opencode\n")
        self.assertEqual({r.header("authorization") for r in self.api.requests},
                         {f"Bearer {self.key}"})
        self.assertTrue(any(b"about finches" in r.body and b"word is wren" in r.body
                            for r in self.api.requests))
        self.assertEqual(set(self.proxy.asked), {(API, 443)})

    def test_bad_settings_say_what_is_allowed(self):
        self.product.path.insert(0, str(agents.opencode_platform()))
        for more, words in (("  prompt_option: -p\n", "prompt_option: it and prompt_mode: option"),
                            ("  voice: loud\n", 'unknown key "voice"'),
                            ("  arguments: yes\n", "expected a list of strings")):
            with self.subTest(more):
                self.bottle(more)
                result = self.product.run("start", "coder", "--yes", "--prompt", "x")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(words, result.stderr)
