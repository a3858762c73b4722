"""What the command line program and a machine say to each other over agent.sock: one line of JSON,
then frames of a kind, a length and bytes."""

import json
import struct

HEAD = struct.Struct(">cI")


def send(sock, kind, content=b""):
    sock.sendall(HEAD.pack(kind, len(content)) + content)


def send_request(sock, request):
    sock.sendall(json.dumps(request).encode() + b"\n")


def read_exactly(sock, size):
    content = b""
    while len(content) < size:
        got = sock.recv(min(size - len(content), 1 << 16))
        if not got:
            return None
        content += got
    return content


def read_request(sock):
    line = b""
    while not line.endswith(b"\n"):
        byte = sock.recv(1)
        if not byte:
            return None
        line += byte
    return json.loads(line)


def receive(sock):
    """(kind, content), or (None, b"") at the end."""
    head = read_exactly(sock, HEAD.size)
    if head is None:
        return None, b""
    kind, size = HEAD.unpack(head)
    content = read_exactly(sock, size) if size else b""
    return (None, b"") if content is None else (kind, content)
