"""Calls a backend plugin through the C ABI of core/include/botbottle/plugin.h, as core does.

As a program it answers calls on stdin, so that a test can run it as another user, and kill it.
"""

import ctypes
import json

SIZE = ctypes.c_size_t
TEXT = ctypes.c_char_p
POINTER = ctypes.c_void_p


class Sink(ctypes.Structure):
    WRITE = ctypes.CFUNCTYPE(None, POINTER, POINTER, SIZE)
    RESET = ctypes.CFUNCTYPE(None, POINTER)
    _fields_ = [("struct_size", ctypes.c_uint32), ("context", POINTER), ("write", WRITE),
                ("reset", RESET)]


class Host(ctypes.Structure):
    LOG = ctypes.CFUNCTYPE(None, POINTER, ctypes.c_int32, POINTER, SIZE)
    PROGRESS = ctypes.CFUNCTYPE(None, POINTER, POINTER, SIZE)
    CANCELLED = ctypes.CFUNCTYPE(ctypes.c_int32, POINTER)
    EXTENSION = ctypes.CFUNCTYPE(POINTER, POINTER, TEXT)
    _fields_ = [("struct_size", ctypes.c_uint32), ("abi_minor", ctypes.c_uint32),
                ("context", POINTER), ("log", LOG), ("progress", PROGRESS),
                ("cancelled", CANCELLED), ("extension", EXTENSION)]


OPERATION = ctypes.CFUNCTYPE(ctypes.c_int32, POINTER, TEXT, SIZE, ctypes.POINTER(Sink))
OPERATIONS = ("probe", "prepare", "launch", "exec", "attach", "copy_in", "copy_out", "stop",
              "list", "leftovers", "remove")


class Backend(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32)] + [(name, OPERATION) for name in OPERATIONS]


class Instance(ctypes.Structure):
    EXTENSION = ctypes.CFUNCTYPE(POINTER, POINTER, TEXT)
    _fields_ = [("struct_size", ctypes.c_uint32), ("context", POINTER),
                ("extension", EXTENSION), ("destroy", POINTER)]


class Entry(ctypes.Structure):
    DESCRIBE = ctypes.CFUNCTYPE(TEXT)
    CREATE = ctypes.CFUNCTYPE(ctypes.POINTER(Instance), ctypes.POINTER(Host), ctypes.POINTER(Sink))
    _fields_ = [("abi_major", ctypes.c_uint32), ("abi_minor", ctypes.c_uint32),
                ("struct_size", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
                ("describe", DESCRIBE), ("create", CREATE)]


class OperationError(Exception):
    def __init__(self, status, document):
        super().__init__("%d %s: %s [%s]" % (status, document.get("code"),
                                             document.get("message"), document.get("hint")))
        self.status, self.document = status, document
        self.code = document.get("code")
        self.message = document.get("message")
        self.hint = document.get("hint")


class Plugin:
    """One instance of a backend: dictionaries in, dictionaries out."""

    def __init__(self, path):
        self._library = ctypes.CDLL(path)
        entry = Entry.in_dll(self._library, "botbottle_plugin")
        self.descriptor = json.loads(entry.describe())
        self._host = Host(ctypes.sizeof(Host), 0, None,
                          Host.LOG(lambda *_: None), Host.PROGRESS(lambda *_: None),
                          Host.CANCELLED(lambda _: 0),
                          Host.EXTENSION(lambda *_: None))
        chunks, sink = self._sink()
        self._instance = entry.create(ctypes.byref(self._host), ctypes.byref(sink))
        if not self._instance:
            raise OperationError(-1, json.loads(b"".join(chunks)))
        table = self._instance.contents.extension(self._instance.contents.context,
                                                  b"botbottle.backend/1")
        self._table = ctypes.cast(table, ctypes.POINTER(Backend)).contents

    @staticmethod
    def _sink():
        chunks = []
        sink = Sink(ctypes.sizeof(Sink), None,
                    Sink.WRITE(lambda _, data, size: chunks.append(ctypes.string_at(data, size))),
                    Sink.RESET(lambda _: chunks.clear()))
        return chunks, sink

    def call(self, operation, request):
        chunks, sink = self._sink()
        text = json.dumps(request).encode()
        status = getattr(self._table, operation)(self._instance.contents.context, text, len(text),
                                                 ctypes.byref(sink))
        document = json.loads(b"".join(chunks))
        if status != 0:
            raise OperationError(status, document)
        return document


def serve(path):
    """Answers calls as lines of JSON: {"operation", "request"} → {"reply"} or {"error", "status"}."""
    import sys
    plugin = Plugin(path)
    print(json.dumps({"reply": plugin.descriptor}), flush=True)
    for line in sys.stdin:
        call = json.loads(line)
        try:
            answer = {"reply": plugin.call(call["operation"], call["request"])}
        except OperationError as error:
            answer = {"status": error.status, "error": error.document}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    import sys
    serve(sys.argv[1])
