"""The programs under comparison, each on a TCP port of loopback, with equal duties: allow one host,
take the client's Authorization off, put another one on, keep a log of requests."""

import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time

UNPRIVILEGED = 64123  # squid does not run as root
SQUID_CERTGEN = pathlib.Path("/usr/lib/squid/security_file_certgen")
INJECTED = "Bearer injected-by-the-proxy"


class Unavailable(Exception):
    """A program that cannot be run here, and why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, process, log):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Unavailable(f"it ended at once: {log.read_text()[-400:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Unavailable("it does not listen")


def resident_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def processor_seconds(pid):
    """What a process has used, in its own code and in the kernel."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    """The processes that any of its threads started."""
    return [int(word) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
            for word in (task / "children").read_text().split()]


class Direct:
    """No proxy: what the client and the origin can do on this machine."""

    name = "direct"

    def __init__(self, _folder, setup):
        self.authority = setup.origin_authority.certificate

    def client_options(self):
        return ["--authority", self.authority, "--authorization", INJECTED]

    def pids(self):
        return []

    def stop(self):
        pass


class Proxy:
    """What they have in common: a process, a port, an authority of ours. All stay in this session:
    a scheduler that shares time out by session would favour one that has its own."""

    def __init__(self, folder, setup):
        self.folder, self.setup = folder, setup
        self.folder.mkdir(mode=0o755)
        self.port = free_port()
        self.process = None

    def spawn(self, command, **options):
        log = self.folder / "output"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output, cwd=self.folder, **options)
        wait_for_port(self.port, self.process, log)

    def client_options(self):
        return ["--authority", self.setup.bottle_authority.certificate,
                "--proxy", f"127.0.0.1:{self.port}"]

    def pids(self):
        return [self.process.pid, *children(self.process.pid)]

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Egress(Proxy):
    """botbottle-egress, started as the warden starts it, but listening on TCP like the others."""

    name = "egress"

    def __init__(self, folder, setup):
        super().__init__(folder, setup)
        program = setup.build / "libexec/botbottle/botbottle-egress"
        if not program.exists():
            raise Unavailable(f"{program} is not built")
        self.control, theirs = socket.socketpair()
        with socket.socket() as listener, theirs:
            listener.bind(("127.0.0.1", self.port))
            listener.listen(512)
            audit = os.open(folder / "audit.jsonl", os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            log = os.open(folder / "output", os.O_WRONLY | os.O_CREAT, 0o600)
            self.pid = self._spawn(program, [theirs.fileno(), listener.fileno(), audit], log)
            os.close(audit)
            os.close(log)
        self._start()

    @staticmethod
    def _spawn(program, descriptors, log):
        # Out of the way of 3, 4 and 5 first, whatever numbers they have.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 100) for fd in descriptors]
        actions = [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(high, 3)]
        actions += [(os.POSIX_SPAWN_DUP2, log, 1), (os.POSIX_SPAWN_DUP2, log, 2)]
        try:
            return os.posix_spawn(program, [str(program)], {}, file_actions=actions)
        finally:
            for fd in high:
                os.close(fd)

    def _start(self):
        scheme, token = INJECTED.split(" ", 1)
        bottle = self.setup.bottle_authority
        policy = {
            "schema": "botbottle.policy/1", "revision": 1,
            "routes": [{"host": "localhost", "ports": [self.setup.origin_port],
                        "auth": {"scheme": scheme, "slot": "token"},
                        "ssrf_ip_allowlist": ["127.0.0.0/8", "::1/128"]}],
            "upstream": {"proxy": None,
                         "ca": self.setup.origin_authority.certificate.read_text()}}
        message = {"id": 1, "method": "start", "params": {
            "schema": "botbottle.egress/1", "identity": "bench-00000", "policy": policy,
            "secrets": {"token": token},
            "ca": {"certificate": bottle.certificate.read_text(),
                   "private_key": bottle.key.read_text()}}}
        self.control.sendall(json.dumps(message).encode() + b"\n")
        answer = json.loads(self.control.makefile("rb").readline() or b'{"error": "it ended"}')
        if "error" in answer:
            raise Unavailable(f"it refused to start: {answer['error']}")

    def pids(self):
        return [self.pid]

    def stop(self):
        self.control.close()
        os.waitpid(self.pid, 0)


class Squid(Proxy):
    """squid-openssl with ssl-bump. It decrypts without a look at the origin first: its fastest way,
    and ours; connections to the origin are kept and used again."""

    name = "squid"

    def __init__(self, folder, setup):
        super().__init__(folder, setup)
        program = shutil.which("squid", path="/usr/sbin:/usr/bin")
        if program is None or not SQUID_CERTGEN.exists():
            raise Unavailable("install squid-openssl")
        run_as = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} \
            if os.geteuid() == 0 else {}
        authority = folder / "authority.pem"
        authority.write_text(setup.bottle_authority.key.read_text() +
                             setup.bottle_authority.certificate.read_text())
        settings = folder / "squid.conf"
        settings.write_text(self._settings(authority))
        if run_as:
            for path in (folder, authority):
                os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
        subprocess.run([SQUID_CERTGEN, "-c", "-s", folder / "certificates", "-M", "4MB"],
                       check=True, stdout=subprocess.DEVNULL, **run_as)
        # A service name of its own: names in /dev/shm derive from it.
        self.service = f"bench{os.getpid()}"
        self.spawn([program, "-N", "-n", self.service, "-f", settings], **run_as)

    def _settings(self, authority):
        return f"""
