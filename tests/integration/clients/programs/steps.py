"""What each client does: the same steps as in the other languages here."""

import json


def report(origin, ask, versions=lambda: None):
    found = {"hello": ask(f"{origin}/v1/hello"), "digest": ask(f"{origin}/v1/digest", b"finch " * 50000),
             "stream": ask(f"{origin}/v1/stream"), "closed_path": ask(f"{origin}/private")[0],
             "versions": versions()}
    try:
        found["closed_host"] = ask("https://elsewhere.example.com/")[0]
    except Exception as error:  # whatever this client calls it
        found["closed_host"] = type(error).__name__
    print(json.dumps(found))
