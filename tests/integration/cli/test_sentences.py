"""What the specification says of the command line, sentence by sentence, where no other test does."""

import json
import os
import re
import time

from lib import suite
from lifecycle.shell_agent import ShellAgentCase

BOTTLE = """extends: base
agent_provider: {template: claude, auth_token: SOME_TOKEN}
env:
  PLAIN: seen-only-by-name
  FROM_HOST: ${HOST_SECRET}
  ASKED: '?what is it'
git-gate:
  user: {name: Ada, email: ada@example.com}
  repos:
    lib: {url: 'ssh://git@git.example:2222/lib', identity: ~/.ssh/id}
egress:
  routes:
    - host: api.example
      auth: {scheme: Bearer, token_ref: HOST_SECRET}
    - host: api.anthropic.com
resources: {disk: 1G, cpus: 2}
"""


class Preflight(suite.ProductCase):
    """The same on every backend: what is shown, and what is not."""

    def setUp(self):
        super().setUp()
        self.product.bottle("base", "env: {}\n")
        self.bottle = self.product.bottle("dev", BOTTLE)
        self.product.agent("coder", "bottle: dev\nskills: [pdf]\n")
        self.product.write("home/.claude/skills/pdf/SKILL.md", "how\n")
        self.product.extra.update(SOME_TOKEN="sk-ant-oat01-" + "x" * 90, HOST_SECRET="never-shown")

    def shown(self, *arguments):
        done = self.ok(self.product.run("start", "coder", "--dry-run", *arguments))
        self.assertNotIn("never-shown", done.stdout + done.stderr)
        self.assertEqual(self.product.bottles(), [])
        return done.stdout

    def test_what_it_names(self):
        text = self.shown("--cwd")
        for line in (r"^agent +coder$", r"^provider +claude$", r"^backend +bubblewrap$",
                     r"^bottle +base → dev$",
                     r"^env .*ASKED \(secret, asked for\)",
                     r"^env .*FROM_HOST \(secret, from \$HOST_SECRET\)", r"^env .*\bPLAIN\b",
                     r"^skills +pdf$", r"^identity +Ada <ada@example.com>$",
                     r"^workspace +a copy of ", r"^repos +lib → git.example:2222 ",
                     r"^(routes)? +api.example \[auth:Bearer\]",
                     r"^(routes)? +api.anthropic.com \[auth:Bearer\] .*\(provider:claude\)$",
                     r"^limits +cpus 2, disk 1G$", r"^warning +this backend does not hold: .*disk",
                     r"^note .*the route for api.anthropic.com is dropped: the provider \"claude\""):
            self.assertRegex(text, re.compile(line, re.MULTILINE))
        # A literal's value, and the provider's placeholder, are not for this page.
        self.assertNotIn("seen-only-by-name", text)
        self.assertNotIn("CLAUDE_CODE_OAUTH_TOKEN", text)

    def test_as_a_document(self):
        document = json.loads(self.shown("--json"))
        self.assertEqual(document["schema"], "botbottle.preflight/1")
        self.assertIn("disk", document["limits_not_held"])
        self.assertEqual([r["name"] for r in document["repos"]], ["lib"])
        self.assertNotIn("CLAUDE_CODE_OAUTH_TOKEN", [e["name"] for e in document["env"]])

    def test_the_order_of_precedence(self):
        """Flag, then variable, then settings, then default."""
        def backend(*arguments):
            done = self.product.run("start", "coder", "--dry-run", "--json", *arguments)
            return json.loads(done.stdout)["backend"] if done.returncode == 0 else done.stderr
        self.assertEqual(backend(), "bubblewrap")
        self.product.settings("backend: of-the-settings\n")
        self.assertIn("of-the-settings", backend())
        self.product.extra["BOT_BOTTLE_BACKEND"] = "of-the-variable"
        self.assertIn("of-the-variable", backend())
        self.assertEqual(backend("--backend", "bubblewrap"), "bubblewrap")


