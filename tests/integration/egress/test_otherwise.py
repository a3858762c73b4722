"""What nothing on a test machine can bring about, played by a library that is preloaded (otherwise.c)."""

import functools
import pathlib
import queue
import subprocess
import tempfile
import threading
import time

from lib.servers import answer

from .proxy import Egress, EgressCase, Origin, ask, denial, policy, read_response, route, sanitized

TICK = 0.5  # seconds; kTick
SOURCE = pathlib.Path(__file__).with_name("otherwise.c")


@functools.cache
def library():
    folder = tempfile.TemporaryDirectory(prefix="bb-otherwise-")
    made = pathlib.Path(folder.name) / "otherwise.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-o", made, SOURCE, "-ldl"], check=True)
    library.folder = folder  # as long as the program
    return made


class OtherwiseCase(EgressCase):
    def setUp(self):
        if sanitized():
            self.skipTest("a sanitizer wants to be loaded first")
        folder = tempfile.TemporaryDirectory(prefix="bb-ahead-")
        self.addCleanup(folder.cleanup)
        self.ahead = pathlib.Path(folder.name) / "ahead"
        self.ahead.write_bytes(bytes(8))

    def start(self, what, respond=None, **more):
        class Otherwise(Egress):
            environment = {"LD_PRELOAD": str(library()), "OTHERWISE": what,
                           "OTHERWISE_AHEAD": str(self.ahead)}
        self.origin = self.serve(Origin(respond))
        self.proxy = Otherwise(policy(route(port=self.origin.port, **more)))
        self.addCleanup(self._stop, self.proxy)
        self.host = f"localhost:{self.origin.port}"

    def get(self, what, **more):
        self.start(what, **more)
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        return ask(client, host=self.host, headers=["X-Text: " + "words " * 20])


class Peer(OtherwiseCase):
    def test_another_than_the_checked_address_gets_nothing(self):
        self.assertEqual(self.get("nothing").status, 200, "the control")
        refused = self.get("peer")
        self.assertEqual(refused.status, 502, refused.text)
        self.assertEqual(self.origin.requests, [])


class Engine(OtherwiseCase):
    def test_one_that_fails_lets_nothing_leave(self):
        self.assertEqual(self.get("nothing").status, 200, "the control")
        refused = self.get("engine")
        self.assertIn(refused.status, (403, 503), refused.text)
        self.assertTrue(denial(refused)["reason"])
        self.assertEqual(self.origin.requests, [])

    def test_where_nothing_is_scanned_nothing_fails(self):
        self.assertEqual(self.get("engine", dlp="off").status, 200)


class Clock(OtherwiseCase):
    def later(self, seconds):
        """It is so much later, and what the egress does about it has been done."""
        now = int.from_bytes(self.ahead.read_bytes(), "little") + seconds
        with open(self.ahead, "r+b") as file:  # the same file: it is mapped
            file.write(now.to_bytes(8, "little"))
        time.sleep(2 * TICK)

    def test_a_stream_has_no_age_and_may_be_silent_for_fifteen_minutes(self):
        go, gone = queue.Queue(), threading.Event()

        def respond(_request, send):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
            try:
                while go.get(timeout=30):
                    send(b"9\r\ndata: x\n\n\r\n")
                for _ in range(50):  # until the other end is found gone
                    send(b"9\r\ndata: y\n\n\r\n")
                    time.sleep(0.02)
            except OSError:
                gone.set()
        self.start("clock", respond)
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        read_response(client)
        for _ in range(3):
            self.later(14 * 60)
            go.put(True)
            self.assertIn(b"data: x", client.recv(4096))
        self.later(15 * 60 + 1)
        self.assertTrue(ended(client))
        go.put(False)
        self.assertTrue(gone.wait(10), "the origin's connection goes on")

    def test_an_idle_client_is_let_go_after_two_minutes(self):
        def respond(_request, send):
            send(answer(b"ok"))
        self.start("clock", respond)
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        for _ in range(3):
            self.assertEqual(ask(client, host=self.host).status, 200)
            self.later(118)
        self.assertEqual(ask(client, host=self.host).status, 200)
        self.later(121)
        self.assertTrue(ended(client))

    def test_a_body_that_stalls_is_given_up_after_two_minutes(self):
        self.start("clock")
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 9\r\n\r\nabc".encode())
        self.later(118)
        client.sendall(b"def")
        self.later(118)
        client.settimeout(0.2)
        self.assertRaises(TimeoutError, client.recv, 1)
        self.later(3)
        client.settimeout(5)
        self.assertTrue(ended(client))
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["rule"], outcome["status"], outcome["bytes_up"]), ("client_gone", 0, 6), outcome)


def ended(client):
    """Whether it is closed; what comes before the end does not matter."""
    try:
        while client.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True
