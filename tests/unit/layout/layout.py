"""The dependency rules of the tree, as a table, and a check of every #include against it.

The rules are those of the design ("Layout") and docs/decisions/0001: four sides, of which common is
below core and sidecars, plugins see only the ABI, and inside a side the rooms point one way.
"""

import re
from pathlib import Path

SOURCES = {".h", ".hpp", ".c", ".cpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# What each room of core may include besides itself; a new room needs a row.
CORE_ROOMS = {
    "files": set(),
    "manifest": {"files"},
    "plugins": {"manifest", "files"},
    "plan": {"manifest", "plugins", "files"},
    "conformance": {"plan", "plugins", "manifest", "files"},
    "bottles": {"plan", "manifest", "plugins", "files"},
    "supervise": {"bottles", "manifest", "files"},
    "dashboard": {"bottles", "plan", "manifest", "plugins", "files"},
    "cli": {"supervise", "dashboard", "bottles", "conformance", "plan", "manifest", "plugins", "files"},
    "include": set(),
}

# The same for sidecars: libraries first, then programs, which never include one another. The relay takes
# its end of the session protocol from session, and so does the tether.
SIDECAR_ROOMS = {
    "http": set(),
    "http2": {"http"},
    "websocket": {"http"},
    "policy": {"http"},
    "scan": set(),
    "tls": set(),
    "audit": set(),
    "control": set(),
    "session": {"control"},
    "relay": {"control", "session"},
    "tether": {"control", "session"},
    "machine": {"control", "session"},
    "probe": set(),
    "egress": {"http", "http2", "websocket", "policy", "scan", "tls", "audit", "control"},
    "warden": {"tls", "audit", "control"},
    "supervise": {"http", "policy", "audit", "control"},
    "git-gate": {"http", "audit", "control"},
    "git-hook": {"scan", "control"},
    "demo": {"tls"},
}
ROOMS = {"core": CORE_ROOMS, "sidecars": SIDECAR_ROOMS}

# Rooms that are pure functions: no descriptor, no clock, no library that owns either.
PURE = ("common/base", "sidecars/http", "sidecars/policy")
IMPURE = re.compile(
    r"^(boost/|asio|openssl/|nghttp2/|spdlog/|fcntl\.h|poll\.h|fstream|filesystem|thread|chrono|ctime|"
    r"time\.h|netdb\.h|sys/(socket|stat|epoll|wait)\.h)")
QT = re.compile(r"^Q[A-Z]")
ABI = {"botbottle/plugin.h", "botbottle/plugin.hpp", "botbottle/request.hpp"}
# What backends have in common whose bottles are on this host, linked into each of them.
BACKENDS_SHARE = Path("plugins/host-bottle")
# An engine's images are built by one plugin's code, which another has compiled in.
BORROWED = {"backend-smolmachines": {f"plugins/backend-docker/{name}.h"
                                     for name in ("engine", "engine_error", "image", "tar")}}
# Installed as it is; docs/plugin-abi.md speaks for it.
ABI_FOLDER = Path("core/include/botbottle")


def side_and_room(path):
    parts = path.parts
    return parts[0], parts[1] if len(parts) > 2 else ""


class Tree:
    """A source tree; `problems` collects what breaks a rule, one sentence each."""

    def __init__(self, root):
        self.root = Path(root)
        self.problems = []

    def check(self):
        for side in ("common", "core", "sidecars", "plugins"):
            for path in sorted((self.root / side).rglob("*")):
                if path.suffix in SOURCES:
                    self.check_file(path.relative_to(self.root))
        self.check_readmes()
        return self.problems

    def complain(self, path, why):
        self.problems.append(f"{path}: {why}")

    def check_file(self, path):
        text = (self.root / path).read_text(encoding="utf-8")
        for quote, name in INCLUDE.findall(text):
            target = self.resolve(path, name)
            if target is not None:
                self.check_own(path, name, target)
            elif quote == '"' and not name.endswith(".moc"):
                self.complain(path, f'"{name}" is in no folder of this tree')
            else:
                self.check_foreign(path, name)

    def resolve(self, path, name):
        """The file of this tree that an #include names, or None for a system header."""
        side = path.parts[0]
        roots = [path.parent, Path(side), Path("core/include"), Path("common"), Path("core"),
                 Path("sidecars")]
        if side == "plugins":
            roots.insert(1, Path(*path.parts[:2]))
        for root in roots:
            candidate = self.root / root / name
            if candidate.is_file():
                return candidate.resolve().relative_to(self.root.resolve())
        return None

    def check_own(self, path, name, target):
        side, room = side_and_room(path)
        other_side, other_room = side_and_room(target)
        if side == "plugins":
            if name not in ABI and other_room != room and not (
                    room.startswith("backend-") and target.parent == BACKENDS_SHARE) and (
                    str(target) not in BORROWED.get(room, ())):
                self.complain(path, f"a plugin includes {name}: only the ABI and its own folder")
        elif side == other_side:
            self.check_rooms(path, side, room, name, other_room)
        elif other_side != "common" or side not in ("core", "sidecars"):
            self.complain(path, f"{side} includes {name} of {other_side}")

    def check_rooms(self, path, side, room, name, other_room):
        if room == other_room or side == "common":
            return
        if room not in ROOMS[side]:
            self.complain(path, f"{side}/{room} has no row in tests/unit/layout/layout.py")
        elif other_room not in ROOMS[side][room] and name not in ABI:
            self.complain(path, f"{side}/{room} includes {name}: not below it")

    def check_foreign(self, path, name):
        side, _ = side_and_room(path)
        if QT.match(name) and side != "core":
            self.complain(path, f"{side} includes Qt ({name})")
        if f"{path.parent}/".startswith(tuple(f"{room}/" for room in PURE)) and IMPURE.match(name):
            self.complain(path, f"a pure room includes {name}")
        if side == "common" and name.startswith("nlohmann/"):
            self.complain(path, "common includes JSON")
        if path.name == "plugin.h" and "include" in path.parts and name not in ("stddef.h", "stdint.h"):
            self.complain(path, f"the ABI header includes {name}")
        if path.name == "plugin.hpp" and "include" in path.parts and ("/" in name or QT.match(name)):
            self.complain(path, f"the ABI's C++ header includes {name}: only the standard library")

    def check_readmes(self):
        for side in ("common", "core", "sidecars", "plugins"):
            folders = {path.parent for path in (self.root / side).rglob("*") if path.suffix in SOURCES}
            for folder in sorted(folders):
                name = folder.relative_to(self.root)
                if name != ABI_FOLDER and not (folder / "README.md").is_file():
                    self.complain(name, "has sources and no README.md")
