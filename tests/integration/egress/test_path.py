"""The ordinary path: CONNECT, interception, one request after another, the credential on its way."""

import hashlib
import json
import os
import threading

from lib.servers import HttpServer, answer, listen

from .proxy import (BEARER, EgressCase, Origin, ask, denial, policy, read_response, route)

SECRET = "real-secret-value"


class Path(EgressCase):
    def start(self, respond=None, auth=BEARER, **more):
        self.origin = self.serve(Origin(respond))
        self.proxy = self.egress(policy(route(port=self.origin.port, auth=auth, **more)),
                                 {"token": SECRET})
        self.host = f"localhost:{self.origin.port}"
        return self.tunnel(self.proxy, "localhost", self.origin.port)

    def test_the_routes_credential_goes_on_and_the_agents_come_off(self):
        client = self.start()
        response = ask(client, "/a?b=c", self.host, headers=[
            "Authorization: Bearer placeholder", "X-Api-Key: foreign", "x_api_key: foreign",
            "Proxy-Authorization: Basic Zm9v", "PRIVATE-TOKEN: foreign", "Job-Token: foreign",
            "api-key: foreign", "x-goog-api-key: foreign", "X-Auth-Token: foreign",
            "Via: 1.1 me", "X-Forwarded-For: 10.0.0.1", "X-HTTP-Method-Override: DELETE",
            "Connection: keep-alive, x-dropped", "x-dropped: yes", "Keep-Alive: timeout=5",
            "Accept: */*"])
        self.assertEqual(response.status, 200)
        seen = self.origin.requests[0]
        self.assertEqual(seen.target, "/a?b=c")
        self.assertEqual(seen.server_name, "localhost")
        self.assertEqual({n.lower(): v for n, v in seen.headers},
                         {"host": self.host, "accept": "*/*",
                          "authorization": f"Bearer {SECRET}"})

    def test_other_schemes_of_credentials(self):
        for auth, name, value in [
                ({"scheme": "token", "slot": "token"}, "authorization", f"token {SECRET}"),
                ({"scheme": "Basic", "slot": "token", "username": "u"}, "authorization",
                 "Basic dTpyZWFsLXNlY3JldC12YWx1ZQ=="),
                ({"scheme": "header", "slot": "token", "name": "X-Custom-Key"}, "x-custom-key",
                 SECRET)]:
            with self.subTest(auth):
                client = self.start(auth=auth)
                ask(client, "/", self.host, headers=[f"{name}: foreign",
                                                     f"{name.replace('-', '_')}: foreign"])
                seen = self.origin.requests[0]
                self.assertEqual(seen.header(name), value)
                self.assertNotIn("foreign", str(seen.headers))

    def test_the_canonical_path_is_what_is_sent(self):
        client = self.start()
        ask(client, "/%61/./b/../c?x=%2e", self.host)
        self.assertEqual(self.origin.requests[0].target, "/a/c?x=%2e")

    def test_connections_are_kept_on_both_sides(self):
        client = self.start()
        for number in range(20):
            self.assertEqual(ask(client, f"/{number}", self.host).status, 200)
        self.assertEqual(self.origin.connections, 1)
        second = self.tunnel(self.proxy, "localhost", self.origin.port)
        self.assertEqual(ask(second, "/", self.host).status, 200)
        stats = self.proxy.stats()
        # Another worker has a pool of its own.
        self.assertEqual(stats["upstream"]["connects"] + stats["upstream"]["reused"], 21)
        self.assertGreaterEqual(stats["upstream"]["reused"], 19)

    def test_bodies_arrive_as_they_were_sent(self):
        client = self.start(lambda request, send: send(answer(request.body)))
        for size in (1, 100, 16384, 16385, 65536, 3 << 20):
            with self.subTest(size):
                body = os.urandom(size)
                response = ask(client, "/", self.host, "POST", body=body)
                self.assertEqual(response.text, body)

    def test_chunked_bodies_are_framed_anew(self):
        client = self.start(lambda request, send: send(answer(request.body)))
        client.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nTransfer-Encoding: chunked\r\n\r\n"
                       .encode())
        pieces = [os.urandom(size) for size in (1, 5, 17, 70000)]
        for piece in pieces:
            client.sendall(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
        client.sendall(b"0\r\nX-Trailer: t\r\n\r\n")
        response = read_response(client)
        self.assertEqual(response.read(), b"".join(pieces))
        self.assertEqual(self.origin.requests[0].header("transfer-encoding"), "chunked")
        self.assertEqual(ask(client, "/", self.host).status, 200)

    def test_a_large_download_in_every_framing(self):
        block = os.urandom(1 << 20)
        digest = hashlib.sha256(block * 20).hexdigest()

        def respond(request, send):
            if request.target == "/length":
                send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (20 << 20))
                for _ in range(20):
                    send(block)
            elif request.target == "/chunked":
                send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(20):
                    send(b"100000\r\n" + block + b"\r\n")
                send(b"0\r\n\r\n")
            else:
                send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                for _ in range(20):
                    send(block)
                send.__self__.unwrap()  # an orderly end: close_notify
                raise EOFError
        client = self.start(respond)
        for target in ("/length", "/chunked", "/close"):
            with self.subTest(target):
                response = ask(client, target, self.host)
                self.assertEqual(hashlib.sha256(response.text).hexdigest(), digest)
        self.assertEqual(ask(client, "/length", self.host).status, 200)

    def test_answers_without_a_body(self):
        def respond(request, send):
            if request.method == "HEAD":
                send(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n")
            elif request.target == "/304":
                send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\nETag: x\r\n\r\n")
            else:
                send(b"HTTP/1.1 204 No Content\r\n\r\n")
        client = self.start(respond)
        head = ask(client, "/", self.host, "HEAD")
        self.assertEqual((head.status, head.getheader("content-length")), (200, "1234"))
        self.assertEqual(ask(client, "/304", self.host).status, 304)
        self.assertEqual(ask(client, "/204", self.host).status, 204)
        self.assertEqual(self.origin.connections, 1)

    def test_early_hints_pass_and_other_1xx_do_not(self):
        def respond(_request, send):
            send(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
                 + answer(b"final"))
        client = self.start(respond)
        client.sendall(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        got = b""
        while b"final" not in got:
            got += client.recv(65536)
        self.assertTrue(got.startswith(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200"),
                        got)

    def test_too_many_1xx_are_a_bad_gateway(self):
        client = self.start(lambda _, send: send(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 11 +
                                                 answer()))
        client.sendall(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        got = b""
        while b"botbottle" not in got:
            data = client.recv(65536)
            self.assertTrue(data, got)
            got += data
        self.assertIn(b"HTTP/1.1 502", got)

    def test_expectations_are_answered_after_the_decision(self):
        client = self.start(lambda request, send: send(answer(request.body)), methods=["POST"])
        head = f"HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        client.sendall(f"POST / {head}".encode())
        self.assertEqual(client.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
        client.sendall(b"body")
        self.assertEqual(read_response(client).read(), b"body")
        self.assertEqual(self.origin.requests[0].header("expect"), "")
        client.sendall(f"PUT / {head}".encode())
        refused = read_response(client)
        self.assertEqual(refused.status, 403)
        self.assertIn(b"method_not_allowed", refused.read())

    def test_redirects_pass_untouched_and_are_not_followed(self):
        client = self.start(lambda _, send: send(answer(
            b"", "302 Found", extra=["Location: http://169.254.169.254/latest"])))
        response = ask(client, "/", self.host)
        self.assertEqual(response.status, 302)
        self.assertEqual(response.getheader("location"), "http://169.254.169.254/latest")
        self.assertEqual(len(self.origin.requests), 1)

    def test_other_upgrades_are_left_unanswered(self):
        client = self.start()
        response = ask(client, "/", self.host, headers=[
            "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"])
        self.assertEqual(response.status, 200)
        self.assertEqual(self.origin.requests[0].header("upgrade"), "")
        self.assertEqual(self.origin.requests[0].header("http2-settings"), "")

    def test_trailers_pass_only_to_who_asked(self):
        client = self.start(lambda _, send: send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n"
            b"grpc-status: 0\r\nAuthorization: bad\r\n\r\n"))

        def tail(*headers):
            client.sendall("\r\n".join([f"GET / HTTP/1.1\r\nHost: {self.host}", *headers, "", ""])
                           .encode())
            got = b""
            while not got.endswith(b"\r\n\r\n") or b"\r\n0\r\n" not in got:
                got += client.recv(65536)
            return got.split(b"\r\n0\r\n")[1]
        self.assertEqual(tail(), b"\r\n")
        self.assertEqual(tail("TE: trailers", "Connection: TE"), b"grpc-status: 0\r\n\r\n")

    def test_http10_clients_get_http10_bodies(self):
        client = self.start(lambda _, send: send(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"))
        client.sendall(f"GET / HTTP/1.0\r\nHost: {self.host}\r\n\r\n".encode())
        got = b""
        while data := client.recv(65536):
            got += data
        head, body = got.split(b"\r\n\r\n", 1)
        self.assertEqual(body, b"ok")
        self.assertNotIn(b"chunked", head.lower())

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.start(lambda request, send: send(answer(request.target.encode())))
        client.sendall("".join(f"GET /{i} HTTP/1.1\r\nHost: {self.host}\r\n\r\n"
                               for i in range(5)).encode())
        reader = client.makefile("rb")
        for i in range(5):
            length = 0
            while line := reader.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.assertEqual(reader.read(length), f"/{i}".encode())

    def test_many_clients_at_once(self):
        self.start(lambda request, send: send(answer(request.body)))
        problems = []

        def work(number):
            try:
                client = self.proxy.tunnel("localhost", self.origin.port)
                for i in range(20):
                    body = (f"{number}/{i} " * (1 + i * 50)).encode()
                    if ask(client, "/", self.host, "POST", body=body).text != body:
                        problems.append((number, i))
                client.close()
            except Exception as problem:  # pylint: disable=broad-except
                problems.append(problem)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(self.proxy.stats()["requests"]["allowed"], 480)


class PlainHttp(EgressCase):
    def test_absolute_form_goes_to_its_route(self):
        origin = self.serve(HttpServer(listen("127.0.0.1")))
        proxy = self.egress(policy(route(port=origin.port, auth=BEARER)), {"token": SECRET})
        client = proxy.connect()
        self.addCleanup(client.close)
        host = f"localhost:{origin.port}"
        for _ in range(2):
            response = ask(client, f"http://{host}/p?q", host)
            self.assertEqual(response.status, 200)
        seen = origin.requests[0]
        self.assertEqual((seen.target, seen.header("host")), ("/p?q", host))
        self.assertEqual(seen.header("authorization"), f"Bearer {SECRET}")
        self.assertEqual(origin.connections, 1)
        self.assertEqual(proxy.decisions()[0]["subject"], f"GET http://{host}/p")

    def test_local_pages_show_the_table_and_no_value(self):
        proxy = self.egress(policy(route("api.example", auth=BEARER, methods=["GET"],
                                         path_allowlist=["/v1/"])), {"token": SECRET})
        client = proxy.connect()
        self.addCleanup(client.close)
        page = ask(client, "http://_egress.local/allowlist", "_egress.local")
        self.assertEqual(page.status, 200)
        self.assertNotIn(SECRET.encode(), page.text)
        self.assertEqual(json.loads(page.text)["routes"],
                         [{"host": "api.example", "ports": [443], "methods": ["GET"],
                           "paths": ["/v1/"], "auth": "Bearer", "intercept": True}])
        self.assertEqual(ask(client, "http://_egress.local/healthz", "_egress.local").status, 200)
        self.assertEqual(ask(client, "/healthz", "_egress.local").status, 200)
        self.assertEqual(ask(client, "http://_egress.local/other", "_egress.local").status, 404)
