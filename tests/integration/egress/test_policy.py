"""What the policy says, and how it changes while requests are under way."""

import json
import threading
import time

from .proxy import (BEARER, ControlError, EgressCase, Origin, ask, denial, policy, read_response,
                    route, wait_until)

SECRET = "real-secret-value"


class Denials(EgressCase):
    def start(self, **more):
        self.origin = self.serve(Origin())
        self.proxy = self.egress(policy(route(port=self.origin.port, auth=BEARER, **more)),
                                 {"token": SECRET})
        self.host = f"localhost:{self.origin.port}"
        return self.tunnel(self.proxy, "localhost", self.origin.port)

    def test_a_denial_explains_itself_and_the_connection_goes_on(self):
        client = self.start(methods=["GET"], path_allowlist=["/v1/items"])
        for method, target, rule in [("POST", "/v1/items", "method_not_allowed"),
                                     ("GET", "/v2", "path_not_allowed"),
                                     ("GET", "/v1/items-evil", "path_not_allowed"),
                                     ("GET", "/v1/items/../x", "path_ambiguous"),
                                     ("GET", "/v1/items/%2e%2e/x", "path_ambiguous"),
                                     ("GET", "/v1/items/..;/x", "path_ambiguous"),
                                     ("GET", "/v1/items/%2f", "path_ambiguous"),
                                     ("GET", "/v1//items", "path_ambiguous"),
                                     ("GET", "/v1/items/%zz", "target_malformed")]:
            with self.subTest(target):
                response = ask(client, target, self.host, method)
                self.assertIn(response.status, (400, 403))
                body = denial(response)
                self.assertEqual((body["verdict"], body["rule"]), ("denied", rule))
                self.assertTrue(body["reason"])
                self.assertEqual(body["proposal_tool"], "egress-block")
        for target in ("/v1/items", "/v1/items/7", "/v1/items?next=/../"):
            self.assertEqual(ask(client, target, self.host).status, 200, target)
        self.assertEqual(self.origin.connections, 1)

    def test_a_refused_body_is_drained_when_it_is_small(self):
        client = self.start(methods=["GET"])
        for size in (10, 60000):
            self.assertEqual(ask(client, "/", self.host, "POST", body=b"x" * size).status, 403)
        client.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n0\r\n\r\n".encode())
        response = read_response(client)
        self.assertEqual((response.status, bool(response.read())), (403, True))
        self.assertEqual(ask(client, "/", self.host).status, 200)

    def test_a_refused_large_body_ends_the_connection_after_the_answer(self):
        client = self.start(methods=["GET"])
        client.sendall(f"POST / HTTP/1.1\r\nHost: {self.host}\r\nContent-Length: 10000000\r\n\r\n"
                       .encode() + b"x" * 20000)
        response = read_response(client)
        self.assertEqual(response.status, 403)
        self.assertEqual(response.getheader("connection"), "close")
        self.assertTrue(denial_of(response))
        self.assertEqual(client.recv(10), b"")
        self.assertEqual(self.origin.requests, [])

    def test_head_is_denied_without_a_body(self):
        client = self.start(methods=["POST"])
        self.assertEqual(ask(client, "/", self.host, "HEAD").status, 403)
        self.assertEqual(ask(client, "/", self.host, "POST").status, 200)

    def test_an_absent_or_empty_secret_disables_its_route(self):
        client = self.start()
        self.proxy.control.call("secret.set", slot="token", value="")
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        response = ask(client, "/", self.host)
        self.assertEqual((response.status, denial(response)["rule"]), (502, "credential_missing"))
        self.assertEqual(self.origin.requests, [])
        self.proxy.control.call("secret.set", slot="token", value="second-secret")
        self.assertEqual(ask(client, "/", self.host).status, 200)
        self.assertEqual(self.origin.requests[0].header("authorization"), "Bearer second-secret")

    def test_a_secret_that_could_split_a_header_is_refused(self):
        self.start()
        for value in ("a\r\nX: y", "a\n", "a\0b", "a\x7f"):
            with self.assertRaises(ControlError) as raised:
                self.proxy.control.call("secret.set", slot="token", value=value)
            self.assertNotIn(value, str(raised.exception))


