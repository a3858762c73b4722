"""The dashboard through tmux, at 80×24 and 200×60: every key, resize, a broken manifest, crashes, no
colour, and a terminal that is as it was."""

import os
import re
import signal
import time

from lib import processes
from lib.terminal import Terminal
from supervise.test_plain import SupervisedCase

QUIT = "q quit"
STAND_IN = """#!/bin/sh
# In the place of the agent's program.
case "$*" in *--version*) echo 2.1.329; exit 0;; esac
echo agent-is-here
while read line; do echo "got-$line"; [ "$line" = bye ] && exit 0; done
"""


class DashboardCase(SupervisedCase):
    columns, rows = 80, 24

    def setUp(self):
        super().setUp()
        program = self.product.write("tools/claude", STAND_IN, 0o755)
        self.product.path.insert(0, str(program.parent))
        self.product.bottle("plain", "env: {}\n")
        self.product.agent("coder", "bottle: plain\n")
        self.product.agent("writer", "bottle: plain\n")
        self.screen = Terminal(self.product.account, str(self.product.root),
                               self.product.environment, self.columns, self.rows)
        self.addCleanup(self.screen.close)
        self.screen.line(f"cd {self.product.work}; clear")
        self.settings = self.terminal_settings("before")

    def terminal_settings(self, name):
        path = self.product.root / name
        self.screen.line(f"stty -a > {path}; echo sa''ved-{name}")
        self.screen.wait_for(f"saved-{name}")
        return path.read_text()

    def open(self, variables=""):
        self.screen.line(f"clear; echo before-it; {variables} botbottle dashboard; echo en''ded with $?")
        self.screen.wait_for(QUIT)
        self.screen.wait_for(re.escape(self.identity))

    def close(self):
        self.screen.type("q")
        self.screen.wait_for("ended with 0")
        self.assertIn("before-it", self.screen.screen(), "the screen of before is not back")
        for attempt in range(20):
            if self.terminal_settings(f"after-{attempt}") == self.settings:
                return
            time.sleep(0.1)  # tmux tells a terminal its new size some time after a split has gone
        self.fail("the terminal's settings are not those of before")

    def fits(self):
        lines = self.screen.screen().splitlines()
        self.assertLessEqual(max(map(len, lines)), self.columns)
        self.assertNotIn("\\u001b[1m", self.screen.screen(), "marks of ours are shown as text")

    def drawers(self):
        """The process that draws, which is the child of the one that was typed."""
        found = [pid for pid in processes.named("botbottle")
                 if b"dashboard" in processes.command_line(pid)]
        return [pid for pid in found if int(processes.stat_fields(pid)[1]) in found]


