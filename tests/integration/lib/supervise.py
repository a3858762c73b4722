"""What the tests of proposals share: an upstream that a bottle may not reach yet, and the operator."""

import json
import re
import subprocess
import tempfile
import threading

from . import certificates, processes, servers
from .upstream_proxy import UpstreamProxy

HOST = "wanted.example.com"
ASK = {"host": HOST, "methods": ["GET"], "justification": "the task needs the list of releases"}


def proposal_id(text):
    """The id in whatever an agent was told."""
    found = re.search(r"p-[a-z0-9]{8}", text)
    if not found:
        raise AssertionError(f"no proposal's id in {text!r}")
    return found.group()


class Operator:
    """Decides with the command line, in JSON, as a script would."""

    def __init__(self, product):
        self.product = product

    def call(self, *arguments, code=0, **options):
        done = self.product.run("supervise", *arguments, "--no-input", **options)
        if done.returncode != code:
            raise AssertionError(f"supervise {arguments}: {done.returncode}\n"
                                 f"{done.stdout}{done.stderr}")
        return done

    def waiting(self):
        return json.loads(self.call("list", "--json").stdout)["proposals"]

    def show(self, proposal):
        return json.loads(self.call("show", proposal, "--json").stdout)

    def approve(self, proposal, *arguments, **options):
        return self.call("approve", proposal, "--yes", *arguments, **options)

    def reject(self, proposal, reason, **options):
        return self.call("reject", proposal, "--reason", reason, **options)

    def ask(self, *arguments):
        """A command that may ask: see Said."""
        return self.product.popen("supervise", *arguments, stdin=subprocess.PIPE)


class Said:
    """What a command says on stderr while it asks, and the answers to it."""

    def __init__(self, process):
        self.process, self.text = process, ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while piece := self.process.stderr.read(1):
            self.text += piece

    def wait_for(self, words):
        if not processes.wait_until(lambda: words in self.text, 20):
            raise AssertionError(f"{words!r} was never said:\n{self.text}")

    def answer(self, word):
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


def wanted_upstream(case, product):
    """HOST over TLS behind a proxy, as settings; its requests are recorded."""
    folder = tempfile.TemporaryDirectory(prefix="bb-wanted-")
    case.addCleanup(folder.cleanup)
    authority = certificates.Authority(folder.name)
    certificate = product.write("wanted.pem", authority.certificate.read_text())

    def respond(_request, send):
        send(servers.answer(b"releases\n", "200 OK", "text/plain"))
    upstream = servers.HttpServer(servers.listen("127.0.0.1"), respond, authority.context(HOST))
    proxy = UpstreamProxy({(HOST, 443): ("127.0.0.1", upstream.port)})
    case.servers(upstream, proxy)
    product.settings(f"egress:\n  upstream_proxy: {proxy.url}\n  upstream_ca: {certificate}\n")
    return upstream
