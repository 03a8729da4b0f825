"""A small right provider of OpenAI's shape, and wrong ones that each break one thing."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import mrt
from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    HTTPModel,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    LargeLanguageModel,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    Provider,
    ProviderEntity,
    ServerSentEvent,
    TextEmbeddingModel,
    TextEmbeddingResult,
    hookimpl,
)

CREDENTIALS = {"server_url": "{server}", "api_key": "{canary}"}
FORM: list[dict[str, Any]] = [
    {"variable": "server_url", "label": "Server URL", "type": "text-input", "required": True},
    {"variable": "api_key", "label": "API key", "type": "secret-input", "required": True},
]
RULES = [{"name": "temperature", "use_template": "temperature"}]


class Small(Provider):
    """A provider whose description is given here and not read from a file."""

    def __init__(self, models: dict[str, type[mrt.AIModel]], **fields: Any) -> None:
        super().__init__(__name__, models=models)
        self.fields = fields

    @hookimpl
    def provide_schema(self) -> ProviderEntity:
        return ProviderEntity.model_validate(
            {
                "provider": "small",
                "supported_model_types": list(self._sources),
                "configurate_methods": ["customizable-model"],
                "model_credential_schema": {"credential_form_schemas": FORM},
                **self.fields,
            }
        )


def headers(invocation: Invocation[Any]) -> dict[str, Any]:
    return {"authorization": f"Bearer {invocation.credentials['api_key'].reveal()}"}


def usage_of(data: Any) -> LLMUsage | None:
    return LLMUsage(data["prompt_tokens"], data["completion_tokens"]) if data else None


class Parser:
    """Reads a stream."""

    done = False

    def __init__(self) -> None:
        self.finished = False

    def feed(self, event: ServerSentEvent) -> Sequence[LLMResultChunk]:
        if event.data == b"[DONE]":
            self.done = True
            return []
        data = json.loads(event.data)
        chunks = []
        for choice in data["choices"]:
            reason = choice.get("finish_reason")
            self.finished = self.finished or reason is not None
            message = AssistantPromptMessage(choice["delta"].get("content") or "")
            delta = LLMResultChunkDelta(0, message, usage=usage_of(data.get("usage")), finish_reason=reason)
            chunks.append(LLMResultChunk(data["model"], delta))
        return chunks

    def finish(self) -> Sequence[LLMResultChunk]:
        if not (self.done or self.finished):
            raise mrt.InvokeConnectionError("the stream ended before its end")
        return []


class Chat(HTTPModel, LargeLanguageModel):
    """A language model."""

    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return given

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        request = invocation.request
        messages = [{"role": str(item.role), "content": item.content} for item in request.prompt_messages]
        body = {"model": invocation.model, "messages": messages, **self.parameters(dict(request.model_parameters))}
        if invocation.stream:
            body["stream"] = True
        url = f"{invocation.credentials['server_url']}/v1/chat/completions"
        return HTTPRequest.json(url, body, headers(invocation))

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> LLMResult:
        data = response.json()
        choice = data["choices"][0]
        message = AssistantPromptMessage(choice["message"]["content"])
        result = LLMResult(data["model"], message, usage_of(data.get("usage")) or LLMUsage.empty_usage())
        result.finish_reason = choice["finish_reason"]
        return result

    def stream_parser(self, invocation: Invocation[Any]) -> Parser:
        return Parser()

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity | None:
        return AIModelEntity.model_validate(
            {"model": model, "model_type": "llm", "features": self.features, "parameter_rules": RULES}
        )

    features: Sequence[str] = ()


class Embed(HTTPModel, TextEmbeddingModel):
    """An embedding model."""

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        url = f"{invocation.credentials['server_url']}/v1/embeddings"
        body = {"model": invocation.model, "input": list(invocation.request.texts)}
        return HTTPRequest.json(url, body, headers(invocation))

    def order(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(data, key=lambda item: item["index"])

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> TextEmbeddingResult:
        data = response.json()
        return TextEmbeddingResult(data["model"], [item["embedding"] for item in self.order(data["data"])])


def right() -> Provider:
    """Return a provider that is right as far as it goes."""
    return Small({"llm": Chat, "text-embedding": Embed})


def formless() -> Provider:
    """Return a provider that has no form for its credentials."""
    return Small({"llm": Chat}, model_credential_schema=None)


def listed() -> Provider:
    """Return a provider whose only model is described beforehand."""
    found = Small({"llm": Chat}, configurate_methods=["predefined-model"], model_credential_schema=None)
    found.fields["provider_credential_schema"] = {"credential_form_schemas": FORM}
    found.fields["models"] = [{"model": "fixed", "model_type": "llm", "parameter_rules": RULES}]
    return found


# Wrong ones.


class MadeUpFinishParser(Parser):
    def finish(self) -> Sequence[LLMResultChunk]:
        chunk = LLMResultChunk("m", LLMResultChunkDelta(0, AssistantPromptMessage(""), finish_reason="stop"))
        return [] if self.finished else [chunk]


class MadeUpFinish(Chat):
    def stream_parser(self, invocation: Invocation[Any]) -> Parser:
        return MadeUpFinishParser()


class NeedsEndMarkParser(Parser):
    def finish(self) -> Sequence[LLMResultChunk]:
        if not self.done:
            raise mrt.InvokeConnectionError("no end mark")
        return []


class NeedsEndMark(Chat):
    def stream_parser(self, invocation: Invocation[Any]) -> Parser:
        return NeedsEndMarkParser()


class DropsZero(Chat):
    def parameters(self, given: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in given.items() if value}


class CatchAll(Chat):
    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        return mrt.InvokeServerUnavailableError("something went wrong", status=response.status)


class KeyInMessage(Chat):
    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        # Core takes the key and its halves out of messages; a third of it is still a part of a key.
        key = str(invocation.credentials["api_key"].reveal()) if invocation else ""
        error = super().parse_error(invocation, response)
        return type(error)(f"{error}, with a key like {key[12:26]}", status=response.status)


class Shouts(Chat):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> LLMResult:
        result = super().parse_response(invocation, response)
        result.message.content = str(result.message.content).upper()
        return result


class ReplyOrder(Embed):
    def order(self, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return data


class Hangs(Chat):
    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        time.sleep(60)
        return super().build_request(invocation)


class Exits(Chat):
    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        raise SystemExit("gone")


class CallsHome(Chat):
    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        with contextlib.suppress(OSError):
            socket.create_connection(("telemetry.example.com", 443), 1)
        return super().build_request(invocation)


class ClaimsTools(Chat):
    features = ("tool-call",)


def with_chat(chat: type[Chat]) -> Callable[[], Provider]:
    """Return a maker of a provider with this language model."""
    return lambda: Small({"llm": chat, "text-embedding": Embed})


def with_embed(embed: type[Embed]) -> Callable[[], Provider]:
    """Return a maker of a provider with this embedding model."""
    return lambda: Small({"llm": Chat, "text-embedding": embed})


class NeedsKey(Chat):
    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        assert credentials["api_key"]


def form_without_required() -> Provider:
    """Return a provider whose form does not require what its code cannot do without."""
    fields = [FORM[0], {**FORM[1], "required": False}]
    return Small({"llm": NeedsKey}, model_credential_schema={"credential_form_schemas": fields})


plugin = right()
wrong = Small({"llm": MadeUpFinish, "text-embedding": ReplyOrder})
