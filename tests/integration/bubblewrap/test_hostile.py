"""A bottle that does what it can to get out, to stay, or to spoil what the host reads."""

import os
import pathlib
import socket
import stat
import time

from lib import processes

from .harness import BottleCase, account

# Each line is tried inside and must fail with the errno behind it (where two rules hold, either).
ATTEMPTS = """
ptrace(16, 1) EPERM
ptrace(0) EPERM
process_vm_readv(1, 0, 0, 0, 0, 0) EPERM
process_vm_writev(1, 0, 0, 0, 0, 0) EPERM
kcmp(1, 1, 0, 0, 0) EPERM
pidfd_getfd(0, 0, 0) EPERM
mount(0, 0, 0, 0, 0) EPERM
umount2(0, 0) EPERM
pivot_root(0, 0) EPERM
chroot(0) EPERM
open_tree(0, 0, 0) EPERM
move_mount(0, 0, 0, 0, 0) EPERM
fsopen(0, 0) EPERM
mount_setattr(0, 0, 0, 0, 0) EPERM
setns(0, 0) EPERM
unshare(0x10000000) EPERM
unshare(0x00020000) EPERM
unshare(0x40000000) EPERM
unshare(0x80) EPERM
clone(0x10000011, 0, 0, 0, 0) EPERM
clone(0x40000011, 0, 0, 0, 0) EPERM
clone3(0, 0) ENOSYS
keyctl(0, 0, 0, 0, 0) EPERM
add_key(0, 0, 0, 0, 0) EPERM
request_key(0, 0, 0, 0) EPERM
bpf(0, 0, 0) EPERM
perf_event_open(0, 0, 0, 0, 0) EPERM
userfaultfd(0) EPERM
io_uring_setup(1, 0) EPERM
fanotify_init(0, 0) EPERM
open_by_handle_at(0, 0, 0) EPERM
name_to_handle_at(0, 0, 0, 0, 0) EPERM
init_module(0, 0, 0) EPERM
finit_module(0, 0, 0) EPERM
kexec_load(0, 0, 0, 0) EPERM
reboot(0, 0, 0, 0) EPERM
swapon(0, 0) EPERM
sethostname(0, 0) EPERM
syslog(3, 0, 0) EPERM
personality(0x0040000) EPERM
prlimit64(1, 7, -1, 0) EPERM
modify_ldt(0, 0, 0) EPERM
quotactl(0, 0, 0, 0) EPERM
socket(16, 2, 0) EAFNOSUPPORT
socket(16, 3, 0) EPERM|EAFNOSUPPORT
socket(17, 2, 0) EAFNOSUPPORT
socket(38, 5, 0) EAFNOSUPPORT
socket(40, 1, 0) EAFNOSUPPORT
socket(0x100000010, 2, 0) EAFNOSUPPORT
socket(2, 3, 255) EPROTONOSUPPORT
socket(2, 3, 0) EPERM
socket(2, 0x80803, 0) EPERM
socket(2, 2, 1) EPROTONOSUPPORT
socket(10, 2, 58) EPROTONOSUPPORT
socket(2, 1, 132) EPROTONOSUPPORT
socketpair(40, 1, 0, 0) EAFNOSUPPORT
ioctl(0, 0x5412, 0) EPERM
ioctl(0, 0x100005412, 0) EPERM
ioctl(0, 0x541c, 0) EPERM
ioctl(0, 0x5423, 0) EPERM
500(0, 0, 0, 0) ENOSYS
"""

TRY = r"""
import ctypes, errno, re, sys
numbers = dict(re.findall(r"#define __NR_(\w+)\s+(\d+)", sys.stdin.read()))
libc = ctypes.CDLL(None, use_errno=True)
for line in sys.argv[1].split("\n"):
    call = re.match(r"(\w+)\((.*)\) (\S+)", line)
    if not call:
        continue
    name, arguments, wanted = call.groups()
    number = int(numbers.get(name, name))
    arguments = [ctypes.c_ulong(int(a, 0) & (1 << 64) - 1) for a in arguments.split(",")]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *arguments)
    got = errno.errorcode.get(ctypes.get_errno(), "nothing")
    if result != -1 or got not in wanted.split("|"):
        print(f"{line}: {result}, {got}")
"""


