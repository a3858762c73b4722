"""An agent without MCP: it asks with curl, a person or a script decides, and the request goes through."""

import json
import threading

from lib import suite
from lib.supervise import ASK, HOST, Operator, proposal_id, wanted_upstream

BOTTLE = """supervise: true
egress:
  routes:
    - host: allowed.example.com
      methods: [GET]   # reading is enough
"""
URL = "http://127.0.0.1:9100"


class SupervisedCase(suite.ProductCase):
    front = BOTTLE
    variables = {}

    def setUp(self):
        super().setUp()
        self.upstream = wanted_upstream(self, self.product)
        self.product.extra.update(self.variables)
        self.product.bottle("dev", self.front)
        self.operator = Operator(self.product)
        self.started = self.product.popen("run", "--bottle", "dev", "--", "sleep", "600")
        self.addCleanup(self.stop)
        self.identity = self.product.wait_for_bottles()[0]["identity"]

    def stop(self):
        self.product.run("stop", self.identity, "--grace", "1")
        self.started.communicate(timeout=30)

    def inside(self, *command):
        done = self.product.run("exec", self.identity, "--", *command)
        return done.stdout + done.stderr

    def ask(self, wait=0, **changes):
        body = json.dumps({**ASK, **changes})
        return json.loads(self.inside("curl", "-sS", f"{URL}/proposals?wait={wait}", "-d", body))

    def check(self, proposal, wait=0):
        return json.loads(self.inside("curl", "-sS", f"{URL}/proposals/{proposal}?wait={wait}"))

    def fetch(self, *arguments, host=HOST):
        return self.inside("curl", "-sS", *arguments, f"https://{host}/releases")


class PlainAgent(SupervisedCase):
    def test_it_asks_learns_the_decision_and_goes_on(self):
        self.assertIn("403", self.fetch())
        asked = self.ask()
        self.assertEqual(asked["status"], "pending")
        proposal = asked["proposal_id"]
        self.assertEqual(self.ask()["proposal_id"], proposal, "an equal wish is the same proposal")
        self.assertEqual([p["id"] for p in self.operator.waiting()], [proposal])
        shown = self.operator.show(proposal)
        self.assertEqual(shown["delta"], [f"adds GET to {HOST}, port 443, all paths, "
                                          "without a credential"])
        self.assertIn("host_not_allowed",
                      self.operator.call("show", proposal).stdout, "the request that failed")
        done = self.operator.approve(proposal, "--note", "the mirror is faster")
        self.assertIn("adds GET to", done.stderr, "the change is shown before it is applied")
        told = self.check(proposal)
        self.assertEqual((told["status"], told["scope"], told["notes"]),
                         ("approved", "session", "the mirror is faster"))
        self.assertEqual(self.fetch(), "releases\n")
        self.assertIn("denied", self.fetch("-X", "POST"), "no more than what was granted")
        self.assertEqual(len(self.upstream.requests), 1)
        self.assertIn(f"grant:{proposal}",
                      self.product.run("egress", "show", self.identity).stdout)
        self.assertEqual(self.operator.waiting(), [])
        self.product.run("egress", "revoke", self.identity, HOST)
        self.assertIn("403", self.fetch())

    def test_a_call_that_waits_is_answered_when_it_is_decided(self):
        told = []
        waiting = threading.Thread(target=lambda: told.append(self.ask(wait=60)))
        waiting.start()
        while not (open_ := self.operator.waiting()):
            pass
        self.operator.reject(open_[0]["id"], "use the mirror instead")
        waiting.join(30)
        self.assertEqual((told[0]["status"], told[0]["notes"]),
                         ("rejected", "use the mirror instead"))
        self.assertIn("403", self.fetch())
        again = self.operator.approve(open_[0]["id"], code=1)
        self.assertIn("was rejected already, by ", again.stderr)

    def test_edited_once_and_always(self):
        proposal = self.ask(methods=["GET", "DELETE"])["proposal_id"]
        less = self.product.write("less.json", json.dumps(
            {**self.operator.show(proposal)["payload"], "methods": ["GET"]}))
        self.operator.call("edit", proposal, "--payload", less, "--yes", "--scope", "once")
        told = self.check(proposal)
        self.assertEqual((told["status"], told["granted"]["methods"]), ("modified", ["GET"]))
        self.assertEqual(self.fetch(), "releases\n")
        self.assertIn("budget_exhausted", self.fetch())

        proposal = self.ask()["proposal_id"]
        before = (self.product.config / "bottles/dev.md").read_text()
        asked = self.operator.call("approve", proposal, "--scope", "always", code=2)
        self.assertIn(f"+    - host: {HOST}", asked.stderr)
        self.assertEqual((self.product.config / "bottles/dev.md").read_text(), before)
        self.operator.approve(proposal, "--scope", "always")
        after = (self.product.config / "bottles/dev.md").read_text()
        self.assertIn(f"    - host: {HOST}\n      methods:\n        - GET\n---", after)
        self.assertIn("# reading is enough", after)
        self.assertEqual(self.fetch(), "releases\n")

    def test_a_wider_route_and_its_way_back(self):
        proposal = self.ask(host="allowed.example.com", methods=["POST"])["proposal_id"]
        shown = self.operator.show(proposal)["delta"]
        self.assertIn("methods: GET → GET, POST", shown)
        self.assertIn("revoke it afterwards",
                      self.operator.approve(proposal, "--scope", "once", code=1).stderr)
        self.operator.approve(proposal)
        verdict = ("egress", "test", self.identity, "https://allowed.example.com/", "--method")
        self.assertEqual(self.product.run(*verdict, "POST").returncode, 0)
        self.product.run("egress", "revoke", self.identity, "allowed.example.com")
        self.assertEqual(self.product.run(*verdict, "POST").returncode, 1)
        self.assertEqual(self.product.run(*verdict, "GET").returncode, 0)

    def test_a_script_does_all_that_the_keys_do(self):
        """Looks, decides in each way and scope, looks at the policy and takes back: in JSON, without a question."""
        ids = [self.ask(host=f"h{number}.example.com", methods=["GET", "POST"])["proposal_id"] for number in range(5)]
        self.assertEqual([p["id"] for p in self.operator.waiting()], ids)

        def decided(*arguments):
            made = json.loads(self.operator.call(*arguments, "--json").stdout)
            self.assertEqual(made["schema"], "botbottle.proposal-decided/1")
            return made["state"], made["decision"]["scope"], made["decision"]["notes"]
        self.assertEqual(decided("reject", ids[0], "--reason", "no"), ("rejected", "", "no"))
        for proposal, scope in zip(ids[1:4], ("once", "session", "always")):
            digest = self.operator.show(proposal)["policy_digest"]
            self.operator.approve(proposal, "--scope", scope, "--if-policy", "0" * len(digest), code=1)
            self.assertEqual(decided("approve", proposal, "--yes", "--scope", scope, "--note", "go", "--if-policy", digest),
                             ("approved", scope, "go"))
        less = self.product.write("less.json", json.dumps({**self.operator.show(ids[4])["payload"], "methods": ["GET"]}))
        self.assertEqual(decided("edit", ids[4], "--payload", less, "--yes")[0], "modified")
        everything = json.loads(self.operator.call("list", "--all", "--json").stdout)["proposals"]
        self.assertEqual(sorted(p["id"] for p in everything), sorted(ids))

        def routes():
            shown = json.loads(self.product.run("egress", "show", self.identity, "--json").stdout)
            return {route["host"]: route["owner"] for route in shown["policy"]["routes"]}
        self.assertEqual(routes()["h2.example.com"], f"grant:{ids[2]}")
        self.product.run("egress", "revoke", self.identity, "h2.example.com")
        self.assertNotIn("h2.example.com", routes())

    def test_the_door_has_a_name(self):
        self.assertIn("To ask the operator", self.inside("curl", "-sSL", "http://supervise.botbottle/"))
        told = json.loads(self.inside("curl", "-sSL", "http://supervise.botbottle/proposals?wait=0",
                                      "-d", json.dumps(ASK)))
        self.assertEqual(told["status"], "pending")
        self.assertEqual([p["id"] for p in self.operator.waiting()], [told["proposal_id"]])

    def test_what_the_policy_allows_is_told_without_credentials(self):
        routes = json.loads(self.inside("curl", "-sS", f"{URL}/routes"))["routes"]
        self.assertEqual([(r["host"], r["auth"]) for r in routes], [("allowed.example.com", None)])


