"""A client of /finch.Songs: one call, one that streams down, one both ways, one that is not allowed."""

import json
import os

import grpc

plain = {"request_serializer": None, "response_deserializer": None}
channel = grpc.secure_channel(os.environ["TARGET"], grpc.ssl_channel_credentials())
found = {
    "one": channel.unary_unary("/finch.Songs/One", **plain)(b"a note", timeout=20).decode(),
    "down": [m.decode() for m in channel.unary_stream("/finch.Songs/Down", **plain)(b"go", timeout=20)],
    "both": [m.decode() for m in channel.stream_stream("/finch.Songs/Both", **plain)(
        iter([b"first", b"second"]), timeout=20)],
}
for name, method in (("failed", "/finch.Songs/Failing"), ("closed", "/finch.Private/One")):
    try:
        channel.unary_unary(method, **plain)(b"x", timeout=20)
        found[name] = "answered"
    except grpc.RpcError as error:
        found[name] = [error.code().name, error.details()]
print(json.dumps(found))
