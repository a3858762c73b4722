#!/usr/bin/env python3
"""Reads what a part of scripts/test printed and prints its failures alone, each cut to size; with
--names a line for each: how it begins and how it ends.

A failure begins with a line of one of our runners, of GoogleTest, ctest, a sanitizer or a compiler,
and ends where the next test begins. When nothing is known by its beginning, the last lines stand in.
"""

import re
import sys

BEGINS = re.compile(r"^(FAIL |ESCAPE |BROKEN |\[  FAILED  \] |.*\*\*\*(Failed|Timeout|Exception|Not Run)"
                    r"|.*\bFailure$|=+\d*=*ERROR: |WARNING: ThreadSanitizer|.*runtime error:|error: |.*: error: )")
ENDS = re.compile(r"^(ok +|SKIP +|blocked +|works +|\[ RUN|\[       OK|\s*\d+/\d+ Test +#|\s+Start +\d+:|== |once more|FLAKY |\d+ passed, )")
LINES_OF_ONE = 25
FAILURES = 12
LAST = 30


def failures(lines):
    found, current = [], None
    for line in lines:
        if BEGINS.match(line):
            current = [line]
            found.append(current)
        elif ENDS.match(line):
            current = None
        elif current is not None:
            current.append(line)
    return found


def shortened(lines):
    """The first line says what, the last ones say why."""
    if len(lines) <= LINES_OF_ONE:
        return lines
    tail = LINES_OF_ONE - 8
    return lines[:7] + [f"  [{len(lines) - 7 - tail} lines more]"] + lines[-tail:]


def named(lines):
    end = next((line for line in reversed(lines[1:]) if line.strip()), "")
    return f"{lines[0].strip()[:120]}  {end.strip()[:160]}".rstrip()


def main():
    lines = [line.rstrip("\n")[:300] for line in sys.stdin if not line.startswith("\tNEW_FUNC[")]
    found = failures(lines)
    if "--names" in sys.argv:
        print("\n".join(named(failure) for failure in found[:FAILURES]))
        return
    for failure in found[:FAILURES]:
        print("\n".join(shortened(failure)))
    if len(found) > FAILURES:
        print(f"[{len(found) - FAILURES} failures more]")
    if not found:
        print("\n".join(lines[-LAST:]))


main()
