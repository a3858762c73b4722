"""`botbottle audit` on the records of two real bottles: each thing that can be done to a record shows, line by line,
and what is exported is the record."""

import csv
import io
import json
import unittest

from lib import processes, suite
from lib.product import Home
from lib.supervise import Operator

FRONT = "supervise: true\negress:\n  routes:\n    - host: allowed.example.com\n"
ASK = """curl -sS -o /dev/null -x http://127.0.0.1:9099 http://denied.example.com/a,b
curl -sS -o /dev/null http://127.0.0.1:9100/proposals -d '{"host": "wanted.example.com", "justification": "x"}'
sleep 600"""


class Record(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = Home(suite.options.prefix, suite.options.account)
        cls.addClassCleanup(cls.home.close)
        cls.home.bottle("dev", FRONT)
        operator = Operator(cls.home)
        cls.identities = []
        for _ in range(2):
            running = cls.home.popen("run", "--bottle", "dev", "--", "sh", "-c", ASK)
            identity = cls.home.wait_for_bottles()[0]["identity"]
            if not processes.wait_until(operator.waiting, 20):
                raise AssertionError("nothing was asked")
            operator.reject(operator.waiting()[0]["id"], "no")
            cls.home.run("egress", "allow", identity, "granted.example.com")
            cls.home.run("stop", identity, "--grace", "1", "--keep")
            running.communicate(timeout=30)
            cls.identities.append(identity)
        cls.identity = cls.identities[0]
        cls.path, other = (next(cls.home.config.glob(f"audit/{name}*")) for name in cls.identities)
        cls.lines, cls.other = cls.path.read_bytes().splitlines(True), other.read_bytes().splitlines(True)
        cls.planes = [json.loads(line)["plane"] for line in cls.lines]

    def tearDown(self):
        self.path.write_bytes(b"".join(self.lines))

    def verify(self, lines):
        self.path.write_bytes(b"".join(lines))
        done = self.home.run("audit", "verify", "--json", self.identity)
        report = json.loads(done.stdout)
        self.assertEqual(report["whole"], done.returncode == 0)
        return report

    def assert_broken(self, lines, what):
        self.assertFalse(self.verify(lines)["whole"], what)

    def test_it_is_whole(self):
        self.assertTrue({"egress", "supervise", "warden"} <= set(self.planes))
        for identity in self.identities:
            done = self.home.run("audit", "verify", identity)
            self.assertEqual(done.returncode, 0, done.stdout)
        report = self.verify(self.lines)
        self.assertEqual((report["sealed"], report["records"], report["problems"]), (True, len(self.lines), []))

    def test_logs_of_one_sidecar(self):
        """Each flag shows its own lines; two of them the lines of both; without any, all."""
        def shown(*flags):
            lines = self.home.run("logs", self.identity, "--json", *flags).stdout.splitlines()
            return [json.loads(line)["plane"] for line in lines]
        for flag, plane in (("--egress", "egress"), ("--supervise", "supervise"), ("--git", "git-gate")):
            self.assertEqual(shown(flag), [each for each in self.planes if each == plane], flag)
        both = [each for each in self.planes if each in ("egress", "supervise")]
        self.assertEqual(shown("--egress", "--supervise"), both)
        self.assertEqual(shown(), self.planes)
        self.assertNotIn("warden", self.home.run("logs", self.identity, "--egress").stdout)

    def test_changed(self):
        for number, line in enumerate(self.lines):
            damaged = line.replace(b'"subject":"', b'"subject":"x', 1)
            self.assertNotEqual(damaged, line)
            self.assert_broken([*self.lines[:number], damaged, *self.lines[number + 1:]], number)

    def test_dropped(self):
        for number in range(len(self.lines)):
            self.assert_broken(self.lines[:number] + self.lines[number + 1:], number)

    def test_reordered(self):
        """Two lines of one plane change places; those of different planes have no order."""
        for plane in set(self.planes):
            of_it = [number for number, each in enumerate(self.planes) if each == plane]
            for first, second in zip(of_it, of_it[1:]):
                moved = list(self.lines)
                moved[first], moved[second] = moved[second], moved[first]
                self.assert_broken(moved, (plane, first))

    def test_truncated(self):
        for kept in range(len(self.lines)):
            self.assert_broken(self.lines[:kept], kept)
        self.assert_broken([*self.lines[:-1], self.lines[-1][:-20]], "in the middle of the last line")

    def test_duplicated(self):
        for number, line in enumerate(self.lines):
            self.assert_broken([*self.lines[:number], line, *self.lines[number:]], number)
        self.assert_broken(self.lines * 2, "all of it")

    def test_spliced(self):
        """Lines of another bottle, which are whole where they come from."""
        self.assert_broken(self.other, "the other one in its place")
        self.assert_broken(self.lines + self.other, "the other one after it")
        plane = [line for line in self.other if json.loads(line)["plane"] == "egress"]
        kept = [line for line in self.lines if json.loads(line)["plane"] != "egress"]
        self.assert_broken([kept[0], *plane, *kept[1:]], "a plane of the other one")
        for number, line in enumerate(self.other[:len(self.lines)]):
            self.assert_broken([*self.lines[:number], line, *self.lines[number + 1:]], number)

    def test_exported(self):
        done = self.home.run("audit", "export", self.identity)
        self.assertEqual(done.stdout.encode(), b"".join(self.lines))
        done = self.home.run("audit", "export", self.identity, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
        records = [json.loads(line) for line in self.lines]
        for name in ("seq", "time", "plane", "event", "subject", "prev"):
            self.assertEqual([row[name] for row in rows], [str(record[name]) for record in records], name)
        self.assertTrue(any("denied.example.com" in row["subject"] for row in rows))
