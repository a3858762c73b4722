"""Bundle placement: nothing is shared with the engine, which may be on another machine."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile

from git_gate.case import GitCase
from git_gate.unchanged import Unchanged
from lib import canary, certificates, processes, servers, suite
from lib.claude import Bash, Say
from lib.engine import RemoteEngine
from lib.terminal import Terminal
from lib.testbed import GATEWAY
from lifecycle.kept import KeptCase

from .harness import DockerCase, DockerClaudeCase, OnDocker

HOST, TOKEN = "api.example.com", "bundle-canary-" + "5ecret" * 8
_remote = None


def remote_engine():
    """One for all tests of this file."""
    global _remote
    if _remote is None:
        _remote = RemoteEngine(suite.options.account, suite.testbed, GATEWAY)
        suite.also_close(_remote)
    return _remote


class Bundled:
    def choose_backend(self):
        super().choose_backend()
        self.product.extra["BOTBOTTLE_PLACEMENT"] = "bundle"


class Remote:
    """The same, with nothing said of the placement: over TCP there is one."""

    def find_engine(self):
        return remote_engine()


class Requests(Bundled, DockerCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="bb-api-")
        self.addCleanup(folder.cleanup)
        authority = certificates.Authority(folder.name)
        certificate = self.product.write("authority.pem", authority.certificate.read_text())
        address = "93.184.215.40"
        suite.testbed.world(lambda: subprocess.run(["ip", "addr", "replace", f"{address}/32", "dev", "lo"], check=True))
        suite.testbed.names[HOST] = address
        self.api = servers.HttpServer(suite.testbed.world(lambda: servers.listen(address, 443)),
                                      context=authority.context(HOST))
        self.servers(self.api)
        self.product.settings(f"egress:\n  upstream_ca: {certificate}\n")
        self.product.extra["API_TOKEN"] = TOKEN
        self.product.bottle("dev", f"egress:\n  routes:\n    - host: {HOST}\n      path_allowlist: [/v1]\n"
                                   "      auth: {scheme: Bearer, token_ref: API_TOKEN}\n")

    def run_in_bottle(self, *command, code=0, **options):
        done = self.product.run("run", "--bottle", "dev", "--", *command, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    ASK = ("import sys, urllib.request, urllib.error\n"
           "for url in sys.argv[1:]:\n"
           "    try: print(urllib.request.urlopen(url, timeout=20).status)\n"
           "    except urllib.error.HTTPError as e: print(e.code, e.read().decode())\n"
           "    except OSError as e: print('none', e)\n")

    def test_what_is_allowed_gets_its_credential_and_nothing_else_goes_out(self):
        done = self.run_in_bottle("python3", "-c", self.ASK, f"https://{HOST}/v1/x", f"https://{HOST}/v2",
                                  "https://other.example.com/")
        allowed, path, host = [line for line in done.stdout.splitlines() if line[0].isdigit() or line[:4] == "none"]
        self.assertEqual(allowed, "200")
        self.assertIn("path", path + done.stdout)
        self.assertNotEqual(host, "200")
        self.assertEqual([(r.target, r.header("authorization")) for r in self.api.requests],
                         [("/v1/x", f"Bearer {TOKEN}")])
        self.assertNotIn(TOKEN, done.stdout + done.stderr)

    def test_a_direct_way_there_is_none_and_no_name_is_asked_for(self):
        asked = suite.testbed.queries
        before = len(asked)
        script = ("cat /etc/resolv.conf; ls /sys/class/net 2>&1; cat /proc/net/dev | tail -n +3 | cut -d: -f1; "
                  "getent hosts canary.example.com; python3 -c \"import socket\nfor a in (('93.184.215.40', 443), "
                  "('10.77.0.1', 2375), ('172.17.0.1', 53), ('127.0.0.11', 53), ('127.0.0.1', 53)):\n"
                  " try: socket.create_connection(a, 2); print('reached', a)\n"
                  " except OSError as e: print('blocked', e)\"")
        done = self.run_in_bottle("sh", "-c", script)
        self.assertNotIn("reached", done.stdout)
        self.assertEqual(done.stdout.count("blocked"), 5)
        self.assertEqual({line for line in done.stdout.splitlines() if line.startswith("nameserver")}
                         - {"nameserver 127.0.0.1"}, set())
        self.assertEqual([n for n in asked[before:] if "canary" in n], [])
        interfaces = [line.strip() for line in done.stdout.splitlines() if line.strip() in ("lo", "eth0")]
        self.assertEqual(interfaces, ["lo"])

    def test_the_engine_sees_no_secret(self):
        started = self.product.popen("run", "--bottle", "dev", "--", "sleep", "600")
        bottle = self.product.wait_for_bottles()[0]
        container = self.container()
        host = container["HostConfig"]
        self.assertEqual(host["NetworkMode"], "none")
        self.assertEqual([bind for bind in host.get("Binds") or [] if bind.startswith("/")], [])
        self.assertEqual({m["Type"] for m in container["Mounts"]}, {"volume"})
        needles = canary.spellings("the token", TOKEN)
        shown = str(container) + str(self.engine.ask("GET", f"/images/{container['Image']}/history"))
        self.assertFalse([n for n in needles.values() if n.decode("latin-1") in shown])
        found = []
        for pid in processes.in_same_pid_namespace(container["State"]["Pid"]):
            found += canary.in_memory(pid, needles)
        for name in (*self.engine.PROGRAMS, "botbottle-tether"):
            for pid in processes.named(name):
                found += canary.in_memory(pid, needles)
        found += canary.in_bottle_files(container["State"]["Pid"], needles)
        for part in self.engine.RECORDS:
            found += canary.in_files(self.engine.folder / part, needles)
        self.assertEqual(found, [])
        self.ok(self.product.run("stop", bottle["identity"]))
        started.communicate(timeout=20)
        self.assertTrue(processes.wait_until(lambda: not self.engine.ask("GET", "/volumes")["Volumes"], 10),
                        "volumes were left")


class RemoteRequests(Remote, Requests):
    test_the_engine_sees_no_secret = None  # it sees the same of both, and searching memories takes long

    def setUp(self):
        super().setUp()
        del self.product.extra["BOTBOTTLE_PLACEMENT"]

    def test_placement_host_is_refused(self):
        done = self.product.run("run", "--placement", "host", "--", "true")
        self.assertEqual(done.returncode, 4, done.stderr)
        self.assertIn("on another machine", done.stderr)


class Life(Bundled, DockerCase):
    def started(self, *command):
        process = self.product.popen("run", "--", *(command or ("sleep", "600")))
        return process, self.product.wait_for_bottles()[0]

    def inside(self):
        return self.container()["State"]["Pid"]

    def sh(self, script, code=0, **options):
        done = self.product.run("run", "--", "sh", "-c", script, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def test_what_a_session_is_given_and_gives(self):
        self.assertEqual(self.sh("cat; echo said; echo wrong >&2; exit 7", code=7, input="typed\n"), "typed\nsaid\n")
        self.assertEqual(self.sh("kill -9 $$", code=137), "")
        size = 3_000_000
        self.assertEqual(len(self.sh(f"head -c {size} /dev/zero | tr '\\0' x")), size)
        self.assertEqual(self.sh("wc -c", input="y" * size).strip(), str(size))
        out = self.sh("id -u; pwd; touch /workspace/a ~/b && echo written; touch /etc/x /usr/x 2>&1; env")
        self.assertIn("1000\n/workspace\nwritten\n", out)
        self.assertEqual(out.count("Read-only file system"), 2)

    def test_the_root_is_bare(self):
        out = self.sh("ls -A /run/botbottle /tmp; touch /run/botbottle/x 2>&1; cat /etc/passwd /etc/hostname; "
                      "ls -ld /etc/botbottle /etc/ssl/certs; grep -c Seccomp_filters /proc/self/status; "
                      "grep -E 'NoNewPrivs|CapEff|Seccomp:|Seccomp_filters' /proc/self/status")
        self.assertNotIn(".sock", out)
        self.assertIn("Read-only file system", out)
        self.assertIn("agent:x:1000:1000", out)
        self.assertEqual(out.count("drwxr-xr-x 2 root root"), 2)
        self.assertIn("NoNewPrivs:\t1", out)
        self.assertIn("CapEff:\t0000000000000000", out)
        self.assertIn("Seccomp_filters:\t2", out)

    def test_exec_list_stop(self):
        process, bottle = self.started()
        done = self.ok(self.product.run("exec", bottle["identity"], "--", "cat", "/proc/1/comm"))
        self.assertEqual(done.stdout, "botbottle-relay\n")
        self.ok(self.product.run("stop", bottle["identity"], "--grace", "5"))
        process.communicate(timeout=20)
        self.assertEqual(processes.named("botbottle-tether"), [])

    def test_a_stop_asks_first_and_does_not_wait_for_more(self):
        process, bottle = self.started("sh", "-c", "trap 'echo asked; exit 3' TERM; sleep 600 & wait")
        before = os.times().elapsed
        self.ok(self.product.run("stop", bottle["identity"], "--grace", "30"))
        self.assertLess(os.times().elapsed - before, 20)
        out, _ = process.communicate(timeout=20)
        self.assertIn("asked", out)

    def ends_when(self, kill):
        process, bottle = self.started()
        pid = self.inside()
        kill(pid)
        self.assertTrue(processes.wait_until(lambda: not processes.alive(pid), 15), "the container lives on")
        process.communicate(timeout=30)
        self.assertTrue(processes.wait_until(lambda: not processes.named("botbottle-egress"), 10))
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(self.product.bottles(), [])

    def test_it_ends_with_its_tether(self):
        self.ends_when(lambda pid: [os.kill(p, signal.SIGKILL) for p in processes.named("botbottle-tether")])

    def test_it_ends_with_its_anchor(self):
        self.ends_when(lambda pid: [os.kill(p, signal.SIGKILL) for p in processes.named("botbottle-anchor")])

    def test_it_ends_with_its_relay(self):
        self.ends_when(lambda pid: os.kill(pid, signal.SIGKILL))

    def test_other_backends_have_no_placement(self):
        done = self.product.run("run", "--backend", "bubblewrap", "--placement", "bundle", "--", "true")
        self.assertEqual(done.returncode, 4)
        self.assertIn("no choice of it", done.stderr)

    def test_doctor_proves_the_isolation(self):
        report = json.loads(self.ok(self.product.run("doctor", "--placement", "bundle", "--json", timeout=120)).stdout)
        self.assertTrue(all(check["ok"] for check in report["checks"]), report["checks"])


class Agent(Bundled, DockerClaudeCase):
    script = (Bash("echo made > from-agent.txt; ln -s /etc/passwd out; mkfifo pipe; cat brought.txt"),
              Say("the file is written"))

    def test_a_turn_what_it_changed_comes_home_and_it_resumes(self):
        brought = self.product.write("work/brought.txt", "brought by the operator\n")
        os.chmod(brought, 0o640)
        result = self.ok(self.start("--prompt", "write the file"))
        self.assertEqual(self.events(result)[-1]["result"], "the file is written")
        self.assertIn(b"brought by the operator", self.api.model_calls[-1].body)
        for request in self.api.requests:
            self.assertEqual(request.header("authorization"), f"Bearer {self.token}", request.target)
        identity = self.metadata()["identity"]
        self.assertEqual(self.ok(self.product.run("diff", identity, "--name-only")).stdout.split(),
                         ["A", "from-agent.txt"])
        kept = pathlib.Path(self.metadata()["workspace"])
        self.assertFalse((kept / "out").is_symlink() or (kept / "pipe").exists())
        self.assertEqual((kept / "brought.txt").stat().st_mode & 0o777, 0o640)
        before = len(self.api.model_calls)
        self.ok(self.product.run("resume", identity, "--yes", "--prompt", "once more", timeout=90))
        self.assertGreater(len(self.api.model_calls), before)
        self.assertIn(b"write the file", self.api.model_calls[-1].body, "the conversation is gone")


class RemoteAgent(Remote, Agent):
    pass


class Git(Bundled, OnDocker, Unchanged, GitCase):
    pass


class Kept(Bundled, OnDocker, KeptCase):
    def test_holes_stay_holes(self):
        identity = self.change("truncate -s 200M empty; echo end >> empty")
        kept = self.product.config / "state" / identity / "workspace"
        info = (kept / "empty").stat()
        self.assertEqual(info.st_size, (200 << 20) + 4)
        self.assertLess(info.st_blocks * 512, 1 << 20)


class OnATerminal(Bundled, DockerCase):
    def test_sizes_detaching_and_going_back(self):
        image = self.product.write("image/Dockerfile", "ARG BASE\nFROM ${BASE}\n")
        self.product.bottle("dev", "agent_provider:\n  template: command\n  command: sh\n"
                                   f"  headless_arguments: [-c]\n  dockerfile: {image}\n")
        self.product.agent("shell", "bottle: dev\n")
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment)
        self.addCleanup(screen.close)
        screen.line("botbottle start shell --yes; echo en''ded with $?")
        screen.wait_for(r"^\$ ?$", 40)
        screen.line("stty size; echo on-$(tty)")
        screen.wait_for(r"^40 120\non-/dev/pts/\d", 10)
        screen.resize(100, 30)
        screen.line("sleep 0.2; stty size")
        screen.wait_for(r"^30 100$", 10)
        screen.keys("C-]", "d")
        screen.wait_for("botbottle attach", 10)
        identity = self.product.bottles()[0]["identity"]
        screen.line(f"clear; botbottle attach {identity}; echo en''ded with $?")
        screen.type("echo back again")
        screen.keys("Enter")
        screen.wait_for(r"^back again", 20)
        screen.type("exit 4")
        screen.keys("Enter")
        screen.wait_for(r"ended with 4", 20)