def denial_of(response):
    return json.loads(response.read())["botbottle"]


class Redaction(EgressCase):
    def echo(self, respond, auth=BEARER):
        origin = self.serve(Origin(respond))
        proxy = self.egress(policy(route(port=origin.port, auth=auth)), {"token": SECRET})
        client = self.tunnel(proxy, "localhost", origin.port)
        return ask(client, "/", f"localhost:{origin.port}"), proxy

    def test_an_echoed_credential_does_not_come_back(self):
        def respond(request, send):
            value = request.header("authorization")
            body = f"you sent {value}, yes {value}".encode()
            send(f"HTTP/1.1 200 OK\r\nX-Echo: {value}\r\nContent-Type: text/plain\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        response, proxy = self.echo(respond)
        hidden = "*" * len(SECRET)
        self.assertEqual(response.text.decode(), f"you sent Bearer {hidden}, yes Bearer {hidden}")
        self.assertEqual(response.getheader("x-echo"), f"Bearer {hidden}")
        self.assertNotIn(SECRET, proxy.audit.read_text())

    def test_nor_in_pieces(self):
        def respond(_request, send):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for byte in (SECRET + SECRET[:5] + SECRET + SECRET[:-1]).encode():
                send(b"1\r\n%c\r\n" % byte)
                time.sleep(0.001)
            send(b"0\r\n\r\n")
        response, _ = self.echo(respond)
        hidden = "*" * len(SECRET)
        self.assertEqual(response.text.decode(), hidden + SECRET[:5] + hidden + SECRET[:-1])

    def test_nor_in_its_encoded_form(self):
        auth = {"scheme": "Basic", "slot": "token", "username": "u"}
        response, _ = self.echo(lambda request, send: send(
            b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
            + request.header("authorization").encode().ljust(40)), auth)
        self.assertEqual(response.text, b"Basic ****************************      ")

    def test_binary_and_compressed_bodies_are_untouched(self):
        for field in (b"Content-Type: image/png", b"Content-Encoding: gzip"):
            body = SECRET.encode() + b"\0\xff"
            response, _ = self.echo(lambda _, send, f=field: send(
                b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: %d\r\n\r\n%b" % (f, len(body), body)))
            self.assertEqual(response.text, body)


class Replacement(EgressCase):
    def setUp(self):
        self.origin = self.serve(Origin())
        self.host = f"localhost:{self.origin.port}"
        self.proxy = self.egress(self.document(1), {"token": SECRET})

    def document(self, revision, **more):
        return policy(route(port=self.origin.port, auth=BEARER, **more), revision=revision)

    def test_the_policy_in_force_is_shown_without_values(self):
        shown = self.proxy.control.call("policy.show")
        self.assertEqual(shown["routes"][0]["auth"]["slot"], "token")
        self.assertNotIn(SECRET, json.dumps(shown))

    def test_a_swap_takes_effect_on_open_connections(self):
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        self.assertEqual(ask(client, "/a", self.host).status, 200)
        self.assertEqual(self.proxy.control.call(
            "policy.replace", policy=self.document(2, path_allowlist=["/b"])), {"revision": 2})
        self.assertEqual(ask(client, "/a", self.host).status, 403)
        self.assertEqual(ask(client, "/b", self.host).status, 200)

    def test_a_rejected_policy_changes_nothing_and_says_why(self):
        for broken, part in [({"schema": "x"}, "schema"),
                             ({**self.document(2), "extra": 1}, "extra"),
                             (policy(route("bad host")), "routes[0].host"),
                             (policy(route(), ca="not a certificate"), "upstream.ca")]:
            with self.assertRaises(ControlError) as raised:
                self.proxy.control.call("policy.replace", policy=broken)
            self.assertIn(part, raised.exception.message)
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        self.assertEqual(ask(client, "/", self.host).status, 200)
        self.assertEqual(self.proxy.control.call("policy.show")["revision"], 1)

    def test_a_revoked_route_closes_its_connections_and_no_others(self):
        other = self.serve(Origin())
        both = policy(route(port=self.origin.port), route("127.0.0.1", port=other.port))
        self.proxy.control.call("policy.replace", policy=both)
        revoked = self.tunnel(self.proxy, "localhost", self.origin.port)
        kept = self.tunnel(self.proxy, "127.0.0.1", other.port)
        kept_host = f"127.0.0.1:{other.port}"
        self.assertEqual(ask(revoked, "/", self.host).status, 200)
        self.assertEqual(ask(kept, "/", kept_host).status, 200)
        self.proxy.control.call("policy.replace",
                                policy=policy(route("127.0.0.1", port=other.port), revision=2))
        self.assert_ended(revoked)
        self.assertEqual(ask(kept, "/", kept_host).status, 200)
        _, response = self.proxy.open_tunnel(self.host)
        self.assertEqual(response.status, 403)

    def assert_ended(self, client):
        try:
            self.assertEqual(client.recv(100), b"")
        except OSError:
            pass

    def test_a_revoked_stream_ends_and_a_narrowed_one_does_not(self):
        released = threading.Event()

        def respond(request, send):
            send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            released.wait(20)
            send(b"3\r\ntwo\r\n0\r\n\r\n")
        self.origin.respond = respond
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(f"GET /stream HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        response = read_response(client)
        self.assertEqual(response.read(3), b"one")
        # The request keeps the policy that admitted it.
        self.proxy.control.call("policy.replace",
                                policy=self.document(2, path_allowlist=["/other"]))
        released.set()
        self.assertEqual(response.read(), b"two")
        released.clear()
        self.proxy.control.call("policy.replace", policy=self.document(3))
        client.sendall(f"GET /stream HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        response = read_response(client)
        self.assertEqual(response.read(3), b"one")
        self.proxy.control.call("policy.replace", policy=policy(revision=4))
        with self.assertRaises(Exception):
            response.read()
        released.set()

    def test_swaps_under_load_lose_no_request(self):
        stop = threading.Event()
        problems, answered = [], []

        def work():
            client = self.proxy.tunnel("localhost", self.origin.port)
            while not stop.is_set():
                try:
                    status = ask(client, "/", self.host).status
                    answered.append(status)
                    if status != 200:
                        problems.append(status)
                except Exception as problem:  # pylint: disable=broad-except
                    problems.append(repr(problem))
                    return
            client.close()
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for revision in range(2, 40):
            self.proxy.control.call("policy.replace", policy=self.document(revision))
            self.proxy.control.call("secret.set", slot="token", value=f"secret-{revision}-value")
            seen = len(answered)
            wait_until(lambda: len(answered) > seen or problems)
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])


class ControlMethods(EgressCase):
    def test_before_start_everything_else_is_refused(self):
        proxy = self.egress(None, start=False)
        for method in ("stats", "policy.show", "test", "drain", "secret.set", "policy.replace"):
            with self.assertRaises(ControlError) as raised:
                proxy.control.call(method)
            self.assertEqual(raised.exception.code, "not_started")
        with self.assertRaises(ControlError) as raised:
            proxy.control.call("nothing")
        self.assertEqual(raised.exception.code, "unknown_method")
        proxy.start(policy(route()))
        with self.assertRaises(ControlError) as raised:
            proxy.start(policy(route()))
        self.assertEqual(raised.exception.code, "already_started")

    def test_a_bad_start_says_why_and_can_be_corrected(self):
        proxy = self.egress(None, start=False)
        with self.assertRaises(ControlError):
            proxy.start({"schema": "x"})
        with self.assertRaises(ControlError):
            proxy.start(policy(route()), {"token": "a\nb"})
        proxy.start(policy(route()))

    def test_test_tells_what_would_happen(self):
        proxy = self.egress(policy(route("api.example", auth=BEARER, path_allowlist=["/v1"])),
                            {"token": SECRET})
        table = [("GET", "https://api.example/v1/x?y", "allowed", "route_allowed"),
                 ("GET", "https://API.example./v1", "allowed", "route_allowed"),
                 ("GET", "https://api.example/v2", "denied", "path_not_allowed"),
                 ("GET", "https://api.example:8443/v1", "denied", "port_not_allowed"),
                 ("GET", "https://other.example/", "denied", "host_not_allowed")]
        for method, url, verdict, rule in table:
            result = proxy.control.call("test", method=method, url=url)
            self.assertEqual((result["verdict"], result["rule"]), (verdict, rule), url)
            self.assertEqual(set(result), {"verdict", "rule", "reason", "hint", "route", "auth"})
        for url in ("ftp://api.example/", "https://", "https://user@api.example/", "api.example"):
            with self.assertRaises(ControlError):
                proxy.control.call("test", method="GET", url=url)
        self.assertEqual(proxy.lines(), [])

    def test_drain_waits_for_open_requests_and_takes_no_new_ones(self):
        released = threading.Event()

        def respond(_request, send):
            released.wait(20)
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
        origin = self.serve(Origin(respond))
        proxy = self.egress(policy(route(port=origin.port)))
        busy = self.tunnel(proxy, "localhost", origin.port)
        idle = self.tunnel(proxy, "localhost", origin.port)
        busy.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{origin.port}\r\n\r\n".encode())
        wait_until(lambda: origin.requests)
        threading.Timer(0.3, released.set).start()
        began = time.monotonic()
        proxy.control.call("drain", timeout_ms=10000)
        self.assertGreater(time.monotonic() - began, 0.2)
        response = read_response(busy)
        self.assertEqual(response.read(), b"done")
        self.assertEqual(response.getheader("connection"), "close")
        self.assertEqual(idle.recv(10), b"")

    def test_drain_gives_up_at_its_timeout(self):
        origin = self.serve(Origin(lambda *_: time.sleep(5)))
        proxy = self.egress(policy(route(port=origin.port)))
        busy = self.tunnel(proxy, "localhost", origin.port)
        busy.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{origin.port}\r\n\r\n".encode())
        wait_until(lambda: origin.requests)
        began = time.monotonic()
        proxy.control.call("drain", timeout_ms=200)
        self.assertLess(time.monotonic() - began, 3)

    def test_the_end_of_the_control_connection_is_the_end(self):
        proxy = self.egress(policy(route()))
        proxy.control.close()
        self.assertEqual(proxy.process.wait(5), 0)

    def test_stats(self):
        origin = self.serve(Origin())
        proxy = self.egress(policy(route(port=origin.port, methods=["POST"])))
        client = self.tunnel(proxy, "localhost", origin.port)
        host = f"localhost:{origin.port}"
        ask(client, "/", host, "POST", body=b"12345")
        ask(client, "/", host)
        stats = proxy.stats()
        self.assertEqual(stats["requests"], {"allowed": 1, "denied": 1})
        self.assertEqual(stats["bytes"], {"up": 5, "down": 3})
        self.assertEqual(stats["routes"], [{"host": "localhost", "requests": 2, "denied": 1,
                                            "bytes_up": 5, "bytes_down": 3}])
        self.assertEqual(stats["connections"], {"open": 1, "total": 1})
        self.assertEqual(stats["upstream"], {"connects": 1, "reused": 0})
        self.assertGreater(stats["rss_bytes"], 1 << 20)
        self.assertGreater(stats["uptime_ms"], 0)
        self.assertTrue(stats["audit"]["healthy"])
