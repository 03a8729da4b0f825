"""A plugin, checked by mypy and pyright in strict mode and never run: the seed's way, the HTTP way, bare hooks."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    CredentialsValidateFailedError,
    FetchFrom,
    I18nObject,
    Invocation,
    InvokeConnectionError,
    InvokeError,
    LargeLanguageModel,
    LLMResult,
    LLMResultChunk,
    LLMResultChunkDelta,
    LLMUsage,
    ModelPropertyKey,
    ModelType,
    ParameterRule,
    ParameterType,
    PromptMessage,
    PromptMessageTool,
    Provider,
    RerankDocument,
    RerankModel,
    RerankResult,
    hookimpl,
)


class AcmeLargeLanguageModel(LargeLanguageModel):
    """A language model as the seed writes it."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        model_parameters: dict[str, Any],
        tools: list[PromptMessageTool] | None = None,
        stop: list[str] | None = None,
        stream: bool = True,
        user: str | None = None,
    ) -> LLMResult | Generator[LLMResultChunk, None, None]:
        if stream:
            return self._chunks(model)
        message = AssistantPromptMessage(content="Hello", tool_calls=[])
        return LLMResult(model=model, message=message, usage=LLMUsage.empty_usage(), prompt_messages=prompt_messages)

    def _chunks(self, model: str) -> Generator[LLMResultChunk, None, None]:
        delta = LLMResultChunkDelta(index=0, message=AssistantPromptMessage(content="Hello"), finish_reason="stop")
        yield LLMResultChunk(model=model, delta=delta)

    def get_num_tokens(
        self,
        model: str,
        credentials: dict[str, Any],
        prompt_messages: list[PromptMessage],
        tools: list[PromptMessageTool] | None = None,
    ) -> int:
        return sum(self._get_num_tokens_by_gpt2(str(message.content)) for message in prompt_messages)

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        if not credentials.get("api_key"):
            raise CredentialsValidateFailedError("the API key is missing")

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity | None:
        temperature = ParameterRule(
            name="temperature", type=ParameterType.FLOAT, label=I18nObject(en_US="Temperature", zh_Hans="温度")
        )
        return AIModelEntity(
            model=model,
            label=I18nObject(en_US=model),
            model_type=ModelType.LLM,
            fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
            model_properties={ModelPropertyKey.CONTEXT_SIZE: 4096},
            parameter_rules=[temperature],
        )

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        return {InvokeConnectionError: [ConnectionError, TimeoutError]}


class AcmeRerankModel(RerankModel):
    """A rerank model as the seed writes it."""

    def _invoke(
        self,
        model: str,
        credentials: dict[str, Any],
        query: str,
        docs: list[str],
        score_threshold: float | None = None,
        top_n: int | None = None,
        user: str | None = None,
    ) -> RerankResult:
        scored = [RerankDocument(index=index, text=text, score=1.0) for index, text in enumerate(docs)]
        return RerankResult(model=model, docs=scored[:top_n])


plugin = Provider(__name__, models={"llm": AcmeLargeLanguageModel, "rerank": "mrt_acme.rerank:AcmeRerankModel"})


@hookimpl
def invoke(invocation: Invocation[Any]) -> LLMResult | Iterator[LLMResultChunk]:
    """Answer one call, without a class."""
    message = AssistantPromptMessage(content=f"{invocation.model} says hello")
    return LLMResult(model=invocation.model, message=message, usage=LLMUsage.empty_usage())


@hookimpl
def error_mapping(model_type: ModelType) -> Mapping[type[InvokeError], Sequence[type[Exception]]]:
    """Say which exceptions are which error."""
    return {InvokeConnectionError: [OSError]}
