"""What an agent tries against the gate instead of pushing: the key, other paths, broken requests."""

from lib import processes

from .case import GitCase, clone, commit

# Sends bytes to the gate's port in the bottle; prints the status line of what comes back.
SEND = r"""python3 - <<'PY'
import socket, sys
def ask(data, finish=True):
    with socket.create_connection(("127.0.0.1", 9420), 20) as s:
        s.sendall(data)
        if finish: s.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := s.recv(65536): answer += piece
    return answer.split(b"\r\n")[0].decode()
%s
PY
"""


# 64 threads; each sends a request to its end. Prints the status of each, or "none".
MANY = r"""python3 - <<'PY'
import os, socket, threading
HEAD = b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-git-receive-pack-request\r\n"
MB = os.urandom(1 << 20)
def chunks(count, size=1 << 20):
    for _ in range(count):
        yield b"%x\r\n" % size + MB[:size] + b"\r\n"
def kinds():
    yield [HEAD + b"Content-Length: 20000000\r\n\r\n"] + [MB] * 19                  # truncated
    yield [HEAD + b"Content-Length: 99000000\r\n\r\n"] + [MB] * 4                    # oversized, and says so
    yield [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks(80)]                # oversized, and does not
    yield [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks(3), b"zz\r\n"]     # no chunk
    yield [HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"f" * 4000000]              # a chunk's size without end
    yield [HEAD + b"X: " + b"a" * 2000000 + b"\r\n\r\n"]                              # a field without end
    yield [MB * 4]                                                                    # no HTTP at all
    yield [HEAD + b"Content-Length: 8\r\n\r\n", b"ffffPACK"]                          # no pkt-line
def one(pieces):
    answer = b""
    try:
        with socket.create_connection(("127.0.0.1", 9420), 60) as s:
            try:
                for piece in pieces: s.sendall(piece)
                s.shutdown(socket.SHUT_WR)
            except OSError: pass
            while len(answer) < 4096 and (more := s.recv(4096)): answer += more
    except OSError: pass
    words = answer.split()
    return words[1].decode() if len(words) > 1 and words[0].startswith(b"HTTP/") else "none"
said = []
def client(number):
    said.append(one(list(kinds())[number % 8]))
threads = [threading.Thread(target=client, args=(number,)) for number in range(64)]
for each in threads: each.start()
for each in threads: each.join()
print(*said)
PY
"""


class Key(GitCase):
    def test_it_is_nowhere_in_the_bottle_or_on_the_host(self):
        self.declare()
        secret = self.upstream.key.read_text().split()[5][:40]
        bottle = self.started()
        self.execute(bottle, clone(self.upstream.url()) + commit() + "git push -q origin main")
        found = self.execute(bottle, f"""
            env | grep -c '{secret}' || :
            cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -c '{secret[:20]}[^ ]' || :
            grep -rIl '{secret[:12]}{secret[12:]}' ~ /tmp /etc /run 2>/dev/null | wc -l""")
        self.assertEqual(found.split()[0], "0")
        self.assertEqual(found.split()[-1], "0")
        for pid in processes.descendants():
            for name in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{name}", "rb") as file:
                        text = file.read()
                except OSError:
                    continue
                if name == "environ" or b"grep" not in text:
                    self.assertNotIn(secret.encode(), text, f"{pid} {name}")
        for folder in (self.product.config, self.product.runtime):
            for path in folder.rglob("*"):
                if path.is_file():
                    self.assertNotIn(secret.encode(), path.read_bytes(), path)

    def test_it_opens_nothing_else(self):
        """The mirror's directory is not in the bottle, and no other repo is behind the port."""
        self.upstream.repo("private")
        self.declare()
        out = self.inside("git ls-remote http://127.0.0.1:9420/private.git || echo refused; "
                          f"ls {self.product.config} 2>&1 || :; ssh -o BatchMode=yes -p {self.upstream.port} "
                          "127.0.0.1 true || echo refused")
        self.assertEqual(out.splitlines().count("refused"), 2, out)


