"""The switches of a test, and the record of every call. Both lie outside of any machine."""

import json
import os
import pathlib
import time

DEFAULTS = {
    "version": "1.9.3",       # what --version says; flags follow it
    "missing_flags": [],      # flags that this "version" does not have, whatever its number
    "idmap": None,            # socket of who gives a user namespace its ids
    "image_cache": None,      # where unpacked images are kept; default: where the real one has archives
    "start_timeout": False,   # the agent never gets ready
    "slow_start": 0,          # seconds
    "exec_lost": 0,           # so many commands lose their connection
    "first_exec_killed": 0,   # so many first commands are killed (the race of 0.8.0)
    "delete_fails": 0,        # so many deletes fail
    "leak": None,             # "network": the machine has its host's
    "network_flag": False,    # status says that the machine has a network
    "stop_hangs": False,
}


def folder():
    return pathlib.Path(os.environ.get("HOME", "/")) / ".smolvm-standin"


def settings():
    found = dict(DEFAULTS)
    try:
        found.update(json.loads((folder() / "control.json").read_text()))
    except FileNotFoundError:
        pass
    return found


def take(name):
    """True so many times as the switch says; it counts down in a file of its own."""
    wanted = settings()[name]
    if not wanted:
        return False
    counter = folder() / f"taken-{name}"
    taken = int(counter.read_text()) if counter.exists() else 0
    if taken >= wanted:
        return False
    counter.write_text(str(taken + 1))
    return True


def audit(arguments):
    place = folder()
    place.mkdir(mode=0o700, exist_ok=True)
    line = json.dumps({"argv": ["smolvm", *arguments], "env": sorted(os.environ), "cwd": os.getcwd(),
                       "time": time.time(), "pid": os.getpid()})
    with open(place / "audit.jsonl", "a", encoding="utf-8") as file:
        file.write(line + "\n")
