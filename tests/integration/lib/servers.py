"""Servers that play the outside world: recorded HTTP over TLS or in the clear, echo over TCP and UDP."""

import dataclasses
import socket
import ssl
import threading


@dataclasses.dataclass
class Request:
    method: str
    target: str
    headers: list  # (name, value) as they came, in order
    body: bytes
    server_name: str = ""

    def header(self, name):
        """All values of that header, joined; empty when it is absent."""
        return ", ".join(v for n, v in self.headers if n.lower() == name.lower())


def listen(host, port=0, kind=socket.SOCK_STREAM):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((host, port))
    if kind == socket.SOCK_STREAM:
        made.listen(128)
    return made


class StreamServer:
    """Accepts on one listening socket and gives each connection a thread."""

    def __init__(self, listener):
        self.listener = listener
        self.host, self.port = listener.getsockname()[:2]
        self.connections = 0
        self.open = set()
        self._stopping = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            if self._stopping:
                connection.close()
                return
            self.connections += 1
            self.open.add(connection)
            threading.Thread(target=self._guarded, args=(connection,), daemon=True).start()

    def _guarded(self, connection):
        try:
            self.serve(connection)
        except (OSError, ValueError, EOFError):
            pass  # the peer went away, or spoke something else: both happen in these tests
        finally:
            self.open.discard(connection)
            connection.close()

    def serve(self, connection):
        raise NotImplementedError

    def stop(self):
        self._stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class EchoServer(StreamServer):
    """Sends back what it gets, and remembers it."""

    def __init__(self, listener):
        self.seen = []
        super().__init__(listener)

    def serve(self, connection):
        while data := connection.recv(65536):
            self.seen.append(data)
            connection.sendall(data)


class DatagramEcho:
    def __init__(self, bound):
        self.bound, self.seen = bound, []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                data, peer = self.bound.recvfrom(65536)
            except OSError:
                return
            self.seen.append(data)
            self.bound.sendto(data, peer)

    def stop(self):
        self.bound.close()


class HttpServer(StreamServer):
    """HTTP/1.1, over TLS when it has a context. Each request is recorded, then answered by
    `respond(request, send)`; `send` writes bytes to the client at once."""

    def __init__(self, listener, respond=None, context=None):
        self.requests = []
        self.failures = []  # TLS handshakes that did not come about
        self.context = context
        if context:
            context.sni_callback = remember_server_name
        self.respond = respond or plain_answer
        super().__init__(listener)

    def serve(self, connection):
        if self.context:
            try:
                connection = self.context.wrap_socket(connection, server_side=True)
            except (ssl.SSLError, OSError) as error:
                self.failures.append(str(error))
                raise
        with connection, connection.makefile("rb") as reader:
            while request := read_request(reader):
                request.server_name = getattr(connection, "asked_for", "")
                self.requests.append(request)
                if "websocket" in request.header("upgrade").lower():
                    if self.upgrade(request, reader, connection.sendall):
                        return
                    continue
                self.respond(request, connection.sendall)
                if request.header("connection").lower() == "close":
                    return


    def upgrade(self, request, _reader, send):
        """Takes a WebSocket over, or answers as any other request and says False."""
        self.respond(request, send)
        return False


def remember_server_name(connection, name, _context):
    connection.asked_for = name or ""


def read_request(reader):
    line = reader.readline(65536).decode("latin-1").strip()
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers = []
    while line := reader.readline(65536).decode("latin-1").strip("\r\n"):
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    request = Request(method, target, headers, b"")
    if "chunked" in request.header("transfer-encoding").lower():
        request.body = read_chunks(reader)
    elif length := request.header("content-length"):
        request.body = reader.read(int(length))
    return request


def read_chunks(reader):
    body = b""
    while size := int(reader.readline().split(b";")[0], 16):
        body += reader.read(size)
        reader.readline()
    while reader.readline().strip():
        pass  # trailers
    return body


def answer(body=b"ok\n", status="200 OK", content_type="text/plain", extra=()):
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}",
             f"Content-Length: {len(body)}", *extra]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def plain_answer(_request, send):
    send(answer())
