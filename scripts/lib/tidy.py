#!/usr/bin/env python3
"""clang-tidy over every translation unit of the product, remembering what was clean.

Tests are left out unless they are named: a third of the time for code that ships nowhere.

A unit's verdict depends on its text, every header that it includes, its flags, .clang-tidy and
clang-tidy itself. Their hash names a stamp in the cache; a unit whose stamp exists is not looked at
again. Only clean results are remembered. Paths below the source tree are hashed relative to it, so
that a fresh clone of the same commit finds the stamps of the last one.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time


def header_lists(build):
    """Object file -> files that it was made from, as ninja recorded them."""
    listing = subprocess.run(["ninja", "-C", build, "-t", "deps"], check=True,
                             capture_output=True, text=True).stdout
    result, current = {}, None
    for line in listing.splitlines():
        if line.startswith("    "):
            result[current].append(line.strip())
        elif line.strip():
            current = line.split(":", 1)[0]
            result[current] = []
    return result


class Hasher:
    def __init__(self, source, build, tidy):
        self.source, self.build = source, build
        version = subprocess.run([tidy, "--version"], check=True, capture_output=True).stdout
        self.common = version + (source / ".clang-tidy").read_bytes()
        self.files = {}

    def file(self, path):
        if path not in self.files:
            full = pathlib.Path(self.build, path)
            content = full.read_bytes() if full.exists() else b"absent"
            self.files[path] = hashlib.sha256(content).hexdigest()
        return self.files[path]

    def relative(self, text):
        return text.replace(str(self.build), "BUILD").replace(str(self.source), "SOURCE")

    def unit(self, entry, headers):
        digest = hashlib.sha256(self.common)
        digest.update(self.relative(entry["command"]).encode())
        for path in sorted({entry["file"], *headers}):
            digest.update(f"{self.relative(path)} {self.file(path)}\n".encode())
        return digest.hexdigest()


def object_of(entry):
    match = re.search(r" -o (\S+)", entry["command"])
    return match.group(1) if match else ""


def check(tidy, build, path):
    started = time.monotonic()
    done = subprocess.run(
        [tidy, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option",
         "--extra-arg=-Wno-error", path], capture_output=True, text=True)
    errors = [line for line in done.stderr.splitlines() if not line.endswith("warnings generated.")]
    return done.returncode, done.stdout, "\n".join(errors), time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--tidy", default="clang-tidy")
    parser.add_argument("only", nargs="*", help="parts of paths: look at these units only")
    options = parser.parse_args()

    entries = json.loads((options.build / "compile_commands.json").read_text())
    entries = [entry for entry in entries if not entry["file"].startswith(str(options.build))]
    if options.only:
        entries = [e for e in entries if any(part in e["file"] for part in options.only)]
    else:
        entries = [e for e in entries if not e["file"].startswith(str(options.source / "tests"))]
    headers = header_lists(options.build)
    hasher = Hasher(options.source, options.build, options.tidy)
    options.cache.mkdir(parents=True, exist_ok=True)

    stale = {}
    for entry in entries:
        stamp = options.cache / hasher.unit(entry, headers.get(object_of(entry), []))
        if stamp.exists():
            os.utime(stamp)
        else:
            stale[entry["file"]] = stamp
    print(f"clang-tidy: {len(entries)} units, {len(entries) - len(stale)} known to be clean",
          flush=True)

    dirty = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        waiting = {pool.submit(check, options.tidy, str(options.build), path): path
                   for path in stale}
        for future in concurrent.futures.as_completed(waiting):
            path = waiting[future]
            code, output, errors, seconds = future.result()
            name = os.path.relpath(path, options.source)
            if code == 0:
                stale[path].touch()
                print(f"  clean {name} ({seconds:.0f} s)", flush=True)
            else:
                dirty += 1
                print(f"  NOT CLEAN {name}\n{output}{errors}", flush=True)
    forget_old(options.cache)
    return 1 if dirty else 0


def forget_old(cache, days=30):
    limit = time.time() - days * 86400
    for stamp in cache.iterdir():
        if stamp.stat().st_mtime < limit:
            stamp.unlink()


if __name__ == "__main__":
    sys.exit(main())
