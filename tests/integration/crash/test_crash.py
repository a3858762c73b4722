"""Hold 6: kill -9 of each part in the middle of a request. Nothing leaves outside the policy, `list`
and `cleanup` tell the truth, and the next start works."""

import os
import signal
import time

from lib import processes, suite
from lib.anthropic import Gate
from lib.claude import API, Bash, ClaudeCase, Say


class KilledMidRequest(ClaudeCase):
    def setUp(self):
        self.gate = Gate()
        self.script = (Bash("echo before-the-crash > made.txt"), Say("slowly told", self.gate))
        super().setUp()
        suite.testbed.packets.clear()
        self.started = self.start_in_background("--prompt", "go")
        self.addCleanup(self._end)
        if not self.gate.reached.wait(30):
            self.started.terminate()
            self.fail(f"the request never came: {self.started.communicate(timeout=20)}")
        self.bottle = self.product.bottles()[0]

    def _end(self):
        self.gate.release()
        if self.started.poll() is None:
            self.started.kill()
        self.started.communicate(timeout=20)
        self.product.run("cleanup", "--yes")

    def kill(self, pid):
        os.kill(pid, signal.SIGKILL)

    def one(self, name):
        pids = processes.named(name)
        self.assertEqual(len(pids), 1, f"{name}: {pids}")
        return pids[0]

    def inside(self, name):
        found = [pid for pid in processes.in_same_pid_namespace(self.bottle["pids"]["inside"])
                 if processes.name(pid) == name[:15]]
        self.assertTrue(found, f"no {name} in the bottle")
        return found[0]

    def assert_nothing_left_the_policy(self):
        self.assertEqual(set(self.proxy.asked), {(API, 443)})
        self.assertEqual(self.proxy.refused, [])
        # The only upstream is on the loopback: not one packet may have gone over the wire.
        self.assertEqual([p for p in suite.testbed.packets if p[0] != "icmp6"], [])

    def assert_cleanup_then_start_works(self):
        self.gate.release()
        listed = {b["identity"]: b for b in self.product.bottles()}
        for bottle in listed.values():
            self.assertTrue(processes.alive(bottle["pids"]["inside"]), "list shows a bottle that is gone")
        self.ok(self.product.run("cleanup", "--yes"))
        for name in ("botbottle-warden", "botbottle-egress"):
            self.assertTrue(processes.wait_until(lambda n=name: not processes.named(n), 5),
                            f"{name} still runs after cleanup")
        self.assertEqual(self.product.bottles(), [])
        runtime = self.product.runtime / "botbottle"
        self.assertEqual(list(runtime.glob("*/*")) if runtime.exists() else [], [])
        again = self.ok(self.start("--prompt", "again"))
        self.assertEqual(self.events(again)[-1]["result"], "slowly told")
        self.assert_nothing_left_the_policy()

    def gone(self, pid, seconds=10):
        return processes.wait_until(lambda: not processes.alive(pid), seconds)

    def test_command(self):
        self.kill(self.started.pid)
        self.started.communicate(timeout=20)
        # A headless agent without its command has lost its reader: it ends, or `cleanup` ends it.
        self.assert_cleanup_then_start_works()

    def test_warden(self):
        self.kill(self.one("botbottle-warden"))
        self.assertTrue(processes.wait_until(lambda: not processes.named("botbottle-egress"), 5),
                        "the egress outlived its warden")
        # The bottle is still there, behind a closed door: `list` says so, and `stop` ends it.
        told = self.ok(self.product.run("list")).stdout
        self.assertIn("warden", told)
        self.ok(self.product.run("stop", self.bottle["identity"]))
        self.started.communicate(timeout=30)
        self.assertNotEqual(self.started.returncode, 0)
        self.assert_cleanup_then_start_works()

    def test_egress_is_restarted_and_the_next_request_succeeds(self):
        before = self.one("botbottle-egress")
        calls = len(self.api.model_calls)
        self.kill(before)
        again = processes.wait_until(lambda: [p for p in processes.named("botbottle-egress")
                                              if p != before], 5)
        self.assertTrue(again, "the warden did not start the egress again")
        self.gate.release()
        out, err = self.started.communicate(timeout=60)
        self.assertEqual(self.started.returncode, 0, err)
        self.assertGreater(len(self.api.model_calls), calls, "the agent did not ask again")
        for request in self.api.model_calls:
            self.assertEqual(request.header("authorization"), f"Bearer {self.token}")
        self.assertIn("slowly told", out)
        self.assert_nothing_left_the_policy()

    def test_relay(self):
        relay = self.bottle["pids"]["inside"]
        everything = processes.in_same_pid_namespace(relay)
        self.kill(relay)
        for pid in everything:
            self.assertTrue(self.gone(pid), f"{processes.name(pid)} outlived the bottle's pid 1")
        self.gate.release()
        self.started.communicate(timeout=30)
        self.assertNotEqual(self.started.returncode, 0)
        self.assert_cleanup_then_start_works()

    def test_agent(self):
        self.kill(self.inside("claude"))
        self.gate.release()
        _, err = self.started.communicate(timeout=30)
        self.assertEqual(self.started.returncode, 128 + signal.SIGKILL, err)
        self.assert_cleanup_then_start_works()


class ClosedDoor(suite.ProductCase):
    """While the egress is down, what the bottle asks for goes nowhere."""

    def test_no_request_gets_out_while_the_egress_is_stopped(self):
        self.product.bottle("b", "egress:\n  routes:\n    - host: www.example.com\n"
                                 "      ports: [80]\n")
        started = self.product.popen("run", "--bottle", "b", "--", "sleep", "600")
        listed = self.product.wait_for_bottles()
        identity = listed[0]["identity"]
        suite.testbed.packets.clear()
        for _ in range(7):  # more often than the warden starts it again
            for pid in processes.named("botbottle-egress"):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.3)
        asked = self.product.run("exec", identity, "--", "curl", "-sS", "-m", "5",
                                 "http://www.example.com/", timeout=30)
        self.assertNotEqual(asked.returncode, 0)
        self.assertEqual([p for p in suite.testbed.packets if p[0] != "icmp6"], [])
        self.assertEqual([b["identity"] for b in self.product.bottles()], [identity])
        self.ok(self.product.run("stop", identity))
        started.communicate(timeout=20)
