"""Bytes in motion: events without delay, back-pressure, both directions at once, and how things end."""

import os
import select
import socket
import ssl
import statistics
import threading
import time

from lib.servers import answer

from .proxy import (EgressCase, Origin, ask, policy, read_response, route, sanitized,
                    wait_until)


def exchange(client, outgoing, expected):
    """Sends and receives at once, on one thread (an SSL object is not for two); the response's body."""
    client.setblocking(False)
    outgoing, incoming, body_at = memoryview(outgoing), bytearray(), None
    until = time.monotonic() + 30
    while time.monotonic() < until:
        moved = False
        if outgoing:
            try:
                outgoing = outgoing[client.send(outgoing[:1 << 16]):]
                moved = True
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
        try:
            data = client.recv(1 << 16)
            moved = True
            incoming += data
            if not data:
                break
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        if body_at is None and b"\r\n\r\n" in incoming:
            body_at = incoming.index(b"\r\n\r\n") + 4
        if body_at and len(incoming) - body_at == expected:
            break
        if not moved:
            select.select([client], [client] if outgoing else [], [], 0.1)
    return bytes(incoming[body_at:])


class Streaming(EgressCase):
    def start(self, respond):
        self.origin = self.serve(Origin(respond))
        self.proxy = self.egress(policy(route(port=self.origin.port)))
        self.host = f"localhost:{self.origin.port}"
        return self.tunnel(self.proxy, "localhost", self.origin.port)

    def get(self, client, target="/"):
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())

    def test_events_pass_one_by_one_without_delay(self):
        def respond(_request, send):
            send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                 b"Transfer-Encoding: chunked\r\n\r\n")
            for number in range(50):
                event = f": comment {number}\ndata: {time.perf_counter()}\n\n".encode()
                send(b"%x\r\n%b\r\n" % (len(event), event))
                time.sleep(0.005)
            send(b"0\r\n\r\n")
        client = self.start(respond)
        self.get(client)
        response = read_response(client)
        delays, comments = [], 0
        while line := response.readline():
            if line.startswith(b"data: "):
                delays.append(time.perf_counter() - float(line[6:]))
            comments += line.startswith(b": comment")
        self.assertEqual((len(delays), comments), (50, 50))
        self.assertLess(statistics.median(delays), 0.003)

    def test_a_slow_reader_slows_the_origin_and_costs_no_memory(self):
        sent = [0]
        block = os.urandom(1 << 16)

        def respond(_request, send):
            send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (200 << 20))
            for _ in range(200 << 4):
                send(block)
                sent[0] += len(block)
        client = self.start(respond)
        before = self.proxy.stats()["rss_bytes"]
        self.get(client)
        client.recv(1000)
        seen = -1
        while sent[0] != seen:  # until the origin stands still
            seen = sent[0]
            time.sleep(0.3)
        self.assertLess(sent[0], 40 << 20)
        if not sanitized():
            self.assertLess(self.proxy.stats()["rss_bytes"] - before, 4 << 20)

    def test_a_slow_origin_slows_the_client(self):
        released = threading.Event()
        size = (48 if sanitized() else 100) << 20  # well over what the sockets between hold

        class Slow(Origin):
            def serve(self, connection):
                connection = self.context.wrap_socket(connection, server_side=True)
                released.wait(20)
                left = size
                while left > 0 and (data := connection.recv(65536)):
                    left -= len(data)
                connection.sendall(answer())
        self.origin = self.serve(Slow())
        self.proxy = self.egress(policy(route(port=self.origin.port)))
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        sent = [0]

        def upload():
            client.sendall(f"POST / HTTP/1.1\r\nHost: localhost:{self.origin.port}\r\n"
                           f"Content-Length: {size}\r\n\r\n".encode())
            block = os.urandom(1 << 16)
            for _ in range(size >> 16):
                client.sendall(block)
                sent[0] += len(block)
        thread = threading.Thread(target=upload)
        thread.start()
        seen = -1
        while sent[0] != seen:
            seen = sent[0]
            time.sleep(0.3)
        self.assertLess(sent[0], 40 << 20)
        released.set()
        thread.join(120)
        self.assertEqual(sent[0], size)
        self.assertEqual(read_response(client).status, 200)

    def test_both_directions_at_once(self):
        # An origin that answers as it reads: it would stand still if we read first and wrote then.
        size = 30 << 20

        class Echo(Origin):
            def serve(self, connection):
                connection = self.context.wrap_socket(connection, server_side=True)
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(1)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                left = size
                while left > 0 and (data := connection.recv(65536)):
                    connection.sendall(data)
                    left -= len(data)
        self.origin = self.serve(Echo())
        self.proxy = self.egress(policy(route(port=self.origin.port)))
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        block = os.urandom(1 << 16)
        client.sendall(f"POST / HTTP/1.1\r\nHost: localhost:{self.origin.port}\r\n"
                       f"Content-Length: {size}\r\n\r\n".encode())
        got = exchange(client, block * (size // len(block)), size)
        self.assertEqual(len(got), size)
        self.assertTrue(got == block * (size // len(block)))

    def test_an_answer_that_comes_before_the_upload_ends(self):
        class Impatient(Origin):
            def serve(self, connection):
                connection = self.context.wrap_socket(connection, server_side=True)
                connection.recv(1000)
                connection.sendall(answer(b"too big", "413 Content Too Large"))
                connection.settimeout(5)
                try:
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass
        self.origin = self.serve(Impatient())
        self.proxy = self.egress(policy(route(port=self.origin.port)))
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(f"POST / HTTP/1.1\r\nHost: localhost:{self.origin.port}\r\n"
                       f"Content-Length: {100 << 20}\r\n\r\n".encode() + b"x" * 100000)
        response = read_response(client)
        self.assertEqual((response.status, response.read()), (413, b"too big"))

    def test_truncation_is_passed_on_as_truncation(self):
        def respond(request, send):
            if request.target == "/length":
                send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            elif request.target == "/chunked":
                send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            else:  # read to the end, but the end is not announced by TLS
                send(b"HTTP/1.1 200 OK\r\n\r\nhalf")
            send.__self__.shutdown(socket.SHUT_RDWR)
            raise EOFError
        self.start(respond).close()
        for number, target in enumerate(("/length", "/chunked", "/close"), 1):
            with self.subTest(target):
                client = self.tunnel(self.proxy, "localhost", self.origin.port)
                self.get(client, target)
                got, orderly = b"", True
                try:
                    while data := client.recv(65536):
                        got += data
                except OSError:
                    orderly = False
                self.assertIn(b"half", got)
                # Either the framing shows it, or there was no orderly end.
                self.assertTrue(not orderly or b"\r\n0\r\n\r\n" not in got)
                self.assertEqual(self.proxy.outcomes(number)[-1]["rule"], "upstream_truncated")

    def test_a_client_that_leaves_ends_the_upstream_request(self):
        ended = threading.Event()

        def respond(_request, send):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            send.__self__.settimeout(10)
            try:
                if not send.__self__.recv(1):
                    ended.set()
            except OSError:
                ended.set()
        client = self.start(respond)
        self.get(client)
        self.assertEqual(read_response(client).read(3), b"one")
        client.close()
        self.assertTrue(ended.wait(5))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "client_gone")

    def test_a_client_that_leaves_in_its_upload_ends_the_upstream_request(self):
        client = self.start(None)
        client.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 1000\r\n\r\nabc"
                       .encode())
        wait_until(lambda: self.origin.connections == 1)
        client.close()
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "client_gone")

    def test_large_uploads_arrive_whole(self):
        body = os.urandom(20 << 20)
        seen = []

        def respond(request, send):
            seen.append(request.body)
            send(answer())
        client = self.start(respond)
        self.assertEqual(ask(client, "/", self.host, "POST", body=body).status, 200)
        self.assertEqual(seen, [body])
