"""Models that are known by their credentials only."""

from __future__ import annotations

from typing import Any

from mrt import (
    AIModelEntity,
    AssistantPromptMessage,
    FetchFrom,
    I18nObject,
    LargeLanguageModel,
    LLMResult,
    LLMUsage,
    ModelPropertyKey,
    ModelType,
    ParameterRule,
    ParameterType,
    RerankModel,
)


def entity(model: str) -> AIModelEntity:
    rule = ParameterRule(name="top_k", type=ParameterType.INT, use_template="top_k", label=I18nObject(en_US="Top K"))
    return AIModelEntity(
        model=model,
        label=I18nObject(en_US=model),
        model_type=ModelType.LLM,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties={ModelPropertyKey.CONTEXT_SIZE: 1024},
        parameter_rules=[rule],
    )


class BoltClass(LargeLanguageModel):
    def _invoke(self, model: str, credentials: Any, prompt_messages: Any, model_parameters: Any, **rest: Any) -> Any:
        if credentials["uid"] == "broken":
            raise TypeError(f"a bug that shows {credentials['token']}")
        named = ", ".join(f"{name}={credentials[name]}" for name in sorted(credentials) if name != "token")
        return LLMResult(model, AssistantPromptMessage(f"{model} of {named}"), LLMUsage(1, 1), finish_reason="stop")

    def get_customizable_model_schema(self, model: str, credentials: Any) -> AIModelEntity:
        return entity(model)

    def list_models(self, credentials: Any) -> list[AIModelEntity]:
        return [entity("one"), entity("two")]


class BoltRerank(RerankModel):
    """Lists nothing and knows nothing."""
