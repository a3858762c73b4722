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

from .harness import ContractCase, small_layer

ROWS = 50  # of the table

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
        for letter in ";|":
            done = self.smol("machine", "create", "--name", "x", "--image", smolvm.archive(), "--mount-socket",
                             f"/a:/b{letter}c", code=1)
            self.assertIn(f"Error: config operation failed: publish-socket: guest path '/b{letter}c'", done.stderr)
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
    def test_14_start(self):
        self.product.write("work/mounted", "yes")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.create("one", "-v", f"{self.product.work}:/mnt/w", "-p", f"{port}:80", "--init", "echo once >> /opt/init",
                    command=("sh", "-c", "echo started >> /opt/workload; sleep 600 & wait"))
        done = self.smol("machine", "start", "--name", "one")
        self.assertEqual(done.stderr, "Starting machine 'one' with 1 mount(s) and 1 port mapping(s)...\n")
        self.assertRegex(done.stdout, r"^Machine 'one' running \(PID: \d+\)\n$")
        self.assertEqual(self.execute("cat", "/opt/init", "/mnt/w/mounted").stdout, "once\nyes")
        self.smol("machine", "stop", "--name", "one")
        later = self.smol("machine", "start", "--name", "one")
        self.assertIn("Init already completed, skipping 1 command(s)", later.stderr)
        self.assertEqual(self.execute("cat", "/opt/init").stdout, "once\n")
        ran = lambda: self.execute("cat", "/opt/workload").stdout == "started\nstarted\n"  # noqa: E731
        self.assertTrue(processes.wait_until(ran, 10), "the workload runs on every start")

    def test_15_start_of_one_that_runs(self):
        pid = self.start().stdout.split()[-1]
        again = self.smol("machine", "start", "--name", "one")
        self.assertEqual((again.stdout, again.stderr), (f"Machine 'one' already running (PID: {pid}\n", ""))

    def test_16_start_of_nothing(self):
        self.refused("machine", "start", "--name", "none", says="vm not found: none")

    def test_17_a_port_of_a_running_machine(self):
        self.start("one", "-p", "45123:80")
        self.create("two", "-p", "45123:80")
        done = self.smol("machine", "start", "--name", "two", code=1)
        self.assertIn("Error: config operation failed: start machine: host port 45123 is already in use by running "
                      "machine 'one'", done.stderr)
        self.assertEqual({m["name"]: m["state"] for m in self.smolvm.machines()}, {"one": "running", "two": "created"})

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
        """SIGTERM first, which a process may answer; SIGKILL to those that stay."""
        self.start(command=("sh", "-c", "trap 'echo told >> /opt/told; exit 0' TERM; sleep 600 & wait"))
        self.execute("sh", "-c", "trap '' TERM; touch /opt/deaf; while :; do sleep 1; done", flags=["-d"])
        processes.wait_until(lambda: self.smolvm.run("machine", "exec", "--name", "one", "--", "test", "-e",
                                                     "/opt/deaf").returncode == 0, 10)
        self.assertEqual(self.smol("machine", "stop", "--name", "one").stdout,
                         "Stopping machine 'one'...\nStopped machine: one\n")
        self.assertEqual(self.smol("machine", "stop", "--name", "one").stdout,
                         "Machine 'one' is not running (state: stopped)\n")
        self.smol("machine", "start", "--name", "one")
        self.assertEqual(self.execute("cat", "/opt/told").stdout, "told\n")
        self.refused("machine", "stop", "--name", "none", says="vm not found: none")

    def test_44_delete(self):
        self.start()
        place = pathlib.Path(self.smol("machine", "data-dir", "-n", "one").stdout.strip())
        self.assertTrue(place.exists())
        self.assertEqual(self.smol("machine", "delete", "-n", "one", "-f").stdout,
                         "Stopping machine 'one'...\nCleaning up data directory for vm: one\n"
                         "Deleted machine: one\n")
        self.assertFalse(place.exists())
        self.assertEqual(self.smolvm.machines(), [])

    def test_45_delete_asks_and_has_stopped_already(self):
        self.start()
        asked = self.smol("machine", "delete", "-n", "one")
        self.assertEqual((asked.stdout.splitlines()[-1], asked.stderr), ("Cancelled", "Delete machine 'one'? [y/N] "))
        self.assertEqual(self.machine()["state"], "stopped")

    def test_46_delete_of_nothing(self):
        self.refused("machine", "delete", "-n", "one", "-f", says="vm not found: one")

    def test_47_status_and_list(self):
        self.assertEqual(self.smol("machine", "ls", "--json").stdout.strip(), "[]")
        self.assertEqual(self.smol("machine", "ls").stdout, "No machines found\n")
        self.start()
        machine = json.loads(self.smol("machine", "status", "-n", "one", "--json").stdout)
        self.assertEqual((machine["state"], machine["network"]), ("running", False))
        self.assertEqual(set(machine), set(self.machine()))
        self.assertEqual(self.smol("machine", "status", "-n", "one").stdout,
                         f"Machine 'one': running (PID: {machine['pid']})\n")
        self.refused("machine", "status", "-n", "no", says="vm not found: no")
        self.refused("machine", "status", "-n", "no", "--json",
                     says="config operation failed: machine status: machine 'no' not found")

    def test_48_killed_behind_its_back(self):
        """What the tool says is of the living process, not of the record."""
        self.start()
        pid = self.machine()["pid"]
        running = threading.Thread(target=lambda: got.append(self.smolvm.run(
            "machine", "exec", "--name", "one", "-i", "--", "sleep", "60")), daemon=True)
        got = []
        running.start()
        processes.wait_until(lambda: self.execute("sh", "-c", "pgrep -x sleep | wc -l").stdout.strip() == "2", 10)
        os.kill(pid, signal.SIGKILL)
        running.join(10)
        self.assertEqual(got[0].returncode, 1)
        self.assertIn("connection to VM lost", got[0].stderr)
        self.assertIn(self.machine()["state"], ("stopped", "unreachable"))

    def test_49_egress_events(self):
        """Of a machine with denials: row 39."""
        self.create()
        self.assertEqual(self.smol("machine", "egress-events", "-n", "one", "--json").stdout.strip(), "[]")
        self.assertEqual(self.smol("machine", "egress-events", "-n", "one").stdout,
                         "No egress denials recorded for 'one'.\n")

    @standin_only
    def test_50_every_call_is_recorded(self):
        self.smol("machine", "ls")
        last = self.smolvm.calls()[-1]
        self.assertEqual((last["argv"], last["cwd"]), (["smolvm", "machine", "ls"], str(self.product.work)))
        self.assertIn("HOME", last["env"])
        self.assertLess(abs(last["time"] - time.time()), 30)
        self.assertFalse([word for word in last["env"] if "=" in word], "values are recorded")
        self.start()
        self.execute("echo", "a-word-of-an-argument")
        log = pathlib.Path(self.smol("machine", "data-dir", "-n", "one").stdout.strip()) / "agent-console.log"
        self.assertIn("a-word-of-an-argument", log.read_text(), "the console log has the arguments, as the real one's")


