"""From prepare to remove, and what a bottle is in between."""

import os
import pathlib
import shutil
import socket
import stat
import subprocess
import threading
import time
import unittest

from lib import no_user_namespaces, processes

from .harness import Backend, BottleCase, account, becoming_account, needs_root, prefix

NO_USER_NAMESPACES = str(pathlib.Path(no_user_namespaces.__file__).resolve())


class Life(BottleCase):
    def test_from_prepare_to_remove(self):
        bottle = self.prepared()
        self.assertEqual(bottle.prepared["guest"]["workspace"], "/workspace")
        self.assertEqual(bottle.prepared["host_paths"]["workspace"], str(bottle.workspace))
        self.assertEqual(bottle.prepared["warnings"], [])
        (bottle.workspace / "before").write_text("launch")

        bottle.launch()
        self.assertEqual(bottle.output("cat before"), "launch")
        self.assertEqual(bottle.list()["running"], True)
        self.assertEqual(bottle.list()["pid"], bottle.pid)
        fields = processes.stat_fields(bottle.pid)
        self.assertEqual(int(fields[19]), bottle.launched["start_time"])

        self.assertEqual(bottle.stop(), {"stopped": True})
        self.assertFalse(processes.alive(bottle.pid))
        self.assertEqual(bottle.stop(), {"stopped": True})
        self.assertIsNone(bottle.list())
        bottle.call("remove")
        self.assertFalse(bottle.home.exists())
        self.assertEqual(self.leftovers(), [])
        self.assertEqual(bottle.stop(), {"stopped": True})

    def test_two_bottles_do_not_see_each_other(self):
        first, second = self.bottle(), self.bottle()
        first.output("sleep 1000 >/dev/null 2>&1 & echo x > /tmp/first; echo x > /dev/shm/first")
        seen = second.output("cat /proc/[0-9]*/comm || true; ls /tmp /dev/shm /workspace /home/agent")
        self.assertNotIn("sleep", seen)
        self.assertNotIn("first", seen)
        first.stop()
        self.assertEqual(second.output("echo still here"), "still here\n")

    def test_a_second_launch_is_refused(self):
        bottle = self.bottle()
        self.refused("already_running", bottle.launch)
        self.assertEqual(bottle.output("echo fine"), "fine\n")

    def test_it_starts_again_with_what_it_had(self):
        bottle = self.bottle()
        bottle.output("echo kept > /home/agent/file")
        bottle.stop()
        bottle.prepare().launch()
        self.assertEqual(bottle.output("cat /home/agent/file"), "kept\n")

    def test_stop_ends_what_ignores_everything(self):
        bottle = self.bottle()
        bottle.output("trap '' TERM HUP INT; (while :; do sleep 0.1; done) >/dev/null 2>&1 &")
        began = time.monotonic()
        bottle.stop(300)
        self.assertLess(time.monotonic() - began, 3)
        self.assertFalse(processes.alive(bottle.pid))

    def test_stop_gives_time_to_end(self):
        bottle = self.bottle()
        session = bottle.attach("python3", "-c", """
import signal, time
def end(*_):
    time.sleep(0.2)
    print("bye")
    raise SystemExit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(1000)
""").start()
        self.assertEqual(session.process.stdout.readline(), b"ready\n")
        bottle.stop(5000)
        self.assertEqual(session.run(), (0, b"bye\n", b""))

    def test_without_its_runtime_directory(self):
        """Which a logout takes away, and a cleaner of /tmp."""
        bottle = self.bottle()
        shutil.rmtree(bottle.runtime)
        error = self.refused("out_of_reach", bottle.attach, "true")
        self.assertIn(str(bottle.runtime), str(error))
        self.assertTrue(processes.alive(bottle.pid))
        self.assertEqual(bottle.stop(), {"stopped": True})
        self.assertFalse(processes.alive(bottle.pid))

    def test_cleaners_of_tmp_leave_it_alone(self):
        """By the sticky bit on files; what is in the bottle's own trees is not marked."""
        bottle = self.bottle()
        entry = {"type": "file", "mode": "0644", "content": "x"}
        source = self.folder / "source"
        source.write_text("x")
        bottle.call("copy_in", entries=[
            {**entry, "path": "/etc/botbottle/ca.pem"}, {**entry, "path": "/workspace/file"},
            {"type": "file", "mode": "0644", "path": "/etc/botbottle/b", "source": str(source)}])
        files = [path for path in bottle.runtime.rglob("*")
                 if path.is_file() and not path.is_symlink()]
        self.assertGreater(len(files), 8)
        self.assertEqual([path for path in files if not path.stat().st_mode & stat.S_ISVTX], [])
        self.assertEqual((bottle.workspace / "file").stat().st_mode & 0o7777, 0o644)

    def test_a_damaged_record_hides_no_process(self):
        bottle = self.bottle()
        (bottle.runtime / "backend.json").write_text("{")
        bottle.stop()
        self.assertFalse(processes.alive(bottle.pid))

    def test_a_stopped_relay_is_killed(self):
        bottle = self.bottle()
        os.kill(bottle.pid, 19)
        began = time.monotonic()
        bottle.stop(0)
        self.assertLess(time.monotonic() - began, 10)
        self.assertFalse(processes.alive(bottle.pid))


