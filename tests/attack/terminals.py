"""Attempts that need the operator's side of a session: a terminal, a redirected file, a shell that
leaves descriptors open. Each runs in a throw-away bottle of its own, by `botbottle run`."""

import json
import os
import subprocess

from lib.terminal import Terminal

PYTHON = "/usr/bin/python3"


def battery(world, bottle, results):
    typing(world, bottle, results)
    escape_sequences(world, bottle, results)
    redirected_files(world, bottle, results)
    open_descriptors(world, bottle, results)


def attempt(folder, function, parameters):
    return [PYTHON, f"{folder}/attempt.py", function, json.dumps(parameters)]


def quoted(words):
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def typing(world, bottle, results):
    """TIOCSTI on whatever terminal there is; what was typed would run in the operator's shell."""
    def try_it(prefix, folder, name):
        proof = world.folder / f"typed-{name}"
        command = f"touch {proof}\n"
        screen = Terminal(world.account, str(world.folder), bottle.home.environment)
        try:
            screen.line(f"cd {bottle.home.work}; " + quoted(
                [*prefix, *attempt(folder, "host.type_into_terminal", {"text": command})]) +
                "; echo en''ded")
            screen.wait_for("ended", 30)
            screen.line("echo la''ter")
            screen.wait_for("later")
        finally:
            screen.close()
        return proof.exists(), "what it typed was run" if proof.exists() else "nothing was typed"
    got = try_it([str(world.prefix / "bin/botbottle"), "run", "--cwd", "--"],
                 bottle.GUEST_WORKSPACE, "inside")
    control = try_it([], str(bottle.home.work), "outside")
    reason = None
    try:
        with open("/proc/sys/dev/tty/legacy_tiocsti") as setting:
            if setting.read().strip() == "0":
                reason = "this kernel has TIOCSTI switched off (dev.tty.legacy_tiocsti)"
    except OSError:
        pass
    results.judge("terminal", "typing into the operator's shell (TIOCSTI)", got, control, reason)


STAND_IN_AGENT = """#!/bin/sh
# In the place of the agent's program: says {what}, then repeats what it is told.
case "$*" in *--version*) echo 2.1.329; exit 0;; esac
{what}
echo print''ed
read line
echo "got-$line"
"""


def escape_sequences(world, bottle, results):
    """The detach keys as an agent's output: only what the operator types may count."""
    def session_goes_on(what, type_keys):
        program = bottle.home.write("tools/claude", STAND_IN_AGENT.format(what=what), 0o755)
        bottle.home.bottle("agents-own", {
            "docker": f"agent_provider:\n  dockerfile: {program.parent}/Dockerfile\n",
            "smolmachines": "agent_provider:\n  template: command\n  command: sh\n  prompt_mode: none\n  arguments: "
                            + json.dumps(["-c", STAND_IN_AGENT.format(what=what)]) + "\n",
        }.get(bottle.backend, "env: {}\n"))
        bottle.home.write("tools/Dockerfile", "ARG BASE\nFROM ${BASE}\n"
                                              "COPY claude /usr/local/bin/claude\n")
        bottle.home.agent("actor", "bottle: agents-own\n")
        environment = dict(bottle.home.environment)
        environment["PATH"] = f"{program.parent}:{environment['PATH']}"
        screen = Terminal(world.account, str(world.folder), environment)
        try:
            screen.line("cd /; botbottle start actor --yes; echo en''ded")
            screen.wait_for("printed", 20)
            if type_keys:
                screen.keys("C-]")
                screen.type("d")
            else:
                screen.line("here")
            try:
                screen.wait_for("got-here|ended", 10)
            except AssertionError:
                return True, "the session goes on"
            on = "got-here" in screen.screen()
            return on, "the session went on" if on else "the session was detached"
        finally:
            screen.close()
            for running in bottle.home.bottles():
                if running["agent"] == "actor":
                    bottle.home.run("stop", running["identity"])
    inside = session_goes_on("printf '\\035d\\035d'", False)
    control = session_goes_on(":", True)
    results.judge("terminal", "detach keys in the output", (not inside[0], inside[1]),
                  (not control[0], control[1]))


def redirected_files(world, bottle, results):
    """Files of the operator's that are a session's standard input and error."""
    def run(prefix, folder, function, parameters, stdin, stderr):
        return subprocess.run([*prefix, *attempt(folder, function, parameters)], stdin=stdin,
                              stdout=subprocess.PIPE, stderr=stderr, cwd=bottle.home.work,
                              env=bottle.home.environment, timeout=60,
                              **world.account.popen_arguments())

    product = [str(world.prefix / "bin/botbottle"), "run", "--cwd", "--"]

    def rewrite(prefix, folder):
        path = bottle.home.write("input", "as it was\n")
        with open(path, "rb") as stdin:
            run(prefix, folder, "host.rewrite_stdin", {"text": "CHANGED"}, stdin, subprocess.DEVNULL)
        return "CHANGED" in path.read_text(), f"the file now holds {path.read_text()!r}"

    def read_back(prefix, folder):
        path = bottle.home.write("errors", world.marker + "\n")
        with open(path, "ab") as stderr:
            done = run(prefix, folder, "host.read_back_stderr", {"needle": world.marker},
                       subprocess.DEVNULL, stderr)
        return b'"reached": true' in done.stdout, done.stdout.decode("utf-8", "replace").strip()
    for name, function in (("rewriting the file behind stdin", rewrite),
                           ("reading the file behind stderr", read_back)):
        results.judge("terminal", name, function(product, bottle.GUEST_WORKSPACE),
                      function([], str(bottle.home.work)))


def open_descriptors(world, bottle, results):
    def run(prefix, folder):
        path = bottle.home.write("descriptor", world.marker + "\n")
        opened = os.open(path, os.O_RDONLY)
        os.set_inheritable(opened, True)
        done = subprocess.run(
            [*prefix, *attempt(folder, "host.inherited_descriptors", {"needle": world.marker})],
            stdin=subprocess.DEVNULL, capture_output=True, cwd=bottle.home.work, timeout=60,
            env=bottle.home.environment, pass_fds=[opened], **world.account.popen_arguments())
        os.close(opened)
        text = done.stdout.decode("utf-8", "replace")
        return '"reached": true' in text, text.strip() + done.stderr.decode("utf-8", "replace")[:200]
    results.judge("terminal", "descriptors that the operator's shell left open",
                  run([str(world.prefix / "bin/botbottle"), "run", "--cwd", "--"],
                      bottle.GUEST_WORKSPACE), run([], str(bottle.home.work)))
