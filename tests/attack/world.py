"""What the attempts are aimed at: an internet with hosts that the bottle may reach and hosts that it
may not, services of the host, another bottle, and files that carry canaries."""

import os
import pathlib
import secrets
import socket
import subprocess
import sys
import tempfile
import threading

from lib import certificates, processes, servers, smolvm, suite, testbed as addresses
from lib.host import libc
from lib.product import Home

# The public servers' addresses. Each is an address of the testbed's own world.
ALLOWED, OTHER = addresses.PUBLIC, "93.184.215.15"
REBOUND = "93.184.215.16"
OWN = "93.184.215.17"  # a public address of the machine itself, on which something listens
PROBED6 = "2606:4700:4700::1111"  # where botbottle-probe looks for IPv6

OPEN_PATH = "/open/"

# host -> what the bottle's file says of it besides its name
ROUTES = {
    "allowed.example.com": {"path_allowlist": f"[{OPEN_PATH}]",
                            "auth": "{scheme: Bearer, token_ref: ATTACK_TOKEN}"},
    "key.example.com": {"auth": "{scheme: header, name: x-api-key, token_ref: ATTACK_TOKEN}"},
    "bare.example.com": {},
    "echo.example.com": {"auth": "{scheme: Bearer, token_ref: ATTACK_TOKEN}"},
    "methods.example.com": {"methods": "[GET]"},
    "plain.example.com": {"ports": "[80]"},
    "te.example.com": {}, "cl.example.com": {}, "last.example.com": {},
    "redirect.example.com": {},
    "wrong.example.com": {}, "stranger.example.com": {}, "expired.example.com": {},
    "private.example.com": {"ports": "[80]"}, "metadata.example.com": {"ports": "[80]"},
    "loop.example.com": {"ports": "[80]"}, "loop6.example.com": {"ports": "[80]"},
    "mapped.example.com": {"ports": "[80]"}, "unique.example.com": {"ports": "[80]"},
    "rebind.example.com": {"ports": "[80]"}, "own.example.com": {"ports": "[80]"},
}


# What the routes of provider-claude and provider-codex open.
PROVIDER_HOSTS = ("api.anthropic.com", "chatgpt.com", "api.openai.com")


class Lenient(servers.HttpServer):
    """Reads requests the way careless servers do: that is what smuggling lives on. By the host's
    name, a body is framed by Transfer-Encoding, by the first or by the last Content-Length."""

    def serve(self, connection):
        connection = self.context.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as reader:
            while request := self._read(reader, connection):
                request.server_name = connection.asked_for
                self.requests.append(request)
                connection.sendall(servers.answer())

    @staticmethod
    def _read(reader, connection):
        line = reader.readline(65536).decode("latin-1").strip()
        if not line:
            return None
        method, target = (line.split(" ") + ["", ""])[:2]
        headers = []
        while line := reader.readline(65536).decode("latin-1").strip("\r\n"):
            if line[0] in " \t" and headers:  # an obsolete fold
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        request = servers.Request(method, target, headers, b"")
        lengths = [v for n, v in headers if n.lower() == "content-length"]
        encodings = [v for n, v in headers if n.lower() == "transfer-encoding"]
        if connection.asked_for.startswith("te.") and any("chunked" in v for v in encodings):
            request.body = servers.read_chunks(reader)
        elif lengths:
            which = lengths[-1 if connection.asked_for.startswith("last.") else 0]
            request.body = reader.read(int(which.split(",")[0].strip().lstrip("+")))
        return request


