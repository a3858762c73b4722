"""Images of an engine's: built, exported once, and a machine started from them."""

import hashlib
import http.server
import io
import json
import socketserver
import tarfile
import threading
import time
import urllib.parse

from docker.test_proposal import GoesOn
from lib import suite

from .harness import SmolvmCase, SmolvmClaudeCase, small_layer

SMALL = "bb-small"


class OfTheEngine(SmolvmCase):
    def setUp(self):
        self.engine = suite.engine()
        super().setUp()
        with open(small_layer(self.product.root / "layer.tar", "/bin/cat"), "rb") as layer:
            self.engine.ask("POST", f"/images/create?fromSrc=-&repo={SMALL}&tag=1", layer, False, "application/x-tar")
        self.product.extra.update(self.engine.environment, BOTBOTTLE_DOCKER_BASE=f"{SMALL}:1")
        self.dockerfile("RUN echo of-the-first > /made")

    def dockerfile(self, line):
        path = self.product.write("image/Dockerfile", f"ARG BASE\nFROM ${{BASE}}\n{line}  # {self.id()}\n")
        self.product.bottle("own", f"agent_provider:\n  dockerfile: {path}\n")

    def made(self):
        """What the machine has of its image, and how many exports of images the engine remembers."""
        done = self.ok(self.product.run("run", "--bottle", "own", "--", "cat", "/made", timeout=120))
        told = self.engine.ask("GET", f"/events?since=0&until={int(time.time()) + 1}&filters=" + urllib.parse.quote(
            json.dumps({"type": ["image"], "event": ["save"]})), parse=False)
        return done.stdout, len(told.splitlines())

    def cached(self):
        return {file.name: file.stat().st_mtime_ns
                for file in (self.product.config / "cache/machine-images").glob("*.tar")}

    def test_built_exported_once_and_started(self):
        text, exports = self.made()
        self.assertEqual(text, "of-the-first\n")
        self.assertGreater(exports, 0)
        before = self.cached()
        self.assertEqual(len(before), 1)
        self.assertEqual(self.made(), ("of-the-first\n", exports))
        self.assertEqual(self.cached(), before)
        self.dockerfile("RUN echo of-the-second > /made")
        self.assertEqual(self.made(), ("of-the-second\n", exports + 1))
        self.assertEqual(len(self.cached()), 2)
        self.dockerfile("RUN echo of-the-first > /made")
        self.assertEqual(self.made(), ("of-the-first\n", exports + 1))
        for word in next(words for words in self.words() if "create" in words and "--name" in words):
            self.assertNotIn("docker.sock", word)

    def test_a_build_that_fails(self):
        self.dockerfile("RUN echo what-went-wrong; exit 3")
        result = self.product.run("run", "--bottle", "own", "--", "true", timeout=120)
        self.assertEqual(result.returncode, 125, result.stderr)
        self.assertIn("what-went-wrong", result.stderr)
        self.assertEqual(self.smolvm.machines(), [])


class StubbornEngine(socketserver.ThreadingUnixStreamServer):
    """Has every image that it is asked for, and answers an export with `answer`: (status, size, bytes)."""
    daemon_threads = True

    def __init__(self, path):
        self.answer = None
        super().__init__(str(path), Conversation)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Conversation(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "the plugin"

    def log_message(self, *_arguments):
        pass

    def do_GET(self):
        status, content = 200, b"OK"
        size = None
        if self.path.endswith("/version"):
            content = json.dumps({"Version": "24.0", "ApiVersion": "1.43", "MinAPIVersion": "1.12", "Os": "linux",
                                  "Components": [{"Name": "Engine"}]}).encode()
        elif self.path.endswith("/get"):
            status, size, content = self.server.answer
        elif "/images/" in self.path:
            content = json.dumps({"Id": f"sha256:{'ab' * 32}", "Config": {}}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(size or len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = size is not None and size != len(content)


class WhatAnEngineMayAnswer(SmolvmCase):
    def setUp(self):
        super().setUp()
        path = self.product.root / "engine.sock"
        self.engine = StubbornEngine(path)
        self.addCleanup(self.engine.server_close)
        self.addCleanup(self.engine.shutdown)
        self.product.account.own(path)
        del self.product.extra["BOTBOTTLE_MACHINE_IMAGE"]
        self.product.extra["DOCKER_HOST"] = f"unix://{path}"

    def refused(self, *says):
        result = self.product.run("run", "--", "true")
        self.assertEqual(result.returncode, 125, result.stderr)
        for text in says:
            self.assertIn(text, result.stderr)
        self.assertEqual(list(self.product.config.glob("cache/machine-images/*")), [], "something was kept")
        self.assertEqual((self.smolvm.machines(), self.product.bottles()), ([], []))

    def test_a_refusal_is_told_in_its_words(self):
        content = json.dumps({"message": "layer 7 is not where it was left"}).encode()
        self.engine.answer = (500, len(content), content)
        self.refused("the engine could not save the image: layer 7 is not where it was left")
        content = json.dumps({"message": "write /tmp/x: no space left on device"}).encode()
        self.engine.answer = (500, len(content), content)
        self.refused("no space left on device", "docker system df")
        self.engine.answer = (502, 9, b"a gateway")
        self.refused("the engine could not save the image: a gateway")

    def test_an_export_that_breaks_off(self):
        self.engine.answer = (200, 1 << 20, b"x" * 1000)
        self.refused("engine")

    def test_an_export_that_is_not_what_it_says(self):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w") as tar:
            def blob(content, name=None):
                digest = hashlib.sha256(content).hexdigest()
                entry = tarfile.TarInfo(name or f"blobs/sha256/{digest}")
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
                return entry.name
            config = blob(json.dumps({"os": "linux", "config": {}}).encode())
            other = hashlib.sha256(b"what was built").hexdigest()
            layer = blob(b"what was put in its place", f"blobs/sha256/{other}")
            blob(json.dumps([{"Config": config, "Layers": [layer]}]).encode(), "manifest.json")
        found = hashlib.sha256(b"what was put in its place").hexdigest()
        self.engine.answer = (200, len(stream.getvalue()), stream.getvalue())
        self.refused(f"the digest of blobs/sha256/{other} is sha256:{found}, and not sha256:{other}")


class Proposal(GoesOn, SmolvmClaudeCase):
    """Another image that the agent asked for: built by the engine, and a machine of the bottle's from then on."""
    # Of the launcher's side, which is no backend's: ../docker holds them.
    test_detached = test_from_the_dashboard = test_on_its_launchers_terminal = None
    test_a_launcher_that_does_not_come = test_not_when_more_has_changed = None

    def setUp(self):
        self.engine = suite.engine()
        super().setUp()
        del self.product.extra["BOTBOTTLE_MACHINE_IMAGE"]
        self.product.extra.update(self.engine.environment)

    def last_call(self):
        return self.api.model_calls[-1].body.decode()


class NoProposal(SmolvmClaudeCase):
    def test_an_archive_is_rebuilt_by_nobody(self):
        """The image is no Dockerfile's: what asks for another one is not offered."""
        file = self.product.config / "bottles/dev.md"
        file.write_text(file.read_text().replace("---\n", "---\nsupervise: true\n", 1))
        self.ok(self.start("--prompt", "hello"))
        told = self.api.model_calls[0].body
        self.assertIn(b"egress-block", told, "the search looks at nothing")
        self.assertNotIn(b"capability-block", told)
