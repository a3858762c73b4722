"""HTTP/2 on both sides, with the clients and servers that people use, and what a hostile one tries."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from lib.servers import answer

from .proxy import (BEARER, EgressCase, Origin, ask, client_context, material, policy, route,
                    wait_until)

try:
    import h2.config
    import h2.connection
    import h2.events
except ImportError:
    h2 = None

NGHTTPD = shutil.which("nghttpd") or "/usr/sbin/nghttpd"


def free_port():
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return made.getsockname()[1]


class Nghttpd:
    """An origin of HTTP/2 that serves a folder; `pushes` nothing."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        authority = material()[1]
        authority.context("localhost")  # makes the leaf's files
        base = authority.certificate.parent
        self.port = free_port()
        self.process = subprocess.Popen(
            [NGHTTPD, "--address=127.0.0.1", "-d", folder, "--echo-upload", str(self.port),
             base / "localhost.key", base / "localhost.pem"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._listens)

    def _listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait()


class ClientOfHttp2:
    """A connection of HTTP/2 in a tunnel, frame by frame, with python3-h2."""

    def __init__(self, proxy, host, port, validate=True):
        context = client_context()
        context.set_alpn_protocols(["h2"])
        self.tls = proxy.tunnel(host, port, context=context)
        assert self.tls.selected_alpn_protocol() == "h2"
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=validate,
            normalize_outbound_headers=validate))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.authority = f"{host}:{port}"
        self.flush()

    def flush(self):
        self.tls.sendall(self.h2.data_to_send())

    def request(self, method="GET", path="/", body=None, end=True, authority=None, scheme="https",
                extra=()):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(":method", method), (":scheme", scheme),
                                      (":authority", authority or self.authority),
                                      (":path", path), *extra],
                             end_stream=end and body is None)
        if body is not None:
            self.h2.send_data(stream, body, end_stream=end)
        self.flush()
        return stream

    def events(self):
        data = self.tls.recv(65536)
        if not data:
            raise EOFError
        found = self.h2.receive_data(data)
        for event in found:
            if isinstance(event, h2.events.DataReceived):
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()
        return found

    def response(self, stream):
        """(status, headers, body, trailers); a reset raises."""
        headers, body, trailers = {}, b"", {}
        while True:
            for event in self.events():
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.ResponseReceived):
                    headers = dict(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.TrailersReceived):
                    trailers = dict(event.headers)
                elif isinstance(event, h2.events.StreamReset):
                    raise ConnectionResetError(event.error_code)
                elif isinstance(event, h2.events.StreamEnded):
                    return int(headers[":status"]), headers, body, trailers


