"""What `start` makes, and what it refuses: each refusal leaves nothing behind."""

import os
import pathlib
import re
import socket
import stat
import subprocess

from .harness import Refused, WardenCase, needs_root, policy


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


def certificate_text(pem):
    return subprocess.run(["openssl", "x509", "-noout", "-text"], input=pem, text=True, check=True,
                          capture_output=True).stdout


class Made(WardenCase):
    def test_sockets_are_the_users_own(self):
        warden = self.warden()
        self.assertEqual(warden.ready["sockets"], {"egress": f"{warden.runtime}/sockets/egress.sock"})
        self.assertEqual(warden.ready["control"], f"{warden.runtime}/control.sock")
        self.assertEqual(warden.ready["pid"], warden.pid)
        self.assertEqual(mode(warden.runtime), 0o700)
        self.assertEqual(mode(warden.runtime / "sockets"), 0o700)
        self.assertEqual(mode(warden.runtime / "sockets/egress.sock"), 0o600)
        self.assertEqual(mode(warden.runtime / "control.sock"), 0o600)
        self.assertEqual(mode(warden.audit), 0o600)
        self.assertEqual(os.listdir(warden.runtime / "sockets"), ["egress.sock"])

    def test_the_egress_answers_before_start_does(self):
        status, body = self.warden().through_egress()
        self.assertEqual(status, 200, body)

    def test_the_authority(self):
        first, second = self.warden(), self.warden()
        self.assertNotEqual(first.ready["ca_certificate"], second.ready["ca_certificate"])
        text = certificate_text(first.ready["ca_certificate"])
        self.assertIn("ASN1 OID: prime256v1", text)
        self.assertRegex(text, r"Basic Constraints: critical\s+CA:TRUE, pathlen:0")
        self.assertRegex(text, r"Key Usage: critical\s+Certificate Sign, CRL Sign\n")
        self.assertIn("X509v3 Subject Key Identifier", text)
        self.assertIn("test-abc12", text)
        self.assertNotIn("Name Constraints", text)  # docs/decisions/0003
        serial = re.search(r"Serial Number:\s+([0-9a-f:]+)", text)[1].split(":")
        self.assertLessEqual(len(serial), 16)
        self.assertGreater(len(serial), 12)

    @needs_root
    def test_a_bottle_of_another_user(self):
        warden = self.warden(account=None, owner={"uid": 64321, "gid": 64322})
        sockets = warden.runtime / "sockets"
        self.assertEqual((mode(warden.runtime), mode(sockets)), (0o700, 0o711))
        info = os.stat(sockets / "egress.sock")
        self.assertEqual((info.st_uid, info.st_gid), (64321, 64322))
        self.assertEqual(mode(sockets / "egress.sock"), 0o600)
        self.assertEqual(os.stat(warden.runtime / "control.sock").st_uid, 0)

    def test_what_a_killed_warden_left_is_taken_over(self):
        warden = self.warden(start=False)
        for folder in (warden.runtime, warden.runtime / "sockets"):
            folder.mkdir(mode=0o700)
            warden.own(folder)
        for name in ("control.sock", "sockets/egress.sock"):
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(str(warden.runtime / name))
            warden.own(warden.runtime / name)
        self.assertEqual(warden.start().through_egress()[0], 200)

    def test_its_process(self):
        warden = self.warden()
        proc = pathlib.Path(f"/proc/{warden.pid}")
        self.assertEqual((proc / "cmdline").read_bytes().count(b"\0"), 1)
        self.assertEqual(os.getsid(warden.pid), warden.pid)
        self.assertEqual(warden.log(), "")
        if os.geteuid() == 0:
            self.assertEqual((proc / "environ").read_bytes(), b"")
            self.assertEqual(os.readlink(proc / "cwd"), "/")
            self.assertEqual(os.readlink(proc / "fd/0"), "/dev/null")
            self.assertEqual(os.readlink(proc / "fd/1"), "/dev/null")


