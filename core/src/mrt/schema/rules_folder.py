"""Rules across a provider's files: globs, positions, models given twice, model types that are not listed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.plain import is_list, is_mapping
from mrt.schema.reach import Reach
from mrt.schema.rules_model import model_type_of
from mrt.schema.structure import hint
from mrt.schema.yamldoc import Document

_RUN_TOGETHER = re.compile(r"\s+(?:-\s+)?|,\s*")


def names_in_order(data: Any) -> list[str]:
    """Return the names of a position file; a list whose dashes have run together into one text is taken apart."""
    entries = data if is_list(data) else [data]
    names = [entry for entry in entries if isinstance(entry, str) and entry]
    if len(names) == 1 and is_run_together(names[0]):
        return [name for part in _RUN_TOGETHER.split(names[0]) if (name := part.strip("- ,"))]
    return names


def is_run_together(text: str) -> bool:
    """Tell whether a text looks like several entries of a list."""
    return bool(re.search(r"\s-\s*\S|,|\n", text.strip())) or len(text.split()) > 3


def check_position(doc: Document) -> None:
    """Check a position file by itself."""
    data = doc.data
    if data is None:
        return
    if is_mapping(data):
        doc.note("error", "wrong-kind", (), "should be a list of model names: put a dash before each")
        return
    entries = data if is_list(data) else [data]
    if len(entries) == 1 and isinstance(entries[0], str) and is_run_together(entries[0]):
        doc.note("warning", "run-together", (0,), "is one text and not a list: put each name into a line of its own")
    elif not is_list(data):
        doc.note("warning", "wrong-kind", (), "should be a list: put a dash before the name")
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry is None:
            doc.note("warning", "empty-entry", (index,), "is empty")
        elif not isinstance(entry, str):
            doc.note("warning", "wrong-kind", (index,), "should be the name of a model")
        elif entry in seen:
            doc.note("warning", "duplicate-position", (index,), f"'{entry}' is listed twice")
        else:
            seen.add(entry)


def check_reach(
    doc: Document, found: Reach, models: Sequence[Document], positions: Mapping[ModelType, Document]
) -> None:
    """Check a provider's files against each other; `doc` is the provider file."""
    for path in found.empty:
        doc.note("info", "empty-glob", path, "matches no model file")
    for path in found.missing:
        doc.note("warning", "missing-position", path, "is not there")
    for path in found.outside:
        message = "leads out of the provider's folder: only files inside of it are read"
        doc.note("error", "outside", path, message)
    known = _known_models(models)
    for kind, position in positions.items():
        _check_names(position, {name: path for (other, name), path in known.items() if other is kind})
    listed: Any = doc.data.get("supported_model_types") if is_mapping(doc.data) else None
    if is_list(listed):
        words = {word.replace("_", "-") for word in listed if isinstance(word, str)}
        for kind in sorted({kind for kind, _ in known} - {member for member in ModelType if _is_listed(member, words)}):
            message = f"lacks {kind.value}, of which there are models"
            doc.note("warning", "unlisted-type", ("supported_model_types",), message)


def _is_listed(kind: ModelType, words: set[str]) -> bool:
    for word in words:
        try:
            if ModelType(word) is kind:
                return True
        except ValueError:
            continue
    return False


def _known_models(models: Sequence[Document]) -> dict[tuple[ModelType, str], Path]:
    known: dict[tuple[ModelType, str], Path] = {}
    for model in models:
        kind = model_type_of(model.data)
        name: Any = model.data.get("model") if is_mapping(model.data) else None
        if kind is None or not isinstance(name, str):
            continue
        if (kind, name) in known:
            message = f"'{name}' is also in {known[kind, name].name}, and calls use that one"
            model.note("warning", "duplicate-model", ("model",), message)
        else:
            known[kind, name] = model.path
    return known


def _check_names(position: Document, known: Mapping[str, Path]) -> None:
    names = names_in_order(position.data)
    at = {name: index for index, name in enumerate(names)}
    as_list = is_list(position.data) and len(position.data) >= len(names)
    for name, index in at.items():
        if name not in known:
            message = f"'{name}' is no model of this provider{hint(name, list(known))}"
            position.note("warning", "position-unknown", (index,) if as_list else (), message)
    missing = [name for name in known if name not in at]
    if missing and names:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        message = f"does not list {', '.join(sorted(missing)[:5])}{more}, which therefore come last"
        position.note("info", "position-missing", (), message)
