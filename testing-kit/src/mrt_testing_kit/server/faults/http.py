"""F41 to F45 and F60: statuses, headers, redirects, codings."""

from __future__ import annotations

import json
import time
import zlib
from email.utils import formatdate
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import EVERY, Fault, fault
from mrt_testing_kit.server.faults.errors import HTML
from mrt_testing_kit.server.wire import Reply

STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529)
BODIES = ("vendor", "foreign", "list", "detail", "html", "text", "empty", "huge")

_MESSAGES = {
    400: "The oracle cannot read this request.",
    401: "The oracle does not know this key.",
    402: "The oracle wants to be paid.",
    403: "The oracle may not answer you.",
    404: "The oracle has no such model.",
    408: "The oracle waited too long for the request.",
    409: "The oracle is busy with the same request.",
    413: "The request is too large for the oracle.",
    422: "The oracle cannot process this request.",
    429: "The oracle has answered too often.",
    500: "The oracle failed.",
    502: "The oracle is behind a bad gateway.",
    503: "The oracle is not available.",
    504: "The oracle did not answer the gateway.",
    529: "The oracle is overloaded.",
}


def error_reply(call: Call, status: int, body: str, message: str | None = None, size: int = 10_000_000) -> Reply:
    """Build an error.

    Args:
        call: the call that fails.
        status: the status.
        body: one of ``BODIES``.
        message: what it says; None takes the status's own sentence.
        size: bytes of a huge body.
    """
    text = message or _MESSAGES.get(status, "The oracle failed.")
    if body == "vendor":
        return call.dialect.error(status, text)
    if body == "huge":
        return call.dialect.error(status, f"{text} " + "x" * size)
    if body == "foreign":
        data = json.dumps({"errors": [{"title": "oracle", "reason": text}], "ok": False})
        return Reply(status, [("content-type", "application/json")], body=data.encode())
    if body == "list":
        # As Google's servers have it, also in OpenAI's shape.
        told = {"code": status, "message": text, "status": "ORACLE_ERROR"}
        return Reply(status, [("content-type", "application/json")], body=json.dumps([{"error": told}]).encode())
    if body == "detail":
        # As FastAPI says what is wrong with a request.
        problem = {"type": "value_error", "loc": ["body", "messages", 0], "msg": text, "input": None}
        return Reply(status, [("content-type", "application/json")], body=json.dumps({"detail": [problem]}).encode())
    if body == "html":
        page = HTML.replace("The oracle is asleep", text)
        return Reply(status, [("content-type", "text/html; charset=utf-8")], body=page.encode())
    if body == "text":
        return Reply(status, [("content-type", "text/plain; charset=utf-8")], body=text.encode())
    return Reply(status)


@fault(
    "F41",
    "error status",
    options={"status": 500, "body": "vendor", "message": None, "reason": None, "size": 10_000_000},
    choices={"body": BODIES, "reason": (None, "context", "filter", "model", "quota")},
)
class Status(Fault):
    """Any status with any kind of body. ``reason`` gives the vendor's own words for a cause."""

    kinds = EVERY

    def replace(self, call: Call) -> Reply | None:
        if self.o["reason"] is not None:
            return call.dialect.known_error(self.o["reason"])
        return error_reply(call, int(self.o["status"]), self.o["body"], self.o["message"], int(self.o["size"]))


@fault(
    "F42",
    "Retry-After",
    options={"form": "seconds", "seconds": 2.0, "status": 429, "body": "vendor"},
    choices={"form": ("seconds", "date", "ms", "absurd", "negative", "garbage", "fraction"), "body": BODIES},
)
class RetryAfter(Fault):
    """How long to wait: in seconds, as a date, in milliseconds, or nonsense."""

    kinds = EVERY

    def replace(self, call: Call) -> Reply | None:
        seconds = float(self.o["seconds"])
        reply = error_reply(call, int(self.o["status"]), self.o["body"])
        values = {
            "seconds": str(int(seconds)),
            "fraction": str(seconds),
            "absurd": "999999999999",
            "negative": "-5",
            "garbage": "soon",
        }
        if self.o["form"] == "date":
            # Whole seconds only, so the date is late by up to one.
            values["date"] = formatdate(time.time() + seconds, usegmt=True)
        if self.o["form"] == "ms":
            reply.headers.append(("retry-after-ms", str(int(seconds * 1000))))
        else:
            reply.set_header("retry-after", values[self.o["form"]])
        return reply


