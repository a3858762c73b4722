"""`dlp: hold`: what the scanner finds waits in the operator's queue, with rule and place and never the
value, and goes on or ends as decided."""

import gzip
import json
import os
import random
import signal
import string
import threading

from lib import processes
from lib.supervise import HOST
from supervise.test_plain import SupervisedCase

FRONT = f"supervise: true\negress:\n  routes:\n    - host: {HOST}\n      dlp: hold\n"


def token():
    return "ghp_" + "".join(random.choice(string.ascii_letters + string.digits) for _ in range(36))


class HoldCase(SupervisedCase):
    front = FRONT

    def setUp(self):
        super().setUp()
        self.token = token()

    def send(self, *arguments, body=None):
        """curl in the bottle, on its way; its status and body come from result()."""
        if body is not None:
            name = f"body-{random.randrange(1 << 30)}"
            self.inside("sh", "-c", f"mkdir -p /tmp/bodies; : > /tmp/bodies/{name}")
            fed = self.product.popen("exec", self.identity, "--", "sh", "-c",
                                     f"cat > /tmp/bodies/{name}", stdin=-1)
            fed.stdin.buffer.write(body)
            fed.communicate(timeout=30)
            arguments = (*arguments, "--data-binary", f"@/tmp/bodies/{name}")
        sent = self.product.popen("exec", self.identity, "--", "curl", "-sS", "-w", "\n%{http_code}",
                                  *arguments, f"https://{HOST}/notes")
        self.addCleanup(sent.wait, 10)
        self.addCleanup(sent.kill)
        return sent

    def result(self, sent):
        out, _ = sent.communicate(timeout=30)
        body, _, status = out.rpartition("\n")
        return status, body

    def held(self):
        """The proposal of the request that waits."""
        self.assertTrue(processes.wait_until(lambda: self.operator.waiting(), 10), "nothing waits")
        proposal = self.operator.waiting()[0]
        self.assertEqual((proposal["tool"], proposal["payload"]["rule"]),
                         ("dlp-hold", "github-token"))
        return proposal

    def nowhere(self):
        """The value is in no file of the operator's but where the bottle itself wrote it."""
        for folder in ("queue", "audit", "logs"):
            for file in (self.product.config / folder).rglob("*"):
                if file.is_file():
                    self.assertNotIn(self.token.encode(), file.read_bytes(), file)


