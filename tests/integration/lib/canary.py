"""Looking for a secret where it must not be: memory, environments, arguments, files.

Each search takes needles, {name: bytes}, and returns a list of sentences, one for each find.
"""

import os
import pathlib
import stat

from . import processes

CHUNK = 4 << 20


def spellings(name, value):
    """A secret as it is, and as base64 or hex would carry it."""
    import base64
    raw = value.encode()
    found = {name: raw, f"{name} in hex": raw.hex().encode()}
    for shift in range(3):
        # The stable middle of each of base64's three phases.
        encoded = base64.b64encode(b"\0" * shift + raw)
        found[f"{name} in base64, phase {shift}"] = encoded[4:-4]
    return found


def in_memory(pid, needles):
    found = []
    overlap = max(map(len, needles.values()))
    try:
        maps = pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines()
        memory = os.open(f"/proc/{pid}/mem", os.O_RDONLY)
    except OSError as error:
        if processes.alive(pid):
            return [f"the memory of process {pid} ({processes.name(pid)}) could not be read: {error}"]
        return []
    try:
        for line in maps:
            span, permissions = line.split()[:2]
            if "r" not in permissions or line.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            start, end = (int(part, 16) for part in span.split("-"))
            for at in range(start, end, CHUNK):
                try:
                    data = os.pread(memory, min(CHUNK + overlap, end - at), at)
                except OSError:
                    continue  # a mapping past its file's end has no bytes
                found += [f"{what} is in the memory of process {pid} ({processes.name(pid)}), "
                          f"at {line.split()[-1]}" for what, needle in needles.items()
                          if needle in data]
    finally:
        os.close(memory)
    return found


def memory_size(pid):
    """Readable bytes of a process: proof that a search looked at something."""
    total = 0
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        total += end - start
    return total


def in_process_table(needles, exempt=()):
    """Arguments and environments of every process of this machine but the exempt ones."""
    found = []
    for pid in processes.all_pids():
        if pid in exempt:
            continue
        for place, data in (("arguments", processes.command_line(pid)),
                            ("environment", processes.environment(pid))):
            found += [f"{what} is in the {place} of process {pid} ({processes.name(pid)})"
                      for what, needle in needles.items() if needle in data]
    return found


def in_files(root, needles, skip=()):
    """Every regular file below root, names and link targets included. `skip` holds the (device,
    inode) of folders that are the host's own and cannot have changed."""
    found = []
    skip = set(skip)
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if identity(os.path.join(folder, name)) not in skip]
        for name in files:
            path = os.path.join(folder, name)
            found += [f"{what} is in {path}" for what, needle in needles.items()
                      if needle in os.fsencode(path) or holds(path, needle)]
    return found


def identity(path):
    try:
        info = os.stat(path, follow_symlinks=False)
        return info.st_dev, info.st_ino
    except OSError:
        return None


def holds(path, needle):
    try:
        info = os.lstat(path)
        if stat.S_ISLNK(info.st_mode):
            return needle in os.fsencode(os.readlink(path))
        if not stat.S_ISREG(info.st_mode):
            return False
        with open(path, "rb") as file:
            tail = b""
            while data := file.read(CHUNK):
                if needle in tail + data:
                    return True
                tail = data[-len(needle):]
    except OSError:
        pass
    return False


def in_bottle_files(pid, needles):
    """Every file that the bottle of process `pid` has, read by root through /proc/PID/root. What is
    the host's own /usr cannot hold a secret that was made a moment ago; /proc is searched elsewhere."""
    root = f"/proc/{pid}/root"
    skip = {identity("/usr"), identity(f"{root}/proc")}
    return in_files(root + "/", needles, skip)
