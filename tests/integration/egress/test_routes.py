"""What a route may say beyond one name: wildcards, a credential in the query, tunnels that are not
decrypted, budgets. Each with the ways around it."""

import socket
import ssl
import threading
import time

from lib.servers import EchoServer, answer, listen
from lib.upstream_proxy import UpstreamProxy

from .proxy import (EgressCase, Origin, ask, client_context, denial, material,
                    policy, read_response, route, wait_until)

SECRET = "query secret/with+signs&more"
ENCODED = "query%20secret%2Fwith%2Bsigns%26more"


class Wildcards(EgressCase):
    """The upstream proxy resolves names here, as in a company."""

    def setUp(self):
        self.origin = self.serve(Origin(hosts=("a.example.com", "b.example.com", "x.a.example.com",
                                               "example.com")))
        here = ("127.0.0.1", self.origin.port)
        self.upstream = self.serve(UpstreamProxy({
            (name, 443): here for name in ("a.example.com", "b.example.com", "x.a.example.com",
                                           "example.com", "aexample.com")}))
        self.proxy = self.egress(policy(
            route("*.example.com", ssrf_ip_allowlist=[],
                  auth={"scheme": "Bearer", "slot": "token"}),
            proxy={"host": "127.0.0.1", "port": self.upstream.port}), {"token": "wild-secret"})

    def test_each_name_is_its_own_origin(self):
        for host in ("a.example.com", "b.example.com", "x.a.example.com", "a.example.com"):
            client = self.tunnel(self.proxy, host, 443)
            self.assertEqual(ask(client, "/", host).status, 200)
        self.assertEqual([request.server_name for request in self.origin.requests],
                         ["a.example.com", "b.example.com", "x.a.example.com", "a.example.com"])
        self.assertEqual(self.origin.requests[0].header("authorization"), "Bearer wild-secret")
        # A connection to one name is not used for another, though route and credential are the same.
        self.assertLessEqual({host for host, _ in self.upstream.asked},
                             {"a.example.com", "b.example.com", "x.a.example.com"})
        self.assertGreaterEqual(len(self.upstream.asked), 3)

    def test_nothing_else_is_under_it(self):
        for authority in ("example.com:443", "EXAMPLE.com.:443", "aexample.com:443",
                          "a.example.com.evil.example:443", ".example.com:443",
                          "a..example.com:443", "*.example.com:443", "com:443",
                          "a.example.com%00.evil:443", "a.example.com@evil.example:443"):
            with self.subTest(authority):
                made, response = self.proxy.open_tunnel(authority)
                self.addCleanup(made.close)
                self.assertIn(response.status, (400, 403))
        self.assertEqual(self.upstream.asked, [])

    def test_one_name_below_it_does_not_speak_for_another(self):
        client = self.tunnel(self.proxy, "a.example.com", 443)
        self.assertEqual(ask(client, "/", "b.example.com").status, 421)
        made, _ = self.proxy.open_tunnel("a.example.com:443")
        self.addCleanup(made.close)
        with self.assertRaises(ssl.SSLError):
            client_context().wrap_socket(made, server_hostname="b.example.com")
        self.assertEqual(self.origin.requests, [])

    def test_the_record_names_the_host_and_the_route(self):
        client = self.tunnel(self.proxy, "a.example.com", 443)
        ask(client, "/", "a.example.com")
        decision = self.proxy.decisions()[0]
        self.assertEqual((decision["route"], decision["subject"]),
                         ("*.example.com", "GET https://a.example.com:443/"))


class Cookies(EgressCase):
    def asked(self, auth):
        """What the origin saw of the agent's cookie, and the agent of the origin's."""
        def respond(_request, send):
            send(answer(b"ok", extra=["Set-Cookie: session=of-the-operator; HttpOnly", "set-cookie: second=1",
                                      "WWW-Authenticate: Basic realm=x"]))
        origin = self.serve(Origin(respond))
        proxy = self.egress(policy(route(port=origin.port, auth=auth)), {"token": "a-secret-without-blanks"})
        host = f"localhost:{origin.port}"
        response = ask(self.tunnel(proxy, "localhost", origin.port), "/", host, headers=["Cookie: session=of-the-agent"])
        self.assertEqual((response.status, response.headers["WWW-Authenticate"]), (200, "Basic realm=x"))
        return origin.requests[0].header("cookie"), response.headers.get_all("set-cookie") or []

    def test_where_a_credential_is_put_on_none_pass(self):
        self.assertEqual(self.asked({"scheme": "Bearer", "slot": "token"}), ("", []))

    def test_a_route_may_let_them(self):
        both = ("session=of-the-agent", ["session=of-the-operator; HttpOnly", "second=1"])
        self.assertEqual(self.asked({"scheme": "Bearer", "slot": "token", "cookies": True}), both)
        self.assertEqual(self.asked(None), both)


