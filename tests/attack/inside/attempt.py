#!/usr/bin/env python3
"""One attempt to get out: `attempt.py NAME PARAMETERS-AS-JSON`, one line of JSON as the answer.

The same file runs inside the bottle and, as the positive control, on the host: "blocked" only counts
where the same steps get through outside. It imports nothing but the standard library, because it is
copied into the bottle's workspace.
"""

import importlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def main():
    where, parameters = sys.argv[1], json.loads(sys.argv[2])
    module, name = where.split(".")
    function = getattr(importlib.import_module(module), name)
    try:
        reached, detail = function(**parameters)
    except OSError as error:
        reached, detail = False, f"{type(error).__name__}: {error}"
    print(json.dumps({"reached": bool(reached), "detail": str(detail)[:300]}))


if __name__ == "__main__":
    main()
