"""Attempts at the git-gate: to read other repos and files through it, to find its key, to send a secret or a ref that
the rules refuse, and to have it run something else. The control of each is the same request to a server that does
what it is asked: plain `git http-backend`, and files by whatever path is written."""

import base64
import gzip
import http.server
import os
import pathlib
import subprocess
import threading
import urllib.parse

import content
import world as surroundings
from lib.git_upstream import GitUpstream

GATE = "http://127.0.0.1:9420"


class Careless(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    root = account = None

    def log_message(self, *_):
        pass

    def answer(self, status, body=b""):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def handle_any(self):
        target = self.path.partition("://")[2].partition("/")[2] if "://" in self.path else self.path
        path, _, query = target.partition("?")
        path = os.path.normpath(str(self.root) + "/" + urllib.parse.unquote(path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        smart = "service=git-" in query or path.endswith(("/git-upload-pack", "/git-receive-pack"))
        if smart:
            return self.backend(path, query, body)
        try:
            if self.command == "PUT":
                pathlib.Path(path).write_bytes(body)
                return self.answer(201, b"written")
            return self.answer(200, pathlib.Path(path).read_bytes())
        except OSError:
            return self.answer(404)

    do_GET = do_POST = do_PUT = do_PROPFIND = do_MKCOL = handle_any

    def backend(self, path, query, body):
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_PROJECT_ROOT": "/",
                       "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command, "PATH_INFO": path,
                       "QUERY_STRING": query, "REMOTE_USER": "x", "CONTENT_LENGTH": str(len(body)),
                       "CONTENT_TYPE": self.headers.get("Content-Type") or "",
                       "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
                       "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "", "GIT_CONFIG_NOSYSTEM": "1",
                       "GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "http.receivepack", "GIT_CONFIG_VALUE_0": "true",
                       "GIT_CONFIG_KEY_1": "receive.advertisePushOptions", "GIT_CONFIG_VALUE_1": "true"}
        done = subprocess.run(["git", "http-backend"], input=body, capture_output=True, env=environment,
                              **self.account.popen_arguments())
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        status = 200
        fields = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line]
        for name, value in fields:
            if name == "Status":
                status = int(value.split()[0])
        self.send_response(status)
        for name, value in fields:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(rest)


def commit(text, path="f"):
    return f"printf '%s\\n' '{text}' > '{path}'; git add .; git commit -q -m work; "


def in_file(data, path="f"):
    """The script that commits these bytes."""
    return f"printf %s {base64.b64encode(data).decode()} | base64 -d > {path}; git add .; git commit -q -m work; "


def reads(secret_file):
    """(name, method, target, what the answer would hold, more headers)."""
    smart = "info/refs?service=git-upload-pack"
    up = "/.." * 12
    main = "refs/heads/main"
    yield "another repo of the same upstream", "GET", f"/private.git/{smart}", main, ()
    for name, path in (("dot segments", "/project.git/../private.git/"), ("encoded dots", "/project.git/%2e%2e/private.git/"),
                       ("an encoded slash", "/project.git%2f..%2fprivate.git/"), ("a doubled slash", "//private.git/"),
                       ("a dot before it", "/./private.git/"), ("a whole URL", "http://127.0.0.1:9420/private.git/")):
        yield f"another repo behind {name}", "GET", path + smart, main, ()
    yield "a file of the host by dot segments", "GET", f"/project.git{up}{secret_file}", "attack-marker", ()
    yield "a file of the host by encoded dots", "GET", f"/project.git{'/%2e%2e' * 12}{secret_file}", "attack-marker", ()
    for what, path, needle in (("configuration", "config", "bare"), ("HEAD", "HEAD", "refs/heads"),
                               ("refs by the dumb protocol", "info/refs", main),
                               ("hooks", "hooks/update.sample", "hook"), ("description", "description", "")):
        yield f"the mirror's {what}", "GET", f"/project.git/{path}", needle, ()
    yield "a listing by WebDAV", "PROPFIND", "/project.git/HEAD", "refs/heads", ()
    yield "a service that is not declared", "GET", f"/project.git/{smart}&x=GIT_CONFIG_COUNT", main, ()
    yield "a variable in Git-Protocol", "GET", f"/project.git/{smart}", main, ("Git-Protocol: GIT_CONFIG_COUNT=1;x",)
    yield "a protocol that is too long", "GET", f"/project.git/{smart}", main, ("Git-Protocol: " + "a" * 500,)


WRITES = (("a hook", "hooks/post-update"), ("alternates", "objects/info/alternates"), ("HEAD", "HEAD"),
          ("the configuration", "config"), ("what the agent has made", "botbottle-created"))


def secrets_of(own):
    """(name, script) of pushes that hold a secret: one of a known kind, or the bottle's own."""
    kind = content.kind_of_token()
    go = "git push -q origin HEAD:refs/heads/out-N"
    for whose, value in (("a token", kind), ("the bottle's credential", own)):
        plain = value.encode()
        for how, data in (("as it is", plain), ("in base64", base64.b64encode(b"x" + plain)), ("in hex", plain.hex().encode()),
                          ("in gzip", gzip.compress(plain)), ("in gzip in base64", base64.b64encode(gzip.compress(plain))),
                          ("in UTF-16", value.encode("utf-16")), ("in gzip in gzip", gzip.compress(gzip.compress(plain)))):
            yield f"{whose} {how}", in_file(data) + go
        yield f"{whose} in a zip", commit("x") + (
            f"python3 -c \"import zipfile; zipfile.ZipFile('a.zip', 'w', 8).writestr('k', '{value}')\"; "
            "git add .; git commit -q -m z; ") + go
        yield f"{whose} in a commit that is reverted", commit(value) + "git rm -q f; git commit -q -m gone; " + go
        yield f"{whose} as an author", f"git commit -q --allow-empty -m x --author '{value} <a@b.c>'; " + go
        yield f"{whose} as a tag's message", commit("x") + f"git tag -a out-N -m '{value}'; git push -q origin out-N"
        yield f"{whose} as a branch", commit("x") + f"git push -q origin HEAD:refs/heads/{value}"
        yield f"{whose} as a file's name", commit("x", value) + go
        yield f"{whose} behind a replaced object", commit(value) + (
            "bad=$(git rev-parse HEAD); good=$(git commit-tree -m x HEAD~1^{tree}); git replace $bad $good; "
            "git push -q origin refs/replace/*:refs/replace/*; ") + go
        yield f"{whose} called binary by attributes", commit("* -diff -text binary", ".gitattributes") + commit(value) + go
        yield f"{whose} that is on an allowlist", commit("[allowlist]\npaths=[\".*\"]", ".gitleaks.toml") + \
            commit(value + " # gitleaks:allow") + go
        yield f"{whose} in a symlink", f"ln -s '{value}' l; git add l; git commit -q -m l; " + go
        yield f"{whose} in the second of two refs", commit("x") + "git branch clean-N; " + commit(value) + \
            "git push -q origin clean-N HEAD:refs/heads/out-N"
    yield "a token in the other half of a merge", "git checkout -q -b side; " + commit(kind, "s") + \
        "git rm -q s; git commit -q -m gone; git checkout -q main; " + commit("m", "m") + "git merge -q -m merge side; " + go
    yield "a token in a tree that a tag names", commit(kind) + \
        "git tag -a out-N -m tree HEAD^{tree}; git push -q origin out-N"
    yield "a token in a blob that a tag names", f"git tag out-N $(printf %s {kind} | git hash-object -w --stdin); " \
        "git push -q origin out-N"


REFS = (
    ("a forced push over the upstream's branch", "git commit -q --amend -m lost; git push -q -f origin HEAD:main"),
    ("a branch of the upstream's that is deleted", "git push -q origin :other"),
    ("a tag of the upstream's that is moved", commit("x") + "git tag -f v1; git push -q -f origin v1"),
    ("a ref that is neither branch nor tag", commit("x") + "git push -q origin HEAD:refs/pull/1/head"),
    ("a configuration ref", commit("x") + "git push -q origin HEAD:refs/meta/config"),
    ("notes", "git notes add -m x; git push -q origin refs/notes/commits"),
    ("a replacement", commit("x") + "git replace HEAD HEAD~1; git push -q origin 'refs/replace/*:refs/replace/*'"),
    ("a branch outside of the rules", commit("x") + "git push -q origin HEAD:refs/heads/elsewhere"),
    ("a branch outside of the rules beside one inside", commit("x") + "git push -q origin HEAD:refs/heads/out-ok "
     "HEAD:refs/heads/elsewhere2"),
    ("options for the receiver", commit("x") + "git push -q -o ci.skip origin HEAD:refs/heads/out-option"),
    ("another repo", commit("x") + "git push -q $BASE/private.git HEAD:refs/heads/out"),
)


# Pushes that would change what `rules.paths` protects, in a bottle that has nobody to ask.
PROTECTED = (
    ("a protected file", "mkdir locked; " + commit("x", "locked/f") + "git push -q origin HEAD:refs/heads/out-p1"),
    ("a protected file by a move", "mkdir locked; git mv README locked/; git commit -q -m m; "
     "git push -q origin HEAD:refs/heads/out-p2"),
    ("a protected file that is taken back", "mkdir locked; " + commit("x", "locked/f") + "git rm -q locked/f; "
     "git commit -q -m gone; git push -q origin HEAD:refs/heads/out-p3"),
    ("a protected file in the second of two refs", commit("x") + "git branch clean-p; mkdir locked; " + commit("x", "locked/f")
     + "git push -q origin clean-p HEAD:refs/heads/out-p4"),
    ("a protected folder that is a symlink", "mkdir open; echo x > open/f; ln -s open locked; git add .; git commit -q -m l; "
     "git push -q origin HEAD:refs/heads/out-p5"),
    ("a protected folder that is a submodule", "git update-index --add --cacheinfo "
     "160000,1111111111111111111111111111111111111111,locked; git commit -q -m s; "
     "git push -q origin HEAD:refs/heads/out-p6"),
    ("a protected file by a merge", "git checkout -q -b side; " + commit("s", "s") + "git checkout -q main; " + commit("t", "t")
     + "git merge -q --no-commit side; mkdir locked; echo x > locked/f; git add .; git commit -q -m m; "
     "git push -q origin HEAD:refs/heads/out-p7"),
    ("a protected file in a tag", "mkdir locked; " + commit("x", "locked/f") + "git tag -a out-p8 -m x; git push -q origin out-p8"),
    ("a protected file that attributes call binary", commit("locked/** -diff binary", ".gitattributes") +
     "mkdir locked; " + commit("x", "locked/f") + "git push -q origin HEAD:refs/heads/out-p9"),
)


def battery(world, backend, results, inside, outside):
    upstream, plain = GitUpstream(world.account), None
    try:
        for name in ("project", "private"):
            bare = upstream.repo(name)
            upstream.git("branch", "other", "main", cwd=bare)
            upstream.git("tag", "v1", "main", cwd=bare)
            upstream.git("update-server-info", cwd=bare)  # what the dumb protocol reads
        copies = upstream.root / "careless"
        subprocess.run(["cp", "-a", *(upstream.root / f"{n}.git" for n in ("project", "private")), "--target-directory",
                        _made(copies, world.account)], check=True)
        Careless.root, Careless.account = copies, world.account
        plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        front = surroundings.front_matter() + upstream.manifest(
            rules="branches: [main, other, 'out-*', 'clean-*', 'refs/tags/**'], paths: ['locked/**']")
        bottle = surroundings.Bottle(world, backend, "pushing", front)
        try:
            Case(world, bottle, results, inside, outside, upstream, copies,
                 f"http://127.0.0.1:{plain.server_port}").run()
        finally:
            bottle.stop()
            bottle.close()
    finally:
        if plain:
            plain.shutdown()
        upstream.stop()


def _made(folder, account):
    folder.mkdir()
    account.own(folder)
    return folder


class Case:
    def __init__(self, world, bottle, results, inside, outside, upstream, copies, plain):
        self.world, self.bottle, self.results, self.upstream = world, bottle, results, upstream
        self.copies, self.plain = copies, plain
        self.inside = lambda function, parameters: inside(bottle, function, parameters)
        self.outside = lambda function, parameters: outside(world, function, parameters, False)

    def judge(self, name, function, parameters, proof=None):
        """The same at both; with `proof` (what a repo has), a change of it is what counts."""
        found = []
        for ask, base, repos in ((self.inside, GATE, self.upstream.root), (self.outside, self.plain, self.copies)):
            before = proof(repos) if proof else None
            got = ask("gitdoor." + function, {"base": base, **parameters})
            if proof:
                got = proof(repos) != before, got[1]
            found.append(got)
        self.results.judge("git-gate", name, found[0], found[1])

    def refs(self, root):
        return [self.upstream.git("for-each-ref", "--format=%(refname) %(objectname)", cwd=root / f"{name}.git")
                for name in ("project", "private")]

    def works(self, name, script):
        before = self.refs(self.upstream.root)
        got = self.inside("gitdoor.push", {"base": GATE, "script": script})
        right = got[0] and self.refs(self.upstream.root) != before
        self.results.add("git-gate", name, "works" if right else "BROKEN", got[1])

    def run(self):
        self.works("a clean push", commit("clean") + "git push -q origin HEAD:refs/heads/out-clean")
        for name, method, target, needle, headers in reads(self.world.secret_file):
            self.judge(name, "ask", {"method": method, "target": target, "needle": needle, "headers": headers})
        for name, path in WRITES:
            if path in ("HEAD", "config"):
                continue  # the control would be of no use for the next ones
            self.judge(f"writing {name}", "ask", {"method": "PUT", "target": f"/project.git/{path}", "needle": "",
                                                  "body": "\n"})
        (self.copies / "project.git/objects/info/alternates").unlink(missing_ok=True)
        (self.copies / "project.git/hooks/post-update").unlink(missing_ok=True)
        for number, (name, script) in enumerate(secrets_of(self.world.token)):
            self.judge("sending " + name, "push", {"script": script.replace("-N", f"-{number}")}, self.refs)
        for name, script in REFS + PROTECTED:
            self.judge("sending " + name, "push", {"script": script}, self.refs)
        self.keys()
        self.works("a clean push afterwards", commit("after") + "git push -q origin HEAD:refs/heads/out-after")

    def keys(self):
        body = "".join(self.upstream.key.read_text().split("\n")[1:-2])[:70]
        parts = [body[:30], body[30:60]]
        got = self.inside("gitdoor.find_key", {"roots": ["/"], "parts": parts})
        control = self.outside("gitdoor.find_key", {"roots": [str(self.upstream.root)], "parts": parts})
        self.results.judge("git-gate", "the key in files, environments and command lines", got, control)
        say = {"say": "GET /project.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n", "expect": "200",
               "path": str(self.bottle.runtime / "sockets" / "git.sock")}
        self.results.judge("git-gate", "its socket by its path on the host", self.inside("host.unix_socket", say),
                           self.outside("host.unix_socket", say))
