"""The real Codex CLI, headless: with the host's ChatGPT login and with an API key."""

import base64
import json
import pathlib

from lib import agents, canary
from lib.codex import API, CHATGPT, KEY_VARIABLE, Bash, CodexCase, Say, new_login


class ChatGptTurn(CodexCase):
    script = (Bash("echo written-by-the-agent > from-agent.txt; cat brought.txt; "
                   "cp ~/.codex/auth.json guest-auth.json"),
              Say("the file is written"))

    def workspace(self):
        found = list((self.product.config / "state").glob("*/metadata.json"))
        self.assertEqual(len(found), 1, f"expected one bottle's state, found {found}")
        return pathlib.Path(json.loads(found[0].read_text())["workspace"])

    def test_tool_turn(self):
        self.product.write("work/brought.txt", "brought by the operator\n")
        result = self.ok(self.start("--prompt", "write the file about toucans"))
        self.assertEqual(self.events(result)[-1]["type"], "turn.completed")
        self.assertEqual(self.last_message(result), "the file is written")
        self.assertEqual((self.workspace() / "from-agent.txt").read_text(),
                         "written-by-the-agent\n")
        first, last = self.api.calls[0][1], self.api.calls[-1][1]
        self.assertIn("brought by the operator", json.dumps(last))
        self.assertIn("about toucans", json.dumps(first))
        self.assertIn("your word is heron", json.dumps(first))

    def test_credential_is_put_on_outside_and_nothing_else_is_asked_for(self):
        self.ok(self.start("--prompt", "write the file"))
        token = self.login["tokens"]["access_token"]
        self.assertGreaterEqual(len(self.api.model_calls), 2)
        for request in self.api.requests:
            self.assertEqual(request.header("authorization"), f"Bearer {token}", request.target)
        self.assertEqual(set(self.proxy.asked), {(CHATGPT, 443)})
        targets = {r.target.split("?")[0] for r in self.api.requests}
        self.assertFalse([t for t in targets if "analytics" in t or "otlp" in t or "plugins" in t],
                         targets)

    def test_bodies_are_compressed_and_pass(self):
        self.ok(self.start("--prompt", "write the file"))
        posts = [r for r in self.api.model_calls if r.method == "POST"]
        self.assertEqual({r.header("content-encoding") for r in posts}, {"zstd"})

    def test_nothing_of_the_login_is_in_the_bottle(self):
        self.ok(self.start("--prompt", "write the file"))
        guest = (self.workspace() / "guest-auth.json").read_text()
        tokens = self.login["tokens"]
        for name in ("id_token", "access_token", "refresh_token"):
            self.assertNotIn(tokens[name], guest)
        document = json.loads(guest)
        self.assertEqual(document["tokens"]["account_id"], tokens["account_id"])
        payload = document["tokens"]["id_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        self.assertEqual(claims["email"], "bot-bottle@example.invalid")
        needles = {}
        for name in ("access_token", "refresh_token", "id_token"):
            needles.update(canary.spellings(name, tokens[name]))
        found = canary.in_files(self.product.config, needles)
        self.assertEqual(found, [])

    def test_the_package_that_users_have(self):
        self.product.path[0] = str(agents.codex_package())
        result = self.ok(self.start("--prompt", "write the file"))
        self.assertEqual(self.last_message(result), "the file is written")

    def test_no_copy_of_itself_and_no_process_remains(self):
        self.script = (Bash("true"),)
        self.ok(self.start("--prompt", "write the file", "--keep"))
        state = next((self.product.config / "state").iterdir())
        size = sum(f.stat().st_size for f in state.rglob("*") if f.is_file())
        self.assertLess(size, 50_000_000)


class ApiKeyTurn(CodexCase):
    provider = f"auth_token: {KEY_VARIABLE}"
    script = (Bash("echo one"), Say("done with a key"))

    def setUp(self):
        super().setUp()
        self.key = "sk-proj-" + "k3y" * 30
        self.product.extra[KEY_VARIABLE] = self.key

    def test_tool_turn(self):
        result = self.ok(self.start("--prompt", "say it"))
        self.assertEqual(self.last_message(result), "done with a key")
        self.assertLessEqual(set(self.proxy.asked), {(API, 443), (CHATGPT, 443)})
        for request in self.api.requests:
            if request.server_name == API:
                self.assertEqual(request.header("authorization"), f"Bearer {self.key}")
            else:  # the list of models
                self.assertEqual(request.target.split("?")[0], "/backend-api/codex/models")
                self.assertEqual(request.header("authorization"), "")


class Refusals(CodexCase):
    """What is said when the host's login cannot be used; nothing is started."""

    def refused(self, reason):
        result = self.start("--prompt", "hello")
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn(reason, result.stderr)
        self.assertIn("codex login --device-auth", result.stderr)
        self.assertEqual(self.proxy.asked, [])

    def test_missing(self):
        (self.product.home / ".codex/auth.json").unlink()
        self.refused(".codex/auth.json does not exist")

    def test_expired(self):
        self.write_login(new_login(seconds=-60))
        self.refused("tokens.access_token that expired at 2")

    def test_api_key_login(self):
        self.write_login({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-something"})
        self.refused("is an API-key login")

    def test_codex_home_of_the_host(self):
        elsewhere = self.product.write("elsewhere/auth.json", "not JSON at all")
        self.product.extra["CODEX_HOME"] = str(elsewhere.parent)
        self.refused(f"{elsewhere} is not JSON")