class QueryCredential(EgressCase):
    def start(self, respond=None):
        self.origin = self.serve(Origin(respond))
        self.proxy = self.egress(
            policy(route(port=self.origin.port,
                         auth={"scheme": "query", "slot": "key", "name": "api_key"})),
            {"key": SECRET})
        self.host = f"localhost:{self.origin.port}"
        return self.tunnel(self.proxy, "localhost", self.origin.port)

    def test_it_goes_on_last_and_replaces_the_agents_own(self):
        client = self.start()
        for sent, received in (("/a", f"/a?api_key={ENCODED}"),
                               ("/a?b=1", f"/a?b=1&api_key={ENCODED}"),
                               ("/a?api_key=mine&b=1", f"/a?b=1&api_key={ENCODED}"),
                               ("/a?b=1;API%5fKEY=mine", f"/a?b=1&api_key={ENCODED}"),
                               ("/a?api%255Fkey=mine&api_key[]=m", f"/a?api_key={ENCODED}")):
            with self.subTest(sent):
                self.assertEqual(ask(client, sent, self.host).status, 200)
                self.assertEqual(self.origin.requests[-1].target, received)

    def test_a_header_of_the_agents_own_is_no_way_around(self):
        client = self.start()
        ask(client, "/", self.host, headers=["Authorization: Bearer mine", "X-Api-Key: mine"])
        request = self.origin.requests[0]
        self.assertEqual((request.header("authorization"), request.header("x-api-key")), ("", ""))

    def test_it_does_not_come_back(self):
        def respond(request, send):
            send(answer(f"you asked for {request.target}; {SECRET}".encode(),
                        extra=[f"Location: https://{self.host}{request.target}",
                               "Content-Type: text/plain"]))
        client = self.start(respond)
        response = ask(client, "/a?b=1", self.host)
        for form in (SECRET, ENCODED):
            self.assertNotIn(form, response.text.decode())
            self.assertNotIn(form, str(response.headers))
        self.assertIn("/a?b=1&api_key=***", response.headers["Location"])

    def test_it_is_in_no_record(self):
        client = self.start()
        ask(client, "/a", self.host)
        self.proxy.outcomes()
        text = self.proxy.audit.read_text()
        self.assertNotIn("query", text.replace("query_", ""))
        self.assertNotIn("api_key", text)