@fault(
    "F43",
    "redirect",
    options={"to": "host", "status": 307, "location": None},
    choices={"to": ("scheme", "host", "same", "loop")},
)
class Redirect(Fault):
    """Elsewhere: another scheme, another host, another path, or the same place for ever."""

    kinds = EVERY

    def replace(self, call: Call) -> Reply | None:
        server, target = call.server, call.request.target
        scheme, _, rest = server.url.partition("://")
        places = {
            "scheme": f"{'http' if scheme == 'https' else 'https'}://{rest}{target}",
            "host": f"{scheme}://{'localhost' if server.host != 'localhost' else '127.0.0.1'}:{server.port}{target}",
            "same": f"/moved{target}",
            "loop": target,
        }
        location = self.o["location"] or places[self.o["to"]]
        return Reply(int(self.o["status"]), [("location", location)])


@fault(
    "F44",
    "compression",
    options={"coding": "gzip"},
    choices={"coding": ("gzip", "deflate", "br", "zstd", "unknown", "liar")},
)
class Compression(Fault):
    """A body in a content coding: one that works, one that nobody knows, or one that is only claimed."""

    kinds = EVERY

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        coding = self.o["coding"]
        if coding in ("liar", "unknown"):
            return blocks
        if coding in ("br", "zstd"):
            return [b"\xde\xad\xbe\xef" + block for block in blocks]
        packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
        # Flushed after each block, so that a stream stays a stream.
        out = [packer.compress(block) + packer.flush(zlib.Z_SYNC_FLUSH) for block in blocks]
        return [*out, packer.flush()]

    def reply(self, reply: Reply, call: Call) -> Reply:
        coding = self.o["coding"]
        name = {"liar": "gzip", "unknown": "x-oracle"}.get(coding, coding)
        reply.set_header("content-encoding", name)
        if not call.stream:
            reply.blocks = [b"".join(reply.blocks or [])]
        return reply


@fault("F45", "wrong type or charset", options={"content_type": "text/plain", "encode": None})
class WrongType(Fault):
    """Another content type than the body's, or another charset, in name only or in truth."""

    kinds = EVERY

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        codec = self.o["encode"]
        if codec is None:
            return blocks
        return [b"".join(blocks).decode("utf-8", "replace").encode(codec, "replace")]

    def reply(self, reply: Reply, call: Call) -> Reply:
        reply.set_header("content-type", self.o["content_type"])
        return reply


@fault(
    "F60",
    "the key in the body",
    options={"status": 401, "body": "vendor"},
    choices={"body": ("vendor", "foreign", "html", "text")},
)
class Echo(Fault):
    """An error that shows the key it was sent."""

    kinds = EVERY

    def replace(self, call: Call) -> Reply | None:
        return error_reply(call, int(self.o["status"]), self.o["body"], f"Bad credentials: {sent_keys(call)}")


def sent_keys(call: Call) -> Any:
    """Return what the request sent as credentials, header by header, and wherever else the server's key stands."""
    names = {"authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key", "ocp-apim-subscription-key"}
    names.add(call.dialect.key_header.lower())
    key = call.server.api_key
    headers = call.request.headers
    found = [f"{name}={value}" for name, value in headers if name.lower() in names or (key and key in value)]
    found += [f"{name}={value}" for name, value in call.request.query]
    found += [f"{name}={value}" for name, value in call.body.items() if key and value == key]
    return "; ".join(found) or "none"
