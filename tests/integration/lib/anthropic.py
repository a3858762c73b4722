"""A server that plays api.anthropic.com: the least that the real Claude Code CLI needs.

`script` is the model's plan: step n answers a conversation that holds n tool results; one that is a
function gets the last result's text and returns the step. The stream has
real server-sent events; a step with a `Gate` stops in the middle until the test opens it.
"""

import dataclasses
import json
import threading
import time

from .servers import HttpServer, answer


class Gate:
    """Holds a stream open in the middle: `reached` is set when it stands, `release()` lets it go on."""

    def __init__(self):
        self.reached = threading.Event()
        self._open = threading.Event()

    def release(self):
        self._open.set()

    def stand(self):
        self.reached.set()
        self._open.wait(60)


@dataclasses.dataclass
class Say:
    text: str
    gate: Gate = None
    pause: float = 0.0  # seconds between events


@dataclasses.dataclass
class Bash:
    command: str
    gate: Gate = None
    pause: float = 0.0


@dataclasses.dataclass
class Tool:
    """A call of an MCP server's tool: `server` and `name` as the client registered them."""
    server: str
    name: str
    input: dict
    gate: Gate = None
    pause: float = 0.0


class Anthropic(HttpServer):
    def __init__(self, listener, context, script):
        self.script = list(script)
        super().__init__(listener, self._respond, context)

    @property
    def model_calls(self):
        return [r for r in self.requests if r.target.split("?")[0] == "/v1/messages"]

    def _respond(self, request, send):
        if request.method != "POST" or request.target.split("?")[0] != "/v1/messages":
            error = {"type": "error", "error": {"type": "not_found_error", "message": "not here"}}
            send(answer(json.dumps(error).encode(), "404 Not Found", "application/json"))
            return
        call = json.loads(request.body)
        step = self._step(call)
        if call.get("stream"):
            self._stream(call, step, send)
        else:
            send(answer(json.dumps(self._whole(call, step)).encode(), "200 OK",
                        "application/json"))

    def _step(self, call):
        if not call.get("tools"):
            return Say("a title")  # side questions of the terminal interface
        results = sum(1 for message in call["messages"] if isinstance(message["content"], list)
                      for block in message["content"] if block.get("type") == "tool_result")
        step = self.script[min(results, len(self.script) - 1)]
        return step(self.last_result(call)) if callable(step) else step

    @staticmethod
    def last_result(call):
        found = [block["content"] for message in call["messages"]
                 if isinstance(message["content"], list)
                 for block in message["content"] if block.get("type") == "tool_result"]
        last = found[-1] if found else ""
        return last if isinstance(last, str) else "".join(b.get("text", "") for b in last)

    @staticmethod
    def _whole(call, step):
        if isinstance(step, Say):
            block = {"type": "text", "text": step.text}
        elif isinstance(step, Tool):
            block = {"type": "tool_use", "id": f"toolu_{time.time_ns()}",
                     "name": f"mcp__{step.server}__{step.name}", "input": step.input}
        else:
            block = {"type": "tool_use", "id": f"toolu_{time.time_ns()}", "name": "Bash",
                     "input": {"command": step.command, "description": "test"}}
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": call.get("model"),
                "content": [block], "usage": {"input_tokens": 1, "output_tokens": 1},
                "stop_reason": "end_turn" if isinstance(step, Say) else "tool_use",
                "stop_sequence": None}

    def _stream(self, call, step, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
             b"Transfer-Encoding: chunked\r\nCache-Control: no-cache\r\n\r\n")
        events = self._events(call, step)
        for position, event in enumerate(events):
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            send(b"%x\r\n%s\r\n" % (len(text), text))
            if step.pause:
                time.sleep(step.pause)
            if step.gate and position == len(events) // 2:
                step.gate.stand()
        send(b"0\r\n\r\n")

    def _events(self, call, step):
        whole = self._whole(call, step)
        start = dict(whole, content=[], stop_reason=None)
        if isinstance(step, Say):
            opened = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(step.text)]
        else:
            opened = dict(whole["content"][0], input={})
            text = json.dumps(whole["content"][0]["input"])
            deltas = [{"type": "input_json_delta", "partial_json": piece}
                      for piece in pieces(text)]
        return [
            {"type": "message_start", "message": start},
            {"type": "content_block_start", "index": 0, "content_block": opened},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "usage": {"output_tokens": 1},
             "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None}},
            {"type": "message_stop"},
        ]


def pieces(text, count=4):
    size = max(1, -(-len(text) // count))
    return [text[at:at + size] for at in range(0, len(text), size)]
