"""What ``GET /v1/models`` tells of models, and the schemas made from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mrt.entities.common import FetchFrom, I18nObject, ModelType
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey, ParameterRule
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeBadResponseError
from mrt.http.messages import HTTPResponse
from mrt.http.url import quote_segment

PAGE = 1000
"""Models asked for at once; the vendor's own default is 20, its maximum this."""

_TOOLS = (ModelFeature.TOOL_CALL, ModelFeature.MULTI_TOOL_CALL, ModelFeature.STREAM_TOOL_CALL)
_SAMPLING = ("temperature", "top_p", "top_k")
_OTHERS = (
    "tool_choice",
    "parallel_tool_calls",
    "prompt_caching_tool_definitions",
    "prompt_caching_system_message",
    "prompt_caching_messages",
)


def list_path(limit: int = PAGE, after: str | None = None) -> str:
    """Return the path of a page of models, newest first."""
    query = {"limit": str(limit)} if after is None else {"limit": str(limit), "after_id": after}
    return f"models?{urlencode(query)}"


def model_path(model: str) -> str:
    """Return the path of one model."""
    return f"models/{quote_segment(model)}"


def read_page(response: HTTPResponse) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return the models of a page, and the id after which the next page begins; None on the last page.

    Raises:
        InvokeBadResponseError: It is no list of models.
    """
    body = response.json()
    # Xinference answers with the bare list below ``/anthropic``.
    data: Any = body.get("data") if is_mapping(body) else body
    if not is_list(data):
        raise InvokeBadResponseError("the answer is no list of models", status=response.status)
    more = is_mapping(body) and body.get("has_more") is True
    models = [item for item in data if is_mapping(item) and isinstance(item.get("id"), str)]
    return models, str(body.get("last_id") or models[-1]["id"]) if more and models else None


@cache
def predefined() -> Mapping[str, AIModelEntity]:
    """Return the models of the package's own files, by name."""
    from mrt.schema import load_provider

    return {entity.model: entity for entity in load_provider(Path(__file__).parent / "provider.yaml").models}


def entity_of(model: str, told: Mapping[str, Any]) -> AIModelEntity:
    """Return the schema of a model.

    Args:
        model: The name that calls use.
        told: What the vendor tells of it; for an alias, under the name of the model that it stands for. A server that
            only resembles the vendor tells nothing of what a model can do: then the schema allows everything that a
            model of the budget kind takes, and names no features, so that nothing is refused before it is tried.
    """
    known = predefined().get(str(told.get("id")))
    if known is not None:
        # The file has what the vendor does not tell: prices, and which parameters are refused.
        return known if model == known.model else known.model_copy(update={"model": model})
    capabilities = told.get("capabilities")
    can = _Capabilities(capabilities if is_mapping(capabilities) else None)
    limit, context = told.get("max_tokens"), told.get("max_input_tokens")
    properties: dict[ModelPropertyKey, Any] = {ModelPropertyKey.MODE: "chat"}
    if isinstance(context, int):
        properties[ModelPropertyKey.CONTEXT_SIZE] = context
    return AIModelEntity(
        model=model,
        label=I18nObject(en_US=str(told.get("display_name") or model)),
        model_type=ModelType.LLM,
        features=can.features(),
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties=properties,
        parameter_rules=list(can.rules(limit if isinstance(limit, int) else None)),
    )


class _Capabilities:
    """Reads the vendor's `capabilities`: an object of ``{"name": {"supported": bool, ...}}``."""

    def __init__(self, told: Mapping[str, Any] | None) -> None:
        self.told = told

    def has(self, *path: str, unknown: bool = False) -> bool:
        if self.told is None:
            return unknown
        value: Any = self.told
        for name in path:
            value = value.get(name) if is_mapping(value) else None
        return is_mapping(value) and value.get("supported") is True

    def features(self) -> list[ModelFeature] | None:
        if self.told is None:
            return None
        wanted = {
            ModelFeature.VISION: self.has("image_input"),
            ModelFeature.DOCUMENT: self.has("pdf_input"),
            ModelFeature.REASONING: self.has("thinking"),
            ModelFeature.STRUCTURED_OUTPUT: self.has("structured_outputs"),
        }
        return [*_TOOLS, *(feature for feature, there in wanted.items() if there)]

    def rules(self, limit: int | None) -> Iterator[ParameterRule]:
        budget = self.has("thinking", "types", "enabled", unknown=True)
        adaptive = self.has("thinking", "types", "adaptive")
        yield _rule("max_tokens", max=limit)
        # Models that only think as they see fit refuse sampling parameters; those with a budget take them.
        yield from (_rule(name) for name in _SAMPLING if budget or not adaptive)
        if budget or adaptive:
            yield _rule("thinking", default=None if adaptive else False)
        if budget and not adaptive:
            yield _rule("thinking_budget", max=limit - 1 if limit else None)
        if adaptive:
            yield _rule("thinking_display")
        if self.has("effort"):
            levels = [level for level in _rule("effort").options if self.has("effort", level)]
            yield _rule("effort", options=levels, default=None)
        if self.has("structured_outputs", unknown=True):
            yield _rule("json_schema")
        yield from map(_rule, _OTHERS)


def _rule(name: str, **changes: Any) -> ParameterRule:
    # The same words as in the files: the first model there that has such a rule.
    found = (rule for entity in predefined().values() for rule in entity.parameter_rules if rule.name == name)
    return next(found).model_copy(update=changes)
