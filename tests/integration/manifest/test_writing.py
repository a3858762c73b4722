"""What an operator writes with: init, edit, the picker and the silent prompt on a real terminal; migrate,
completions and the manual page."""

import pathlib
import shutil
import subprocess

from lib import suite
from lib.terminal import Terminal

CANARY = "canary-4f7c9a1e-never-shown"


class OnATerminal(suite.ProductCase):
    def setUp(self):
        super().setUp()
        self.screen = Terminal(self.product.account, str(self.product.root), self.environment())
        self.addCleanup(self.screen.close)
        self.screen.line(f"cd {self.product.work}; clear")

    def environment(self):
        self.editor = self.product.write("tools/editor", "#!/bin/sh\nexec sh ../edits \"$1\"\n", 0o755)
        return {**self.product.environment, "EDITOR": str(self.editor)}

    def answer(self, question, text):
        self.screen.wait_for(question)
        self.screen.line(text)

    def ended(self, status):
        self.screen.wait_for(f"ended with {status}$")


class Init(OnATerminal):
    def test_a_bottle_and_an_agent_that_start(self):
        self.screen.line("botbottle init; echo en''ded with $?")
        self.answer(r"agent's name \[coder\]: ?$", "../x")
        self.screen.wait_for(r"warning: a name is")
        self.answer(r"agent's name \[coder\]: ?$", "")
        self.answer(r"in a line .*: ?$", "You fix tests.")
        self.answer(r"bottle's name \[dev\]: ?$", "")
        self.answer(r"OAuth token .*: ?$", "SOME_TOKEN")
        self.answer(r"hosts that it may reach .*: ?$", "Example.com files.example.org")
        self.answer(r"^botbottle: name for its commits .*: ?$", "Ada")
        self.answer(r"^botbottle: email for its commits .*: ?$", "ada@example.com")
        self.ended(0)
        self.product.extra["SOME_TOKEN"] = "sk-ant-oat01-" + CANARY
        shown = self.ok(self.product.run("start", "coder", "--dry-run"))
        for word in ("example.com", "files.example.org", "Ada <ada@example.com>", "dev"):
            self.assertIn(word, shown.stdout)
        self.assertIn("You fix tests.", (self.product.config / "agents/coder.md").read_text())
        again = self.product.run("init", "--no-input")
        self.assertEqual(again.returncode, 2)
        self.assertIn("the agent's name", again.stderr)

    def test_lists_are_asked_for_one_by_one(self):
        answers = ["", "", "",                               # agent, prompt, bottle
                   "--say", "one, two and three", "",        # arguments
                   "", "", "",                               # auth_env, auth_header, auth_token
                   "", "sh", "",                             # command (needed), conversation
                   "", "-c", "", "", "", "", "",             # env … resume_arguments
                   "a.example/v1", "", "", "", ""]           # routes; hosts, name, email
        done = self.ok(self.product.run("init", "--provider", "command",
                                        input="\n".join(answers) + "\n"))
        self.assertIn("this one is needed", done.stderr)
        written = (self.product.config / "bottles/dev.md").read_text()
        self.assertIn("command: sh\n", written)
        for item in ("--say", "one, two and three", "-c", "a.example/v1"):
            self.assertRegex(written, rf"(?m)^ +- ['\"]?{item}['\"]?$")
        self.ok(self.product.run("start", "coder", "--dry-run"))

    def test_what_excludes_each_other_is_asked_for_once(self):
        self.screen.line("botbottle init --provider codex; echo en''ded with $?")
        for _ in range(3):
            self.answer(r"(agent's name|in a line|bottle's name).*: ?$", "")
        self.answer(r"API key .*: ?$", "SOME_KEY")
        self.screen.wait_for(r"hosts that it may reach .*: ?$")
        self.assertNotIn("use the ChatGPT login", self.screen.history())

    def test_an_end_of_input_writes_nothing(self):
        done = self.product.run("init", input="coder\n\n")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(list((self.product.config / "agents").iterdir()), [])


