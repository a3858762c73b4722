"""Sidecars that die, bottles that end, commands that go away."""

import os
import signal
import socket
import threading

from lib import processes

from .harness import WardenCase, elapsed, policy, until


class Restarts(WardenCase):
    def kill_egress(self, warden, control):
        """Kills it and waits until its successor serves."""
        pid = warden.egress_pid()
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(control.event("sidecar.died")["pid"], pid)
        return control.event("sidecar.restarted")["pid"]

    def test_on_the_same_socket_with_the_same_authority_and_the_policy_of_now(self):
        warden = self.warden()
        control = self.connect(warden)
        control.call("subscribe")
        control.call("policy.replace", policy=policy(7, "replaced.example"))
        inode = os.stat(warden.ready["sockets"]["egress"]).st_ino
        new = self.kill_egress(warden, control)
        self.assertEqual(warden.egress_pid(), new)
        self.assertEqual(os.stat(warden.ready["sockets"]["egress"]).st_ino, inode)
        self.assertEqual(warden.through_egress()[0], 200)
        shown = control.call("policy.show")
        self.assertEqual((shown["revision"], shown["routes"][0]["host"]), (7, "replaced.example"))
        self.assertEqual(control.call("status")["sidecars"][0]["restarts"], 1)
        self.assertEqual([line["event"] for line in warden.life()],
                         ["start", "policy_replaced", "sidecar_died", "sidecar_restarted"])

    def test_a_request_that_comes_meanwhile_is_served(self):
        warden = self.warden()
        answers = []
        for _ in range(3):
            pid = warden.egress_pid()
            os.kill(pid, signal.SIGSTOP)  # its backlog is ours now
            client = threading.Thread(target=lambda: answers.append(warden.through_egress()[0]))
            client.start()
            os.kill(pid, signal.SIGKILL)
            client.join()
        self.assertEqual(answers, [200, 200, 200])

    def test_after_five_deaths_the_door_is_closed(self):
        warden = self.warden()
        control = self.connect(warden)
        control.call("subscribe")
        for _ in range(5):
            self.kill_egress(warden, control)
        os.kill(warden.egress_pid(), signal.SIGKILL)
        self.assertEqual(control.event("sidecar.down"), {"name": "egress"})
        with self.assertRaises(ConnectionRefusedError):
            warden.through_egress()
        self.assertLess(elapsed(warden.through_egress), 1)
        egress = control.call("status")["sidecars"][0]
        self.assertEqual((egress["state"], egress["pid"], egress["restarts"]), ("down", None, 5))
        self.assert_refused("sidecar_down", control.call, "stats")
        self.assertEqual(warden.life()[-1]["event"], "sidecar_down")
        self.assertEqual(control.call("stop", grace_ms=100), {})
        self.assertEqual(warden.wait(), 0)
        self.assert_nothing_left(warden)

    def test_an_egress_that_does_not_end_is_ended(self):
        warden = self.warden()
        pid = warden.egress_pid()
        os.kill(pid, signal.SIGSTOP)
        self.assertEqual(warden.connect_once("stop", grace_ms=200), {})
        self.assertEqual(warden.wait(), 0)
        self.assert_gone(pid)


