"""srt, Anthropic's sandbox runtime, from the npm registry, kept in a cache between runs."""

import os
import pathlib
import shutil
import subprocess

from .proxies import Unavailable

PACKAGE, VERSION = "@anthropic-ai/sandbox-runtime", "0.0.78"
CACHE = pathlib.Path("/var/tmp/botbottle-test-cache")
NEEDS = ("npm", "node", "rg", "socat", "bwrap")


def program():
    """Its path; Unavailable, with the reason, when it cannot be had here."""
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if missing:
        raise Unavailable(f"it needs {', '.join(missing)}")
    folder = CACHE / f"srt-{VERSION}"
    found = folder / "node_modules/.bin/srt"
    if (folder / ".complete").exists():
        return found
    CACHE.mkdir(mode=0o755, exist_ok=True)
    if CACHE.stat().st_uid != os.geteuid():
        raise Unavailable(f"{CACHE} belongs to somebody else")
    npm = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder),
                          f"{PACKAGE}@{VERSION}"], capture_output=True, text=True)
    if npm.returncode != 0:
        raise Unavailable(f"npm could not install it: {npm.stderr[-400:]}")
    subprocess.run(["chmod", "-R", "go=rX", str(folder)], check=True)
    (folder / ".complete").touch()
    return found
