"""The vendor of the plugin in ``site``: answers over loopback, and does what a prompt asks it to."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "sk-test-canary-0123456789"


class Vendor:
    """A server on a thread; `requests` holds what it was asked, `left` is set when a client leaves a slow stream."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.left = threading.Event()
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                path = self.path.strip("/")
                vendor.requests.append((path, body))
                if self.headers["authorization"] != f"Bearer {KEY}":
                    self.answer(401, {"error": {"message": f"wrong key {self.headers['authorization'][7:]}"}})
                    return
                status, value = (200, None) if body.get("stream") else reply(path, body)
                if status == 200 and body.get("stream"):
                    failure = fails(body)
                    self.answer(*failure) if failure else self.stream(lines(path, body))
                else:
                    self.answer(status, value)

            def answer(self, status: int, value: Any) -> None:
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.send_header("x-request-id", "request-7")
                if status == 429:
                    self.send_header("retry-after", "12")
                self.end_headers()
                self.wfile.write(content)

            def stream(self, events: Iterator[dict[str, Any]]) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/x-ndjson")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                try:
                    for event in events:
                        line = json.dumps(event).encode() + b"\n"
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                        self.wfile.flush()
                    self.wfile.write(b"0\r\n\r\n")
                except OSError:
                    vendor.left.set()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def last(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["text"]) if "messages" in body else str(body.get("text", ""))


def fails(body: dict[str, Any]) -> tuple[int, Any] | None:
    word, _, number = last(body).partition(" ")
    return (int(number), {"error": {"message": "as you wish", "code": "wished"}}) if word == "fail" else None


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """Return what the model says: a call when a tool is offered, its result, or what was asked."""
    text = last(body)
    if body["messages"][-1]["role"] == "tool":
        return {"text": f"The tool said: {text}", "finish": "stop"}
    if body["tools"]:
        return {"text": "", "calls": [{"name": name, "arguments": {"city": "Oslo"}} for name in body["tools"]],
                "finish": "tool_calls"}  # fmt: skip
    if text == "show":
        return {"text": json.dumps(body["parameters"], sort_keys=True), "finish": "stop"}
    if text == "history":
        return {"text": " | ".join(f"{m['role']}:{m['text']}" for m in body["messages"]), "finish": "stop"}
    if text == "kinds":
        return {"text": json.dumps([m["kinds"] for m in body["messages"]]), "finish": "stop"}
    if text.startswith("think "):
        return {"thinking": "\nlet me see", "text": f"\n\n{text[6:]}", "finish": "stop"}
    if text == "cut":
        return {"text": "half an ans", "finish": "length"}
    if text == "nothing":
        return {"text": "", "finish": "stop"}
    return {"text": f"You said: {text}", "finish": "stop"}


def lines(path: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if path == "tts":
        yield {"sound": base64.b64encode(f"{body['voice'] or 'own'}:".encode()).decode()}
        if body["text"] == "break":
            yield {"error": "the sound broke off"}
        yield {"sound": base64.b64encode(body["text"].encode()).decode()}
        return
    text = last(body)
    if text == "slow":
        for number in range(400):
            yield {"text": f"word{number} "}
            time.sleep(0.05)
    if text == "many":
        for number in range(20000):
            yield {"text": f"word{number}\n"}
    if text == "break":
        yield {"text": "so far "}
        yield {"text": 1}
    whole = answer(body)
    if "thinking" in whole:
        yield {"thinking": whole["thinking"]}
    for start in range(0, len(whole["text"]), 4):
        yield {"text": whole["text"][start : start + 4]}
    yield {"text": "", "calls": whole.get("calls", []), "finish": whole["finish"]}


def reply(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    failure = fails(body)
    if failure:
        return failure
    if path == "llm":
        return 200, answer(body)
    if path == "text_embedding":
        return 200, {"vectors": [[float(len(text)), 0.5, float(body["kind"] == "query")] for text in body["texts"]]}
    if path == "rerank":
        words = set(body["query"].split())
        return 200, {"scores": [len(words & set(doc.split())) / 10 for doc in body["docs"]]}
    if path == "speech2text":
        return 200, {"text": f"{body['name']}: {base64.b64decode(body['sound']).decode()}"}
    if path == "moderation":
        bad = "bad" in body["text"]
        scores = {"rude": 0.9 if bad else 0.1}
        return 200, {"flagged": bad, "categories": {"rude": bad, "spam": False}, "scores": scores}
    return 200, {}
