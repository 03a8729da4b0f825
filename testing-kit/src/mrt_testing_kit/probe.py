"""A client without a library: one request over a bare socket, and every byte of the answer.

For tests of servers, of dialects and of faults: it neither repairs nor hides anything.
"""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from typing import Any

TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}

ANTHROPIC_TOOL: dict[str, Any] = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "input_schema": TOOL["function"]["parameters"],
}

ANTHROPIC_HEADERS = {"x-api-key": "sk-test-any", "anthropic-version": "2023-06-01"}

MODELS = {
    "openai": "oracle-chat",
    "xinference": "tiny-gguf",
    "openllm": "local/tiny-llama",
    "openllm-0.4": "tiny-llama",
    "anthropic": "claude-sonnet-4-5",
}


@dataclass
class Got:
    """What came back.

    Attributes:
        head: status line and headers.
        raw: the body as it came, with transfer coding.
        end: ``eof``, ``reset`` or ``timeout``.
    """

    head: bytes
    raw: bytes
    end: str

    @property
    def status(self) -> int:
        """The status; 0 when no head came."""
        words = self.head.split(b" ", 2)
        return int(words[1]) if len(words) > 1 else 0

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Names and values in order."""
        pairs = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [(name.decode("latin-1"), value.strip().decode("latin-1")) for name, _, value in pairs]

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None; case does not matter."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def chunked(self) -> bool:
        """Whether the body has chunked coding."""
        return self.header("transfer-encoding") == "chunked"

    @property
    def chunks(self) -> list[bytes]:
        """The whole chunks of a chunked body, without the last, empty one."""
        out: list[bytes] = []
        rest = self.raw
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            length = int(size, 16)
            if length == 0 or len(rest) < length:
                break
            out.append(rest[:length])
            rest = rest[length + 2 :]
        return out

    @property
    def complete(self) -> bool:
        """Whether the body came to its proper end."""
        if self.chunked:
            return self.raw.endswith(b"0\r\n\r\n")
        length = self.header("content-length")
        return length is not None and len(self.raw) == int(length)

    @property
    def body(self) -> bytes:
        """The body without transfer coding."""
        return b"".join(self.chunks) if self.chunked else self.raw

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "surrogatepass")

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of each event, as JSON where it is JSON; comments and events without data are passed over."""
        text = self.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
        found: list[Any] = []
        for event in text.split("\n\n"):
            lines = [line[5:].removeprefix(" ") for line in event.split("\n") if line.startswith("data:")]
            if lines:
                joined = "\n".join(lines)
                try:
                    found.append(json.loads(joined))
                except ValueError:
                    found.append(joined)
        return found


def ask(
    url: str,
    method: str = "POST",
    target: str = "/v1/chat/completions",
    body: Any = None,
    headers: dict[str, str] | None = None,
    timeout: float = 5.0,
) -> Got:
    """Send one request and read until the connection ends.

    Args:
        url: ``http://host:port``.
        method: the method.
        target: the request target, sent as it stands.
        body: bytes, or a value to send as JSON, or None.
        headers: further headers; they take the place of those that are set here.
        timeout: seconds to wait for each further byte.

    Returns:
        What came.
    """
    host, _, port = url.rpartition("/")[2].partition(":")
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    fields = {"host": host, "content-length": str(len(data)), "connection": "close"}
    if body is not None:
        fields["content-type"] = "application/json"
    fields |= {name.lower(): value for name, value in (headers or {}).items()}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    with socket.create_connection((host, int(port)), timeout=timeout) as sock:
        return exchange(sock, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data)


def exchange(sock: socket.socket, data: bytes) -> Got:
    """Send bytes over a socket and read until the connection ends."""
    got, end = b"", "eof"
    try:
        sock.sendall(data)
        while block := sock.recv(1 << 16):
            got += block
    except TimeoutError:
        end = "timeout"
    except (ConnectionResetError, BrokenPipeError):
        end = "reset"
    head, _, rest = got.partition(b"\r\n\r\n")
    return Got(head, rest, end)


def chat_body(dialect: str, text: str, *, stream: bool = True, tools: bool = False, **fields: Any) -> dict[str, Any]:
    """Return a chat request in a built-in dialect."""
    body: dict[str, Any] = {"model": MODELS[dialect], "messages": [{"role": "user", "content": text}], "stream": stream}
    if dialect == "anthropic":
        body["max_tokens"] = 4000
    if tools:
        body["tools"] = [ANTHROPIC_TOOL if dialect == "anthropic" else TOOL]
    return {**body, **fields}


def talk(
    url: str,
    dialect: str,
    text: str = "Good morning to you",
    *,
    stream: bool = True,
    tools: bool = False,
    timeout: float = 5.0,
    **fields: Any,
) -> Got:
    """Send a chat request in a built-in dialect."""
    headers = ANTHROPIC_HEADERS if dialect == "anthropic" else {}
    target = "/v1/messages" if dialect == "anthropic" else "/v1/chat/completions"
    body = chat_body(dialect, text, stream=stream, tools=tools, **fields)
    return ask(url, "POST", target, body, headers, timeout)
