"""The stand-in keeps the contract, row by row (the numbers are its table's). The same cases run against
a real smolvm where there is one."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import unittest

from lib import processes, smolvm
from lib.terminal import Terminal

from .harness import ContractCase

standin_only = unittest.skipIf(smolvm.is_real(), "the stand-in's own switches")


class Usage(ContractCase):
    @standin_only
    def test_1_version(self):
        self.assertEqual(self.smol("--version").stdout, "smolvm 1.9.3\n")
        self.smolvm.switch(version="1.8.0")
        self.assertEqual(self.smol("--version").stdout, "smolvm 1.8.0\n")

    def test_2_help_names_the_flags(self):
        for command, flag in (("create", "--mount-socket"), ("create", "--label"), ("exec", "--secret-env"),
                              ("start", "--name")):
            self.assertIn(flag, self.smol("machine", command, "--help").stdout)

    @standin_only
    def test_2_flags_follow_the_version(self):
        self.assertNotIn("--user", self.smol("machine", "exec", "--help").stdout)
        self.smolvm.switch(version="1.14.5")
        self.assertIn("--user", self.smol("machine", "exec", "--help").stdout)
        self.smolvm.switch(version="1.9.3", missing_flags=["--label"])
        self.assertNotIn("--label", self.smol("machine", "create", "--help").stdout)
        self.refused("machine", "create", "--name", "x", "--label", "a=b", says="unexpected argument", code=2)

    def test_3_no_positional_name(self):
        self.refused("machine", "create", "one", says="unexpected argument 'one'", code=2)
        self.assertEqual(self.smolvm.machines(), [])

    def test_4_usage_errors(self):
        for words in (("create", "--name", "x", "--no-such-flag"), ("create", "--from", "p", "--image", "i.tar"),
                      ("create", "--from", "p", "--smolfile", "s"),
                      ("exec", "--name", "x", "-d", "-i", "--", "true"), ("exec", "-n", "x", "--", "true"),
                      ("exec", "--name", "x", "--timeout", "0s", "--", "true")):
            self.refused("machine", *words, says="error:", code=2)


class Create(ContractCase):
    def test_5_create(self):
        done = self.create("one", "--label", "owner=test", "--cpus", "2", "--mem", "512")
        self.assertEqual(done.stdout.splitlines()[:2], ["Created machine: one", "  CPUs: 2, Memory: 512 MiB"])
        self.assertEqual((self.machine()["state"], self.machine()["labels"]), ("created", {"owner": "test"}))

    def test_6_a_name_is_taken_once(self):
        self.create()
        self.refused("machine", "create", "--name", "one", "--image", smolvm.archive(),
                     says="config operation failed: create machine: machine 'one' already exists or is being created")

    def test_7_names(self):
        for name in ("a--b", "a-", "-a", "a.b", "a/b", "ä", "a" * 129):
            done = self.smol("machine", "create", f"--name={name}", "--image", smolvm.archive(), code=1)
            self.assertIn("Error: config operation failed: create machine: machine name ", done.stderr)
        self.assertEqual(self.smolvm.machines(), [])

    def test_8_mounts(self):
        work, file = self.product.work, self.product.write("work/file", "x")
        for text, says in (
                ("/no/such:/x", "mount source not found: /no/such"),
                (f"{file}:/x", "mount operation failed: validate host path: source path on host must be a directory "
                               f"(virtiofs limitation): {file}"),
                ("/etc:/x", "mount operation failed: validate host path: source path on host is a protected system "
                            "path and cannot be mounted: /etc"),
                (f"{work}:x", "mount operation failed: validate guest path: target path on guest should be an "
                              "absolute directory: x"),
                ("nothing", "invalid mount path: invalid format 'nothing' (expected host:guest[:ro|:rw])")):
            self.refused("machine", "create", "--name", "x", "--image", smolvm.archive(), "-v", text, says=says)
        self.refused("machine", "create", "--name", "x", "--image", smolvm.archive(), "-v", f"{work}:/x", "-v",
                     f"{work}:/x", says="mount operation failed: validate mounts: duplicate mount target: /x is "
                                        "specified more than once")

    def test_9_ports(self):
        self.refused("machine", "create", "--name", "x", "-p", "0", code=2,
                     says="port 0 is not valid for VM port forwarding")
        self.refused("machine", "create", "--name", "x", "-p", "abc", code=2, says="invalid")
        self.refused("machine", "create", "--name", "x", "--image", smolvm.archive(), "-p", "9000:1", "-p", "9000:2",
                     says="config operation failed: validate ports: duplicate host port 9000: each host port can only "
                          "be mapped once")

    def test_10_mounted_sockets(self):
        for text, says in (
                ("nothing", "config operation failed: mount-socket: expected HOST_PATH:GUEST_PATH, got 'nothing'"),
                ("/a:b", "config operation failed: publish-socket: guest path 'b' must be absolute")):
            self.refused("machine", "create", "--name", "x", "--image", smolvm.archive(), "--mount-socket", text,
                         says=says)
        self.smol("machine", "create", "--name", "x", "--image", smolvm.archive(), "--mount-socket", "/a:/b;c",
                  code=1)
        self.refused("machine", "create", "--name", "x", "--image", smolvm.archive(), "--mount-socket", "/a:/b",
                     "--mount-socket", "/c:/b",
                     says="config operation failed: mount-socket: guest path '/b' is mounted more than once")

    def test_11_hosts(self):
        for name in ("a.example:443", "no-such-host.invalid"):
            done = self.smol("machine", "create", "--name", "x", "--image", smolvm.archive(), "--allow-host", name,
                             code=1)
            self.assertIn("config operation failed: --allow-host: ", done.stderr)

    def test_12_a_registry_needs_a_network(self):
        done = self.smol("machine", "create", "--name", "x", "--image", "debian:12", code=1)
        self.assertIn("docker save", done.stderr)

    @standin_only
    def test_13_from_drops_workdir_and_secrets(self):
        done = self.smol("machine", "create", "--name", "x", "--from", smolvm.archive(), "-w", "/usr", "--secret-env",
                         "A=B")
        self.assertIn("Extracting .smolmachine assets...", done.stdout)
        self.smol("machine", "start", "--name", "x")  # B is not set
        self.assertEqual(self.execute("pwd", name="x").stdout, "/\n")


class Life(ContractCase):
    def test_14_15_16_start(self):
        self.product.write("work/mounted", "yes")
        self.create("one", "-v", f"{self.product.work}:/mnt/w", "--init", "echo once >> /opt/init")
        done = self.smol("machine", "start", "--name", "one")
        self.assertEqual(done.stderr, "Starting machine 'one' with 1 mount(s)...\n")
        self.assertRegex(done.stdout, r"^Machine 'one' running \(PID: \d+\)\n$")
        self.assertEqual(self.execute("cat", "/opt/init", "/mnt/w/mounted").stdout, "once\nyes")
        again = self.smol("machine", "start", "--name", "one")
        self.assertRegex(again.stdout, r"^Machine 'one' already running \(PID: \d+\)\n$")
        self.smol("machine", "stop", "--name", "one")
        later = self.smol("machine", "start", "--name", "one")
        self.assertIn("Init already completed, skipping 1 command(s)", later.stderr)
        self.assertEqual(self.execute("cat", "/opt/init").stdout, "once\n")
        self.refused("machine", "start", "--name", "none", says="vm not found: none")

    def test_17_a_port_of_a_running_machine(self):
        self.start("one", "-p", "45123:80")
        self.create("two", "-p", "45123:80")
        done = self.smol("machine", "start", "--name", "two", code=1)
        self.assertIn("config operation failed: start machine: host port 45123 is already in use by running machine "
                      "'one'", done.stderr)

    def test_18_init_fails(self):
        self.create("one", "--init", "echo no >&2; exit 3")
        done = self.smol("machine", "start", "--name", "one", code=1)
        self.assertIn("Error: agent operation failed: init: init[0] failed (exit 3)", done.stderr)
        self.assertEqual(self.machine()["state"], "stopped")

    @standin_only
    def test_19_never_ready(self):
        self.create()
        self.smolvm.switch(start_timeout=True)
        done = self.smol("machine", "start", "--name", "one", code=1)
        self.assertEqual(done.stderr.splitlines()[-1], "Error: agent did not become ready within 30 seconds")
        self.assertEqual(self.machine()["state"], "failed")

    def test_43_stop(self):
        self.start()
        self.assertEqual(self.smol("machine", "stop", "--name", "one").stdout,
                         "Stopping machine 'one'...\nStopped machine: one\n")
        self.assertEqual(self.smol("machine", "stop", "--name", "one").stdout,
                         "Machine 'one' is not running (state: stopped)\n")
        self.refused("machine", "stop", "--name", "none", says="vm not found: none")

    def test_44_45_46_delete(self):
        self.start()
        place = pathlib.Path(self.smol("machine", "data-dir", "-n", "one").stdout.strip())
        asked = self.smol("machine", "delete", "-n", "one")
        self.assertEqual((asked.stdout.splitlines()[-1], asked.stderr), ("Cancelled", "Delete machine 'one'? [y/N] "))
        self.assertEqual(self.machine()["state"], "stopped")
        self.assertEqual(self.smol("machine", "delete", "-n", "one", "-f").stdout,
                         "Cleaning up data directory for vm: one\nDeleted machine: one\n")
        self.assertFalse(place.exists())
        self.refused("machine", "delete", "-n", "one", "-f", says="vm not found: one")

    def test_47_48_status_is_of_the_living_process(self):
        self.assertEqual(self.smol("machine", "ls", "--json").stdout.strip(), "[]")
        self.start()
        machine = json.loads(self.smol("machine", "status", "-n", "one", "--json").stdout)
        self.assertEqual((machine["state"], machine["network"]), ("running", False))
        running = threading.Thread(target=lambda: got.append(self.smolvm.run(
            "machine", "exec", "--name", "one", "-i", "--", "sleep", "60")), daemon=True)
        got = []
        running.start()
        processes.wait_until(lambda: self.execute("sh", "-c", "pgrep -x sleep | wc -l").stdout.strip() == "2", 10)
        os.kill(machine["pid"], signal.SIGKILL)
        running.join(10)
        self.assertEqual(got[0].returncode, 1)
        self.assertIn("connection to VM lost", got[0].stderr)
        self.assertIn(self.machine()["state"], ("stopped", "unreachable"))
        self.refused("machine", "status", "-n", "no", "--json",
                     says="config operation failed: machine status: machine 'no' not found")

    def test_49_egress_events(self):
        self.create()
        self.assertEqual(self.smol("machine", "egress-events", "-n", "one", "--json").stdout.strip(), "[]")

    @standin_only
    def test_50_every_call_is_recorded(self):
        self.smol("machine", "ls")
        last = self.smolvm.calls()[-1]
        self.assertEqual(last["argv"], ["smolvm", "machine", "ls"])
        self.assertIn("HOME", last["env"])


class Exec(ContractCase):
    def setUp(self):
        super().setUp()
        self.product.extra["FROM_HOST"] = "a host's word"
        self.start("one", "-e", "RECORD=kept", "-w", "/usr")

    def test_20_22_input_and_output(self):
        script = "cat; echo out; echo err >&2; exit 3"
        plain = self.execute("sh", "-c", script, code=3, input="unseen")
        self.assertEqual((plain.stdout, plain.stderr), ("out\n", "err\n"))
        live = self.execute("sh", "-c", script, code=3, flags=["-i"], input="seen ")
        self.assertEqual((live.stdout, live.stderr), ("seen out\n", "err\n"))

    def test_21_the_cap(self):
        done = self.execute("head", "-c", str(12 << 20), "/dev/zero", code=1)
        self.assertIn("Error: ", done.stderr)
        uncapped = self.execute("sh", "-c", f"head -c {12 << 20} /dev/zero | tr '\\0' x", flags=["-i"], input="")
        self.assertEqual(len(uncapped.stdout), 12 << 20)

    def test_23_a_terminal(self):
        screen = Terminal(self.product.account, str(self.product.root), self.product.environment, 90, 20)
        try:
            screen.line("smolvm machine exec --name one -i -t -- sh -c "
                        "'tty; echo $TERM; stty size; read x; stty size; exit 5'; echo co''de $?")
            screen.wait_for(r"^/dev/pts/\d+\s+xterm-256color\s+20 90$")
            screen.resize(70, 25)
            time.sleep(0.3)
            screen.keys("Enter")
            screen.wait_for(r"^25 70$")
            screen.wait_for(r"^code 5$")
        finally:
            screen.close()

    def test_24_25_26_codes(self):
        self.execute("sh", "-c", "kill -TERM $$", code=143)
        late = self.execute("sleep", "9", code=124, flags=["--timeout", "1s"])
        self.assertEqual(late.stderr, "command timed out after 1000ms\n")
        self.execute("/no/such/program", code=255)

    def test_27_28_nothing_runs(self):
        self.smol("machine", "stop", "--name", "one")
        self.refused("machine", "exec", "--name", "one", "--", "true",
                     says="agent operation failed: connect: machine 'one' is not running. Use 'smolvm machine start "
                          "--name one' first.")
        self.refused("machine", "exec", "--name", "none", "--", "true", says="vm not found: none")

    def test_29_30_31_32_33_environment(self):
        seen = self.execute("env", flags=["-e", "FROM_HOST", "-e", "UNSET_HERE", "-e", "GIVEN=1"]).stdout
        names = {line.partition("=")[0] for line in seen.splitlines()}
        self.assertEqual(names, {"PATH", "HOME", "RECORD", "FROM_HOST", "GIVEN"})
        self.assertIn("FROM_HOST=a host's word", seen)
        self.refused("machine", "exec", "--name", "one", "--secret-env", "G=UNSET_HERE", "--", "true",
                     says="config operation failed: resolve secret 'G': env_unset")
        link = self.product.work / "link"
        link.symlink_to("/etc/hostname")
        self.refused("machine", "exec", "--name", "one", "--secret-file", f"G={link}", "--", "true",
                     says="config operation failed: resolve secret 'G': file_read_failed")
        self.assertEqual(self.execute("sh", "-c", "echo $G", flags=["--secret-env", "G=FROM_HOST"]).stdout,
                         "a host's word\n")
        self.assertEqual(self.execute("pwd").stdout, "/usr\n")
        self.assertEqual(self.execute("pwd", flags=["-w", "/var"]).stdout, "/var\n")
        self.assertEqual(self.execute("id", "-u").stdout, "0\n")

    def test_34_the_callers_end(self):
        """Killed in the middle: what ran may live on until the stop."""
        caller = subprocess.Popen(["smolvm", "machine", "exec", "--name", "one", "-i", "--", "sleep", "77"],
                                  stdin=subprocess.PIPE, env=self.product.environment,
                                  **self.product.account.popen_arguments())
        counted = lambda: self.execute("sh", "-c", "pgrep -f 'sleep 77$' | wc -l").stdout.strip()  # noqa: E731
        self.assertTrue(processes.wait_until(lambda: counted() != "0", 10))
        caller.kill()
        caller.communicate()
        self.smol("machine", "stop", "--name", "one")

    def test_35_the_ninth_waits(self):
        eight = [subprocess.Popen(["smolvm", "machine", "exec", "--name", "one", "-i", "--", "cat"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.product.environment,
                                  **self.product.account.popen_arguments()) for _ in range(8)]
        for caller in eight:
            caller.stdin.write(b"x\n")
            caller.stdin.flush()
            self.assertEqual(caller.stdout.readline(), b"x\n")
        ninth = subprocess.Popen(["smolvm", "machine", "exec", "--name", "one", "--", "true"],
                                 env=self.product.environment, **self.product.account.popen_arguments())
        with self.assertRaises(subprocess.TimeoutExpired):
            ninth.wait(1)
        eight[0].stdin.close()
        self.assertEqual(ninth.wait(10), 0)
        for caller in eight:
            caller.stdin.close() if not caller.stdin.closed else None
            caller.wait(10)
            caller.stdout.close()

    def test_40_a_port_of_the_guests(self):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        server = ("import socket\ns = socket.create_server(('127.0.0.1', 80))\nc, _ = s.accept()\n"
                  "c.sendall(c.recv(9).upper())")
        self.start("two", "-p", f"{port}:80", command=("python3", "-c", server))

        def ask():
            with socket.create_connection(("127.0.0.1", port), 5) as connection:
                connection.sendall(b"hello")
                return connection.recv(9)

        def answered():
            try:
                return ask() == b"HELLO"
            except OSError:  # nobody listens in the guest yet
                return False
        self.assertTrue(processes.wait_until(answered, 10))
        self.smol("machine", "stop", "--name", "two")
        with self.assertRaises(ConnectionRefusedError):
            ask()

    def test_41_42_copying(self):
        file = self.product.write("work/file", "content")
        self.smol("machine", "cp", file, "one:/opt/new/file", "--mode", "750", "--uid", "1000", "--gid", "1000")
        self.assertEqual(self.execute("stat", "-c", "%a %u %g", "/opt/new/file").stdout, "750 1000 1000\n")
        back = self.product.work / "back"
        self.smol("machine", "cp", "one:/opt/new/file", back)
        self.assertEqual(back.read_text(), "content")
        done = self.smol("machine", "cp", self.product.work, "one:/x", code=1)
        self.assertIn("agent operation failed: read local file: ", done.stderr)
        self.refused("machine", "cp", "/a", "/b", says="config operation failed: cp: one of SRC or DST must use "
                                                       "machine:path syntax (e.g., myvm:/workspace/file)")
        self.refused("machine", "cp", "one:/x", back, "--mode", "600",
                     says="config operation failed: cp: --mode/--uid/--gid apply to uploads only (host -> machine)")


class Walls(ContractCase):
    def test_36_files(self):
        self.product.write("work/file", "x")
        self.start("one", "-v", f"{self.product.work}:/mnt/w:ro")
        refused = self.execute("sh", "-c", "echo > /mnt/w/file", code=2)
        self.assertIn("Read-only", refused.stderr)
        self.execute("sh", "-c", "echo kept > /opt/kept; echo lost > /tmp/lost")
        self.execute("sh", "-c", f"test ! -e {self.product.root}")
        self.smol("machine", "stop", "--name", "one")
        self.smol("machine", "start", "--name", "one")
        self.assertEqual(self.execute("sh", "-c", "cat /opt/kept; ls /tmp").stdout, "kept\n")

    def test_37_no_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.start()
            connect = "import socket,sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n" \
                      "except OSError: sys.exit(9)"
            for address, port in (("127.0.0.1", server.getsockname()[1]), ("1.1.1.1", 443)):
                self.execute("python3", "-c", connect, address, str(port), code=9)

    def test_38_a_mounted_socket(self):
        path = str(self.product.root / "s.sock")

        def serve():
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(path)
            os.chmod(path, 0o666)
            listener.listen()

            def answer():
                connection, _ = listener.accept()
                connection.sendall(connection.recv(100).upper())
                connection.close()
                listener.close()
            threading.Thread(target=answer, daemon=True).start()
        ask = ("import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('/opt/s/x.sock')\ns.sendall(b'hello')\n"
               "s.shutdown(1)\nprint(s.recv(100))")
        self.start("one", "--mount-socket", f"{path}:/opt/s/x.sock")
        self.assertEqual(self.execute("sh", "-c", f'python3 -c "{ask}" 2>/dev/null || echo none').stdout.strip()
                         .replace("none", "b''"), "b''")
        serve()
        self.assertEqual(self.execute("python3", "-c", ask).stdout, "b'HELLO'\n")
        os.unlink(path)
        serve()
        self.assertEqual(self.execute("python3", "-c", ask).stdout, "b'HELLO'\n")


