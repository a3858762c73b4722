"""The flags of each command, since which version, and a parser that is as strict as clap."""

import sys


class UsageError(Exception):
    pass


class Flag:
    def __init__(self, *names, value=None, many=False, since=(0, 0, 0), help=""):
        self.names, self.value, self.many, self.since, self.help = names, value, many, since, help
        self.key = names[-1].lstrip("-").replace("-", "_")


def name_flag():
    return Flag("-n", "--name", value="NAME")


ENV = [Flag("-e", "--env", value="KEY=VALUE", many=True),
       Flag("--secret-env", value="GUEST=HOST", many=True, since=(1, 0, 0)),
       Flag("--secret-file", value="GUEST=PATH", many=True, since=(1, 0, 0)),
       Flag("-w", "--workdir", value="DIR")]
USER = Flag("-u", "--user", value="USER", since=(1, 14, 2))

COMMANDS = {
    "create": [name_flag(), Flag("--label", value="KEY=VALUE", many=True, since=(1, 8, 0)),
               Flag("-I", "--image", value="IMAGE"), Flag("--from", value="PATH"),
               Flag("-s", "--smolfile", value="PATH"), Flag("--cpus", value="N"), Flag("--mem", value="MIB"),
               Flag("--storage", value="GIB"), Flag("--overlay", value="GIB"),
               Flag("-v", "--volume", value="HOST:GUEST[:ro|:rw]", many=True),
               Flag("-p", "--port", value="HOST:GUEST", many=True), Flag("--net"),
               Flag("--net-backend", value="BACKEND"), Flag("--allow-cidr", value="CIDR", many=True),
               Flag("--allow-host", value="HOST", many=True), Flag("--outbound-localhost-only"),
               Flag("--mount-socket", value="HOST:GUEST", many=True, since=(1, 6, 4)),
               Flag("--expose-socket", value="GUEST[:HOST]", many=True, since=(1, 6, 4)),
               Flag("--init", value="CMD", many=True), *ENV, USER],
    "start": [name_flag(), Flag("--proxy", value="URL"), Flag("--no-proxy", value="LIST"),
              Flag("--egress-interceptor", value="ADDR", since=(1, 18, 0))],
    "stop": [name_flag()],
    "delete": [name_flag(), Flag("-f", "--force"), Flag("--cascade")],
    "status": [name_flag(), Flag("--json")],
    "ls": [Flag("--json"), Flag("-v", "--verbose")],
    "exec": [Flag("--name", value="NAME"), *ENV, Flag("--timeout", value="DURATION"),
             Flag("-i", "--interactive"), Flag("-t", "--tty"), Flag("--stream"), Flag("-d", "--detach"), USER],
    "cp": [Flag("--mode", value="OCTAL", since=(1, 9, 0)), Flag("--uid", value="UID", since=(1, 9, 0)),
           Flag("--gid", value="GID", since=(1, 9, 0))],
    "egress-events": [name_flag(), Flag("--limit", value="N"), Flag("--json")],
    "data-dir": [name_flag()],
}
ALIASES = {"rm": "delete", "list": "ls"}
TRAILING = {"create", "exec"}  # take a command after "--" (exec: after its first word, too)
CONFLICTS = [("create", "from", "image"), ("create", "from", "smolfile"), ("exec", "detach", "interactive"),
             ("exec", "detach", "tty"), ("exec", "detach", "stream")]


def number(version):
    return tuple(int(part) for part in version.split("."))


def available(command, settings):
    version = number(settings["version"])
    return [flag for flag in COMMANDS[command]
            if flag.since <= version and not set(flag.names) & set(settings["missing_flags"])]


def help_text(command, settings):
    lines = [f"Usage: smolvm machine {command} [OPTIONS]" + (" [-- COMMAND...]" if command in TRAILING else ""),
             "", "Options:"]
    for flag in available(command, settings):
        lines.append("  " + ", ".join(flag.names) + (f" <{flag.value}>" if flag.value else ""))
    return "\n".join([*lines, "  -h, --help  Print help"])


def parse(command, words, settings):
    """{key: value}, and the words that are no flags."""
    known = {name: flag for flag in available(command, settings) for name in flag.names}
    found, rest, words = {}, [], list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            rest += words
            break
        if word in ("-h", "--help"):
            print(help_text(command, settings))
            sys.exit(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
            if command == "exec":  # its command has begun
                rest += words[1:] if words[:1] == ["--"] else words
                break
            continue
        name, equals, given = word.partition("=") if word.startswith("--") else (word, "", "")
        flag = known.get(name)
        if flag is None:
            raise UsageError(f"unexpected argument '{word}' found")
        if flag.value is None:
            found[flag.key] = True
            continue
        if not equals:
            if not words:
                raise UsageError(f"a value is required for '{name} <{flag.value}>' but none was supplied")
            given = words.pop(0)
        if flag.many:
            found.setdefault(flag.key, []).append(given)
        elif flag.key in found:
            raise UsageError(f"the argument '{name}' cannot be used multiple times")
        else:
            found[flag.key] = given
    for where, one, other in CONFLICTS:
        if where == command and one in found and other in found:
            raise UsageError(f"the argument '--{one}' cannot be used with '--{other}'")
    return found, rest
