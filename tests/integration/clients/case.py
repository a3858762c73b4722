"""A bottle with one route to an origin of the tests' own, and the programs of this folder in its workspace."""

import hashlib
import json
import pathlib
import shutil
import tempfile
import time

from lib import certificates, servers, suite, websocket
from lib.upstream_proxy import UpstreamProxy

ORIGIN = "api.example.com"
TOKEN_VARIABLE = "BOTBOTTLE_TEST_TOKEN"
TOKEN = "the-operators-token-0123456789"
PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"
DIGEST = hashlib.sha256(b"finch " * 50000).hexdigest()


def respond(request, send):
    path = request.target.partition("?")[0]
    if path == "/v1/digest":
        send(servers.answer(hashlib.sha256(request.body).hexdigest().encode()))
    elif path == "/v1/stream":
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            send(b"2\r\n%d;\r\n" % number)
            time.sleep(0.02)
        send(b"0\r\n\r\n")
    else:
        send(servers.answer(b"hello"))


class Origin(servers.HttpServer):
    def upgrade(self, request, reader, send):
        websocket.accept(request, send)
        for text in websocket.messages(reader, send):
            websocket.frame(send, websocket.TEXT, f"heard: {text}".encode())
        return True


class ClientCase(suite.ProductCase):
    """`self.origin` plays https://api.example.com; what it may be asked for is below /v1."""

    allowed = "/v1"
    more = ""  # of the route

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="bb-clients-")
        self.addCleanup(folder.cleanup)
        self.authority = certificates.Authority(folder.name)
        self.origin = self.servers(self.make_origin())
        self.proxy = self.servers(UpstreamProxy({(ORIGIN, 443): ("127.0.0.1", self.origin.port)}))
        trusted = self.product.write("authority.pem", self.authority.certificate.read_text())
        self.product.settings(f"egress:\n  upstream_proxy: {self.proxy.url}\n  upstream_ca: {trusted}\n")
        self.product.extra[TOKEN_VARIABLE] = TOKEN
        self.product.bottle("dev", f"""egress:
  routes:
    - host: {ORIGIN}
      path_allowlist: [{self.allowed}]
      auth: {{scheme: Bearer, token_ref: {TOKEN_VARIABLE}}}
{self.more}""")

    def make_origin(self):
        return Origin(servers.listen("127.0.0.1"), respond, self.authority.context(ORIGIN))

    def bring(self, *names):
        """Programs of this folder, in the workspace."""
        for name in names:
            target = self.product.work / name
            shutil.copy(PROGRAMS / name, target)
            target.chmod(0o755)
            self.product.account.own(target)

    def inside(self, *command, timeout=90, **environment):
        """The command's end in a throw-away bottle that has a copy of the workspace."""
        words = [f"{name}={value}" for name, value in {"ORIGIN": f"https://{ORIGIN}", **environment}.items()]
        return self.product.run("run", "--bottle", "dev", "--cwd", "--", "env", *words, *command,
                                timeout=timeout)

    def takes_every_step(self, *command, versions=None, **environment):
        result = self.ok(self.inside(*command, **environment))
        found = json.loads(result.stdout.strip().splitlines()[-1])
        self.assertEqual(found["hello"], [200, "hello"])
        self.assertEqual(found["digest"], [200, DIGEST])
        self.assertEqual([found["stream"][0], found["stream"][1].strip()], [200, "0;1;2;3;4;"])
        self.assertEqual(found["closed_path"], 403)
        self.assertNotEqual(found["closed_host"], 200)
        if versions:
            self.assertEqual(found["versions"], versions)
        self.only_what_is_allowed_came()
        return found

    def only_what_is_allowed_came(self):
        self.assertTrue(self.origin.requests)
        self.assertEqual([r.target for r in self.origin.requests if not r.target.startswith(self.allowed)], [])
        self.assertEqual({r.header("authorization") for r in self.origin.requests}, {f"Bearer {TOKEN}"})
        self.assertEqual(set(self.proxy.asked), {(ORIGIN, 443)})