http_port 127.0.0.1:{self.port} ssl-bump generate-host-certificates=on \
dynamic_cert_mem_cache_size=4MB tls-cert={authority}
sslcrtd_program {SQUID_CERTGEN} -s {self.folder}/certificates -M 4MB
sslcrtd_children 2 startup=1 idle=1
ssl_bump bump all
tls_outgoing_options cafile={self.setup.origin_authority.certificate} min-version=1.2
acl origin dstdomain localhost
acl origin_port port {self.setup.origin_port}
http_access deny !origin
http_access deny !origin_port
http_access allow all
request_header_access Authorization deny all
request_header_add Authorization "{INJECTED}" all
via off
forwarded_for delete
cache deny all
access_log stdio:{self.folder}/access.log
buffered_logs on
cache_log {self.folder}/cache.log
pid_filename {self.folder}/pid
coredump_dir {self.folder}
visible_hostname bench.invalid
pinger_enable off
icp_port 0
shutdown_lifetime 0 seconds
"""

    def stop(self):
        super().stop()
        for left in pathlib.Path("/dev/shm").glob(f"{getattr(self, 'service', 'none')}-*"):
            left.unlink()


ADDON = '''
from mitmproxy import http

class Bench:
    def http_connect(self, flow):
        self.check(flow)

    def requestheaders(self, flow):
        self.check(flow)
        flow.request.headers["authorization"] = {injected!r}
        flow.request.stream = True

    def responseheaders(self, flow):
        flow.response.stream = True

    @staticmethod
    def check(flow):
        if (flow.request.host, flow.request.port) != ("localhost", {port}):
            flow.response = http.Response.make(403)

addons = [Bench()]
'''


class Mitmproxy(Proxy):
    """mitmdump, streaming both ways."""

    name = "mitmproxy"

    def __init__(self, folder, setup):
        super().__init__(folder, setup)
        program = shutil.which("mitmdump")
        if program is None:
            raise Unavailable("install mitmproxy")
        (folder / "mitmproxy-ca.pem").write_text(setup.bottle_authority.key.read_text() +
                                                 setup.bottle_authority.certificate.read_text())
        addon = folder / "addon.py"
        addon.write_text(ADDON.format(injected=INJECTED, port=setup.origin_port))
        self.spawn([program, "--quiet", "--listen-host", "127.0.0.1",
                    "--listen-port", str(self.port), "--scripts", addon,
                    "--set", f"confdir={folder}", "--set", "http2=false",
                    "--set", "flow_detail=0", "--set", "connection_strategy=lazy",
                    "--set", f"ssl_verify_upstream_trusted_ca={setup.origin_authority.certificate}"])
