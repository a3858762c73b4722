"""WebSockets: a client that people use, both versions of HTTP, and what either side may not send."""

import asyncio
import base64
import os
import struct
import threading
import time
import unittest

from lib import websocket
from lib.servers import answer

from .proxy import (BEARER, EgressCase, Origin, ask, client_context, policy, read_response, route,
                    wait_until)
from .test_http2 import ClientOfHttp2, h2

try:
    import websockets
except ImportError:
    websockets = None

SECRET = "abcdefgh-secret"
KEY = base64.b64encode(b"0123456789abcdef").decode()
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, payload=b"", last=True, mask=b"\1\2\3\4", reserved=0):
    head = bytes([(128 if last else 0) | reserved | opcode])
    bit = 128 if mask else 0
    if len(payload) < 126:
        head += bytes([bit | len(payload)])
    elif len(payload) < 65536:
        head += struct.pack(">BH", bit | 126, len(payload))
    else:
        head += struct.pack(">BQ", bit | 127, len(payload))
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask or b"") + payload


def read_frame(reader):
    """(opcode, last, payload, whether it was masked); None at the end."""
    head = reader.read(2)
    if len(head) < 2:
        return None
    size = head[1] & 127
    if size == 126:
        size = struct.unpack(">H", reader.read(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", reader.read(8))[0]
    masked = bool(head[1] & 128)
    mask = reader.read(4) if masked else b"\0\0\0\0"
    payload = reader.read(size)
    # As one number: a loop over a megabyte takes Python too long.
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    payload = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
    return head[0] & 15, bool(head[0] & 128), payload, masked


def messages(reader):
    """Messages and control frames, in the order in which they end; fragments are joined."""
    kind, whole = None, b""
    while got := read_frame(reader):
        opcode, last, payload, _ = got
        if opcode >= 8:
            yield opcode, payload
            continue
        kind, whole = opcode or kind, whole + payload
        if last:
            yield kind, whole
            whole = b""


def read_message(reader):
    return next(messages(reader), None)


class WebSocketOrigin(Origin):
    """Echoes messages; `talk(self, reader, send)` does something else. `answer_head`: in place of
    the 101 that belongs there."""

    def __init__(self, talk=None, answer_head=None):
        self.talk, self.answer_head = talk, answer_head
        self.frames = []  # (opcode, last, payload, masked) of everything that came
        self.ended = threading.Event()
        super().__init__()

    def upgrade(self, request, reader, send):
        if self.answer_head:
            send(self.answer_head)
            return True
        websocket.accept(request, send)
        try:
            (self.talk or self.echo)(self, reader, send)
        finally:
            self.ended.set()
        return True

    def frames_of(self, reader):
        while got := read_frame(reader):
            self.frames.append(got)
            yield got

    @staticmethod
    def echo(origin, reader, send):
        for opcode, last, payload, _ in origin.frames_of(reader):
            send(frame(PONG if opcode == PING else opcode, payload, last, mask=None))
            if opcode == CLOSE:
                return

    @property
    def messages(self):
        return [got for got in self.frames if got[0] not in (CLOSE, PING, PONG)]


class WebSocketCase(EgressCase):
    def start(self, talk=None, answer_head=None, **more):
        self.origin = self.serve(WebSocketOrigin(talk, answer_head))
        self.host = f"localhost:{self.origin.port}"
        more.setdefault("auth", BEARER)
        self.proxy = self.egress(policy(route(port=self.origin.port, **more)), {"token": SECRET})
        return self.proxy

    def ask_upgrade(self, path="/chat", method="GET", headers=(), drop=(), body=b""):
        """An upgraded connection's answer, socket and reader."""
        fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                  "Sec-WebSocket-Key": KEY}
        lines = [f"{name}: {value}" for name, value in fields.items() if name not in drop]
        connection = self.tunnel(self.proxy, "localhost", self.origin.port)
        head = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.host}", *lines, *headers])
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        reader = connection.makefile("rb")
        status = int(reader.readline().split()[1])
        answered = {}
        while (line := reader.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            answered[name.lower()] = value
        self.addCleanup(reader.close)
        return status, answered, connection, reader

    def open(self, **more):
        status, _, connection, reader = self.ask_upgrade(**more)
        self.assertEqual(status, 101)
        return connection, reader

    def assert_closed(self, reader, code):
        """The next is our Close with that code, then the connection ends. Its reason."""
        opcode, payload = read_message(reader)
        self.assertEqual((opcode, struct.unpack(">H", payload[:2])[0]), (CLOSE, code), payload)
        self.assertIsNone(read_frame(reader))
        return payload[2:].decode()


@unittest.skipUnless(websockets, "python3-websockets is not installed")
class RealClient(WebSocketCase):
    def run_client(self, talk, **more):
        async def scenario():
            raw, response = self.proxy.open_tunnel(self.host)
            self.assertEqual(response.status, 200)
            raw.setblocking(False)
            async with websockets.connect(
                    f"wss://{self.host}/chat", sock=raw, ssl=client_context(),
                    server_hostname="localhost", open_timeout=20, close_timeout=20,
                    max_size=None, **more) as client:
                return await talk(client)
        return asyncio.run(asyncio.wait_for(scenario(), 60))

    def test_messages_of_every_size_come_back(self):
        self.start()
        sizes = [0, 1, 125, 126, 65535, 65536, 1 << 20]

        async def talk(client):
            self.assertEqual(client.extensions, [])  # it offers permessage-deflate
            for size in sizes:
                await client.send("x" * size)
                self.assertEqual(await client.recv(), "x" * size)
                binary = os.urandom(size)
                await client.send(binary)
                self.assertEqual(await client.recv(), binary)
            await client.send(part for part in ("frag", "", "mented \u20ac"))
            self.assertEqual(await client.recv(), "fragmented \u20ac")
            await asyncio.wait_for(await client.ping(b"are you there"), 20)
        self.run_client(talk)
        seen = self.origin.requests[0]
        self.assertEqual(seen.header("sec-websocket-extensions"), "")
        self.assertTrue(all(masked for *_, masked in self.origin.frames))
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["status"], outcome["rule"]), (101, "completed"))
        self.assertGreater(outcome["bytes_up"], 2 << 20)

    def test_close_codes_pass_both_ways(self):
        def say_goodbye(origin, reader, send):
            read_frame(reader)
            send(frame(CLOSE, struct.pack(">H", 4001) + b"enough", mask=None))
            origin.frames.append(read_frame(reader))
        self.start(say_goodbye)

        async def talk(client):
            await client.send("hello")
            with self.assertRaises(websockets.ConnectionClosed) as closed:
                await client.recv()
            return closed.exception.rcvd
        closed = self.run_client(talk)
        self.assertEqual((closed.code, closed.reason), (4001, "enough"))
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual(self.origin.frames[-1][:3], (CLOSE, True, struct.pack(">H", 4001) + b"enough"))

    def test_subprotocols_are_agreed_end_to_end(self):
        self.start()
        asked = []

        def talk_of(origin, reader, send):
            asked.append(origin.requests[-1].header("sec-websocket-protocol"))
            origin.echo(origin, reader, send)
        self.origin.talk = talk_of

        async def talk(client):
            await client.send("x")
            return await client.recv()
        self.assertEqual(self.run_client(talk, subprotocols=["chat", "other"]), "x")
        self.assertEqual(asked, ["chat, other"])