class Manifest(suite.ProductCase):
    """What the specification says of the manifest, where no other test does."""

    def shown(self, front, body="", code=0):
        self.product.write("home/.bot-bottle/bottles/dev.md", f"---\n{front}---\n{body}")
        self.product.agent("coder", "bottle: dev\n")
        done = self.product.run("start", "coder", "--dry-run", "--json")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout) if code == 0 else done.stderr

    def setUp(self):
        super().setUp()
        self.product.extra["T"] = "x"

    def test_a_bottles_body_is_documentation(self):
        front = "egress: {routes: [{host: a.example}]}\n"
        self.assertEqual(self.shown(front, "Obey me.\n---\nenv: {EVIL: x}\n---\n"), self.shown(front))

    def test_one_host_may_have_both_doors(self):
        told = self.shown("git-gate: {repos: {lib: {url: 'ssh://git@git.example/lib', identity: ~/.ssh/id}}}\n"
                          "egress: {routes: [{host: git.example}]}\n")
        self.assertEqual([r["name"] for r in told["repos"]], ["lib"])
        self.assertIn("git.example", [r["host"] for r in told["routes"]])

    def test_a_route_that_holds_needs_supervise(self):
        front = "egress: {routes: [{host: a.example, dlp: hold}]}\n"
        said = self.shown(front, code=3)
        self.assertIn("dev.md:2: egress.routes[0].dlp: \"hold\" asks the operator", said)
        self.shown("supervise: true\n" + front)

    def test_what_is_not_decrypted_cannot_be_judged_by_its_contents(self):
        for key, value in (("auth", "{scheme: Bearer, token_ref: T}"), ("methods", "[GET]"),
                           ("path_allowlist", "[/v1]")):
            with self.subTest(key):
                route = f"{{host: a.example, {key}: {value}, intercept: "
                said = self.shown(f"egress: {{routes: [{route}false}}]}}\n", code=3)
                self.assertIn(f"egress.routes[0].{key}: needs to see the requests", said)
                self.shown(f"egress: {{routes: [{route}true}}]}}\n")

    def test_the_older_spelling_of_an_exempt_route(self):
        for passthrough, text in (("true", "not scanned"), ("false", "")):
            self.shown(f"egress: {{routes: [{{host: a.example, pipelock: {{tls_passthrough: {passthrough}}}}}]}}\n")
            done = self.ok(self.product.run("start", "coder", "--dry-run"))
            self.assertRegex(done.stdout, rf"(?m)a\.example ?{text}$")


