"""tests/bench/workspace runs to its end on a small tree: it copies into a bottle beside `cp -a
--reflink=auto`, and `diff`s after three changed files. What it measures on the whole gigabyte is printed
there, and asserted nowhere."""

import pathlib
import shutil
import subprocess
import sys
import unittest

from lib import suite

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench/workspace"


class Large(suite.ProductCase):
    def test_the_bench(self):
        if suite.options.account.uid == 0:
            raise unittest.SkipTest("the same for root: once is enough")
        shutil.copytree(BENCH.parent, self.product.root / "bench")
        subprocess.run(["chmod", "-R", "go=rX", self.product.root / "bench"], check=True)
        self.product.root.chmod(0o755)
        done = subprocess.run([sys.executable, self.product.root / "bench/workspace", "--quick",
                               "--runs", "1", "--build", suite.options.prefix], text=True,
                              capture_output=True, timeout=120, check=False,
                              **self.product.account.popen_arguments())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"into a bottle +\d+")
        self.assertRegex(done.stdout, r"diff, three files changed +\d+")
