"""Chat completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import openai

import mrt
from mrt.http.status import error_from_body, error_from_response
from mrt_openai_compatible.dialect.messages import wire_messages
from mrt_openai_compatible.dialect.tools import original_names, wire_tools
from mrt_openai_compatible.dialect.usage import read_usage
from openai_sdk.client import Validates, answer_of, ask, client_of, limits, once_more, own_errors

MOST_STOPS = 4
"""Stop texts that the vendor takes; core keeps all of them."""


class SDKLargeLanguageModel(Validates, mrt.LargeLanguageModel):
    """``client.chat.completions``, with the words that mrt-openai-compatible has for messages and tools."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[mrt.PromptMessage],
        model_parameters: dict[str, Any],
        tools: list[mrt.PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
        user: str | None = None,
    ) -> Any:
        create = client_of(credentials).chat.completions.create
        asked: dict[str, Any] = {"model": model, "messages": wire_messages(prompt_messages), **model_parameters}
        if tools:
            asked["tools"] = wire_tools(tools)
        if stop:
            asked["stop"] = stop[:MOST_STOPS]
        if user:
            asked["user"] = user
        names = original_names(tools or ())
        if stream:
            with own_errors():
                usage = {"include_usage": True}
                events = once_more(create, timeout=limits(), stream=True, stream_options=usage, **asked)
            return self._stream(model, events, names)
        answer = ask(create, openai.types.chat.ChatCompletion, "choices", **asked)
        choice = answer.choices[0] if answer.choices else None
        if choice is None or choice.message is None:
            raise mrt.InvokeBadResponseError("the vendor's answer holds no message")
        message = choice.message
        text = _text(message.content) or message.refusal or ""
        if not (text or message.tool_calls or choice.finish_reason):
            raise mrt.InvokeBadResponseError("the vendor's answer says nothing")
        return mrt.LLMResult(
            answer.model,
            mrt.AssistantPromptMessage(text, [_call(call, names) for call in message.tool_calls or []]),
            _usage(answer.usage),
            finish_reason=choice.finish_reason,
            system_fingerprint=answer.system_fingerprint,
            request_id=answer._request_id,
        )

    def _stream(self, model: str, events: Any, names: Mapping[str, str]) -> Iterator[mrt.LLMResultChunk]:
        ended = False
        with own_errors(), events:
            answer = events.response
            kind = answer.headers.get("content-type", "").lower()
            if "html" in kind or "application/json" in kind:
                # The SDK looks for events in it, finds none, and ends as if the answer were empty.
                raise error_from_response(answer_of(answer, answer.read()))
            for index, event in enumerate(events):
                choices = getattr(event, "choices", None) or ()
                if not choices and (event is None or (event.model_extra or {}).get("message")):
                    # An error that the SDK took for a chunk, because its event has no name and no status.
                    raise error_from_body(getattr(event, "model_extra", None) or "an event that is no chunk")
                delta = choices[0].delta if choices else None
                reason = choices[0].finish_reason if choices else None
                # The SDK hides the end mark; the counts that were asked for come right before it.
                ended = ended or bool(reason) or bool(event.usage and not choices)
                text = (_text(delta.content) or delta.refusal or "") if delta else ""
                calls = [_call(call, names) for call in (delta and delta.tool_calls) or []]
                yield mrt.LLMResultChunk(
                    event.model or model,
                    mrt.LLMResultChunkDelta(
                        index, mrt.AssistantPromptMessage(text, calls), _usage(event.usage), reason
                    ),
                    system_fingerprint=event.system_fingerprint,
                    request_id=answer.headers.get("x-request-id"),
                )
        if not ended:
            # The SDK ends a stream that was cut off as if it were whole.
            raise mrt.InvokeConnectionError("the stream ended in the middle of the answer")

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> mrt.AIModelEntity:
        """Describe a model that the user named."""
        templates = [
            {"name": name, "use_template": name, "default": None, "max": most}
            for name, most in (("temperature", 2), ("top_p", 1), ("max_tokens", 16384))
        ]
        return mrt.AIModelEntity.model_validate(
            {
                "model": model,
                "label": {"en_US": model},
                "model_type": "llm",
                "fetch_from": "customizable-model",
                "features": ["tool-call", "multi-tool-call", "stream-tool-call", "vision"],
                "model_properties": {"mode": "chat", "context_size": 128000},
                "parameter_rules": [*templates, {"name": "seed", "type": "int", "label": {"en_US": "Seed"}}],
            }
        )


def _text(content: Any) -> str:
    # Typed as text, but servers of this dialect also send it in parts, which the SDK hands on as they are.
    parts: list[Any] = content if isinstance(content, list) else []
    return "".join(part.get("text") or "" for part in parts if isinstance(part, dict)) if parts else content or ""


def _call(call: Any, names: Mapping[str, str]) -> mrt.ToolCall:
    name, arguments = (call.function.name, call.function.arguments) if call.function else (None, None)
    said = mrt.ToolCallFunction(names.get(name or "", name or ""), arguments or "")
    return mrt.ToolCall(call.id or "", function=said, index=getattr(call, "index", None))


def _usage(usage: Any) -> mrt.LLMUsage | None:
    return None if usage is None else read_usage(usage.model_dump())
