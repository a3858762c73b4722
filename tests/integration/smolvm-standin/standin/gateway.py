"""A machine's network, when it was asked for: the gateway, which is the host's loopback, and whatever else
the policy has. In the machine every address leads to its own loopback: what is allowed is redirected to a
listener, whose other end dials from the host's network; for the rest nobody listens there, and what tried is
written down. Names are not answered."""

import ipaddress
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

GATEWAY, OWN = "100.96.0.1", "100.96.0.2"
NEVER = ("127.0.0.0/8", "169.254.0.0/16", f"{OWN}/32")
SO_ORIGINAL_DST = 80
ETH_P_IP = 0x0800  # of arriving packets only: each is seen once
OPERATIONS = {socket.IPPROTO_TCP: "connect", socket.IPPROTO_UDP: "sendto"}


def allowed(record):
    """What a machine may reach. Without a policy: everything but what NEVER has."""
    found = list(record["allow_cidr"])
    for name in record["allow_host"]:
        try:
            found += {entry[4][0] for entry in socket.getaddrinfo(name, None, socket.AF_INET)}
        except OSError:
            pass  # at a start it only fails closed
    if not found and not record["localhost_only"]:
        found = ["0.0.0.0/0"]
    return [str(ipaddress.ip_network(cidr, strict=False)) for cidr in found if ":" not in cidr]


def administer(*words):
    program = shutil.which(words[0], path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        raise OSError(f"{words[0]} is not installed: the stand-in needs it for a machine with a network")
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip()}")


def make(record):
    """In the machine's new network: (listener, watcher), for `serve` on the host's side."""
    administer("ip", "address", "add", f"{OWN}/30", "dev", "lo")
    administer("ip", "route", "add", "local", "default", "dev", "lo", "src", OWN)
    listener = socket.create_server(("0.0.0.0", 0), backlog=128)
    for cidr in NEVER:
        administer("iptables", "-w", "-t", "nat", "-A", "OUTPUT", "-d", cidr, "-j", "RETURN")
    for cidr in allowed(record):
        administer("iptables", "-w", "-t", "nat", "-A", "OUTPUT", "-p", "tcp", "-d", cidr, "-j", "REDIRECT",
                   "--to-ports", str(listener.getsockname()[1]))
    watcher = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
    return listener, watcher


def wanted(connection):
    """Where it was going before it was redirected."""
    address = connection.getsockopt(socket.IPPROTO_IP, SO_ORIGINAL_DST, 16)
    port, host = struct.unpack(">2xH4s8x", address)
    host = socket.inet_ntoa(host)
    return ("127.0.0.1" if host == GATEWAY else host), port


def denied(packet):
    """(operation, destination) of a packet that leaves for what is not the machine's own, or None."""
    if len(packet) < 20:
        return None
    length, protocol = (packet[0] & 15) * 4, packet[9]
    host = ipaddress.ip_address(packet[16:20])
    own = host in ipaddress.ip_network("127.0.0.0/8") or str(host) == OWN
    if own or protocol not in OPERATIONS or len(packet) < length + 14:
        return None
    flags = packet[length + 13] & 0x12
    if protocol == socket.IPPROTO_TCP and flags != 0x02:  # SYN, and nothing else of a handshake
        return None
    return OPERATIONS[protocol], f"{host}:{struct.unpack('>H', packet[length + 2:length + 4])[0]}"


def watch(watcher, log):
    while True:
        if found := denied(watcher.recv(2048)):
            line = json.dumps({"timestamp": time.time(), "operation": found[0], "dest": found[1]})
            os.write(log, line.encode() + b"\n")


def serve(control, log, relay):
    """In the host's network, and forked before the machine had one of its own. `relay` copies between a
    connection and a socket."""
    _, descriptors, _, _ = socket.recv_fds(control, 1, 2)
    if len(descriptors) != 2:
        return
    listener, watcher = (socket.socket(fileno=fd) for fd in descriptors)
    threading.Thread(target=watch, args=(watcher, log), daemon=True).start()

    def connect(connection):
        with connection, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as host:
            try:
                host.connect(wanted(connection))
            except OSError:
                return
            relay(connection, host)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=connect, args=(connection,), daemon=True).start()