class World:
    def __init__(self, testbed, account, prefix):
        self.testbed, self.account, self.prefix = testbed, account, prefix
        self.token = "attack-canary-" + secrets.token_hex(24)
        self.session = "attack-session-" + secrets.token_hex(24)  # what an origin gives whom it knows
        self.marker = "attack-marker-" + secrets.token_hex(16)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bba-", dir="/tmp"))
        account.own(self.folder)
        self._lay_files()
        self._raise_internet()
        self._raise_host_services()

    # ---- the internet

    def _raise_internet(self):
        bed = self.testbed
        self.authority = certificates.Authority(self.folder)
        stranger_folder = self.folder / "stranger"
        stranger_folder.mkdir()
        stranger = certificates.Authority(stranger_folder, "a stranger")
        for address in (OTHER, REBOUND, PROBED6):
            bed.world(lambda a=address: subprocess.run(
                ["ip", "addr", "add", f"{a}/{128 if ':' in a else 32}", "dev", "lo"], check=True))

        def tls(address, port, *names, authority=self.authority, kind=servers.HttpServer, **more):
            context = authority.context(*names)
            return kind(bed.world(lambda: servers.listen(address, port)), context=context, **more)

        def clear(address, port, **more):
            return servers.HttpServer(bed.world(lambda: servers.listen(address, port)), **more)

        self.allowed = tls(ALLOWED, 443, "allowed.example.com", "key.example.com",
                           "bare.example.com", "methods.example.com", "echo.example.com",
                           "redirect.example.com", *PROVIDER_HOSTS, respond=self._answer)
        self.allowed_elsewhere = tls(ALLOWED, 8443, "allowed.example.com")
        self.plain = clear(ALLOWED, 80)
        self.other = tls(OTHER, 443, "other.example.com")
        self.other_plain = clear(OTHER, 80)
        self.lenient = tls("93.184.215.14", 444, "te.example.com", "cl.example.com",
                           "last.example.com", kind=Lenient)
        self.wrong = tls(REBOUND, 443, "someone-else.example.com")
        self.stranger = tls(REBOUND, 444, "stranger.example.com", authority=stranger)
        self.expired = servers.HttpServer(
            bed.world(lambda: servers.listen(REBOUND, 445)),
            context=self.authority.expired_context("expired.example.com"))
        self.metadata = clear(addresses.METADATA, 80)
        self.private = clear(addresses.PRIVATE, 80)
        self.unique = clear(addresses.GATEWAY6, 80)
        self.public6 = clear(addresses.PUBLIC6, 80)
        self.host_loop = servers.HttpServer(servers.listen("127.0.0.1", 80))
        subprocess.run(["ip", "addr", "add", f"{OWN}/32", "dev", "lo"], check=True)
        self.own = servers.HttpServer(servers.listen(OWN, 80))
        self.host_loop6 = servers.HttpServer(servers.listen("::1", 80))
        self.rebound = clear(REBOUND, 80)
        self.probed6 = clear(PROBED6, 443)
        self.echo_tcp = {where: servers.EchoServer(bed.world(lambda a=where: servers.listen(a, 7)))
                         for where in (ALLOWED, addresses.PUBLIC6, addresses.PRIVATE,
                                       addresses.GATEWAY)}
        self.echo_udp = {where: servers.DatagramEcho(bed.world(
            lambda a=where: servers.listen(a, 7, socket.SOCK_DGRAM)))
            for where in (ALLOWED, addresses.PUBLIC6)}

        bed.names.update({name: ALLOWED for name in (
            "allowed.example.com", "key.example.com", "bare.example.com", "methods.example.com",
            "echo.example.com", "redirect.example.com", "plain.example.com", "te.example.com",
            "cl.example.com", "last.example.com", *PROVIDER_HOSTS)})
        bed.names.update({
            "other.example.com": OTHER, "example.com": ALLOWED,
            "wrong.example.com": REBOUND, "stranger.example.com": REBOUND,
            "expired.example.com": REBOUND,
            "private.example.com": addresses.PRIVATE, "metadata.example.com": addresses.METADATA,
            "loop.example.com": "127.0.0.1", "loop6.example.com": "::1",
            "mapped.example.com": "::ffff:127.0.0.1", "unique.example.com": addresses.GATEWAY6,
            "rebind.example.com": self._rebind, "own.example.com": OWN,
        })
        self.rebinds = 0

    def _rebind(self, kind):
        """Public when it is looked at, the host's own loopback when it is looked at again."""
        if kind != 1:
            return None
        self.rebinds += 1
        return REBOUND if self.rebinds % 2 else "127.0.0.1"

    def _answer(self, request, send):
        if request.server_name == "redirect.example.com" and request.target.startswith("/to?"):
            send(servers.answer(b"", "302 Found",
                                extra=[f"Location: {request.target.partition('?')[2]}"]))
        elif request.server_name == "echo.example.com":
            lines = [request.method] + [f"{n}: {v}" for n, v in request.headers]
            send(servers.answer("\n".join(lines).encode(), extra=[
                "X-Echo: " + request.header("authorization"),
                f"Set-Cookie: session={self.session}; Secure; HttpOnly",
                f"sEt-cOOkie: again={self.session}", f"Set-Cookie2: session={self.session}; Version=1"]))
        else:
            send(servers.answer())

    @property
    def recorders(self):
        return [self.allowed, self.allowed_elsewhere, self.plain, self.other, self.other_plain,
                self.lenient, self.wrong, self.stranger, self.expired, self.metadata, self.private,
                self.unique, self.public6, self.host_loop, self.host_loop6, self.rebound,
                self.own]

    def requests_with(self, needle):
        """Every request that any server got and that holds the needle anywhere."""
        found = []
        for server in self.recorders:
            for request in server.requests:
                text = " ".join([request.method, request.target,
                                 *(f"{n}: {v}" for n, v in request.headers)])
                if needle in text or needle.encode() in request.body:
                    found.append(request)
        return found

    # ---- the host

    def _lay_files(self):
        for name, mode in (("secret-file", 0o600), ("open-file", 0o644)):
            path = self.folder / name
            path.write_text(self.marker + "\n")
            path.chmod(mode)
            self.account.own(path)
        self.secret_file = str(self.folder / "secret-file")

    def _raise_host_services(self):
        self.loop_tcp = servers.EchoServer(servers.listen("127.0.0.1"))
        self.loop_tcp6 = servers.EchoServer(servers.listen("::1"))
        self.loop_udp = servers.DatagramEcho(servers.listen("127.0.0.1", 0, socket.SOCK_DGRAM))
        self.loop_udp_port = self.loop_udp.bound.getsockname()[1]
        self.outer_tcp = servers.EchoServer(servers.listen(addresses.HOST_ADDRESS))
        self.abstract_name = "botbottle-attack-" + secrets.token_hex(4)
        self.abstract = self._unix("\0" + self.abstract_name)
        # The testbed's /run is empty: an engine's socket can be played there.
        pathlib.Path("/run/botbottle/sockets").mkdir(parents=True)
        self.engines = [self._unix(path) for path in (
            "/run/docker.sock", "/run/botbottle/sockets/egress.sock")]
        self.file_socket = str(self.folder / "host.sock")
        self.named = self._unix(self.file_socket)
        self.segment_key, self.segment = self._share_memory()
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(3600)", self.marker],
            **self.account.popen_arguments())

    @staticmethod
    def _share_memory():
        key, create = secrets.randbits(30), 0o1000
        segment = libc.shmget(key, 4096, create | 0o666)
        return key, segment

    @staticmethod
    def _unix(path):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(path)
        listener.listen(16)
        if not path.startswith("\0"):
            os.chmod(path, 0o666)
        served = threading.Thread(target=_echo_forever, args=(listener,), daemon=True)
        served.start()
        return listener

    def close(self):
        self.process.kill()
        self.process.wait()
        remove = 0
        libc.shmctl(self.segment, remove, None)
        subprocess.run(["rm", "-rf", str(self.folder)], check=False)