class Escapes(BottleCase):
    def test_system_calls(self):
        bottle = self.bottle()
        numbers = pathlib.Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h").read_text()
        tried = bottle.exec("python3", "-c", TRY, ATTEMPTS, stdin=numbers)
        self.assertEqual((tried["exit_code"], tried["stdout"], tried["stderr"]), (0, "", ""))

    def test_what_stays_allowed(self):
        bottle = self.bottle()
        done = bottle.python(r"""
import ctypes, errno, fcntl, os, resource, socket, termios
libc = ctypes.CDLL(None, use_errno=True)
assert libc.personality(ctypes.c_ulong(0xffffffff)) == 0
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        try: socket.socket(family, kind | socket.SOCK_CLOEXEC).close()
        except OSError as error: assert error.errno == errno.EAFNOSUPPORT and family == socket.AF_INET6
socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP).close()
socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
assert libc.unshare(0x400) == 0  # CLONE_FILES
os.posix_spawnp("true", ["true"], os.environ)
""")
        self.assertEqual((done["exit_code"], done["stderr"]), (0, ""))

    def test_foreign_system_calls_kill(self):
        """x32 numbers, and the 32-bit entry: each would miss every rule."""
        bottle = self.bottle()
        done = bottle.python("import ctypes; ctypes.CDLL(None).syscall(0x40000000 | 39)")
        self.assertEqual(done["signal"], 31, done)
        if os.uname().machine != "x86_64":
            return
        # mmap a page, put `mov eax, 20; int 0x80; ret` there, call it.
        done = bottle.python("import ctypes, mmap\n"
                             "page = mmap.mmap(-1, 4096, prot=7)\n"
                             "page.write(b'\\xb8\\x14\\0\\0\\0\\xcd\\x80\\xc3')\n"
                             "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
                             "print(ctypes.CFUNCTYPE(ctypes.c_long)(at)())")
        self.assertEqual(done["signal"], 31, done)

    def test_the_relay_is_out_of_reach(self):
        bottle = self.bottle()
        done = bottle.sh("kill -9 1; kill -STOP 1; kill -TERM 1; kill -SEGV 1;"
                         "ls /proc/1/fd/ && cat /proc/1/fd/3; cat /proc/1/environ; cat /proc/1/mem;"
                         "ls /proc/1/cwd/ /proc/1/root/; cat /proc/1/maps /proc/1/auxv; echo end")
        self.assertEqual([line for line in done["stdout"].splitlines() if line != "end"], [])
        self.assertEqual(bottle.output("echo on"), "on\n")
        self.assertNotIn("T", processes.stat_fields(bottle.pid)[0])

    def test_no_descriptor_leads_out(self):
        bottle = self.bottle()
        names = bottle.python("import os\nfor fd in range(1000):\n  try:"
                              " print(os.readlink(f'/proc/self/fd/{fd}'))\n  except OSError: pass")
        self.assertRegex(names["stdout"], r"^(pipe:\[\d+\]\n){3}$")

    def test_the_network_is_not_there(self):
        bottle = self.bottle()
        done = bottle.python(r"""
import socket
def fails(what):
    try: what()
    except OSError: return
    print("reached", what)
def tcp(host): fails(lambda: socket.create_connection((host, 80), 2))
for host in ("1.1.1.1", "169.254.169.254", "10.0.0.1", "2606:4700::1111", "fe80::1", "::1"): tcp(host)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for host in ("8.8.8.8", "255.255.255.255", "224.0.0.251"): fails(lambda: u.sendto(b"x", (host, 53)))
fails(lambda: socket.getaddrinfo("example.com", 443))
""")
        self.assertEqual((done["exit_code"], done["stdout"]), (0, ""), done)

    def test_abstract_sockets_of_the_host(self):
        server = socket.socket(socket.AF_UNIX)
        server.bind("\0botbottle-test")
        server.listen()
        bottle = self.bottle()
        done = bottle.python("import socket; socket.socket(socket.AF_UNIX).connect("
                             "'\\0botbottle-test')")
        self.assertIn("ConnectionRefusedError", done["stderr"])
        server.close()


