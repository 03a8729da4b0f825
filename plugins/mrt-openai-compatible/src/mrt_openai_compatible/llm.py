"""Language models of any OpenAI-compatible server."""

from __future__ import annotations

from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.llm import LLMMode
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey
from mrt_openai_compatible.declarations import declared, declared_number, declared_text, entity
from mrt_openai_compatible.dialect.llm import OpenAILargeLanguageModel
from mrt_openai_compatible.rules import chat_rules, completion_rules

_FEATURES: dict[str, tuple[ModelFeature, ...]] = {
    "tools": (ModelFeature.TOOL_CALL, ModelFeature.MULTI_TOOL_CALL, ModelFeature.STREAM_TOOL_CALL),
    "vision": (ModelFeature.VISION,),
    "audio": (ModelFeature.AUDIO,),
    "video": (ModelFeature.VIDEO,),
    "document": (ModelFeature.DOCUMENT,),
    "reasoning": (ModelFeature.REASONING,),
}
_REASONING_MODELS = ("o1", "o3", "o4", "gpt-5")


class OpenAICompatibleLargeLanguageModel(OpenAILargeLanguageModel):
    """A language model; what it can do is what its credentials declare."""

    def include_usage(self, invocation: Invocation[LLMRequest]) -> bool:
        return declared(invocation.credentials, "stream_usage") is not False

    def splits_thinking(self, invocation: Invocation[LLMRequest]) -> bool:
        return declared(invocation.credentials, "reasoning") is not False

    def tokens_name(self, invocation: Invocation[LLMRequest]) -> str:
        """Return the field for ``max_tokens``: the declared one, else the newer one for models that reason.

        OpenAI's own reasoning models refuse the older name (400); other servers know both by now.
        """
        credentials = invocation.credentials
        name = declared_text(credentials, "token_field")
        if name:
            return name
        reasons = declared(credentials, "reasoning")
        if reasons is None:
            reasons = invocation.model.rpartition("/")[2].startswith(_REASONING_MODELS)
        return "max_completion_tokens" if reasons else self.token_field

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema from the declarations.

        Without any declaration of an ability nothing is known about them, and nothing is refused. With one, the
        list counts as complete.
        """
        context_size = declared_number(credentials, "context_size")
        mode = LLMMode.COMPLETION if declared_text(credentials, "mode") == LLMMode.COMPLETION else LLMMode.CHAT
        abilities = {name: declared(credentials, name) for name in _FEATURES}
        features: list[ModelFeature] | None = None
        if any(ability is not None for ability in abilities.values()):
            features = [feature for name, ability in abilities.items() if ability for feature in _FEATURES[name]]
        if mode is LLMMode.COMPLETION:
            features = []
            rules = completion_rules(context_size=context_size)
        else:
            rules = chat_rules(
                context_size=context_size,
                tools=abilities["tools"] is not False,
                reasoning=bool(abilities["reasoning"]),
            )
        properties = {ModelPropertyKey.MODE: mode.value, ModelPropertyKey.CONTEXT_SIZE: context_size}
        return entity(model, ModelType.LLM, properties, features=features, rules=rules)
