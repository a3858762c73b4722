"""Hold 4: on a terminal. Preflight, y/N, the agent's own interface, resize, Ctrl-C, detach and attach,
and a terminal that is as it was."""

import os
import re
import signal

from lib import processes
from lib.anthropic import Gate
from lib.claude import ClaudeCase, Say
from lib.terminal import Terminal

QUESTION = r"launch this agent\? \[y/N\]"
PROMPT = r"^[│ ]*[❯>]"


class OnATerminal(ClaudeCase):
    script = (Say("the pelican has landed"),)

    def setUp(self):
        super().setUp()
        self.screen = Terminal(self.product.account, str(self.product.root),
                               self.product.environment)
        self.addCleanup(self.screen.close)
        self.screen.line(f"cd {self.product.work}; clear")
        self.settings = self.terminal_settings("before")

    def terminal_settings(self, name):
        path = self.product.root / name
        self.screen.line(f"stty -a > {path}; echo saved-{name}")
        self.screen.wait_for(rf"(^|\$ )saved-{name}")
        return path.read_text()

    def start(self, *arguments):
        self.screen.line("clear; botbottle start coder --cwd " + " ".join(arguments) +
                         "; echo en''ded with $?")
        self.screen.wait_for(QUESTION)

    def launch(self):
        self.start()
        self.screen.line("y")
        self.screen.wait_for(PROMPT, 30)

    def ended(self, seconds=20):
        text = self.screen.wait_for(r"ended with \d+", seconds)
        return int(re.search(r"ended with (\d+)", text).group(1))

    def quit_agent(self):
        self.screen.keys("C-c")
        self.screen.wait_for("again to exit")
        self.screen.keys("C-c")

    def test_preflight_shows_what_matters_and_no_value(self):
        self.start()
        shown = self.screen.screen()
        for word in ("coder", "dev", "claude", "bubblewrap", "api.anthropic.com"):
            self.assertIn(word, shown)
        self.assertNotIn(self.token[:20], self.screen.history())
        self.assertNotIn("placeholder", shown)
        self.screen.line("n")
        self.ended()

    def test_no_means_no(self):
        for answer in ("n", "", "no"):
            with self.subTest(answer=answer):
                self.start()
                self.screen.line(answer)
                self.assertEqual(self.ended(), 0)
                self.assertIn("aborted", self.screen.screen())
                self.assertEqual(self.product.bottles(), [])
                self.assertEqual(list((self.product.config / "state").glob("*/*")), [])

    def test_control_c_at_the_question(self):
        self.start()
        self.screen.keys("C-c")
        self.assertEqual(self.ended(), 130)
        self.assertEqual(self.product.bottles(), [])

    def test_turn_and_clean_terminal(self):
        self.launch()
        self.screen.type("say where the pelican is")
        self.screen.wait_for("say where the pelican is")
        self.screen.keys("Enter")
        self.screen.wait_for("the pelican has landed")
        self.quit_agent()
        self.assertEqual(self.ended(), 0)
        self.assertEqual(self.terminal_settings("after"), self.settings)
        self.screen.line("echo still-a-sh''ell")
        self.screen.wait_for("^still-a-shell")

    def test_resize_reaches_the_agent(self):
        self.launch()
        identity = self.product.bottles()[0]["identity"]

        def size():
            done = self.product.run("exec", identity, "--", "sh", "-c",
                                    "for p in /proc/[0-9]*; do case $(tr '\\0' ' ' < $p/cmdline) in "
                                    "claude*|*/claude*) stty size < $p/fd/0;; esac; done")
            return done.stdout.split()
        self.assertEqual(size(), ["40", "120"])
        self.screen.resize(90, 30)
        self.assertTrue(processes.wait_until(lambda: size() == ["30", "90"], 10), size())
        self.quit_agent()
        self.ended()

    def test_control_c_goes_to_the_agent(self):
        gate = Gate()
        self.api.script = [Say("a story that is interrupted", gate)]
        self.launch()
        self.screen.type("tell a long story")
        self.screen.wait_for("tell a long story")
        self.screen.keys("Enter")
        self.assertTrue(gate.reached.wait(20))
        self.screen.wait_for("esc to interrupt")  # what Ctrl-C then means to it
        self.screen.keys("C-c")
        self.screen.wait_for("[Ii]nterrupted")
        gate.release()
        self.screen.wait_for(PROMPT)
        self.assertEqual(len(self.product.bottles()), 1)
        self.quit_agent()
        self.assertEqual(self.ended(), 0)

    def test_detach_and_attach(self):
        self.launch()
        identity = self.product.bottles()[0]["identity"]
        self.screen.type("half a que")
        self.screen.wait_for("half a que")
        self.screen.keys("C-]")
        self.screen.type("d")
        self.assertEqual(self.ended(), 0)
        self.assertIn(identity, self.screen.screen(), "detaching does not say how to come back")
        self.assertEqual(self.terminal_settings("detached"), self.settings)
        self.assertEqual([b["identity"] for b in self.product.bottles()], [identity])
        self.screen.line(f"clear; botbottle attach {identity}; echo en''ded with $?")
        self.screen.wait_for("half a que")
        self.screen.type("stion")
        self.screen.wait_for("half a question")
        self.screen.keys("Enter")
        self.screen.wait_for("the pelican has landed")
        self.quit_agent()
        self.screen.keys("C-c")
        self.assertEqual(self.ended(), 0)
        self.assertEqual(self.terminal_settings("after"), self.settings)
        self.assertEqual(self.product.bottles(), [])

    def test_killed_command_leaves_a_clean_terminal_and_a_session_to_attach_to(self):
        self.launch()
        identity = self.product.bottles()[0]["identity"]
        self.screen.type("typed before")
        self.screen.wait_for("typed before")
        for pid in processes.descendants():
            if b"start\0coder" in processes.command_line(pid) and \
                    processes.name(pid) == "botbottle":
                os.kill(pid, signal.SIGKILL)
        # What the shell said meanwhile went with the agent's screen.
        self.assertTrue(processes.wait_until(
            lambda: not processes.named("botbottle-session"), 10), "the client went on")
        self.assertEqual(self.terminal_settings("after"), self.settings)
        self.screen.line(f"clear; botbottle attach {identity}; echo en''ded with $?")
        self.screen.wait_for("typed before")
        self.ok(self.product.run("stop", identity))
        self.ended()
        self.assertEqual(self.product.bottles(), [])

    def test_terminal_is_clean_after_kill_of_the_bottle(self):
        self.launch()
        identity = self.product.bottles()[0]["identity"]
        self.ok(self.product.run("stop", identity))
        self.ended()
        self.assertEqual(self.terminal_settings("after"), self.settings)