class Requests(GitCase):
    def test_malformed_requests_get_their_answers(self):
        self.declare()
        rows = [
            (b"GET /project.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n", "200"),
            (b"GET /other.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /project.git/../hooks/pre-receive HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /%2e%2e/project.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /project.git/HEAD HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /project.git/config HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /project.git/info/refs HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"GET /project.git/info/refs?service=git-upload-archive HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
            (b"PUT /project.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "405"),
            (b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"),
            (b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: NaN\r\n\r\n", "400"),
            (b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "413"),
            (b"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
             b"Transfer-Encoding: chunked\r\n\r\n", "400"),
            (b"nonsense\r\n\r\n", "400"),
            (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
        ]
        script = "\n".join(f"print(ask({request!r}))" for request, _ in rows)
        out = self.inside(SEND % script)
        got = [line.split()[1] for line in out.splitlines() if line.startswith("HTTP/")]
        self.assertEqual(got, [status for _, status in rows], out)

    def test_refs_cannot_be_written_directly(self):
        """A receive-pack request by hand goes through the same hook."""
        self.declare()
        before = self.upstream.refs()
        zero, head = "0" * 40, before["refs/heads/main"]
        for ref in ("refs/replace/" + head, "refs/botbottle/x", "HEAD"):
            line = f"{zero} {head} {ref}\0report-status side-band-64k object-format=sha1"
            body = f"{len(line) + 4:04x}{line}0000".encode() + b"PACK\0\0\0\2\0\0\0\0" + bytes.fromhex(
                "029d08823bd8a8eab510ad6ac75c823cfd3ed31e")
            request = (f"POST /project.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: "
                       f"application/x-git-receive-pack-request\r\nContent-Length: {len(body)}\r\n\r\n").encode()
            out = self.inside(SEND % (f"ask(b'GET /project.git/info/refs?service=git-receive-pack HTTP/1.1\\r\\n"
                                      f"Host: x\\r\\n\\r\\n'); print(ask({request + body!r}))"))
            self.assertIn("HTTP/1.1 200", out)
            mirrors = list(self.product.config.rglob("project.git"))
            for mirror in mirrors:
                self.assertNotIn(ref.encode() if ref != "HEAD" else b"\xff", b"".join(
                    str(p.relative_to(mirror)).encode() for p in mirror.rglob("refs/*/*")))
        self.assertEqual(self.upstream.refs(), before)

    def test_memory_is_bounded_whatever_64_clients_send(self):
        """Malformed, oversized, chunked without an end, truncated, and never ended: all at once."""
        self.declare(rules="max_push_size: 64M")
        bottle = self.started()
        self.execute(bottle, clone(self.upstream.url()))
        gate, = self.gate_pids()
        refs, before = self.upstream.refs(), self.memory(gate)
        out = self.execute(bottle, MANY)
        statuses = out.split()
        self.assertEqual(len(statuses), 64, out)
        # Bad HTTP is told so; bad git gets git's own answer, which is a 200 with words.
        self.assertLessEqual(set(statuses), {"200", "400", "413", "431", "500", "none"}, out)
        for status in ("400", "413", "431"):
            self.assertIn(status, statuses)
        self.assertEqual(self.upstream.refs(), refs)
        died = [line for line in self.product.run("logs", bottle, "--json").stdout.splitlines() if "sidecar_died" in line]
        self.assertEqual(died, [])
        self.assertLess(self.memory(gate), 64, f"{before:.0f} MiB before")
        self.execute(bottle, "cd ~/project; " + commit() + "git push -q origin main")
        self.assertTrue(processes.wait_until(
            lambda: [processes.name(pid) for pid in processes.descendants() if processes.name(pid).startswith("git")] == [],
            30, 0.1), "gits are left")

    @staticmethod
    def memory(pid):
        """The most that it ever had, in MiB."""
        with open(f"/proc/{pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024

    def test_64_clients(self):
        self.declare()
        out = self.inside("""cd ~; for i in $(seq 64); do
            (git ls-remote -q http://127.0.0.1:9420/project.git main | cut -f2 > o$i) & done; wait
            cat o* | sort | uniq -c""")
        self.assertEqual(out.split(), ["64", "refs/heads/main"])
