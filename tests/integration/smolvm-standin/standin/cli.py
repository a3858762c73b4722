"""The command line: what it prints, where, and with which exit code."""

import fcntl
import ipaddress
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import struct
import sys
import termios
import threading
import time
import tty

from . import control, flags, store, wire

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
PROTECTED_TREES = ("/var/run", "/var/log", "/etc", "/boot", "/usr", "/bin", "/sbin", "/lib", "/proc", "/sys",
                   "/dev", "/run")
STATUS_KEYS = {"ephemeral": False, "gpu": False, "gpu_vram_mib": None, "cuda": False, "forkable": False,
               "cuda_fork_pool_size": None, "cuda_vram_limit_mib": None, "forkpoint_held": False,
               "restart_policy": "never", "restart_max_retries": 0, "restart_count": 0, "health_cmd": None,
               "health_interval_secs": None, "health_timeout_secs": None, "health_retries": None,
               "health_startup_grace_secs": None}


class ToolError(Exception):
    pass


def main(words):
    control.audit(words)
    os.environ["STANDIN_UID"], os.environ["STANDIN_GID"] = str(os.getuid()), str(os.getgid())
    settings = control.settings()
    try:
        return dispatch(words, settings)
    except flags.UsageError as problem:
        print(f"error: {problem}\n\nUsage: smolvm machine <COMMAND>\n\nFor more information, try '--help'.",
              file=sys.stderr)
        return 2
    except ToolError as problem:
        sys.stdout.flush()
        print(f"Error: {problem}", file=sys.stderr)
        return 1


def dispatch(words, settings):
    if words == ["--version"]:
        print(f"smolvm {settings['version']}")
        return 0
    if words in (["--help"], ["-h"]):
        print("smolvm: AGENTS.md")
        return 0
    if not words or words[0] not in ("machine", "vm"):
        raise flags.UsageError(f"unrecognized subcommand '{words[0] if words else ''}'")
    if len(words) == 1:
        raise flags.UsageError("a subcommand is required")
    command = flags.ALIASES.get(words[1], words[1])
    if command not in flags.COMMANDS:
        raise flags.UsageError(f"unrecognized subcommand '{command}'")
    found, rest = flags.parse(command, words[2:], settings)
    return globals()["do_" + command.replace("-", "_")](found, rest, settings)


def no_words(rest):
    if rest:
        raise flags.UsageError(f"unexpected argument '{rest[0]}' found")


def existing(name):
    record = store.load(name) if NAME.match(name) else None
    if record is None:
        raise ToolError(f"vm not found: {name}")
    return record


# ---- create


def check_name(name):
    def refuse(why):
        raise ToolError(f"config operation failed: create machine: machine name {why}")
    if not name or len(name) > 128:
        refuse(f"must be 1 to 128 characters (got: {len(name)})")
    for letter in name:
        if not (letter.isascii() and letter.isalnum()) and letter not in "_-":
            refuse(f"contains invalid character: '{letter}'")
    if not name[0].isalnum():
        refuse(f"must start with a letter or digit (got: {name})")
    if "--" in name:
        refuse(f"cannot contain consecutive hyphens (got: {name})")
    if name.endswith("-"):
        refuse(f"cannot end with a hyphen (got: {name})")


def parse_volume(text):
    parts = text.split(":")
    if len(parts) not in (2, 3) or not parts[0] or not parts[1] or (len(parts) == 3 and
                                                                   parts[2] not in ("ro", "rw")):
        raise ToolError(f"invalid mount path: invalid format '{text}' (expected host:guest[:ro|:rw])")
    source, target = parts[0], parts[1]
    if not os.path.exists(source):
        raise ToolError(f"mount source not found: {source}")
    if not os.path.isdir(source):
        raise ToolError("mount operation failed: validate host path: source path on host must be a directory "
                        f"(virtiofs limitation): {source}")
    source = os.path.realpath(source)
    if source in ("/", "/var") or any(source == tree or source.startswith(tree + "/")
                                      for tree in PROTECTED_TREES):
        raise ToolError("mount operation failed: validate host path: source path on host is a protected system "
                        f"path and cannot be mounted: {source}")
    if not target.startswith("/"):
        raise ToolError("mount operation failed: validate guest path: target path on guest should be an "
                        f"absolute directory: {target}")
    return source, target, len(parts) == 3 and parts[2] == "ro"


