"""Sessions by `machine exec`: input, output, codes, signals, terminals, and the eight that a machine
runs at a time."""

import json
import os
import signal
import subprocess
import time

from lib import processes
from lib.terminal import Terminal

from .harness import SmolvmCase


class Sessions(SmolvmCase):
    def setUp(self):
        super().setUp()
        self.started = self.background("run", "--", "sleep", "600")
        self.identity = self.product.wait_for_bottles()[0]["identity"]
        self.addCleanup(self.end_all)

    def end_all(self):
        for bottle in self.product.bottles():
            self.product.run("stop", bottle["identity"])

    def exec(self, *command, **options):
        return self.product.run("exec", self.identity, "--", *command, **options)

    def test_input_output_and_codes(self):
        done = self.exec("sh", "-c", "cat; echo err >&2; exit 7", input="in")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (7, "in", "err\n"))
        self.assertEqual(self.exec("sh", "-c", "kill -TERM $$").returncode, 143)
        self.assertEqual(self.exec("sh", "-c", "exit 255").returncode, 255)
        self.assertEqual(self.exec("sh", "-c", "exit 124").returncode, 124)
        done = self.exec("no-such-program")
        self.assertNotIn(done.returncode, (0, 1))
        self.assertIn("no-such-program: not found", done.stderr)

    def test_what_looks_like_smolvms_own_words_is_passed_on(self):
        done = self.exec("sh", "-c", "echo 'Error: vm not found: x' >&2; echo Error: >&2; exit 1")
        self.assertEqual((done.returncode, done.stderr), (1, "Error: vm not found: x\nError:\n"))

    def test_the_machine_is_not_in_sight(self):
        """The bottle's view has none of what root of the machine works with."""
        done = self.exec("sh", "-c", "ls -A /opt/botbottle; ls -A /run; echo /proc/[0-9]* | wc -w; cat /proc/1/comm; "
                                     "id -u; cat /etc/resolv.conf; touch /x 2>&1 | grep -c Read-only")
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], "botbottle")
        self.assertLess(int(lines[1]), 10)
        self.assertEqual(lines[2:], ["relay", str(self.product.account.uid), "1"])

    def test_much_output(self):
        done = self.exec("sh", "-c", "head -c 20000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2")
        self.assertEqual((len(done.stdout), len(done.stderr)), (20_000_000, 300_000))

    def test_signals_reach_the_program(self):
        running = self.product.popen("exec", self.identity, "--", "sh", "-c",
                                     "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
        self.assertEqual(running.stdout.readline(), "ready\n")
        for pid in processes.named("botbottle-machine-session"):
            if b"--result-fd" in processes.command_line(pid) and processes.name(pid):
                parent = running.pid
                if parent in (pid, parent_of(pid)):
                    os.kill(pid, signal.SIGTERM)
        out, _ = running.communicate(timeout=20)
        self.assertEqual((out, running.returncode), ("caught\n", 9))

    def test_a_terminal_has_its_size(self):
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment, 100, 30)
        try:
            screen.line("botbottle run -- sh -c 'stty size; read x; stty size; exit 5'; echo co''de $?")
            screen.wait_for("^30 100$")
            screen.resize(80, 26)
            time.sleep(0.3)
            screen.keys("Enter")
            screen.wait_for("^26 80$")
            screen.wait_for("^code 5$")
            screen.line("stty -a | grep -o '[-]*echo '")  # the operator's terminal is as it was
            screen.wait_for("^echo")
        finally:
            screen.close()

    def test_detach_and_attach(self):
        self.end_all()
        self.started.wait(20)
        script = "echo here; while read x; do echo got-$x; done"
        self.product.bottle("talk", "agent_provider:\n  template: command\n  command: sh\n  prompt_mode: none\n"
                                    f"  arguments: {json.dumps(['-c', script])}\n")
        self.product.agent("talker", "bottle: talk\n")
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        try:
            screen.line("botbottle start talker --yes; echo le''ft $?")
            screen.wait_for("^here$")
            screen.line("one")
            screen.wait_for("got-one")
            screen.keys("C-]")
            screen.type("d")
            screen.wait_for("left 0")
            identity = self.product.wait_for_bottles()[0]["identity"]
            screen.line(f"clear; botbottle attach {identity}; echo ba''ck $?")
            screen.wait_for("leaves the agent running")

            def heard():  # what is typed before the terminal is the agent's, is nobody's
                screen.line("two")
                return processes.wait_until(lambda: "got-two" in screen.screen(), 1)
            self.assertTrue(processes.wait_until(heard, 20), screen.screen())
            screen.keys("C-d")
            screen.wait_for("back 0")
        finally:
            screen.close()

    def test_codes_of_an_attached_session(self):
        """Also those that smolvm gives a meaning of its own."""
        self.end_all()
        self.started.wait(20)
        script = "echo here; read x; case $x in TERM) kill -TERM $$;; *) exit $x;; esac"
        self.product.bottle("talk", "agent_provider:\n  template: command\n  command: sh\n  prompt_mode: none\n"
                                    f"  arguments: {json.dumps(['-c', script])}\n")
        self.product.agent("talker", "bottle: talk\n")
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        for word, code in (("124", 124), ("125", 125), ("255", 255), ("TERM", 143)):
            with self.subTest(word):
                self.ok(self.product.run("start", "talker", "--yes", "--detach"))
                identity = self.product.wait_for_bottles()[0]["identity"]
                screen.line(f"clear; botbottle attach {identity}; echo ba''ck $?")
                screen.wait_for("leaves the agent running")

                def told(word=word, code=code):  # what is typed before the terminal is the agent's, is nobody's
                    screen.line(word)
                    return processes.wait_until(lambda: f"back {code}" in screen.screen(), 1)
                self.assertTrue(processes.wait_until(told, 20), screen.screen())
                self.product.run("cleanup", "--yes", identity)

    def test_no_slot_is_ever_wanting_for_the_end(self):
        """Six sessions at most: `list` and `stop` go on while they run, and the seventh is told."""
        held = [self.product.popen("exec", self.identity, "--", "cat", stdin=subprocess.PIPE) for _ in range(5)]
        for running in held:
            running.stdin.write("x\n")
            running.stdin.flush()
            self.assertEqual(running.stdout.readline(), "x\n")
        more = self.exec("true")
        self.assertIn("six commands run in the bottle's machine at a time", more.stderr)
        self.assertEqual(len(self.product.bottles()[0]["sessions"]), 6)
        began = time.monotonic()
        self.ok(self.product.run("stop", self.identity))
        self.assertLess(time.monotonic() - began, 15)
        for running in held:
            running.communicate(timeout=10)

    def test_a_client_that_is_killed_leaves_nothing(self):
        """Its smolvm ends with it, and what it had written goes with the next one that comes, or with a list."""
        place = self.product.config / "state" / self.identity / "machine"

        def requests():
            return set((place / "in/requests").iterdir())
        for next_one in (lambda: self.product.bottles(), lambda: self.exec("true")):
            before = requests()
            running = self.product.popen("exec", self.identity, "--", "sh", "-c", "echo up; cat", stdin=subprocess.PIPE)
            self.assertEqual(running.stdout.readline(), "up\n")
            self.assertEqual(len(requests() - before), 1)
            client = next(pid for pid in processes.named("botbottle-machine-session")
                          if running.pid in (pid, parent_of(pid)))
            tools = [pid for pid in processes.descendants(client) if processes.alive(pid)]
            self.assertTrue(tools)
            os.kill(client, signal.SIGKILL)
            running.communicate(timeout=20)
            self.assertTrue(processes.wait_until(lambda pids=tools: not any(map(processes.alive, pids)), 10))
            next_one()
            self.assertEqual(requests(), before)

    def test_the_machine_is_killed_under_it(self):
        running = self.product.popen("exec", self.identity, "--", "sleep", "60")
        processes.wait_until(lambda: len(self.product.bottles()[0]["sessions"]) == 2, 10)
        os.kill(self.machine()["pid"], signal.SIGKILL)
        _, errors = running.communicate(timeout=20)
        self.assertEqual(running.returncode, 125)
        self.assertIn("connection to VM lost", errors)
        self.started.wait(20)
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(self.smolvm.machines(), [])


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rpartition(")")[2].split()[1])
