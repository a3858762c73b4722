"""What a hostile agent does with the door through which it may ask (the supervise sidecar's)."""

import http.client
import json
import socket
import time

SERVER = ("127.0.0.1", 9100)
TIMEOUT = 30.0


def exchange(connection, method, path, body=None):
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read().decode("utf-8", "replace")


def one(method, path, body=None):
    connection = http.client.HTTPConnection(*SERVER, timeout=TIMEOUT)
    try:
        return exchange(connection, method, path, body)
    finally:
        connection.close()


def called(tool, arguments):
    """The same by MCP."""
    return one("POST", "/mcp", json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}}))


def ask(proposal):
    """Reached when it was taken; the answer is the detail."""
    status, text = one("POST", "/proposals", json.dumps(proposal))
    return status == 200 and "pending" in text, text


def flood(count):
    """Reached when every one of them was answered; the detail is how many were taken."""
    taken = answered = 0
    connection = http.client.HTTPConnection(*SERVER, timeout=TIMEOUT)
    for number in range(count):
        status, _ = exchange(connection, "POST", "/proposals", json.dumps(
            {"host": f"h{number}.example.com", "justification": "x"}))
        answered += 1
        taken += status == 200
    return answered == count, taken


def fields_with(text):
    """A proposal for each string that the agent may set, with `text` in it."""
    good = {"host": "wanted.example.com", "justification": "please"}
    auth = {"scheme": "Bearer", "token_ref": "NAME"}
    yield {**good, "host": text}
    yield {**good, "justification": text}
    yield {**good, "methods": [text]}
    yield {**good, "path_allowlist": ["/" + text]}
    yield {**good, text: 1}
    for name in ("scheme", "token_ref", "username", "name", "prefix"):
        yield {**good, "auth": {**auth, name: text}}
    for scheme, names in (("Basic", ["username"]), ("header", ["name", "prefix"]), ("query", ["name"])):
        yield {**good, "auth": {"scheme": scheme, "token_ref": "NAME", "name": "x-key",
                                **{name: text for name in names}}}


def large(size):
    """A megabyte in every field, over both doors. Reached when one was taken."""
    taken = []
    for number, proposal in enumerate(fields_with("a" * size)):
        for send in (lambda p: one("POST", "/proposals", json.dumps(p)),
                     lambda p: called("egress-block", p)):
            try:
                status, text = send(proposal)
            except (OSError, http.client.HTTPException):
                continue  # the door was shut before all of it was sent
            if status == 200 and "pending" in text:
                taken.append(number)
    return bool(taken), f"taken: {taken}"


def scribble(texts):
    """Each text in every field. The detail is how many were taken: the harmless ones are."""
    taken = 0
    for text in texts:
        for proposal in fields_with(text):
            status, answer = one("POST", "/proposals", json.dumps(proposal))
            taken += status == 200 and "pending" in answer
            called("egress-block", proposal)
        called("check-proposal", {"proposal_id": text})
        called("push-block", {"proposal_id": text, "justification": text})
        one("POST", "/mcp", json.dumps({
            "jsonrpc": "2.0", "id": text, "method": "initialize", "params": {
                "protocolVersion": text, "clientInfo": {"name": text, "version": text}}}))
    return taken > 0, taken


def read_back(paths, needle):
    """Reached when the needle is in what any of these answers; as a path, a query and an id."""
    for path in paths:
        for target in (f"/proposals/{path}", f"/proposals/?{path}", f"/{path}"):
            with socket.create_connection(SERVER, TIMEOUT) as stream:
                stream.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                data = b""
                while piece := stream.recv(65536):
                    data += piece
            if needle.encode() in data:
                return True, target
        _, text = called("check-proposal", {"proposal_id": path})
        if needle in text:
            return True, path
    return False, "not told"


def forge(proposal, decision):
    """A decision of the agent's own, wherever something might take it: whether anything did is the
    host's to see."""
    answers = []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/decisions", "/proposals", f"/proposals/{proposal}", f"/decisions/{proposal}",
                     f"/proposals/{proposal}/approve", f"/proposals/{proposal}.decision.json", "/mcp"):
            answers.append(one(method, path, json.dumps(decision))[0])
    for method in ("decide", "supervise/approve", "egress.allow", "policy.replace", "start"):
        _, text = one("POST", "/mcp", json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                                                  "params": decision}))
        answers.append("error" if '"error"' in text else "result")
    for tool in ("approve", "decide", "egress-allow"):
        answers.append("error" if '"error"' in called(tool, decision)[1] else "result")
    _, text = ask({"host": "wanted.example.com", "justification": "x", **decision})
    return True, f"{sorted(set(map(str, answers)))} {text[:60]}"


def slow(connections, seconds):
    """Bodies that never end. Reached when they could be begun."""
    open_ones = []
    for _ in range(connections):
        stream = socket.create_connection(SERVER, TIMEOUT)
        stream.sendall(b"POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
        open_ones.append(stream)
    time.sleep(seconds)
    return True, f"{len(open_ones)} connections"


def foreign_origin(origin, host):
    """A page in a browser inside the bottle that asks in the agent's name."""
    body = json.dumps({"host": host, "justification": "x"})
    with socket.create_connection(SERVER, TIMEOUT) as stream:
        stream.sendall((f"POST /proposals HTTP/1.1\r\nHost: 127.0.0.1:9100\r\nOrigin: {origin}\r\n"
                        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
        data = stream.recv(65536)
    return data.startswith(b"HTTP/1.1 200"), data.split(b"\r\n")[0].decode("latin-1")