class Exec(ContractCase):
    def setUp(self):
        super().setUp()
        self.product.extra["FROM_HOST"] = "a host's word"
        self.start("one", "-e", "RECORD=kept", "-w", "/usr")

    def test_20_plain(self):
        done = self.execute("sh", "-c", "cat; echo out; echo err >&2; exit 3", code=3, input="unseen")
        self.assertEqual((done.stdout, done.stderr), ("out\n", "err\n"))

    def test_21_the_cap(self):
        for flags in ([], ["--stream"]):
            done = self.execute("head", "-c", str(12 << 20), "/dev/zero", code=1, flags=flags)
            self.assertIn("Error: ", done.stderr)
            self.assertLessEqual(len(done.stdout), 11 << 20)

    def test_22_interactive(self):
        """Input and its end go in, output comes out while it runs and without a cap."""
        done = self.execute("sh", "-c", "cat; echo out; echo err >&2; exit 3", code=3, flags=["-i"], input="seen ")
        self.assertEqual((done.stdout, done.stderr), ("seen out\n", "err\n"))
        live = self.call("-i", "--", "sh", "-c", "echo first; read x; echo $x")
        self.assertEqual(live.stdout.readline(), b"first\n")
        self.assertEqual(live.communicate(b"second\n", timeout=10)[0], b"second\n")
        uncapped = self.execute("sh", "-c", f"head -c {12 << 20} /dev/zero | tr '\\0' x", flags=["-i"], input="")
        self.assertEqual(len(uncapped.stdout), 12 << 20)

    def call(self, *words):
        caller = subprocess.Popen(["smolvm", "machine", "exec", "--name", "one", *words], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, env=self.product.environment,
                                  **self.product.account.popen_arguments())

        def end():
            if caller.poll() is None:
                caller.kill()
            caller.communicate()
        self.addCleanup(end)
        return caller

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

    def test_24_killed_by_a_signal(self):
        self.execute("sh", "-c", "kill -TERM $$", code=143)
        self.execute("sh", "-c", "kill -KILL $$", code=137)

    def test_25_out_of_time(self):
        late = self.execute("sleep", "98", code=124, flags=["--timeout", "1s"])
        self.assertEqual(late.stderr, "command timed out after 1000ms\n")
        self.assertEqual(self.execute("sh", "-c", "pgrep -fx 'sleep 98' | wc -l").stdout.strip(), "0")

    def test_26_no_such_program(self):
        self.assertIn("crun", self.execute("/no/such/program", code=255).stderr)
        self.smol("machine", "create", "--name", "bare")
        self.smol("machine", "start", "--name", "bare")
        self.assertEqual(self.execute("echo", "runs", name="bare").stdout, "runs\n")
        self.assertIn("failed to spawn command", self.execute("/no/such/program", name="bare", code=1).stderr)

    def test_27_not_running(self):
        self.create("new")
        self.smol("machine", "stop", "--name", "one")
        for name in ("one", "new"):
            self.refused("machine", "exec", "--name", name, "--", "true",
                         says=f"agent operation failed: connect: machine '{name}' is not running. Use 'smolvm machine "
                              f"start --name {name}' first.")
        self.assertEqual({m["name"]: m["state"] for m in self.smolvm.machines()}, {"one": "stopped", "new": "created"})

    def test_28_unknown(self):
        self.refused("machine", "exec", "--name", "none", "--", "true", says="vm not found: none")

    def test_29_a_variable_of_the_hosts(self):
        done = self.execute("env", flags=["-e", "FROM_HOST", "-e", "UNSET_HERE"])
        self.assertIn("FROM_HOST=a host's word\n", done.stdout)
        self.assertNotIn("UNSET_HERE", done.stdout)

    def test_30_a_secret_of_the_environment(self):
        self.refused("machine", "exec", "--name", "one", "--secret-env", "G=UNSET_HERE", "--", "touch", "/opt/ran",
                     says="config operation failed: resolve secret 'G': env_unset")
        self.execute("test", "-e", "/opt/ran", code=1)
        self.assertEqual(self.execute("sh", "-c", "echo $G", flags=["--secret-env", "G=FROM_HOST"]).stdout,
                         "a host's word\n")

    def test_31_a_secret_of_a_file(self):
        file, link = self.product.write("work/secret", "of a file\n"), self.product.work / "link"
        link.symlink_to(file)
        self.refused("machine", "exec", "--name", "one", "--secret-file", f"G={link}", "--", "touch", "/opt/ran",
                     says="config operation failed: resolve secret 'G': file_read_failed")
        self.execute("test", "-e", "/opt/ran", code=1)
        self.assertEqual(self.execute("sh", "-c", "echo $G", flags=["--secret-file", f"G={file}"]).stdout,
                         "of a file\n")

    def test_32_environment(self):
        seen = self.execute("env", flags=["-e", "GIVEN=1", "--secret-env", "SECRET=FROM_HOST"]).stdout
        self.assertEqual({line.partition("=")[0] for line in seen.splitlines()},
                         {"PATH", "HOME", "RECORD", "GIVEN", "SECRET"})
        self.assertIn("RECORD=over\n", self.execute("env", flags=["-e", "RECORD=over"]).stdout)

    def test_33_directory_and_user(self):
        self.assertEqual(self.execute("pwd").stdout, "/usr\n")
        self.assertEqual(self.execute("pwd", flags=["-w", "/var"]).stdout, "/var\n")
        self.assertEqual(self.execute("id", "-u").stdout, "0\n")
        # An image's own, of both.
        image = self.small_image({"os": "linux", "config": {"User": "12:34", "WorkingDir": "/etc"}})
        self.smol("machine", "create", "--name", "two", "--image", image)
        self.smol("machine", "start", "--name", "two")
        self.assertEqual(self.execute("sh", "-c", "id -u; id -g; pwd", name="two").stdout, "12\n34\n/etc\n")
        if not smolvm.is_real():
            self.refused("machine", "exec", "--name", "two", "--user", "7", "--", "id", says="unexpected argument",
                         code=2)
            self.smolvm.switch(version="1.14.5")
            self.assertEqual(self.execute("id", "-u", name="two", flags=["--user", "7"]).stdout, "7\n")

    def small_image(self, config):
        """Of two programs of this machine's."""
        image = self.product.root / "other.tar"
        smolvm.write_archive(image, config, [small_layer(self.product.root / "layer.tar")])
        self.product.account.own(image)
        return image

    def test_34_the_callers_end(self):
        """Killed in the middle, its input ends; what ran may live on until the stop."""
        caller = self.call("-i", "--", "sh", "-c", "echo up; cat; echo ended > /opt/ended; exec sleep 77")
        self.assertEqual(caller.stdout.readline(), b"up\n")
        caller.kill()
        caller.wait()
        self.assertTrue(processes.wait_until(lambda: self.smolvm.run(
            "machine", "exec", "--name", "one", "--", "test", "-e", "/opt/ended").returncode == 0, 10))
        self.smol("machine", "stop", "--name", "one")
        self.smol("machine", "start", "--name", "one")
        self.assertEqual(self.execute("sh", "-c", "pgrep -fx 'sleep 77' | wc -l").stdout.strip(), "0")

    def test_35_the_ninth_waits(self):
        for _ in range(9):
            self.execute("sleep", "60", flags=["-d"])  # holds no slot
        eight = [self.call("-i", "--", "cat") for _ in range(8)]
        for caller in eight:
            caller.stdin.write(b"x\n")
            caller.stdin.flush()
            self.assertEqual(caller.stdout.readline(), b"x\n")
        ninth = self.call("--", "true")
        with self.assertRaises(subprocess.TimeoutExpired):
            ninth.wait(1)
        eight[0].stdin.close()
        self.assertEqual(ninth.wait(10), 0)
        eight[0].stdin = None

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

    def test_41_copying(self):
        file = self.product.write("work/file", "content")
        done = self.smol("machine", "cp", file, "one:/opt/new/file", "--mode", "750", "--uid", "1000", "--gid", "1000")
        self.assertEqual(done.stdout, "")
        self.assertIn(f"Uploading {file} -> one:/opt/new/file: ", done.stderr)
        self.assertIn("(100.0%, ", done.stderr)
        self.assertEqual(self.execute("stat", "-c", "%a %u %g", "/opt/new/file").stdout, "750 1000 1000\n")
        back = self.product.work / "back"
        self.smol("machine", "cp", "one:/opt/new/file", back)
        self.assertEqual(back.read_text(), "content")

    def test_42_what_cannot_be_copied(self):
        file, back = self.product.write("work/file", "content"), self.product.work / "back"
        for source in (self.product.work, self.product.work / "missing"):
            done = self.smol("machine", "cp", source, "one:/x", code=1)
            self.assertIn(f"Error: agent operation failed: read local file: {source}: ", done.stderr)
        self.refused("machine", "cp", "/a", "/b", says="config operation failed: cp: one of SRC or DST must use "
                                                       "machine:path syntax (e.g., myvm:/workspace/file)")
        self.refused("machine", "cp", "one:/x", back, "--mode", "600",
                     says="config operation failed: cp: --mode/--uid/--gid apply to uploads only (host -> machine)")
        self.refused("machine", "cp", file, "one:/x", "--mode", "9",
                     says="config operation failed: cp: invalid octal mode '9' (expected e.g. 644)")
        self.smol("machine", "stop", "--name", "one")
        done = self.smol("machine", "cp", file, "one:/x", code=1)
        self.assertIn("machine 'one' is not running", done.stderr)


