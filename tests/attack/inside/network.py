"""Ways out over a network, other than the proxy."""

import os
import socket
import struct

TIMEOUT = 2.0


def tcp(host, port, nonce):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        client.connect((host, port))
        client.sendall(nonce.encode())
        return client.recv(100) != b"", "connected, and got an answer"


def udp(host, port, nonce, broadcast=False):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        if broadcast:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        client.sendto(nonce.encode(), (host, port))
        if broadcast:
            return True, "sent"
        return client.recvfrom(100)[0] != b"", "sent, and got an answer"


def getaddrinfo(name):
    return bool(socket.getaddrinfo(name, 443)), "resolved"


def dns_packet(resolver, name):
    question = b"".join(bytes([len(p)]) + p.encode() for p in name.split(".")) + b"\0\0\1\0\1"
    query = struct.pack(">HHHHHH", os.getpid() & 0xFFFF, 0x0100, 1, 0, 0, 0) + question
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT)
        client.sendto(query, (resolver, 53))
        return len(client.recvfrom(512)[0]) > len(query), "a resolver answered"


def icmp(host, raw=False):
    six = ":" in host
    family = socket.AF_INET6 if six else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    kind = socket.SOCK_RAW if raw else socket.SOCK_DGRAM
    with socket.socket(family, kind, protocol) as client:
        client.settimeout(TIMEOUT)
        body = struct.pack(">BBHHH", 128 if six else 8, 0, 0, 1, 1)
        total = sum(struct.unpack(">4H", body))
        total = (total & 0xFFFF) + (total >> 16)
        if not six:
            body = body[:2] + struct.pack(">H", ~total & 0xFFFF) + body[4:]
        client.sendto(body, (host, 0))
        return client.recv(200) != b"", "an echo came back"


def http(host, port, path):
    with socket.create_connection((host, port), TIMEOUT) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return client.recv(200).startswith(b"HTTP/1.1 200"), "answered 200"


def packet_socket(device):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)) as client:
        client.bind((device, 0))
        return True, f"bound to {device}"


def abstract(name):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        client.connect("\0" + name)
        client.sendall(b"hello")
        return client.recv(10) != b"", "an abstract socket of the host answered"


def unix(path, say="hello\n", expect=""):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(TIMEOUT)
        client.connect(path)
        client.sendall(say.encode())
        answer = client.recv(4096).decode("utf-8", "replace")
        return bool(answer) and expect in answer, f"answered {answer[:80]!r}"


def vsock():
    """Makes the socket only: whoever is at the other end of a real one is not ours to talk to."""
    with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM):
        return True, "a vsock socket was made"


def socket_family(family):
    with socket.socket(family, socket.SOCK_SEQPACKET if family == 38 else socket.SOCK_RAW):
        return True, f"a socket of family {family} was made"


def interfaces(device):
    """Asks netlink for the interfaces, and looks for the host's."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as client:
        client.settimeout(TIMEOUT)
        get_link, dump = 18, 0x301
        client.send(struct.pack("=IHHII", 32, get_link, dump, 1, 0) + bytes(16))
        return device.encode() in client.recv(65536), f"looked for {device}"


def host_sockets(port):
    """Asks sock_diag for listening TCP sockets, and looks for one of the host's."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as client:
        client.settimeout(TIMEOUT)
        by_family, dump, listening = 20, 0x301, 1 << 10
        body = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 0, 0, listening) + bytes(48)
        client.send(struct.pack("=IHHII", 16 + len(body), by_family, dump, 1, 0) + body)
        seen = client.recv(65536)
        return struct.pack(">H", port) in seen, f"looked for port {port}"


def uevents():
    """Joins the kernel's device events, which no network namespace of its own would hold back."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15) as client:
        client.bind((0, 1))
        return True, "listens to the kernel's device events"