def parse_volumes(texts):
    volumes = [parse_volume(text) for text in texts]
    seen = set()
    for _, target, _ in volumes:
        if target in seen:
            raise ToolError(f"mount operation failed: validate mounts: duplicate mount target: {target} is "
                            "specified more than once")
        seen.add(target)
    return volumes


def parse_ports(texts):
    ports = []
    for text in texts:
        pair = text.split(":")
        if len(pair) > 2 or not all(part.isdigit() and int(part) < 65536 for part in pair):
            raise flags.UsageError(f"invalid value '{text}' for '--port <HOST:GUEST>': invalid port")
        if any(int(part) == 0 for part in pair):
            raise flags.UsageError(f"invalid value '{text}' for '--port <HOST:GUEST>': port 0 is not valid for VM "
                                   "port forwarding")
        ports.append((int(pair[0]), int(pair[-1])))
    hosts = [host for host, _ in ports]
    for host in hosts:
        if hosts.count(host) > 1:
            raise ToolError(f"config operation failed: validate ports: duplicate host port {host}: each host port "
                            "can only be mapped once")
    return ports


def parse_sockets(texts):
    seen = set()
    for text in texts:
        host, colon, target = text.rpartition(":")
        if not colon or not host or not target:
            raise ToolError(f"config operation failed: mount-socket: expected HOST_PATH:GUEST_PATH, got '{text}'")
        if not target.startswith("/"):
            raise ToolError(f"config operation failed: publish-socket: guest path '{target}' must be absolute")
        if ";" in target or "|" in target:
            raise ToolError(f"config operation failed: publish-socket: guest path '{target}' contains an invalid "
                            "character")
        if target in seen:
            raise ToolError(f"config operation failed: mount-socket: guest path '{target}' is mounted more than "
                            "once")
        seen.add(target)
    if len(texts) > 64:
        raise ToolError("config operation failed: mount-socket: at most 64 sockets")
    return list(texts)


def check_hosts(names):
    for name in names:
        if ":" in name:
            raise ToolError(f"config operation failed: --allow-host: '{name}': a port is not supported")
        try:
            socket.getaddrinfo(name, 443)
        except OSError as problem:
            raise ToolError(f"config operation failed: --allow-host: '{name}': {problem}") from None


def parse_networks(texts):
    for text in texts:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as problem:
            raise ToolError(f"config operation failed: --allow-cidr: '{text}': {problem}") from None
    return texts


def parse_secrets(found):
    seen = []
    for kind in ("secret_env", "secret_file"):
        for text in found.get(kind, []):
            key, equals, value = text.partition("=")
            if not equals or not key:
                raise ToolError(f"config operation failed: --{kind.replace('_', '-')}: expected KEY=VALUE, got "
                                f"'{text}'")
            if any(key == other for _, other, _ in seen):
                raise ToolError(f"config operation failed: secret '{key}' specified more than once")
            if kind == "secret_file" and not value.startswith("/"):
                raise ToolError(f"config operation failed: --secret-file: '{value}' must be absolute")
            seen.append((kind, key, value))
    return seen


def resolve_secrets(references):
    values = {}
    for kind, key, value in references:
        def refuse(why, key=key):
            raise ToolError(f"config operation failed: resolve secret '{key}': {why}")
        if kind == "secret_env":
            if value not in os.environ:
                refuse("env_unset")
            values[key] = os.environ[value]
            continue
        try:
            with open(os.open(value, os.O_RDONLY | os.O_NOFOLLOW), encoding="utf-8") as file:
                text = file.read((1 << 20) + 1)
        except OSError:
            refuse("file_read_failed")
        if len(text) > 1 << 20:
            refuse("file_too_large")
        values[key] = text.removesuffix("\n")
    return values


