"""A whole provider in one file: a vendor that speaks HTTP in its own words, without any I/O in the plugin.

Here it is registered by the program. As a package it would be named by an entry point, and hold this as provider.yaml.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import mrt
from mrt import (
    AssistantPromptMessage,
    HTTPModel,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    LargeLanguageModel,
    LLMRequest,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    ServerSentEvent,
)
from mrt.plugin import Provider, hookimpl


class EchoParser:
    """Lines of JSON: words, then a line that says that all is said."""

    done = False

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        """Return the chunk of a line."""
        line = json.loads(event.data)
        self.done = line.get("done", False)
        reason = "stop" if self.done else None
        delta = LLMResultChunkDelta(0, AssistantPromptMessage(line.get("word", "")), finish_reason=reason)
        return [LLMResultChunk("echo-1", delta)]

    def finish(self) -> Sequence[LLMResultChunk]:
        """End the stream, or say that it was cut off."""
        if not self.done:
            raise mrt.InvokeConnectionError("the stream ended in the middle of the answer")
        return []


class EchoModel(HTTPModel, LargeLanguageModel):
    """Three pure methods; core makes sync, async and streaming calls of them."""

    framing = "ndjson"

    def build_request(self, invocation: Invocation[LLMRequest]) -> HTTPRequest:
        text = invocation.request.prompt_messages[-1].get_text_content()
        return HTTPRequest.json(f"{invocation.credentials['url']}/echo", {"text": text, "stream": invocation.stream})

    def parse_response(self, invocation: Invocation[LLMRequest], response: HTTPResponse) -> LLMResult:
        return LLMResult(invocation.model, AssistantPromptMessage(response.json()["said"]), finish_reason="stop")

    def stream_parser(self, invocation: Invocation[LLMRequest]) -> EchoParser:
        return EchoParser()


class EchoProvider(Provider):
    """Describes itself in code, for want of a folder with a provider.yaml."""

    @hookimpl
    def provide_schema(self) -> mrt.ProviderEntity:
        field = {"variable": "url", "label": {"en_US": "Server URL"}, "type": "text-input"}
        return mrt.ProviderEntity.model_validate(
            {
                "provider": "echo",
                "label": {"en_US": "Echo"},
                "supported_model_types": ["llm"],
                "configurate_methods": ["customizable-model"],
                "model_credential_schema": {"credential_form_schemas": [field]},
            }
        )


class Echo(BaseHTTPRequestHandler):
    """The vendor."""

    def do_POST(self) -> None:
        """Say it again, whole or word by word."""
        asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        lines = [{"word": f"{word} "} for word in asked["text"].split()] + [{"done": True}]
        body = "\n".join(map(json.dumps, lines)) + "\n" if asked["stream"] else json.dumps({"said": asked["text"]})
        self.send_response(200)
        self.send_header("content-type", "application/x-ndjson" if asked["stream"] else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        """Keep the example's output to the example."""


def main() -> None:
    """Start the vendor, register the provider, and talk."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with mrt.Runtime(load_entry_points=False) as runtime:
        runtime.register(EchoProvider(__name__, models={"llm": EchoModel}))
        chat = runtime.llm("echo/echo-1", {"url": f"http://127.0.0.1:{server.server_port}"})
        print(chat.invoke("Hello there.").text)
        print([chunk.text for chunk in chat.stream("One two three")])
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
