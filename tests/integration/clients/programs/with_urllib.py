import os
import urllib.error
import urllib.request

from steps import report


def ask(url, body=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=20) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


report(os.environ["ORIGIN"], ask)
