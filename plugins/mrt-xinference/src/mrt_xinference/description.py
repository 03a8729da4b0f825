"""What the server says of a model: ``GET /v1/models/{uid}``.

Only ``model_type`` and ``model_name`` are in the answers of all versions (0.6 to 4.1); everything else may be missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.plain import is_list, is_mapping

# Before 1.0 an audio model did not say what it does; these families speak.
_SPEAKING = ("chattts", "cosyvoice", "fishaudio", "f5-tts", "melotts", "kokoro", "megatts", "indextts")
_TYPES = {
    "llm": ModelType.LLM,
    "embedding": ModelType.TEXT_EMBEDDING,
    "rerank": ModelType.RERANK,
}


@dataclass(frozen=True, slots=True)
class Description:
    """A running model.

    Args:
        kind: The server's word for its type, in lower case.
        types: The model types as which it can be called.
        abilities: ``chat``, ``generate``, ``tools``, ``vision`` and so on; empty on old servers.
        engine: ``transformers``, ``llama.cpp``, ``vllm`` and so on, in lower case; empty before 3.2.
        context_length: Tokens that were registered; an engine may grant fewer.
        max_tokens: Tokens of one text, for embedding models.
        dimensions: Numbers in a vector, for embedding models.
    """

    kind: str
    types: tuple[ModelType, ...]
    abilities: frozenset[str] = frozenset()
    engine: str = ""
    context_length: int | None = None
    max_tokens: int | None = None
    dimensions: int | None = None


def describe(value: Any) -> Description | None:
    """Return what a JSON description says; None when it is none of a model."""
    if not is_mapping(value) or not isinstance(value.get("model_type"), str):
        return None
    kind = value["model_type"].lower()
    given = value.get("model_ability")
    # One string in place of a list: audio models of 1.0.
    abilities = frozenset([given] if isinstance(given, str) else map(str, given if is_list(given) else ()))
    return Description(
        kind,
        _types(kind, abilities, str(value.get("model_family") or value.get("model_name") or "")),
        abilities,
        str(value.get("model_engine") or "").lower(),
        _number(value.get("context_length")),
        _number(value.get("max_tokens")),
        _number(value.get("dimensions")),
    )


def _types(kind: str, abilities: frozenset[str], family: str) -> tuple[ModelType, ...]:
    if kind != "audio":
        return (_TYPES[kind],) if kind in _TYPES else ()
    if not abilities:
        speaks = any(name in family.lower().replace("_", "") for name in _SPEAKING)
        return (ModelType.TTS,) if speaks else (ModelType.SPEECH2TEXT,)
    speaks = any(ability.startswith("text2audio") for ability in abilities)
    found = [(ModelType.SPEECH2TEXT, "audio2text" in abilities), (ModelType.TTS, speaks)]
    return tuple(model_type for model_type, can in found if can)


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