class Handshake(WebSocketCase):
    def test_each_side_has_a_key_of_its_own(self):
        self.start()
        status, answered, _, _ = self.ask_upgrade(headers=["Sec-WebSocket-Extensions: permessage-deflate",
                                                           "Authorization: Bearer own"])
        self.assertEqual(status, 101)
        self.assertEqual(answered["sec-websocket-accept"], "BACScCJPNqyz+UBoqMH89VmURoA=")
        seen = self.origin.requests[0]
        self.assertNotEqual(seen.header("sec-websocket-key"), KEY)
        self.assertEqual(seen.header("sec-websocket-extensions"), "")
        self.assertEqual(seen.header("authorization"), f"Bearer {SECRET}")

    def test_the_route_may_refuse(self):
        self.start(websocket=False)
        status, _, connection, reader = self.ask_upgrade()
        self.assertEqual(status, 426)
        self.assertIn(b"upgrade_refused", reader.read1(65536))
        self.assertEqual(self.origin.requests, [])
        # The connection goes on: the client falls back at once.
        self.assertEqual(ask(connection, "/", self.host).status, 200)

    def test_the_policy_decides_first(self):
        self.start(path_allowlist=["/ok"])
        self.assertEqual(self.ask_upgrade("/other")[0], 403)
        self.assertEqual(self.ask_upgrade("/ok/there")[0], 101)

    def test_malformed_requests(self):
        self.start()
        for what, more in {
            "no version": {"drop": ["Sec-WebSocket-Version"]},
            "an old version": {"drop": ["Sec-WebSocket-Version"], "headers": ["Sec-WebSocket-Version: 8"]},
            "two versions": {"headers": ["Sec-WebSocket-Version: 13"]},
            "no key": {"drop": ["Sec-WebSocket-Key"]},
            "two keys": {"headers": [f"Sec-WebSocket-Key: {KEY}"]},
            "a key in disguise": {"headers": [f"Sec_WebSocket_Key: {KEY}"]},
            "a short key": {"drop": ["Sec-WebSocket-Key"], "headers": ["Sec-WebSocket-Key: c2hvcnQ="]},
            "a POST": {"method": "POST"},
            "a body": {"headers": ["Content-Length: 3"], "body": b"abc"},
        }.items():
            with self.subTest(what):
                status, _, _, reader = self.ask_upgrade(**more)
                self.assertEqual(status, 400)
                self.assertIn(b"bad_websocket_request", reader.read1(65536))
        self.assertEqual(self.origin.requests, [])

    def test_an_upgrade_that_connection_does_not_name_is_none(self):
        self.start()
        status, _, _, _ = self.ask_upgrade(drop=["Connection"])
        self.assertEqual(status, 200)
        self.assertEqual(self.origin.requests[0].header("upgrade"), "")

    def test_an_origin_that_does_not_agree_is_heard(self):
        self.start(answer_head=answer(b"not you", "403 Forbidden"))
        status, _, _, reader = self.ask_upgrade()
        self.assertEqual(status, 403)
        self.assertEqual(reader.read(7), b"not you")

    def test_answers_that_do_not_fit(self):
        good = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        for what, head in {
            "no accept": good,
            "another accept": good + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n",
            "another protocol": good.replace("websocket", "h2c"),
            "no upgrade": "",
        }.items():
            with self.subTest(what):
                self.start(answer_head=f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode())
                status, _, _, reader = self.ask_upgrade()
                self.assertEqual(status, 502)
                self.assertIn(b"bad_websocket_answer", reader.read1(65536))

    def test_extensions_and_subprotocols_that_nobody_offered(self):
        for field in ("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Protocol: chat"):
            with self.subTest(field):
                self.start()

                def upgrade(request, _reader, send, field=field):
                    websocket.accept(request, lambda head: send(head[:-2] + field.encode() + b"\r\n\r\n"))
                    return True
                self.origin.upgrade = upgrade
                self.assertEqual(self.ask_upgrade(headers=["Sec-WebSocket-Extensions: permessage-deflate"])[0], 502)


