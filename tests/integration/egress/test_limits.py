"""Clients that are slow, many, or gone, and a process that keeps to itself."""

import os
import resource
import signal
import socket
import time
import unittest

from .proxy import (Egress, EgressCase, Origin, ask, denial, policy, read_response, route,
                    sanitized, wait_until)


class Time(EgressCase):
    def test_a_head_that_does_not_end_is_given_up(self):
        proxy = self.egress(policy(route()))
        client = proxy.connect()
        self.addCleanup(client.close)
        client.sendall(b"GET http://localhost/ HTTP/1.1\r\n")
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 15:
            try:
                client.sendall(b"X: y\r\n")  # a byte now and then does not help
                client.settimeout(0.5)
                ended = client.recv(100) == b""
            except socket.timeout:
                pass
            except OSError:
                ended = True
        self.assertTrue(ended)
        self.assertGreater(time.monotonic() - began, 8)
        self.assertLess(time.monotonic() - began, 13)

    def test_a_handshake_that_does_not_end_is_given_up(self):
        proxy = self.egress(policy(route()))
        client, response = proxy.open_tunnel("localhost:443")
        self.addCleanup(client.close)
        self.assertEqual(response.status, 200)
        client.sendall(b"\x16\x03\x01\x02\x00")
        began = time.monotonic()
        self.assertEqual(client.recv(100), b"")
        self.assertLess(time.monotonic() - began, 13)


class Many(EgressCase):
    @unittest.skipIf(sanitized(), "a sanitizer's memory is not the program's")
    def test_a_thousand_idle_tunnels_are_small(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        origin = self.serve(Origin())
        proxy = self.egress(policy(route(port=origin.port)))
        host = f"localhost:{origin.port}"
        self.assertEqual(ask(self.tunnel(proxy, "localhost", origin.port), "/", host).status, 200)
        before = proxy.stats()["rss_bytes"]
        tunnels = []
        count = 1000
        for _ in range(count):
            tunnel = proxy.tunnel("localhost", origin.port)
            ask(tunnel, "/", host)
            tunnels.append(tunnel)
        each = (proxy.stats()["rss_bytes"] - before) / count
        self.assertLess(each, 40 * 1024)
        self.assertEqual(proxy.stats()["connections"]["open"], count + 1)
        for tunnel in tunnels:
            tunnel.close()
        wait_until(lambda: proxy.stats()["connections"]["open"] == 1)

    @unittest.skipIf(sanitized(), "a sanitizer's memory is not the program's")
    def test_an_idle_process_is_small(self):
        proxy = self.egress(policy(route()))
        time.sleep(0.5)  # the system's roots are being read
        self.assertLess(proxy.stats()["rss_bytes"], 20 << 20)

    def test_the_cap_is_told_to_whom_it_turns_away(self):
        proxy = self.egress(None, start=False)
        resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (320, 320))
        proxy.start(policy(route()))
        open_connections, turned_away = [], None
        while not turned_away and len(open_connections) < 320:
            client = proxy.connect()
            self.addCleanup(client.close)
            open_connections.append(client)
            if len(open_connections) % 8 == 0:
                response = ask(client, "http://unlisted.example/", "unlisted.example")
                if response.status == 503:
                    turned_away = response
        self.assertEqual(denial(turned_away)["rule"], "too_many_connections")
        self.assertGreater(len(open_connections), 100)


class Process(EgressCase):
    def test_it_ends_after_its_requests_on_sigterm(self):
        def respond(_request, send):
            time.sleep(0.5)
            send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
        origin = self.serve(Origin(respond))
        proxy = self.egress(policy(route(port=origin.port)))
        client = self.tunnel(proxy, "localhost", origin.port)
        client.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{origin.port}\r\n\r\n".encode())
        wait_until(lambda: origin.requests)
        os.kill(proxy.process.pid, signal.SIGTERM)
        self.assertEqual(read_response(client).read(), b"done")
        self.assertEqual(proxy.process.wait(5), 0)

    def test_its_memory_and_descriptors_are_its_own(self):
        stray = os.open("/etc/passwd", os.O_RDONLY)
        os.set_inheritable(stray, True)
        self.addCleanup(os.close, stray)
        proxy = self.egress(policy(route()), {"token": "real-secret-value"})
        folder = f"/proc/{proxy.process.pid}"
        targets = [os.readlink(f"{folder}/fd/{fd}") for fd in os.listdir(f"{folder}/fd")]
        self.assertNotIn("/etc/passwd", targets)
        with open(f"{folder}/environ", "rb") as environ:
            self.assertEqual(environ.read(), b"")
        with open(f"{folder}/limits", encoding="ascii") as limits:
            core = [line for line in limits if line.startswith("Max core file size")]
        self.assertIn(core[0].split()[4], "01")
        # Not dumpable: its files in /proc belong to root, whoever runs it.
        self.assertEqual(os.stat(f"{folder}/mem").st_uid, 0)

    def test_it_dies_with_its_parent(self):
        ready, told = os.pipe()
        child = os.fork()
        if child == 0:
            proxy = Egress(policy(route()))
            os.write(told, str(proxy.process.pid).encode())
            time.sleep(30)
            os._exit(0)
        pid = int(os.read(ready, 20))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        wait_until(lambda: not alive(pid))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().split()[2] != "Z"
    except OSError:
        return False
