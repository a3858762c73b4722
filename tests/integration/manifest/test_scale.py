"""What it takes to read a lot, start of the program included: the best of several runs, in time of the
processor where that is less than that of the clock, so that what else runs on the machine does not count."""

import resource
import time
import unittest

from lib import suite

BOTTLE = """agent_provider: {{template: claude, auth_token: TOKEN}}
env: {{A: x, B: '${{HOST}}'}}
egress:
  routes:
    - host: h{0}.example.com
      methods: [GET]
      path_allowlist: [/repos/me]
      auth: {{scheme: Bearer, token_ref: GH}}
    - host: files{0}.example.org
"""


class Scale(suite.ProductCase):
    def setUp(self):
        super().setUp()
        if suite.options.account.uid == 0:
            raise unittest.SkipTest("the same for root: once is enough")

    def write(self, name, text):
        """Straight: a thousand files, each to be given to the account."""
        path = self.product.config / name
        path.write_text(text)
        self.product.account.own(path)

    @staticmethod
    def processor():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return children.ru_utime + children.ru_stime

    def best(self, *words, runs=7):
        found = []
        for _ in range(runs):
            began, used = time.perf_counter(), self.processor()
            done = self.product.run(*words)
            found.append((min(time.perf_counter() - began, self.processor() - used), done))
        return min(found, key=lambda one: one[0])

    def test_a_thousand_of_both_are_listed_in_150_ms(self):
        for number in range(1000):
            self.write(f"bottles/b{number}.md", f"---\n{BOTTLE.format(number)}---\nWhat it is for.\n")
            self.write(f"agents/a{number}.md", f"---\nbottle: b{number}\n---\nYou are {number}.\n")
        took = {}
        for what in ("bottles", "agents"):
            took[what], done = self.best("list", what)
            self.assertEqual(len(self.ok(done).stdout.splitlines()), 1001)
            self.assertNotIn("broken", done.stdout)
        self.assertLess(sum(took.values()), 0.150, took)

    def test_what_is_meant_to_hurt_takes_less_than_a_second(self):
        self.write("bottles/large.md", "---\nenv:\n  A: " + "x" * (10 << 20) + "\n---\n")
        routes = "".join(f"    - host: h{number}.example.com\n" for number in range(10000))
        self.write("bottles/routes.md", f"---\negress:\n  routes:\n{routes}---\n")
        for number in range(1000):
            parent = f"extends: c{number - 1}\n" if number else ""
            self.write(f"bottles/c{number}.md", f"---\n{parent}env: {{A: x}}\n---\n")
        for name, code, words in (("large", 1, "the most is"), ("routes", 0, "h9999.example.com"),
                                  ("c999", 0, "c0 → c1 →")):
            with self.subTest(name):
                took, done = self.best("info", name, runs=3)
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(words, done.stdout + done.stderr)
                self.assertLess(took, 1.0)
