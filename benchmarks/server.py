"""A fast loopback server with canned answers, in a process of its own.

The model's name says what to answer: ``m-2000`` streams 2000 chunks, ``m-200-p1`` paces them by a millisecond,
``tool-100000`` streams a tool call with so many characters of arguments, ``e-1024`` embeds with 1024 dimensions.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import math
import re
import struct
import sys
from typing import Any

from benchmarks.worker import stay_on

TEXT = "word " * 120
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_NAME = re.compile(r"(\d+)(?:-p(\d+))?")


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _whole(body: bytes, content_type: bytes = b"application/json") -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %s\r\ncontent-length: %d\r\n\r\n" % (content_type, len(body)) + body


@functools.cache
def chat(model: str) -> bytes:
    """Return a chat completion of about 1 kB."""
    message = {"role": "assistant", "content": TEXT, "refusal": None}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    choices = [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}]
    kind = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": choices}
    return _whole(_json({**kind, "usage": usage, "system_fingerprint": "fp_1"}))


@functools.cache
def message(model: str) -> bytes:
    """Return a message of the Messages API."""
    usage = {"input_tokens": 5, "output_tokens": 7}
    content = [{"type": "text", "text": TEXT}]
    whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content}
    return _whole(_json({**whole, "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}))


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    event = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "bench"}
    return b"data: " + _json({**event, "system_fingerprint": "fp_44709d6fcb", "choices": choices, **more}) + b"\n\n"


@functools.cache
def chunks(model: str) -> tuple[bytes, ...]:
    """Return the events of a stream."""
    found = _NAME.search(model)
    number = int(found.group(1)) if found else 1
    if model.startswith("tool"):
        function: dict[str, Any] = {"name": "save", "arguments": ""}
        events = [_chunk({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})]
        text = json.dumps({"text": "x" * number})
        for start in range(0, len(text), 20):
            events.append(_chunk({"tool_calls": [{"index": 0, "function": {"arguments": text[start : start + 20]}}]}))
        last = _chunk({}, "tool_calls")
    else:
        events = [_chunk({"content": " word"})] * number
        last = _chunk({}, "stop")
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return (*events, last, _chunk({}, None, choices=[], usage=usage), b"data: [DONE]\n\n")


@functools.cache
def message_events(model: str) -> tuple[bytes, ...]:
    """Return the events of a stream of the Messages API."""
    found = _NAME.search(model)
    number = int(found.group(1)) if found else 1

    def event(value: dict[str, Any]) -> bytes:
        return b"event: %s\ndata: %s\n\n" % (str(value["type"]).encode(), _json(value))

    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": None}
    block = {"type": "text", "text": ""}
    piece = event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " word"}})
    return (
        event({"type": "message_start", "message": {**start, "usage": {"input_tokens": 5, "output_tokens": 1}}}),
        event({"type": "content_block_start", "index": 0, "content_block": block}),
        *[piece] * number,
        event({"type": "content_block_stop", "index": 0}),
        event({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}),
        event({"type": "message_stop"}),
    )


@functools.cache
def embeddings(model: str, count: int, packed: bool) -> bytes:
    """Return `count` vectors of as many numbers as the model's name says."""
    found = _NAME.search(model)
    size = int(found.group(1)) if found else 1024
    # Ten decimals, as OpenAI's embeddings have them.
    numbers = [round(math.sin(i * 1.7) / 12, 10) for i in range(size)]
    vector: Any = base64.b64encode(struct.pack(f"<{size}f", *numbers)).decode() if packed else numbers
    data = [{"object": "embedding", "index": place, "embedding": vector} for place in range(count)]
    return _whole(
        _json({"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": 9, "total_tokens": 9}})
    )


DESCRIPTION = {"model_type": "LLM", "model_name": "bench", "model_ability": ["chat"], "context_length": 1000000}


class Bench(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, mark, rest = self.buffer.partition(b"\r\n\r\n")
            if not mark:
                return
            found = _LENGTH.search(head)
            length = int(found.group(1)) if found else 0
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.answer(head.split(b" ", 2)[1].decode(), rest[:length])

    def answer(self, path: str, body: bytes) -> None:
        if not body:
            listed = {"id": "bench", "object": "model", "owned_by": "vllm", "max_model_len": 1000000, **DESCRIPTION}
            single = "/models/" in path
            self.transport.write(_whole(_json(listed if single else {"object": "list", "data": [listed]})))
            return
        asked = json.loads(body)
        model = str(asked.get("model"))
        if path.endswith("/embeddings"):
            inputs = asked["input"]
            count = len(inputs) if isinstance(inputs, list) else 1
            self.transport.write(embeddings(model, count, asked.get("encoding_format") == "base64"))
        elif asked.get("stream"):
            events = message_events(model) if path.endswith("/messages") else chunks(model)
            self.stream(model, events)
        else:
            self.transport.write(message(model) if path.endswith("/messages") else chat(model))

    def stream(self, model: str, events: tuple[bytes, ...]) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        framed = [b"%x\r\n%s\r\n" % (len(event), event) for event in events]
        found = _NAME.search(model)
        if found is None or found.group(2) is None:
            self.transport.write(head + b"".join(framed) + b"0\r\n\r\n")
            return
        pause = int(found.group(2)) / 1000

        async def paced() -> None:
            self.transport.write(head)
            for event in framed:
                self.transport.write(event)
                await asyncio.sleep(pause)
            self.transport.write(b"0\r\n\r\n")

        self.task = asyncio.get_running_loop().create_task(paced())


async def main() -> None:
    """Serve until standard input closes; the port is the first line of the output."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Bench, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    stay_on(1)
    asyncio.run(main())
