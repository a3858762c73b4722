"""What leaves a bottle is scanned: heads, bodies, trailers and messages, on every way out."""

import base64
import gzip
import json
import os
import random
import string
import threading
import unittest
import uuid
import zlib

from lib.servers import StreamServer, answer, listen

from .proxy import (BEARER, EgressCase, Origin, ask, denial, origin_context, policy, read_response,
                    route, wait_until)
from .test_http2 import ClientOfHttp2, h2
from .test_websocket import BINARY, PING, TEXT, WebSocketCase, frame, read_message


def draw(size, letters=string.ascii_letters + string.digits, seed=7):
    """The same at each run; nothing that looks like a secret stands in the tree."""
    return "".join(random.Random(seed).choices(letters, k=size))


TOKEN = "ghp_" + draw(36)  # one of the kinds that are known
OWN = "own-" + draw(28, seed=8)  # in a slot of the egress
MIDDLE = len(TOKEN) // 2


class ScanCase(EgressCase):
    def start(self, **more):
        self.origin = self.serve(Origin(lambda request, send: send(answer(request.body))))
        more.setdefault("auth", BEARER)
        self.proxy = self.egress(policy(route(port=self.origin.port, **more)), {"token": OWN})
        self.host = f"localhost:{self.origin.port}"
        return self.proxy

    def ask(self, target="/", method="GET", headers=(), body=b""):
        connection = self.tunnel(self.proxy, "localhost", self.origin.port)
        return ask(connection, target, self.host, method, headers, body)

    def assert_caught(self, response, rule):
        self.assertEqual(response.status, 403, response.text)
        self.assertEqual(response.headers["content-type"], "application/json")
        told = denial(response)
        self.assertEqual(told["rule"], rule, told)
        self.assertTrue(told["hint"])
        self.assert_nowhere(response.text.decode())

    def assert_nowhere(self, text=""):
        """Neither in what is told, nor in the record."""
        text += self.proxy.audit.read_text()
        for secret in (TOKEN, OWN, TOKEN[4:], OWN[4:]):
            self.assertNotIn(secret, text)


class WhatTheOperatorAdds(ScanCase):
    CANARY = "canary-" + draw(24, seed=9)
    RULES = "@ ours a pass of ours\nours plain ours_[0-9]{8}\nproject regex Project\\x20(Nightjar|Ibis)\n"

    def start_with(self, rules, secrets):
        self.origin = self.serve(Origin(lambda request, send: send(answer(request.body))))
        self.document = {**policy(route(port=self.origin.port)), "scan_rules": rules}
        self.proxy = self.egress(self.document, secrets)
        self.host = f"localhost:{self.origin.port}"

    def test_canaries(self):
        self.start_with(None, {"canary.TRAP": self.CANARY})
        for body in (self.CANARY, base64.b64encode(self.CANARY.encode()).decode(), self.CANARY.upper()):
            response = self.ask(method="POST", body=body.encode())
            self.assert_caught(response, "canary")
            self.assertIn("TRAP", denial(response)["reason"])
        self.assertEqual(self.origin.requests, [])

    def test_rules(self):
        self.start_with(self.RULES, {})
        self.assert_caught(self.ask(method="POST", body=b"x ours_12345678"), "ours")
        self.assert_caught(self.ask(method="POST", body=b"about Project Ibis:"), "project")
        self.assert_caught(self.ask(f"/{TOKEN}"), "github-token")
        self.assertEqual(self.ask(method="POST", body=b"ours_1234567").status, 200)

    def test_rules_are_swapped_with_the_policy(self):
        self.start_with(None, {})
        self.assertEqual(self.ask(method="POST", body=b"x ours_12345678").status, 200)
        self.document["revision"] = 2
        self.proxy.control.call("policy.replace", policy={**self.document, "scan_rules": self.RULES})
        self.assert_caught(self.ask(method="POST", body=b"x ours_12345678"), "ours")
        with self.assertRaisesRegex(Exception, "line 2: 'plian' is not a check"):
            self.proxy.control.call("policy.replace", policy={
                **self.document, "revision": 3, "scan_rules": "# ours\nours plian ours_[0-9]{8}\n"})
        self.assert_caught(self.ask(method="POST", body=b"x ours_12345678"), "ours")