class Inside(BottleCase):
    def test_who_it_runs_as(self):
        bottle = self.bottle()
        guest, owner = bottle.prepared["guest"], bottle.prepared["owner"]
        self.assertEqual(bottle.output("id -u; id -un; id -G"),
                         f"{guest['uid']}\nagent\n{guest['gid']}\n")
        status = bottle.output("cat /proc/self/status")
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertIn(f"{name}:\t0000000000000000\n", status)
        self.assertIn("NoNewPrivs:\t1\n", status)
        self.assertIn("Seccomp:\t2\n", status)
        bottle.output("touch /workspace/made")
        self.assertEqual((bottle.workspace / "made").stat().st_uid, owner["uid"])
        if account().uid == 0:
            self.assertGreaterEqual(owner["uid"], 0x78000000)
            self.assertIn("CapBnd:\t0000000000000000\n", status)
        else:
            self.assertEqual(owner["uid"], account().uid)
        for pid in bottle.processes():
            uids = pathlib.Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[:4]
            self.assertEqual(set(uids), {str(owner["uid"])})

    def test_what_it_can_write(self):
        bottle = self.bottle()
        for path in ("/tmp", "/var/tmp", "/run", "/dev/shm", "/home/agent", "/workspace"):
            bottle.output(f"touch {path}/x && rm {path}/x")
        for path in ("/", "/usr", "/etc", "/home", "/opt", "/dev", "/run/botbottle", "/proc",
                     "/run/botbottle/sockets", "/var"):
            self.assertNotEqual(bottle.sh(f"touch {path}/x")["exit_code"], 0, path)
        self.assertNotEqual(bottle.sh("mv /run/botbottle /run/other")["exit_code"], 0)
        self.assertNotEqual(bottle.sh("rm /dev/ptmx")["exit_code"], 0)
        self.assertNotEqual(bottle.sh("echo x > /proc/sys/kernel/hostname")["exit_code"], 0)

    def test_what_it_can_see(self):
        bottle = self.bottle()
        names = set(bottle.output("ls -A /").split())
        self.assertEqual(names - {"bin", "sbin", "lib", "lib32", "lib64", "libx32"},
                         {"dev", "etc", "home", "opt", "proc", "run", "tmp", "usr", "var",
                          "workspace"})
        self.assertEqual(bottle.output("ls /home"), "agent\n")
        self.assertEqual(bottle.output("cat /etc/hosts"), "127.0.0.1 localhost bottle\n")
        self.assertNotIn("resolv.conf", bottle.output("ls /etc"))
        self.assertEqual(bottle.output("hostname"), "bottle\n")
        interfaces = bottle.output("cat /proc/net/dev").splitlines()[2:]
        self.assertEqual([line.split(":")[0].strip() for line in interfaces], ["lo"])
        self.assertNotEqual(bottle.sh("cat /proc/keys")["exit_code"], 0)
        self.assertEqual(bottle.output("ls /proc/1/root/ 2>/dev/null || echo closed"), "closed\n")

    def test_programs_of_the_host_work(self):
        bottle = self.bottle()
        bottle.output("awk 'BEGIN { exit 0 }'")  # by /etc/alternatives
        bottle.output("git init -q /workspace/r && cd /workspace/r && git -c user.name=a"
                      " -c user.email=a@b commit -q --allow-empty -m x && git gc -q")
        bottle.output("python3 -c 'import ssl, subprocess, multiprocessing, socket;"
                      "socket.getaddrinfo(\"localhost\", 80); subprocess.run([\"true\"]);"
                      "multiprocessing.Pool(2).map(abs, [1])'")

    def test_forwarded_ports(self):
        bottle = self.prepared()
        server = socket.socket(socket.AF_UNIX)
        path = bottle.sockets / "egress.sock"
        server.bind(str(path))
        server.listen()
        owner = bottle.prepared["owner"]
        if os.geteuid() == 0:
            os.chown(path, owner["uid"], owner["gid"])

        def answer():
            client, _ = server.accept()
            data = b""
            while piece := client.recv(65536):
                data += piece
            client.sendall(data[::-1])
            client.close()

        thread = threading.Thread(target=answer)
        thread.start()
        bottle.launch()
        printed = bottle.python(
            "import socket; s = socket.create_connection(('127.0.0.1', 9099));"
            "s.sendall(b'abc'); s.shutdown(socket.SHUT_WR); print(s.recv(9))")
        thread.join()
        self.assertEqual(printed["stdout"], "b'cba'\n", printed)
        server.close()
        # With nobody behind it the connection ends at once.
        printed = bottle.python("import socket;"
                                "s = socket.create_connection(('127.0.0.1', 9099), 5);\n"
                                "try: print(s.recv(9))\nexcept ConnectionError: print(b'')")
        self.assertEqual(printed["stdout"], "b''\n", printed)

    def test_the_limit_of_processes(self):
        bottle = self.bottle(limits={"pids": 40, "memory": 1 << 30, "cpus": 1})
        self.assertEqual(len(bottle.prepared["warnings"]), 2)
        count = bottle.python("import os, time\nn = 0\ntry:\n"
                              "  while n < 200:\n    if os.fork() == 0: time.sleep(1000)\n"
                              "    n += 1\nexcept BlockingIOError: print(n)")
        self.assertLess(int(count["stdout"]), 40, count)
        # The host's client still gets through, and so does the end.
        self.assertEqual(bottle.stop(0), {"stopped": True})