class Keys:
    """Mixed into a case of each size."""

    def test_approve(self):
        self.open()
        self.assertIn("no agent waits for you", self.screen.screen())
        proposal = self.ask()["proposal_id"]
        self.screen.wait_for("1 proposal waits for you")
        self.screen.wait_for(proposal)
        self.screen.type("a")
        self.screen.wait_for("change:  adds GET to wanted.example.com, port 443")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.fits()
        self.screen.type("n")
        self.screen.wait_for("nothing was decided")
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.screen.type("a")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.screen.type("o")
        self.screen.wait_for(r"grant this \(once\)\?")
        self.screen.type("s")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.screen.type("y")
        self.screen.wait_for(f"{proposal} is approved")
        self.screen.wait_for("no agent waits for you")
        self.assertEqual(self.check(proposal)["status"], "approved")
        self.assertEqual(self.fetch(), "releases\n")
        self.screen.wait_for(r"allow GET https://wanted.example.com")
        self.close()

    def test_always_shows_the_files_diff(self):
        proposal = self.ask()["proposal_id"]
        self.open()
        self.screen.type("a")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.screen.type("A")
        self.screen.wait_for(r"grant this \(always\)\?")
        self.screen.keys("End")
        self.screen.wait_for(r"\+ +- host: wanted.example.com")
        self.screen.type("y")
        self.screen.wait_for(f"{proposal} is approved")
        self.assertIn("host: wanted.example.com",
                      (self.product.config / "bottles/dev.md").read_text())
        self.close()

    def test_reject(self):
        proposal = self.ask()["proposal_id"]
        self.open()
        self.screen.wait_for(proposal)
        self.screen.type("r")
        self.screen.wait_for(f"reject {proposal}, because:")
        self.screen.keys("Enter")
        self.screen.wait_for("say why")
        self.screen.type("use the mirror")
        self.screen.wait_for("because: use the mirror")
        self.screen.keys("Enter")
        self.screen.wait_for(f"{proposal} is rejected")
        told = self.check(proposal)
        self.assertEqual((told["status"], told["notes"]), ("rejected", "use the mirror"))
        self.close()

    def test_edit(self):
        self.product.extra["EDITOR"] = "sed -i s/DELETE/HEAD/"
        proposal = self.ask(methods=["GET", "DELETE"])["proposal_id"]
        self.screen.line("export EDITOR='sed -i s/DELETE/HEAD/'")
        self.open()
        self.screen.wait_for(proposal)
        self.screen.type("e")
        self.screen.wait_for(r"adds HEAD, GET to wanted.example.com")
        self.screen.wait_for(r"\[y/N\]")
        self.screen.line("y")
        self.screen.wait_for(QUIT)
        told = self.check(proposal)
        self.assertEqual((told["status"], told["granted"]["methods"]), ("modified", ["HEAD", "GET"]))
        self.close()

    def test_show_policy_help_and_filter(self):
        proposal = self.ask(justification="because of \u202e\x1b[2J everything")["proposal_id"]
        self.open()
        self.screen.wait_for(proposal)
        self.screen.type("p")
        self.screen.wait_for("policy of " + self.identity)
        self.screen.wait_for("GET to allowed.example.com")
        self.screen.type("b")
        self.screen.wait_for(QUIT)
        self.screen.type("?")
        self.screen.wait_for("start an agent")
        self.fits()
        self.screen.type("b")
        self.screen.keys("Enter")
        self.screen.wait_for(r"reason:  because of \\u202e\\u001b\[2J everything")
        self.screen.type("b")
        self.screen.type("/")
        self.screen.type("nobody-of-that-name")
        self.screen.wait_for("none runs|nothing waits")
        self.assertNotIn(proposal, self.screen.screen())
        self.screen.keys("Escape")
        self.screen.wait_for(proposal)
        self.close()

    def started_coder(self):
        """An agent that was started with `n` and let go; its bottle is chosen."""
        self.screen.type("n")
        self.screen.wait_for("start which agent")
        self.screen.type("cod")
        self.screen.wait_for("> coder")
        self.assertNotIn("writer", self.screen.screen())
        self.screen.keys("Enter")
        self.screen.wait_for(r"launch this agent\? \[y/N\]")
        self.screen.line("y")
        self.screen.wait_for("agent-is-here")
        self.screen.keys("C-]")
        self.screen.type("d")
        self.screen.wait_for(QUIT)
        identity = next(b["identity"] for b in self.product.bottles() if b["agent"] == "coder")
        self.screen.wait_for(identity)
        self.screen.keys("End")
        self.screen.wait_for("> " + identity)
        return identity

    def test_tab_and_arrows(self):
        first = self.ask()["proposal_id"]
        second = self.ask(host="second.example.com")["proposal_id"]
        self.open()
        self.screen.wait_for("2 proposals wait for you")
        self.screen.wait_for("> " + first)
        for down, up in (("j", "k"), ("Down", "Up")):
            self.screen.keys(down)
            self.screen.wait_for("> " + second)
            self.screen.keys(up)
            self.screen.wait_for("> " + first)
        self.screen.keys("Tab")
        self.screen.wait_for("> " + self.identity)
        self.close()

    def test_split(self):
        self.open()
        identity = self.started_coder()
        self.screen.type("s")
        self.assertTrue(processes.wait_until(lambda: len(self.screen.panes("#{pane_dead}")) == 2, 20))
        # The new one has the keys.
        self.screen.line("hello")
        self.screen.wait_for("got-hello")
        self.screen.keys("C-]")
        self.screen.type("d")
        self.assertTrue(processes.wait_until(lambda: "1" in self.screen.panes("#{pane_dead}"), 20))
        self.screen.end_pane()
        self.screen.wait_for(f"{identity} is in the split")
        self.screen.wait_for("> " + identity)
        self.close()
        self.ok(self.product.run("stop", identity, "--grace", "1"))

    def test_start_attach_and_stop(self):
        self.open()
        identity = self.started_coder()
        self.screen.keys("Enter")
        self.screen.line("hello")
        self.screen.wait_for("got-hello")
        self.screen.keys("C-]")
        self.screen.type("d")
        self.screen.wait_for("> " + identity)
        self.screen.type("x")
        self.screen.wait_for(f"stop {identity}\\?")
        self.screen.type("n")
        self.screen.wait_for("nothing was done")
        self.screen.type("x")
        self.screen.type("y")
        self.screen.wait_for(f"{identity} stopped")
        self.assertTrue(processes.wait_until(lambda: "> " + identity not in self.screen.screen(), 10))
        self.assertEqual([b["identity"] for b in self.product.bottles()], [self.identity])
        self.close()
        self.assertEqual([b["identity"] for b in self.product.bottles()], [self.identity],
                         "q leaves bottles running")

    def test_a_policy_that_moves_is_shown_again(self):
        proposal = self.ask(methods=["GET", "POST"])["proposal_id"]
        self.open()
        self.screen.type("a")
        self.screen.wait_for("change:  adds GET, POST to wanted.example.com")
        self.ok(self.product.run("egress", "allow", self.identity, "wanted.example.com",
                                 "--method", "GET"))
        self.screen.type("y")
        self.screen.wait_for("the policy has changed meanwhile")
        self.screen.keys("End")
        self.screen.wait_for("methods: GET → GET, POST")
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.screen.type("y")
        self.screen.wait_for(f"{proposal} is approved")
        self.close()

    def test_denials_appear_as_they_fall(self):
        self.open()
        self.assertIn("403", self.fetch())
        self.screen.wait_for("deny  CONNECT wanted.example.com:443")
        self.close()