def local_image(image):
    return image.startswith(("/", "./", "../")) or image.endswith((".tar", ".tar.gz", ".tgz"))


def do_create(found, rest, settings):
    # Only what follows "--" is a command.
    words = sys.argv[1:]
    if rest and "--" not in words:
        raise flags.UsageError(f"unexpected argument '{rest[0]}' found")
    if rest and words[words.index("--") + 1:] != rest:
        raise flags.UsageError(f"unexpected argument '{rest[0]}' found")
    name = found.get("name") or f"vm-{os.urandom(4).hex()}"
    ports = parse_ports(found.get("port", []))
    check_name(name)
    volumes = parse_volumes(found.get("volume", []))
    sockets = parse_sockets(found.get("mount_socket", []))
    check_hosts(found.get("allow_host", []))
    secrets = parse_secrets(found)
    network = any(key in found for key in ("net", "allow_cidr", "allow_host", "outbound_localhost_only"))
    image = found.get("image")
    if image and not local_image(image) and image != "-" and not network:
        raise ToolError(f"config operation failed: create machine: image '{image}' has to be pulled, which needs "
                        "--net; or load it from a file: docker save IMAGE | smolvm machine create --image -")
    if image and local_image(image):
        if not os.path.exists(image):
            raise ToolError(f"config operation failed: create machine: image archive not found: {image}")
        image = os.path.abspath(image)
    memory = int(found.get("mem", 8192))
    if memory < 64:
        raise ToolError("config operation failed: create machine: memory must be at least 64 MiB")
    from_pack = "from" in found
    record = {"name": name, "state": "created", "cpus": int(found.get("cpus", 4)), "memory_mib": memory,
              "storage_gb": int(found.get("storage", 20)), "overlay_gb": int(found.get("overlay", 10)),
              "image": image or (found["from"] if from_pack else None), "pack": from_pack,
              "labels": dict(text.partition("=")[::2] for text in found.get("label", [])),
              "volumes": volumes, "ports": ports, "mount_sockets": sockets, "network": network,
              "allow_cidr": parse_networks(found.get("allow_cidr", [])), "allow_host": found.get("allow_host", []),
              "localhost_only": "outbound_localhost_only" in found, "env": found.get("env", []),
              # The real one drops these with --from.
              "secrets": [] if from_pack else secrets, "workdir": None if from_pack else found.get("workdir"),
              "user": found.get("user"), "init": found.get("init", []), "init_done": False, "command": rest,
              "pid": None, "created_at": int(time.time())}
    if store.load(name) is not None:
        raise ToolError(f"config operation failed: create machine: machine '{name}' already exists or is being "
                        "created")
    if image and os.path.isfile(image):
        from . import images
        try:
            images.unpack(image, settings)
        except images.BadImage as problem:
            raise ToolError(f"storage operation failed: import image: {image}: {problem}") from None
    place = store.machine_dir(name)
    try:
        store.insert(record)
    except store.Exists:
        raise ToolError(f"config operation failed: create machine: machine '{name}' already exists or is being "
                        "created") from None
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    (place / "name").write_text(name)
    if from_pack:
        print("Extracting .smolmachine assets...")
    print(f"Created machine: {name}\n  CPUs: {record['cpus']}, Memory: {memory} MiB")
    for title, key in (("Mounts", "volumes"), ("Ports", "ports"), ("Init commands", "init")):
        if record[key]:
            print(f"  {title}: {len(record[key])}")
    print(f"\nUse 'smolvm machine start --name {name}' to start the machine\n"
          f"Then use 'smolvm machine exec --name {name} -- <command>' to run commands")
    return 0


# ---- start, stop, delete


