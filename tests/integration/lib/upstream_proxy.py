"""A corporate HTTP proxy: answers CONNECT by dialling a local port instead of the name it was given."""

import base64
import socket
import threading

from .servers import StreamServer, listen


class UpstreamProxy(StreamServer):
    """`targets` maps (host, port) to a local (address, port); anything else is refused and recorded."""

    def __init__(self, targets, credentials=None, listener=None):
        self.targets = dict(targets)
        self.expected = None
        if credentials:
            self.expected = "Basic " + base64.b64encode(credentials.encode()).decode()
        self.asked = []    # (host, port) of every CONNECT
        self.refused = []  # those among them that were refused
        super().__init__(listener or listen("127.0.0.1"))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(4096)
            if not data:
                return
            head += data
        lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, authority, _ = lines[0].split(" ", 2)
        host, _, port = authority.rpartition(":")
        self.asked.append((host, int(port)))
        given = [l.split(":", 1)[1].strip() for l in lines[1:]
                 if l.lower().startswith("proxy-authorization:")]
        if self.expected and given != [self.expected]:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                               b"Proxy-Authenticate: Basic realm=test\r\nContent-Length: 0\r\n\r\n")
            return
        target = self.targets.get((host, int(port)))
        if method != "CONNECT" or target is None:
            self.refused.append((host, int(port)))
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(target) as upstream:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(upstream, connection), daemon=True)
            back.start()
            pump(connection, upstream)
            back.join(10)


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
