"""Rules about a model file: features, properties, voices, prices."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.plain import is_list, is_mapping, is_number
from mrt.schema.findings import KeyPath
from mrt.schema.rules_parameters import check_parameters
from mrt.schema.shapes import MODEL
from mrt.schema.structure import check
from mrt.schema.yamldoc import Document

_TOOLS = {"tool-call", "multi-tool-call"}
_FOR_LLM = _TOOLS | {"stream-tool-call", "agent-thought", "structured-output", "reasoning"}
_AUDIO = {"mp3", "wav", "ogg", "opus", "aac", "flac", "mp4", "m4a", "pcm", "webm", "amr", "wma"}
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_EXPECTED = {ModelType.LLM: ("mode", "context_size"), ModelType.TEXT_EMBEDDING: ("context_size", "max_chunks")}


def check_model(doc: Document) -> None:
    """Check a model file by itself."""
    if doc.data is None:
        return
    check(doc, doc.data, MODEL)
    if not is_mapping(doc.data):
        return
    kind = model_type_of(doc.data)
    found = doc.data.get("model_properties")
    properties = dict(found) if is_mapping(found) else {}
    size: Any = properties.get("context_size")
    if isinstance(size, str) and size.isdecimal():
        size = int(size)
    if kind is not None:
        _check_spelling(doc, kind)
        _check_features(doc, doc.data.get("features"), kind)
        _check_properties(doc, properties, kind)
        _check_pricing(doc, doc.data.get("pricing"), kind)
    check_parameters(doc, doc.data.get("parameter_rules"), size if isinstance(size, int) and size > 0 else None)
    if doc.data.get("fetch_from") == "customizable-model":
        doc.note("warning", "origin", ("fetch_from",), "is customizable-model, but a model in a file is predefined")


def model_type_of(data: Any) -> ModelType | None:
    """Return the model type that a model file names, in whatever spelling."""
    try:
        return ModelType(data["model_type"])
    except (KeyError, TypeError, ValueError):
        return None


def _check_spelling(doc: Document, kind: ModelType) -> None:
    if doc.data["model_type"] != kind.value:
        doc.note("info", "type-spelling", ("model_type",), f"is read as '{kind.value}': write that")
    folders = {member.key: member for member in ModelType}
    folder = next((folders[part] for part in reversed(Path(doc.path).parent.parts) if part in folders), kind)
    if folder is not kind:
        message = f"is {kind.value}, though the file lies in the folder {folder.key}; what the file says counts"
        doc.note("info", "other-folder", ("model_type",), message)


def _check_features(doc: Document, features: Any, kind: ModelType) -> None:
    words = [word for word in features if isinstance(word, str)] if is_list(features) else []
    if "stream-tool-call" in words and not _TOOLS & set(words):
        message = "has stream-tool-call without tool-call or multi-tool-call"
        doc.note("warning", "features", ("features", words.index("stream-tool-call")), message)
    for index, word in enumerate(words):
        if word in words[:index]:
            doc.note("info", "duplicate-feature", ("features", index), f"'{word}' is listed twice")
        elif kind is not ModelType.LLM and word in _FOR_LLM:
            doc.note("warning", "features", ("features", index), f"'{word}' is a feature of language models")


def _check_properties(doc: Document, properties: dict[str, Any], kind: ModelType) -> None:
    for key in _EXPECTED.get(kind, ()):
        if properties.get(key) is None:
            place: KeyPath = ("model_properties",) if properties else ()
            doc.note("info", "missing-property", place, f"has no {key}")
    mode = properties.get("mode")
    if kind is ModelType.LLM and isinstance(mode, str) and mode not in ("chat", "completion"):
        doc.note("warning", "mode", ("model_properties", "mode"), f"is '{mode}', which is neither chat nor completion")
    for key in (
        "context_size",
        "max_chunks",
        "dimensions",
        "max_characters_per_chunk",
        "file_upload_limit",
        "word_limit",
    ):
        if is_number(value := properties.get(key)) and value <= 0:
            doc.note("warning", "limit", ("model_properties", key), f"is {value}, which lets nothing through")
    if kind is ModelType.TTS:
        _check_voices(doc, properties)


def _check_voices(doc: Document, properties: dict[str, Any]) -> None:
    voices = properties.get("voices")
    modes = [voice.get("mode") for voice in voices if is_mapping(voice)] if is_list(voices) else []
    default = properties.get("default_voice")
    if not modes:
        doc.note("info", "no-voices", ("model_properties",), "lists no voices")
    elif default is not None and default not in modes:
        names = ", ".join(str(mode) for mode in modes[:8])
        message = f"is '{default}', which is not among the voices: {names}"
        doc.note("warning", "default-voice", ("model_properties", "default_voice"), message)
    for index, mode in enumerate(modes):
        if mode is not None and mode in modes[:index]:
            message = f"'{mode}' is listed twice"
            doc.note("warning", "duplicate-voice", ("model_properties", "voices", index, "mode"), message)
    audio = properties.get("audio_type")
    if isinstance(audio, str) and audio.lower() not in _AUDIO:
        place = ("model_properties", "audio_type")
        doc.note("warning", "audio-type", place, f"'{audio}' is no known extension of a sound file, such as mp3")


def _check_pricing(doc: Document, pricing: Any, kind: ModelType) -> None:
    if not is_mapping(pricing):
        return
    unit = _decimal(pricing.get("unit"))
    if unit is not None and (unit <= 0 or unit >= 1):
        message = f"is {unit}; it is the size of the step, such as '0.000001' for prices per million tokens"
        doc.note("warning", "price-unit", ("pricing", "unit"), message)
    if kind is ModelType.LLM and pricing.get("output") is None:
        doc.note("info", "no-output-price", ("pricing",), "has no output price, so the price of an answer is unknown")
    currency = pricing.get("currency")
    if isinstance(currency, str) and not _CURRENCY.match(currency):
        doc.note("warning", "currency", ("pricing", "currency"), f"'{currency}' is no currency code, such as USD")
    tiers = pricing.get("tiered_pricing", pricing.get("tiers"))
    key = "tiered_pricing" if "tiered_pricing" in pricing else "tiers"
    limits = [tier.get("max_tokens") for tier in tiers if is_mapping(tier)] if is_list(tiers) else []
    for index in range(1, len(limits)):
        before, now = limits[index - 1], limits[index]
        if is_number(before) and is_number(now) and now <= before:
            place = ("pricing", key, index, "max_tokens")
            doc.note("warning", "tier-order", place, f"is {now}, not above {before} of the tier before it")


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