class Ends(WardenCase):
    def assert_ended(self, warden, egress, status=0):
        self.assertEqual(warden.wait(), status)
        self.assert_gone(egress)
        self.assert_nothing_left(warden)
        self.assertEqual(warden.life()[-1]["event"], "stop")
        self.assertIn('"event":"sealed"', warden.audit.read_text().splitlines()[-1])

    def test_before_start_nothing_was_made(self):
        warden = self.warden(start=False)
        warden.starter.close()
        self.assertEqual(warden.wait(), 0)
        self.assertEqual(sorted(os.listdir(warden.folder)), ["log"])

    def test_the_command_goes_away_before_there_is_a_bottle(self):
        warden = self.warden()
        egress = warden.egress_pid()
        warden.starter.close()
        self.assert_ended(warden, egress)

    def test_the_command_goes_away_in_the_middle_of_start(self):
        for _ in range(10):
            warden = self.warden(start=False)
            warden.starter.send("start", **warden.parameters())
            warden.starter.close()
            self.assertEqual(warden.wait(), 0)
            self.assert_nothing_left(warden)

    def test_the_command_goes_away_from_a_bottle(self):
        warden = self.warden()
        egress = warden.egress_pid()
        pid, end = self.process("/bin/sleep", "60")
        warden.watch(pid)
        warden.starter.close()
        self.assertEqual(warden.through_egress()[0], 200)
        self.assertEqual(warden.connect_once("status")["bottle"]["pid"], pid)
        end()
        self.assert_ended(warden, egress)
        self.assertEqual([line["event"] for line in warden.life()], ["start", "bottle_watched", "stop"])
        self.assertEqual(warden.life()[-1]["reason"], "the bottle ended")

    def test_a_bottle_that_is_started_again(self):
        """Between two it lives as long as the command that starts the second, and keeps what it has."""
        warden = self.warden()
        egress = warden.egress_pid()
        first, end_first = self.process("/bin/sleep", "60")
        second, end_second = self.process("/bin/sleep", "60")
        warden.watch(first)
        warden.starter.close()
        again = warden.connect()
        self.assertEqual(again.call("bottle.release"), {"ca_certificate": warden.ready["ca_certificate"]})
        self.assert_refused("not_now", again.call, "bottle.release")
        end_first()
        self.assertEqual(warden.through_egress()[0], 200)
        self.assertIsNone(warden.connect_once("status")["bottle"])
        again.call("bottle.watch", pid=second, start_time=int(processes.stat_fields(second)[19]))
        again.close()
        self.assertEqual(warden.connect_once("status")["bottle"]["pid"], second)
        self.assertEqual(warden.egress_pid(), egress)
        end_second()
        self.assert_ended(warden, egress)
        self.assertEqual([line["event"] for line in warden.life()],
                         ["start", "bottle_watched", "bottle_released", "bottle_watched", "stop"])

    def test_the_command_goes_away_between_two_bottles(self):
        warden = self.warden()
        egress = warden.egress_pid()
        pid, _ = self.process("/bin/sleep", "60")
        warden.watch(pid)
        another, again = warden.connect(), warden.connect()
        again.call("bottle.release")
        another.close()
        self.assertEqual(warden.through_egress()[0], 200)
        again.close()
        self.assert_ended(warden, egress)
        self.assertIn("started it again", warden.life()[-1]["reason"])

    def test_only_a_bottle_that_is_watched_is_released(self):
        warden = self.warden()
        self.assert_refused("not_now", warden.starter.call, "bottle.release")
        self.assert_refused("not_now", warden.starter.call, "image.replace", dockerfile="FROM x")
        self.assert_refused("bad_request", warden.starter.call, "image.replace", dockerfile=1)

    def test_a_bottle_that_is_not_reaped_has_ended(self):
        warden = self.warden()
        pid, _ = self.process("/bin/sleep", "60")
        warden.watch(pid)
        os.kill(pid, signal.SIGKILL)
        self.assertEqual(warden.wait(), 0)
        self.assertEqual(processes.stat_fields(pid)[0], "Z")

    def test_stop_is_answered_when_all_is_gone(self):
        warden = self.warden()
        egress = warden.egress_pid()
        control, other = self.connect(warden), self.connect(warden)
        self.assertEqual(control.call("stop", grace_ms=1000), {})
        self.assertFalse(processes.alive(egress))
        self.assert_nothing_left(warden)
        self.assertTrue(other.ended())
        self.assert_ended(warden, egress)

    def test_stop_by_two(self):
        warden = self.warden()
        os.kill(warden.egress_pid(), signal.SIGSTOP)
        first, second = self.connect(warden), self.connect(warden)
        number = first.send("stop", grace_ms=300)
        first.socket.settimeout(5)
        self.assert_refused("ending", second.call, "stop", grace_ms=0)
        self.assertEqual(first.answer(number), {})

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                warden = self.warden()
                egress = warden.egress_pid()
                os.kill(warden.pid, number)
                self.assert_ended(warden, egress)

    def test_a_killed_warden_takes_its_egress_along(self):
        warden = self.warden()
        egress = warden.egress_pid()
        os.kill(egress, signal.SIGSTOP)  # even one that would not notice
        os.kill(warden.pid, signal.SIGKILL)
        self.assertEqual(warden.wait(), -signal.SIGKILL)
        self.assert_gone(egress)
        # Reset, when the kernel is still closing what the egress listened on.
        with self.assertRaises((ConnectionRefusedError, ConnectionResetError)):
            warden.through_egress()

    def test_what_others_put_into_the_runtime_directory_is_left(self):
        warden = self.warden()
        egress = warden.egress_pid()
        other = warden.runtime / "session.sock"
        other.touch()
        warden.connect_once("stop", grace_ms=500)
        warden.wait()
        self.assert_gone(egress)
        self.assertEqual(os.listdir(warden.runtime), ["session.sock"])

    def test_a_full_backlog_of_the_starter_does_not_hold_up_the_end(self):
        warden = self.warden()
        warden.starter.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(200):
            warden.starter.send("policy.show")
        self.assertTrue(until(lambda: warden.connect_once("status")))
        os.kill(warden.pid, signal.SIGTERM)
        self.assertEqual(warden.wait(5), 0)


class Watching(WardenCase):
    def test_a_process_is_named_by_its_start_too(self):
        warden = self.warden()
        started = int(processes.stat_fields(os.getpid())[19])
        for pid, start_time in ((os.getpid(), started + 1), (os.getpid(), 0), (2**22 + 1, started)):
            with self.subTest((pid, start_time)):
                self.assert_refused("no_such_process", warden.starter.call, "bottle.watch",
                                    pid=pid, start_time=start_time)
        self.assert_refused("bad_request", warden.starter.call, "bottle.watch", pid=os.getpid())
        self.assertIsNone(warden.starter.call("status")["bottle"])

    def test_a_process_that_has_ended_cannot_be_watched(self):
        warden = self.warden()
        pid, _ = self.process("/bin/sleep", "60")
        started = int(processes.stat_fields(pid)[19])
        os.kill(pid, signal.SIGKILL)
        self.assertTrue(until(lambda: processes.stat_fields(pid)[0] == "Z"))
        self.assert_refused("no_such_process", warden.starter.call, "bottle.watch", pid=pid,
                            start_time=started)

    def test_a_hostile_name(self):
        warden = self.warden()
        program = warden.folder / ") 1 (x) S 1"
        program.symlink_to("/bin/sleep")
        pid, _ = self.process(str(program), "60")
        self.assertTrue(until(lambda: ")" in processes.name(pid)))
        self.assertEqual(warden.watch(pid), {})

    def test_only_one(self):
        warden = self.warden()
        warden.watch(os.getpid())
        started = int(processes.stat_fields(os.getpid())[19])
        self.assert_refused("not_now", warden.starter.call, "bottle.watch", pid=os.getpid(),
                            start_time=started)
