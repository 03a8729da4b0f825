"""The standard library's http.client."""

from __future__ import annotations

import http.client
import json

from benchmarks.contestants import MESSAGES, PROMPT, messages

DISTRIBUTIONS: tuple[str, ...] = ()
_HEADERS = {"content-type": "application/json"}


class make:
    """One connection."""

    def __init__(self, url: str) -> None:
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def call(self, prompt: str = PROMPT) -> None:
        body = json.dumps({"model": "bench", "messages": messages(prompt)})
        self.connection.request("POST", "/v1/chat/completions", body, _HEADERS)
        json.loads(self.connection.getresponse().read())

    def stream(self, model: str) -> int:
        body = json.dumps({"model": model, "messages": MESSAGES, "stream": True})
        self.connection.request("POST", "/v1/chat/completions", body, _HEADERS)
        count = 0
        for line in self.connection.getresponse():
            if line.startswith(b"data: {"):
                json.loads(line[6:])
                count += 1
        return count