class Edit(OnATerminal):
    def setUp(self):
        super().setUp()
        self.file = self.product.bottle("dev", "env: {A: x}\n")

    def edits(self, script):
        self.product.write("edits", script)

    def test_a_broken_save_is_offered_again_and_then_taken(self):
        self.edits("grep -q egres: $1 && sed -i s/egres:/egress:/ $1 || "
                   "printf -- '---\\negres: {routes: [{host: a.example}]}\\n---\\n' >$1\n")
        self.screen.line("botbottle edit dev; echo en''ded with $?")
        self.screen.wait_for('did you mean "egress"')
        self.assertIn("A: x", self.file.read_text(), "a broken draft must not take the file's place")
        self.answer(r"open it again\? \[y/N\] ?$", "y")
        self.ended(0)
        self.assertIn("egress: {routes", self.file.read_text())

    def test_no_leaves_the_file_and_keeps_the_draft(self):
        self.edits("echo broken >$1\n")
        self.screen.line("clear; botbottle edit dev; echo en''ded with $?")
        self.answer(r"open it again\? \[y/N\] ?$", "n")
        self.ended(0)
        self.assertIn("A: x", self.file.read_text())
        draft = next(line for line in self.screen.screen().splitlines() if "the draft is" in line)
        path = pathlib.Path(draft.split()[-1])
        self.addCleanup(shutil.rmtree, path.parent, True)
        self.assertEqual(path.read_text(), "broken\n")

    def test_a_link_stays_a_link(self):
        self.edits("sed -i s/x/y/ $1\n")
        target = self.product.write("dotfiles/dev.md", self.file.read_text())
        self.file.unlink()
        self.file.symlink_to(target)
        self.screen.line("botbottle edit dev; echo en''ded with $?")
        self.ended(0)
        self.assertTrue(self.file.is_symlink())
        self.assertIn("A: y", target.read_text())

    def test_an_unknown_name_and_a_failing_editor(self):
        done = self.product.run("edit", "dve")
        self.assertEqual(done.returncode, 2)
        self.assertIn('did you mean "dev"', done.stderr)
        self.edits("exit 3\n")
        self.screen.line("botbottle edit dev; echo en''ded with $?")
        self.ended(1)
        self.assertIn("A: x", self.file.read_text())


class Picker(OnATerminal):
    def test_by_number_and_by_name(self):
        self.product.bottle("dev", "env: {A: x}\n")
        for name in ("alpha", "beta"):
            self.product.agent(name, "bottle: dev\n")
        for word, picked in (("2", "beta"), ("alpha", "alpha")):
            self.screen.line("clear; botbottle start --dry-run; echo en''ded with $?")
            self.answer(r"number or name: ?$", "7")
            self.answer(r"number or name: ?$", word)
            self.ended(0)
            self.assertRegex(self.screen.screen(), rf"(?m)^agent +{picked}$")

    def test_nobody_to_ask(self):
        self.product.bottle("dev", "env: {A: x}\n")
        self.product.agent("alpha", "bottle: dev\n")
        done = self.product.run("start", "--dry-run")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("botbottle start AGENT", done.stderr)


class SilentPrompt(OnATerminal):
    def test_the_value_is_not_echoed_and_arrives(self):
        self.product.bottle("dev", "env: {PIN: '?Your PIN'}\n")
        # The name of what is looked for is not in the command, or the terminal would show it.
        self.screen.line("clear; botbottle run --bottle dev -- sh -c 'echo ${#PIN} long'; echo en''ded with $?")
        self.answer("Your PIN: ?$", CANARY)
        self.ended(0)
        self.assertRegex(self.screen.screen(), rf"(?m)^{len(CANARY)} long$")
        self.assertNotIn(CANARY, self.screen.history())
        self.screen.line("stty -a | grep -o ' echo ' && echo is''on")
        self.screen.wait_for("^ison")


class Migrate(suite.ProductCase):
    def test_the_new_file_is_read(self):
        old = self.product.write("old.md", "---\negress: {allowlist: [a.example]}\nruntime: docker\n---\nOld.\n")
        done = self.ok(self.product.run("migrate", old))
        self.assertIn("settings.yaml", done.stderr)
        self.product.write("home/.bot-bottle/bottles/new.md", done.stdout)
        self.assertIn("a.example", self.ok(self.product.run("info", "new")).stdout)

    def test_an_older_file_is_named(self):
        self.product.write("work/bot-bottle.json", "{}")
        done = self.product.run("start", "coder", "--dry-run")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("botbottle migrate", done.stderr)