def do_start(found, rest, settings):
    no_words(rest)
    record = existing(found.get("name", "default"))
    name = record["name"]
    if pid := store.vmm(name):
        print(f"Machine '{name}' already running (PID: {pid})")
        return 0
    for host, _ in record["ports"]:
        for other in store.load_all():
            if other["name"] != name and store.vmm(other["name"]) and host in [p for p, _ in other["ports"]]:
                raise ToolError(f"config operation failed: start machine: host port {host} is already in use by "
                                f"running machine '{other['name']}'")
    record["secret_values"] = resolve_secrets(record["secrets"])
    extra = (f" with {len(record['volumes'])} mount(s)" if record["volumes"] else "") + \
            (f" and {len(record['ports'])} port mapping(s)" if record["ports"] else "")
    print(f"Starting machine '{name}'{extra}...", file=sys.stderr)
    if settings["start_timeout"]:
        store.update({**plain(record), "state": "failed"})
        raise ToolError("agent did not become ready within 30 seconds")
    time.sleep(settings["slow_start"])
    pid = boot(record, settings)
    store.update({**plain(record), "state": "running", "pid": pid})
    if record["init_done"] and record["init"]:
        print(f"Init already completed, skipping {len(record['init'])} command(s)", file=sys.stderr)
    elif record["init"]:
        run_init(record, pid)
    print(f"Machine '{name}' running (PID: {pid})")
    return 0


def plain(record):
    return {key: value for key, value in record.items() if key != "secret_values"}


def run_init(record, pid):
    for number, line in enumerate(record["init"]):
        code, _, errors = quietly(record["name"], ["/bin/sh", "-c", line])
        if code != 0:
            end_process(pid)
            store.update({**plain(record), "state": "stopped", "pid": None})
            raise ToolError(f"agent operation failed: init: init[{number}] failed (exit {code}): "
                            f"{errors.decode(errors='replace').strip()}")
    store.update({**plain(record), "state": "running", "pid": pid, "init_done": True})


