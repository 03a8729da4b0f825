"""JSON Schemas (draft 2020-12) of provider and model files, for editors."""

from __future__ import annotations

from typing import Any

from mrt.schema.shapes import MODEL, MODEL_KEY, MODEL_TYPE, PROVIDER, Choice, Items, Kind, Shape, Simple, Table
from mrt.schema.structure import LOCALES

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXTS: dict[str, Any] = {
    "type": "object",
    "properties": {locale: {"type": ["string", "null"]} for locale in LOCALES},
    "patternProperties": {"^[a-z]{2,3}_[A-Z][A-Za-z]+$": {"type": ["string", "null"]}},
    "additionalProperties": False,
}
_SIMPLE: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "i18n": {"anyOf": [{"$ref": "#/$defs/texts"}, {"type": "string"}]},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "price": {"type": "string", "pattern": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"},
    "anything": {},
}
# Spellings of model types that are read as well; editors should not mark them in files that were published.
_OLDER = ["text_embedding", "text-generation", "embeddings", "reranking"]


def provider_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a provider file."""
    return _document(PROVIDER, "An MRT provider: a vendor, its forms, and where its models are.")


def model_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a model file."""
    return _document(MODEL, "An MRT model: what it can do, its parameters and its prices.")


def _document(shape: Shape, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "title": title, **_of(shape), "$defs": {"texts": _TEXTS}}


def _of(kind: Kind) -> dict[str, Any]:
    match kind:
        case Simple():
            return dict(_SIMPLE[kind.kind])
        case Choice():
            older = _OLDER if kind.what == MODEL_TYPE.what else []
            return {"enum": list(dict.fromkeys([*kind.words, *kind.ignored, *older]))}
        case Items():
            return {"type": "array", "items": _or_null(_of(kind.of))}
        case Table():
            names = list(dict.fromkeys([*MODEL_KEY.words, *MODEL_TYPE.words, *kind.keys.ignored]))
            return {
                "type": "object",
                "propertyNames": {"enum": names},
                "additionalProperties": _or_null(_of(kind.of)),
            }
        case Shape():
            return {
                "type": "object",
                "properties": {
                    name: {"description": key.doc, **(_of(key.kind) if key.need == "must" else _or_null(_of(key.kind)))}
                    for name, key in kind.keys.items()
                },
                "required": [name for name, key in kind.keys.items() if key.need == "must"],
                "additionalProperties": False,
            }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    # In YAML, a key with nothing after it is null, which is the same as no key.
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    return {"anyOf": [*schema["anyOf"], {"type": "null"}]} if "anyOf" in schema else schema