class Completions(suite.ProductCase):
    def offered(self, *words):
        """What bash offers for the last of these words."""
        script = self.ok(self.product.run("completion", "bash")).stdout
        line = (script + "COMP_WORDS=(" + " ".join(f"'{word}'" for word in words) +
                f"); COMP_CWORD={len(words) - 1}; _botbottle; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True,
                              env=self.product.environment, cwd=self.product.work,
                              **self.product.account.popen_arguments())
        return done.stdout.split()

    def test_bash_offers_commands_options_and_names(self):
        self.product.bottle("dev", "env: {A: x}\n")
        self.product.agent("coder", "bottle: dev\n")
        self.assertEqual(self.offered("botbottle", "sta"), ["start"])
        self.assertEqual(self.offered("botbottle", "start", "c"), ["coder"])
        self.assertEqual(self.offered("botbottle", "info", ""), ["coder", "dev"])
        self.assertEqual(self.offered("botbottle", "start", "--dr"), ["--dry-run"])
        self.assertEqual(self.offered("botbottle", "run", "--bottle", ""), ["dev"])
        self.assertEqual(self.offered("botbottle", "start", "--backend", "bub"), ["bubblewrap"])
        self.assertEqual(self.offered("botbottle", "plugin", "inf"), ["info"])
        self.assertIn("preserved", self.offered("botbottle", "list", ""))

    def test_what_is_installed_is_what_the_program_prints(self):
        share = self.product.prefix / "share"
        if not share.exists():
            self.skipTest("a build tree: nothing is installed")
        for word, path in (("bash", "bash-completion/completions/botbottle"),
                           ("zsh", "zsh/site-functions/_botbottle"),
                           ("fish", "fish/vendor_completions.d/botbottle.fish"),
                           ("man", "man/man1/botbottle.1")):
            with self.subTest(path=path):
                printed = self.ok(self.product.run("completion", word)).stdout
                self.assertEqual((share / path).read_text(), printed)

    def script(self, shell):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")
        return self.product.write(f"completion.{shell}",
                                  self.ok(self.product.run("completion", shell)).stdout)

    def offered_by_fish(self, line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {self.script('fish')}; complete -C '{line}'"],
                              capture_output=True, text=True, env=self.product.environment,
                              cwd=self.product.work, **self.product.account.popen_arguments())
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [word.split("\t")[0] for word in done.stdout.splitlines()]

    def test_fish_offers_commands_options_and_names(self):
        self.product.bottle("dev", "env: {A: x}\n")
        self.product.agent("coder", "bottle: dev\n")
        self.assertIn("start", self.offered_by_fish("botbottle "))
        self.assertEqual(self.offered_by_fish("botbottle sta"), ["start"])
        self.assertEqual(self.offered_by_fish("botbottle start c"), ["coder"])
        self.assertEqual(self.offered_by_fish("botbottle info "), ["coder", "dev"])
        self.assertEqual(self.offered_by_fish("botbottle start --dr"), ["--dry-run"])
        self.assertEqual(self.offered_by_fish("botbottle run --bottle "), ["dev"])
        self.assertEqual(self.offered_by_fish("botbottle start --backend bub"), ["bubblewrap"])
        self.assertEqual(self.offered_by_fish("botbottle plugin inf"), ["info"])

    def test_zsh_completes_at_a_terminal(self):
        """Its completion works in the line editor alone: a real one, and what Tab makes of the line."""
        self.product.bottle("dev", "env: {A: x}\n")
        self.product.agent("coder", "bottle: dev\n")
        script = self.script("zsh")
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line("exec zsh -f")
        screen.line(f"PS1='zsh> '; cd {self.product.work}; autoload -Uz compinit; compinit -u -D; "
                    f"source {script}; clear; echo loa''ded")
        screen.wait_for("^loaded")
        for typed, whole in (("botbottle sta", "botbottle start "),
                             ("botbottle start co", "botbottle start coder "),
                             ("botbottle start --dr", "botbottle start --dry-run "),
                             ("botbottle run --bottle d", "botbottle run --bottle dev "),
                             ("botbottle plugin inf", "botbottle plugin info "),
                             ("botbottle list pres", "botbottle list preserved ")):
            with self.subTest(typed=typed):
                screen.keys("C-u")
                screen.line("clear")
                screen.type(typed)
                screen.keys("Tab")
                screen.type("#")  # the end of what Tab made of it
                screen.wait_for(f"^zsh> {whole}#$")

    def test_the_manual_has_every_command(self):
        page = self.ok(self.product.run("completion", "man")).stdout
        listed = self.ok(self.product.run("--help")).stdout
        commands = [line.split()[0] for line in listed.split("Subcommands:")[1].splitlines()
                    if line.startswith("  ") and not line.startswith("   ")]
        self.assertIn("start", commands)
        for command in commands:
            if command != "plugin":
                self.assertIn(f".SS botbottle {command}", page)

    def test_the_manual_is_typeset_without_a_warning(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        page = self.ok(self.product.run("completion", "man")).stdout
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-cbou"], input=page, text=True,
                              capture_output=True, check=True)
        self.assertEqual(done.stderr, "")
        for word in ("NAME", "SYNOPSIS", "--dry-run", "EXIT STATUS"):
            self.assertIn(word, done.stdout)