def bare_tree(record):
    """What a machine without an image has: the host's programs, read-only."""
    rootfs = store.machine_dir(record["name"]) / "bare"
    for name in ("usr", "etc", "root", "var"):
        (rootfs / name).mkdir(parents=True, exist_ok=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        if not (rootfs / name).is_symlink() and os.path.exists(f"/{name}"):
            (rootfs / name).symlink_to(f"usr/{name}")
    record["volumes"] = [*record["volumes"], ("/usr", "/usr", True)]
    return rootfs


def boot(record, settings):
    from . import images, vmm
    config = {}
    if record["image"] and os.path.isfile(record["image"]):
        try:
            target, config = images.unpack(record["image"], settings)
        except images.BadImage as problem:
            raise ToolError(f"storage operation failed: import image: {problem}") from None
        rootfs = target / "rootfs"
    elif record["image"]:
        raise ToolError("agent operation failed: start: the stand-in boots local image archives only")
    else:
        rootfs = bare_tree(record)
    place = store.machine_dir(record["name"])
    (place / "agent.sock").unlink(missing_ok=True)
    if len(str(place / "agent.sock")) > 107:  # the real one hangs here
        time.sleep(30)
        raise ToolError("agent did not become ready within 30 seconds")
    told, report = os.pipe()
    os.set_inheritable(report, True)
    pid = os.fork()
    if pid == 0:
        vmm.main({**record, "env": record["env"] + [f"{k}={v}" for k, v in record["secret_values"].items()]},
                 config, settings, rootfs, report)
    os.close(report)
    words = b""
    while block := os.read(told, 4096):
        words += block
    if words:
        store.update({**plain(record), "state": "failed"})
        raise ToolError(f"agent operation failed: start: {words.decode(errors='replace')}")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and store.vmm(record["name"]):
        if (place / "agent.sock").exists():
            return pid
        time.sleep(0.002)
    raise ToolError("agent did not become ready within 30 seconds")


def end_process(pid):
    try:
        os.kill(pid, signal.SIGTERM)
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    if not select.select([fd], [], [], 4)[0]:
        os.kill(pid, signal.SIGKILL)
        select.select([fd], [], [], 5)
    os.close(fd)


def stop(record):
    if pid := store.vmm(record["name"]):
        end_process(pid)
    if record["state"] == "running":
        store.update({**record, "state": "stopped", "pid": None})


def do_stop(found, rest, settings):
    no_words(rest)
    record = existing(found.get("name", "default"))
    name = record["name"]
    if not store.vmm(name):
        state = store.state(record)
        if record["state"] == "running":
            store.update({**record, "state": "stopped", "pid": None})
        print(f"Machine '{name}' is not running (state: {state})")
        return 0
    print(f"Stopping machine '{name}'...", flush=True)
    if settings["stop_hangs"]:
        time.sleep(3600)
    stop(record)
    print(f"Stopped machine: {name}")
    return 0


def do_delete(found, rest, settings):
    no_words(rest)
    record = existing(found.get("name", "default"))
    name = record["name"]
    if store.vmm(name):
        print(f"Stopping machine '{name}'...", flush=True)
        stop(record)
    if "force" not in found:
        print(f"Delete machine '{name}'? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            print("Cancelled")
            return 0
    if control.take("delete_fails"):
        raise ToolError("io operation failed: remove data directory: Device or resource busy (os error 16)")
    place = store.machine_dir(name)
    if place.exists():
        print(f"Cleaning up data directory for vm: {name}")
        remove_tree(place, settings)
    store.remove(name)
    print(f"Deleted machine: {name}")
    return 0


def remove_tree(place, settings):
    """Its files belong to ids of the machine's."""
    from . import guest
    child = os.fork()
    if child == 0:
        try:
            guest.enter_user_namespace(settings["idmap"])
            shutil.rmtree(place, ignore_errors=True)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    shutil.rmtree(place, ignore_errors=True)


# ---- what there is


def description(record, settings):
    return {"name": record["name"], "state": store.state(record), "cpus": record["cpus"],
            "memory_mib": record["memory_mib"], "pid": record["pid"], "mounts": len(record["volumes"]),
            "ports": len(record["ports"]), "created_at": record["created_at"],
            "storage_gb": record["storage_gb"], "overlay_gb": record["overlay_gb"],
            "image": f"local:{os.path.basename(record['image'])}" if record["image"] else None,
            "entrypoint": [], "cmd": record["command"], **STATUS_KEYS, "labels": record["labels"],
            "network": record["network"] or settings["network_flag"]}


def do_status(found, rest, settings):
    no_words(rest)
    name = found.get("name", "default")
    if "json" in found and store.load(name) is None:
        raise ToolError(f"config operation failed: machine status: machine '{name}' not found")
    record = existing(name)
    if "json" in found:
        print(json.dumps(description(record, settings), indent=2))
        return 0
    state = store.state(record)
    print(f"Machine '{name}': {state}" + (f" (PID: {record['pid']})" if state == "running" else ""))
    return 0


def do_ls(found, rest, settings):
    no_words(rest)
    records = store.load_all()
    if "json" in found:
        print(json.dumps([description(record, settings) for record in records], indent=2))
        return 0
    if not records:
        print("No machines found")
        return 0
    print("NAME STATE CPUS MEMORY MOUNTS PORTS STORAGE OVERLAY")
    for record in records:
        print(record["name"], store.state(record), record["cpus"], f"{record['memory_mib']} MiB",
              len(record["volumes"]), len(record["ports"]), f"{record['storage_gb']} GiB",
              f"{record['overlay_gb']} GiB")
        if "verbose" in found:
            for line in record["env"]:
                print(f"  {line}")
    return 0


def do_egress_events(found, rest, _settings):
    no_words(rest)
    name = found.get("name", "default")
    existing(name)
    try:
        lines = (store.machine_dir(name) / "egress-denials.log").read_text().splitlines()
    except FileNotFoundError:
        lines = []
    events = [json.loads(line) for line in lines][-int(found.get("limit", 200)):]
    if "json" in found:
        print(json.dumps(events, indent=2))
    elif not events:
        print(f"No egress denials recorded for '{name}'.")
    for event in events if "json" not in found else []:
        print(f"{event['timestamp']:.0f} {event['operation']} {event['dest']}")
    return 0


def do_data_dir(found, rest, _settings):
    no_words(rest)
    print(store.machine_dir(existing(found.get("name", "default"))["name"]))
    return 0


# ---- exec and cp


def duration(text):
    found = re.fullmatch(r"(\d+)(ms|s|m|h)", text)
    if not found or int(found[1]) == 0:
        raise flags.UsageError(f"invalid value '{text}' for '--timeout <DURATION>'")
    return int(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2]]


def connect(name, operation="connect"):
    if not store.vmm(name):
        raise ToolError(f"agent operation failed: {operation}: machine '{name}' is not running. Use 'smolvm machine "
                        f"start --name {name}' first.")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.getcwd()
    try:
        os.chdir(store.machine_dir(name))
        connection.connect("agent.sock")
    except OSError as problem:
        raise ToolError(f"agent operation failed: {operation}: {problem}") from None
    finally:
        os.chdir(before)
    return connection


LOST = "agent operation failed: exec: connection to VM lost"


def request_of(argv, **more):
    return {"argv": argv, "interactive": False, "tty": False, "detach": False, "env": {}, "secrets": {},
            "workdir": None, "user": None, "timeout": None, **more}


def quietly(name, argv, stdin=None, **more):
    """(exit code, stdout, stderr) of a command of the tool's own."""
    connection = connect(name, more.pop("operation", "connect"))
    wire.send_request(connection, request_of(argv, interactive=stdin is not None, **more))
    if stdin is not None:
        def feed():
            while block := stdin.read(1 << 16):
                wire.send(connection, b"I", block)
            wire.send(connection, b"E")
        threading.Thread(target=feed, daemon=True).start()
    out, err = b"", b""
    while True:
        kind, content = wire.receive(connection)
        if kind is None:
            raise ToolError(LOST)
        if kind == b"O":
            out += content
        elif kind == b"R":
            err += content
        elif kind == b"X":
            return struct.unpack(">i", content)[0], out, err


def do_exec(found, rest, settings):
    if not rest:
        raise flags.UsageError("the following required arguments were not provided: <COMMAND>...")
    timeout = duration(found["timeout"]) if "timeout" in found else None
    record = existing(found.get("name", "default"))
    secrets = resolve_secrets(parse_secrets(found))
    environment = {}
    for text in found.get("env", []):
        key, equals, value = text.partition("=")
        if equals:
            environment[key] = value
        elif key in os.environ:
            environment[key] = os.environ[key]
    interactive, terminal = "interactive" in found, "tty" in found
    request = request_of(rest, interactive=interactive or terminal, tty=terminal, detach="detach" in found,
                         env=environment, secrets=secrets, workdir=found.get("workdir"),
                         user=found.get("user") or record["user"], timeout=timeout)
    connection = connect(record["name"])
    if control.take("first_exec_killed"):
        return 137
    if control.take("exec_lost"):
        raise ToolError(LOST)
    if terminal:
        request["size"] = window_size()
    wire.send_request(connection, request)
    if "detach" in found:
        return detached(connection)
    return follow(connection, request, buffered=not (interactive or terminal or "stream" in found))


def detached(connection):
    while True:
        kind, content = wire.receive(connection)
        if kind == b"P":
            print(content.decode())
            return 0
        if kind == b"R":
            sys.stderr.buffer.write(content)
            sys.stderr.flush()
        elif kind == b"X":
            return struct.unpack(">i", content)[0]
        elif kind is None:
            raise ToolError(LOST)


def window_size():
    try:
        rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
    except OSError:
        return None
    return columns, rows


def follow(connection, request, buffered):
    modes = None
    lock = threading.Lock()
    if request["tty"]:
        if os.isatty(0):
            modes = termios.tcgetattr(0)
            tty.setraw(0)

        def resized(*_):
            if size := window_size():
                with lock:
                    wire.send(connection, b"W", struct.pack(">HH", *size))
        signal.signal(signal.SIGWINCH, resized)
    if request["interactive"]:
        threading.Thread(target=forward_input, args=(connection, lock), daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL if modes is None else
                          lambda got, _frame: leave(modes, 128 + got))
    try:
        return receive_output(connection, request, buffered)
    finally:
        if modes is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, modes)


