"""Ways to make more of the git-gate than a door for clean pushes to the repos that are declared. `base` is the gate's
address in the bottle, and in the control that of a plain server with the same repos."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.parse

TIMEOUT = 30


def ask(base, method, target, needle, headers=(), body=""):
    """One request, byte by byte. Reached when the answer is a success and holds the needle."""
    address = urllib.parse.urlsplit(base)
    lines = [f"{method} {target} HTTP/1.1", f"Host: {address.netloc}", "Connection: close", *headers]
    if method in ("PUT", "POST"):
        lines.append(f"Content-Length: {len(body)}")
    with socket.create_connection((address.hostname, address.port), TIMEOUT) as stream:
        stream.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1"))
        data = b""
        while piece := stream.recv(65536):
            data += piece
    status = data.split(b"\r\n")[0].decode("latin-1")
    return status[:10] in ("HTTP/1.0 2", "HTTP/1.1 2") and needle.encode() in data, status or "closed"


def push(base, script):
    """Clones the project and runs a script of git commands in the clone. Reached when all of it worked; what arrived
    the upstream knows better."""
    home = tempfile.mkdtemp()
    environment = {"PATH": os.environ["PATH"], "HOME": home, "BASE": base, "GIT_CONFIG_NOSYSTEM": "1",
                   "GIT_TERMINAL_PROMPT": "0", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.example",
                   "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b.example", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            ["sh", "-ec", f"exec 2>&1; cd {home}; git clone -q $BASE/project.git project; cd project\n{script}"],
            env=environment, capture_output=True, text=True, timeout=TIMEOUT, errors="replace")
    except subprocess.TimeoutExpired:
        return False, "TimeoutError"
    finally:
        shutil.rmtree(home, ignore_errors=True)
    said = [line for line in done.stdout.splitlines() if "botbottle" in line or "error" in line or "fatal" in line]
    return done.returncode == 0, " | ".join(said)[:200] or done.stdout[-200:]


def find_key(roots, parts):
    """Looks for a key's text in files, environments and command lines, and memory that can be read."""
    needle = "".join(parts).encode()  # in parts, so that this process is not what is found
    def holds(path):
        try:
            with open(path, "rb") as file:
                before = b""
                for _ in range(4096):
                    piece = file.read(65536)
                    if not piece:
                        return False
                    if needle in before + piece:
                        return True
                    before = piece[-len(needle):]
        except (OSError, ValueError):
            pass
        return False
    for root in roots:
        for folder, names, files in os.walk(root):
            names[:] = [n for n in names if os.path.join(folder, n) not in ("/proc", "/sys", "/usr", "/lib")]
            for name in files:
                path = os.path.join(folder, name)
                if os.path.isfile(path) and holds(path):
                    return True, f"in {path}"
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        for name in ("environ", "cmdline"):
            if holds(process / name):
                return True, f"in {process / name}"
        try:
            for descriptor in (process / "fd").iterdir():
                if os.path.isfile(descriptor) and holds(descriptor):
                    return True, f"in {descriptor}"
        except OSError:
            pass
    return False, "nowhere"
