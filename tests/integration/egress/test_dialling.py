"""Where connections go: checked addresses only, verified origins only, through the proxy when there is one."""

import socket
import threading

from lib.servers import HttpServer, StreamServer, answer, listen
from lib.upstream_proxy import UpstreamProxy

from .proxy import (BEARER, EgressCase, Origin, ask, denial, material, origin_context, policy,
                    read_response, route)


class Addresses(EgressCase):
    def ask(self, *routes, host="localhost", port=443, **more):
        self.proxy = self.egress(policy(*routes, **more), {"token": "real-secret-value"})
        client = self.tunnel(self.proxy, host, port)
        bracketless = f"{host}:{port}" if port != 443 else host
        return ask(client, "/", bracketless)

    def test_a_name_at_a_private_address_is_refused_and_named(self):
        origin = self.serve(Origin())
        response = self.ask(route(port=origin.port, ssrf_ip_allowlist=[]), port=origin.port)
        self.assertEqual(response.status, 403)
        body = denial(response)
        self.assertEqual(body["rule"], "ssrf_denied")
        self.assertIn("loopback", body["reason"])
        self.assertEqual(origin.connections, 0)
        outcome = self.proxy.outcomes()[0]
        self.assertEqual((outcome["verdict"], outcome["rule"], outcome["status"]),
                         ("denied", "ssrf_denied", 403))

    def test_one_forbidden_address_among_several_is_enough(self):
        # localhost is ::1 as well here, or ::1 is what is allowed and 127.0.0.1 is what it is.
        origin = self.serve(Origin())
        response = self.ask(route(port=origin.port, ssrf_ip_allowlist=["::1/128"]),
                            port=origin.port)
        self.assertEqual(denial(response)["rule"], "ssrf_denied")
        self.assertEqual(origin.connections, 0)

    def test_address_literals_are_refused_by_the_same_list(self):
        for host in ("127.0.0.1", "169.254.169.254", "10.0.0.1", "100.100.100.200",
                     "168.63.129.16", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
                     "[2002:7f00:1::]", "[fe80::1]", "0.0.0.0", "[::]"):
            with self.subTest(host):
                response = self.ask(route(host, ssrf_ip_allowlist=[]), host=host)
                self.assertEqual(denial(response)["rule"], "ssrf_denied")

    def test_the_allowlist_is_the_routes_own(self):
        origin = self.serve(Origin())
        response = self.ask(route(port=origin.port, ssrf_ip_allowlist=[]),
                            route("127.0.0.1", port=origin.port), port=origin.port)
        self.assertEqual(denial(response)["rule"], "ssrf_denied")

    def test_a_name_that_does_not_resolve_is_a_bad_gateway(self):
        response = self.ask(route("nothing.invalid"), host="nothing.invalid")
        self.assertEqual((response.status, denial(response)["rule"]),
                         (502, "upstream_unresolved"))

    def test_a_closed_port_is_a_bad_gateway(self):
        closed = listen("127.0.0.1")
        port = closed.getsockname()[1]
        closed.close()
        response = self.ask(route(port=port), port=port)
        self.assertEqual((response.status, denial(response)["rule"]),
                         (502, "upstream_unreachable"))
        self.assertIn("Connection refused", denial(response)["reason"])


class Certificates(EgressCase):
    def reason(self, hosts=("localhost",), **more):
        origin = self.serve(Origin(hosts=hosts))
        proxy = self.egress(policy(route(port=origin.port, auth=BEARER), **more), {"token": "t" * 9})
        client = self.tunnel(proxy, "localhost", origin.port)
        response = ask(client, "/", f"localhost:{origin.port}")
        self.assertEqual(response.status, 502)
        self.assertEqual(origin.requests, [])
        return denial(response)["reason"]

    def test_the_wrong_host(self):
        self.assertEqual(self.reason(hosts=("other.example",)),
                         "upstream_certificate_invalid: hostname mismatch")

    def test_an_unknown_authority(self):
        self.assertIn("upstream_certificate_invalid: ", self.reason(ca=None))

    def test_the_bottles_own_authority_is_not_trusted_upstream(self):
        origin = self.serve(HttpServer(listen("127.0.0.1"),
                                       context=material()[0].context("localhost")))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        response = ask(client, "/", f"localhost:{origin.port}")
        self.assertIn("upstream_certificate_invalid", denial(response)["reason"])

    def test_an_expired_certificate(self):
        origin = self.serve(HttpServer(listen("127.0.0.1"),
                                       context=material()[1].expired_context("localhost")))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        response = ask(client, "/", f"localhost:{origin.port}")
        self.assertEqual(denial(response)["reason"],
                         "upstream_certificate_invalid: certificate has expired")

    def test_no_tls_at_all(self):
        origin = self.serve(HttpServer(listen("127.0.0.1")))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        response = ask(client, "/", f"localhost:{origin.port}")
        self.assertEqual((response.status, denial(response)["rule"]), (502, "upstream_tls_failed"))