def leave(modes, code):
    termios.tcsetattr(0, termios.TCSADRAIN, modes)
    os._exit(code)


def forward_input(connection, lock):
    try:
        while block := os.read(0, 1 << 16):
            with lock:
                wire.send(connection, b"I", block)
        with lock:
            wire.send(connection, b"E")
    except OSError:
        pass


def write_all(fd, content):
    while content:
        content = content[os.write(fd, content):]


def receive_output(connection, request, buffered):
    kept = {1: b"", 2: b""}

    def put(fd, content):
        if buffered:
            kept[fd] += content
        else:
            write_all(fd, content)

    def flush():
        for fd, content in kept.items():
            write_all(fd, content)
            kept[fd] = b""
    while True:
        try:
            kind, content = wire.receive(connection)
        except OSError:
            kind, content = None, b""
        if kind == b"O":
            put(1, content)
        elif kind == b"R":
            put(2, content)
        elif kind == b"X":
            flush()
            return struct.unpack(">i", content)[0]
        elif kind == b"T":
            flush()
            print(f"command timed out after {round(request['timeout'] * 1000)}ms", file=sys.stderr)
            return 124
        elif kind == b"F":
            raise ToolError(content.decode())
        elif kind is None:
            flush()
            raise ToolError(LOST)


def do_cp(found, rest, settings):
    if len(rest) != 2:
        raise flags.UsageError("the following required arguments were not provided: <SRC> <DST>")
    sides = [":" in word for word in rest]
    if sides.count(True) != 1:
        raise ToolError("config operation failed: cp: one of SRC or DST must use machine:path syntax (e.g., "
                        "myvm:/workspace/file)")
    upload = sides[1]
    if not upload and any(key in found for key in ("mode", "uid", "gid")):
        raise ToolError("config operation failed: cp: --mode/--uid/--gid apply to uploads only (host -> machine)")
    mode = found.get("mode", "644")
    if not re.fullmatch(r"[0-7]{1,4}", mode):
        raise ToolError(f"config operation failed: cp: invalid octal mode '{mode}' (expected e.g. 644)")
    name, _, path = rest[1 if upload else 0].partition(":")
    record = existing(name)
    if upload:
        try:
            source = open(rest[0], "rb")
            size = os.fstat(source.fileno()).st_size
        except OSError as problem:
            raise ToolError(f"agent operation failed: read local file: {rest[0]}: {problem.strerror}") from None
        if os.path.isdir(rest[0]):
            raise ToolError(f"agent operation failed: read local file: {rest[0]}: Is a directory")
        script = ('mkdir -p "$(dirname "$1")" && cat > "$1.new" && chmod "$2" "$1.new" && chown "$3:$4" "$1.new" '
                  '&& mv -f "$1.new" "$1"')
        code, _, errors = quietly(record["name"], ["/bin/sh", "-c", script, "cp", path, mode,
                                                   found.get("uid", "0"), found.get("gid", "0")], source,
                                  operation="cp", user="0")
    else:
        code, content, errors = quietly(record["name"], ["/bin/cat", path], operation="cp", user="0")
        size = len(content)
        if code == 0:
            target = pathlib.Path(rest[1])
            target.with_name(target.name + ".new").write_bytes(content)
            target.with_name(target.name + ".new").rename(target)
    if code != 0:
        raise ToolError(f"agent operation failed: cp: {errors.decode(errors='replace').strip()}")
    print(f"{'Uploading' if upload else 'Downloading'} {rest[0]} -> {rest[1]}: {size}/{size} bytes (100.0%, 1.0 MiB/s)",
          file=sys.stderr)
    return 0
