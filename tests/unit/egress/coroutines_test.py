"""No condition and no operand awaits, and nothing that is awaited is made with a lambda that captures (why:
sidecars/egress/task.h)."""

import pathlib
import re
import sys

STRINGS_AND_COMMENTS = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
# A statement, or the head of one: what lies between these.
STATEMENT = re.compile(r"[^;{}]+")
# A lambda with a capture; an index has something before it.
CAPTURES = re.compile(r"(?<![\w\])])\[[^\]]*\w[^\]]*\]\s*\(")


def conditions(statement):
    """The text in parentheses after if, while, switch and for."""
    for match in re.finditer(r"\b(?:if|while|switch|for)\s*\(", statement):
        depth, at = 1, match.end()
        while depth and at < len(statement):
            depth += {"(": 1, ")": -1}.get(statement[at], 0)
            at += 1
        yield statement[match.end():at - 1], statement[at:]


def faults(text):
    code = STRINGS_AND_COMMENTS.sub('""', text)
    for match in STATEMENT.finditer(code):
        statement = match.group()
        if "co_await" not in statement:
            continue
        bodies = [statement]
        for condition, body in conditions(statement):
            if "co_await" in condition:
                yield statement.strip()
            bodies = [body]
        if any("co_await" in body and re.search(r"&&|\|\||\?", body) for body in bodies):
            yield statement.strip()
        if any(CAPTURES.search(body.split("co_await", 1)[1]) for body in bodies if "co_await" in body):
            yield statement.strip()


def check_itself():
    assert not list(faults("const bool x = co_await f();\nif (!x && y) co_return co_await g();"))
    assert not list(faults("x = co_await f(a[i](b)); y = co_await g([] { return 1; });"))
    assert not list(faults("// if (co_await f())\nauto s = \"if (co_await f())\";"))
    for bad in ("if (!co_await f()) return;", "while (a(b) && co_await f()) {", "x = co_await f() && y;",
                "x = a ? b : co_await f();", "if (a) x = b || co_await f();",
                "x = co_await f(a, [b = b_](int c) { g(c); });"):
        assert list(faults(bad)), bad


def main():
    check_itself()
    found = [(path, fault) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.[ch]*"))
             for fault in faults(path.read_text())]
    for path, fault in found:
        print(f"{path}: {fault}")
    return 1 if found else 0


sys.exit(main())
