"""What is kept of an agent goes on: its workspace, its conversation (with the real CLIs), and today's
manifest, with what changed in it. Every end of an agent, and the line that is printed then."""

import json
import os
import pathlib
import re
import signal

from lib import processes
from lib.anthropic import Gate
from lib.claude import Bash, ClaudeCase, Say
from lib.codex import CodexCase
from lib.terminal import Terminal
from lifecycle.shell_agent import ShellAgentCase

REMEMBER = "remember the word ostrich"
ASK = "what was the word"


def printed_resume(text):
    """The arguments of the line that was printed, without the program's name."""
    found = re.search(r"botbottle (resume [a-z0-9-]+)$", text, re.MULTILINE)
    assert found, f"no resume line in: {text}"
    return found.group(1).split()


class Claude(ClaudeCase):
    script = (Bash("echo made > made.txt"), Say("noted"))

    def went_on(self, started_stderr):
        """The printed line works, and the model is asked with the whole conversation."""
        before = len(self.api.model_calls)
        done = self.ok(self.product.run(*printed_resume(started_stderr), "--yes", "--prompt", ASK,
                                        timeout=90))
        asked = [call.body for call in self.api.model_calls[before:]]
        self.assertTrue(any(REMEMBER.encode() in body and ASK.encode() in body for body in asked),
                        "the model never saw both prompts")
        for call in self.api.model_calls[before:]:
            self.assertEqual(call.header("authorization"), f"Bearer {self.token}")
        return done

    def test_the_conversation_goes_on_in_its_workspace(self):
        first = self.ok(self.start("--prompt", REMEMBER))
        self.assertIn("made.txt", first.stderr)
        second = self.went_on(first.stderr)
        events = self.events(second)
        self.assertEqual(events[-1]["session_id"], self.events(first)[-1]["session_id"])
        self.assertFalse(events[-1]["is_error"])
        self.assertEqual(printed_resume(second.stderr), printed_resume(first.stderr))
        workspace = pathlib.Path(self.metadata()["workspace"])
        self.assertEqual((workspace / "made.txt").read_text(), "made\n")
        # Once its work is home, and the agent ends well, there is nothing to keep.
        identity = printed_resume(first.stderr)[1]
        self.ok(self.product.run("apply", identity, "--yes"))
        self.api.script = [Say("done")]
        self.went_on(first.stderr)
        self.assertEqual((self.product.work / "made.txt").read_text(), "made\n")
        self.assertEqual(list((self.product.config / "state").iterdir()), [])

    def test_the_prompt_of_today_is_used(self):
        first = self.ok(self.start("--prompt", REMEMBER))
        self.product.agent("coder", "bottle: dev\n", "You are the agent of a test, and your word is now kiwi.\n")
        second = self.went_on(first.stderr)
        self.assertIn("prompt: changed", second.stderr)
        self.assertIn(b"now kiwi", self.api.model_calls[-1].body)

    def test_after_a_failed_turn(self):
        answer, self.api.respond = self.api.respond, self._refuse
        first = self.start("--prompt", REMEMBER)
        self.assertEqual(first.returncode, 1, first.stderr)
        self.api.respond = answer
        self.went_on(first.stderr)

    @staticmethod
    def _refuse(_request, send):
        body = b'{"type":"error","error":{"type":"permission_error","message":"no"}}'
        send(b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n"
             b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def killed(self, victim):
        """Starts, kills what `victim` names in the middle of a turn, and returns what start said."""
        gate = Gate()
        self.api.script = [Bash("echo made > made.txt"), Say("slowly told", gate)]
        started = self.start_in_background("--prompt", REMEMBER)
        self.assertTrue(gate.reached.wait(30), "the second request never came")
        victim(self.product.bottles()[0]["pids"]["inside"])
        gate.release()
        _, err = started.communicate(timeout=30)
        self.assertNotEqual(started.returncode, 0, err)
        self.api.script = [Say("noted")] * 2
        return started.returncode, err

    def test_after_the_agent_was_killed(self):
        def agent(inside):
            pid = next(pid for pid in processes.in_same_pid_namespace(inside)
                       if processes.name(pid) == "claude")
            os.kill(pid, signal.SIGKILL)
        code, err = self.killed(agent)
        self.assertEqual(code, 128 + signal.SIGKILL)
        self.went_on(err)

    def test_after_the_bottle_was_killed(self):
        _, err = self.killed(lambda inside: os.kill(inside, signal.SIGKILL))
        self.went_on(err)

    def test_on_a_terminal_without_a_prompt(self):
        first = self.ok(self.start("--prompt", REMEMBER))
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line(f"cd {self.product.work}; clear; botbottle {' '.join(printed_resume(first.stderr))}"
                    "; echo en''ded with $?")
        screen.wait_for(r"resume this agent\? \[y/N\]")
        screen.line("y")
        screen.wait_for(REMEMBER, 30)  # the conversation is on the screen
        screen.keys("C-c")
        screen.wait_for("again to exit")
        screen.keys("C-c")
        screen.wait_for("ended with 0")


class Codex(CodexCase):
    script = (Bash("echo made > made.txt"), Say("noted"))

    def test_the_thread_goes_on(self):
        first = self.ok(self.start("--prompt", REMEMBER))
        second = self.ok(self.product.run(*printed_resume(first.stderr), "--yes", "--prompt", ASK,
                                          timeout=90))
        self.assertEqual(self.events(second)[0]["thread_id"], self.events(first)[0]["thread_id"])
        last = json.dumps(self.api.calls[-1][1])
        self.assertIn(REMEMBER, last)
        self.assertIn(ASK, last)

    def test_on_a_terminal(self):
        first = self.ok(self.start("--prompt", REMEMBER))
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line(f"botbottle {' '.join(printed_resume(first.stderr))} --yes; echo en''ded with $?")
        screen.wait_for(REMEMBER, 30)  # the conversation is on the screen
        screen.wait_for("^› ")
        screen.keys("C-c")
        screen.wait_for("ended with 0")


class Ends(ShellAgentCase):
    def test_well_and_nothing_changed(self):
        done = self.ok(self.start("exit 0"))
        self.assertNotIn("resume", done.stderr)
        self.assert_nothing_is_left_but()

    def test_well_and_something_changed(self):
        done = self.ok(self.start("echo x > x.txt"))
        self.assertIn("1 added", done.stderr)
        identity = printed_resume(done.stderr)[1]
        self.assert_nothing_is_left_but(identity)
        self.assertEqual(self.ok(self.resume(identity, "cat x.txt")).stdout, "x\n")

    def test_with_keep(self):
        done = self.ok(self.start("exit 0", "--keep"))
        self.assert_nothing_is_left_but(printed_resume(done.stderr)[1])

    def test_badly(self):
        done = self.start("exit 3")
        self.assertEqual(done.returncode, 3)
        self.assertIn("exit code 3", done.stderr)
        identity = printed_resume(done.stderr)[1]
        self.assert_nothing_is_left_but(identity)
        self.ok(self.resume(identity, "exit 0"))
        self.assert_nothing_is_left_but()

    def test_by_a_signal(self):
        done = self.start("kill -TERM $$")
        self.assertEqual(done.returncode, 128 + signal.SIGTERM)
        self.assert_nothing_is_left_but(printed_resume(done.stderr)[1])

    def test_what_lies_in_its_home_stays(self):
        done = self.start("echo told > ~/conversation; exit 1")
        self.assertEqual(self.resume(printed_resume(done.stderr)[1], "cat ~/conversation").stdout, "told\n")


class Resume(ShellAgentCase):
    def preserve(self, script="echo x > x.txt"):
        return printed_resume(self.start(script).stderr)[1]

    def test_what_changed_since_is_shown(self):
        identity = self.preserve()
        self.assertIn("manifest is as it was", self.ok(self.resume(identity, "true")).stderr)
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: sh\n"
                                   "  headless_arguments: [-c]\nenv: {NEW: word}\n"
                                   "egress: {routes: [{host: a.example}]}\n")
        done = self.ok(self.resume(identity, "echo $NEW"))
        self.assertEqual(done.stdout, "word\n", "today's manifest holds")
        self.assertIn("changed since it was started: env NEW: new", done.stderr)
        self.assertIn("changed since it was started: route a.example: new", done.stderr)
        again = self.ok(self.resume(identity, "true"))
        self.assertIn("manifest is as it was", again.stderr, "it is compared with the last launch")

    def test_a_dry_run_changes_nothing(self):
        identity = self.preserve()
        before = (self.product.config / "state" / identity / "metadata.json").read_bytes()
        self.ok(self.product.run("resume", identity, "--dry-run"))
        self.assertEqual((self.product.config / "state" / identity / "metadata.json").read_bytes(), before)

    def test_the_operators_directory_is_not_copied_again(self):
        identity = self.preserve()
        self.product.write("work/later.txt", "later\n")
        self.assertEqual(self.ok(self.resume(identity, "ls")).stdout.split(), ["brought.txt", "x.txt"])

    def test_a_launch_that_fails_leaves_it_as_it_was(self):
        identity = self.preserve()
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: no-such-program\n")
        done = self.resume(identity, "true")
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assert_nothing_is_left_but(identity)
        self.product.bottle("dev", "agent_provider: {\n")
        self.assertEqual(self.resume(identity, "true").returncode, 3)
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: sh\n"
                                   "  headless_arguments: [-c]\n")
        self.assertEqual(self.ok(self.resume(identity, "cat x.txt")).stdout, "x\n")

    def test_refusals(self):
        done = self.product.run("resume", "coder-zzzzz", "--yes")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("coder-zzzzz", done.stderr)
        self.product.run("run", "--keep", "--", "true")
        done = self.product.run("resume", self.one_preserved()["identity"], "--yes")
        self.assertIn("no agent", done.stderr)
        self.ok(self.product.run("start", "coder", "--yes", "--detach"))
        running = self.product.wait_for_bottles()[0]["identity"]
        done = self.product.run("resume", running, "--yes")
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assertIn("botbottle attach", done.stderr)
        self.ok(self.product.run("stop", running))

    def test_only_one_of_two_at_a_time(self):
        identity = self.preserve()
        started = [self.product.popen("resume", identity, "--yes", "--prompt", "sleep 2; echo went on")
                   for _ in range(2)]
        outs = [each.communicate(timeout=60) for each in started]
        self.assertEqual(sorted(each.returncode for each in started), [0, 125], outs)
        self.assertEqual(sorted(out for out, _ in outs), ["", "went on\n"])
        self.assert_nothing_is_left_but(identity)

    def test_the_command_of_before_leaves_it_alone(self):
        """It looks at the end of its session only when the bottle runs again already."""
        started = self.product.popen("start", "coder", "--cwd", "--yes", "--prompt", "echo x > x.txt; sleep 60")
        identity = self.product.wait_for_bottles()[0]["identity"]
        workspace = self.product.config / "state" / identity / "workspace/x.txt"
        self.assertTrue(processes.wait_until(workspace.exists, 10))
        os.kill(started.pid, signal.SIGSTOP)
        self.ok(self.product.run("stop", identity))
        self.ok(self.product.run("resume", identity, "--yes", "--detach"))
        os.kill(started.pid, signal.SIGCONT)
        _, said = started.communicate(timeout=30)
        self.assertIn("was started again by another command", said)
        self.assertEqual(self.product.wait_for_bottles()[0]["identity"], identity)
        self.ok(self.product.run("stop", identity))
        self.assert_nothing_is_left_but(identity)

    def test_detached(self):
        identity = self.preserve()
        self.ok(self.product.run("resume", identity, "--yes", "--detach"))
        self.assertEqual(self.product.wait_for_bottles()[0]["identity"], identity)
        self.ok(self.product.run("stop", identity))
        self.assert_nothing_is_left_but(identity)

    def test_picked_when_it_is_not_named(self):
        identity = self.preserve()
        done = self.product.run("resume", "--no-input")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("botbottle resume IDENTITY", done.stderr)
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line("botbottle resume --dry-run; echo en''ded with $?")
        screen.wait_for(identity)
        screen.line("1")
        screen.wait_for("ended with 0")
