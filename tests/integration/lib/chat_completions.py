"""A server that plays the Chat Completions API, which many agents speak. `script` is as in anthropic.py."""

import json

from .anthropic import Bash, Say
from .servers import HttpServer, answer


class ChatCompletions(HttpServer):
    def __init__(self, listener, context, script):
        self.script = list(script)
        super().__init__(listener, self._respond, context)

    def _respond(self, request, send):
        if request.method != "POST" or not request.target.endswith("/chat/completions"):
            send(answer(b"{}", "404 Not Found", "application/json"))
            return
        call = json.loads(request.body)
        done = sum(1 for message in call["messages"] if message["role"] == "tool")
        step = self.script[min(done, len(self.script) - 1)] if call.get("tools") else Say("a title")
        if isinstance(step, Bash):
            use = {"command": step.command, "description": "test"}
            delta = {"role": "assistant", "tool_calls": [
                {"index": 0, "id": "call_1", "type": "function",
                 "function": {"name": "bash", "arguments": json.dumps(use)}}]}
        else:
            delta = {"role": "assistant", "content": step.text}
        end = "tool_calls" if isinstance(step, Bash) else "stop"
        events = [self._chunk(call, delta, None), self._chunk(call, {}, end)]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        send(answer(body.encode(), "200 OK", "text/event-stream"))

    @staticmethod
    def _chunk(call, delta, end):
        chunk = {"id": "chat_1", "object": "chat.completion.chunk", "created": 1,
                 "model": call["model"],
                 "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}
        if end:
            chunk["usage"] = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return chunk
