"""A repository gains nothing and the operator is told; the value of a secret is nowhere to be seen."""

import json
import os

from lib import suite

CANARY = "canary-8d21c6b0-never-shown"


class HostileRepository(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.product.bottle("dev", "egress: {routes: [{host: allowed.example}]}\n")
        self.product.agent("coder", "bottle: dev\n", "The operator's prompt.\n")

    def agent(self, name, front, prompt="The repository's prompt.\n"):
        return self.product.write(f"work/.bot-bottle/agents/{name}.md", f"---\n{front}---\n{prompt}")

    def shown(self, agent="coder"):
        return self.product.run("start", agent, "--dry-run", "--json")

    def test_bottles_are_ignored_and_named(self):
        self.product.write("work/.bot-bottle/bottles/dev.md",
                           "---\negress: {routes: [{host: evil.example}]}\n---\n")
        self.product.write("work/.bot-bottle/bottles/extra.md", "---\nenv: {A: x}\n---\n")
        done = self.ok(self.shown())
        self.assertNotIn("evil.example", done.stdout)
        self.assertIn(".bot-bottle/bottles", done.stderr)
        self.assertNotIn("extra", self.ok(self.product.run("list", "bottles")).stdout)

    def test_an_agent_with_repos_is_refused(self):
        self.agent("helper", "bottle: dev\ngit-gate:\n  repos: {a: {url: 'ssh://git@evil.example/a'}}\n")
        done = self.shown("helper")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertIn("git-gate.repos", done.stderr)
        self.assertIn("belong to a bottle", done.stderr)

    def test_names_with_a_path_in_them(self):
        for bottle in ("../../evil", "/etc/passwd", "dev.md", "Dev", "-x"):
            with self.subTest(bottle=bottle):
                self.agent("helper", f"bottle: '{bottle}'\n")
                done = self.shown("helper")
                self.assertEqual(done.returncode, 3, done.stdout)
                self.assertIn("expected the name of a bottle", done.stderr)
        for skill in ("../../.ssh", "/root", ".hidden"):
            with self.subTest(skill=skill):
                self.agent("helper", f"bottle: dev\nskills: ['{skill}']\n")
                done = self.shown("helper")
                self.assertEqual(done.returncode, 3, done.stdout)
                self.assertIn("not a path", done.stderr)

    def test_links_out_of_its_tree(self):
        secret = self.product.write("elsewhere/secret.md", f"---\nbottle: dev\n---\n{CANARY}\n")
        folder = self.agent("helper", "bottle: dev\n").parent
        (folder / "linked.md").symlink_to(secret)
        done = self.shown("linked")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("symbolic link", done.stderr)
        self.assertNotIn(CANARY, done.stdout + done.stderr)
        os.rename(folder, folder.with_name("real"))
        folder.symlink_to("real")
        done = self.shown("helper")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("symbolic link", done.stderr)

    def test_it_cannot_choose_another_bottle_for_the_operators_agent(self):
        self.product.bottle("wide", "egress: {routes: [{host: wide.example}]}\n")
        self.agent("coder", "bottle: wide\ngit-gate: {user: {name: Linus}}\n")
        done = self.ok(self.shown())
        document = json.loads(done.stdout)
        self.assertEqual(document["bottle"], "dev")
        self.assertTrue(document["agent_from_repository"])
        self.assertTrue(document["git_identity"]["claimed"])
        self.assertIn("ignored \"wide\"", done.stderr)

    def test_other_files_are_skipped_with_a_warning(self):
        self.agent("helper", "bottle: dev\n")
        self.product.write("work/.bot-bottle/agents/Bad Name.md", "x")
        self.product.write("work/.bot-bottle/agents/\x1b[2Jx.md", "x")
        done = self.ok(self.product.run("list", "agents"))
        self.assertIn("Bad Name.md", done.stderr)
        self.assertNotIn("\x1b[2J", done.stdout + done.stderr)


class SecretValues(suite.ProductCase):
    """The value of `${VAR}` and of a route's credential, through every command that knows of it."""

    def setUp(self):
        super().setUp()
        self.product.bottle("dev", "env: {SECRET: '${HOST_SECRET}', PLAIN: seen}\n"
                                   "egress:\n  routes:\n    - host: a.example\n"
                                   "      auth: {scheme: Bearer, token_ref: HOST_TOKEN}\n")
        self.product.agent("coder", "bottle: dev\n")
        self.product.extra.update(HOST_SECRET="env-" + CANARY, HOST_TOKEN="token-" + CANARY)

    def nothing_in(self, text, where):
        self.assertNotIn(CANARY, text, where)

    def test_in_what_is_printed(self):
        for arguments in (["start", "coder", "--dry-run"], ["start", "coder", "--dry-run", "--json"],
                          ["info", "coder"], ["info", "coder", "--json"], ["info", "dev"],
                          ["info", "dev", "--json"], ["list", "agents", "--json"],
                          ["list", "bottles", "--json"], ["config", "--json"]):
            with self.subTest(arguments=arguments):
                done = self.ok(self.product.run(*arguments, "-v"))
                self.nothing_in(done.stdout + done.stderr, arguments)
        self.assertIn("HOST_SECRET", self.ok(self.product.run("info", "coder")).stdout)

    def test_in_errors(self):
        for front in (f"egress: {{routes: [{{host: a.example, auth: {{scheme: Bearer, token_ref: {CANARY}}}}}]}}",
                      f"agent_provider: {{auth_token: {CANARY}}}",
                      f"egress: {{routes: [{{host: a.example, auth: {{scheme: Basic, username: u, token_ref: 'x {CANARY}'}}}}]}}",
                      f"git-gate: {{repos: {{a: {{identity: /k, url: 'ssh://git:{CANARY}@h.example/a'}}}}}}"):
            with self.subTest(front=front.replace(CANARY, "CANARY")):
                self.product.bottle("dev", front + "\n")
                done = self.product.run("start", "coder", "--dry-run", "-v")
                self.assertEqual(done.returncode, 3, done.stdout)
                self.nothing_in(done.stdout + done.stderr, "an error")
        self.product.settings(f"egress: {{upstream_proxy: 'http://u:{CANARY}@proxy.example:3128'}}\n")
        done = self.product.run("config")
        self.assertEqual(done.returncode, 3)
        self.nothing_in(done.stdout + done.stderr, "settings")

    def test_in_a_run_on_disk_and_on_command_lines(self):
        script = ("echo $SECRET | wc -c; cat /proc/self/cmdline | tr '\\0' ' '")
        started = self.product.popen("run", "--keep", "-v", "--bottle", "dev", "--", "sh", "-c",
                                     script + "; sleep 3")
        seen = set()
        while started.poll() is None:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                try:
                    with open(f"/proc/{pid}/cmdline", "rb") as file:
                        seen.add(file.read())
                except OSError:
                    continue
        out, err = started.communicate()
        self.assertEqual(started.returncode, 0, err)
        self.assertIn(str(len("env-" + CANARY) + 1), out, "the command itself must have had it")
        self.nothing_in(err, "messages")
        self.assertTrue(any(b"wc -c" in line for line in seen), "the command line was seen")
        for line in seen:
            self.assertNotIn(CANARY.encode(), line)
        for folder, _, names in os.walk(self.product.root):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as file:
                        self.assertNotIn(CANARY.encode(), file.read(), path)
