"""The server's side of a WebSocket (RFC 6455): text messages, no extensions."""

import base64
import hashlib
import struct

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def accept(request, send):
    """Answers the upgrade."""
    key = request.header("sec-websocket-key").encode()
    proof = base64.b64encode(hashlib.sha1(key + MAGIC).digest()).decode()
    send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         f"Sec-WebSocket-Accept: {proof}\r\n\r\n".encode())


def messages(reader, send):
    """The client's text messages until it closes; pings are answered."""
    text = b""
    while True:
        head = reader.read(2)
        if len(head) < 2:
            return
        size = head[1] & 127
        if size == 126:
            size = struct.unpack(">H", reader.read(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", reader.read(8))[0]
        mask = reader.read(4) if head[1] & 128 else b"\0\0\0\0"
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(reader.read(size)))
        kind = head[0] & 15
        if kind == CLOSE:
            frame(send, CLOSE, body)
            return
        if kind == PING:
            frame(send, PONG, body)
        elif kind in (TEXT, 0):
            text += body
            if head[0] & 128:
                yield text.decode()
                text = b""


def frame(send, kind, body):
    size = len(body)
    if size < 126:
        head = struct.pack(">BB", 128 | kind, size)
    elif size < 65536:
        head = struct.pack(">BBH", 128 | kind, 126, size)
    else:
        head = struct.pack(">BBQ", 128 | kind, 127, size)
    send(head + body)
