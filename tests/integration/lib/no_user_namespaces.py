#!/usr/bin/python3
"""Runs a command on a machine that allows no user namespaces: inside one of its own, in which every
user is itself and the limit on further ones is 0. The machine outside is not changed.

usage: no_user_namespaces.py COMMAND…  (as root)
"""

import ctypes
import os
import pathlib
import sys

CLONE_NEWUSER = 0x10000000
EVERYBODY = "0 0 4294967295\n"


def child(entered, mapped):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        os._exit(99)
    os.write(entered, b"x")
    os.read(mapped, 1)
    pathlib.Path("/proc/sys/user/max_user_namespaces").write_text("0")
    os.execvp(sys.argv[1], sys.argv[1:])


def main():
    entered, mapped = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        child(entered[1], mapped[0])
    os.read(entered[0], 1)
    for kind in ("uid_map", "gid_map"):
        pathlib.Path(f"/proc/{pid}/{kind}").write_text(EVERYBODY)
    os.write(mapped[1], b"x")
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    main()
