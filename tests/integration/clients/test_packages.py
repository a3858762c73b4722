"""Package managers and git, against a registry, an index and a repository of the tests' own."""

import base64
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import zipfile

from lib import servers

from .case import ORIGIN, ClientCase
from .test_http import PYTHON, needs, needs_module


def npm_tarball():
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in (("package.json", json.dumps({"name": "finch", "version": "1.0.0", "main": "index.js"})),
                           ("index.js", "module.exports = 'a song';\n")):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


def wheel():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("finch.py", "song = 'a song'\n")
        archive.writestr("finch-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: finch\nVersion: 1.0\n")
        archive.writestr("finch-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: tests\n"
                         "Root-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("finch-1.0.dist-info/RECORD", "finch.py,,\nfinch-1.0.dist-info/METADATA,,\n"
                         "finch-1.0.dist-info/WHEEL,,\nfinch-1.0.dist-info/RECORD,,\n")
    return made.getvalue()


class Npm(ClientCase):
    def make_origin(self):
        content = npm_tarball()
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
        document = json.dumps({"name": "finch", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {
            "name": "finch", "version": "1.0.0", "main": "index.js",
            "dist": {"tarball": f"https://{ORIGIN}/v1/finch/-/finch-1.0.0.tgz", "integrity": integrity}}}})

        def respond(request, send):
            if request.target == "/v1/finch":
                send(servers.answer(document.encode(), content_type="application/json"))
            elif request.target.endswith(".tgz"):
                send(servers.answer(content, content_type="application/octet-stream"))
            else:
                send(servers.answer(b"{}", "404 Not Found", "application/json"))
        return servers.HttpServer(servers.listen("127.0.0.1"), respond, self.authority.context(ORIGIN))

    def test_install(self):
        needs("npm")
        self.product.write("work/package.json", '{"name": "nest", "version": "1.0.0"}')
        result = self.ok(self.inside(
            "sh", "-ec", f"npm install --no-audit --no-fund --registry https://{ORIGIN}/v1 finch >&2; "
            "node -p 'require(\"finch\")'"))
        self.assertEqual(result.stdout.strip(), "a song")
        self.only_what_is_allowed_came()


class Pip(ClientCase):
    def make_origin(self):
        content = wheel()
        page = (f'<!DOCTYPE html><a href="/v1/files/finch-1.0-py3-none-any.whl#sha256='
                f'{hashlib.sha256(content).hexdigest()}">finch</a>').encode()

        def respond(request, send):
            if request.target == "/v1/simple/finch/":
                send(servers.answer(page, content_type="text/html"))
            elif request.target.endswith(".whl"):
                send(servers.answer(content, content_type="application/zip"))
            else:
                send(servers.answer(b"", "404 Not Found"))
        return servers.HttpServer(servers.listen("127.0.0.1"), respond, self.authority.context(ORIGIN))

    def test_install(self):
        needs_module("pip")
        result = self.ok(self.inside(
            "sh", "-ec", f"{PYTHON} -m pip install --quiet --disable-pip-version-check --target packages "
            f"--index-url https://{ORIGIN}/v1/simple finch >&2; "
            f"PYTHONPATH=packages {PYTHON} -c 'import finch; print(finch.song)'"))
        self.assertEqual(result.stdout.strip(), "a song")
        self.only_what_is_allowed_came()


class Git(ClientCase):
    more = "      git: {fetch: true}\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="bb-git-")
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        for command in (["init", "--quiet", "--bare", "v1/finch.git"],
                        ["-C", "v1/finch.git", "config", "http.receivepack", "true"],
                        ["clone", "--quiet", "v1/finch.git", "work"]):
            subprocess.run(["git", *command], cwd=self.root, check=True, capture_output=True)
        subprocess.run("echo 'a song' >song && git add song && git -c user.name=a -c user.email=a@b.c commit -qm one"
                       " && git push -q origin HEAD:main && git -C ../v1/finch.git symbolic-ref HEAD refs/heads/main",
                       shell=True, cwd=f"{self.root}/work", check=True, capture_output=True)
        super().setUp()

    def make_origin(self):
        def respond(request, send):
            path, _, query = request.target.partition("?")
            environment = {"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.root, "GIT_HTTP_EXPORT_ALL": "1",
                           "REQUEST_METHOD": request.method, "PATH_INFO": path, "QUERY_STRING": query,
                           "CONTENT_TYPE": request.header("content-type"),
                           "HTTP_CONTENT_ENCODING": request.header("content-encoding"),
                           "GIT_PROTOCOL": request.header("git-protocol"), "REMOTE_USER": "a",
                           "CONTENT_LENGTH": str(len(request.body))}
            done = subprocess.run(["git", "-c", "safe.directory=*", "http-backend"], input=request.body,
                                  env=environment, capture_output=True, check=True)
            head, _, body = done.stdout.partition(b"\r\n\r\n")
            lines = [line for line in head.split(b"\r\n") if line]
            status = next((line[8:] for line in lines if line.startswith(b"Status: ")), b"200 OK")
            send(b"\r\n".join([b"HTTP/1.1 " + status, *(line for line in lines if b"Status" not in line),
                               b"Content-Length: %d" % len(body)]) + b"\r\n\r\n" + body)
        return servers.HttpServer(servers.listen("127.0.0.1"), respond, self.authority.context(ORIGIN))

    def test_fetch_is_allowed_and_push_is_not(self):
        result = self.ok(self.inside(
            "sh", "-ec", f"git clone --quiet https://{ORIGIN}/v1/finch.git finch; cd finch; cat song; "
            "echo more >>song; git -c user.name=a -c user.email=a@b.c commit -qam two; "
            "if git push origin HEAD:main; then echo pushed; fi"))
        self.assertEqual(result.stdout.strip(), "a song")
        self.assertIn("403", result.stderr)
        self.assertFalse([r.target for r in self.origin.requests if "receive-pack" in r.target])
        self.only_what_is_allowed_came()
