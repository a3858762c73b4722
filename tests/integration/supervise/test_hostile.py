"""An agent that attacks the queue and the operator's terminal, and processes that are killed."""

import json
import os
import signal
import threading

from lib import processes
from lib.supervise import HOST, Said
from supervise.test_plain import URL, SupervisedCase

FLOOD = f"""
i=0
while [ $i -lt 10000 ]; do
    printf 'next\\nurl = {URL}/proposals\\nsilent\\noutput = /dev/null\\n'
    printf 'data = "{{\\\\"host\\\\":\\\\"h%d.example\\\\",\\\\"justification\\\\":\\\\"x\\\\"}}"\\n' $i
    i=$((i + 1))
done | tail -n +2 | curl -K -
"""
BIDI = "\u202e\u2066\u009b2J\x1b]0;owned\x07\x1b[2J\u200b"


class Hostile(SupervisedCase):
    def test_ten_thousand_proposals(self):
        self.inside("sh", "-c", FLOOD)
        self.assertEqual(len(self.operator.waiting()), 32)
        files = list((self.product.config / "queue" / self.identity).glob("*"))
        self.assertLess(len(files), 40)
        refused = self.ask(host="one-more.example.com")
        self.assertEqual(refused["error"], "too_many_open")

    def test_large_and_broken_requests(self):
        for field in ("justification", "host"):
            self.assertEqual(
                self.inside("sh", "-c", 'head -c 1000000 /dev/zero | tr "\\0" a | sed "s/^/{\\"'
                            + field + '\\":\\"/; s/$/\\"}/" | curl -sS -o /dev/null -w "%{http_code}" '
                            f'{URL}/proposals -d @-'), "400")
        self.assertEqual(self.inside("sh", "-c", "head -c 2000000 /dev/zero | curl -sS -o /dev/null "
                                     f'-w "%{{http_code}}" {URL}/mcp --data-binary @-'), "413")
        deep = "head -c 900000 /dev/zero | tr '\\0' '[' | curl -sS " + f"{URL}/mcp --data-binary @-"
        self.assertIn("-32700", self.inside("sh", "-c", deep))
        self.assertEqual(self.operator.waiting(), [])

    def test_the_terminal_is_never_written_to_raw(self):
        proposal = self.ask(justification=BIDI + "please")["proposal_id"]
        self.assertIn("error", self.ask(host=BIDI + ".example.com")["status"])
        for arguments in (("list",), ("list", "--json"), ("show", proposal),
                          ("show", proposal, "--json"), ("approve", proposal, "--yes")):
            done = self.operator.call(*arguments)
            for sign in "\u202e\u2066\u009b\u200b\x1b\x07":
                self.assertNotIn(sign, done.stdout + done.stderr, arguments)
        self.assertIn("please", self.operator.call("show", proposal).stdout)
        stored = self.product.run("logs", self.identity).stdout
        self.assertNotIn("please", stored)

    def test_ids_are_no_paths(self):
        secret = self.product.write("home/.bot-bottle/queue/p-aaaaaaaa.decision.json", "{}")
        for name in ("../p-aaaaaaaa", "..%2fp-aaaaaaaa", "p-aaaaaaaa/../..", "archive", secret):
            told = self.inside("curl", "-sS", "--path-as-is", f"{URL}/proposals/{name}")
            self.assertIn("error", told, name)
            self.operator.call("show", name, code=2)

    def test_a_decision_in_a_proposal_decides_nothing(self):
        told = self.ask(status="approved", applied=True, decided_by="operator")
        self.assertEqual(told["error"], "invalid_arguments")
        proposal = self.ask()["proposal_id"]
        forged = json.dumps({"id": proposal, "status": "approved", "applied": True})
        for path in (f"/proposals/{proposal}", "/proposals", "/decisions"):
            self.inside("curl", "-sS", f"{URL}{path}", "-d", forged)
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.assertIn("403", self.fetch())

    def test_slow_bodies_keep_nobody_else_waiting(self):
        slow = "(printf 'POST /mcp HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 9\\r\\n\\r\\n'; sleep 3)"
        many = f"for i in $(seq 40); do {slow} | curl -s telnet://127.0.0.1:9100 & done; "
        told = self.inside("bash", "-c", many + f"curl -sS -m 2 {URL}/routes; kill $(jobs -p)")
        self.assertIn("allowed.example.com", told)


