"""Where the credentials and the authority's private key must not be."""

import os
import pathlib
import secrets
import subprocess
import unittest

from lib import canary, processes

from .harness import WardenCase, needs_root, policy

PRIVATE_KEY = b"PRIVATE KEY-----"


def mappings(pid):
    """(start, end, flags) of every readable private mapping."""
    found, span = [], None
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0] and len(words) >= 5 and len(words[1]) == 4:
            span = None if "r" not in words[1] or line.endswith(("[vvar]", "[vsyscall]")) else \
                tuple(int(part, 16) for part in words[0].split("-"))
        elif words[0] == "VmFlags:" and span:
            found.append((*span, words[1:]))
    return found


def places(pid, needle):
    """Where in a process's memory the bytes are: a list of whether each place is locked and kept
    out of core dumps."""
    found = []
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for start, end, flags in mappings(pid):
            try:
                memory.seek(start)
                data = memory.read(end - start)
            except OSError:
                continue
            found += [("lo" in flags, "dd" in flags)] * data.count(needle)
    return found


def needs_plain_memory(pid):
    """The address sanitizer turns mlock() into nothing and maps terabytes of shadow."""
    if "libasan" in pathlib.Path(f"/proc/{pid}/maps").read_text():
        raise unittest.SkipTest("the address sanitizer keeps memory from being locked; the build "
                                "that ships is looked at by the integration part")


class Secrets(WardenCase):
    def setUp(self):
        self.value = secrets.token_hex(20)
        self.later = secrets.token_hex(20)
        self.bottle = self.warden(secrets={"token": self.value})
        self.bottle.starter.call("secret.set", slot="token", value=self.later)
        self.needles = {**canary.spellings("the credential", self.value),
                        **canary.spellings("the new credential", self.later),
                        "a private key": PRIVATE_KEY}

    def pids(self):
        return [self.bottle.pid, self.bottle.egress_pid()]

    def test_not_in_files(self):
        self.bottle.connect_once("stop", grace_ms=500)
        self.bottle.wait()
        self.assertEqual(canary.in_files(self.bottle.folder, self.needles), [])

    def test_not_in_files_while_it_runs(self):
        self.assertEqual(canary.in_files(self.bottle.folder, self.needles), [])

    @needs_root
    def test_not_in_the_process_table(self):
        self.assertEqual(canary.in_process_table(self.needles), [])
        for pid in self.pids():
            self.assertEqual(processes.environment(pid), b"")

    def test_not_in_any_answer(self):
        for method in ("status", "stats", "policy.show"):
            text = repr(self.bottle.connect_once(method)).encode()
            for what, needle in self.needles.items():
                self.assertNotIn(needle, text, f"{what} in {method}")

    @needs_root
    def test_one_place_in_the_wardens_memory_and_that_is_locked(self):
        needs_plain_memory(self.bottle.pid)
        for needle in (self.later.encode(), PRIVATE_KEY):
            found = places(self.bottle.pid, needle)
            self.assertTrue(found, "the search itself must work")
            self.assertEqual(set(found), {(True, True)}, "a copy outside of locked memory")
        self.assertEqual(places(self.bottle.pid, self.value.encode()), [], "a value that was replaced")

    def test_memory_is_closed_to_the_same_user(self):
        if os.geteuid() == 0 and not (self.bottle.account and self.bottle.account.uid):
            raise unittest.SkipTest("root may read any memory")
        read = ["head", "-c1"]
        if os.geteuid() == 0:
            uid = str(self.bottle.account.uid)
            read = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", *read]
        for pid in self.pids():
            for name in ("mem", "environ", "maps"):
                done = subprocess.run([*read, f"/proc/{pid}/{name}"], capture_output=True)
                self.assertNotEqual(done.returncode, 0, f"{name} of {processes.name(pid)}")

    def test_no_core_dump(self):
        for pid in self.pids():
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            self.assertRegex(limits, r"Max core file size +[01] +[01] ")

    @needs_root
    def test_a_restart_leaves_no_copy_either(self):
        needs_plain_memory(self.bottle.pid)
        control = self.connect(self.bottle)
        control.call("subscribe")
        control.call("policy.replace", policy=policy(2))
        os.kill(self.bottle.egress_pid(), 9)
        control.event("sidecar.restarted")
        self.assertEqual(set(places(self.bottle.pid, self.later.encode())), {(True, True)})
        self.assertEqual(set(places(self.bottle.pid, PRIVATE_KEY)), {(True, True)})