# Says what a server says; 9: it cannot be reached.
CONNECT = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as connection:
        print(connection.recv(100).decode())
except OSError:
    sys.exit(9)
"""


class Walls(ContractCase):
    def test_36_files(self):
        self.product.write("work/file", "x")
        self.start("one", "-v", f"{self.product.work}:/mnt/w:ro")
        refused = self.execute("sh", "-c", "echo > /mnt/w/file", code=2)
        self.assertIn("Read-only", refused.stderr)
        self.execute("sh", "-c", "echo kept > /opt/kept; for in in /tmp /run /dev/shm; do echo lost > $in/lost; done")
        self.execute("sh", "-c", f"test ! -e {self.product.root}")
        self.smol("machine", "stop", "--name", "one")
        self.smol("machine", "start", "--name", "one")
        self.assertEqual(self.execute("sh", "-c", "cat /opt/kept; cat /tmp/lost /run/lost /dev/shm/lost 2>/dev/null; :")
                         .stdout, "kept\n")

    def test_37_no_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.start()
            for address, port in (("127.0.0.1", server.getsockname()[1]), ("1.1.1.1", 443)):
                self.execute("python3", "-c", CONNECT, address, str(port), code=9)

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

    def test_39_a_gateway(self):
        """The host's loopback by its address, at any port; the rest is denied and told."""
        def serve(word):
            server = socket.create_server(("127.0.0.1", 0))
            self.addCleanup(server.close)

            def answer():
                while True:
                    try:
                        with server.accept()[0] as connection:
                            connection.sendall(word)
                    except OSError:
                        return
            threading.Thread(target=answer, daemon=True).start()
            return server.getsockname()[1]
        ports = {serve(b"one"): "one\n", serve(b"two"): "two\n"}
        self.start("one", "--net", "--allow-cidr", "100.96.0.1/32")
        self.assertTrue(self.machine()["network"])
        for port, word in ports.items():
            self.assertEqual(self.execute("python3", "-c", CONNECT, "100.96.0.1", str(port)).stdout, word)
            self.execute("python3", "-c", CONNECT, "127.0.0.1", str(port), code=9)
        for address in ("1.1.1.1", "169.254.169.254", "198.51.100.7"):
            self.execute("python3", "-c", CONNECT, address, "443", code=9)

        def events():
            told = json.loads(self.smol("machine", "egress-events", "-n", "one", "--json").stdout)
            self.assertTrue(all(set(event) >= {"timestamp", "operation", "dest"} for event in told), told)
            return [(event["operation"], event["dest"]) for event in told]
        wanted = [("connect", f"{address}:443") for address in ("1.1.1.1", "169.254.169.254", "198.51.100.7")]
        self.assertTrue(processes.wait_until(lambda: events() == wanted, 10), events())