class Tunnelled(EgressCase):
    """intercept: false"""

    def start(self, server=None, **more):
        self.origin = self.serve(server or Origin(hosts=("opaque.example",)))
        self.port = self.origin.port
        self.upstream = self.serve(UpstreamProxy(
            {("opaque.example", 443): ("127.0.0.1", self.port)}))
        self.proxy = self.egress(policy(
            route("opaque.example", intercept=False, ssrf_ip_allowlist=[], **more),
            proxy={"host": "127.0.0.1", "port": self.upstream.port}))

    def open(self, server_name="opaque.example", context=None):
        made, response = self.proxy.open_tunnel("opaque.example:443")
        self.addCleanup(made.close)
        self.assertEqual(response.status, 200)
        context = context or ssl.create_default_context(cafile=material()[1].certificate)
        return context.wrap_socket(made, server_hostname=server_name)

    def test_the_client_sees_the_origins_own_certificate(self):
        self.start()
        client = self.open()
        self.addCleanup(client.close)
        self.assertEqual(ask(client, "/", "opaque.example").status, 200)
        issuer = dict(pair[0] for pair in client.getpeercert()["issuer"])
        self.assertEqual(issuer["commonName"], "origins")
        client.close()
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["subject"], outcome["route"], outcome["rule"]),
                         ("CONNECT opaque.example:443", "opaque.example", "completed"))
        self.assertGreater(outcome["bytes_up"], 200)
        self.assertGreater(outcome["bytes_down"], 500)
        self.assertEqual(self.proxy.decisions()[0]["rule"], "route_tunnelled")

    def refused(self, send):
        """Sends the tunnel's first bytes; nothing may be dialled, and the tunnel must end."""
        made, response = self.proxy.open_tunnel("opaque.example:443")
        self.addCleanup(made.close)
        self.assertEqual(response.status, 200)
        send(made)
        try:
            while made.recv(4096):
                pass
        except ConnectionResetError:
            pass
        self.assertEqual(self.upstream.asked, [])
        return self.proxy.decisions()[-1]["rule"]

    def hello(self, server_name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_hostname=server_name)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return outgoing.read()

    def test_another_server_name(self):
        self.start()
        for name, rule in (("other.example", "sni_mismatch"), ("opaque.example.evil", "sni_mismatch"),
                           (None, "sni_missing"), ("127.0.0.1", "sni_missing")):
            with self.subTest(name):
                self.assertEqual(self.refused(lambda s, n=name: s.sendall(self.hello(n))), rule)

    def test_what_is_not_tls(self):
        self.start()
        for first in (b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x1d\x00\x00", b"\x16\x01\x00",
                      b"\x16\x03\x01\x00\x00", b"\x16\x03\x01\x00\x04\x02\x00\x00\x00",
                      b"\x17\x03\x03\x00\x10" + bytes(16), b"\x16\x03\x01\xff\xff",
                      b"\x16\x03\x01\x00\x04\x01\xff\xff\xff"):
            with self.subTest(first):
                self.assertEqual(self.refused(lambda s, f=first: s.sendall(f)), "not_tls")

    def test_a_hidden_server_name(self):
        self.start()
        hello = self.hello("opaque.example")
        extension = b"\xfe\x0d\x00\x04\x00\x01\x00\x01"
        self.assertEqual(self.refused(lambda s: s.sendall(with_extension(hello, extension))),
                         "ech_refused")

    def test_two_server_names(self):
        self.start()
        name = b"evil.example"
        body = b"\x00" + len(name).to_bytes(2, "big") + name
        extension = (b"\x00\x00" + (len(body) + 2).to_bytes(2, "big")
                     + len(body).to_bytes(2, "big") + body)
        hello = self.hello("opaque.example")
        self.assertEqual(self.refused(lambda s: s.sendall(with_extension(hello, extension))),
                         "sni_invalid")

    def test_a_second_message_behind_the_hello(self):
        self.start()
        hello = self.hello("opaque.example")[5:] + self.hello("evil.example")[5:]
        record = b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello
        self.assertEqual(self.refused(lambda s: s.sendall(record)), "not_tls")

        def in_two_pieces(made):  # cut where the first message ends
            first = 5 + len(self.hello("opaque.example")) - 5
            made.sendall(record[:first])
            time.sleep(0.05)
            made.sendall(record[first:])
        self.assertEqual(self.refused(in_two_pieces), "not_tls")

    def test_a_split_hello_is_put_together(self):
        self.start()
        hello = self.hello("opaque.example")
        body, pieces = hello[5:], []
        for at in range(0, len(body), 40):
            piece = body[at:at + 40]
            pieces.append(b"\x16\x03\x01" + len(piece).to_bytes(2, "big") + piece)
        made, _ = self.proxy.open_tunnel("opaque.example:443")
        self.addCleanup(made.close)
        for piece in pieces:
            made.sendall(piece[:3])
            made.sendall(piece[3:])
        self.assertEqual(made.recv(1)[0], 0x16)  # the origin's answer
        self.assertEqual(self.upstream.asked, [("opaque.example", 443)])

    def test_other_ports_and_hosts_stay_closed(self):
        self.start()
        made, response = self.proxy.open_tunnel("sub.opaque.example:443")
        self.addCleanup(made.close)
        self.assertEqual(response.status, 403)
        # Of a host that is known the answer comes inside, by our own certificate.
        client = self.proxy.tunnel("opaque.example", 22)
        self.addCleanup(client.close)
        self.assertEqual(denial(ask(client, "/", "opaque.example:22"))["rule"], "port_not_allowed")
        self.assertEqual(self.upstream.asked, [])

    def test_private_addresses_stay_closed(self):
        proxy = self.egress(policy(route("localhost", intercept=False, ssrf_ip_allowlist=[])))
        made, _ = proxy.open_tunnel("localhost:443")
        self.addCleanup(made.close)
        made.sendall(self.hello("localhost"))
        self.assertEqual(made.recv(1), b"")
        self.assertEqual(proxy.outcomes()[0]["rule"], "ssrf_denied")

    def test_revoking_the_route_closes_the_tunnel(self):
        self.start()
        client = self.open()
        self.assertEqual(ask(client, "/", "opaque.example").status, 200)
        proxy = {"host": "127.0.0.1", "port": self.upstream.port}
        kept = route("opaque.example", intercept=False, ssrf_ip_allowlist=[])
        self.proxy.control.call("policy.replace",
                                policy=policy(kept, route("more.example"), revision=2, proxy=proxy))
        self.assertEqual(ask(client, "/", "opaque.example").status, 200)
        for revision, routes in ((3, []), (4, [route("opaque.example", ssrf_ip_allowlist=[])])):
            with self.subTest(revision):
                self.proxy.control.call("policy.replace", policy=policy(*routes, revision=revision,
                                                                        proxy=proxy))
                with self.assertRaises((OSError, EOFError)):
                    client.settimeout(10)
                    if not client.recv(1):
                        raise EOFError
                self.proxy.control.call("policy.replace",
                                        policy=policy(kept, revision=9, proxy=proxy))
                client = self.open()

    def test_a_full_record_lets_nothing_through(self):
        self.origin = self.serve(Origin(hosts=("opaque.example",)))
        proxy = self.egress(policy(route(port=self.origin.port, intercept=False)), audit="/dev/full")
        made, _ = proxy.open_tunnel(f"localhost:{self.origin.port}")
        self.addCleanup(made.close)
        made.sendall(self.hello("localhost"))
        self.assertEqual(made.recv(1), b"")
        self.assertEqual(self.origin.connections, 0)

    def test_half_close_goes_through(self):
        class Counting(EchoServer):
            def serve(self, connection):
                total = 0
                while data := connection.recv(65536):
                    total += len(data)
                connection.sendall(str(total).encode())
        self.start(Counting(listen("127.0.0.1")))
        made, _ = self.proxy.open_tunnel("opaque.example:443")
        self.addCleanup(made.close)
        hello = self.hello("opaque.example")
        made.sendall(hello + b"\x17\x03\x03\x00\x10" + bytes(16))
        made.shutdown(socket.SHUT_WR)
        self.assertEqual(made.recv(64), str(len(hello) + 21).encode())


