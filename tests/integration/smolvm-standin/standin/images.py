"""docker save archives: read, and unpacked once for all machines, as root of a user namespace."""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import tarfile

from . import guest, store


class BadImage(Exception):
    pass


def cache(settings):
    place = pathlib.Path(settings["image_cache"]) if settings["image_cache"] else store.archives()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


@contextlib.contextmanager
def locked(path):
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def digest(archive, place):
    """sha256 of the file, remembered by what a change of the file would change."""
    status = os.stat(archive)
    key = hashlib.sha256(f"{archive}:{status.st_size}:{status.st_mtime_ns}:{status.st_ino}".encode()).hexdigest()
    known = place / f"known-{key}"
    if known.exists():
        return known.read_text()
    total = hashlib.sha256()
    with open(archive, "rb") as file:
        while block := file.read(1 << 22):
            total.update(block)
    known.write_text(total.hexdigest())
    return total.hexdigest()


def unpack(archive, settings):
    """(directory with `rootfs`, configuration)."""
    place = cache(settings)
    target = place / digest(archive, place)
    if not (target / "config.json").exists():
        with locked(place / "lock"):
            if not (target / "config.json").exists():
                extract(archive, target, settings)
    return target, json.loads((target / "config.json").read_text())


def extract(archive, target, settings):
    try:
        with tarfile.open(archive) as tar:
            try:
                manifest = json.load(tar.extractfile("manifest.json"))
                config = json.load(tar.extractfile(manifest[0]["Config"]))
                layers = [(tar.getmember(name).offset_data, tar.getmember(name).size)
                          for name in manifest[0]["Layers"]]
            except (KeyError, ValueError, IndexError, TypeError) as problem:
                raise BadImage(f"not a docker save archive: {problem}") from None
            plain = isinstance(tar.fileobj, object) and tarfile.is_tarfile(archive)
    except tarfile.TarError as problem:
        raise BadImage(f"not a tar archive: {problem}") from None
    with open(archive, "rb") as file:
        gzipped = file.read(2) == b"\x1f\x8b"
    if gzipped or not plain:
        unpacked = target.with_suffix(".plain")
        with open(unpacked, "wb") as out:
            subprocess.run(["gzip", "-dc", archive], stdout=out, check=True)
        try:
            return extract(str(unpacked), target, settings)
        finally:
            unpacked.unlink()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            guest.enter_user_namespace(settings["idmap"])
            apply(archive, layers, target)
            code = 0
        except Exception as problem:  # told by the exit code and on stderr
            os.write(2, f"standin: {problem}\n".encode())
        finally:
            os._exit(code)
    if os.waitpid(child, 0)[1] != 0:
        raise BadImage("its layers could not be unpacked")
    (target / "config.json").write_text(json.dumps(config))
    return None


def apply(archive, layers, target):
    shutil.rmtree(target, ignore_errors=True)
    root = target / "rootfs"
    root.mkdir(parents=True)
    os.chmod(target, 0o755)
    os.chown(target, *outer_ids())
    os.chmod(root, 0o755)
    for number, (offset, size) in enumerate(layers):
        with open(archive, "rb") as file:
            file.seek(offset)
            tar = subprocess.Popen(["tar", "-x", "-C", str(root), "--numeric-owner", "-p", "--exclude=dev/*",
                                    "--exclude=./dev/*"], stdin=subprocess.PIPE)
            head = file.read(2)
            source = file
            file.seek(offset)
            if head == b"\x1f\x8b":
                inner = subprocess.Popen(["gzip", "-dc"], stdin=subprocess.PIPE, stdout=tar.stdin)
                sink = inner.stdin
            else:
                inner, sink = None, tar.stdin
            left = size
            while left and (block := source.read(min(left, 1 << 20))):
                sink.write(block)
                left -= len(block)
            sink.close()
            if inner:
                inner.wait()
                tar.stdin.close()
            if tar.wait() != 0:
                raise BadImage(f"layer {number} could not be unpacked")
        if number:
            whiteouts(root)


def outer_ids():
    """The caller's own, which are the same in the namespace."""
    return int(os.environ.get("STANDIN_UID", "0")), int(os.environ.get("STANDIN_GID", "0"))


def whiteouts(root):
    for folder, _, files in os.walk(root):
        for name in files:
            if not name.startswith(".wh."):
                continue
            os.unlink(os.path.join(folder, name))
            gone = os.path.join(folder, name.removeprefix(".wh."))
            if os.path.isdir(gone) and not os.path.islink(gone):
                shutil.rmtree(gone, ignore_errors=True)
            elif os.path.lexists(gone):
                os.unlink(gone)