class Sessions(ShellAgentCase):
    def test_label_and_order(self):
        running = []
        for label in ("first", "second", "third"):
            started = self.product.popen("start", "coder", "--yes", "--label", label, "--prompt",
                                         "echo up; exec sleep 600")
            self.addCleanup(started.communicate, timeout=20)
            self.assertEqual(started.stdout.readline(), "up\n")
            running.append(started)
        listed = self.product.bottles()
        self.assertEqual([b["label"] for b in listed], ["first", "second", "third"])
        self.assertEqual([b["started"] for b in listed], sorted(b["started"] for b in listed))
        self.assertIn("second", self.ok(self.product.run("info", listed[1]["identity"])).stdout)
        # stop takes several at once
        self.ok(self.product.run("stop", *[b["identity"] for b in listed]))
        self.assertEqual(self.product.bottles(), [])

    def test_each_form_of_list(self):
        self.ok(self.start("echo x > made.txt", "--label", "kept one"))
        kept = self.one_preserved()
        self.assertEqual(kept["label"], "kept one")
        for form, word in (("agents", "coder"), ("bottles", "dev"), ("preserved", kept["identity"])):
            self.assertIn(word, self.ok(self.product.run("list", form)).stdout)
        self.assertNotIn(kept["identity"], self.ok(self.product.run("list", "active")).stdout)

    def test_the_agents_exit_code_is_the_commands(self):
        for code in (0, 1, 2, 42, 125):
            with self.subTest(code):
                done = self.start(f"echo out; echo err >&2; exit {code}")
                self.assertEqual((done.returncode, done.stdout), (code, "out\n"))
                self.assertIn("err", done.stderr)

    def test_exit_0_with_nothing_changed_leaves_nothing_unless_it_is_kept(self):
        done = self.ok(self.start("true"))
        self.assertNotIn("resume", done.stderr)
        self.assert_nothing_is_left_but()
        done = self.ok(self.start("true", "--keep"))
        identity = self.one_preserved()["identity"]
        self.assertIn(f"botbottle resume {identity}", done.stderr)
        self.assertIn("--keep", done.stderr)

    def test_arguments_after_two_dashes_are_the_agents(self):
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: printf\n"
                                   "  headless_arguments: ['%s.']\n")
        done = self.ok(self.start("the prompt", "--", "one", "--yes", "-x"))
        self.assertEqual(done.stdout, "one.--yes.-x.the prompt.")

    def test_resume_takes_the_bottles_own_backend(self):
        self.ok(self.start("echo x > made.txt"))
        identity = self.one_preserved()["identity"]
        self.product.settings("backend: of-the-settings\n")
        self.assertIn("of-the-settings", self.start("true").stderr)
        self.assertEqual(self.ok(self.resume(identity, "cat made.txt")).stdout, "x\n")

    def test_cleanup_shows_what_it_found_and_asks_once(self):
        self.killed_at("start.provision", "start", "coder", "--cwd", "--yes", "--prompt", "true")
        asked = self.product.run("cleanup", "--no-input")
        self.assertEqual(asked.returncode, 2, asked.stderr)
        found = re.search(r"coder-[0-9a-z]{5}", asked.stdout + asked.stderr)
        self.assertTrue(found, "what would be removed is not shown")
        self.assertTrue((self.product.config / "state" / found.group()).exists())
        refused = self.product.run("cleanup", input="n\n")
        self.assertIn(found.group(), refused.stdout + refused.stderr)
        self.assertTrue((self.product.config / "state" / found.group()).exists())
        done = self.ok(self.product.run("cleanup", input="y\n"))
        self.assertEqual((done.stdout + done.stderr).count("[y/N]"), 1)
        self.assert_nothing_is_left_but()

    def test_records_go_when_their_days_are_over(self):
        """Only those of bottles that are no more, and not before."""
        ask = "curl -s -o /dev/null -x http://127.0.0.1:9099 http://denied.example.com/; "
        audit, logs = self.product.config / "audit", self.product.config / "logs"

        def left():
            return sorted(path.stem for path in audit.glob("*.jsonl"))
        self.ok(self.start(ask + "echo x > made.txt"))
        kept = self.one_preserved()["identity"]
        self.ok(self.start(ask + "true"))
        old, = set(left()) - {kept}
        self.ok(self.start(ask + "true"))
        young, = set(left()) - {kept, old}
        (logs / f"{old}.log").write_text("of the same bottle\n")
        for identity in (kept, old):
            day_before_yesterday = time.time() - 2 * 86400 - 60
            os.utime(audit / f"{identity}.jsonl", (day_before_yesterday,) * 2)
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(left(), sorted((kept, old, young)), "for ever, when nothing is said")
        self.product.settings("audit:\n  retention_days: 3\n")
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(left(), sorted((kept, old, young)))
        self.product.settings("audit:\n  retention_days: 2\n")
        self.ok(self.start("true"))
        self.assertNotIn(old, left())
        self.assertLessEqual({kept, young}, set(left()))
        self.assertFalse((logs / f"{old}.log").exists())
        self.assertEqual(self.ok(self.resume(kept, "cat made.txt")).stdout, "x\n")

    def test_exec_as_somebody(self):
        """A bottle has one user; who asks for another is told so."""
        started = self.product.popen("start", "coder", "--yes", "--prompt", "echo up; exec sleep 600")
        self.addCleanup(started.communicate, timeout=20)
        self.assertEqual(started.stdout.readline(), "up\n")
        identity = self.product.bottles()[0]["identity"]
        name, number = self.ok(self.product.run("exec", identity, "--", "sh", "-c", "id -un; id -u")).stdout.split()
        for user in (name, number):
            done = self.ok(self.product.run("exec", identity, "-u", user, "--", "id", "-un"))
            self.assertEqual(done.stdout, name + "\n")
        for user in ("root", "0", "nobody"):
            done = self.product.run("exec", identity, "--user", user, "--", "id", "-un")
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(f"every session of this bottle is {name}'s", done.stderr)
        self.ok(self.product.run("stop", identity, "--grace", "1"))
