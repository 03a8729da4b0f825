"""Which schema a model has, and whether a request fits it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from mrt._similar import most_like
from mrt.entities.common import ConfigurateMethod, ModelType
from mrt.entities.message import PromptMessage, PromptMessageContentType, PromptMessageTool
from mrt.entities.model import AIModelEntity, ModelFeature
from mrt.entities.provider import ProviderEntity
from mrt.errors import InvokeBadRequestError, InvokeModelNotFoundError

LIFETIME = 300.0
"""Seconds for which the schema of a customizable model is kept: servers restart with other models."""

_NEEDED: dict[PromptMessageContentType, ModelFeature] = {
    PromptMessageContentType.IMAGE: ModelFeature.VISION,
    PromptMessageContentType.AUDIO: ModelFeature.AUDIO,
    PromptMessageContentType.VIDEO: ModelFeature.VIDEO,
    PromptMessageContentType.DOCUMENT: ModelFeature.DOCUMENT,
}
_TOOLS = (ModelFeature.TOOL_CALL, ModelFeature.MULTI_TOOL_CALL, ModelFeature.STREAM_TOOL_CALL)

Key = tuple[str, ModelType, str, str]


class SchemaCache:
    """Schemas of customizable models, by provider, type, model and credentials; made once per key at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Key, tuple[float, AIModelEntity | None]] = {}
        self._locks: dict[Key, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Key, make: Callable[[], AIModelEntity | None]) -> AIModelEntity | None:
        """Return the schema kept for a key, or make it; an error is not kept."""
        found = self.peek(key)
        if found is not None:
            return found[0]
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        try:
            with lock:
                found = self.peek(key)
                if found is not None:
                    return found[0]
                schema = make()
                self._kept[key] = (self._clock() + LIFETIME, schema)
                return schema
        finally:
            self._locks.pop(key, None)

    def peek(self, key: Key) -> tuple[AIModelEntity | None] | None:
        """Return the kept schema in a tuple, or None when there is none any more."""
        kept = self._kept.get(key)
        return (kept[1],) if kept is not None and kept[0] > self._clock() else None

    def forget(self, provider: str | None = None) -> None:
        """Drop what is kept, of one provider or of all."""
        for key in [key for key in self._kept if provider in (None, key[0])]:
            self._kept.pop(key, None)


def predefined(provider: ProviderEntity, model_type: ModelType, model: str) -> AIModelEntity | None:
    """Return the schema of a model that the provider's files describe."""
    return next(
        (entity for entity in provider.models if entity.model == model and entity.model_type == model_type), None
    )


def refuse_unknown_model(provider: ProviderEntity, model_type: ModelType, model: str) -> None:
    """Refuse a model that no file describes, where the provider has no customizable ones.

    Raises:
        InvokeModelNotFoundError: Names the nearest models.
    """
    methods = provider.configurate_methods
    if not methods or any(method is not ConfigurateMethod.PREDEFINED_MODEL for method in methods):
        return
    names = [entity.model for entity in provider.model_entities(model_type)]
    near = most_like(model, names, 3, 0.4)
    known = f"did you mean {' or '.join(near)}?" if near else f"it has: {', '.join(names[:10]) or 'none'}"
    raise InvokeModelNotFoundError(
        f"there is no {model_type.value} model '{model}'; {known}", provider=provider.provider, model=model
    )


def refuse_unsupported(
    schema: AIModelEntity | None, messages: Sequence[PromptMessage], tools: Sequence[PromptMessageTool]
) -> None:
    """Refuse parts and tools that the model does not take; a schema without a features list refuses nothing.

    Raises:
        InvokeBadRequestError: Names what is not supported.
    """
    if schema is None or schema.features is None:
        return
    if tools and not schema.supports(*_TOOLS):
        raise InvokeBadRequestError(
            "the model takes no tools: leave them out, or choose a model with the feature tool-call", model=schema.model
        )
    for message in messages:
        if message.content is None or isinstance(message.content, str):
            continue
        for part in message.content:
            feature = _NEEDED.get(part.type)
            if feature is not None and not schema.supports(feature):
                raise InvokeBadRequestError(
                    f"the model takes no {part.type.value} input: send text, or choose a model with the feature "
                    f"{feature.value}",
                    model=schema.model,
                )
