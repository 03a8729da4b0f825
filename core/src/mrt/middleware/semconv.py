"""Names of OpenTelemetry's conventions for generative AI, which are in development and therefore chosen by version.

Source: the ``gen-ai`` documents of semantic-conventions up to 1.36, and of semantic-conventions-genai after it.
"""

from __future__ import annotations

import json
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.message import PromptMessage, PromptMessageRole, TextPromptMessageContent, ToolPromptMessage
from mrt.entities.model import ModelPropertyKey
from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.middleware.watcher import Observation

LATEST = "latest"
CONVENTIONS = (LATEST, "v1.36")
OPT_IN_VARIABLE = "OTEL_SEMCONV_STABILITY_OPT_IN"

DURATION = "gen_ai.client.operation.duration"
TOKEN_USAGE = "gen_ai.client.token.usage"
TIME_TO_FIRST_CHUNK = "gen_ai.client.operation.time_to_first_chunk"
TOKEN_TYPE = "gen_ai.token.type"
ERROR_TYPE = "error.type"

SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKEN_BUCKETS = tuple(float(4**power) for power in range(14))

_PROVIDER = {LATEST: "gen_ai.provider.name", "v1.36": "gen_ai.system"}
# The conventions name operations of the first two types only.
_OPERATIONS = {
    ModelType.LLM: "chat",
    ModelType.TEXT_EMBEDDING: "embeddings",
    ModelType.RERANK: "rerank",
    ModelType.SPEECH2TEXT: "speech_to_text",
    ModelType.TTS: "text_to_speech",
    ModelType.MODERATION: "moderation",
}
_PARAMETERS = ("temperature", "top_p", "top_k", "max_tokens", "frequency_penalty", "presence_penalty", "seed")


def operation(invocation: Invocation[Any]) -> str:
    """Return the name of the operation."""
    schema = invocation.schema
    if schema is not None and schema.model_properties.get(ModelPropertyKey.MODE) == "completion":
        return "text_completion"
    return _OPERATIONS[invocation.model_type]


def request_attributes(invocation: Invocation[Any], convention: str, *, metric: bool = False) -> dict[str, Any]:
    """Return what is known before the call; with `metric`, only what has few different values."""
    found: dict[str, Any] = {
        "gen_ai.operation.name": operation(invocation),
        _PROVIDER[convention]: invocation.provider,
        "gen_ai.request.model": invocation.model,
    }
    if metric:
        return found
    if convention == LATEST and invocation.stream:
        found["gen_ai.request.stream"] = True
    request = invocation.request
    if isinstance(request, LLMRequest):
        for name in _PARAMETERS:
            value = request.model_parameters.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                found[f"gen_ai.request.{name}"] = value
        if request.stop:
            found["gen_ai.request.stop_sequences"] = list(request.stop)
    return found


def response_attributes(seen: Observation, convention: str) -> dict[str, Any]:
    """Return what is known after the call."""
    found: dict[str, Any] = {"gen_ai.response.model": seen.model, "gen_ai.response.id": seen.request_id}
    if seen.finish_reason:
        found["gen_ai.response.finish_reasons"] = [str(seen.finish_reason)]
    usage = seen.usage
    if usage is not None and usage.source != "unknown":
        found |= _usage(usage, convention)
    if convention == LATEST:
        found["gen_ai.response.time_to_first_chunk"] = seen.time_to_first_chunk
    return {name: value for name, value in found.items() if value is not None}


def content_attributes(seen: Observation) -> dict[str, str]:
    """Return prompt and answer as JSON text; files are left out."""
    request = seen.invocation.request
    if not isinstance(request, LLMRequest):
        return {}
    system = PromptMessageRole.SYSTEM
    asked = [_message(message) for message in request.prompt_messages if message.role is not system]
    told = [_text(message.get_text_content()) for message in request.prompt_messages if message.role is system]
    found = {"gen_ai.input.messages": asked}
    if told:
        found["gen_ai.system_instructions"] = told
    if seen.text:
        answer: dict[str, Any] = {"role": "assistant", "parts": [_text(seen.text)]}
        found["gen_ai.output.messages"] = [{**answer, "finish_reason": str(seen.finish_reason or "")}]
    return {name: json.dumps(value, ensure_ascii=False) for name, value in found.items()}


def _usage(usage: LLMUsage | EmbeddingUsage, convention: str) -> dict[str, Any]:
    if isinstance(usage, EmbeddingUsage):
        return {"gen_ai.usage.input_tokens": usage.tokens}
    found: dict[str, Any] = {
        "gen_ai.usage.input_tokens": usage.prompt_tokens,
        "gen_ai.usage.output_tokens": usage.completion_tokens,
    }
    if convention == LATEST:
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cache_read_tokens
        found["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_write_tokens
        found["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens
    return found


def _message(message: PromptMessage) -> dict[str, Any]:
    if isinstance(message, ToolPromptMessage):
        result = message.get_text_content()
        part = {"type": "tool_call_response", "id": message.tool_call_id, "result": result}
        return {"role": "tool", "parts": [part]}
    parts: list[dict[str, Any]] = []
    for content in [message.content] if isinstance(message.content, str) else message.content or ():
        if isinstance(content, str):
            parts.append(_text(content))
        elif isinstance(content, TextPromptMessageContent):
            parts.append(_text(content.data))
    for call in getattr(message, "tool_calls", ()):
        function = call.function
        parts.append({"type": "tool_call", "id": call.id, "name": function.name, "arguments": function.arguments})
    return {"role": message.role.value, "parts": parts}


def _text(content: str) -> dict[str, Any]:
    return {"type": "text", "content": content}