class Heads(ScanCase):
    def test_in_the_target(self):
        self.start()
        for number, target in enumerate((
                f"/{TOKEN}", f"/x/y?q={TOKEN}", f"/?{TOKEN}=1", f"/{TOKEN.replace('_', '%5F')}/z",
                "/?q=" + "".join(f"%{ord(c):02x}" for c in TOKEN),
                "/?q=" + "".join(f"%25{ord(c):02x}" for c in TOKEN),
                "/?q=" + base64.b64encode(TOKEN.encode()).decode().rstrip("="),
                "/?q=" + TOKEN.encode().hex(),
                f"/?a={TOKEN[:20]}&b={TOKEN[20:]}")):
            with self.subTest(target):
                self.assert_caught(self.ask(target), "github-token")
                self.assertEqual(self.proxy.decisions()[number]["subject"],
                                 f"GET https://{self.host}(withheld)")
        self.assertEqual(self.origin.requests, [])
        self.assertEqual(self.proxy.stats()["scanner"]["caught"], number + 1)
        self.assertIn("the request's target holds", self.proxy.decisions()[0]["reason"])

    def test_in_the_fields(self):
        self.start()
        for fields in ([f"X-Note: {TOKEN}"], [f"{TOKEN}: 1"], [f"{TOKEN[:20]}: {TOKEN[20:]}"],
                       [f"Cookie: a={TOKEN}; b=1"], [f"User-Agent: x/1 ({TOKEN})"],
                       [f"X-A: {TOKEN[:20]}", f"X-B: {TOKEN[20:]}"],
                       [f"X-A: {base64.b64encode(TOKEN.encode()).decode()}"]):
            with self.subTest(fields):
                self.assert_caught(self.ask(headers=fields), "github-token")
        self.assertEqual(self.origin.requests, [])
        self.assertIn("the request's field Cookie holds", self.proxy.decisions()[3]["reason"])

    def test_the_bottles_own_secret_in_its_spellings(self):
        self.start()
        plain = OWN.encode()
        for spelling in (OWN, OWN.upper(), OWN[::-1], plain.hex(), "-".join(OWN),
                         base64.b64encode(b"x" + plain).decode(),
                         base64.urlsafe_b64encode(b"user:" + plain).decode().rstrip("="),
                         base64.b32encode(plain).decode().rstrip("=").lower()):
            with self.subTest(spelling):
                self.assert_caught(self.ask("/?" + spelling.replace("+", "%2B")), "own-secret")
        self.assertEqual(self.origin.requests, [])

    def test_credentials_that_come_off_are_not_the_agents_to_leak(self):
        self.start()
        response = self.ask(headers=[f"Authorization: Bearer {TOKEN}", f"X-Api-Key: {TOKEN}"])
        self.assertEqual(response.status, 200)
        self.assertEqual(self.origin.requests[0].header("authorization"), f"Bearer {OWN}")

    def test_in_a_name_below_a_wildcard_before_it_is_looked_up(self):
        self.start()
        self.proxy.control.call("policy.replace", policy=policy(
            route("*.example.com", self.origin.port), revision=2))
        name = OWN[4:].lower()
        self.proxy.control.call("secret.set", slot="token", value=OWN[4:])
        connection = self.tunnel(self.proxy, f"{name}.example.com", self.origin.port)
        self.assert_caught(ask(connection, "/", f"{name}.example.com:{self.origin.port}"),
                           "own-secret")
        self.assertNotIn(name, self.proxy.decisions()[0]["subject"])

    def test_over_plain_http(self):
        origin = self.serve(PlainOrigin())
        self.proxy = self.egress(policy(route(port=origin.port)))
        connection = self.proxy.connect()
        self.addCleanup(connection.close)
        host = f"localhost:{origin.port}"
        self.assert_caught(ask(connection, f"http://{host}/?{TOKEN}", host), "github-token")
        self.assertEqual(origin.seen, b"")