@standin_only
class Faults(ContractCase):
    """The switches by which a test makes the stand-in fail (those of 1, 2 and 19 are there)."""

    def test_a_command_loses_its_connection(self):
        self.start()
        self.smolvm.switch(exec_lost=1)
        self.refused("machine", "exec", "--name", "one", "--", "true",
                     says="agent operation failed: exec: connection to VM lost")
        self.execute("true")

    def test_the_first_command_is_killed(self):
        self.start()
        self.smolvm.switch(first_exec_killed=1)
        self.execute("true", code=137)
        self.execute("true")

    def test_a_delete_fails_once(self):
        self.create()
        self.smolvm.switch(delete_fails=1)
        self.assertIn("io operation failed: ", self.smol("machine", "delete", "-n", "one", "-f", code=1).stderr)
        self.assertEqual(len(self.smolvm.machines()), 1)
        self.smol("machine", "delete", "-n", "one", "-f")

    def test_a_slow_start(self):
        self.create()
        self.smolvm.switch(slow_start=1)
        began = time.monotonic()
        self.smol("machine", "start", "--name", "one")
        self.assertGreaterEqual(time.monotonic() - began, 1)

    def test_a_stop_that_hangs(self):
        self.start()
        self.smolvm.switch(stop_hangs=True)
        with self.assertRaises(subprocess.TimeoutExpired):
            self.smol("machine", "stop", "--name", "one", timeout=2)
        self.smolvm.switch(stop_hangs=False)

    def test_a_network_that_leaks(self):
        self.smolvm.switch(leak="network")
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.start()
            port = server.getsockname()[1]
            threading.Thread(target=lambda: server.accept()[0].sendall(b"leaked"), daemon=True).start()
            self.assertEqual(self.execute("python3", "-c", CONNECT, "127.0.0.1", str(port)).stdout, "leaked\n")

    def test_a_network_that_is_only_told(self):
        self.create()
        self.assertFalse(self.machine()["network"])
        self.smolvm.switch(network_flag=True)
        self.assertTrue(self.machine()["network"])


class Table(unittest.TestCase):
    def test_every_row_is_a_test(self):
        named = {int(name.split("_")[1]) for case in (Usage, Create, Life, Exec, Walls) for name in dir(case)
                 if name.startswith("test_")}
        self.assertEqual(named, set(range(1, ROWS + 1)))