class Exhaustion(BottleCase):
    def test_a_fork_bomb_does_not_stop_the_end(self):
        bottle = self.bottle(limits={"pids": 300})
        bottle.output("python3 -c '\nimport os\nwhile True:\n  try: os.fork()\n"
                      "  except OSError: pass' >/dev/null 2>&1 &")
        time.sleep(1)
        self.assertGreater(len(bottle.processes()), 200)
        began = time.monotonic()
        bottle.stop(200)
        self.assertLess(time.monotonic() - began, 10)
        self.assertFalse(processes.alive(bottle.pid))

    def test_a_flood_of_connections(self):
        bottle = self.prepared()
        server = socket.socket(socket.AF_UNIX)
        path = bottle.sockets / "egress.sock"
        server.bind(str(path))
        server.listen(1000)
        if os.geteuid() == 0:
            os.chown(path, bottle.prepared["owner"]["uid"], -1)
        bottle.launch()
        session = bottle.attach("python3", "-c", r"""
import resource, socket, time
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
kept = []
for i in range(1500):
    s = socket.socket()
    s.setblocking(False)
    s.connect_ex(("127.0.0.1", 9099))
    kept.append(s)
print("ready", flush=True)
time.sleep(1000)
""").start()
        self.assertEqual(session.process.stdout.readline(), b"ready\n")
        time.sleep(0.2)
        self.assertEqual(bottle.output("echo on"), "on\n")
        memory = pathlib.Path(f"/proc/{bottle.pid}/status").read_text()
        self.assertLess(int(memory.split("VmRSS:")[1].split()[0]), 4096)
        session.process.kill()
        session.process.wait()
        # Once they are gone, a new one gets through.
        server.settimeout(10)
        self.assertTrue(processes.wait_until(lambda: self.reaches(bottle, server)))
        server.close()

    def reaches(self, bottle, server):
        session = bottle.attach("python3", "-c", "import socket\n"
                                "s = socket.create_connection(('127.0.0.1', 9099), 5)\n"
                                "s.sendall(b'new'); s.shutdown(1); s.recv(1)").start()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            client, _ = server.accept()
            client.settimeout(2)
            data = client.recv(9)
            client.close()
            if data == b"new":
                return session.run()[0] == 0
        return False

    def test_orphans_are_reaped(self):
        bottle = self.bottle()
        bottle.output("for i in $(seq 200); do (setsid true &) ; done")
        self.assertTrue(processes.wait_until(lambda: len(bottle.processes()) == 1))