class RawOrigin(StreamServer):
    """Records the bytes of each connection; answers nothing before it is told to."""

    def __init__(self, context=True):
        self.seen = b""
        self.ended = threading.Event()
        self.connection = None
        self.context = origin_context("localhost", "127.0.0.1") if context else None
        super().__init__(listen("127.0.0.1"))

    def serve(self, connection):
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        self.connection = connection
        try:
            while data := connection.recv(65536):
                self.seen += data
        finally:
            self.ended.set()


class PlainOrigin(RawOrigin):
    def __init__(self):
        super().__init__(context=False)


class Bodies(ScanCase):
    def test_whole_ones(self):
        self.start()
        for body in (TOKEN, json.dumps({"messages": [{"role": "user", "content": TOKEN}]}),
                     f'{{"a": "{TOKEN}", "a": "x"}}', f'{{"{TOKEN}": 1}}',
                     f'{{"a": "{TOKEN[:20]}", "b": "{TOKEN[20:]}"}}',
                     TOKEN + " " + "x" * 100000,
                     "".join(f"\\u{ord(c):04x}" for c in TOKEN),
                     base64.b64encode(b"ab" + TOKEN.encode()).decode(),
                     "--b\r\nContent-Disposition: form-data; name=f; filename=a.png\r\n"
                     f"Content-Type: image/png\r\n\r\n\x01{TOKEN}\r\n--b--\r\n"):
            with self.subTest(body[:60]):
                self.assert_caught(self.ask(method="POST", body=body.encode()), "github-token")
        self.assertEqual(self.origin.requests, [])
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["status"], outcome["rule"]), (403, "github-token"))
        self.assertIn("the request's body holds", outcome["reason"])

    def test_compressed_ones(self):
        self.start()
        text = b"some text before, " + TOKEN.encode() + b" and after"
        bare = zlib.compressobj(wbits=-15)
        for coding, body in (("gzip", gzip.compress(text)), ("X-GZIP", gzip.compress(text)),
                             ("deflate", zlib.compress(text)),
                             ("deflate", bare.compress(text) + bare.flush()),
                             ("gzip, gzip", gzip.compress(gzip.compress(text))),
                             ("identity", text), ("deflate, gzip", gzip.compress(zlib.compress(text)))):
            with self.subTest(coding):
                response = self.ask(method="POST", body=body,
                                    headers=[f"Content-Encoding: {coding}"])
                self.assert_caught(response, "github-token")
        self.assertEqual(self.origin.requests, [])

    def test_encodings_that_cannot_be_looked_into(self):
        self.start()
        clean = b"nothing of interest " * 10
        whole = gzip.compress(clean)
        for coding, body in (("compress", clean), ("gzip, rot13", whole), ("gzip", clean),
                             ("gzip", whole[:-4]), ("deflate", zlib.compress(clean) + b"more"),
                             ("br", b"\xff\xff\xff\xff"), ("zstd", clean),
                             ("gzip,gzip,gzip,gzip", whole)):
            with self.subTest(coding):
                response = self.ask(method="POST", body=body,
                                    headers=[f"Content-Encoding: {coding}"])
                self.assert_caught(response, "scan-encoding")
        self.assertEqual(self.origin.requests, [])

    def test_a_bomb_is_refused(self):
        self.start()
        bomb = gzip.compress(gzip.compress(b"\0" * (64 << 20)))
        response = self.ask(method="POST", body=bomb, headers=["Content-Encoding: gzip, gzip"])
        self.assert_caught(response, "scan-budget")

    def test_clean_ones_pass_as_they_came(self):
        self.start()
        sizes = (1, 2047, 2048, 2049, 4096, 16384, 65535, 65536, 65537, 1 << 20)
        for size in sizes:
            body = os.urandom(size)
            response = self.ask(method="POST", body=body)
            self.assertEqual((response.status, response.text), (200, body))
            packed = gzip.compress(body)
            response = self.ask(method="POST", body=packed, headers=["Content-Encoding: gzip"])
            self.assertEqual((response.status, response.text), (200, packed))
            chunks = b"%x\r\n%s\r\n" % (size, body) + b"0\r\n\r\n"
            connection = self.tunnel(self.proxy, "localhost", self.origin.port)
            connection.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\n"
                               "Transfer-Encoding: chunked\r\n\r\n".encode() + chunks)
            response = read_response(connection)
            self.assertEqual((response.status, response.read()), (200, body))

    def test_in_trailers(self):
        self.start()
        for trailer in (f"X-Sum: {TOKEN}", f"{TOKEN}: 1"):
            connection = self.tunnel(self.proxy, "localhost", self.origin.port)
            response = ask(connection, "/", self.host, "POST",
                           ["TE: trailers", "Connection: TE", "Transfer-Encoding: chunked\r\n\r\n"
                            f"3\r\nabc\r\n0\r\n{trailer}"])
            self.assert_caught(response, "github-token")
        self.assertEqual(self.origin.requests, [])

    def test_a_route_may_be_exempt(self):
        self.start(dlp="off")
        self.assertEqual(self.ask("/", "POST", body=TOKEN.encode()).status, 200)
        self.proxy.control.call("policy.replace", policy=policy(
            route(port=self.origin.port, auth=BEARER), revision=2))
        self.assert_caught(self.ask("/", "POST", body=TOKEN.encode()), "github-token")

    def test_a_renewed_credential_is_looked_for_at_once(self):
        self.start()
        renewed = "new-" + draw(28, seed=9)
        self.assertEqual(self.ask("/", "POST", body=renewed.encode()).status, 200)
        self.proxy.control.call("secret.set", slot="token", value=renewed)
        self.assert_caught(self.ask("/", "POST", body=renewed.encode()), "own-secret")
        self.proxy.control.call("secret.set", slot="nowhere.used", value=OWN)
        self.assert_caught(self.ask("/", "POST", body=OWN.encode()), "own-secret")


