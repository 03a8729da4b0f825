"""Rules about a provider file: its name, methods, forms, icons and links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mrt.entities.plain import is_blank, is_list, is_mapping
from mrt.schema.findings import KeyPath, Severity
from mrt.schema.reach import homes_of, is_within
from mrt.schema.rules_form import check_form
from mrt.schema.shapes import PROVIDER
from mrt.schema.structure import check
from mrt.schema.yamldoc import Document

ICON_KEYS = ("icon_small", "icon_large", "icon_small_dark", "icon_large_dark")
_LINK = re.compile(r"https?://[^\s/]+\.?[^\s]*\Z")
_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\x00\x00\x01\x00")


def check_provider(doc: Document, base: Path) -> None:
    """Check a provider file by itself; icons are looked for below `base`."""
    if doc.data is None:
        return
    check(doc, doc.data, PROVIDER)
    if not is_mapping(doc.data):
        return
    _check_name(doc, doc.data.get("provider"), base)
    _check_methods(doc, doc.data)
    for key in ("provider_credential_schema", "model_credential_schema"):
        check_form(doc, doc.data.get(key), (key,))
    _check_help(doc, doc.data)
    for key in ICON_KEYS:
        _check_icon(doc, doc.data.get(key), (key,), base)
    for key in ("supported_model_types", "configurate_methods"):
        words: Any = doc.data.get(key)
        for index, word in enumerate(words if is_list(words) else ()):
            if word in words[:index]:
                doc.note("warning", "duplicate-word", (key, index), f"'{word}' is listed twice")
        if words == []:
            severity: Severity = "error" if key == "supported_model_types" else "warning"
            doc.note(severity, "missing-key", (key,), "is empty")


def _check_name(doc: Document, name: Any, base: Path) -> None:
    if not isinstance(name, str) or not name:
        return
    if "/" in name:
        message = "has a slash, which stands between provider and model in calls"
        doc.note("error", "provider-name", ("provider",), message)
    elif name != name.strip() or re.search(r"\s", name):
        doc.note("warning", "provider-name", ("provider",), "has blanks, which are easily mistyped")
    places = {doc.path.stem, base.resolve().name}
    if name not in places and doc.path.stem != "provider":
        message = f"is '{name}', and the file is '{doc.path.name}' in '{base.resolve().name}'; calls use '{name}'"
        doc.note("info", "other-name", ("provider",), message)


def _check_methods(doc: Document, data: Mapping[str, Any]) -> None:
    methods = data.get("configurate_methods")
    if not is_list(methods):
        return
    custom = "customizable-model" in methods or "fetch-from-remote" in methods
    model_form, provider_form = data.get("model_credential_schema"), data.get("provider_credential_schema")
    if is_mapping(model_form) and not custom:
        message = "has no effect, as customizable-model is not among the configurate_methods"
        doc.note("warning", "unused-form", ("model_credential_schema",), message, key=True)
    if custom and not is_mapping(model_form) and not is_mapping(provider_form):
        message = "offers customizable-model, but there is no model_credential_schema that asks for credentials"
        doc.note("warning", "missing-form", ("configurate_methods",), message)
    if "predefined-model" in methods and not is_mapping(data.get("models")):
        message = "offers predefined-model, but there is no key 'models' that says where they are"
        doc.note("warning", "no-models", ("configurate_methods",), message)
    if is_mapping(data.get("models")) and "predefined-model" not in methods:
        message = "are there, but predefined-model is not among the configurate_methods"
        doc.note("warning", "unused-models", ("models",), message, key=True)
    for key in ("provider_credential_schema", "model_credential_schema"):
        if data.get(key) is not None and not is_mapping(data[key]):
            continue
        fields = data[key].get("credential_form_schemas") if is_mapping(data.get(key)) else None
        if is_list(fields) and not fields:
            doc.note("info", "empty-form", (key, "credential_form_schemas"), "asks for nothing")


def _check_help(doc: Document, data: Mapping[str, Any]) -> None:
    text = data.get("help")
    urls = text.get("url") if is_mapping(text) else None
    pairs: list[tuple[KeyPath, Any]] = []
    if is_mapping(urls):
        pairs = [(("help", "url", lang), url) for lang, url in urls.items()]
    elif urls is not None:
        pairs = [(("help", "url"), urls)]
    for path, url in pairs:
        if isinstance(url, str) and url and not _LINK.match(url):
            doc.note("warning", "link", path, f"'{url}' is no link that starts with https://")
    if is_mapping(text) and not is_blank(text) and is_blank(text.get("title")) and is_blank(urls):
        doc.note("error", "missing-key", ("help",), "has neither title nor url")


def _check_icon(doc: Document, names: Any, path: KeyPath, base: Path) -> None:
    pairs: list[tuple[KeyPath, Any]] = [(path, names)]
    if is_mapping(names):
        pairs = [((*path, lang), name) for lang, name in names.items()]
    for place, name in pairs:
        if not isinstance(name, str) or not name:
            continue
        found = find_icon(doc.path, base, name)
        if found is None:
            doc.note("warning", "missing-icon", place, f"'{name}' is neither in _assets nor beside this file")
        elif not is_image(found):
            doc.note("warning", "not-an-image", place, f"'{name}' is no svg, png, jpeg, gif, webp or ico")


def find_icon(file: Path, base: Path, name: str) -> Path | None:
    """Return the file of an icon: in ``_assets`` of the base, or of the provider file's folder, or beside it."""
    homes = homes_of(file, base)
    for folder in (base / "_assets", file.parent / "_assets", file.parent, base):
        path = folder / name
        if path.is_file() and is_within(str(path), homes):
            return path
    return None


def is_image(path: Path) -> bool:
    """Tell by the first bytes whether a file is an image."""
    with path.open("rb") as file:
        head = file.read(4096)
    return head.startswith(_SIGNATURES) or b"<svg" in head
