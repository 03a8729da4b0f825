"""A socket and string searches: what nobody does, and the floor of what is possible."""

from __future__ import annotations

import json
import socket

from benchmarks.contestants import PROMPT, messages

DISTRIBUTIONS: tuple[str, ...] = ()


class make:
    """One connection."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").partition(":")
        self.sock = socket.create_connection((host, int(port)))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, prompt: str = PROMPT) -> None:
        body = json.dumps({"model": "bench", "messages": messages(prompt)}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.sock.sendall(head + body)
        data = self.sock.recv(65536)
        top, _, rest = data.partition(b"\r\n\r\n")
        length = int(top.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(rest) < length:
            rest += self.sock.recv(65536)
        json.loads(rest)