class Pieces(ScanCase):
    """A secret that comes in several parts, seconds or borders apart."""

    def begin(self, head):
        self.origin = self.serve(RawOrigin())
        self.proxy = self.egress(policy(route(port=self.origin.port)), {"token": OWN})
        connection = self.tunnel(self.proxy, "localhost", self.origin.port)
        connection.sendall(f"POST / HTTP/1.1\r\nHost: localhost:{self.origin.port}\r\n{head}\r\n\r\n"
                           .encode())
        return connection

    def assert_never_whole(self, connection, secret=TOKEN, rule="github-token"):
        response = read_response(connection)
        response.text = response.read()
        self.assert_caught(response, rule)
        self.assertTrue(self.origin.ended.wait(10))
        self.assertNotIn(secret[len(secret) // 2:].encode(), self.origin.seen)
        return self.origin.seen.partition(b"\r\n\r\n")[2]

    def test_with_a_length(self):
        connection = self.begin("Content-Length: 300000")
        connection.sendall(b"y" * 150000)
        wait_until(lambda: len(self.origin.seen) > 100000)
        connection.sendall(TOKEN[:MIDDLE].encode())
        connection.sendall(TOKEN[MIDDLE:].encode() + b" ")
        body = self.assert_never_whole(connection)
        self.assertEqual(body.strip(b"y"), b"")  # it streamed, and broke off before the secret

    def test_in_chunks(self):
        connection = self.begin("Transfer-Encoding: chunked")
        connection.sendall(b"5\r\nline\n\r\n")
        wait_until(lambda: b"line" in self.origin.seen)
        for letter in TOKEN + " ":
            connection.sendall(b"1\r\n%s\r\n" % letter.encode())
        body = self.assert_never_whole(connection)
        self.assertEqual(body, b"5\r\nline\n\r\n")

    def test_encoded_in_chunks(self):
        connection = self.begin("Transfer-Encoding: chunked")
        encoded = base64.b64encode(OWN.encode()).decode()
        connection.sendall(b"%x\r\n%s\r\n" % (MIDDLE, encoded[:MIDDLE].encode()))
        connection.sendall(b"%x\r\n%s\r\n" % (len(encoded) - MIDDLE, encoded[MIDDLE:].encode()))
        self.assertEqual(self.assert_never_whole(connection, encoded, "own-secret"), b"")

    def test_after_the_answer_has_begun(self):
        connection = self.begin("Transfer-Encoding: chunked")
        connection.sendall(b"5\r\nline\n\r\n")
        wait_until(lambda: b"line" in self.origin.seen)
        self.origin.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        response = read_response(connection)
        self.assertEqual(response.status, 200)
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(TOKEN), TOKEN.encode()))
        with self.assertRaises(Exception):  # cut off: it cannot be taken for the whole
            response.read()
        self.assertTrue(self.origin.ended.wait(10))
        self.assertNotIn(TOKEN[4:].encode(), self.origin.seen)
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["status"], outcome["rule"]), (200, "github-token"))
        self.assert_nowhere()


