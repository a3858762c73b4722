"""Holds the checklists of docs: every row says what holds it, and every test it names is there."""

import re
import sys
import unittest
from pathlib import Path

PROJECT = Path(sys.argv.pop(1)) if len(sys.argv) > 1 else Path(__file__).resolve().parents[3]
# The rows of each section, as its source has them: one that is dropped shows.
CHECKLISTS = {
    "egress-checklist.md": {"3.1": 15, "3.2": 19, "3.3": 10, "3.4": 9, "3.5": 7, "3.6": 13, "3.7": 9, "3.8": 10},
    "manifest-checklist.md": {"Files": 15, "Bottle": 20, "Routes": 21, "Agent": 6, "extends": 10, "Older": 3,
                              "settings.yaml": 7},
    "cli-checklist.md": {"Definitions": 3, "Commands": 54, "Preflight": 6, "End": 5},
}

GTEST = re.compile(r"^(?:TYPED_)?TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
CLASS = re.compile(r"^class (\w+)|^    def (test_\w+)", re.MULTILINE)
ATTEMPT = re.compile(r'Attempt\(\s*"([^"]+)"')
FUZZER = re.compile(r"botbottle_fuzzer\((\w+)")
LINK = re.compile(r"\]\(([^)]+)\)")
NAME = re.compile(r"`([^`]+)`")


def names_in_tree(project):
    """Everything that a row may name."""
    names = set()
    for file in (project / "tests/unit").rglob("*.cpp"):
        names |= {f"{suite}.{name}" for suite, name in GTEST.findall(file.read_text())}
    integration = project / "tests/integration"
    for file in integration.rglob("test_*.py"):
        module = ".".join(file.relative_to(integration).with_suffix("").parts)
        owner = ""
        for made, test in CLASS.findall(file.read_text()):
            owner = made or owner
            if test:
                names.add(f"{module}.{owner}.{test}")
    for file in (project / "tests/attack").rglob("*.py"):
        names |= {f"attack: {name}" for name in ATTEMPT.findall(file.read_text())}
    names |= set(FUZZER.findall((project / "tests/fuzz/CMakeLists.txt").read_text()))
    return names


def rows_of(text):
    """(section, rule, what holds it) of each row."""
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line[3:].split()[0]
        elif line.startswith("| ") and not line.startswith(("| rule |", "| ---")):
            rule, held = line[2:-2].split(" | ", 1)
            yield section, rule, held


def complaints(text, expected, names, folder):
    counts = dict.fromkeys(expected, 0)
    for section, rule, held in rows_of(text):
        counts[section] = counts.get(section, 0) + 1
        found = NAME.findall(held)
        links = LINK.findall(held)
        for name in found:
            if name not in names and not (folder.parent / name).is_file():
                yield f"{rule}: there is no test {name}"
        for link in links:
            if not (folder / link).is_file():
                yield f"{rule}: there is no {link}"
        if not found and not links and "**open**: " not in held:
            yield f"{rule}: nothing holds it, and it does not say so"
    if counts != expected:
        yield f"rows {counts}, expected {expected}"


class Checklist(unittest.TestCase):
    def setUp(self):
        self.folder = PROJECT / "docs"
        self.names = names_in_tree(PROJECT)

    def text(self, file):
        return (self.folder / file).read_text()

    def complaints(self, file, text):
        return list(complaints(text, CHECKLISTS[file], self.names, self.folder))

    def test_they_name_what_there_is(self):
        for file in CHECKLISTS:
            with self.subTest(file):
                self.assertEqual(self.complaints(file, self.text(file)), [])

    def test_each_one_is_held(self):
        self.assertEqual({path.name for path in self.folder.glob("*-checklist.md")}, set(CHECKLISTS))

    def test_each_kind_of_mistake_is_found(self):
        file = "egress-checklist.md"
        text = self.text(file)
        for old, new in (("`RoutePath.Refuses`", "`RoutePath.Refused`"),
                         ("Budgets.test_requests", "Budget.test_requests"),
                         ("attack: rebinding name", "attack: binding name"),
                         ("fuzz_canonical", "fuzz_cannibal"), ("/0013-", "/0013x-"),
                         ("`egress.test_otherwise.Peer.test_another_than_the_checked_address_gets_nothing` |", "soon |"),
                         ("| `..;x` | `RoutePath.Canonicalizes`, `Decide.Table` |\n", "")):
            with self.subTest(new):
                self.assertIn(old, text)
                self.assertNotEqual(self.complaints(file, text.replace(old, new)), [])


if __name__ == "__main__":
    unittest.main()