class Held(HoldCase):
    def test_a_field_is_let_through(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        proposal = self.held()
        shown = self.operator.call("show", proposal["id"]).stdout
        self.assertIn(f"let GET https://{HOST}:443/notes through", shown)
        self.assertIn("(github-token)", shown)
        self.assertNotIn(self.token, shown)
        self.assertEqual(self.upstream.requests, [])
        done = self.operator.approve(proposal["id"])
        self.assertIn("the request goes on", done.stderr)
        self.assertEqual(self.result(sent), ("200", "releases\n"))
        self.assertEqual(self.upstream.requests[0].header("x-note"), self.token)
        self.nowhere()
        self.assertIn("let through by the operator", self.product.run(
            "logs", "--json", self.identity).stdout)

    def test_one_answer_is_for_one_request(self):
        for _ in range(2):
            sent = self.send("-H", f"X-Note: {self.token}")
            self.operator.approve(self.held()["id"])
            self.assertEqual(self.result(sent)[0], "200")

    def test_it_is_rejected(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        self.operator.reject(self.held()["id"], "no")
        status, body = self.result(sent)
        self.assertEqual(status, "403")
        said = json.loads(body)["botbottle"]
        self.assertEqual(said["rule"], "github-token")
        self.assertIn("the operator did not let it through", said["reason"])
        self.assertEqual(self.upstream.requests, [])
        self.nowhere()

    def test_a_decoy_opens_nothing(self):
        decoy = self.token[:-6] + "decoyd"
        sent = self.send(body=b"first " + decoy.encode() + b" then\n" + b"a line\n" * 20000 +
                         self.token.encode() + b"\n")
        first = self.held()
        self.operator.approve(first["id"])
        self.assertTrue(processes.wait_until(
            lambda: [w for w in self.operator.waiting() if w["id"] != first["id"]], 10), "nothing more was asked")
        self.operator.reject(self.held()["id"], "that one is real")
        self.assertEqual(self.result(sent)[0], "403")
        self.assertFalse([r for r in self.upstream.requests if self.token.encode() in r.body])

    def test_bodies_arrive_whole(self):
        text = b"a line of text\n" * 200
        secret = self.token.encode()
        for name, body, headers in (
                ("short", b"note=" + secret + b" and more", ()),
                ("long", text * 400 + secret + b"\n" + text * 400, ()),
                ("at the end", text + secret, ()),
                ("chunked", text * 400 + secret + b"\n" + text * 400,
                 ("-H", "Transfer-Encoding: chunked")),
                ("gzip", gzip.compress(text * 40 + secret + b"\n" + text * 40),
                 ("-H", "Content-Encoding: gzip"))):
            with self.subTest(name):
                before = len(self.upstream.requests)
                sent = self.send(*headers, body=body)
                proposal = self.held()
                self.assertIn("body holds", proposal["payload"]["reason"])
                self.assertEqual(len(self.upstream.requests), before, "it is not whole yet")
                self.operator.approve(proposal["id"])
                if name == "gzip":  # a yes is for one place: packed, and then unpacked
                    self.assertTrue(processes.wait_until(
                        lambda: [w for w in self.operator.waiting() if w["id"] != proposal["id"]], 10))
                    self.assertEqual(len(self.upstream.requests), before)
                    self.operator.approve(self.held()["id"])
                self.assertEqual(self.result(sent)[0], "200")
                self.assertEqual(self.upstream.requests[before].body, body)

    def test_a_rejected_body_never_ends(self):
        sent = self.send(body=b"a line of text\n" * 80_000 + self.token.encode() + b"\n" * 9000)
        self.operator.reject(self.held()["id"], "no")
        self.assertEqual(self.result(sent)[0], "403")
        # The origin has what came before it, and no end.
        for request in self.upstream.requests:
            self.assertLess(len(request.body), int(request.header("content-length")))
            self.assertNotIn(self.token[:12].encode(), request.body)

    def test_there_is_nothing_to_edit_and_nothing_for_always(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        proposal = self.held()["id"]
        self.assertIn("as it is, or not", self.operator.call("edit", proposal, "--yes", code=1).stderr)
        self.assertIn("let through once", self.operator.approve(
            proposal, "--scope", "always", code=1).stderr)
        self.operator.approve(proposal)
        self.assertEqual(self.result(sent)[0], "200")

    def test_others_go_on_meanwhile(self):
        held = self.send("-H", f"X-Note: {self.token}")
        self.held()
        for _ in range(3):
            self.assertEqual(self.result(self.send())[0], "200")
        self.operator.approve(self.held()["id"])
        self.assertEqual(self.result(held)[0], "200")

    def test_no_more_wait_than_may(self):
        many = "; ".join(["curl -sS -m 20 -o /dev/null -w '%{http_code} ' "
                          f"-H 'X-Note: {self.token}' https://{HOST}/notes &"] * 40)
        sent = self.product.popen("exec", self.identity, "--", "sh", "-c", many.replace("&;", "&")
                                  + " wait")
        self.assertTrue(processes.wait_until(lambda: len(self.operator.waiting()) == 32, 20))
        waiting = self.operator.waiting()
        deciders = [threading.Thread(target=self.operator.approve, args=(p["id"],)) for p in waiting]
        for each in deciders:
            each.start()
        for each in deciders:
            each.join(60)
        statuses = sent.communicate(timeout=60)[0].split()
        self.assertEqual((statuses.count("200"), statuses.count("403")), (32, 8))


class Unanswered(HoldCase):
    variables = {"SUPERVISE_PROPOSAL_EXPIRY_SECONDS": "2"}

    def test_nobody_answers(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        proposal = self.held()["id"]
        self.assertEqual(self.result(sent)[0], "403")
        self.assertEqual(self.operator.waiting(), [])
        self.assertIn("expired", self.operator.approve(proposal, code=1).stderr)


class Killed(HoldCase):
    def process(self, name):
        found = processes.named(name)
        return found[0] if found else None

    def kill(self, name):
        before = self.process(name)
        os.kill(before, signal.SIGKILL)
        self.assertTrue(processes.wait_until(
            lambda: self.process(name) not in (None, before), 10))

    def test_the_supervise_sidecar(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        proposal = self.held()["id"]
        self.kill("botbottle-super")
        self.operator.approve(proposal)
        self.assertEqual(self.result(sent)[0], "200")

    def test_the_egress(self):
        sent = self.send("-H", f"X-Note: {self.token}")
        self.held()
        self.kill("botbottle-egres")
        self.assertEqual(self.result(sent)[0], "000", "its connection is gone")
        self.assertTrue(processes.wait_until(lambda: not self.operator.waiting(), 10))
        self.assertEqual(self.upstream.requests, [])
