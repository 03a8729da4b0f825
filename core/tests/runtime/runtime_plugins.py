"""Small real plugins that the tests of the runtime register."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    FetchFrom,
    I18nObject,
    InvokeAuthorizationError,
    InvokeError,
    InvokeRateLimitError,
    LargeLanguageModel,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    ModelFeature,
    ModelPropertyKey,
    ModelType,
    ParameterRule,
    PromptMessage,
    ProviderEntity,
)
from mrt.hookspecs import hookimpl
from mrt.plugin import AIModel, Provider

FORM: list[dict[str, Any]] = [
    {"variable": "url", "label": "URL", "type": "text-input", "required": False},
    {"variable": "key", "label": "Key", "type": "secret-input", "required": False},
]


def entity(name: str = "fake", **fields: Any) -> ProviderEntity:
    """Return the description of a provider with a form of two fields."""
    return ProviderEntity.model_validate(
        {
            "provider": name,
            "label": name.title(),
            "supported_model_types": ["llm", "text-embedding", "rerank", "speech2text", "tts", "moderation"],
            "configurate_methods": ["customizable-model"],
            "model_credential_schema": {"credential_form_schemas": FORM},
            **fields,
        }
    )


class Plugin(Provider):
    """A provider whose description is given and not read from a file."""

    def __init__(self, models: dict[str, type[AIModel]], schema: ProviderEntity | None = None) -> None:
        super().__init__(__name__, models=models)
        self.entity = schema or entity()

    @hookimpl
    def provide_schema(self) -> ProviderEntity:
        """Return the given description."""
        return self.entity


def chunk(text: str | None = None, **fields: Any) -> LLMResultChunk:
    """Return a chunk; `calls`, `reasoning`, `finish` and `usage` may be given."""
    message = AssistantPromptMessage(
        text, fields.get("calls"), reasoning_content=fields.get("reasoning"), opaque_body=fields.get("opaque")
    )
    return LLMResultChunk(
        "m", LLMResultChunkDelta(0, message, usage=fields.get("usage"), finish_reason=fields.get("finish"))
    )


class VendorBusyError(Exception):
    """What a vendor's SDK raises."""


class VendorDeniedError(VendorBusyError):
    """A narrower exception of the same SDK."""


Answer = Callable[[dict[str, Any]], LLMResult | Iterator[LLMResultChunk]]


def scripted(answer: Answer, rules: list[dict[str, Any]] | None = None, **schema: Any) -> type[LargeLanguageModel]:
    """Return a model class in the seed's shape whose answers come from a function."""

    class Scripted(LargeLanguageModel):
        def _invoke(
            self,
            model: str,
            credentials: dict[str, Any],
            prompt_messages: list[PromptMessage],
            model_parameters: dict[str, Any],
            tools: Any = None,
            stop: list[str] | None = None,
            stream: bool = True,
            user: str | None = None,
        ) -> LLMResult | Generator[LLMResultChunk, None, None]:
            seen = dict(locals())
            del seen["self"]
            return answer(seen)  # type: ignore[return-value]

        def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity | None:
            if rules is None and not schema:
                return None
            return AIModelEntity(
                model=model,
                label=I18nObject(en_US=model),
                fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
                model_type=ModelType.LLM,
                model_properties={ModelPropertyKey.CONTEXT_SIZE: 4096},
                parameter_rules=[ParameterRule.model_validate(rule) for rule in rules or []],
                **{"features": [ModelFeature.TOOL_CALL], **schema},
            )

        @property
        def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
            return {InvokeRateLimitError: [VendorBusyError], InvokeAuthorizationError: [VendorDeniedError]}

    return Scripted


def reply(text: str = "Hello.", **fields: Any) -> LLMResult:
    """Return a whole answer."""
    usage = fields.pop("usage", LLMUsage(prompt_tokens=7, completion_tokens=3))
    return LLMResult(model="m", message=AssistantPromptMessage(text, fields.pop("calls", None)), usage=usage, **fields)