class Http2Case(EgressCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="h2-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)

    def curl(self, proxy, *arguments):
        # curl speaks to a proxy over TCP.
        done = subprocess.run(
            ["curl", "-sS", "--max-time", "20", "--proxy", self.tcp(proxy), "--cacert",
             material()[0].certificate, *arguments], capture_output=True, env={}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def tcp(self, proxy):
        return "http://%s:%d" % proxy.listener.getsockname()

    def start(self, origin_port, **more):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(512)
        return self.egress(policy(route(port=origin_port, **more)), {"token": "abcdefgh-secret"},
                           listener=listener)


class Translation(Http2Case):
    """All four ways in which two versions can meet."""

    def both_ways(self, port):
        proxy = self.start(port)
        url = f"https://localhost:{port}/file"
        got = {}
        for version in ("--http1.1", "--http2"):
            text = self.curl(proxy, version, "-w", "\n%{http_version} %{http_code}", url)
            body, _, summary = text.rpartition(b"\n")
            got[version] = summary.decode()
            self.assertEqual(body, self.content)
        self.assertEqual(got, {"--http1.1": "1.1 200", "--http2": "2 200"})
        return proxy

    content = os.urandom(1 << 20).replace(b"\n", b"x")

    def test_an_origin_of_http1(self):
        origin = self.serve(Origin(lambda _, send: send(answer(self.content))))
        self.both_ways(origin.port)

    @unittest.skipUnless(os.path.exists(NGHTTPD), "nghttpd is not installed")
    def test_an_origin_of_http2(self):
        pathlib.Path(self.folder, "file").write_bytes(self.content)
        origin = self.serve(Nghttpd(self.folder))
        proxy = self.both_ways(origin.port)
        # The second request came over the connection of the first, where one worker served both.
        self.assertLessEqual(proxy.stats()["upstream"]["connects"], 2)

    @unittest.skipUnless(os.path.exists(NGHTTPD), "nghttpd is not installed")
    def test_an_upload_comes_back_whole(self):
        origin = self.serve(Nghttpd(self.folder))
        proxy = self.start(origin.port)
        body = os.urandom(5 << 20)
        sent = pathlib.Path(self.folder, "sent")
        sent.write_bytes(body)
        for version in ("--http1.1", "--http2"):
            for framing in ([], ["-H", "Transfer-Encoding: chunked"]):
                if framing and version == "--http2":
                    continue
                with self.subTest(version, framing=framing):
                    self.assertEqual(self.curl(proxy, version, *framing, "--data-binary",
                                               f"@{sent}", f"https://localhost:{origin.port}/"), body)


@unittest.skipUnless(h2, "python3-h2 is not installed")
class Rules(Http2Case):
    def setUp(self):
        super().setUp()
        self.origin = self.serve(Origin())
        self.proxy = self.start(self.origin.port, path_allowlist=["/ok"], auth=BEARER)

    def client(self, **more):
        made = ClientOfHttp2(self.proxy, "localhost", self.origin.port, **more)
        self.addCleanup(made.tls.close)
        return made

    def test_denials_come_as_answers_and_the_connection_goes_on(self):
        client = self.client()
        status, headers, body, _ = client.response(client.request(path="/other"))
        self.assertEqual((status, headers["content-type"]), (403, "application/json"))
        self.assertIn(b"path_not_allowed", body)
        self.assertEqual(client.response(client.request(path="/ok"))[0], 200)

    def test_the_authority_is_the_tunnels(self):
        client = self.client()
        for authority, status in (("other.example", 421), (f"localhost:{self.origin.port + 1}", 421),
                                  ("user@localhost", 400)):
            self.assertEqual(client.response(client.request(path="/ok", authority=authority))[0],
                             status, authority)
        self.assertEqual(self.origin.requests, [])

    def test_host_and_authority_agree(self):
        client = self.client(validate=False)
        got = client.response(client.request(path="/ok", extra=[("host", "other.example")]))
        self.assertEqual(got[0], 421)

    def test_the_scheme_is_https(self):
        client = self.client()
        self.assertEqual(client.response(client.request(path="/ok", scheme="http"))[0], 400)

    def test_credentials_of_the_agent_go_and_ours_come(self):
        client = self.client()
        client.response(client.request(path="/ok", extra=[
            ("authorization", "Bearer own"), ("x-api-key", "own"), ("cookie", "a=1"),
            ("cookie", "b=2"), ("x-forwarded-for", "1.2.3.4")]))
        seen = self.origin.requests[0]
        self.assertEqual(seen.header("authorization"), "Bearer abcdefgh-secret")
        self.assertEqual(seen.header("x-api-key") + seen.header("x-forwarded-for"), "")
        self.assertEqual(seen.header("cookie"), "")  # on a route with a credential it is another one

    def test_malformed_fields_end_the_stream(self):
        for field in (("Upper", "x"), ("connection", "close"), ("transfer-encoding", "chunked"),
                      ("x", "a\r\nb: c"), ("x", "a\0b"), ("te", "gzip"), ("keep-alive", "1"),
                      ("upgrade", "h2c"), (":path", "/ok"), ("content-length", "5")):
            with self.subTest(field):
                client = self.client(validate=False)
                with self.assertRaises((ConnectionResetError, EOFError, AssertionError)):
                    status = client.response(client.request(path="/ok", extra=[field]))[0]
                    self.assertNotIn(status, (400, 501))
                    raise AssertionError(f"answered {status}") if status == 200 else EOFError
        self.assertEqual(self.origin.requests, [])

    def test_a_body_of_another_length_is_not_sent_on(self):
        client = self.client(validate=False)
        with self.assertRaises((ConnectionResetError, EOFError)):
            client.response(client.request("POST", "/ok", b"12345",
                                           extra=[("content-length", "3")]))
        wait_until(lambda: self.proxy.stats()["connections"]["open"] >= 0)
        self.assertEqual([r.body for r in self.origin.requests if r.body], [])

    def test_connect_within_a_tunnel_is_refused(self):
        client = self.client(validate=False)
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [(":method", "CONNECT"), (":authority", client.authority)],
                               end_stream=True)
        client.flush()
        self.assertEqual(client.response(stream)[0], 400)

    def test_too_many_fields_are_refused(self):
        client = self.client()
        extra = [(f"x-{number}", "y") for number in range(300)]
        self.assertEqual(client.response(client.request(path="/ok", extra=extra))[0], 431)
        self.assertEqual(client.response(client.request(path="/ok"))[0], 200)


@unittest.skipUnless(h2, "python3-h2 is not installed")
class Floods(Http2Case):
    def setUp(self):
        super().setUp()
        self.origin = self.serve(Origin())
        self.proxy = self.start(self.origin.port)

    def raw(self):
        client = ClientOfHttp2(self.proxy, "localhost", self.origin.port, validate=False)
        self.addCleanup(client.tls.close)
        return client

    def assert_ended(self, client, data, times):
        """The peer is told to calm down, or cut off; others are served all the same."""
        ended = False
        try:
            for _ in range(times):
                client.tls.sendall(data)
            client.tls.settimeout(10)
            while client.tls.recv(65536):
                pass
            ended = True
        except socket.timeout:
            pass
        except OSError:
            ended = True
        self.assertTrue(ended)
        other = self.tunnel(self.proxy, "localhost", self.origin.port)
        self.assertEqual(ask(other, "/", f"localhost:{self.origin.port}").status, 200)

    @staticmethod
    def frame(kind, flags, stream, payload=b""):
        return (len(payload).to_bytes(3, "big") + bytes([kind, flags])
                + stream.to_bytes(4, "big") + payload)

    def test_ping(self):
        self.assert_ended(self.raw(), self.frame(6, 0, 0, b"12345678") * 100, 30)

    def test_settings(self):
        self.assert_ended(self.raw(), self.frame(4, 0, 0) * 100, 30)

    def test_priority(self):
        self.assert_ended(self.raw(), self.frame(2, 0, 1, b"\0\0\0\0\x10") * 100, 30)

    def test_empty_data(self):
        client = self.raw()
        client.request("POST", end=False)
        self.assert_ended(client, self.frame(0, 0, 1) * 100, 30)

    def test_tiny_window_updates(self):
        self.assert_ended(self.raw(), self.frame(8, 0, 0, b"\0\0\0\x01") * 100, 30)

    def test_window_overflow(self):
        self.assert_ended(self.raw(), self.frame(8, 0, 0, b"\x7f\xff\xff\xff"), 2)

    def test_continuation(self):
        client = self.raw()
        block = b"\x00\x01x\x01y" * 100  # literal fields, never indexed
        client.tls.sendall(self.frame(1, 0, 1, b"\x82\x87\x84"))
        self.assert_ended(client, self.frame(9, 0, 1, block), 60)

    def test_rapid_reset(self):
        client = self.raw()
        try:
            for _ in range(3000):
                stream = client.h2.get_next_available_stream_id()
                client.h2.send_headers(stream, [(":method", "GET"), (":scheme", "https"),
                                                (":authority", client.authority), (":path", "/")],
                                       end_stream=True)
                client.h2.reset_stream(stream, 8)
                client.flush()
        except OSError:
            pass
        self.assert_ended(client, b"", 0)
        # Most of them never reached the origin.
        self.assertLess(len(self.origin.requests), 1500)

    def test_more_streams_than_were_offered(self):
        released = threading.Event()
        self.addCleanup(released.set)
        self.origin.respond = lambda _, send: (released.wait(20), send(answer()))
        client = self.raw()
        client.events()
        client.h2.max_outbound_frame_size = 16384
        for _ in range(100):
            client.request()
        wait_until(lambda: len(self.origin.requests) == 100, 20)


@unittest.skipUnless(h2, "python3-h2 is not installed")
class FlowControl(Http2Case):
    def test_a_stream_that_is_not_read_stops_neither_the_others_nor_the_memory(self):
        block = os.urandom(1 << 16)
        sent = [0]

        def respond(request, send):
            if request.target != "/large":
                return send(answer(b"small"))
            send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (100 << 20))
            for _ in range(100 << 4):
                send(block)
                sent[0] += len(block)
        origin = self.serve(Origin(respond))
        proxy = self.start(origin.port)
        client = ClientOfHttp2(proxy, "localhost", origin.port)
        self.addCleanup(client.tls.close)
        client.request(path="/large")
        stream, body = client.request(path="/small"), b""
        while body != b"small":  # nothing is acknowledged: the large one stands still
            for event in client.h2.receive_data(client.tls.recv(65536)):
                if isinstance(event, h2.events.DataReceived) and event.stream_id == stream:
                    body += event.data
        seen = -1
        while sent[0] != seen:
            seen = sent[0]
            time.sleep(0.3)
        self.assertLess(sent[0], 20 << 20)

    def test_trailers_pass_where_they_are_accepted(self):
        def respond(request, send):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n0\r\n"
                 b"Grpc-Status: 0\r\nSet-Cookie: no\r\n\r\n")
        origin = self.serve(Origin(respond))
        proxy = self.start(origin.port)
        client = ClientOfHttp2(proxy, "localhost", origin.port)
        self.addCleanup(client.tls.close)
        _, _, body, trailers = client.response(client.request(extra=[("te", "trailers")]))
        self.assertEqual((body, trailers), (b"one", {"grpc-status": "0"}))
        self.assertEqual(origin.requests[0].header("te"), "trailers")
