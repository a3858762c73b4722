"""Who may ask, what is answered, and what is not a conversation."""

import os
import socket
import time

from .harness import Control, WardenCase, needs_root, policy


class Answers(WardenCase):
    def test_status(self):
        warden = self.warden()
        status = self.connect(warden).call("status")
        egress = status["sidecars"][0]
        self.assertEqual(status["identity"], "test-abc12")
        self.assertEqual(status["pid"], warden.pid)
        self.assertEqual(status["policy_revision"], 1)
        self.assertIsNone(status["bottle"])
        self.assertEqual((egress["name"], egress["restarts"], egress["state"]),
                         ("egress", 0, "running"))
        self.assertRegex(status["started"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        warden.watch(os.getpid())
        self.assertEqual(self.connect(warden).call("status")["bottle"],
                         {"pid": os.getpid(), "alive": True})

    def test_what_the_egress_answers(self):
        control = self.connect(self.warden())
        self.assertEqual(control.call("stats")["requests"], {"allowed": 0, "denied": 0})
        self.assertEqual(control.call("policy.show")["routes"][0]["host"], "api.example")
        verdict = control.call("test", method="GET", url="https://other.example/")
        self.assertEqual(verdict["verdict"], "denied")
        self.assert_refused("bad_request", control.call, "test", method="GET")
        self.assert_refused("unknown_method", control.call, "no.such.method")

    def test_a_policy_is_replaced_as_a_whole_or_not_at_all(self):
        control = self.connect(self.warden())
        self.assertEqual(control.call("policy.replace", policy=policy(2, "new.example")),
                         {"revision": 2})
        self.assertEqual(control.call("status")["policy_revision"], 2)
        self.assert_refused("policy_invalid", control.call, "policy.replace",
                            policy={**policy(3), "more": 1})
        self.assert_refused("bad_request", control.call, "policy.replace")
        self.assertEqual(control.call("status")["policy_revision"], 2)
        self.assertEqual(control.call("policy.show")["routes"][0]["host"], "new.example")

    def test_a_secret_is_set_or_refused_without_being_shown(self):
        warden = self.warden()
        control = self.connect(warden)
        self.assertEqual(control.call("secret.set", slot="token", value="another-value"), {})
        for value in ("with\nnewline", "with\0nul", 7, None):
            with self.subTest(value):
                with self.assertRaises(Exception) as caught:
                    control.call("secret.set", slot="token", value=value)
                self.assertNotIn("with", str(caught.exception))
        self.assertNotIn("another-value", warden.audit.read_text() + warden.log())

    def test_several_at_once(self):
        warden = self.warden()
        many = [self.connect(warden) for _ in range(8)]
        numbers = [control.send("status") for control in many]
        for control, number in reversed(list(zip(many, numbers))):
            self.assertEqual(control.answer(number)["pid"], warden.pid)

    def test_answers_keep_their_order(self):
        control = self.connect(self.warden())
        numbers = [control.send(method) for method in ("stats", "status", "policy.show", "status")]
        self.assertEqual([control.receive()["id"] for _ in numbers], numbers)

    def test_drain(self):
        warden = self.warden()
        self.assertEqual(self.connect(warden).call("drain", timeout_ms=100), {})
        self.assertEqual(warden.connect_once("stop", grace_ms=500), {})
        self.assertEqual(warden.wait(), 0)


class Refusals(WardenCase):
    def test_what_is_no_message_ends_that_connection_alone(self):
        warden = self.warden()
        other = self.connect(warden)
        cases = [b"hello\n", b"\n", b"[]\n", b'{"id":1}{\n', b'{"id":"1","method":"status"}\n',
                 b'{"method":"status"}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n"]
        for line in cases:
            with self.subTest(line[:20]):
                control = self.connect(warden)
                control.raw(line)
                self.assertTrue(control.ended())
                self.assertEqual(control.events, [])
        self.assertEqual(other.call("status")["pid"], warden.pid)

    def test_a_line_without_end(self):
        warden = self.warden()
        control = self.connect(warden)
        sent = 0
        with self.assertRaises((BrokenPipeError, ConnectionResetError)):
            while sent < 64 << 20:
                control.raw(b"x" * (1 << 16))
                sent += 1 << 16
        self.assertGreaterEqual(sent, 8 << 20)
        self.assertLess(sent, 16 << 20)
        self.assertEqual(warden.connect_once("status")["pid"], warden.pid)

    def test_a_large_message_is_taken(self):
        control = self.connect(self.warden())
        self.assert_refused("unknown_method", control.call, "x", padding="x" * (8_000_000))

    def test_a_peer_that_says_nothing_holds_nobody_up(self):
        warden = self.warden()
        silent = [self.connect(warden) for _ in range(4)]
        silent[0].raw(b'{"id":1,"meth')
        self.assertEqual(warden.connect_once("status")["pid"], warden.pid)
        warden.connect_once("stop", grace_ms=0)
        warden.wait()

    @needs_root
    def test_another_user_is_refused(self):
        warden = self.warden()
        # Past the directory (0700) and the socket's mode (0600), so that the peer check itself is
        # what refuses.
        os.chmod(warden.runtime / "control.sock", 0o666)
        os.chmod(warden.runtime, 0o711)
        os.chmod(warden.folder, 0o711)
        self.assertEqual(self.answered_as(64999, warden), b"")
        own = warden.account.uid if warden.account else 0
        for uid in {0, own}:
            self.assertIn(b"test-abc12", self.answered_as(uid, warden))

    @staticmethod
    def answered_as(uid, warden):
        """What a process of that uid gets when it asks for the status."""
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setresuid(uid, uid, uid)
                control = warden.connect()
                control.raw(b'{"id":1,"method":"status"}\n')
                theirs.sendall(control.reader.readline())
            finally:
                os._exit(0)
        theirs.close()
        os.waitpid(pid, 0)
        with ours:
            return ours.recv(65536)

    def test_at_most_64_connections(self):
        warden = self.warden()
        held = [self.connect(warden) for _ in range(80)]
        time.sleep(0.2)
        answered = 0
        for control in held:
            try:
                control.call("status")
                answered += 1
            except OSError:
                pass
        self.assertEqual(answered, 63)  # and the starter's


class Events(WardenCase):
    def test_only_those_who_subscribed_are_told(self):
        warden = self.warden()
        told, untold = self.connect(warden), self.connect(warden)
        self.assertEqual(told.call("subscribe"), {})
        pid = warden.egress_pid()
        os.kill(pid, 9)
        self.assertEqual(told.event("sidecar.died"),
                         {"name": "egress", "pid": pid, "status": "signal 9"})
        restarted = told.event("sidecar.restarted")
        self.assertEqual(restarted["name"], "egress")
        self.assertEqual(restarted["pid"], warden.egress_pid())
        untold.call("status")
        self.assertEqual(untold.events, [])

    def test_the_starter_may_subscribe(self):
        warden = self.warden()
        warden.starter.call("subscribe")
        pid, end = self.process("/bin/sleep", "60")
        warden.watch(pid)
        end()
        self.assertEqual(warden.starter.event("bottle.ended"), {})
        self.assertTrue(warden.starter.ended())


class Descriptor3(WardenCase):
    def test_it_must_be_a_unix_stream_socket(self):
        from .harness import libexec, spawn
        program = libexec() / "botbottle-warden"
        read, write = os.pipe()
        with open(os.devnull, "wb") as null:
            for descriptors in ([], [read]):
                pid = spawn(program, descriptors, stderr=null.fileno())
                self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1)
        os.close(read)
        os.close(write)

    def test_no_other_descriptor_is_kept(self):
        from .harness import libexec, spawn
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        with open(os.devnull, "wb") as null:
            pid = spawn(libexec() / "botbottle-warden", [theirs.fileno(), write],
                        stderr=null.fileno())
        theirs.close()
        os.close(write)
        control = Control(ours)
        self.assert_refused("not_now", control.call, "status")
        os.set_blocking(read, False)
        self.assertEqual(os.read(read, 1), b"", "the pipe's other end is still open in the warden")
        os.close(read)
        control.close()
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