class HostileClient(WebSocketCase):
    FRAMES = {
        "not masked": (frame(TEXT, b"a", mask=None), 1002),
        "compressed": (frame(TEXT, b"a", reserved=0x40), 1002),
        "second reserved bit": (frame(TEXT, b"a", reserved=0x20), 1002),
        "an unknown opcode": (frame(3, b"a"), 1002),
        "an unknown control": (frame(11), 1002),
        "a fragmented ping": (frame(PING, b"a", last=False), 1002),
        "a long ping": (frame(PING, b"a" * 126), 1002),
        "a continuation of nothing": (frame(0, b"a"), 1002),
        "a padded length": (b"\x81\xfe\x00\x01\0\0\0\0a", 1002),
        "a negative length": (b"\x81\xff" + b"\xff" * 8 + b"\0" * 4, 1002),
        "too large": (b"\x82\xff" + struct.pack(">Q", (16 << 20) + 1) + b"\0" * 4, 1009),
        "not UTF-8": (frame(TEXT, b"\xff"), 1007),
        "a close code of nobody": (frame(CLOSE, struct.pack(">H", 1005)), 1002),
    }

    def test_is_cut_off_with_the_code_that_says_why(self):
        self.start()
        for number, (what, (sent, code)) in enumerate(self.FRAMES.items(), 1):
            with self.subTest(what):
                self.origin.frames.clear()
                connection, reader = self.open()
                connection.sendall(sent)
                self.assertIn("websocket_protocol_error", self.assert_closed(reader, code))
                self.assertEqual(self.proxy.outcomes(number)[-1]["rule"], "websocket_protocol_error")
                self.assertTrue(self.origin.ended.wait(10))
                self.assertEqual(self.origin.messages, [])

    def test_a_message_that_turns_bad_never_ends_at_the_origin(self):
        self.start()
        connection, reader = self.open()
        connection.sendall(frame(TEXT, b"begun, ", last=False))
        wait_until(lambda: self.origin.messages)
        connection.sendall(frame(TEXT, b"another"))
        # What was echoed of the first comes before.
        self.assertEqual(read_frame(reader)[:3], (TEXT, False, b"begun, "))
        self.assert_closed(reader, 1002)
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual([last for _, last, *_ in self.origin.messages], [False])
        self.assertEqual(self.origin.frames[-1][:3], (CLOSE, True, struct.pack(">H", 1001)))

    def test_frames_in_single_bytes(self):
        self.start()
        connection, reader = self.open()
        for byte in frame(TEXT, b"slowly") + frame(PING, b"p"):
            connection.sendall(bytes([byte]))
        got = messages(reader)
        self.assertEqual([next(got), next(got)], [(TEXT, b"slowly"), (PONG, b"p")])

    def test_control_frames_between_fragments(self):
        self.start()
        connection, reader = self.open()
        connection.sendall(frame(TEXT, b"one ", last=False) + frame(PING, b"p")
                           + frame(0, b"two"))
        got = [read_frame(reader)[:3] for _ in range(3)]
        self.assertIn((PONG, True, b"p"), got)
        self.assertEqual([f for f in got if f[0] != PONG], [(TEXT, False, b"one "), (0, True, b"two")])

    def test_what_comes_before_the_answer_is_not_lost(self):
        self.start()
        connection = self.tunnel(self.proxy, "localhost", self.origin.port)
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {self.host}\r\nConnection: Upgrade\r\n"
                           f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                           f"Sec-WebSocket-Key: {KEY}\r\n\r\n".encode() + frame(TEXT, b"early"))
        self.assertEqual(read_response(connection).status, 101)
        with connection.makefile("rb") as reader:
            self.assertEqual(read_message(reader), (TEXT, b"early"))

    def test_after_its_close_nothing_of_it_passes(self):
        def never_answers(origin, reader, _send):
            for _ in origin.frames_of(reader):
                pass
        self.start(never_answers)
        connection, reader = self.open()
        connection.sendall(frame(CLOSE, struct.pack(">H", 1000)) + frame(TEXT, b"smuggled"))
        self.assertEqual(reader.read(), b"")  # the origin does not answer: it ends all the same
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual([opcode for opcode, *_ in self.origin.frames], [CLOSE])
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "completed")

    def test_a_client_that_leaves_ends_the_origins_side(self):
        self.start()
        connection, reader = self.open()
        connection.sendall(frame(TEXT, b"half", last=False))
        wait_until(lambda: self.origin.frames)
        reader.close()
        connection.close()
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "client_gone")