def _echo_forever(listener):
    while True:
        connection, _ = listener.accept()
        try:
            connection.settimeout(2)
            connection.sendall(connection.recv(4096) or b"hello")
        except OSError:
            pass
        finally:
            connection.close()


class Bottle:
    """A running bottle, in which attempts are run one by one: with every route of ROUTES unless
    `front` says otherwise."""

    GUEST_WORKSPACE = "/workspace"

    def __init__(self, world, backend, name="attack", front=None, **variables):
        self.world, self.backend = world, backend
        self.home = Home(world.prefix, world.account)
        self.home.extra.update(ATTACK_TOKEN=world.token, **variables)
        if backend == "docker":
            self.home.extra.update(suite.engine().environment)
        self.home.extra.update(suite.placement())
        self.smolvm = smolvm.Smolvm(self.home, world.account) if backend == "smolmachines" else None
        self.home.settings(f"backend: {backend}\negress:\n  upstream_ca: {world.authority.certificate}\n")
        self.home.bottle(name, front or front_matter())
        self._fill_workspace()
        self.started = self.launch(name)
        self.identity, self.pid = self._wait()

    def launch(self, name):
        return self.home.popen("run", "--bottle", name, "--cwd", "--", "sleep", "3600")

    def _fill_workspace(self):
        here = pathlib.Path(__file__).resolve().parent
        for source in (here / "inside").glob("*.py"):
            self.home.write(f"work/{source.name}", source.read_text(), 0o644)
        probe = self.world.prefix / "libexec/botbottle/botbottle-probe"
        target = self.home.work / "botbottle-probe"
        target.write_bytes(probe.read_bytes())
        target.chmod(0o755)
        self.world.account.own(target)
        self.home.write("work/note", "a note\n")
        (self.home.work / "link-out").symlink_to(self.world.secret_file)
        (self.home.work / "link-up").symlink_to("../../../../../../../../../etc/shadow")
        os.mkfifo(self.home.work / "fifo")
        for name in ("link-out", "link-up", "fifo"):
            os.chown(self.home.work / name, self.world.account.uid, self.world.account.gid,
                     follow_symlinks=False)

    def _wait(self):
        def running():
            if self.started.poll() is not None:
                raise AssertionError(f"the bottle did not start:\n{self.started.stderr.read()}")
            for bottle in self.home.bottles():
                if bottle["sessions"]:
                    return bottle["identity"], bottle["pids"]["inside"]
            return None
        found = processes.wait_until(running, 20, 0.1)
        if not found:
            raise AssertionError("the bottle did not come up in 20 s")
        return found

    def run(self, *command, timeout=40):
        return self.home.run("exec", self.identity, "--", *command, timeout=timeout)

    def copied(self, name):
        """Where the host keeps the workspace's copy of that file."""
        return str(next((self.home.config / "state" / self.identity).rglob(name)))

    @property
    def runtime(self):
        """The host's directory with this bottle's sockets."""
        return self.home.runtime / "botbottle" / self.identity

    @property
    def session_socket(self):
        """Where the host reaches the relay: in the directory of a backend that has one of its own."""
        own = self.runtime / self.backend
        return (own if own.exists() else self.runtime) / "session.sock"

    def stop(self):
        stopped = self.home.run("stop", self.identity)
        try:
            self.started.wait(15)
        except subprocess.TimeoutExpired:
            self.started.kill()
            raise AssertionError("the command did not end with its bottle") from None
        return stopped

    def close(self):
        if self.started.poll() is None:
            self.started.kill()
        if self.smolvm:
            self.smolvm.close()
        self.home.close()


def front_matter():
    lines = ["egress:", "  routes:"]
    for host, keys in ROUTES.items():
        ports = {"te.example.com": "[444]", "cl.example.com": "[444]", "last.example.com": "[444]",
                 "stranger.example.com": "[444]", "expired.example.com": "[445]"}.get(host)
        lines.append(f"    - host: {host}")
        lines += [f"      {key}: {value}" for key, value in keys.items()]
        if ports:
            lines.append(f"      ports: {ports}")
    return "\n".join(lines) + "\n"

