"""Messages that two implementations could read differently: refused on the wire, in both directions."""

from lib.servers import StreamServer, listen

from .proxy import BEARER, EgressCase, Origin, ask, origin_context, policy, read_response, route

SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"

# What stands between the request line and Host, and the end of the head; then a body.
REQUESTS = {
    "CL and TE": ("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "TE xchunked": ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "TE chunked, identity": ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + SMUGGLED),
    "TE gzip, chunked": ("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "two TE": ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
    "space before colon": ("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + SMUGGLED),
    "tab before colon": ("Content-Length\t: 5\r\n", "abcde"),
    "two CL, equal": ("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
    "two CL": ("Content-Length: 3\r\nContent-Length: 0\r\n", "abc"),
    "CL list": ("Content-Length: 3, 3\r\n", "abc"),
    "CL sign": ("Content-Length: +3\r\n", "abc"),
    "CL hex": ("Content-Length: 0x3\r\n", "abc"),
    "CL too long": ("Content-Length: 99999999999999999999\r\n", ""),
    "obs-fold": ("X-A: b\r\n c\r\n", ""),
    "bare LF": ("X-A: b\nX-C: d\r\n", ""),
    "bare CR": ("X-A: b\rX-C: d\r\n", ""),
    "NUL": ("X-A: b\0c\r\n", ""),
    "empty name": (": b\r\n", ""),
    "two Hosts": ("Host: localhost\r\n", ""),
    "chunk size with space": ("Transfer-Encoding: chunked\r\n", "3 \r\nabc\r\n0\r\n\r\n"),
    "chunk size 0x": ("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n0\r\n\r\n"),
    "chunk size sign": ("Transfer-Encoding: chunked\r\n", "+3\r\nabc\r\n0\r\n\r\n"),
    "chunk without CRLF": ("Transfer-Encoding: chunked\r\n", "3\r\nabcX0\r\n\r\n"),
    "chunk ends in LF": ("Transfer-Encoding: chunked\r\n", "3\nabc\r\n0\r\n\r\n"),
    "chunk-ext ends in LF": ("Transfer-Encoding: chunked\r\n", "3;a\nabc\r\n0\r\n\r\n"),
    "chunk size overflow": ("Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\nabc\r\n"),
}

REQUEST_LINES = ["GET  / HTTP/1.1", "GET /", "GET / HTTP/1.2", "GET / HTTP/2.0", "GET /a b HTTP/1.1",
                 "GET /\x7f HTTP/1.1", "GET /# HTTP/1.1", "G\u00c9T / HTTP/1.1", "GET /<> HTTP/1.1",
                 "GET / http/1.1", " GET / HTTP/1.1"]


class Requests(EgressCase):
    def setUp(self):
        self.origin = self.serve(Origin())
        self.proxy = self.egress(policy(route(port=self.origin.port, auth=BEARER)),
                                 {"token": "real-secret-value"})
        self.host = f"localhost:{self.origin.port}"

    def send(self, text):
        """The status of the answer; the connection must end after it."""
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(text.encode("latin-1"))
        response = read_response(client)
        response.read()
        self.assertEqual(client.recv(1000), b"", "the connection was kept")
        return response.status

    def test_ambiguous_framing_is_refused_and_nothing_is_smuggled(self):
        for name, (fields, body) in REQUESTS.items():
            with self.subTest(name):
                status = self.send(f"POST / HTTP/1.1\r\nHost: {self.host}\r\n{fields}\r\n"
                                   + body.format(host=self.host))
                self.assertIn(status, (400, 413, 501))
        self.assertNotIn("/smuggled", [request.target for request in self.origin.requests])

    def test_odd_request_lines_are_refused(self):
        for line in REQUEST_LINES:
            with self.subTest(line):
                self.assertIn(self.send(f"{line}\r\nHost: {self.host}\r\n\r\n"), (400, 505))
        self.assertEqual(self.origin.requests, [])

    def test_transfer_encoding_in_http10_is_refused(self):
        self.assertEqual(self.send(f"POST / HTTP/1.0\r\nHost: {self.host}\r\n"
                                   "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400)

    def test_a_missing_host_is_refused(self):
        self.assertEqual(self.send("GET / HTTP/1.1\r\n\r\n"), 400)

    def test_too_large_heads_are_refused(self):
        self.assertEqual(self.send(f"GET /{'a' * 17000} HTTP/1.1\r\nHost: {self.host}\r\n\r\n"), 414)
        many = "".join(f"X-{i}: y\r\n" for i in range(201))
        self.assertEqual(self.send(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n{many}\r\n"), 431)
        self.assertEqual(self.send(f"GET / HTTP/1.1\r\nHost: {self.host}\r\nX: {'y' * 66000}"), 431)

    def test_methods_that_nobody_routes_are_refused(self):
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        for method in ("TRACE", "get", "FOO"):
            self.assertEqual(ask(client, "/", self.host, method).status, 403, method)
        self.assertEqual(self.origin.requests, [])


class RawOrigin(StreamServer):
    """Answers every request with the same bytes, and closes when told."""

    def __init__(self, answer, close=False):
        self.answer, self.close = answer, close
        self.heads = []
        super().__init__(listen("127.0.0.1"))

    def serve(self, connection):
        connection = origin_context("localhost").wrap_socket(connection, server_side=True)
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = connection.recv(1)
                if not byte:
                    return
                head += byte
            self.heads.append(head)
            connection.sendall(self.answer)
            if self.close:
                return


BAD_RESPONSES = {
    "not HTTP": b"SSH-2.0-x\r\n\r\n",
    "CL and TE": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two CL": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    "TE xchunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "obs-fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n"
                           b"Connection: Upgrade\r\n\r\nabc",
    "huge head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70000,
    "status": b"HTTP/1.1 99 Low\r\n\r\n",
}


class Responses(EgressCase):
    def ask(self, answer, close=False):
        origin = self.serve(RawOrigin(answer, close))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        return origin, proxy, client, f"localhost:{origin.port}"

    def test_what_cannot_be_read_safely_is_a_bad_gateway(self):
        for name, answer in BAD_RESPONSES.items():
            with self.subTest(name):
                _, proxy, client, host = self.ask(answer, close=True)
                response = ask(client, "/", host)
                self.assertEqual(response.status, 502)
                self.assertIn(b"upstream_protocol_error", response.text)
                proxy.stop()

    def test_bytes_after_a_response_are_never_the_next_one(self):
        origin, _, client, host = self.ask(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        for _ in range(3):
            self.assertEqual(ask(client, "/", host).text, b"ok")
        self.assertEqual(origin.connections, 3)

    def test_a_chunked_body_that_breaks_off_is_not_a_whole_one(self):
        _, proxy, client, host = self.ask(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
        client.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        got = b""
        try:
            while data := client.recv(65536):
                got += data
        except OSError:
            pass  # a reset, or an end without close_notify
        self.assertIn(b"hello", got)
        self.assertNotIn(b"\r\n0\r\n", got)
        self.assertEqual(proxy.outcomes()[-1]["rule"], "upstream_truncated")