class Killed(SupervisedCase):
    def sidecar(self):
        pids = [p for p in processes.named("botbottle-super") if p != os.getpid()]
        return pids[0] if pids else None

    def test_the_sidecar_is_killed(self):
        proposal = self.ask()["proposal_id"]
        before = self.sidecar()
        os.kill(before, signal.SIGKILL)
        self.assertTrue(processes.wait_until(lambda: self.sidecar() not in (None, before), 10))
        self.assertEqual(self.check(proposal)["status"], "pending")
        os.kill(self.sidecar(), signal.SIGKILL)
        self.operator.approve(proposal)
        self.assertEqual(self.check(proposal, wait=10)["status"], "approved")
        self.assertEqual(self.fetch(), "releases\n")

    def test_the_operators_command_is_killed(self):
        for point, route in (("supervise.intent", "403"), ("supervise.applied", "releases")):
            with self.subTest(point):
                proposal = self.ask()["proposal_id"]
                self.product.extra["BOTBOTTLE_FAULT"] = point
                self.operator.approve(proposal, code=-9)
                del self.product.extra["BOTBOTTLE_FAULT"]
                self.assertEqual(self.check(proposal)["status"], "pending")
                self.assertIn(route, self.fetch())
                self.assertEqual(self.operator.waiting()[0]["state"], "half done")
                self.operator.reject(proposal, "no", code=1)
                self.operator.approve(proposal)
                self.assertEqual(self.check(proposal)["status"], "approved")
                self.assertEqual(self.fetch(), "releases\n")
                self.product.run("egress", "revoke", self.identity, HOST)

    def test_two_operators(self):
        proposal = self.ask()["proposal_id"]
        done = []

        def decide(*arguments):
            done.append(self.product.run("supervise", *arguments, "--no-input"))
        both = [threading.Thread(target=decide, args=("approve", proposal, "--yes")),
                threading.Thread(target=decide, args=("reject", proposal, "--reason", "no"))]
        for each in both:
            each.start()
        for each in both:
            each.join(30)
        self.assertEqual(sorted(d.returncode for d in done), [0, 1])
        loser = next(d for d in done if d.returncode == 1)
        self.assertRegex(loser.stderr, f"{proposal} (was (approved|rejected) already, by|is approved)")
        told = self.check(proposal)["status"]
        self.assertIn(told, ("approved", "rejected"))
        self.assertIn("releases" if told == "approved" else "403", self.fetch())

    def test_the_warden_is_killed(self):
        """Its bottle is closed for good; what was asked is still there to be answered."""
        proposal = self.ask()["proposal_id"]
        os.kill(self.product.bottles()[0]["pids"]["warden"], signal.SIGKILL)
        processes.wait_until(lambda: not self.product.bottles(), 10)
        self.assertEqual([p["id"] for p in self.operator.waiting()], [proposal])
        refused = self.operator.approve(proposal, code=1)
        self.assertRegex(refused.stderr, "not running|warden")
        self.assertEqual(self.operator.show(proposal)["state"], "pending")
        self.operator.reject(proposal, "its bottle is gone")
        again = self.operator.reject(proposal, "twice", code=1)
        self.assertIn("was rejected already, by ", again.stderr)

    def test_the_warden_is_killed_while_a_route_is_granted(self):
        proposal = self.ask()["proposal_id"]
        warden = self.product.bottles()[0]["pids"]["warden"]
        approving = self.operator.ask("approve", proposal)
        said = Said(approving)
        said.wait_for("[y/N]")
        os.kill(warden, signal.SIGSTOP)
        said.answer("y")
        # The decision is on disk before the warden hears of it.
        self.assertTrue(processes.wait_until(
            lambda: self.operator.waiting()[0]["state"] == "half done", 5))
        os.kill(warden, signal.SIGKILL)
        self.assertEqual(approving.wait(30), 1, said.text)
        self.assertEqual([p["state"] for p in self.operator.waiting()], ["pending"])

    def test_kills_at_any_moment(self):
        """The sidecar dies over and over while the agent asks and the operator decides."""
        going, lost = threading.Event(), []

        def kill_it():
            while not going.wait(2.1):  # more often, and it stays down
                if pid := self.sidecar():
                    os.kill(pid, signal.SIGKILL)
        killer = threading.Thread(target=kill_it)
        killer.start()
        told = {}
        try:
            for number in range(40):
                host = f"h{number}.example.com"
                while not (answer := self.inside(
                        "curl", "-sS", "-m", "20", f"{URL}/proposals", "-d",
                        json.dumps({"host": host, "justification": "x"}))).startswith("{"):
                    pass  # it died on the way: the agent asks again
                told[host] = json.loads(answer)["proposal_id"]
                if number % 2:
                    self.operator.reject(told[host], f"no {number}")
        finally:
            going.set()
            killer.join()
        waiting = {p["payload"]["host"]: p["id"] for p in self.operator.waiting()}
        for number, (host, proposal) in enumerate(told.items()):
            if number % 2:
                answer = self.check(proposal, wait=10)
                if (answer.get("status"), answer.get("notes")) != ("rejected", f"no {number}"):
                    lost.append((host, answer))
            elif waiting.get(host) != proposal:
                lost.append((host, waiting))
        self.assertEqual(lost, [])
