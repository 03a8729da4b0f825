"""Checks provider, model and position files, one by one and against each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mrt.entities.common import ModelType
from mrt.entities.plain import is_mapping
from mrt.schema.findings import Finding, in_order
from mrt.schema.reach import SUFFIXES, base_of, is_position, reach
from mrt.schema.rules_folder import check_position, check_reach
from mrt.schema.rules_model import check_model
from mrt.schema.rules_provider import check_provider
from mrt.schema.yamldoc import Document

_PROVIDER_KEYS = {
    "supported_model_types",
    "configurate_methods",
    "provider_credential_schema",
    "model_credential_schema",
}
_MODEL_KEYS = {"model", "model_type", "model_properties", "parameter_rules"}


def lint(path: str | os.PathLike[str]) -> list[Finding]:
    """Check a file, or all files of a folder.

    A provider file is checked together with the model and position files that it reaches. In a folder, YAML files that
    are neither provider, model nor position files are passed over.

    Args:
        path: A provider file, a model file, a position file, or a folder that holds such files at any depth.

    Returns:
        Findings by file and line; empty when there is nothing to say.
    """
    place = Path(path)
    linter = _Linter()
    if place.is_dir():
        linter.folder(place)
    else:
        linter.file(place)
    return linter.findings()


def lint_provider(file: Path) -> list[Finding]:
    """Check a file as a provider file, whatever it looks like."""
    linter = _Linter()
    linter.provider(linter.read(file))
    return linter.findings()


def lint_model(file: Path) -> list[Finding]:
    """Check a file as a model file, whatever it looks like."""
    doc = Document(file)
    check_model(doc)
    return in_order(doc.findings)


class _Linter:
    """Holds the documents of one run, so that a file that several reach is read and checked once."""

    def __init__(self) -> None:
        self.docs: dict[str, Document] = {}
        self.checked: set[str] = set()

    def findings(self) -> list[Finding]:
        return in_order(finding for doc in self.docs.values() for finding in doc.findings)

    def read(self, path: Path) -> Document:
        key = os.path.realpath(path)
        if key not in self.docs:
            self.docs[key] = Document(path, text_list=is_position(path))
        return self.docs[key]

    def file(self, path: Path) -> None:
        doc = self.read(path)
        kind = _kind(doc)
        if kind == "provider":
            self.provider(doc)
        elif kind == "other":
            doc.note("error", "unknown-file", (), "is neither a provider file, nor a model file, nor a position file")
        else:
            self.part(doc)

    def folder(self, folder: Path) -> None:
        docs = [self.read(path) for path in _yaml_files(folder)]
        bases: list[Path] = []
        for doc in docs:
            if _kind(doc) == "provider":
                self.provider(doc)
                bases.append(base_of(doc.path).resolve())
        for doc in docs:
            kind, key = _kind(doc), os.path.realpath(doc.path)
            if kind == "other" and key not in self.checked:
                del self.docs[key]  # somebody else's file, whatever is in it
            if kind in ("provider", "other") or key in self.checked:
                continue
            self.part(doc)
            if any(base in doc.path.resolve().parents for base in bases):
                what = "model" if kind == "model" else "position"
                doc.note("warning", f"unreached-{what}", (), f"is a {what} file that no provider file reaches")
        if not docs:
            self.docs[""] = Document(folder, read=False)
            self.docs[""].note("error", "no-files", (), "holds no YAML files")

    def part(self, doc: Document) -> None:
        """Check a model or position file once."""
        key = os.path.realpath(doc.path)
        if key in self.checked:
            return
        self.checked.add(key)
        if is_position(doc.path):
            check_position(doc)
        else:
            check_model(doc)

    def provider(self, doc: Document) -> None:
        base = base_of(doc.path)
        check_provider(doc, base)
        found = reach(doc.path, base, doc.data)
        models = [self.read(Path(path)) for path in found.models]
        positions: dict[ModelType, Document] = {}
        for kind, path in found.positions.items():
            positions[kind] = self.read(Path(path))
        for part in [*models, *positions.values()]:
            self.part(part)
        check_reach(doc, found, models, positions)


def _yaml_files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")) and name != "node_modules")
        yield from (
            Path(place) / name for name in sorted(files) if name.endswith(SUFFIXES) and not name.startswith(".")
        )


def _kind(doc: Document) -> str:
    if is_position(doc.path):
        return "position"
    if not is_mapping(doc.data):
        return "model" if doc.broken else "other"
    keys = set(doc.data)
    if ("provider" in keys and not keys & _MODEL_KEYS) or len(keys & _PROVIDER_KEYS) > 1:
        return "provider"
    return "model" if keys & _MODEL_KEYS else "provider" if keys & _PROVIDER_KEYS else "other"
