"""A server that plays chatgpt.com and api.openai.com: the least that the real Codex CLI needs.

`script` is the model's plan, as for anthropic.py: step n answers a conversation that holds n tool
results. Answers go out as server-sent events, or over a WebSocket when `websocket` is set.
"""

import base64
import json
import subprocess
import time

from . import websocket
from .anthropic import Bash, Say, Tool
from .servers import HttpServer, answer

RESPONSES = ("/backend-api/codex/responses", "/v1/responses")


def jwt(claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part(claims)}.c2lnbmF0dXJl"


class OpenAi(HttpServer):
    def __init__(self, listener, context, script, account="", speaks_websocket=False):
        self.script, self.account, self.speaks_websocket = list(script), account, speaks_websocket
        self.websocket_messages = []
        self.calls = []  # (transport, document) of every model call that the agent itself made
        super().__init__(listener, self._respond, context)

    @property
    def model_calls(self):
        return [r for r in self.requests if r.target.split("?")[0] in RESPONSES]

    def _respond(self, request, send):
        path = request.target.split("?")[0]
        if "websocket" in request.header("upgrade").lower():
            send(answer(b"", "426 Upgrade Required"))
        elif path == "/backend-api/wham/accounts/check":
            self._json(send, {"accounts": [{"id": self.account,
                                            "workspace_backend_origin": "https://chatgpt.com",
                                            "account_routing_override": "NO_CONSTRAINT"}],
                              "account_ordering": [self.account],
                              "default_account_id": self.account})
        elif path.endswith("/models"):
            self._json(send, {"models": []})
        elif path in RESPONSES and request.method == "POST":
            call = json.loads(self._plain(request))
            self._stream(self._next(call, self._results(call), "sse"), send)
        else:
            send(answer(b'{"detail":"not here"}', "404 Not Found", "application/json"))

    @staticmethod
    def _plain(request):
        if request.header("content-encoding") != "zstd":
            return request.body
        return subprocess.run(["zstd", "-dcq"], input=request.body, capture_output=True,
                              check=True).stdout

    @staticmethod
    def _json(send, document):
        send(answer(json.dumps(document).encode(), "200 OK", "application/json"))

    @staticmethod
    def _results(call):
        return sum(1 for item in call.get("input", [])
                   if item.get("type", "").endswith("_call_output"))

    def _next(self, call, results, transport):
        tools = any(item.get("type") == "additional_tools" for item in call.get("input", [])) or \
            call.get("tools") or call.get("previous_response_id")
        if not tools or "thread_title" in json.dumps(call.get("client_metadata", {})):
            return Say("a title")  # side questions of the terminal interface
        self.calls.append((transport, call))
        step = self.script[min(results, len(self.script) - 1)]
        return step(self.last_result(call)) if callable(step) else step

    @staticmethod
    def last_result(call):
        found = [item["output"] for item in call.get("input", [])
                 if item.get("type", "").endswith("_call_output")]
        last = found[-1] if found else ""
        return last if isinstance(last, str) else json.dumps(last)

    def _events(self, step):
        if isinstance(step, Bash):
            item = {"type": "function_call", "name": "exec_command",
                    "call_id": f"call_{time.time_ns()}",
                    "arguments": json.dumps({"cmd": step.command})}
        elif isinstance(step, Tool):
            item = {"type": "function_call", "namespace": f"mcp__{step.server}",
                    "name": step.name, "call_id": f"call_{time.time_ns()}",
                    "arguments": json.dumps(step.input)}
        else:
            item = {"type": "message", "role": "assistant",
                    "content": [{"type": "output_text", "text": step.text}]}
        return [{"type": "response.output_item.done", "item": item},
                {"type": "response.completed",
                 "response": {"id": f"resp_{len(self.requests)}",
                              "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}}]

    def _stream(self, step, send):
        send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
             b"Transfer-Encoding: chunked\r\nCache-Control: no-cache\r\n\r\n")
        for event in self._events(step):
            text = f"data: {json.dumps(event)}\n\n".encode()
            send(b"%x\r\n%s\r\n" % (len(text), text))
            if step.gate:
                step.gate.stand()
            if step.pause:
                time.sleep(step.pause)
        send(b"0\r\n\r\n")

    def upgrade(self, request, reader, send):
        if not self.speaks_websocket or request.target.split("?")[0] not in RESPONSES:
            return super().upgrade(request, reader, send)
        websocket.accept(request, send)
        results = 0
        for text in websocket.messages(reader, send):
            call = json.loads(text)
            self.websocket_messages.append(call)
            results += self._results(call)
            if call.get("generate") is False:
                events = [{"type": "response.created", "response": {"id": "resp_0"}},
                          {"type": "response.completed", "response": {"id": "resp_0"}}]
            else:
                events = self._events(self._next(call, results, "websocket"))
            for event in events:
                websocket.frame(send, websocket.TEXT, json.dumps(event).encode())
        return True
