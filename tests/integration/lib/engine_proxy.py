"""Stands before an engine's socket and does to one request what can go wrong with it."""

import os
import re
import socket
import threading

from .servers import StreamServer

HEAD = re.compile(rb"^([A-Z]+) (\S+) HTTP/1\.1\r\n.*?\r\n\r\n", re.DOTALL)
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class EngineProxy(StreamServer):
    """`trouble(proxy, method, path)` is called with each request before the engine gets it. What it returns becomes of
    the connection: None lets the request pass, CUT ends it there, ANSWER_LOST lets the engine do it and loses what
    it says."""

    CUT, ANSWER_LOST = "cut", "answer lost"

    def __init__(self, engine, path, account, trouble=None):
        self.engine, self.path, self.trouble = engine, str(path), trouble
        self.asked = []  # (method, path), the version left out
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(self.path)
        os.chown(self.path, account.uid, account.gid)
        listener.listen(64)
        super().__init__(listener)

    @property
    def address(self):
        """For DOCKER_HOST."""
        return f"unix://{self.path}"

    def serve(self, connection):
        with connection, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as engine:
            engine.connect(self.engine.socket)
            lost = threading.Event()
            answers = threading.Thread(target=self._pass_on, args=(engine, connection, lost), daemon=True)
            answers.start()
            try:
                while self._request(connection, engine, lost):
                    pass
            finally:
                for end in (engine, connection):
                    try:
                        end.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass
                answers.join()

    def _request(self, connection, engine, lost):
        data = b""
        while not (head := HEAD.match(data)):
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        length = LENGTH.search(head.group())
        missing = head.end() + (int(length.group(1)) if length else 0) - len(data)
        method, path = head.group(1).decode(), re.sub(r"^/v1\.\d+", "", head.group(2).decode())
        self.asked.append((method, path))
        fate = self.trouble(self, method, path) if self.trouble else None
        if fate == self.CUT:
            return False
        if fate == self.ANSWER_LOST:
            lost.set()
        engine.sendall(data)
        while missing > 0 and (more := connection.recv(min(missing, 65536))):
            engine.sendall(more)
            missing -= len(more)
        while "/attach" in path and (more := connection.recv(65536)):
            engine.sendall(more)  # no HTTP any more
        return True

    @staticmethod
    def _pass_on(engine, connection, lost):
        try:
            while data := engine.recv(65536):
                if lost.is_set():
                    break
                connection.sendall(data)
        except OSError:
            pass
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
