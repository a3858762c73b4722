"""Namespaces: the system calls that Python 3.11 has no words for, and a machine's file tree."""

import ctypes
import fcntl
import os
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = (0x00020000, 0x04000000, 0x08000000, 0x10000000,
                                                  0x20000000, 0x40000000)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36
SIOCSIFFLAGS, SIOCGIFFLAGS, IFF_UP = 0x8914, 0x8913, 1


def check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def unshare(flags):
    check(libc.unshare(flags), "unshare")


def setns(wanted):
    """All are opened first: the second path may mean nothing in the first namespace."""
    opened = [(os.open(path, os.O_RDONLY | os.O_CLOEXEC), path, flags) for path, flags in wanted]
    for fd, path, flags in opened:
        check(libc.setns(fd, flags), f"setns {path}")
        os.close(fd)


def enter_container(pid):
    setns([(f"/proc/{pid}/ns/{name}", flags) for name, flags in
           (("pid", NEWPID), ("uts", NEWUTS), ("ipc", NEWIPC), ("mnt", NEWNS))])


def mount(source, target, kind=None, flags=0, options=None):
    encode = lambda text: None if text is None else os.fsencode(text)  # noqa: E731
    check(libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(options)),
          f"mount {source} {target}")


def pivot_into(root):
    os.chdir(root)
    check(libc.syscall(155 if os.uname().machine == "x86_64" else 41, b".", b"."), "pivot_root")
    check(libc.umount2(b".", 2), "umount")  # MNT_DETACH
    os.chdir("/")


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)


def let_enter():
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)


def adopt_orphans():
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = struct.pack("16sH14s", b"lo", 0, b"")
        flags = struct.unpack("16sH14s", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", flags | IFF_UP, b""))


def ask_for_ids(path, pid):
    """The ids of a user namespace, from somebody who may give them (README.md)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.connect(path)
        sock.sendall(f"{pid}\n".encode())
        answer = sock.recv(200)
    if answer != b"ok\n":
        raise OSError(f"no ids for the machine: {answer.decode(errors='replace')}")


def enter_user_namespace(idmap):
    """Root of a namespace in which the caller's own id is the same as outside."""
    if os.geteuid() == 0:
        return
    if not idmap:
        raise OSError("nobody gives ids (control.json: idmap)")
    ready, done = os.pipe(), os.pipe()
    pid = os.getpid()
    child = os.fork()
    if child == 0:  # asks while we are in the namespace and can do nothing yet
        code = 1
        try:
            os.close(ready[1])
            os.read(ready[0], 1)
            ask_for_ids(idmap, pid)
            os.write(done[1], b"y")
            code = 0
        finally:
            os._exit(code)
    os.close(done[1])
    unshare(NEWUSER)
    os.close(ready[1])
    answer = os.read(done[0], 1)
    os.waitpid(child, 0)
    os.close(ready[0])
    os.close(done[0])
    if answer != b"y":
        raise OSError("no ids for the machine")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def bind(source, target, read_only=False):
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        status = os.statvfs(target)
        kept = status.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def make_tree(root, volumes):
    """The container's mounts, in a mount namespace of its own. `root` becomes "/"."""
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    mount(root, root, None, MS_BIND | MS_REC)
    inside = lambda path: root + path  # noqa: E731
    for path in ("/proc", "/sys", "/dev", "/tmp", "/run"):
        os.makedirs(inside(path), exist_ok=True)
    mount("tmpfs", inside("/dev"), "tmpfs", MS_NOSUID, "mode=755,size=65536k")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        open(inside(f"/dev/{name}"), "w").close()
        bind(f"/dev/{name}", inside(f"/dev/{name}"))
    for name in ("pts", "shm"):
        os.mkdir(inside(f"/dev/{name}"))
    mount("devpts", inside("/dev/pts"), "devpts", MS_NOSUID | MS_NOEXEC,
          "newinstance,ptmxmode=0666,mode=0620")
    os.symlink("pts/ptmx", inside("/dev/ptmx"))
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                         ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(target, inside(f"/dev/{name}"))
    for path in ("/dev/shm", "/tmp", "/run"):
        mount("tmpfs", inside(path), "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777" if path != "/run" else "mode=755")
    mount("proc", inside("/proc"), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    for source, target, read_only in volumes:
        os.makedirs(inside(target), exist_ok=True)
        bind(source, inside(target), read_only)
    pivot_into(root)
