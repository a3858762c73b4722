"""`botbottle egress` and `botbottle audit` on a running bottle: from its file to what the egress does."""

import json
import unittest

from lib import suite
from lib.product import Home

SECRET = "grant-secret-4711"

BOTTLE = """egress:
  budget: {requests: 1000}
  routes:
    - host: api.example.com
      methods: [GET]
      path_allowlist: [/v1]
    - host: "*.wild.example.com"
      auth: {scheme: query, name: key, token_ref: WILD_TOKEN}
      budget: {bytes: 1M}
    - {host: opaque.example.com, intercept: false}
    - {host: loose.example.com, dlp: off}
"""


class Live(unittest.TestCase):
    def setUp(self):
        self.home = Home(suite.options.prefix, suite.options.account)
        self.addCleanup(self.home.close)
        self.home.extra = {"WILD_TOKEN": "wild-secret-4711", "GRANT_TOKEN": SECRET}
        self.home.bottle("dev", BOTTLE)
        started = self.home.popen("run", "--bottle", "dev", "--", "sleep", "600")
        self.addCleanup(started.kill)
        self.identity = self.home.wait_for_bottles()[0]["identity"]
        self.started = started
        self.addCleanup(self.stop)

    def stop(self):
        self.home.run("stop", self.identity, "--grace", "1")
        self.started.communicate(timeout=30)

    def call(self, *arguments, code=0):
        done = self.home.run(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertNotIn("secret-4711", done.stdout + done.stderr)
        return done.stdout + done.stderr

    def egress(self, verb, *arguments, code=0):
        return self.call("egress", verb, self.identity, *arguments, code=code)

    def verdict(self, url, *arguments, code=0):
        return json.loads(self.egress("test", url, "--json", *arguments, code=code))

    def test_what_the_file_says_is_what_the_egress_does(self):
        told = self.verdict("https://a.wild.example.com/x")
        self.assertEqual((told["route"], told["auth"]),
                         ("*.wild.example.com", "egress.*.wild.example.com"))
        self.assertEqual(self.verdict("https://wild.example.com/", code=1)["rule"],
                         "host_not_allowed")
        self.assertEqual(self.verdict("https://opaque.example.com/")["rule"], "route_tunnelled")
        self.assertEqual(self.verdict("https://api.example.com/v1/x", "--method", "POST",
                                      code=1)["rule"], "method_not_allowed")
        shown = json.loads(self.egress("show", "--json"))["policy"]
        self.assertEqual(shown["budget"], {"requests": 1000, "bytes": None})
        routes = {r["host"]: r for r in shown["routes"]}
        self.assertFalse(routes["opaque.example.com"]["intercept"])
        self.assertEqual({host: r["dlp"] for host, r in routes.items()},
                         {"api.example.com": "block", "*.wild.example.com": "block",
                          "opaque.example.com": "off", "loose.example.com": "off"})
        scanned = {row.split()[0]: row.split()[-2] for row in self.egress("show").splitlines()}
        self.assertEqual((scanned["api.example.com"], scanned["loose.example.com"]), ("yes", "no"))
        self.assertIsNotNone(routes["*.wild.example.com"]["budget"]["bytes"])

    def test_a_grant_is_listed_and_can_be_revoked(self):
        self.verdict("https://new.example.com/v1", code=1)
        self.egress("allow", "New.Example.com.", "--path", "/v1", "--auth", "Bearer",
                    "--token-ref", "GRANT_TOKEN")
        told = self.verdict("https://new.example.com/v1/x")
        self.assertEqual(told["auth"], "grant.g1")
        self.verdict("https://new.example.com/v2", code=1)
        self.assertIn("grant:g1", self.egress("show"))
        self.assertIn("revoke it first", self.egress("allow", "new.example.com", code=1))
        self.egress("revoke", "new.example.com")
        self.verdict("https://new.example.com/v1", code=1)
        self.assertIn("there are routes for", self.egress("revoke", "new.example.com", code=1))
        self.egress("revoke", "api.example.com")
        self.verdict("https://api.example.com/v1", code=1)
        record = self.call("audit", "export", self.identity)
        self.assertIn('"route_granted","subject":"new.example.com"', record)
        self.assertIn('"route_revoked","subject":"api.example.com"', record)

    def test_what_cannot_be_granted(self):
        for arguments, message in (
                (["127.1"], "spelling of an IP address"), (["a b"], "no host name may hold"),
                (["x.example.com", "--auth", "Bearer"], "--token-ref"),
                (["x.example.com", "--token-ref", "GRANT_TOKEN"], "--auth"),
                (["x.example.com", "--auth", "Bearer", "--token-ref", "NOT_SET"], "not set"),
                (["x.example.com", "--path", "v1"], "routes[4].path_allowlist"),
                (["x.example.com", "--auth", "Bearer", "--token-ref", "GRANT_TOKEN",
                  "--no-intercept"], "needs to see the requests")):
            with self.subTest(arguments):
                done = self.home.run("egress", "allow", self.identity, *arguments)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(message, done.stderr)
                self.assertNotIn(SECRET, done.stderr)
        self.verdict("https://x.example.com/", code=1)

    def test_the_record_is_sealed_at_the_end_and_shows_what_was_done_to_it(self):
        self.assertIn("has not ended", self.call("audit", "verify", self.identity))
        self.egress("allow", "new.example.com")
        self.home.run("stop", self.identity, "--grace", "1", "--keep")
        self.assertIn("whole", self.call("audit", "verify", self.identity))
        self.assertIn("seq,time,plane", self.call("audit", "export", self.identity,
                                                  "--format", "csv"))
        path = next(self.home.config.glob(f"audit/{self.identity}*"))
        whole = path.read_bytes()
        lines = whole.splitlines(True)
        for what, damaged in (
                ("changed", whole.replace(b"new.example.com", b"old.example.com")),
                ("dropped", b"".join(lines[:1] + lines[2:])),
                ("cut", b"".join(lines[:-1])), ("cut more", b"".join(lines[:-2])),
                ("twice", whole + lines[-1])):
            with self.subTest(what):
                path.write_bytes(damaged)
                self.assertIn("broken", self.call("audit", "verify", self.identity, code=1))
        path.write_bytes(whole)
        self.call("audit", "verify", self.identity)
