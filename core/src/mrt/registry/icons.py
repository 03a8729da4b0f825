"""A provider's icons."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from mrt.errors import PluginError

if TYPE_CHECKING:
    from mrt.entities.provider import ProviderEntity

KEYS = ("icon_small", "icon_large", "icon_small_dark", "icon_large_dark")

_FOLDERS = ("_assets", "")
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
    (b"BM", "image/bmp"),
)
# Possessive, so that no text makes it try the same white space twice.
_BEFORE_SVG = rb"(?:\s++|<\?xml[^>]*+>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[[^\]]*+\])?\s*+>)*+"
_SVG = re.compile(rb"(?:\xef\xbb\xbf)?" + _BEFORE_SVG + rb"<svg[\s>]", re.DOTALL | re.IGNORECASE)


class IconNotFoundError(PluginError, LookupError):
    """A provider has no such icon."""


def read_icon(schema: ProviderEntity, folder: str, key: str, lang: str = "en_US") -> tuple[bytes, str]:
    """Read an icon from ``_assets`` in the provider's folder.

    Args:
        schema: Names the files, by language.
        folder: Folder of ``provider.yaml``.
        key: One of `KEYS`; the light icon stands in for a missing dark one.
        lang: Language, for icons with words in them.

    Returns:
        Its bytes and its media type, told from the bytes and not from the name.

    Raises:
        ValueError: There is no such key.
        IconNotFoundError: The provider names no such icon, the file is missing, or it lies outside of the folder.
    """
    if key not in KEYS:
        raise ValueError(f"'{key}' is no icon; use one of {', '.join(KEYS)}")
    names = getattr(schema, key) or getattr(schema, key.removesuffix("_dark"))
    if names is None:
        raise IconNotFoundError(f"{schema.provider} has no {key}", provider=schema.provider)
    name: str = names.get(lang)
    if not _is_inside(name):
        raise IconNotFoundError(f"{schema.provider}: {key} '{name}' is no file of the plugin", provider=schema.provider)
    for place in _FOLDERS:
        path = os.path.join(folder, place, *name.split("/"))
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            return data, media_type(data)
    raise IconNotFoundError(f"{schema.provider}: the file '{name}' of {key} is missing", provider=schema.provider)


def media_type(data: bytes) -> str:
    """Return an image's media type, ``application/octet-stream`` when it is none that browsers show."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis"):
        return "image/avif"
    return "image/svg+xml" if _SVG.match(data[:4096]) else "application/octet-stream"


def _is_inside(name: str) -> bool:
    # By its spelling and not by `realpath`: some installers make every file of a package a link.
    parts = name.split("/")
    return bool(name) and "\\" not in name and ":" not in name and "\0" not in name and not {"", ".", ".."} & set(parts)
