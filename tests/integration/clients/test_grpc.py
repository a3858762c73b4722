"""gRPC's own client (its C core, from Python) and a server of the same kind."""

import concurrent.futures
import json

from .case import ORIGIN, ClientCase
from .test_http import PYTHON, needs_module

try:
    import grpc
except ImportError:
    grpc = None


class Songs:
    """A service without generated code: messages are bytes."""

    def __init__(self, key, certificate):
        self.authorizations = set()
        self.called = []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self.server.add_generic_rpc_handlers((self,))
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.server.start()

    def service(self, details):
        self.called.append(details.method)
        self.authorizations.add(dict(details.invocation_metadata).get("authorization"))

        def failing(_message, context):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "no nest")
        return {
            "/finch.Songs/One": grpc.unary_unary_rpc_method_handler(lambda m, _: b"heard: " + m),
            "/finch.Songs/Down": grpc.unary_stream_rpc_method_handler(
                lambda _m, _c: iter([b"one", b"two", b"three"])),
            "/finch.Songs/Both": grpc.stream_stream_rpc_method_handler(
                lambda messages, _: (b"heard: " + m for m in messages)),
            "/finch.Songs/Failing": grpc.unary_unary_rpc_method_handler(failing),
        }.get(details.method)

    def stop(self):
        self.server.stop(None).wait()


class Grpc(ClientCase):
    allowed = "/finch.Songs"

    def setUp(self):
        needs_module("grpc")
        super().setUp()

    def make_origin(self):
        self.authority.context(ORIGIN)  # leaves the files
        folder = self.authority.folder
        return Songs((folder / f"{ORIGIN}.key").read_bytes(), (folder / f"{ORIGIN}.pem").read_bytes())

    def test_calls_and_streams(self):
        self.bring("with_grpc.py")
        result = self.ok(self.inside(PYTHON, "with_grpc.py", TARGET=f"{ORIGIN}:443"))
        found = json.loads(result.stdout.strip().splitlines()[-1])
        self.assertEqual(found["one"], "heard: a note")
        self.assertEqual(found["down"], ["one", "two", "three"])
        self.assertEqual(found["both"], ["heard: first", "heard: second"])
        self.assertEqual(found["failed"], ["FAILED_PRECONDITION", "no nest"])
        self.assertEqual(found["closed"][0], "PERMISSION_DENIED")
        self.assertNotIn("/finch.Private/One", self.origin.called)
        self.assertEqual(self.origin.authorizations, {f"Bearer the-operators-token-0123456789"})
