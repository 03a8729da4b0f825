"""The six models: each call is one POST of JSON to the server; streams are lines of JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from mrt import (
    AssistantPromptMessage,
    HTTPModel,
    HTTPRequest,
    LargeLanguageModel,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    ModerationModel,
    ModerationResult,
    RerankDocument,
    RerankModel,
    RerankResult,
    Secret,
    Speech2TextModel,
    TextEmbeddingModel,
    TextEmbeddingResult,
    ToolCall,
    ToolCallFunction,
    TTSModel,
)


class AcmeModel(HTTPModel):
    framing = "ndjson"

    @staticmethod
    def request(credentials: Any, path: str, body: dict[str, Any]) -> HTTPRequest:
        values = credentials.reveal() if hasattr(credentials, "reveal") else credentials
        headers = {"authorization": Secret(f"Bearer {values['api_key']}")}
        return HTTPRequest.json(f"{values['server_url'].rstrip('/')}/{path}", body, headers)

    def body(self, request: Any) -> dict[str, Any]:
        raise NotImplementedError

    def build_request(self, invocation: Any) -> HTTPRequest:
        body = {"model": invocation.model, "stream": invocation.stream, **self.body(invocation.request)}
        return self.request(invocation.credentials, invocation.model_type.key, body)


class LLMParser:
    def __init__(self, model: str) -> None:
        self.model = model
        self.done = False

    def feed(self, event: Any) -> list[LLMResultChunk]:
        value = json.loads(event.data)
        message = assistant(value)
        usage = finish = None
        if "finish" in value:
            finish, self.done, usage = value["finish"], True, LLMUsage(3, 5)
        return [LLMResultChunk(self.model, LLMResultChunkDelta(0, message, usage, finish))]

    def finish(self) -> list[LLMResultChunk]:
        return []


def assistant(value: dict[str, Any]) -> AssistantPromptMessage:
    functions = [ToolCallFunction(call["name"], json.dumps(call["arguments"])) for call in value.get("calls", [])]
    calls = [ToolCall(f"call-{place}", index=place, function=function) for place, function in enumerate(functions)]
    return AssistantPromptMessage(value.get("text", ""), calls, reasoning_content=value.get("thinking"))


class LLMClass(AcmeModel, LargeLanguageModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {
            "messages": [
                {"role": message.role.value, "text": message.get_text_content(), "kinds": kinds(message.content)}
                for message in request.prompt_messages
            ],
            "parameters": dict(request.model_parameters),
            "tools": [tool.name for tool in request.tools],
            "stop": list(request.stop),
        }

    def parse_response(self, invocation: Any, response: Any) -> LLMResult:
        value = response.json()
        return LLMResult(invocation.model, assistant(value), LLMUsage(3, 5), finish_reason=value["finish"])

    def stream_parser(self, invocation: Any) -> LLMParser:
        return LLMParser(invocation.model)


def kinds(content: Any) -> list[str]:
    return ["text"] if isinstance(content, str) else [part.type.value for part in content or ()]


class EmbeddingClass(AcmeModel, TextEmbeddingModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {"texts": list(request.texts), "kind": request.input_type}

    def parse_response(self, invocation: Any, response: Any) -> TextEmbeddingResult:
        return TextEmbeddingResult(invocation.model, response.json()["vectors"])


class RerankClass(AcmeModel, RerankModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {"query": request.query, "docs": list(request.docs)}

    def parse_response(self, invocation: Any, response: Any) -> RerankResult:
        scores = response.json()["scores"]
        return RerankResult(invocation.model, [RerankDocument(place, "", score) for place, score in enumerate(scores)])


class Speech2TextClass(AcmeModel, Speech2TextModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {"sound": base64.b64encode(request.file.content).decode(), "name": request.file.filename}

    def parse_response(self, invocation: Any, response: Any) -> str:
        return str(response.json()["text"])


class SoundParser:
    done = False

    def feed(self, event: Any) -> list[bytes]:
        value = json.loads(event.data)
        if "error" in value:
            raise ConnectionError(value["error"])
        return [base64.b64decode(value["sound"])]

    def finish(self) -> list[bytes]:
        return []


class TTSClass(AcmeModel, TTSModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {"text": request.content_text, "voice": request.voice}

    def stream_parser(self, invocation: Any) -> SoundParser:
        return SoundParser()


class ModerationClass(AcmeModel, ModerationModel):
    def body(self, request: Any) -> dict[str, Any]:
        return {"text": request.text}

    def parse_response(self, invocation: Any, response: Any) -> ModerationResult:
        value = response.json()
        return ModerationResult(value["flagged"], value["categories"], value["scores"])
