"""A machine with an internet of its own, made of two network namespaces.

The tests and the product live in the first: the loopback, and one wire. At the wire's other end the
second plays the world: public addresses, a resolver, a metadata service, a private network. So "the
attack reached a public resolver" is something that a positive control can show, and no packet of a
test can leave this machine.
"""

import concurrent.futures
import ctypes
import os
import pathlib
import socket
import struct
import subprocess
import tempfile
import threading

from .host import libc
from .servers import listen

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000

HOST_ADDRESS = "10.77.0.2"
GATEWAY = "10.77.0.1"
HOST_ADDRESS6 = "fd77::2"
GATEWAY6 = "fd77::1"
RESOLVER = "8.8.8.8"
METADATA = "169.254.169.254"
PUBLIC = "93.184.215.14"
PUBLIC6 = "2606:2800:21f:cb07::14"
PRIVATE = "192.168.77.7"


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def run(*command):
    subprocess.run([str(word) for word in command], check=True, capture_output=True)


class Testbed:
    def __init__(self):
        unshare(CLONE_NEWNET | CLONE_NEWNS)
        run("mount", "--make-rprivate", "/")
        self.names = {}    # name -> address, or a function that gives one for each question
        self.queries = []  # names that the resolver was asked for
        self.packets = []  # (protocol, address, port) of packets that left the host
        self._world = concurrent.futures.ThreadPoolExecutor(1)
        self._raise_wire()
        # An empty /run: no service of the machine is in the way, and a test can play one.
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
        self.cover("/etc/resolv.conf", f"nameserver {GATEWAY}\n")
        self.cover("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        for address in (GATEWAY, RESOLVER):
            resolver = self.world(lambda a=address: listen(a, 53, socket.SOCK_DGRAM))
            threading.Thread(target=self._resolve, args=(resolver,), daemon=True).start()
        self._watch()

    def world(self, make):
        """Calls make() in the namespace that plays the world. Sockets stay where they were made."""
        return self._world.submit(make).result()

    def _raise_wire(self):
        def enter():
            unshare(CLONE_NEWNET)
            return threading.get_native_id()
        world = self.world(enter)
        run("ip", "link", "add", "up0", "type", "veth", "peer", "name", "down0")
        run("ip", "link", "set", "down0", "netns", str(world))
        self._configure("up0", HOST_ADDRESS, HOST_ADDRESS6)
        self.world(self._configure_world)
        run("ip", "route", "add", "default", "via", GATEWAY)
        run("ip", "-6", "route", "add", "default", "via", GATEWAY6)
        # ICMP echo without a raw socket, as most distributions allow it.
        pathlib.Path("/proc/sys/net/ipv4/ping_group_range").write_text("0 2147483647")

    @staticmethod
    def _configure(device, address, address6):
        run("ip", "link", "set", "lo", "up")
        run("ip", "addr", "add", f"{address}/24", "dev", device)
        run("ip", "-6", "addr", "add", f"{address6}/64", "dev", device, "nodad")
        run("ip", "link", "set", device, "up")

    def _configure_world(self):
        self._configure("down0", GATEWAY, GATEWAY6)
        for address in (RESOLVER, METADATA, PUBLIC, PRIVATE):
            run("ip", "addr", "add", f"{address}/32", "dev", "lo")
        run("ip", "-6", "addr", "add", f"{PUBLIC6}/128", "dev", "lo", "nodad")

    @staticmethod
    def cover(path, text):
        """Covers a file of the system in this mount namespace only."""
        with tempfile.NamedTemporaryFile("w", delete=False) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        target = pathlib.Path(os.path.realpath(path))
        if not target.exists():  # a link into /run
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()
        run("mount", "--bind", file.name, target)
        os.unlink(file.name)

    def _resolve(self, resolver):
        while True:
            query, peer = resolver.recvfrom(1500)
            try:
                resolver.sendto(self._dns_answer(query), peer)
            except (OSError, IndexError, struct.error):
                pass

    def _dns_answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
            at += 1 + query[at]
        question_end = at + 5
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        self.queries.append(name)
        address = self.names.get(name)
        if callable(address):
            address = address(kind)
        records = []
        if address:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            if kind == (28 if family == socket.AF_INET6 else 1):
                records.append(socket.inet_pton(family, address))
        code = 0 if address else 3
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
        body = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data
                        for data in records)
        return head + query[12:question_end] + body

    def _watch(self):
        everything = 0x0003
        wire = self.world(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                                socket.htons(everything)))
        wire.bind(("down0", 0))
        threading.Thread(target=self._record, args=(wire,), daemon=True).start()

    def _record(self, wire):
        outgoing = 4
        while True:
            frame, source = wire.recvfrom(2048)
            if source[2] == outgoing:
                continue
            packet = destination(frame)
            if packet:
                self.packets.append(packet)


def destination(frame):
    """(protocol, address, port) that a frame is for; None for what only holds the wire together."""
    kind = struct.unpack(">H", frame[12:14])[0]
    if kind == 0x0800:
        header = (frame[14] & 15) * 4
        protocol, address = frame[23], socket.inet_ntop(socket.AF_INET, frame[30:34])
        rest = frame[14 + header:]
    elif kind == 0x86DD:
        protocol, address = frame[20], socket.inet_ntop(socket.AF_INET6, frame[38:54])
        rest = frame[54:]
        if protocol in (0, 58) and address.startswith("ff02:"):
            return None  # neighbour discovery and multicast listener reports of the kernel's own
    else:
        return None
    port = struct.unpack(">H", rest[2:4])[0] if protocol in (6, 17) else 0
    return {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6"}.get(protocol, str(protocol)), address, port
