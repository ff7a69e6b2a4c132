"""A control plane of a few lines: answers each line of its Unix socket as a test says."""

import json
import os
import socket
import threading


class Fake:
    """Serves `answer(request) -> bytes | None`; None closes the connection without a word."""

    def __init__(self, path, answer):
        self.path = path
        self.answer = answer
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(4)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                self._one(client)

    def _one(self, client):
        data = b""
        while not data.endswith(b"\n"):
            more = client.recv(65536)
            if not more:
                return
            data += more
        request = json.loads(data)
        self.requests.append(request)
        reply = self.answer(request)
        if reply is None:
            return
        for piece in reply if isinstance(reply, list) else [reply]:
            try:
                client.sendall(piece)
            except BrokenPipeError:
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # shutdown wakes the accept; close alone would not
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()
        os.unlink(self.path)


def result(value):
    return lambda request: json.dumps({"jsonrpc": "2.0", "result": value, "id": request["id"]}).encode() + b"\n"


def error(code, message, sip_code=None):
    body = {"code": code, "message": message}
    if sip_code:
        body["data"] = {"code": sip_code}
    return lambda request: json.dumps({"jsonrpc": "2.0", "error": body, "id": request["id"]}).encode() + b"\n"