class Credential(SupervisedCase):
    variables = {"WANTED_TOKEN": "wanted-secret-4711"}

    def test_it_is_put_on_outside_a_running_bottle(self):
        proposal = self.ask(auth={"scheme": "Bearer", "token_ref": "WANTED_TOKEN"})["proposal_id"]
        self.assertIn("with the credential WANTED_TOKEN (Bearer)",
                      self.operator.show(proposal)["delta"][0])
        self.operator.approve(proposal)
        self.assertEqual(self.fetch(), "releases\n")
        self.assertEqual(self.upstream.requests[0].header("authorization"),
                         "Bearer wanted-secret-4711")
        for file in self.product.config.rglob("*"):
            if file.is_file():
                self.assertNotIn(b"wanted-secret-4711", file.read_bytes(), file)

    def test_a_variable_that_is_not_set_decides_nothing(self):
        proposal = self.ask(auth={"scheme": "Bearer", "token_ref": "NOT_SET"})["proposal_id"]
        self.assertIn("NOT_SET", self.operator.approve(proposal, code=1).stderr)
        self.assertEqual(self.check(proposal)["status"], "pending")


class Expiry(SupervisedCase):
    variables = {"SUPERVISE_PROPOSAL_EXPIRY_SECONDS": "1"}

    def test_nobody_answers(self):
        told = self.ask(wait=30)
        self.assertEqual(told["status"], "expired")
        self.operator.approve(proposal_id(json.dumps(told)), code=1)
        self.assertIn("403", self.fetch())


class Timeouts(suite.ProductCase):
    def test_a_bad_value_stops_the_start(self):
        self.product.bottle("dev", BOTTLE)
        for bad in ("soon", "-1", "9999"):
            self.product.extra["SUPERVISE_RESPONSE_TIMEOUT_SECONDS"] = bad
            done = self.product.run("run", "--bottle", "dev", "--", "true")
            self.assertEqual(done.returncode, 125, done.stderr)
            self.assertIn("SUPERVISE_RESPONSE_TIMEOUT_SECONDS must be", done.stderr)