class RootOfAContainer(BottleCase):
    """Root, but of a user namespace that has no other users: nobody to become."""

    @needs_root
    def test_it_is_like_the_user_behind_it(self):
        if account().uid == 0:
            self.skipTest("needs an ordinary account behind it")
        self.backend.close()
        self.backend = Backend(self.folder, [*becoming_account(), "unshare", "--user",
                                             "--map-root-user"])
        bottle = self.unprepared()
        bottle.prepare()
        self.assertEqual(bottle.prepared["owner"], {"uid": 0, "gid": 0})
        account().own(bottle.sockets)
        bottle.launch()
        self.assertEqual(bottle.output("id -u"), "1000\n")
        bottle.output("touch /workspace/x")
        self.assertEqual((bottle.workspace / "x").stat().st_uid, account().uid)
        self.assertEqual(bottle.stop(), {"stopped": True})


class Program(BottleCase):
    def package(self):
        """A program as npm installs it: a link in .bin into a package."""
        package = self.folder / "app/node_modules/@acme/tool"
        (package / "bin").mkdir(parents=True)
        (package / "package.json").write_text("{}")
        (package / "bin/tool").write_text('#!/bin/sh\necho "tool of $(dirname "$(dirname '
                                          '"$(readlink -f "$0")")")" && ls "$(dirname '
                                          '"$(readlink -f "$0")")"/..\n')
        (package / "bin/tool").chmod(0o755)
        links = self.folder / "app/node_modules/.bin"
        links.mkdir()
        (links / "tool").symlink_to("../@acme/tool/bin/tool")
        subprocess.run(["chmod", "-R", "go+rX", str(self.folder / "app")], check=True)
        return links / "tool"

    def test_a_package_is_seen_and_nothing_beside_it(self):
        bottle = self.bottle(command={"name": "tool", "path": str(self.package())})
        printed = bottle.output("tool")
        self.assertIn("package.json", printed)
        self.assertEqual(bottle.output("command -v tool"), "/opt/agent/bin/tool\n")
        self.assertNotEqual(bottle.sh("touch /opt/agent/x")["exit_code"], 0)
        self.assertNotEqual(bottle.sh(f"ls {self.folder}")["exit_code"], 0)

    def test_a_program_that_is_not_there(self):
        missing = {"name": "tool", "path": str(self.folder / "nothing")}
        self.refused("program_not_found", self.prepared, command=missing)

    def test_a_bind_that_would_show_botbottle_itself(self):
        package = self.folder / "node_modules/tool"
        package.mkdir(parents=True)
        (package / "package.json").write_text("{}")
        (package / "tool").write_text("#!/bin/sh\n")
        (package / "tool").chmod(0o755)
        command = {"name": "tool", "path": str(package / "tool")}
        self.prepared(command=command)
        bottle = self.unprepared()
        bottle.about["state_dir"] = str(package / "state")
        (package / "state").mkdir()
        self.refused("program_exposes_host", bottle.prepare, command=command)


class Probe(BottleCase):
    def probe(self):
        return self.backend.call("probe", libexec_dir=str(prefix() / "libexec/botbottle"))

    def test_it_tries(self):
        began = time.monotonic()
        found = self.probe()
        self.assertLess(time.monotonic() - began, 2)
        self.assertTrue(found["usable"], found)
        self.assertEqual({check["name"] for check in found["checks"]},
                         {"installation", "bwrap", "namespaces", "network", "seccomp",
                          "capabilities"})

    def test_it_says_what_is_missing(self):
        found = self.backend.call("probe", libexec_dir=str(self.folder))
        self.assertFalse(found["usable"])
        self.assertIn("is missing", found["checks"][0]["message"])


class WithoutNamespaces(BottleCase):
    """On a host that gives its users none."""

    @needs_root
    def test_it_says_which_switch_and_the_command_that_mends_it(self):
        if account().uid == 0:
            self.skipTest("root needs no user namespace")
        bottle = self.prepared()
        self.backend.close()
        self.backend = Backend(self.folder, ["/usr/bin/python3", NO_USER_NAMESPACES,
                                             *becoming_account()])
        found = self.backend.call("probe", libexec_dir=str(prefix() / "libexec/botbottle"))
        failed = [check for check in found["checks"] if not check["ok"]]
        self.assertFalse(found["usable"])
        self.assertEqual([check["name"] for check in failed], ["namespaces"])
        error = self.refused("cannot_isolate", bottle.launch)
        for hint in (failed[0]["hint"], error.hint):
            self.assertEqual(hint, "sudo sysctl -w user.max_user_namespaces=15000")
        self.assertIsNone(bottle.list())


if __name__ == "__main__":
    unittest.main()
