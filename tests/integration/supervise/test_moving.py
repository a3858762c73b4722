"""Approvals while something else happens: requests in flight, and a policy that moves meanwhile."""

import time

from lib import processes, servers
from lib.supervise import HOST, Said
from supervise.test_plain import SupervisedCase

# What the agent does meanwhile: a long answer, and many short ones.
LOAD = f"""
curl -sS -o /dev/null -w '%{{http_code}} %{{size_download}} long\\n' https://{HOST}/long &
for client in 1 2 3; do
    (while [ ! -e /tmp/enough ]; do
        curl -sS -w '%{{http_code}} %{{size_download}} short\\n' -o /dev/null https://{HOST}/a \\
            -o /dev/null https://{HOST}/b -o /dev/null https://{HOST}/c 2>&1
    done) &
done
wait
"""
PIECES, PIECE = 60, b"x" * 1000


class UnderLoad(SupervisedCase):
    front = f"supervise: true\negress:\n  routes:\n    - host: {HOST}\n"

    def setUp(self):
        super().setUp()

        def respond(request, send):
            if request.target != "/long":
                send(servers.answer(b"short", "200 OK", "text/plain"))
                return
            send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (PIECES * len(PIECE)))
            for _ in range(PIECES):
                send(PIECE)
                time.sleep(0.1)
        self.upstream.respond = respond

    def test_no_request_in_flight_is_lost(self):
        started = self.product.popen("exec", self.identity, "--", "sh", "-c", LOAD)
        processes.wait_until(lambda: any(r.target == "/long" for r in self.upstream.requests), 20)
        decided = 0
        for number in range(8):
            asked = self.ask(host=f"h{number}.example.com", methods=["GET"])
            self.operator.approve(asked["proposal_id"])
            # The very route that carries the load is widened, too.
            wider = self.ask(host=HOST, ports=[8000 + number])
            self.operator.approve(wider["proposal_id"])
            decided += 2
        self.inside("touch", "/tmp/enough")
        out, _ = started.communicate(timeout=60)
        lines = out.splitlines()
        self.assertGreater(len(lines), 30, out)
        self.assertEqual(set(lines), {"200 5 short", f"200 {PIECES * len(PIECE)} long"})
        shown = self.product.run("egress", "show", self.identity).stdout
        self.assertIn("h7.example.com", shown)
        self.assertIn("8007", shown)


class Moved(SupervisedCase):
    def test_the_change_is_computed_and_shown_again(self):
        proposal = self.ask(methods=["GET", "POST"])["proposal_id"]
        asking = self.operator.ask("approve", proposal)
        said = Said(asking)
        said.wait_for(f"adds GET, POST to {HOST}, port 443")
        said.wait_for("grant this (session)? [y/N]")
        # Between what was shown and the yes to it, somebody else lets the host in for reading.
        self.ok(self.product.run("egress", "allow", self.identity, HOST, "--method", "GET"))
        said.answer("y")
        said.wait_for("the policy has changed meanwhile; this is the change now")
        said.wait_for("methods: GET → GET, POST")
        self.assertEqual(self.check(proposal)["status"], "pending", "the first yes granted nothing")
        self.assertIn("denied", self.fetch("-X", "POST"))
        said.answer("y")
        self.assertEqual(asking.wait(20), 0, said.text)
        self.assertEqual(self.check(proposal)["status"], "approved")
        self.assertEqual(self.fetch("-X", "POST"), "releases\n")

    def test_a_script_grants_what_it_looked_at_and_nothing_else(self):
        proposal = self.ask()["proposal_id"]
        looked_at = self.operator.show(proposal)["policy_digest"]
        self.ok(self.product.run("egress", "allow", self.identity, "else.example.com"))
        refused = self.operator.approve(proposal, "--if-policy", looked_at, code=1)
        self.assertIn("not the one that you looked at", refused.stderr)
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.operator.approve(proposal, "--if-policy", self.operator.show(proposal)["policy_digest"])
        self.assertEqual(self.fetch(), "releases\n")

    def test_a_no_to_what_it_is_now_grants_nothing(self):
        proposal = self.ask(methods=["GET", "POST"])["proposal_id"]
        asking = self.operator.ask("approve", proposal)
        said = Said(asking)
        said.wait_for("grant this (session)? [y/N]")
        self.ok(self.product.run("egress", "allow", self.identity, "else.example.com"))
        said.answer("y")
        said.wait_for("the policy has changed meanwhile")
        said.answer("n")
        self.assertEqual(asking.wait(20), 0, said.text)
        self.assertEqual(self.check(proposal)["status"], "pending")
        self.assertIn("403", self.fetch())
