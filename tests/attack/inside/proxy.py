"""Ways out through the proxy that the bottle does have. Requests are written byte by byte, since no
client library would send them. What reached an upstream is judged by the upstreams' own records."""

import json
import socket
import ssl
import urllib.request

TIMEOUT = 5.0


def connect(proxy):
    host, _, port = proxy.rpartition(":")
    return socket.create_connection((host, int(port)), TIMEOUT)


def head(stream):
    """An answer's head, and what came with it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = stream.recv(65536)
        if not piece:
            break
        data += piece
    return data


def rest(stream, data, limit=1 << 20):
    """Everything until the other side is done, or has been silent."""
    stream.settimeout(1.5)
    try:
        while len(data) < limit and (piece := stream.recv(65536)):
            data += piece
    except OSError:
        pass
    return data


def spoken(data):
    return data.split(b"\r\n\r\n")[0].split(b"\r\n")[0].decode("latin-1") or "closed"


def plain(proxy, request, needle=""):
    """Sends bytes to the proxy. Reached when the answer is a success (and holds the needle)."""
    with connect(proxy) as stream:
        stream.sendall(request.encode("latin-1"))
        data = rest(stream, head(stream))
    good = data.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")) and needle.encode() in data
    return good, spoken(data)


def open_tunnel(proxy, authority):
    stream = connect(proxy)
    request = f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n"
    stream.sendall(request.encode("latin-1"))
    answer = head(stream)
    if not answer.startswith(b"HTTP/1.1 200"):
        stream.close()
        raise ConnectionError("the tunnel was refused: " + spoken(answer))
    return stream


def encrypt(stream, server_name):
    """TLS that believes anybody: the attacker does not care who it talks to."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(stream, server_hostname=server_name or None)


def tunnel(proxy, authority, request, server_name=None, needle=""):
    """CONNECT, TLS, and then the request's bytes. Reached when the answer is a success."""
    if server_name is None:
        server_name = authority.rpartition(":")[0].strip("[]")
    with open_tunnel(proxy, authority) as raw:
        with encrypt(raw, server_name) as stream:
            stream.sendall(request.encode("latin-1"))
            data = rest(stream, head(stream))
    good = data.startswith(b"HTTP/1.1 2") and needle.encode() in data
    return good, spoken(data)


def raw_tunnel(proxy, authority, text):
    """Bytes that are not TLS in a tunnel that should carry it. Reached when anything answers them."""
    with open_tunnel(proxy, authority) as stream:
        stream.sendall(text.encode("latin-1"))
        data = rest(stream, b"")
    return text.encode("latin-1") in data or data.startswith(b"HTTP/1.1 2"), spoken(data)


def pipelined(proxy, authority, requests):
    """Several requests on one tunnel, each sent after the answer to the one before."""
    last = b""
    with open_tunnel(proxy, authority) as raw:
        with encrypt(raw, authority.rpartition(":")[0]) as stream:
            for request in requests:
                stream.sendall(request.encode("latin-1"))
                last = rest(stream, head(stream))
    return last.startswith(b"HTTP/1.1 2"), spoken(last)


def follow(proxy, url, ca):
    """An ordinary client that follows redirects."""
    context = ssl.create_default_context(cafile=ca)
    proxies = {"http": f"http://{proxy}", "https": f"http://{proxy}"} if proxy else {}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies),
                                         urllib.request.HTTPSHandler(context=context))
    with opener.open(url, timeout=TIMEOUT) as answer:
        return answer.status == 200, f"ended at {answer.url}"


def control_messages(proxy, messages):
    """Control messages, spoken to the only socket there is."""
    with connect(proxy) as stream:
        for message in messages:
            stream.sendall(json.dumps(message).encode() + b"\n")
        data = rest(stream, b"")
    return b'"result"' in data or b'"revision"' in data, spoken(data)


def repeated(proxy, request, times):
    """The same request again and again, on a connection of its own each time."""
    reached, answers = False, []
    for _ in range(times):
        good, answer = plain(proxy, request)
        reached = reached or good
        answers.append(answer)
    return reached, "; ".join(answers[:3])


def direct(address, port, request):
    """For the controls: the same bytes to the server itself."""
    with socket.create_connection((address, port), TIMEOUT) as stream:
        stream.sendall(request.encode("latin-1"))
        data = rest(stream, head(stream))
    return data.startswith(b"HTTP/1.1 2"), spoken(data)


def direct_tls(address, port, request, server_name, needle=""):
    with socket.create_connection((address, port), TIMEOUT) as raw:
        with encrypt(raw, server_name) as stream:
            stream.sendall(request.encode("latin-1"))
            data = rest(stream, head(stream))
    return data.startswith(b"HTTP/1.1 2") and needle.encode() in data, spoken(data)