class HostileOrigin(WebSocketCase):
    def after(self, *sent):
        def talk(origin, reader, send):
            for each in sent:
                send(each)
            for _ in origin.frames_of(reader):
                pass
        self.start(talk)
        return self.open()

    def test_is_cut_off_and_the_client_told(self):
        for what, sent in {
            "masked": frame(TEXT, b"a"),
            "compressed": frame(TEXT, b"a", mask=None, reserved=0x40),
            "not UTF-8": frame(TEXT, b"\xff", mask=None),
            "too large": b"\x82\x7f" + struct.pack(">Q", (16 << 20) + 1),
            "a continuation of nothing": frame(0, b"a", mask=None),
        }.items():
            with self.subTest(what):
                _, reader = self.after(sent)
                self.assertIn("websocket_protocol_error", self.assert_closed(reader, 1001))
                self.assertTrue(self.origin.ended.wait(10))
                code = struct.unpack(">H", self.origin.frames[-1][2][:2])[0]
                self.assertIn(code, (1002, 1007, 1009))

    def test_the_credential_is_not_reflected(self):
        half = len(SECRET) // 2
        secret = SECRET.encode()
        stars = b"*" * len(secret)
        _, reader = self.after(
            frame(TEXT, b"you sent " + secret + b", thanks", mask=None),
            frame(TEXT, b"in parts " + secret[:half], last=False, mask=None),
            frame(PING, secret, mask=None),
            frame(0, secret[half:], mask=None),
            frame(BINARY, secret, mask=None),
            frame(TEXT, b"the beginning " + secret[:-1], mask=None))
        heard = messages(reader)
        got = [next(heard) for _ in range(5)]
        self.assertEqual(got[0], (TEXT, b"you sent " + stars + b", thanks"))
        self.assertIn((PING, stars), got[1:3])
        self.assertIn((TEXT, b"in parts " + stars), got[1:3])
        self.assertEqual(got[3:], [(BINARY, stars), (TEXT, b"the beginning " + secret[:-1])])

    def test_truncation_is_passed_on_as_truncation(self):
        def drop(_origin, reader, send):
            send(frame(TEXT, b"half", last=False, mask=None))
            read_frame(reader)
        self.start(drop)
        connection, reader = self.open()
        self.assertEqual(read_frame(reader)[:3], (TEXT, False, b"half"))
        connection.sendall(frame(TEXT, b"go"))
        with self.assertRaises((OSError, AssertionError)):
            self.assertIsNotNone(read_frame(reader))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "upstream_truncated")

    def test_a_slow_reader_slows_the_origin(self):
        sent = [0]
        block = frame(BINARY, os.urandom(65000), mask=None)

        def pour(_origin, _reader, send):
            for _ in range(2000):
                send(block)
                sent[0] += len(block)
        self.start(pour)
        self.open()
        seen = -1
        while sent[0] != seen:
            seen = sent[0]
            time.sleep(0.3)
        self.assertLess(sent[0], 20 << 20)


