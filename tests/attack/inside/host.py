"""What is the host's and must not be reached: its processes, files, sockets, memory, terminal."""

import ctypes
import errno
import fcntl
import os
import socket
import stat
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)

# add_key and keyctl by machine: libkeyutils is not on every root.
KEY_CALLS = {"x86_64": (248, 250), "aarch64": (217, 219)}[os.uname().machine]
USER_KEYRING = -4


def system_call(number, *arguments):
    ctypes.set_errno(0)
    converted = [ctypes.c_long(a) if isinstance(a, int) else ctypes.c_char_p(a) for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *converted)
    error = ctypes.get_errno()
    return result, f"returned {result}, {errno.errorcode.get(error, error)}"


def writable_below(root):
    """Opens every file of a kernel interface for writing, and writes nothing. What belongs to the
    attacker's own processes is its own business."""
    opened, tried = [], 0
    for folder, folders, files in os.walk(root):
        if folder == "/proc":
            folders[:] = [f for f in folders if not f.isdigit() and f not in ("self", "thread-self")]
        for name in files:
            path = os.path.join(folder, name)
            tried += 1
            try:
                if stat.S_ISREG(os.lstat(path).st_mode):
                    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
                    opened.append(path)
            except OSError:
                pass
            if len(opened) == 3:
                return True, f"opened {opened}"
    return bool(opened), f"opened {opened} of {tried}"


def read_file(path, needle):
    with open(path, "rb") as file:
        return needle.encode() in file.read(1 << 20), f"read {path}"


def read_through_process_roots(path, needle):
    """/proc/PID/root and /proc/PID/cwd lead around a chroot, and around name-based rules."""
    last = ""
    for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
        for way in ("root", "cwd"):
            climbed = f"/proc/{pid}/{way}" + "/.." * 12 + path
            try:
                with open(climbed, "rb") as file:
                    if needle.encode() in file.read(4096):
                        return True, f"read {climbed}"
            except OSError as error:
                last = str(error)
    return False, last


def read_through_link(folder, path, needle):
    link = os.path.join(folder, "attack-link")
    os.symlink(path, link)
    try:
        return read_file(link, needle)
    finally:
        os.unlink(link)


def signal_process(pid, needle):
    """Reaches a process by the number that it has on the host."""
    os.kill(pid, 0)
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return needle.encode() in file.read(), "it can be signalled"


def find_key(description):
    """Looks in the user keyring, which belongs to the user id and to no namespace of files."""
    search = 10
    result, spoken = system_call(KEY_CALLS[1], search, USER_KEYRING, b"user", description.encode(), 0)
    return result > 0, spoken


def plant_and_find_key(description):
    """The positive control of find_key: one process plants, another finds."""
    key, _ = system_call(KEY_CALLS[0], b"user", description.encode(), b"secret", 6, USER_KEYRING)
    expire, seconds = 15, 600
    system_call(KEY_CALLS[1], expire, key, seconds)
    return find_key(description)


def system_v_memory(key):
    """A segment that the host's user made readable for everybody."""
    ctypes.set_errno(0)
    segment = libc.shmget(key, 4096, 0)
    return segment >= 0, f"shmget returned {segment}, {errno.errorcode.get(ctypes.get_errno(), 0)}"


def setuid_program(path):
    """Starts a set-user-id program, and asks the kernel who it runs as."""
    with subprocess.Popen([path, "root"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as started:
        time.sleep(0.3)
        try:
            with open(f"/proc/{started.pid}/status") as status:
                line = next(line for line in status if line.startswith("Uid:"))
        finally:
            started.kill()
    real, effective = line.split()[1:3]
    return real != effective, f"real {real}, effective {effective}"


def inherited_descriptors(needle):
    """Descriptors that came along from the operator's shell."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2 and needle.encode() in os.pread(int(name), 4096, 0):
                found.append(name)
        except OSError:
            pass
    return bool(found), f"descriptors that hold it: {found}"


def rewrite_stdin(text):
    """Opens the file behind standard input again, for writing."""
    descriptor = os.open("/proc/self/fd/0", os.O_WRONLY)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, text.encode())
    return True, "wrote into the file behind standard input"


def read_back_stderr(needle):
    """Reads what the file that standard error goes to already held."""
    with open("/proc/self/fd/2", "rb") as file:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return needle.encode() in os.read(file.fileno(), 4096), "read the file behind stderr"


def type_into_terminal(text):
    """TIOCSTI: puts characters into the input of whoever reads this terminal next."""
    import termios
    with open("/dev/tty", "rb+", buffering=0) as terminal:
        for character in text:
            fcntl.ioctl(terminal, termios.TIOCSTI, character.encode())
    return True, "typed"


def unix_socket(path, say, expect, kind="stream"):
    kinds = {"stream": socket.SOCK_STREAM, "packets": socket.SOCK_SEQPACKET}
    with socket.socket(socket.AF_UNIX, kinds[kind]) as client:
        client.settimeout(2)
        client.connect(path)
        client.sendall(say.encode())
        answer = client.recv(65536).decode("utf-8", "replace")
        return expect in answer and answer != "", f"answered {answer[:80]!r}"


def sockets_in_sight(allowed):
    """Unix sockets in the file system, besides those that are the bottle's doors."""
    found = []
    for folder, folders, files in os.walk("/"):
        if folder == "/":
            folders[:] = [f for f in folders if f not in ("proc", "usr", "sys")]
        if folder.count("/") > 12:
            folders.clear()
        for name in files:
            path = os.path.join(folder, name)
            try:
                if stat.S_ISSOCK(os.lstat(path).st_mode) and path not in allowed:
                    found.append(path)
            except OSError:
                pass
    return bool(found), f"found {found[:5]}"
