"""A login that the host renews is used by bottles that run; one that expires says what to do."""

import json

from lib import processes
from lib.codex import Bash, CodexCase, Say, new_login


class Renewal(CodexCase):
    """The agent waits in the middle of a turn, between two model calls, until the test lets it go on."""
    # The client waits ten seconds for a command, and asks the model again then.
    script = (*[Bash("touch waiting; until [ -e go-on ]; do sleep 0.05; done")] * 4, Say("went on"))
    seconds = 3600

    def setUp(self):
        super().setUp()
        self.login = new_login(self.seconds)
        self.write_login(self.login)
        self.started = self.product.popen("start", "coder", "--cwd", "--yes", "--prompt", "wait")
        self.addCleanup(self.end)
        self.workspace = self.wait_for_turn()

    def wait_for_turn(self):
        def waiting():
            found = self.product.in_state("waiting")
            return found[0].parent if found else None
        found = processes.wait_until(waiting, 30)
        self.assertTrue(found, "the agent never began to wait")
        return found

    def end(self):
        if self.started.poll() is None:
            self.started.kill()
        self.started.communicate(timeout=30)
        for bottle in self.product.bottles():
            self.product.run("stop", bottle["identity"])

    def go_on(self):
        target = self.workspace / "go-on"
        target.touch()
        self.product.account.own(target)
        return self.started.communicate(timeout=60)

    def events_of_the_warden(self):
        return [json.loads(line).get("event") for file in (self.product.config / "audit").iterdir()
                for line in file.read_text().splitlines()]

    def wait_for_event(self, name):
        self.assertTrue(processes.wait_until(lambda: name in self.events_of_the_warden(), 20),
                        f"there was no {name}: {self.events_of_the_warden()}")


class Renewed(Renewal):
    def test_the_next_request_has_the_new_token(self):
        old = self.login["tokens"]["access_token"]
        renewed = new_login()
        self.write_login(renewed)
        self.wait_for_event("secret_renewed")
        out, err = self.go_on()
        self.assertEqual(self.started.returncode, 0, err)
        bearers = [r.header("authorization") for r in self.api.model_calls if r.method == "POST"]
        self.assertEqual(bearers[0], f"Bearer {old}")
        self.assertEqual(bearers[-1], f"Bearer {renewed['tokens']['access_token']}")

    def test_what_is_no_newer_login_changes_nothing(self):
        old = self.login["tokens"]["access_token"]
        path = self.product.home / ".codex/auth.json"
        path.write_text("{half a fi")
        self.write_login(new_login(seconds=-5))
        self.write_login({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-x"})
        path.unlink()
        _, err = self.go_on()
        self.assertEqual(self.started.returncode, 0, err)
        self.assertEqual({r.header("authorization") for r in self.api.model_calls},
                         {f"Bearer {old}"})
        self.assertNotIn("secret_renewed", self.events_of_the_warden())


class Expired(Renewal):
    seconds = 8

    def test_denial_names_the_host_command_and_a_new_login_mends_it(self):
        self.wait_for_event("secret_expired")
        identity = self.product.bottles()[0]["identity"]
        ask = ("curl -sS -w '%{http_code}' "
               "https://chatgpt.com/backend-api/wham/accounts/check")
        denied = self.product.run("exec", identity, "--", "sh", "-c", ask).stdout
        self.assertIn("codex login --device-auth", denied)
        self.assertIn('"rule":"credential_expired"', denied)
        self.assertTrue(denied.endswith("403"), denied)
        renewed = new_login()
        self.write_login(renewed)
        self.wait_for_event("secret_renewed")
        _, err = self.go_on()
        self.assertEqual(self.started.returncode, 0, err)
        self.assertEqual(self.api.model_calls[-1].header("authorization"),
                         f"Bearer {renewed['tokens']['access_token']}")
        # What the bottle's own copy of the login says of its end was no reason to ask elsewhere.
        self.assertNotIn("auth.openai.com", {host for host, _ in self.proxy.asked})
