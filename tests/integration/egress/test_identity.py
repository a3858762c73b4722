"""One authority: CONNECT, TLS server name and Host agree, or nothing happens."""

import socket
import ssl

from lib.servers import HttpServer, listen

from .proxy import (BEARER, EgressCase, Origin, ask, client_context, denial, material, policy,
                    read_response, route, wait_until)


def client_hello(server_name):
    """The bytes that a client begins with."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client_context().wrap_bio(incoming, outgoing, server_hostname=server_name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return tls, incoming, outgoing


class Identity(EgressCase):
    def setUp(self):
        self.origin = self.serve(Origin())
        self.proxy = self.egress(
            policy(route(port=self.origin.port, auth=BEARER),
                   route("127.0.0.1", port=self.origin.port), route("other.example")),
            {"token": "real-secret-value"})
        self.authority = f"localhost:{self.origin.port}"

    def raw(self, authority=None):
        made, response = self.proxy.open_tunnel(authority or self.authority)
        self.addCleanup(made.close)
        self.assertEqual(response.status, 200)
        return made

    def last_rule(self):
        wait_until(self.proxy.lines)
        return self.proxy.lines()[-1]["rule"]

    def test_an_unlisted_host_is_refused_before_it_is_resolved(self):
        for authority in ("unlisted.example:443", "localhost.example:443", "8.8.8.8:443"):
            made, response = self.proxy.open_tunnel(authority)
            self.assertEqual(response.status, 403, authority)
            response.text = response.read()
            self.assertEqual(denial(response)["rule"], "host_not_allowed")
            self.assertEqual(response.getheader("content-type"), "application/json")
            # The connection can be used for another attempt.
            made.sendall(f"CONNECT {self.authority} HTTP/1.1\r\n\r\n".encode())
            made.close()
        self.assertEqual(self.origin.connections, 0)

    def test_every_odd_spelling_of_an_authority_is_refused(self):
        for authority in ("127.1:443", "2130706433:443", "0x7f000001:443", "0177.0.0.1:443",
                          "[::1%25lo]:443", "user@localhost:443", "localhost", "localhost:",
                          "localhost:0", "localhost:65536", "localhost:0443", ":443",
                          "localhost:443:443", "[::1:443", "local host:443", "localhost..:443"):
            made, response = self.proxy.open_tunnel(authority)
            self.assertIn(response.status, (400, 403), authority)
            made.close()
        self.assertEqual(self.origin.connections, 0)

    def test_another_spelling_of_the_same_host_is_that_host(self):
        made, response = self.proxy.open_tunnel(f"LocalHost.:{self.origin.port}")
        self.assertEqual(response.status, 200)
        client = client_context().wrap_socket(made, server_hostname="localhost")
        self.assertEqual(ask(client, "/", f"LOCALHOST:{self.origin.port}").status, 200)
        client.close()

    def test_a_port_without_a_route_is_refused_inside(self):
        client = self.tunnel(self.proxy, "localhost", 1)
        response = ask(client, "/", "localhost:1")
        self.assertEqual(response.status, 403)
        self.assertEqual(denial(response)["rule"], "port_not_allowed")

    def test_the_server_name_must_be_the_connect_host(self):
        for name in ("other.example", "x.localhost"):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                client_context().wrap_socket(self.raw(), server_hostname=name)
            self.assertEqual(self.last_rule(), "sni_mismatch")
        self.assertEqual(self.origin.connections, 0)

    def test_no_server_name_is_for_addresses_only(self):
        context = client_context()
        context.check_hostname = False
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(self.raw())
        self.assertEqual(self.last_rule(), "sni_missing")
        client = client_context().wrap_socket(self.raw(f"127.0.0.1:{self.origin.port}"),
                                              server_hostname="127.0.0.1")
        response = ask(client, "/", f"127.0.0.1:{self.origin.port}")
        self.assertEqual(response.status, 200)
        client.close()

    def test_host_must_be_the_tunnels_authority(self):
        for host, status in [("other.example", 421), (f"other.example:{self.origin.port}", 421),
                             ("localhost", 421), ("localhost:1", 421), ("bad host", 400)]:
            with self.subTest(host):
                client = self.tunnel(self.proxy, "localhost", self.origin.port)
                response = ask(client, "/", host)
                self.assertEqual(response.status, status)
                if status == 421:
                    self.assertEqual(denial(response)["rule"], "authority_mismatch")
                    # The same connection goes on.
                    self.assertEqual(ask(client, "/", self.authority).status, 200)

    def test_connect_with_another_host_field_is_refused(self):
        made = self.proxy.connect()
        self.addCleanup(made.close)
        made.sendall(f"CONNECT {self.authority} HTTP/1.1\r\nHost: other.example:443\r\n\r\n"
                     .encode())
        self.assertEqual(read_response(made, "CONNECT").status, 421)

    def test_an_absolute_target_inside_a_tunnel_is_refused(self):
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        response = ask(client, "http://other.example/", "other.example")
        self.assertEqual(response.status, 400)
        self.assertEqual(self.origin.requests, [])

    def test_a_connect_inside_a_tunnel_is_refused(self):
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        client.sendall(b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n")
        self.assertEqual(read_response(client, "GET").status, 400)

    def test_bytes_that_are_not_tls_close_the_tunnel(self):
        for first in (b"SSH-2.0-OpenSSH_9.2\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00\x1c\x12\x34"):
            made = self.raw()
            made.sendall(first)
            self.assertEqual(made.recv(100), b"")
            self.assertEqual(self.last_rule(), "not_tls")
        self.assertEqual(self.origin.connections, 0)

    def test_a_client_hello_in_pieces_is_read(self):
        tls, incoming, outgoing = client_hello("localhost")
        made = self.raw()
        for byte in outgoing.read():
            made.sendall(bytes([byte]))
        self.finish(made, tls, incoming, outgoing)

    def test_a_client_hello_in_several_records_is_read(self):
        tls, incoming, outgoing = client_hello("localhost")
        hello = outgoing.read()
        version, message = hello[1:3], hello[5:]
        made = self.raw()
        for begin in range(0, len(message), 40):
            piece = message[begin:begin + 40]
            made.sendall(b"\x16" + version + len(piece).to_bytes(2, "big") + piece)
        self.finish(made, tls, incoming, outgoing)

    def test_a_client_hello_may_come_with_the_connect(self):
        tls, incoming, outgoing = client_hello("localhost")
        made = self.proxy.connect()
        self.addCleanup(made.close)
        made.sendall(f"CONNECT {self.authority} HTTP/1.1\r\nHost: {self.authority}\r\n\r\n"
                     .encode() + outgoing.read())
        opened = b"HTTP/1.1 200 Connection established\r\n\r\n"
        got = b""
        while len(got) < len(opened):
            got += made.recv(len(opened) - len(got))
        self.assertEqual(got, opened)
        self.finish(made, tls, incoming, outgoing)

    def finish(self, made, tls, incoming, outgoing):
        """Ends the handshake over `made` and makes a request."""
        def drive(step):
            while True:
                try:
                    result = step()
                    break
                except ssl.SSLWantReadError:
                    if outgoing.pending:
                        made.sendall(outgoing.read())
                    data = made.recv(65536)
                    self.assertTrue(data, "the proxy closed the connection")
                    incoming.write(data)
            if outgoing.pending:
                made.sendall(outgoing.read())
            return result
        drive(tls.do_handshake)
        tls.write(f"GET / HTTP/1.1\r\nHost: {self.authority}\r\n\r\n".encode())
        self.assertIn(b"HTTP/1.1 200", drive(lambda: tls.read(65536)))

    def test_application_protocols(self):
        def negotiate(*offered):
            context = client_context()
            context.set_alpn_protocols(offered)
            client = context.wrap_socket(self.raw(), server_hostname="localhost")
            self.addCleanup(client.close)
            return client.selected_alpn_protocol()
        self.assertEqual(negotiate("http/1.1", "spdy/3"), "http/1.1")
        self.assertEqual(negotiate("http/1.1"), "http/1.1")
        # HTTP/2 where the client has it, whatever it would rather.
        self.assertEqual(negotiate("http/1.1", "h2"), "h2")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            negotiate("spdy/3")

    def test_both_versions_of_tls_and_no_older_one(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = client_context()
            context.minimum_version = context.maximum_version = version
            client = context.wrap_socket(self.raw(), server_hostname="localhost")
            self.assertEqual(ask(client, "/", self.authority).status, 200)
            client.close()
        context = client_context()
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(self.raw(), server_hostname="localhost")

    def test_sessions_are_resumed(self):
        context = client_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # Python gives up 1.3 sessions late
        first = context.wrap_socket(self.raw(), server_hostname="localhost")
        self.assertEqual(ask(first, "/", self.authority).status, 200)
        session = first.session
        first.close()
        second = context.wrap_socket(self.raw(), server_hostname="localhost", session=session)
        self.addCleanup(second.close)
        self.assertTrue(second.session_reused)
        self.assertEqual(ask(second, "/", self.authority).status, 200)

    def test_the_leaf_is_for_the_host_and_by_the_bottles_authority(self):
        client = self.tunnel(self.proxy, "localhost", self.origin.port)
        leaf = client.getpeercert()
        self.assertEqual(leaf["subjectAltName"], (("DNS", "localhost"),))
        self.assertEqual(leaf["issuer"], ((("commonName", "bottle"),),))
        untrusting = ssl.create_default_context(cafile=material()[1].certificate)
        with self.assertRaises(ssl.SSLCertVerificationError):
            untrusting.wrap_socket(self.raw(), server_hostname="localhost")


class PlainIdentity(EgressCase):
    def setUp(self):
        self.origin = self.serve(HttpServer(listen("127.0.0.1")))
        self.proxy = self.egress(policy(route(port=self.origin.port)))
        self.authority = f"localhost:{self.origin.port}"

    def ask_new(self, target, host):
        client = self.proxy.connect()
        self.addCleanup(client.close)
        return ask(client, target, host)

    def test_what_a_proxy_does_not_forward(self):
        for target, host, status in [
                (f"https://{self.authority}/", self.authority, 400),
                ("/", self.authority, 400),
                (f"ftp://{self.authority}/", self.authority, 400),
                (f"http://user@{self.authority}/", self.authority, 400),
                (f"http://{self.authority}/", "other.example", 421),
                ("http://unlisted.example/", "unlisted.example", 403),
                ("http://localhost/", "localhost", 403),
                ("http://[::1]/", "[::1]", 403),
                ("*", self.authority, 400)]:
            with self.subTest(target):
                self.assertEqual(self.ask_new(target, host).status, status)
        self.assertEqual(self.origin.requests, [])

    def test_a_half_sent_request_never_reaches_the_origin(self):
        client = self.proxy.connect()
        client.sendall(f"GET http://{self.authority}/ HTTP/1.1\r\nHos".encode())
        client.shutdown(socket.SHUT_WR)
        self.assertEqual(client.recv(100), b"")
        client.close()
        self.assertEqual(self.origin.requests, [])