class Limits(WebSocketCase):
    def test_the_budget_ends_it(self):
        self.start(budget={"bytes": 100_000, "requests": None})
        connection, reader = self.open()
        connection.sendall(frame(BINARY, b"x" * 10_000))
        self.assertEqual(read_message(reader)[1], b"x" * 10_000)
        connection.sendall(frame(BINARY, b"y" * 60_000))
        opcode, _ = kind = read_message(reader)
        while opcode != CLOSE:
            opcode, _ = kind = read_message(reader)
        self.assertEqual(struct.unpack(">H", kind[1][:2])[0], 1008)
        self.assertIn(b"budget_exhausted", kind[1])
        outcome = self.proxy.outcomes()[0]
        self.assertEqual(outcome["rule"], "budget_exhausted")
        self.assertLessEqual(outcome["bytes_up"] + outcome["bytes_down"], 100_000)

    def test_revocation_ends_it(self):
        self.start()
        _, reader = self.open()
        self.proxy.control.call("policy.replace", policy=policy(revision=2))
        with self.assertRaises((OSError, AssertionError)):
            self.assertIsNotNone(read_frame(reader))
        self.assertTrue(self.origin.ended.wait(10))


@unittest.skipUnless(h2, "python3-h2 is not installed")
class OverHttp2(WebSocketCase):
    """RFC 8441: a stream of a client's HTTP/2 connection; the origin speaks HTTP/1.1."""

    def client(self):
        made = ClientOfHttp2(self.proxy, "localhost", self.origin.port, validate=False)
        self.addCleanup(made.tls.close)
        return made

    def connect(self, client, protocol="websocket", path="/chat", extra=(("sec-websocket-version", "13"),)):
        stream = client.h2.get_next_available_stream_id()
        client.h2.send_headers(stream, [(":method", "CONNECT"), (":protocol", protocol),
                                        (":scheme", "https"), (":authority", client.authority),
                                        (":path", path), *extra])
        client.flush()
        return stream

    def until(self, client, stream, wanted):
        """Events of that stream until one of that kind; the data that came, and the event."""
        data = b""
        while True:
            for event in client.events():
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.DataReceived):
                    data += event.data
                if isinstance(event, wanted):
                    return data, event

    def test_it_is_offered(self):
        self.start()
        client = self.client()
        settings = []
        while not settings:
            settings = [e for e in client.events() if isinstance(e, h2.events.RemoteSettingsChanged)]
        self.assertEqual(settings[0].changed_settings[8].new_value, 1)

    def test_messages_come_back(self):
        self.start()
        client = self.client()
        stream = self.connect(client)
        _, response = self.until(client, stream, h2.events.ResponseReceived)
        headers = dict(response.headers)
        self.assertEqual(headers[":status"], "200")
        self.assertNotIn("sec-websocket-accept", headers)
        client.h2.send_data(stream, frame(TEXT, b"over a stream"))
        client.flush()
        data, _ = self.until(client, stream, h2.events.DataReceived)
        self.assertEqual(data, frame(TEXT, b"over a stream", mask=None))
        # Other requests go on beside it.
        self.assertEqual(client.response(client.request(path="/"))[0], 200)
        client.h2.send_data(stream, frame(CLOSE, struct.pack(">H", 1000)), end_stream=True)
        client.flush()
        data, _ = self.until(client, stream, h2.events.StreamEnded)
        self.assertEqual(data, frame(CLOSE, struct.pack(">H", 1000), mask=None))
        seen = self.origin.requests[0]
        self.assertEqual((seen.method, seen.target, seen.header("upgrade")), ("GET", "/chat", "websocket"))
        self.assertEqual(seen.header("authorization"), f"Bearer {SECRET}")
        outcome = self.proxy.outcomes(2)[-1]
        self.assertEqual((outcome["status"], outcome["rule"]), (101, "completed"))

    def test_a_bad_frame_ends_the_stream_and_not_the_connection(self):
        self.start()
        client = self.client()
        stream = self.connect(client)
        self.until(client, stream, h2.events.ResponseReceived)
        client.h2.send_data(stream, frame(TEXT, b"a", mask=None))
        client.flush()
        data, _ = self.until(client, stream, h2.events.StreamEnded)
        self.assertEqual(data[2:4], struct.pack(">H", 1002))
        self.assertEqual(client.response(client.request(path="/"))[0], 200)
        self.assertEqual(self.origin.messages, [])

    def test_refusals(self):
        self.start(path_allowlist=["/chat"])
        client = self.client()
        for what, asked, status in (
                ("path", {"path": "/other"}, 403),
                ("protocol", {"protocol": "connect-udp"}, 501),
                ("version", {"extra": ()}, 400),
                ("key", {"extra": (("sec-websocket-version", "13"),
                                   ("sec-websocket-key", KEY))}, 400)):
            with self.subTest(what):
                _, response = self.until(client, self.connect(client, **asked),
                                         h2.events.ResponseReceived)
                self.assertEqual(int(dict(response.headers)[":status"]), status)
        self.assertEqual(self.origin.requests, [])

    def test_the_route_may_refuse(self):
        self.start(websocket=False)
        client = self.client()
        _, response = self.until(client, self.connect(client), h2.events.ResponseReceived)
        self.assertEqual(int(dict(response.headers)[":status"]), 426)

    def test_a_stream_that_is_reset_ends_the_origins_side(self):
        self.start()
        client = self.client()
        stream = self.connect(client)
        self.until(client, stream, h2.events.ResponseReceived)
        client.h2.reset_stream(stream, 8)
        client.flush()
        self.assertTrue(self.origin.ended.wait(10))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "client_gone")
