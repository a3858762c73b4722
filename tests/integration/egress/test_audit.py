"""The record: complete, chained, written before anything leaves, and a closed door when it cannot be."""

import hashlib
import json
import os
import tempfile
import threading

from .proxy import BEARER, EgressCase, Origin, ask, denial, policy, route

SECRET = "real-secret-value"


class Record(EgressCase):
    def setUp(self):
        self.origin = self.serve(Origin())
        self.host = f"localhost:{self.origin.port}"
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.audit = os.path.join(self.folder.name, "audit.jsonl")

    def start(self, **more):
        return self.egress(policy(route(port=self.origin.port, auth=BEARER)), {"token": SECRET},
                           audit=self.audit, **more)

    def verify(self, expected=None):
        """Every line's predecessor is the line before it, to the byte."""
        previous, sequence = "0" * 64, 0
        with open(self.audit, "rb") as file:
            for raw in file.read().splitlines():
                line = json.loads(raw)
                sequence += 1
                self.assertEqual((line["seq"], line["prev"]), (sequence, previous))
                previous = hashlib.sha256(raw).hexdigest()
        if expected is not None:
            self.assertEqual(sequence, expected)
        return sequence

    def test_a_decision_and_its_outcome(self):
        proxy = self.start()
        client = self.tunnel(proxy, "localhost", self.origin.port)
        ask(client, "/a/b?token=hidden", self.host, "POST", body=b"12345")
        outcome = proxy.outcomes()[0]
        decision = proxy.decisions()[0]
        common = {"plane": "egress", "verdict": "allowed", "request": decision["seq"],
                  "subject": f"POST https://{self.host}/a/b", "reason": "", "route": "localhost",
                  "credential": "token"}
        self.assertEqual({k: decision[k] for k in common}, common)
        self.assertEqual({k: outcome[k] for k in common}, common)
        self.assertEqual(decision["rule"], "route_allowed")
        self.assertEqual((outcome["rule"], outcome["status"], outcome["bytes_up"],
                          outcome["bytes_down"]), ("completed", 200, 5, 3))
        self.assertRegex(decision["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        text = proxy.audit.read_text()
        self.assertNotIn("hidden", text)
        self.assertNotIn(SECRET, text)
        self.verify(2)

    def test_denials_are_recorded_with_their_reason(self):
        proxy = self.start()
        made, response = proxy.open_tunnel("unlisted.example:443")
        response.read()
        made.close()
        line = proxy.decisions()[0]
        self.assertEqual((line["verdict"], line["rule"], line["subject"], line["route"],
                          line["credential"]),
                         ("denied", "host_not_allowed", "CONNECT unlisted.example:443", None, None))
        self.assertTrue(line["reason"])

    def test_long_and_hostile_paths_stay_one_short_line(self):
        proxy = self.start()
        client = self.tunnel(proxy, "localhost", self.origin.port)
        ask(client, "/" + "a" * 5000 + "%0a%1b%22", self.host)
        self.assertLess(len(proxy.decisions()[0]["subject"]), 350)
        self.verify()

    def test_the_decision_is_written_before_anything_leaves(self):
        seen = []

        def respond(_request, send):
            with open(self.audit, encoding="ascii") as file:
                seen.append(file.read().count('"event":"decision"'))
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        self.origin.respond = respond
        proxy = self.start()
        client = self.tunnel(proxy, "localhost", self.origin.port)
        for _ in range(10):
            ask(client, "/", self.host)
        self.assertEqual(seen, list(range(1, 11)))

    def test_the_chain_goes_on_after_kill_and_restart(self):
        listener = None
        for life in range(3):
            proxy = self.start(listener=listener)
            listener = proxy.listener
            stop = threading.Event()
            done = []

            def work():
                try:
                    client = proxy.tunnel("localhost", self.origin.port)
                    while not stop.is_set():
                        ask(client, "/", self.host)
                        done.append(1)
                except Exception:  # pylint: disable=broad-except
                    pass  # the proxy was killed
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            while len(done) < 40:
                pass
            if life < 2:
                proxy.process.kill()
            stop.set()
            for thread in threads:
                thread.join()
            if life == 2:
                proxy.stop()
        self.assertGreater(self.verify(), 240)

    def test_a_full_disk_closes_the_door(self):
        self.audit = "/dev/full"
        proxy = self.start()
        client = self.tunnel(proxy, "localhost", self.origin.port)
        for _ in range(3):
            response = ask(client, "/", self.host)
            self.assertEqual((response.status, denial(response)["rule"]),
                             (503, "audit_unavailable"))
            client = self.tunnel(proxy, "localhost", self.origin.port)
        _, refused = proxy.open_tunnel("unlisted.example:443")
        self.assertEqual(refused.status, 503)
        plain = proxy.connect()
        self.addCleanup(plain.close)
        self.assertEqual(ask(plain, "http://_egress.local/healthz", "_egress.local").status, 503)
        self.assertEqual(self.origin.connections, 0)
        self.assertFalse(proxy.stats()["audit"]["healthy"])

    def test_it_opens_again_when_there_is_room(self):
        mount = self.folder.name
        self.audit = os.path.join(mount, "small", "audit.jsonl")
        os.mkdir(os.path.dirname(self.audit))
        if os.system(f"mount -t tmpfs -o size=64k tmpfs {mount}/small 2>/dev/null") != 0:
            self.skipTest("a tmpfs cannot be mounted here")
        self.addCleanup(os.system, f"umount {mount}/small")
        filler = os.path.join(mount, "small", "filler")
        proxy = self.start()
        client = self.tunnel(proxy, "localhost", self.origin.port)
        self.assertEqual(ask(client, "/", self.host).status, 200)
        with open(filler, "wb") as file:
            try:
                file.write(b"x" * (1 << 20))
            except OSError:
                pass
        refused = 200
        for _ in range(30):  # the page that the file's end lies in has room for a few lines
            refused = ask(self.tunnel(proxy, "localhost", self.origin.port), "/", self.host).status
            if refused == 503:
                break
        self.assertEqual(refused, 503)
        os.unlink(filler)
        client = self.tunnel(proxy, "localhost", self.origin.port)
        self.assertEqual(ask(client, "/", self.host).status, 200)
        proxy.stop()
        self.verify()
