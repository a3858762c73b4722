"""Records of machines and their directories, where the real smolvm has them."""

import hashlib
import json
import os
import pathlib


def base(variable, default):
    value = os.environ.get(variable)
    return pathlib.Path(value) if value else pathlib.Path(os.environ.get("HOME", "/")) / default


def records():
    place = base("XDG_DATA_HOME", ".local/share") / "smolvm/server/machines"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def machine_dir(name):
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return base("XDG_CACHE_HOME", ".cache") / "smolvm/vms" / digest


def archives():
    return base("XDG_CACHE_HOME", ".cache") / "smolvm-image-archives"


class Exists(Exception):
    pass


def insert(record):
    """Whoever is first has the name; the record is whole when it can be seen."""
    target = records() / f"{record['name']}.json"
    temporary = records() / f".new-{os.getpid()}-{record['name']}"
    temporary.write_text(json.dumps(record, indent=2))
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise Exists from None
    finally:
        temporary.unlink()


def update(record):
    temporary = records() / f".new-{os.getpid()}-{record['name']}"
    temporary.write_text(json.dumps(record, indent=2))
    temporary.rename(records() / f"{record['name']}.json")


def load(name):
    try:
        return json.loads((records() / f"{name}.json").read_text())
    except (FileNotFoundError, NotADirectoryError, OSError):
        return None


def load_all():
    found = []
    for file in sorted(records().glob("[!.]*.json")):
        try:
            found.append(json.loads(file.read_text()))
        except FileNotFoundError:
            pass
    return found


def remove(name):
    (records() / f"{name}.json").unlink(missing_ok=True)


def start_time(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return None


def vmm(name):
    """(pid, True) of the machine's living process, or None."""
    try:
        pid, started = map(int, (machine_dir(name) / "agent.pid").read_text().split())
    except (FileNotFoundError, ValueError, NotADirectoryError):
        return None
    if start_time(pid) != started:
        return None
    state = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return pid if state not in "ZX" else None


def state(record):
    if vmm(record["name"]):
        return "running"
    # A record that says "running" without a process: it ended behind our back.
    return "stopped" if record["state"] == "running" else record["state"]
