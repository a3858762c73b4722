"""Looking at processes through /proc, and ending those that a test left."""

import os
import pathlib
import signal
import time


def all_pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat_fields(pid):
    """The fields of /proc/PID/stat after the name: state, ppid, …; None when it is gone."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2:].split()


def name(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def environment(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def alive(pid):
    fields = stat_fields(pid)
    return fields is not None and fields[0] not in "ZX"


def descendants(root=None):
    """Living processes below root (this process when not given)."""
    parents = {}
    for pid in all_pids():
        fields = stat_fields(pid)
        if fields and fields[0] not in "ZX":
            parents[pid] = int(fields[1])
    found, frontier = [], {root or os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found += frontier
    return found


def named(wanted, below=None):
    """Descendants whose name is `wanted` (the kernel keeps 15 characters of it)."""
    return [pid for pid in descendants(below) if name(pid) == wanted[:15]]


def in_same_pid_namespace(pid):
    """Every process in the pid namespace that the process `pid` lives in."""
    wanted = os.readlink(f"/proc/{pid}/ns/pid")
    found = []
    for other in all_pids():
        try:
            if os.readlink(f"/proc/{other}/ns/pid") == wanted:
                found.append(other)
        except OSError:
            pass  # it ended meanwhile
    return found


def reap():
    """Collects orphans that became our children and ended."""
    for pid in all_pids():
        fields = stat_fields(pid)
        if fields and fields[0] == "Z" and int(fields[1]) == os.getpid():
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


def wait_until(condition, seconds=10.0, step=0.02):
    """The first true value of condition(), or its last false one after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


def end_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
