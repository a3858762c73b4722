import os

import httpx

from steps import report

client = httpx.Client(http2=os.environ.get("HTTP2") == "1", timeout=20)
versions = set()


def ask(url, body=None):
    response = client.request("POST" if body else "GET", url, content=body)
    versions.add(response.http_version)
    return response.status_code, response.text


report(os.environ["ORIGIN"], ask, lambda: sorted(versions))
