"""Reads providers and models from their YAML files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity
from mrt.entities.model_list import ModelList
from mrt.entities.plain import is_mapping
from mrt.entities.provider import ProviderEntity
from mrt.errors import SchemaError
from mrt.schema import cache
from mrt.schema.findings import Finding, has_errors, in_order, summary
from mrt.schema.reach import Reach, reach
from mrt.schema.rules_folder import names_in_order
from mrt.schema.yamldoc import Document

EntityT = TypeVar("EntityT", ProviderEntity, AIModelEntity)


def load_model(path: str | os.PathLike[str]) -> AIModelEntity:
    """Read a model file.

    Raises:
        SchemaError: The file is wrong; with all findings about it.
    """
    doc = Document(path)
    cause: ValidationError | None = None
    if not doc.broken:
        try:
            return AIModelEntity.model_validate(doc.data)
        except ValidationError as error:
            cause = error
    from mrt.schema.linter import lint_model

    raise _wrong(doc.path, lint_model(doc.path), [(doc, cause)])


class Reading:
    """One run over a provider's files."""

    def __init__(self, file: Path, base: Path) -> None:
        self.file, self.base = file, base
        self.failed: list[tuple[Document, ValidationError | None]] = []

    def load(self) -> ProviderEntity:
        doc = Document(self.file)
        found = reach(self.file, self.base, doc.data)
        recorder = cache.Recorder(self.file, found)
        provider = self._validate(ProviderEntity, doc)
        models: list[tuple[AIModelEntity, str, Any]] = []
        for path in found.models:
            part = Document(path)
            entity = self._validate(AIModelEntity, part)
            if entity is not None:
                models.append((entity, path, part.data))
        positions = self._positions(found)
        sound = provider is not None and not self.failed and not found.outside and not found.malformed
        if provider is None or not sound or not doc.data.get("supported_model_types"):
            from mrt.schema.linter import lint_provider

            raise _wrong(self.file, lint_provider(self.file), self.failed)
        given = {kind: names for kind, names in provider.position.items() if kind not in positions}
        _sort(models, provider.supported_model_types, {**given, **positions})
        provider.position = {**given, **positions}
        provider.models = ModelList.of(entity for entity, _, _ in models)
        recorder.keep(doc.data, positions, models)
        return provider

    def _validate(self, kind: type[EntityT], doc: Document) -> EntityT | None:
        if doc.broken:
            self.failed.append((doc, None))
            return None
        try:
            return kind.model_validate(doc.data)
        except ValidationError as error:
            self.failed.append((doc, error))
            return None

    def _positions(self, found: Reach) -> dict[str, list[str]]:
        positions: dict[str, list[str]] = {}
        for kind, path in found.positions.items():
            doc = Document(path, text_list=True)
            if doc.broken or is_mapping(doc.data):
                self.failed.append((doc, None))
            positions[kind.value] = names_in_order(doc.data)
        return positions


def _sort(
    models: list[tuple[AIModelEntity, str, Any]], kinds: list[ModelType], positions: Mapping[str, list[str]]
) -> None:
    order = {kind: index for index, kind in enumerate([*kinds, *(kind for kind in ModelType if kind not in kinds)])}
    places = {
        (ModelType(kind), name): index
        for kind, names in positions.items()
        for index, name in reversed(list(enumerate(names)))
    }

    def place(item: tuple[AIModelEntity, str, Any]) -> tuple[Any, ...]:
        entity, path = item[:2]
        at = places.get((entity.model_type, entity.model))
        return (order[entity.model_type], at is None, at or 0, entity.model, path)

    models.sort(key=place)


def _wrong(file: Path, findings: list[Finding], failed: list[tuple[Document, ValidationError | None]]) -> SchemaError:
    # The rules know every mistake by a better name; this is for one that they do not know.
    for doc, cause in failed:
        if not has_errors(finding for finding in findings if finding.file == doc.file):
            findings = [*findings, *_plain(doc, cause)]
    return SchemaError(summary(str(file), findings), findings=in_order(findings))


def _plain(doc: Document, cause: ValidationError | None) -> list[Finding]:
    place = Document(doc.file, read=False)
    place.root = doc.root
    for error in cause.errors(include_url=False) if cause is not None else ():
        place.note("error", "invalid", error["loc"], error["msg"])
    return [*doc.findings, *place.findings]
