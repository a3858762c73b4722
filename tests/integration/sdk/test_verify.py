"""Plugins that break each rule: `plugin verify` finds it, and a launch fails with the plugin's name."""

import json
import pathlib
import subprocess
import tempfile
import unittest

from lib import suite

SDK = pathlib.Path(__file__).resolve().parents[2] / "sdk"

# macro: (words of the finding, words of what a launch says; None: the launch is not hurt by it)
BAD = {
    "WRONG_MAJOR": ("built for plugin ABI 2", "built for plugin ABI 2"),
    "TRUNCATED_ENTRY": ("its entry has 16 bytes", "its entry has 16 bytes"),
    "NULL_TABLE": ("lacks a function", "plugin bad lacks a function"),
    "NULL_IN_THE_TABLE": ("lacks a function", "plugin bad lacks a function"),
    "TRUNCATED_TABLE": ("lacks a function", "plugin bad lacks a function"),
    "HAS_EVERYTHING": ("it has every extension that it is asked for", None),
    "THROWS": ("threw across the ABI", "plugin bad: provision threw across the ABI"),
    "THROWS_IN_DESCRIBE": ("threw across the ABI", "provider-bad.so: describe threw"),
    "THROWS_IN_CREATE": ("threw across the ABI", "plugin bad: create threw across the ABI"),
    "THROWS_IN_DESTROY": (None, None),
    "HANGS": ("did not return within 10 s", "plugin bad: provision did not return within 10 s"),
    "HANGS_IN_DESCRIBE": ("did not return within 10 s", "provider-bad.so: describe did not return"),
    "CRASHES": ("crashed: Segmentation fault", "plugin bad: provision crashed (Segmentation fault)"),
    "ENDS_THE_PROCESS": ("it ended the process",
                         "plugin bad: provision ended its process (exit code 0)"),
    "LIES_ABOUT_SUCCESS": ("plugin bad replied with something that is no JSON",
                           "plugin bad replied with something that is no JSON"),
    "SAYS_NOTHING": ("without saying why", "plugin bad failed (status 5) without saying why"),
    "FLOODS": ("wrote more than", "plugin bad wrote more than"),
    "LIES_IN_ITS_PLAN": ('"PATH" is not named by a setting', 'the plan of provider "bad"'),
    "PROMISES_MORE": ("it promises botbottle.provider.events/1", None),
    "LEAKS_MEMORY": ("bytes of memory a call", None),
    "LEAKS_DESCRIPTORS": ("descriptors stay open", None),
    "LEAKS_THREADS": ("threads go on", None),
    "WRITES_FILES": ("files were written outside of state_dir", None),
    "DESCRIBE_HAS_SIDE_EFFECTS": ("loading it has side effects", None),
    "USES_THE_NETWORK": ("it uses socket, which a provider must not", None),
    "RE_ENTERS": (None, None),
    "FROM_ANOTHER_THREAD": (None, None),
    "WRITES_LATE": (None, None),
}
CONTAINED = ("RE_ENTERS", "FROM_ANOTHER_THREAD", "WRITES_LATE", "THROWS_IN_DESTROY")


class Misbehaving(suite.ProductCase):
    @classmethod
    def setUpClass(cls):
        if suite.options.account.uid == 0:
            raise unittest.SkipTest("the same for root, and hangs take their time: once is enough")
        cls.folder = tempfile.TemporaryDirectory(prefix="bb-bad-")
        headers = next(path for path in (suite.options.prefix / "include",
                                         SDK.parents[1] / "core/include")
                       if (path / "botbottle/plugin.h").exists())
        pathlib.Path(cls.folder.name).chmod(0o755)
        started = [subprocess.Popen(
            ["c++", "-std=c++20", "-w", "-O1", "-fPIC", "-shared", f"-D{macro}", "-I", headers,
             "-o", f"{cls.folder.name}/{macro}.so", SDK / "misbehaving/bad.cpp"]) for macro in BAD]
        if any(process.wait() for process in started):
            raise RuntimeError("a misbehaving plugin could not be built")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def drop_in(self, macro):
        directory = self.product.config / "plugins"
        if not directory.exists():
            directory.mkdir(mode=0o700)
            self.product.account.own(directory)
        target = directory / "provider-bad.so"
        target.write_bytes(pathlib.Path(self.folder.name, f"{macro}.so").read_bytes())
        target.chmod(0o755)
        self.product.account.own(target)
        return target

    def verify(self, target):
        result = self.product.run("plugin", "verify", str(target), "--json", timeout=200)
        return result.returncode, json.loads(result.stdout)

    def test_each_is_found(self):
        for macro, (words, _) in BAD.items():
            if macro in CONTAINED:
                continue
            with self.subTest(macro):
                code, report = self.verify(self.drop_in(macro))
                failed = [c["message"] for c in report["checks"] if c["level"] == "failed"]
                self.assertEqual(code, 1, report)
                self.assertFalse(report["passed"])
                self.assertTrue(any(words in message for message in failed), report)

    def test_each_is_contained(self):
        self.product.bottle("dev", "agent_provider:\n  template: bad\n")
        self.product.agent("coder", "bottle: dev\n")
        for macro, (_, words) in BAD.items():
            if words is None and macro not in CONTAINED:
                continue
            with self.subTest(macro):
                self.drop_in(macro)
                result = self.product.run("start", "coder", "--yes", "--prompt", "x", timeout=90)
                if words is None:
                    self.ok(result)
                    self.assertIn("the agent ran", result.stdout)
                else:
                    self.assertEqual(result.returncode, 125, result.stderr)
                    self.assertIn(words, result.stderr)
                self.assertEqual(self.product.bottles(), [])

    def test_those_of_the_installation_pass(self):
        for library in sorted((suite.options.prefix / "lib/botbottle/plugins").glob("*.so")):
            with self.subTest(library.name):
                code, report = self.verify(library)
                self.assertEqual(code, 0, [c for c in report["checks"] if c["level"] != "ok"])

    def test_a_file_that_others_can_write_is_not_run(self):
        target = self.drop_in("CRASHES")
        target.chmod(0o777)
        code, report = self.verify(target)
        self.assertEqual(code, 1)
        self.assertEqual({c["check"] for c in report["checks"]}, {"file"})