def with_extension(hello, extension):
    """The record of a ClientHello with one more extension at its end."""
    body = bytearray(hello[9:])
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at:at + 2], "big")
    at += 1 + body[at]
    size = int.from_bytes(body[at:at + 2], "big") + len(extension)
    body[at:at + 2] = size.to_bytes(2, "big")
    body += extension
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


class Budgets(EgressCase):
    def start(self, respond=None, bottle=None, **more):
        self.origin = self.serve(Origin(respond))
        self.host = f"localhost:{self.origin.port}"
        document = policy(route(port=self.origin.port, **more))
        document["budget"] = bottle
        self.proxy = self.egress(document)
        return self.tunnel(self.proxy, "localhost", self.origin.port)

    def test_requests(self):
        for where in ("bottle", "budget"):
            with self.subTest(where):
                client = self.start(**{where: {"requests": 3, "bytes": None}})
                answers = [ask(client, "/", self.host) for _ in range(5)]
                self.assertEqual([a.status for a in answers], [200, 200, 200, 403, 403])
                said = denial(answers[3])
                self.assertEqual(said["rule"], "budget_exhausted")
                self.assertIn("3 of 3 requests", said["reason"])
                self.assertIn("operator", said["hint"])
                self.assertEqual(len(self.origin.requests), 3)

    def test_denied_requests_cost_nothing(self):
        client = self.start(budget={"requests": 1}, methods=["GET"])
        for _ in range(3):
            self.assertEqual(ask(client, "/", self.host, "POST", body=b"x").status, 403)
        self.assertEqual(ask(client, "/", self.host).status, 200)

    def test_a_race_does_not_get_more(self):
        self.start(budget={"requests": 20})
        statuses, gate = [], threading.Barrier(16)

        def work():
            client = self.proxy.tunnel("localhost", self.origin.port)
            gate.wait()
            for _ in range(5):
                statuses.append(ask(client, "/", self.host).status)
            client.close()
        threads = [threading.Thread(target=work) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((statuses.count(200), statuses.count(403)), (20, 60))
        self.assertEqual(len(self.origin.requests), 20)

    def test_an_upload_is_cut_off_before_its_end(self):
        client = self.start(budget={"bytes": 100_000})
        response = ask(client, "/", self.host, "POST", body=b"x" * 150_000)
        self.assertEqual((response.status, denial(response)["rule"]), (403, "budget_exhausted"))
        # The origin keeps what it read of a body that was cut off: none of them is a whole one.
        self.assertTrue(all(len(r.body) < 150_000 for r in self.origin.requests))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "budget_exhausted")
        self.assertLessEqual(self.proxy.outcomes()[0]["bytes_up"], 100_000)

    def test_a_download_is_cut_off_and_looks_so(self):
        client = self.start(lambda _, send: send(answer(b"x" * 300_000)), bottle={"bytes": 100_000})
        client.sendall(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
        response = read_response(client)
        received = 0
        with self.assertRaises(Exception):
            while piece := response.read(65536):
                received += len(piece)
            if received < 300_000:
                raise EOFError
        self.assertLess(received, 100_000)
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "budget_exhausted")

    def test_many_uploads_at_once_stay_within_it(self):
        self.start(lambda request, send: send(answer(str(len(request.body)).encode())),
                   budget={"bytes": 500_000})
        done = []

        def work():
            client = self.proxy.tunnel("localhost", self.origin.port)
            try:
                done.append(ask(client, "/", self.host, "POST", body=b"x" * 100_000).status)
            except OSError:
                done.append(0)
            client.close()
        threads = [threading.Thread(target=work) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        outcomes = self.proxy.outcomes(12 - done.count(0))
        self.assertLessEqual(sum(o["bytes_up"] + o["bytes_down"] for o in outcomes), 500_000)
        self.assertLessEqual(done.count(200), 4)

    def test_a_new_policy_does_not_give_it_back(self):
        client = self.start(budget={"requests": 1})
        self.assertEqual(ask(client, "/", self.host).status, 200)
        self.proxy.control.call("policy.replace", policy=policy(
            route(port=self.origin.port, budget={"requests": 1}), revision=2))
        self.assertEqual(ask(client, "/", self.host).status, 403)
        self.proxy.control.call("policy.replace", policy=policy(
            route(port=self.origin.port, budget={"requests": 2}), revision=3))
        self.assertEqual([ask(client, "/", self.host).status for _ in range(2)], [200, 403])

    def test_a_tunnel_is_cut_off(self):
        self.origin = self.serve(Origin())
        self.proxy = self.egress(policy(route(port=self.origin.port, intercept=False,
                                              budget={"bytes": 20_000})))
        context = ssl.create_default_context(cafile=material()[1].certificate)
        made, _ = self.proxy.open_tunnel(f"localhost:{self.origin.port}")
        client = context.wrap_socket(made, server_hostname="localhost")
        self.addCleanup(client.close)
        with self.assertRaises((OSError, ssl.SSLError, EOFError)):
            client.settimeout(10)
            client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n"
                           + b"x" * 60_000)
            if not client.recv(1):
                raise EOFError
        self.assertTrue(all(len(r.body) < 60_000 for r in self.origin.requests))
        self.assertEqual(self.proxy.outcomes()[0]["rule"], "budget_exhausted")