class Copies(BottleCase):
    def copy_out(self, bottle, path, name="out"):
        target = self.folder / name
        if os.geteuid() == 0:
            # The account writes it, so it must be able to.
            account().own(self.folder)
        return target, bottle.call("copy_out", path=path, destination=str(target))

    def test_out_takes_files_and_reports_the_rest(self):
        bottle = self.bottle()
        bottle.output("mkdir -p d/e; echo 1 > d/e/f; chmod 750 d/e/f; cd d; mkfifo fifo;"
                      "ln -s e/f good; ln -s ../d/e/f outside; ln -s /etc/passwd absolute;"
                      "ln -s e/../../../x sneaky; ln -s ../good e/up; ln -s ../../x e/up2;"
                      "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")';"
                      "chmod 4755 e/f")
        target, summary = self.copy_out(bottle, "/workspace/d")
        self.assertEqual((target / "e/f").read_text(), "1\n")
        self.assertEqual(stat.S_IMODE((target / "e/f").stat().st_mode), 0o755)  # no set-user-id
        self.assertEqual(os.readlink(target / "good"), "e/f")
        self.assertEqual(os.readlink(target / "e/up"), "../good")
        reasons = {item["path"]: item["reason"] for item in summary["skipped"]}
        leads_out = "a link that leads out of the copied directory"
        self.assertEqual(reasons, {"fifo": "a FIFO", "sock": "a socket", "outside": leads_out,
                                   "absolute": leads_out, "sneaky": leads_out, "e/up2": leads_out})
        self.assertEqual(summary["files"], 3)

    def test_out_never_follows_the_path_itself(self):
        bottle = self.bottle()
        secret = self.folder / "secret"
        secret.write_text("secret")
        bottle.output(f"ln -s {secret} f; ln -s {self.folder} d; ln -s / r; mkfifo p")
        for path in ("/workspace/f", "/workspace/d", "/workspace/p"):
            target, summary = self.copy_out(bottle, path)
            self.assertEqual(summary["files"], 0)
            self.assertFalse(target.exists())
        for path in ("/workspace/d/secret", "/workspace/r/etc/passwd"):
            self.refused("system", self.copy_out, bottle, path)
        for path in ("/workspace/../../secret", "/etc/../secret", "/proc/1/root", "/tmp/x", "x"):
            self.refused("invalid_request", self.copy_out, bottle, path)
        self.refused("no_such_file", self.copy_out, bottle, "/workspace/nothing")

    def test_out_is_not_stopped_by_what_is_odd(self):
        bottle = self.bottle()
        bottle.output("mkdir deep locked; cd deep; for i in $(seq 1 200); do mkdir d; cd d; done;"
                      "touch bottom; cd /workspace; touch locked/x; chmod 000 locked;"
                      "truncate -s 1T huge; printf 'x' | dd of=huge bs=1 seek=1000000 conv=notrunc"
                      " 2>/dev/null; touch \"$(printf 'a\\nb\\377')\"")
        began = time.monotonic()
        target, summary = self.copy_out(bottle, "/workspace")
        self.assertLess(time.monotonic() - began, 10)
        reasons = {item["reason"] for item in summary["skipped"]}
        self.assertIn("too many levels of directories", reasons)
        if account().uid != 0:
            self.assertIn("Permission denied", reasons)
        self.assertEqual((target / "huge").stat().st_size, 1 << 40)
        self.assertLess((target / "huge").stat().st_blocks * 512, 1 << 20)
        self.assertTrue(os.path.exists(os.fsencode(target) + b"/a\nb\xff"))

    def test_remove_takes_any_tree(self):
        bottle = self.bottle()
        bottle.output("cd; mkdir deep; cd deep; for i in $(seq 1 600); do mkdir d; cd d; done;"
                      "touch bottom; cd; mkdir locked; touch locked/x; chmod 000 locked;"
                      "ln -s /workspace l; touch /workspace/kept")
        bottle.stop()
        bottle.call("remove")
        self.assertFalse(bottle.home.exists())
        self.assertTrue((bottle.workspace / "kept").exists())

    def test_in_writes_where_it_says(self):
        bottle = self.prepared()
        guest = bottle.prepared["guest"]
        source = self.folder / "source"
        (source / "sub").mkdir(parents=True)
        (source / "sub/file").write_text("tree")
        (source / "link").symlink_to("sub/file")
        os.chmod(source / "sub/file", 0o754)
        entries = [
            {"path": "/home/agent/.config/a", "type": "directory", "mode": "0700"},
            {"path": "/home/agent/.config/a/file", "type": "file", "mode": "0600",
             "content": "text"},
            {"path": "/home/agent/bytes", "type": "file", "mode": "0644",
             "content_base64": "AP8="},
            {"path": "/etc/botbottle/ca.pem", "type": "file", "mode": "0644", "content": "ca"},
            {"path": "/workspace/tree", "type": "directory", "source": str(source)},
            {"path": "/workspace/one", "type": "file", "mode": "0640",
             "source": str(source / "sub/file")},
            {"path": "/workspace", "type": "directory", "source": str(source)},
        ]
        bottle.call("copy_in", entries=entries)
        bottle.launch()
        # And again while it runs: what is there is replaced.
        entries[1]["content"] = "changed"
        bottle.call("copy_in", entries=entries)
        self.assertEqual(
            bottle.output("cat ~/.config/a/file; echo; od -An -tx1 ~/bytes; cat /etc/botbottle/ca.pem;"
                          "echo; cat tree/link one link; echo; stat -c '%a %u' ~/.config/a"
                          " ~/.config/a/file ~/.config tree/sub/file one tree"),
            f"changed\n 00 ff\nca\ntreetreetree\n700 {guest['uid']}\n600 {guest['uid']}\n"
            f"755 {guest['uid']}\n754 {guest['uid']}\n640 {guest['uid']}\n755 {guest['uid']}\n")
        self.assertNotEqual(bottle.sh("echo x > /etc/botbottle/ca.pem")["exit_code"], 0)

    def test_in_is_not_led_astray(self):
        bottle = self.bottle()
        victim = self.folder / "victim"
        victim.mkdir(mode=0o777)
        victim.chmod(0o777)
        bottle.output(f"ln -s {victim} ~/dir; ln -s {victim}/file ~/file; mkfifo ~/fifo;"
                      "mkdir ~/full; touch ~/full/x")

        def write(path):
            bottle.call("copy_in", entries=[{"path": path, "type": "file", "mode": "0600",
                                             "content": "ours"}])

        self.refused("system", write, "/home/agent/dir/file")
        write("/home/agent/file")  # replaces the link
        write("/home/agent/fifo")
        self.refused("system", write, "/home/agent/full")
        self.assertEqual(list(victim.iterdir()), [])
        self.assertEqual(bottle.output("cat ~/file ~/fifo; ls -A ~"),
                         "oursours" + "\n".join(["dir", "fifo", "file", "full", ""]))
        for path in ("/home/agent/../../x", "/usr/x", "/", "relative", "/home/agentx/y",
                     "/home/agent/./x"):
            self.refused("invalid_request", write, path)
        for entry in ({"type": "fifo", "path": "/workspace/x"},
                      {"type": "file", "path": "/workspace/x", "mode": "4755", "content": ""},
                      {"type": "file", "path": "/workspace/x", "mode": "x", "content": ""},
                      {"type": "file", "path": "/workspace/x", "content_base64": "A"},
                      {"type": "file", "path": "/workspace/x", "content_base64": "A*=="},
                      {"type": "file", "path": "/workspace/x"}):
            self.refused("invalid_request", bottle.call, "copy_in", entries=[entry])
