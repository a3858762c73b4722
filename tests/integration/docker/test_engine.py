"""What may be wrong with an engine, and what a crash leaves."""

import json
import os
import signal
import socket
import threading

from lib import processes

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
        self.product.extra["DOCKER_HOST"] = "tcp://192.0.2.1:2375"
        self.refused("need an engine of this machine")

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


class Leftovers(DockerCase):
    def foreign(self, name, labels):
        made = self.engine.ask("POST", f"/containers/create?name={name}",
                               {"Image": self.engine.base, "Cmd": ["sleep", "60"], "Labels": labels})
        self.addCleanup(self.engine.ask, "DELETE", f"/containers/{made['Id']}?force=1")
        return made["Id"]

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
        self.ok(self.product.run("cleanup", "--yes"))
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
