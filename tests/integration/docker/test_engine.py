"""What may be wrong with an engine, and what a crash leaves."""

import json
import os
import signal
import socket
import subprocess
import threading
import time

from lib import processes, suite
from lib.engine_proxy import EngineProxy
from lib.testbed import RESOLVER

from .harness import DockerCase


class Words(DockerCase):
    def refused(self, *fragments):
        result = self.product.run("run", "--", "true")
        self.assertEqual(result.returncode, 4 if "cannot isolate" in result.stderr else 125,
                         result.stderr)
        for fragment in fragments:
            self.assertIn(fragment, result.stderr)
        self.assertEqual(list((self.product.config / "state").glob("*")), [], "state was left")

    def test_no_engine(self):
        self.product.extra["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
        self.refused("there is no engine at /nonexistent/docker.sock")

    def test_an_engine_elsewhere(self):
        self.product.extra["DOCKER_HOST"] = "ssh://me@there"
        self.refused("is not spoken", "ssh -NL")
        self.product.extra["DOCKER_HOST"] = "tcp://127.0.0.1:9"
        self.refused("no engine answers at tcp://127.0.0.1:9")
        self.product.extra["DOCKER_TLS_VERIFY"] = "1"
        self.refused("behind TLS")

    def test_somebody_elses_engine(self):
        if self.product.account.uid == 0:
            self.skipTest("root may use every socket")
        closed = self.product.root / "closed.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(closed))
            listener.listen()
            os.chmod(closed, 0o600)
            self.product.extra["DOCKER_HOST"] = f"unix://{closed}"
            self.refused("you may not use the engine", "usermod -aG docker")

    def test_what_answers_is_no_engine(self):
        path = self.product.root / "other.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen()
            os.chmod(path, 0o666)
            threading.Thread(target=self._answer, args=(listener,), daemon=True).start()
            self.product.extra["DOCKER_HOST"] = f"unix://{path}"
            self.refused("is no engine")

    @staticmethod
    def _answer(listener):
        try:
            while True:
                connection, _ = listener.accept()
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                connection.close()
        except OSError:
            pass

    def test_doctor_says_what_it_found(self):
        self.product.extra["DOCKER_HOST"] = "unix:///nonexistent/docker.sock"
        result = self.product.run("doctor")
        self.assertEqual(result.returncode, 4)
        self.assertIn("there is no engine", result.stdout + result.stderr)

    def test_doctor_proves_the_isolation(self):
        result = self.ok(self.product.run("doctor", "--json", timeout=120))
        report = json.loads(result.stdout)
        self.assertEqual(report["backend"], "docker")
        self.assertTrue(all(check["ok"] for check in report["checks"]), report["checks"])


class Resolver(DockerCase):
    def restart(self, *arguments):
        self.engine.stop()
        self.engine.arguments = arguments
        self.engine.start()
        self.before |= set(self.engine.pids())

    def test_no_query_reaches_the_engines_resolver(self):
        """What an engine is told of resolvers, a bottle has no way to."""
        self.restart("--dns", RESOLVER, "--dns-search", "canary.example")
        self.addCleanup(self.restart)
        ask = ("import socket, struct, sys\n"
               "def name(n):\n"
               "    try: print(n, socket.getaddrinfo(n, 80))\n"
               "    except OSError as e: print(n, e)\n"
               "name(sys.argv[1] + '.canary.example'); name(sys.argv[1])\n"
               "question = struct.pack('>6H', 7, 0x100, 1, 0, 0, 0) + b''.join("
               "bytes([len(l)]) + l.encode() for l in (sys.argv[1], 'canary', 'example')) + b'\\0\\0\\1\\0\\1'\n"
               "for address in ('127.0.0.11', '127.0.0.1', '127.0.0.53', '" + RESOLVER + "'):\n"
               "    try:\n"
               "        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(0.5)\n"
               "        s.sendto(question, (address, 53)); print(address, s.recv(512))\n"
               "    except OSError as e: print(address, e)\n")
        asked = suite.testbed.queries
        subprocess.run(["python3", "-c", ask, "from-the-host"], check=True, timeout=30, capture_output=True)
        self.assertIn("from-the-host.canary.example", asked, "the control did not get through")
        container = self.engine.ask("POST", "/containers/create", {"Image": self.engine.base,
                                    "Cmd": ["cat", "/etc/resolv.conf"], "HostConfig": {"NetworkMode": "none"}})
        self.engine.ask("POST", f"/containers/{container['Id']}/start")
        self.engine.ask("POST", f"/containers/{container['Id']}/wait")
        told = self.engine.ask("GET", f"/containers/{container['Id']}/logs?stdout=1", parse=False)
        self.assertIn(RESOLVER.encode(), told, "this engine tells its containers of no resolver")
        self.engine.ask("DELETE", f"/containers/{container['Id']}")
        for placement in ("host", "bundle"):
            self.product.extra["BOTBOTTLE_PLACEMENT"] = placement
            inside = self.ok(self.product.run("run", "--", "sh", "-c",
                                              'cat /etc/resolv.conf; python3 -c "$0" in-the-bottle', ask))
            told = {line for line in inside.stdout.splitlines() if line.startswith("nameserver")}
            self.assertLessEqual(told, {"nameserver 127.0.0.1"} if placement == "bundle" else set())
            self.assertIn(RESOLVER, inside.stdout, "the attempts did not run")
        self.assertEqual([name for name in asked if "in-the-bottle" in name], [])


class Many(DockerCase):
    COUNT = 20

    def test_twenty_at_once(self):
        self.ok(self.product.run("run", "--", "true"))  # the image, once
        started = [self.product.popen("run", "--", "sh", "-c", "echo up; exec sleep 600")
                   for _ in range(self.COUNT)]
        bottles = self.product.wait_for_bottles(self.COUNT, 120)
        for process in started:
            self.assertEqual(process.stdout.readline(), "up\n")
        self.assertEqual(len({bottle["identity"] for bottle in bottles}), self.COUNT)
        self.assertEqual(len(self.containers()), self.COUNT)
        egress = [pid for pid in processes.named("botbottle-egress") if pid not in self.before]
        self.assertEqual(len(egress), self.COUNT)
        self.ok(self.product.run("stop", *(bottle["identity"] for bottle in bottles), timeout=120))
        for process in started:
            process.communicate(timeout=30)


class Leftovers(DockerCase):
    def foreign(self, name, labels):
        made = self.engine.ask("POST", f"/containers/create?name={name}",
                               {"Image": self.engine.base, "Cmd": ["sleep", "60"], "Labels": labels})
        self.addCleanup(self.engine.ask, "DELETE", f"/containers/{made['Id']}?force=1")
        return made["Id"]

    def foreign_network(self, name, labels):
        made = self.engine.ask("POST", "/networks/create", {"Name": name, "Driver": "bridge", "Internal": True,
                                                            "Labels": labels})["Id"]
        self.addCleanup(self.engine.ask, "DELETE", f"/networks/{made}")
        return made

    def containers(self):
        return [c for c in super().containers() if "foreign" not in c["Labels"]]

    def test_cleanup_removes_ours_and_nothing_else(self):
        root = str(self.product.config / "state")
        uid = self.product.account.uid
        kept = [self.foreign("botbottle-run-aaaaa", {"foreign": "1"}),
                self.foreign("botbottle-run-bbbbb", {
                    "foreign": "1", "dev.botbottle.identity": "run-bbbbb",
                    "dev.botbottle.owner": f"{uid + 1}:{root}"}),
                self.foreign("other-ccccc", {
                    "foreign": "1", "dev.botbottle.identity": "run-ccccc",
                    "dev.botbottle.owner": f"{uid}:{root}"}),
                self.foreign("botbottle-run-ddddd", {
                    "foreign": "1", "dev.botbottle.identity": "run-ddddd",
                    "dev.botbottle.owner": f"{uid}:/another/home/state"})]
        self.foreign_ours = self.engine.ask(
            "POST", "/containers/create?name=botbottle-run-eeeee",
            {"Image": self.engine.base, "Cmd": ["true"],
             "Labels": {"dev.botbottle.identity": "run-eeeee",
                        "dev.botbottle.owner": f"{uid}:{root}"}})["Id"]
        labels = {"dev.botbottle.identity": "run-fffff", "dev.botbottle.owner": f"{uid}:{root}"}
        volume = self.engine.ask("POST", "/volumes/create", {"Name": "botbottle-run-fffff", "Labels": labels})["Name"]
        self.addCleanup(self.engine.ask, "DELETE", f"/volumes/{volume}")
        network = self.foreign_network("botbottle-run-fffff", labels)
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertIn(volume, [v["Name"] for v in self.engine.ask("GET", "/volumes")["Volumes"]])
        self.assertIn(network, [n["Id"] for n in self.engine.ask("GET", "/networks")])
        ids = {c["Id"] for c in self.engine.containers()}
        self.assertNotIn(self.foreign_ours, ids)
        self.assertLessEqual(set(kept), ids)

    def test_everything_of_ours_killed(self):
        started = self.product.popen("run", "--", "sleep", "600")
        bottle = self.product.wait_for_bottles()[0]
        for name in ("botbottle-warden", "botbottle-egress", "botbottle-session"):
            for pid in processes.named(name):
                os.kill(pid, signal.SIGKILL)
        started.kill()
        started.communicate()
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertFalse(processes.alive(bottle["pids"]["inside"]))
        self.assertEqual(self.product.bottles(), [])


class Trouble(DockerCase):
    """What may go wrong with the engine while a bottle is launched: it is told in words, and nothing is left."""

    def setUp(self):
        super().setUp()
        self.ok(self.product.run("run", "--", "true"))  # the image
        self.happened = threading.Event()
        self.proxy = self.servers(EngineProxy(self.engine, self.product.root / "proxy.sock", self.product.account))
        self.product.extra["DOCKER_HOST"] = self.proxy.address

    def at(self, method, part, happen, once=True):
        """What `happen` returns becomes of the first such request, or of each."""
        def trouble(_proxy, asked, path):
            if (asked, part in path) != (method, True) or (once and self.happened.is_set()):
                return None
            self.happened.set()
            return happen()
        self.proxy.trouble = trouble

    def refused(self, *fragments, code=125):
        done = self.product.run("run", "--", "true")
        self.assertTrue(self.happened.is_set(), self.proxy.asked)
        self.assertEqual(done.returncode, code, done.stderr)
        for fragment in fragments:
            self.assertIn(fragment, done.stderr)
        self.assertTrue(processes.wait_until(lambda: not self.containers(), 10), "a container was left")
        self.assertEqual(self.left_state(), [], "state was left")

    def left_state(self):
        return [path.name for path in (self.product.config / "state").glob("*") if path.suffix != ".lock"]

    def test_it_answers_slowly(self):
        self.at("POST", "/start", lambda: time.sleep(4))
        self.assertEqual(self.ok(self.product.run("run", "--", "echo", "up")).stdout, "up\n")
        self.assertTrue(self.happened.is_set())

    def test_it_breaks_off_once(self):
        """A connection that ends without an answer is made again, and what was asked is asked again."""
        for method, part in (("POST", "/containers/create"), ("POST", "/start"), ("GET", "/containers/")):
            for fate in (EngineProxy.CUT, EngineProxy.ANSWER_LOST):
                with self.subTest(at=part, fate=fate):
                    self.happened.clear()
                    self.at(method, part, lambda fate=fate: fate)
                    self.assertEqual(self.ok(self.product.run("run", "--", "echo", "up")).stdout, "up\n")
                    self.assertTrue(self.happened.is_set())

    def test_it_always_breaks_off(self):
        for part in ("/containers/create", "/start"):
            for fate in (EngineProxy.CUT, EngineProxy.ANSWER_LOST):
                with self.subTest(at=part, fate=fate):
                    self.happened.clear()
                    self.at("POST", part, lambda fate=fate: fate, once=False)
                    self.refused("the engine went away while it was asked (POST /containers/")

    def test_it_hangs(self):
        hanging = threading.Event()
        self.addCleanup(hanging.set)
        self.at("GET", "/containers/", lambda: hanging.wait(60))
        self.refused("did not answer within 10 s", "GET /containers/")

    def test_whoever_waits_for_it_may_go(self):
        hanging = threading.Event()
        self.addCleanup(hanging.set)
        self.at("POST", "/start", lambda: hanging.wait(60) and EngineProxy.CUT)
        waiting = self.product.popen("run", "--", "true")
        self.assertTrue(self.happened.wait(20))
        before = time.monotonic()
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=20)
        self.assertNotEqual(waiting.returncode, 0)
        self.assertLess(time.monotonic() - before, 10)
        self.assertTrue(processes.wait_until(lambda: not self.containers(), 10), "a container was left")
        self.assertEqual(self.left_state(), [])

    def test_it_is_killed_mid_launch_and_cleanup_finds_the_rest(self):
        self.at("POST", "/start", self.engine.kill)
        try:
            done = self.product.run("run", "--", "true")
        finally:
            self.engine.start()
        self.assertIn(done.returncode, (4, 125), done.stderr)
        self.assertIn("the engine went away", done.stderr)
        self.before |= set(self.engine.pids())
        self.assertNotIn("running", [c["State"] for c in self.containers()])
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertEqual(self.containers(), [])
        self.assertEqual(self.ok(self.product.run("run", "--", "echo", "again")).stdout, "again\n")


class Restart(DockerCase):
    def test_the_engine_goes_and_comes_back(self):
        started = self.product.popen("run", "--", "sleep", "600")
        identity = self.product.wait_for_bottles()[0]["identity"]
        self.engine.stop()
        try:
            self.assertNotEqual(started.wait(30), 0)
            started.communicate()
            refused = self.product.run("run", "--", "true")
            self.assertNotEqual(refused.returncode, 0)
            self.assertIn("engine", refused.stderr)
            self.ok(self.product.run("list"))
        finally:
            self.engine.start()
        self.ok(self.product.run("cleanup", "--yes"))
        self.assertNotIn(identity, [b["identity"] for b in self.product.bottles()])
        self.ok(self.product.run("run", "--", "true"))
