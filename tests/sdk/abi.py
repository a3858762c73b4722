#!/usr/bin/python3
"""Whether a header still has the ABI of tests/sdk/abi-1.0: abidiff (Debian: abigail-tools) compares what
the compiler made of both. Ends with 0 when nothing that was released has changed.

usage: abi.py HEADER-DIRECTORY
"""

import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Uses every struct, and both enumerations, which have no name: their type is that of a member.
PROBE = """
#include <botbottle/plugin.h>
#define KEEP extern "C" __attribute__((visibility("default")))
KEEP decltype(BOTBOTTLE_OK) abi_status;
KEEP decltype(BOTBOTTLE_LOG_DEBUG) abi_level;
decltype(BOTBOTTLE_OK) abi_status;
decltype(BOTBOTTLE_LOG_DEBUG) abi_level;
KEEP botbottle_status abi_probe(botbottle_sink, botbottle_host, botbottle_instance, botbottle_provider,
                                botbottle_provider_events, botbottle_backend, botbottle_operation) {
    return 0;
}
BOTBOTTLE_EXPORT const botbottle_plugin_entry botbottle_plugin = {BOTBOTTLE_ABI_MAJOR};
KEEP const unsigned abi_major = BOTBOTTLE_ABI_MAJOR;
KEEP const char abi_symbol[] = BOTBOTTLE_PLUGIN_SYMBOL;
KEEP const char abi_ids[] =
    BOTBOTTLE_EXTENSION_PROVIDER BOTBOTTLE_EXTENSION_PROVIDER_EVENTS BOTBOTTLE_EXTENSION_BACKEND;
"""
CONSTANTS = """
#include <botbottle/plugin.h>
BOTBOTTLE_ABI_MAJOR BOTBOTTLE_PLUGIN_SYMBOL BOTBOTTLE_EXTENSION_PROVIDER
BOTBOTTLE_EXTENSION_PROVIDER_EVENTS BOTBOTTLE_EXTENSION_BACKEND
"""


def build(headers, target):
    source = target.with_suffix(".cpp")
    source.write_text(PROBE)
    subprocess.run(["c++", "-std=c++20", "-w", "-g", "-O0", "-shared", "-fPIC",
                    "-fno-eliminate-unused-debug-types", "-I", headers, source, "-o", target],
                   check=True)


def constants(headers):
    """What the macros stand for, which no debug information tells."""
    made = subprocess.run(["c++", "-std=c++20", "-E", "-P", "-I", headers, "-x", "c++", "-"],
                          input=CONSTANTS, capture_output=True, text=True, check=True).stdout
    return made.strip().splitlines()[-2:]


def compare(released, current):
    """What has changed, as text; empty when nothing has."""
    with tempfile.TemporaryDirectory() as folder:
        old, new = pathlib.Path(folder, "released.so"), pathlib.Path(folder, "current.so")
        build(released, old)
        build(current, new)
        diff = subprocess.run(["abidiff", "--harmless", "--no-added-syms", old, new], capture_output=True, text=True)
        changes = diff.stdout + diff.stderr if diff.returncode else ""
    if constants(released) != constants(current):
        changes += f"constants: {constants(released)} -> {constants(current)}\n"
    return changes


if __name__ == "__main__":
    found = compare(HERE / "abi-1.0", sys.argv[1])
    print(found, end="")
    sys.exit(1 if found else 0)