class Small(Keys, DashboardCase):
    pass


class Large(Keys, DashboardCase):
    columns, rows = 200, 60


class Terminals(DashboardCase):
    def test_resize(self):
        self.ask()
        self.open()
        for columns, rows in ((200, 60), (60, 15), (30, 8), (80, 24)):
            self.columns = columns
            self.screen.resize(columns, rows)
            if columns < 40:
                self.screen.wait_for("cells are needed")
            else:
                self.screen.wait_for(QUIT)
                self.screen.wait_for("proposals")
            self.assertTrue(processes.wait_until(lambda: len(self.screen.screen().rstrip().splitlines())
                                                 == (rows if columns >= 40 else 1), 5),
                            self.screen.screen())
            self.fits()
        self.close()

    def test_no_colour(self):
        self.ask()
        for variables, coloured in (("", True), ("NO_COLOR=1", False), ("TERM=dumb", False)):
            with self.subTest(variables):
                self.open(variables)
                shown = self.screen._tmux("capture-pane", "-p", "-e", "-t", "t")
                self.assertEqual(bool(re.search(r"\x1b\[[0-9;]*3[0-7]m", shown)), coloured, repr(shown))
                self.close()

    def test_a_broken_manifest_is_a_status_line(self):
        self.open()
        self.product.bottle("dev", "supervise: true\negres: {}\n")
        self.screen.wait_for(r"egres")
        self.screen.wait_for(self.identity)
        self.product.bottle("dev", self.front)
        self.assertTrue(processes.wait_until(lambda: "egres" not in self.screen.screen(), 10))
        self.close()

    def test_crashes_give_the_terminal_back_first(self):
        for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT):
            with self.subTest(number):
                self.open()
                for pid in self.drawers():
                    os.kill(pid, number)
                self.screen.wait_for("ended with 1")
                shown = self.screen.screen()
                self.assertIn("before-it", shown)
                self.assertIn("dashboard was ended by signal", shown)
                self.assertIn("dashboard.log", shown.replace("\n", ""))
                self.assertEqual(self.terminal_settings("after"), self.settings)

    def test_the_other_process_is_killed(self):
        self.open()
        drawer, = self.drawers()
        typed = [pid for pid in processes.named("botbottle")
                 if b"dashboard" in processes.command_line(pid) and pid != drawer]
        for pid in typed:
            os.kill(pid, signal.SIGKILL)
        # What the shell says of it may be said to the other screen, which is given back after that.
        self.assertTrue(processes.wait_until(lambda: not processes.alive(drawer), 10))
        self.assertEqual(self.terminal_settings("after"), self.settings)
        self.assertIn("before-it", self.screen.screen())

    def test_a_terminal_that_goes_away_ends_it(self):
        self.open()
        self.assertEqual(len(self.drawers()), 1)
        self.screen.close()
        self.assertTrue(processes.wait_until(lambda: not self.drawers(), 10))

    def test_a_kill_while_a_proposal_is_granted_loses_nothing(self):
        proposal = self.ask()["proposal_id"]
        self.open("BOTBOTTLE_FAULT=supervise.intent")
        self.screen.type("a")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.screen.type("y")
        self.screen.wait_for("ended with 1")
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.assertEqual(self.operator.waiting()[0]["state"], "half done")
        self.open()
        self.screen.wait_for("half done")
        self.screen.type("a")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.screen.type("y")
        self.screen.wait_for(f"{proposal} is approved")
        self.assertEqual(self.fetch(), "releases\n")
        self.close()

    def test_another_operator_was_first(self):
        proposal = self.ask()["proposal_id"]
        self.open()
        self.screen.type("a")
        self.screen.wait_for(r"grant this \(session\)\?")
        self.operator.reject(proposal, "no")
        self.screen.type("y")
        self.screen.wait_for(f"{proposal} was rejected already, by ")
        self.assertIn("403", self.fetch())
        self.close()


class Once(SupervisedCase):
    def test_it_prints_what_it_would_show(self):
        proposal = self.ask()["proposal_id"]
        self.fetch()
        for size in ((80, 24), (200, 60)):
            done = self.ok(self.product.run("dashboard", "--once", "--columns", size[0],
                                            "--rows", size[1]))
            lines = done.stdout.splitlines()
            self.assertEqual(len(lines), size[1])
            self.assertLessEqual(max(map(len, lines)), size[0])
            self.assertIn(proposal, done.stdout)
            self.assertIn(self.identity, done.stdout)
            self.assertNotIn("\x1b", done.stdout)

    def test_without_a_terminal_it_says_what_there_is_instead(self):
        done = self.product.run("dashboard")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--once", done.stderr)