class Proxy(EgressCase):
    def start(self, credentials=None, **answers):
        self.origin = self.serve(Origin(hosts=("api.example",)))
        self.plain = self.serve(HttpServer(listen("127.0.0.1")))
        self.upstream = self.serve(UpstreamProxy(
            {("api.example", 443): ("127.0.0.1", self.origin.port),
             ("api.example", 80): ("127.0.0.1", self.plain.port)}, credentials))
        proxy = {"host": "127.0.0.1", "port": self.upstream.port}
        secrets = {"token": "real-secret-value"}
        if answers.get("username"):
            proxy.update(username=answers["username"], password_slot="upstream.proxy")
            secrets["upstream.proxy"] = answers["password"]
        routes = [route("api.example", port=[443, 80], auth=BEARER, ssrf_ip_allowlist=[]),
                  route("127.0.0.1", ssrf_ip_allowlist=[]), route("elsewhere.example")]
        return self.egress(policy(*routes, proxy=proxy), secrets)

    def test_names_are_resolved_by_the_proxy(self):
        egress = self.start()
        client = self.tunnel(egress, "api.example", 443)
        for _ in range(2):
            self.assertEqual(ask(client, "/", "api.example").status, 200)
        self.assertEqual(self.upstream.asked, [("api.example", 443)])
        self.assertEqual(self.origin.requests[0].header("authorization"),
                         "Bearer real-secret-value")

    def test_plain_http_goes_through_a_tunnel_as_well(self):
        egress = self.start()
        client = egress.connect()
        self.addCleanup(client.close)
        self.assertEqual(ask(client, "http://api.example/", "api.example").status, 200)
        self.assertEqual(self.upstream.asked, [("api.example", 80)])
        self.assertEqual(self.plain.requests[0].target, "/")

    def test_the_proxy_gets_its_credential(self):
        egress = self.start("user:pass word", username="user", password="pass word")
        client = self.tunnel(egress, "api.example", 443)
        self.assertEqual(ask(client, "/", "api.example").status, 200)
        self.assertEqual(self.origin.requests[0].header("proxy-authorization"), "")

    def test_a_refusal_of_the_proxy_is_named(self):
        egress = self.start("user:right", username="user", password="wrong")
        client = self.tunnel(egress, "api.example", 443)
        response = ask(client, "/", "api.example")
        self.assertEqual(response.status, 502)
        self.assertEqual(denial(response)["rule"], "upstream_proxy_refused")
        self.assertIn("407", denial(response)["reason"])

    def test_private_literals_stay_refused_behind_a_proxy(self):
        egress = self.start()
        client = self.tunnel(egress, "127.0.0.1", 443)
        self.assertEqual(denial(ask(client, "/", "127.0.0.1"))["rule"], "ssrf_denied")
        self.assertEqual(self.upstream.asked, [])

    def test_a_host_that_the_proxy_does_not_know(self):
        egress = self.start()
        client = self.tunnel(egress, "elsewhere.example", 443)
        self.assertEqual(denial(ask(client, "/", "elsewhere.example"))["rule"],
                         "upstream_proxy_refused")


class ConnectionOrigin(StreamServer):
    """Tells which of its connections answered, and can drop them all while they idle."""

    def __init__(self):
        self.idle = []
        self.served = []  # (connection number, target)
        super().__init__(listen("127.0.0.1"))

    def serve(self, connection):
        number = self.connections
        connection = origin_context("localhost", "127.0.0.1").wrap_socket(connection,
                                                                          server_side=True)
        while True:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = connection.recv(1)
                if not byte:
                    return
                head += byte
            self.served.append((number, head.split(b" ")[1].decode()))
            connection.sendall(answer(str(number).encode()))
            self.idle.append(connection)

    def drop(self, orderly):
        for connection in self.idle:
            try:
                if orderly:
                    connection.settimeout(0.2)
                    connection.unwrap()
                connection.shutdown(socket.SHUT_RDWR)
            except (OSError, ValueError):
                pass
        self.idle.clear()


class Pool(EgressCase):
    def test_routes_with_other_credentials_do_not_share_connections(self):
        origin = self.serve(ConnectionOrigin())
        other = {"scheme": "Bearer", "slot": "other"}
        proxy = self.egress(policy(route(port=origin.port, auth=BEARER),
                                   route("127.0.0.1", port=origin.port, auth=other)),
                            {"token": "first-secret", "other": "second-secret"})
        used = {}
        for host in ("localhost", "127.0.0.1") * 3:
            client = proxy.tunnel(host, origin.port)
            number = ask(client, "/", f"{host}:{origin.port}").text
            used.setdefault(host, set()).add(number)
            client.close()
        self.assertFalse(used["localhost"] & used["127.0.0.1"])

    def test_a_connection_that_the_origin_closed_is_not_used(self):
        origin = self.serve(ConnectionOrigin())
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        host = f"localhost:{origin.port}"
        for orderly in (True, False):
            self.assertEqual(ask(client, "/", host).status, 200)
            origin.drop(orderly)
            self.assertEqual(ask(client, "/", host, "POST", body=b"x").status, 200)

    def test_a_reused_connection_that_fails_is_replaced_once(self):
        # The origin reads the second request of its first connection, then hangs up.
        class Unreliable(ConnectionOrigin):
            def serve(self, connection):
                if self.connections > 1:
                    return super().serve(connection)
                connection = origin_context("localhost").wrap_socket(connection, server_side=True)
                for turn in range(2):
                    head = b""
                    while not head.endswith(b"\r\n\r\n"):
                        head += connection.recv(1)
                    if turn == 0:
                        connection.sendall(answer(b"first"))
                    first.set()
                connection.shutdown(socket.SHUT_RDWR)
        for method, status in (("GET", 200), ("PUT", 200), ("POST", 502)):
            with self.subTest(method):
                first = threading.Event()
                origin = self.serve(Unreliable())
                proxy = self.egress(policy(route(port=origin.port)))
                client = self.tunnel(proxy, "localhost", origin.port)
                host = f"localhost:{origin.port}"
                self.assertEqual(ask(client, "/1", host).text, b"first")
                self.assertEqual(ask(client, "/2", host, method).status, status)

    def test_sessions_with_the_origin_are_resumed(self):
        origin = self.serve(Origin(lambda _, send: send(answer(extra=["Connection: close"]))))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        before = origin.context.session_stats()["hits"]
        for _ in range(4):
            self.assertEqual(ask(client, "/", f"localhost:{origin.port}").status, 200)
        self.assertGreaterEqual(origin.context.session_stats()["hits"] - before, 2)