@unittest.skipUnless(h2, "python3-h2 is not installed")
class OverHttp2(ScanCase):
    def open(self):
        self.start()
        client = ClientOfHttp2(self.proxy, "localhost", self.origin.port)
        self.addCleanup(client.tls.close)
        return client

    def assert_refused(self, client, stream, rule="github-token"):
        status, headers, body, _ = client.response(stream)
        self.assertEqual((status, headers["content-type"]), (403, "application/json"), body)
        self.assertEqual(json.loads(body)["botbottle"]["rule"], rule)
        self.assert_nowhere(body.decode())

    def test_heads(self):
        client = self.open()
        self.assert_refused(client, client.request(path=f"/{TOKEN}"))
        self.assert_refused(client, client.request(extra=[("x-note", TOKEN)]))
        self.assert_refused(client, client.request(extra=[("cookie", TOKEN[:20]),
                                                          ("cookie", TOKEN[20:])]))
        self.assertEqual(client.response(client.request())[0], 200)  # the connection goes on
        self.assertEqual(len(self.origin.requests), 1)

    def test_bodies(self):
        client = self.open()
        self.assert_refused(client, client.request("POST", body=TOKEN.encode()))
        stream = client.request("POST", body=b"a" * 5000 + TOKEN[:MIDDLE].encode(), end=False)
        client.h2.send_data(stream, TOKEN[MIDDLE:].encode() + b" ", end_stream=True)
        client.flush()
        self.assert_refused(client, stream)
        packed = gzip.compress(TOKEN.encode())
        self.assert_refused(client, client.request("POST", body=packed,
                                                   extra=[("content-encoding", "gzip")]))
        body = os.urandom(10000)
        self.assertEqual(client.response(client.request("POST", body=body))[2], body)
        self.assertEqual([r.body for r in self.origin.requests], [body])

    def test_trailers(self):
        client = self.open()
        stream = client.request("POST", body=b"abc", end=False, extra=[("te", "trailers")])
        client.h2.send_headers(stream, [("x-sum", TOKEN)], end_stream=True)
        client.flush()
        self.assert_refused(client, stream)
        self.assertEqual(self.origin.requests, [])


class Messages(WebSocketCase):
    def assert_cut_off(self, reader, rule):
        told = self.assert_closed(reader, 1008)
        self.assertIn(rule, told)
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual(self.proxy.outcomes()[-1]["rule"], rule)
        sent = b"".join(payload for _, _, payload, _ in self.origin.frames)
        for text in (told.encode(), sent, self.proxy.audit.read_bytes()):
            self.assertNotIn(TOKEN[MIDDLE:].encode(), text)

    def test_of_every_kind(self):
        for sent in ([frame(TEXT, TOKEN.encode())], [frame(BINARY, b"\1\2" + TOKEN.encode())],
                     [frame(PING, TOKEN.encode())],
                     [frame(TEXT, json.dumps({"a": {"b": TOKEN}}).encode())],
                     [frame(BINARY, gzip.compress(TOKEN.encode()))],
                     [frame(TEXT, TOKEN[:MIDDLE].encode(), last=False),
                      frame(0, TOKEN[MIDDLE:].encode())],
                     [frame(TEXT, TOKEN[:MIDDLE].encode(), last=False), frame(PING, b"p"),
                      frame(0, TOKEN[MIDDLE:].encode())],
                     [frame(TEXT, TOKEN[:MIDDLE].encode()), frame(TEXT, TOKEN[MIDDLE:].encode())],
                     [frame(TEXT, b"x" * 100000 + b" " + TOKEN.encode())]):
            with self.subTest(sent[0][:40]):
                self.start(talk=lambda origin, reader, _: [None for _ in origin.frames_of(reader)])
                connection, reader = self.open()
                connection.sendall(b"".join(sent))
                self.assert_cut_off(reader, "github-token")

    def test_the_bottles_own_secret(self):
        self.start(talk=lambda origin, reader, _: [None for _ in origin.frames_of(reader)])
        connection, reader = self.open()
        connection.sendall(frame(TEXT, base64.b64encode(b"abcdefgh-secret")))
        self.assert_cut_off(reader, "own-secret")

    def test_in_the_handshake(self):
        self.start()
        for headers in ([f"Sec-WebSocket-Protocol: {TOKEN}"], [f"Cookie: {TOKEN}"]):
            connection = self.tunnel(self.proxy, "localhost", self.origin.port)
            response = ask(connection, "/chat", self.host, headers=[
                "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: " + base64.b64encode(b"0123456789abcdef").decode(), *headers])
            self.assertEqual((response.status, denial(response)["rule"]), (403, "github-token"))
        self.assertEqual(self.origin.requests, [])

    def test_an_exempt_route(self):
        self.start(dlp="off")
        connection, reader = self.open()
        connection.sendall(frame(TEXT, TOKEN.encode()))
        self.assertEqual(read_message(reader), (TEXT, TOKEN.encode()))

    def test_clean_ones_of_every_size(self):
        self.start()
        connection, reader = self.open()
        for size in (0, 1, 2047, 2048, 2049, 70000):
            payload = os.urandom(size)
            connection.sendall(frame(BINARY, payload))
            self.assertEqual(read_message(reader), (BINARY, payload))


