"""Sessions as the operator has them: pipes, terminals, signals, detaching and coming back."""

import hashlib
import os
import pathlib
import signal
import subprocess
import termios
import threading
import time

from lib import processes

from .harness import BottleCase

PREFIX_KEY = b"\x1d"  # Ctrl-]


class Pipes(BottleCase):
    def test_streams_and_exit_code(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "cat; echo err >&2; exit 7").start()
        self.assertEqual(session.run(b"in"), (7, b"in", b"err\n"))
        self.assertEqual(session.result(), {"outcome": "exited", "code": 7})

    def test_ends(self):
        bottle = self.bottle()
        for script, code, result in (
                ("exit 0", 0, {"outcome": "exited", "code": 0}),
                ("kill -KILL $$", 137, {"outcome": "signaled", "signal": 9}),
                ("kill -TERM $$", 143, {"outcome": "signaled", "signal": 15})):
            session = bottle.attach("sh", "-c", script).start()
            self.assertEqual(session.run()[0], code)
            self.assertEqual(session.result(), result)

    def test_a_program_that_does_not_exist(self):
        bottle = self.bottle()
        session = bottle.attach("no-such-program").start()
        self.assertEqual(session.run(), (125, b"", b""))
        self.assertEqual(session.result(), {"outcome": "failed", "code": "command_not_found",
                                            "message": "no-such-program: not found"})
        self.refused("command_not_found", bottle.exec, "no-such-program")
        self.refused("no_directory", bottle.exec, "true", cwd="/no/such")

    def test_environment_and_directory(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "env; pwd", env={"ODD": "a=b\nc"}, cwd="/tmp").start()
        _, printed, _ = session.run()
        self.assertIn(b"\nODD=a=b\nc\n", b"\n" + printed)
        self.assertTrue(printed.endswith(b"\n/tmp\n"))
        self.assertNotIn(b"PYTHON", printed)

    def test_arguments_stay_off_the_hosts_process_table(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", ": canary-argument; cat", env={"K": "canary-value"})
        session.start()
        line = processes.command_line(session.process.pid)
        self.assertIn(b"botbottle-session", line)
        self.assertNotIn(b"canary", line)
        session.run(b"")

    def test_much_data_both_ways(self):
        bottle = self.bottle()
        data = os.urandom(1 << 20) * 48
        session = bottle.attach("cat").start()
        code, printed, _ = session.run(data)
        self.assertEqual(code, 0)
        self.assertEqual(hashlib.sha256(printed).digest(), hashlib.sha256(data).digest())

    def test_output_without_anybody_who_reads_for_a_while(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "seq 1 300000; seq 1 1000 >&2; exit 3").start()
        time.sleep(0.3)
        code, printed, errors = session.run()
        self.assertEqual(code, 3)
        self.assertEqual(printed, b"".join(b"%d\n" % n for n in range(1, 300001)))
        self.assertEqual(len(errors.splitlines()), 1000)

    def test_end_of_input_arrives(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "wc -c; echo done").start()
        self.assertEqual(session.run(b"x" * 100000)[1].split(), [b"100000", b"done"])

    def test_a_session_that_does_not_read_its_input(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "exec 0<&-; sleep 0.1; echo done").start()
        self.assertEqual(session.run(b"x" * 1000000)[:2], (0, b"done\n"))

    def test_a_reader_that_goes_away_is_a_broken_pipe_inside(self):
        bottle = self.bottle()
        session = bottle.attach("yes").start()
        session.process.stdout.read(1000)
        session.process.stdout.close()
        self.assertEqual(session.process.wait(20), 128 + signal.SIGPIPE)

    def test_signals_go_to_the_session(self):
        bottle = self.bottle()
        script = ("for s in INT TERM HUP QUIT; do trap \"echo $s; exit 9\" $s; done;"
                  "echo ready; while :; do sleep 0.02; done")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            session = bottle.attach("sh", "-c", script).start()
            session.process.stdout.readline()
            session.process.send_signal(number)
            code, printed, _ = session.run()
            self.assertEqual((code, printed.decode()), (9, number.name[3:] + "\n"))

    def test_a_second_interrupt_kills(self):
        bottle = self.bottle()
        # (Not signal.pause(): a signal that arrives just before it is only seen after the next one.)
        session = bottle.attach("python3", "-c", "import os, signal, time\n"
                                "signal.signal(signal.SIGINT, lambda *_: os.write(1, b'no\\n'))\n"
                                "os.write(1, b'ready\\n')\nwhile True: time.sleep(0.02)").start()
        self.assertEqual(session.process.stdout.readline(), b"ready\n")
        session.process.send_signal(signal.SIGINT)
        self.assertEqual(session.process.stdout.readline(), b"no\n")
        session.process.send_signal(signal.SIGINT)
        self.assertEqual(session.process.wait(20), 137)

    def test_a_killed_client_ends_its_session(self):
        bottle = self.bottle()
        session = bottle.attach("sh", "-c", "echo ready; sleep 12345").start()
        session.process.stdout.readline()
        session.process.kill()
        self.assertTrue(processes.wait_until(
            lambda: "12345" not in bottle.sh("cat /proc/[0-9]*/cmdline")["stdout"]))
        self.assertEqual(bottle.list()["sessions"], [])

    def test_what_the_operator_gave_as_input_cannot_be_written(self):
        """A file handed in as stdin could be reopened for writing through /proc/self/fd/0."""
        bottle = self.bottle()
        file = self.folder / "input"
        file.write_text("original")
        file.chmod(0o666)
        with open(file, "rb") as stdin:
            session = bottle.attach(
                "sh", "-c", "readlink /proc/self/fd/0; cat;"
                "echo changed > /proc/self/fd/0; echo changed 1<>/proc/self/fd/0").start(stdin)
            _, printed, _ = session.run()
        self.assertRegex(printed, rb"^pipe:\[\d+\]\noriginal")
        self.assertEqual(file.read_text(), "original")

    def test_exec_captures_and_cuts(self):
        bottle = self.bottle()
        self.assertEqual(bottle.exec("cat", stdin="text\n"),
                         {"exit_code": 0, "signal": None, "stdout": "text\n", "stderr": ""})
        self.assertEqual(bottle.sh("kill -9 $$")["signal"], 9)
        long = bottle.sh("head -c 3000000 /dev/zero | tr '\\0' x; echo e >&2; exit 4")
        self.assertEqual((long["exit_code"], len(long["stdout"]), long["truncated"]),
                         (4, 1 << 20, True))
        self.assertEqual(bottle.sh("printf '\\377'")["stdout"], "\ufffd")

    def test_exec_ends_what_takes_too_long(self):
        bottle = self.bottle()
        began = time.monotonic()
        self.refused("timeout", bottle.sh, "echo started; sleep 12345", timeout_ms=300)
        self.assertLess(time.monotonic() - began, 5)
        self.assertTrue(processes.wait_until(
            lambda: "12345" not in bottle.sh("cat /proc/[0-9]*/cmdline")["stdout"]))

    def test_many_at_once(self):
        bottle = self.bottle()
        sessions = [bottle.attach("sh", "-c", f"cat; exit {n}").start() for n in range(30)]
        self.assertTrue(processes.wait_until(lambda: len(bottle.list()["sessions"]) == 30))
        for number, session in enumerate(sessions):
            self.assertEqual(session.run(b"%d" % number)[:2], (number, b"%d" % number))


class Terminals(BottleCase):
    def attach(self, bottle, script, name=None, **request):
        return bottle.attach("sh", "-c", script, tty=True, session=name, env={"TERM": "xterm"},
                             **request)

    def reattach(self, bottle, name):
        session = bottle.attach(tty=True, session=name, reattach=True, argv=[])
        return session.start_on_terminal(90, 20)

    def test_a_terminal_of_its_own(self):
        bottle = self.bottle()
        session = self.attach(bottle, "test -t 0 && test -t 1 && test -t 2 && tty; stty size;"
                              "read line; echo \"<$line>\"; exit 5").start_on_terminal(101, 31)
        session.terminal.wait_for(b"/dev/pts/0\r\n31 101\r\n")
        session.terminal.type(b"hello\r")
        session.terminal.wait_for(b"<hello>\r\n")
        self.assertEqual(session.wait(), 5)
        self.assertEqual(session.result(), {"outcome": "exited", "code": 5})

    def test_the_window_is_resized(self):
        bottle = self.bottle()
        session = self.attach(bottle, "trap 'stty size' WINCH; echo ready;"
                              "while :; do sleep 0.02; done").start_on_terminal(80, 24)
        session.terminal.wait_for(b"ready")
        session.terminal.resize(132, 43)
        session.process.send_signal(signal.SIGWINCH)
        session.terminal.wait_for(b"43 132")

    def test_keys_are_signals_inside(self):
        bottle = self.bottle()
        session = self.attach(bottle, "trap 'echo int' INT; echo ready; while :; do sleep 0.02;"
                              "done").start_on_terminal()
        session.terminal.wait_for(b"ready")
        session.terminal.type(b"\x03")
        session.terminal.wait_for(b"int\r\n")
        session.terminal.type(b"\x1c")
        self.assertEqual(session.wait(), 128 + signal.SIGQUIT)

    def test_the_terminal_is_given_back_as_it_was(self):
        bottle = self.bottle()
        for script, ending in (("stty -echo; sleep 0.1", None), ("echo ready; sleep 1000", "kill"),
                               ("echo ready; sleep 1000", "stop")):
            session = self.attach(bottle, script)
            session.start_on_terminal()
            before = session.modes_before
            if ending:
                session.terminal.wait_for(b"ready")
                self.assertFalse(session.terminal.modes()[3] & termios.ICANON)
            if ending == "kill":
                session.process.send_signal(signal.SIGTERM)
            if ending == "stop":
                bottle.stop(0)
            session.wait()
            self.assertEqual(session.terminal.modes(), before, (script, ending))

    def test_modes_that_a_program_left_on_are_reset_only_then(self):
        bottle = self.bottle()
        script = "printf '\\033[?1049h\\033[?1000h\\033[?25l'; echo ready; read x; kill -9 $$"
        session = self.attach(bottle, script).start_on_terminal()
        session.terminal.wait_for(b"ready")
        session.terminal.type(b"\r")
        self.assertEqual(session.wait(), 137)
        for mode in (b"\x1b[?1049l", b"\x1b[?1000l", b"\x1b[?2004l", b"\x1b[?25h"):
            self.assertIn(mode, session.terminal.text)
        orderly = self.attach(bottle, "printf '\\033[?25l'; exit 1").start_on_terminal()
        self.assertEqual(orderly.wait(), 1)
        self.assertNotIn(b"\x1b[?1049l", orderly.terminal.text)

    def test_detach_and_come_back(self):
        bottle = self.bottle()
        session = self.attach(bottle, "echo one; read a; echo two-$a; read b; echo three-$b;"
                              "stty size; read c; exit 6", "agent").start_on_terminal()
        session.terminal.wait_for(b"one")
        self.assertEqual(
            [(s["name"], s["tty"], s["attached"], s["command"]) for s in bottle.list()["sessions"]],
            [("agent", True, True, "sh")])
        session.terminal.type(PREFIX_KEY + b"d")
        self.assertEqual(session.wait(), 0)
        self.assertEqual(session.result(), {"outcome": "detached"})
        self.assertFalse(bottle.list()["sessions"][0]["attached"])

        again = self.reattach(bottle, "agent")
        again.terminal.type(b"x\r")
        again.terminal.wait_for(b"two-x")
        self.assertEqual(self.attached_error(bottle), "session_attached")
        again.process.kill()  # as when a connection breaks
        again.wait()
        self.assertTrue(processes.wait_until(
            lambda: not bottle.list()["sessions"][0]["attached"]))

        third = self.reattach(bottle, "agent")
        time.sleep(0.2)  # the size is changed and put back
        third.terminal.type(b"y\r")
        third.terminal.wait_for(b"three-y")
        third.terminal.wait_for(b"20 90")
        third.terminal.type(b"z\r")
        self.assertEqual(third.wait(), 6)
        self.assertEqual(bottle.list()["sessions"], [])

    def attached_error(self, bottle):
        session = bottle.attach(tty=True, session="agent", reattach=True, argv=[]).start()
        session.run()
        return session.result()["code"]

    def test_output_while_detached_is_shown_again(self):
        bottle = self.bottle()
        session = self.attach(bottle, "read a; seq 1 50000; echo the end; touch /tmp/done; read b",
                              "agent").start_on_terminal()
        session.terminal.type(b"\r" + PREFIX_KEY + b"d")
        session.wait()
        self.assertTrue(processes.wait_until(
            lambda: bottle.sh("test -e /tmp/done")["exit_code"] == 0))
        again = self.reattach(bottle, "agent")
        shown = again.terminal.wait_for(b"the end")
        self.assertIn(b"\r\n49999\r\n50000\r\n", shown)
        self.assertLess(len(shown), 70000)

    def test_coming_back_makes_the_program_draw_again(self):
        bottle = self.bottle()
        session = self.attach(bottle, "trap 'stty size' WINCH; echo ready;"
                              "while :; do sleep 0.005; done", "agent").start_on_terminal(90, 20)
        session.terminal.wait_for(b"ready")
        session.terminal.type(PREFIX_KEY + b"d")
        session.wait()
        again = self.reattach(bottle, "agent")  # of the same size as before
        again.terminal.wait_for(b"19 90")
        again.terminal.wait_for(b"20 90")

    def test_the_keys_themselves(self):
        bottle = self.bottle()
        session = self.attach(bottle, "stty raw -echo; echo ready; head -c 3 | od -An -tx1;"
                              "read x", "agent").start_on_terminal()
        session.terminal.wait_for(b"ready")
        session.terminal.type(PREFIX_KEY + PREFIX_KEY)
        session.terminal.type(b"ab")
        session.terminal.wait_for(b"1d 61 62")
        session.terminal.type(b"\x1b[93;5ud")  # as the kitty keyboard protocol spells them
        session.wait()
        self.assertEqual(session.result(), {"outcome": "detached"})

    def test_a_throw_away_session_ends_with_its_client(self):
        bottle = self.bottle()
        session = self.attach(bottle, "echo ready; exec sleep 12345").start_on_terminal()
        session.terminal.wait_for(b"ready")
        session.terminal.type(PREFIX_KEY + b"d")  # are keys for the program, here
        time.sleep(0.1)
        self.assertIsNone(session.process.poll())
        session.process.send_signal(signal.SIGHUP)
        session.wait()
        self.assertTrue(processes.wait_until(lambda: bottle.list()["sessions"] == []))

    def test_a_bottle_that_ends_under_a_session(self):
        bottle = self.bottle()
        session = self.attach(bottle, "echo ready; exec sleep 12345", "agent").start_on_terminal()
        session.terminal.wait_for(b"ready")
        os.kill(bottle.pid, signal.SIGKILL)
        self.assertEqual(session.wait(), 125)
        self.assertEqual(session.result()["code"], "session_lost")

    def test_a_session_name_is_taken_once(self):
        bottle = self.bottle()
        first = self.attach(bottle, "echo ready; read x", "agent").start_on_terminal()
        first.terminal.wait_for(b"ready")
        second = self.attach(bottle, "true", "agent").start_on_terminal()
        self.assertEqual(second.wait(), 125)
        self.assertEqual(second.result()["code"], "session_exists")

    def test_a_flood_of_output(self):
        bottle = self.bottle()
        session = self.attach(bottle, "seq 1 200000; echo the end").start_on_terminal()
        shown = session.terminal.wait_for(b"the end\r\n")
        self.assertEqual(shown.count(b"\r\n"), 200000)
        self.assertEqual(session.wait(), 0)