class Refusals(WardenCase):
    def refused(self, code, warden=None, **changes):
        warden = warden or self.warden(start=False)
        error = self.assert_refused(code, warden.start, **changes)
        self.assertTrue(error.message)
        self.assertEqual(warden.wait(), 1)
        return warden

    def test_what_the_message_must_say(self):
        cases = [
            ("bad_schema", {"schema": "botbottle.warden/2"}),
            ("bad_schema", {"schema": ...}),
            ("bad_request", {"identity": ""}),
            ("bad_request", {"identity": "../x"}),
            ("bad_request", {"identity": "x" * 65}),
            ("bad_request", {"runtime_dir": "relative"}),
            ("bad_request", {"runtime_dir": ...}),
            ("bad_request", {"audit_file": "/tmp/a\0b"}),
            ("bad_request", {"libexec_dir": 7}),
            ("bad_request", {"owner": 7}),
            ("bad_request", {"owner": {"uid": 1}}),
            ("bad_request", {"owner": {"uid": -1, "gid": 1}}),
            ("bad_request", {"owner": {"uid": 2**32 - 1, "gid": 1}}),
            ("bad_request", {"policy": ...}),
            ("bad_request", {"policy": []}),
            ("bad_request", {"secrets": {"a": 1}}),
            ("bad_request", {"secrets": ["a"]}),
            ("bad_request", {"more": 1}),
        ]
        for code, changes in cases:
            with self.subTest(changes):
                self.assert_nothing_left(self.refused(code, **changes))

    def test_a_policy_that_the_egress_refuses(self):
        warden = self.refused("policy_invalid", policy={**policy(), "more": 1})
        self.assert_nothing_left(warden)
        self.assertEqual([line["event"] for line in warden.life()], ["start", "stop"])

    def test_a_program_that_is_not_there(self):
        self.assert_nothing_left(self.refused("sidecar_spawn", libexec_dir="/nonexistent"))

    def test_a_program_that_ends_at_once(self):
        warden = self.warden(start=False)
        (warden.folder / "botbottle-egress").symlink_to("/bin/true")
        self.refused("sidecar_died", warden, libexec_dir=str(warden.folder))
        self.assert_nothing_left(warden)

    def test_other_first_messages(self):
        warden = self.warden(start=False)
        self.assert_refused("not_now", warden.starter.call, "status")
        warden.start()
        self.assert_refused("not_now", warden.start)

    def test_a_runtime_directory_that_is_a_symlink(self):
        warden = self.warden(start=False)
        target = warden.folder / "elsewhere"
        target.mkdir(mode=0o700)
        warden.own(target)
        warden.runtime.symlink_to(target)
        self.refused("runtime_dir", warden)
        self.assertEqual(os.listdir(target), [])

    def test_a_sockets_directory_that_is_a_symlink(self):
        warden = self.warden(start=False)
        target = warden.folder / "elsewhere"
        for folder in (target, warden.runtime):
            folder.mkdir(mode=0o700)
            warden.own(folder)
        (warden.runtime / "sockets").symlink_to(target)
        self.refused("runtime_dir", warden)
        self.assertEqual(os.listdir(target), [])

    def test_a_runtime_directory_that_others_may_enter(self):
        warden = self.warden(start=False)
        warden.runtime.mkdir()
        warden.runtime.chmod(0o750)
        warden.own(warden.runtime)
        self.refused("runtime_dir_open", warden)

    @needs_root
    def test_a_runtime_directory_of_another_user(self):
        warden = self.warden(start=False, account=None)
        warden.runtime.mkdir(mode=0o700)
        os.chown(warden.runtime, 64321, 64321)
        self.refused("runtime_dir_foreign", warden)
        self.assertTrue(warden.runtime.exists())

    def test_a_runtime_directory_that_is_a_file(self):
        warden = self.warden(start=False)
        warden.runtime.touch()
        self.refused("runtime_dir", warden)

    def test_a_path_too_long_for_a_socket(self):
        self.refused("runtime_dir_too_long", runtime_dir="/tmp/" + "x" * 90)

    def test_a_bottle_that_is_running_already(self):
        first = self.warden()
        second = self.warden(start=False)
        second.runtime = first.runtime
        self.refused("already_running", second)
        self.assertEqual(first.through_egress()[0], 200)
        self.assertEqual(first.connect_once("status")["pid"], first.pid)

    def test_a_record_that_is_no_file(self):
        for kind in ("symlink", "fifo", "directory"):
            with self.subTest(kind):
                warden = self.warden(start=False)
                if kind == "symlink":
                    warden.audit.symlink_to(warden.folder / "elsewhere")
                elif kind == "fifo":
                    os.mkfifo(warden.audit)
                    warden.own(warden.audit)
                else:
                    warden.audit.mkdir()
                self.refused("audit_file", warden)
                self.assert_nothing_left(warden)
                self.assertFalse((warden.folder / "elsewhere").exists())

    @needs_root
    def test_a_record_of_another_user(self):
        warden = self.warden(start=False, account=None)
        warden.audit.touch()
        os.chown(warden.audit, 64321, 64321)
        self.refused("audit_file", warden)

    def test_a_record_on_a_full_disk(self):
        warden = self.warden(start=False)
        with self.assertRaises(Refused) as caught:
            warden.start(audit_file="/dev/full")
        self.assertEqual(caught.exception.code, "audit_file")
        self.assert_nothing_left(warden)
