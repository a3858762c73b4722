"""What an agent in a bottle may ask the kernel for, and what the kernel tells it about the host."""

import json
import os
import unittest

from .harness import BottleCase, account

CORE_LIMITS = """
import ctypes, json, os, resource
class Limits(ctypes.Structure):
    _fields_ = [("soft", ctypes.c_ulong), ("hard", ctypes.c_ulong)]
libc, none, core = ctypes.CDLL(None), Limits(0, 0), resource.RLIMIT_CORE
resource.setrlimit(core, (0, 0))
libc.setrlimit(core, ctypes.byref(none))
prlimit = {"x86_64": 302, "aarch64": 261}[os.uname().machine]
# The kernel reads 32 bits of the number.
libc.syscall(prlimit, 0, ctypes.c_long(core | 1 << 40), ctypes.byref(none), None)
libc.syscall(prlimit, os.getpid(), core, ctypes.byref(none), None)
print(json.dumps(resource.getrlimit(core)))
"""

SOCKETS = """
import json, socket
def errno_of(ask):
    try:
        ask().close()
        return 0
    except OSError as error:
        return error.errno
families = {"inet": socket.AF_INET, "inet6": socket.AF_INET6, "unix": socket.AF_UNIX}
refusals = {name: errno_of(lambda: socket.socket(family, socket.SOCK_SEQPACKET, 0))
            for name, family in families.items()}
layer = socket.socket()
try:
    layer.setsockopt(socket.IPPROTO_TCP, 31, b"tls")  # TCP_ULP
except OSError as error:
    refusals["layer"] = error.errno
layer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
print(json.dumps(refusals))
"""

WRITABLE = """
import json, os
opened = []
for folder, folders, files in os.walk("/proc"):
    if folder == "/proc":
        folders[:] = [name for name in folders if not name.isdigit() and "self" not in name]
    for name in files:
        try:
            os.close(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_NONBLOCK))
            opened.append(f"{folder}/{name}")
        except OSError:
            pass
print(json.dumps(opened))
"""


class Hardening(BottleCase):
    def test_a_crash_starts_nothing_on_the_host(self):
        """A program in core_pattern is run as root outside, unless the limit is 1, and stays it."""
        ended = self.bottle().python(CORE_LIMITS)
        self.assertEqual(json.loads(ended["stdout"]), [1, 1], ended)

    def test_sockets_are_tcp_udp_and_unix(self):
        ended = self.bottle().python(SOCKETS)
        self.assertEqual(json.loads(ended["stdout"]),
                         {"inet": 94, "inet6": 94, "unix": 0, "layer": 92}, ended)

    def test_settings_of_the_kernel_are_read_only(self):
        bottle = self.bottle()
        self.assertEqual(json.loads(bottle.python(WRITABLE)["stdout"]), [])
        for setting in ("/proc/sys/kernel/msgmax", "/proc/sys/kernel/pid_max"):
            self.assertNotEqual(bottle.sh(f"echo 5000 > {setting}")["exit_code"], 0, setting)
        self.assertEqual(bottle.output("cat /proc/sys/kernel/hostname"), "bottle\n")

    def test_the_hosts_command_line_and_keys_are_not_shown(self):
        bottle = self.bottle()
        for path in ("/proc/cmdline", "/proc/keys", "/proc/key-users"):
            self.assertEqual(bottle.sh(f"cat {path}")["stdout"], "", path)

    @unittest.skipIf(account().uid == 0, "everything in /proc belongs to root anyway")
    def test_what_a_session_is_given_cannot_be_read_from_its_client(self):
        """Not dumpable: no core file, and the files of its memory belong to root."""
        session = self.bottle().attach("sh", "-c", "echo up; cat", env={"TOKEN": "x"}).start()
        self.assertEqual(session.process.stdout.readline(), b"up\n")
        self.assertEqual(os.stat(f"/proc/{session.process.pid}/mem").st_uid, 0)
        self.assertEqual(session.run(), (0, b"", b""))