class WhatWouldHappen(EgressCase):
    def test_the_control_method_test_knows_them(self):
        proxy = self.egress(policy(
            route("*.example.com", methods=["GET"]),
            route("opaque.example", intercept=False)))

        def verdict(method, url):
            told = proxy.control.call("test", method=method, url=url)
            return told["verdict"], told["rule"], told["route"]
        self.assertEqual(verdict("GET", "https://a.example.com/x"),
                         ("allowed", "route_allowed", "*.example.com"))
        self.assertEqual(verdict("POST", "https://a.example.com/x"),
                         ("denied", "method_not_allowed", "*.example.com"))
        self.assertEqual(verdict("GET", "https://example.com/x")[:2],
                         ("denied", "host_not_allowed"))
        self.assertEqual(verdict("POST", "https://opaque.example/a/..;/b"),
                         ("allowed", "route_tunnelled", "opaque.example"))
        wait_until(lambda: proxy.decisions() == [])


class Metrics(EgressCase):
    def test_prometheus_reads_them(self):
        origin = self.serve(Origin())
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        host = f"localhost:{origin.port}"
        for method in ("GET", "GET", "BREW"):
            ask(client, "/", host, method)
        proxy.outcomes(2)
        text = proxy.control.call("metrics")["text"]
        samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")
        self.assertEqual(samples['botbottle_egress_requests_total{verdict="allowed"}'], "2")
        self.assertEqual(samples['botbottle_egress_requests_total{verdict="denied"}'], "1")
        self.assertEqual(samples['botbottle_egress_route_requests_total{route="localhost"}'], "3")
        self.assertEqual(samples["botbottle_egress_audit_healthy"], "1")
        for name in samples:  # each family is announced before its samples
            self.assertIn(f"# TYPE {name.split('{')[0]} ", text)
