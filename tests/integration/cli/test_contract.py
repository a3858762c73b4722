"""Exit codes, JSON, prompts, messages: what scripts rely on."""

import json
import os
import re

from lib import suite

NO_USER_NAMESPACES = ["/usr/bin/python3", suite.__file__.replace("suite.py", "no_user_namespaces.py")]

# A machine without bubblewrap: in a mount namespace of its own, its program is no program.
NO_BUBBLEWRAP = ["unshare", "--mount", "sh", "-c",
                 'mount --bind /dev/null /usr/bin/bwrap && exec "$@"', "sh"]

COMMANDS = ["start", "resume", "run", "attach", "exec", "list", "info", "logs", "stop", "diff", "apply",
            "cleanup", "doctor", "config", "plugin", "egress", "supervise", "audit", "init", "edit", "migrate", "demo",
            "dashboard"]


class Usage(suite.ProductCase):
    def test_every_command_has_help_with_an_example(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                done = self.ok(self.product.run(command, "--help"))
                self.assertIn(f"botbottle {command}", done.stdout)
                self.assertRegex(done.stdout, "(?i)example")

    def test_help_and_version_go_to_stdout(self):
        for option in ("--help", "--version"):
            done = self.ok(self.product.run(option))
            self.assertTrue(done.stdout)
            self.assertEqual(done.stderr, "")

    def test_wrong_usage_is_2(self):
        for arguments in (["no-such-command"], ["run"], ["list", "--no-such-option"], ["exec"],
                          ["stop"], ["list", "nothing-of-that-kind"]):
            with self.subTest(arguments=arguments):
                done = self.product.run(*arguments)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertEqual(done.stdout, "")
                self.assertTrue(done.stderr)


class Manifests(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.product.agent("coder", "bottle: dev\n")

    def refused(self, *words):
        done = self.product.run("start", "coder", "--dry-run")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertIn("botbottle: error:", done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_unknown_key_with_the_nearest_one(self):
        self.product.bottle("dev", "egres:\n  routes: []\n")
        self.refused("dev.md", "egres", "did you mean", "egress")

    def test_wrong_type_names_line_and_path(self):
        self.product.bottle("dev", "egress:\n  routes:\n    - host: a.example.com\n      ports: 443\n")
        self.refused("dev.md:5", "ports")

    def test_missing_bottle(self):
        self.refused("dev")

    def test_missing_agent(self):
        done = self.product.run("start", "nobody", "--dry-run")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("nobody", done.stderr)
        self.assertIn("coder", done.stderr, "the agents that there are should be named")

    def test_a_repository_grants_itself_nothing(self):
        self.product.bottle("dev", "env: {}\n")
        self.product.write("work/.bot-bottle/bottles/dev.md",
                           "---\negress:\n  routes:\n    - host: evil.example.com\n---\n")
        done = self.product.run("start", "coder", "--dry-run")
        self.assertNotIn("evil.example.com", done.stdout)
        self.assertIn("warning", done.stderr)

    def test_broken_settings(self):
        self.product.bottle("dev", "env: {}\n")
        self.product.settings("backnd: auto\n")
        self.refused("settings.yaml", "backnd")

    def test_broken_file_is_only_an_error_when_needed(self):
        self.product.bottle("dev", "env: {}\n")
        self.product.bottle("odd", "egres: 1\n")
        listed = self.ok(self.product.run("list", "bottles"))
        self.assertRegex(listed.stdout, r"(?m)^odd +broken: .*did you mean \"egress\"")
        self.assertRegex(listed.stdout, r"(?m)^dev ")
        self.assertEqual(listed.stdout.count("broken"), 1)
        documents = json.loads(self.ok(self.product.run("list", "bottles", "--json")).stdout)["bottles"]
        self.assertEqual({d["name"]: d["broken"] for d in documents}, {"dev": False, "odd": True})


class Json(suite.ProductCase):
    def test_every_listing_has_a_schema(self):
        for arguments in (["list"], ["list", "agents"], ["list", "bottles"], ["list", "preserved"],
                          ["config"], ["plugin", "list"], ["plugin", "info", "claude"],
                          ["plugin", "info", "bubblewrap"], ["doctor"]):
            with self.subTest(arguments=arguments):
                done = self.ok(self.product.run(*arguments, "--json"))
                self.assertRegex(json.loads(done.stdout)["schema"], r"^botbottle\.[a-z-]+/\d+$")

    def test_dry_run_is_a_document(self):
        self.product.bottle("dev", "egress:\n  routes:\n    - host: www.example.com\n"
                                   "      auth: {scheme: Bearer, token_ref: SOME_TOKEN}\n")
        self.product.agent("coder", "bottle: dev\n")
        self.product.extra["SOME_TOKEN"] = "the-value-that-nobody-may-see"
        self.product.path.insert(0, self.claude_stand_in())
        done = self.ok(self.product.run("start", "coder", "--dry-run", "--json"))
        text = json.dumps(json.loads(done.stdout))
        self.assertIn("www.example.com", text)
        self.assertIn("SOME_TOKEN", text)
        self.assertNotIn("the-value-that-nobody-may-see", text + done.stderr)
        self.assertEqual(self.product.bottles(), [])

    def claude_stand_in(self):
        path = self.product.write("tools/claude", "#!/bin/sh\nexit 0\n", 0o755)
        return str(path.parent)


class NoInput(suite.ProductCase):
    def test_start_says_what_it_would_have_asked(self):
        self.product.bottle("dev", "env: {}\n")
        self.product.agent("coder", "bottle: dev\n")
        self.product.path.insert(0, Json.claude_stand_in(self))
        done = self.product.run("start", "coder", "--no-input")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("launch this agent?", done.stderr)
        self.assertEqual(self.product.bottles(), [])

    def test_secret_prompt_is_named(self):
        self.product.bottle("dev", "env:\n  PASSWORD: '?the password'\n")
        done = self.product.run("run", "--bottle", "dev", "--no-input", "--", "true")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("PASSWORD", done.stderr)


class Bottles(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.started = self.product.popen("run", "--", "sleep", "600")
        self.addCleanup(self._end)
        listed = self.product.wait_for_bottles()
        self.identity = listed[0]["identity"]

    def _end(self):
        if self.started.poll() is None:
            self.product.run("stop", self.identity)
        self.started.communicate(timeout=20)

    def test_exec(self):
        done = self.product.run("exec", self.identity, "--", "sh", "-c", "cat; exit 5", input="in\n")
        self.assertEqual((done.returncode, done.stdout), (5, "in\n"))

    def test_exec_shares_the_bottle(self):
        self.ok(self.product.run("exec", self.identity, "--", "sh", "-c", "echo kept > /tmp/f"))
        done = self.ok(self.product.run("exec", self.identity, "--", "cat", "/tmp/f"))
        self.assertEqual(done.stdout, "kept\n")

    def test_info(self):
        self.assertIn(self.identity, self.ok(self.product.run("info", self.identity)).stdout)
        document = json.loads(self.ok(self.product.run("info", self.identity, "--json")).stdout)
        self.assertEqual(document["metadata"]["identity"], self.identity)

    def test_logs_tell_decisions(self):
        self.product.run("exec", self.identity, "--", "curl", "-sS", "http://www.example.com/")
        text = self.ok(self.product.run("logs", self.identity)).stdout
        self.assertIn("www.example.com", text)
        self.assertIn("deny", text)
        self.assertIn("host_not_allowed", text)

    def test_logs_follow(self):
        following = self.product.popen("logs", "-f", self.identity)
        self.product.run("exec", self.identity, "--", "curl", "-sS", "http://followed.example.com/")
        seen = ""
        while "followed.example.com" not in seen:
            line = following.stdout.readline()
            self.assertTrue(line, f"logs -f ended early: {seen}")
            seen += line
        self.ok(self.product.run("stop", self.identity))
        following.communicate(timeout=20)

    def test_unknown_identity(self):
        for arguments in (["stop", "nobody-00000"], ["exec", "nobody-00000", "--", "true"],
                          ["attach", "nobody-00000"], ["logs", "nobody-00000"]):
            with self.subTest(arguments=arguments):
                done = self.product.run(*arguments)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("nobody-00000", done.stderr)

    def test_cleanup_leaves_what_runs_alone(self):
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual([b["identity"] for b in self.product.bottles()], [self.identity])


class Plugins(suite.ProductCase):
    def test_list(self):
        text = self.ok(self.product.run("plugin", "list")).stdout
        for word in ("claude", "bubblewrap", "provider", "backend"):
            self.assertIn(word, text)

    def test_refused_plugin_says_why(self):
        folder = self.product.root / "plugins"
        folder.mkdir()
        self.product.account.own(folder)
        source = next((self.product.prefix / "lib/botbottle/plugins").glob("*claude*"))
        target = folder / "mine.so"
        target.write_bytes(source.read_bytes())
        self.product.account.own(target)
        os.chmod(folder, 0o777)
        self.product.extra["BOTBOTTLE_PLUGIN_PATH"] = str(folder)
        done = self.product.run("plugin", "list")
        self.assertIn("refused", done.stdout)
        self.assertIn(f"{folder} can be written by someone other than you", done.stdout)

    def test_what_is_no_plugin_is_refused(self):
        folder = self.product.write("plugins/text.so", "not a library\n").parent
        self.product.extra["BOTBOTTLE_PLUGIN_PATH"] = str(folder)
        done = self.product.run("plugin", "list")
        self.assertIn("text.so", done.stdout + done.stderr)


class Settings(suite.ProductCase):
    def test_config_says_where_values_come_from(self):
        self.product.settings("backend: bubblewrap\n")
        document = json.loads(self.ok(self.product.run("config", "--json")).stdout)
        self.assertIn("settings.yaml", json.dumps(document))
        self.product.extra["BOT_BOTTLE_BACKEND"] = "bubblewrap"
        document = json.loads(self.ok(self.product.run("config", "--json")).stdout)
        self.assertIn("BOT_BOTTLE_BACKEND", json.dumps(document))


class Doctor(suite.ProductCase):
    def test_good_machine(self):
        done = self.ok(self.product.run("doctor", timeout=120))
        self.assertIn("bubblewrap", done.stdout)

    def test_attack(self):
        """Each attempt of the document is a line of the text, with its outcome."""
        report = json.loads(self.ok(self.product.run("doctor", "--json", timeout=300)).stdout)
        self.assertGreater(len(report["attempts"]), 20)
        text = self.ok(self.product.run("doctor", "--attack", timeout=300)).stdout
        for attempt in report["attempts"]:
            self.assertRegex(text, rf"(?m)^ +{re.escape(attempt['name'])} +(blocked|works|held|skipped|allowed)\b")

    def test_refuses_without_user_namespaces(self):
        """An ordinary user needs one for every bottle; root makes bottles without."""
        ordinary = self.product.account.uid != 0
        done = self.product.run("doctor", prefix=NO_USER_NAMESPACES, timeout=120)
        self.assertEqual(done.returncode, 4 if ordinary else 0, done.stdout + done.stderr)
        if ordinary:
            self.assertRegex(done.stdout + done.stderr, "max_user_namespaces|user namespace")

    def test_nothing_starts_without_user_namespaces(self):
        if self.product.account.uid == 0:
            self.skipTest("root makes bottles without user namespaces")
        done = self.product.run("run", "--", "true", prefix=NO_USER_NAMESPACES)
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertRegex(done.stderr, "namespace")

    def test_missing_bubblewrap_is_named_with_its_package(self):
        done = self.product.run("doctor", prefix=NO_BUBBLEWRAP, timeout=120)
        self.assertEqual(done.returncode, 4, done.stdout + done.stderr)
        self.assertIn("apt", done.stdout + done.stderr)


class Demo(suite.ProductCase):
    def test_demo_needs_no_account(self):
        done = self.ok(self.product.run("demo", "--no-input", timeout=120))
        self.assertTrue(done.stdout)