class Ordinary(ScanCase):
    """What is often taken for a secret, and is none."""

    def test_targets(self):
        self.start()
        digest = draw(64, "0123456789abcdef")
        signed = ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA" +
                  draw(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") +
                  "%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&"
                  f"X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature={digest}")
        shared = ("sp=r&sv=2018-11-09&sr=b&spr=https&se=2026-01-01T00%3A00%3A00Z&sig=" +
                  draw(43) + "%3D")
        for target in ("/a?text=line%0Aline%0Aline", f"/{uuid.UUID(int=1 << 125)}/{uuid.uuid4()}",
                       f"/commit/{digest[:40]}", f"/blob?sha256=0x{digest}", "/?q=" + "long+" * 600,
                       f"/list?token={draw(24)}&cursor={base64.b64encode(digest.encode()).decode()}",
                       "/?agent=claude", f"/bucket/object?{signed}", f"/container/blob?{shared}",
                       f"/-/package-{draw(30, string.ascii_lowercase)}-1.2.3.tgz",
                       f"/v2/image/blobs/sha256:{digest}"):
            with self.subTest(target):
                response = self.ask(target)
                self.assertEqual(response.status, 200, response.text)
        self.assertEqual([r.target for r in self.origin.requests][6], "/?agent=claude")

    def test_bodies(self):
        self.start()
        image = base64.b64encode(os.urandom(300000)).decode()
        session = f"user_{draw(64, '0123456789abcdef')}_account_{uuid.uuid4()}_session_{uuid.uuid4()}"
        for body in ({"metadata": {"user_id": session}},
                     {"source": {"type": "base64", "media_type": "image/png", "data": image}},
                     {"signature": base64.b64encode(os.urandom(3000)).decode()},
                     {"encrypted_content": base64.urlsafe_b64encode(os.urandom(9000)).decode()},
                     {"content": "export const TOKEN = process.env.TOKEN\nAPI_KEY=<your key>\n"
                                 "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AKIAIOSFODNN7EXAMPLE\n"},
                     {"lock": [f"sha512-{base64.b64encode(os.urandom(64)).decode()}"
                               for _ in range(500)]}):
            response = self.ask("/v1/messages", "POST", body=json.dumps(body).encode())
            self.assertEqual(response.status, 200, response.text[:300])

    def test_many_requests_on_one_connection(self):
        self.start()
        connection = self.tunnel(self.proxy, "localhost", self.origin.port)
        for number in range(100):
            response = ask(connection, f"/{number}", self.host, "POST", body=b"%d" % number)
            self.assertEqual((response.status, response.text), (200, b"%d" % number))
