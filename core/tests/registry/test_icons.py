from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mrt.errors import MRTError
from mrt.registry import Registry
from mrt.registry.icons import media_type

PNG = b"\x89PNG\r\n\x1a\n...."
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def icons(site: Any, **names: str) -> Any:
    """Install a provider whose schema names these icons, and return its folder and entry."""
    lines = "".join(f"{key}: {text}\n" for key, text in names.items())
    folder = site.install(
        "acme", schema=f"provider: acme\nlabel: {{en_US: Acme}}\nsupported_model_types: [llm]\n{lines}"
    )
    (folder / "_assets").mkdir()
    return folder, Registry(load_entry_points=True).get("acme")


def test_an_icon(site: Any) -> None:
    folder, entry = icons(site, icon_small="{en_US: small.png, zh_Hans: small_zh.svg}", icon_large="{en_US: l.png}")
    (folder / "_assets" / "small.png").write_bytes(PNG)
    (folder / "_assets" / "small_zh.svg").write_bytes(SVG)
    assert entry.icon("icon_small") == (PNG, "image/png")
    assert entry.icon("icon_small", "zh_Hans") == (SVG, "image/svg+xml")
    assert entry.icon("icon_small", "pt_BR") == (PNG, "image/png")
    assert entry.icon("icon_small_dark") == (PNG, "image/png"), "the light one stands in"


def test_a_dark_icon(site: Any) -> None:
    folder, entry = icons(site, icon_small="{en_US: a.png}", icon_small_dark="{en_US: b.svg}")
    (folder / "_assets" / "b.svg").write_bytes(SVG)
    assert entry.icon("icon_small_dark") == (SVG, "image/svg+xml")


def test_the_type_is_told_from_the_bytes(site: Any) -> None:
    folder, entry = icons(site, icon_small="{en_US: wrong.png}")
    (folder / "_assets" / "wrong.png").write_bytes(SVG)
    assert entry.icon("icon_small") == (SVG, "image/svg+xml")


def test_what_is_not_there(site: Any) -> None:
    _, entry = icons(site, icon_small="{en_US: gone.png}")
    with pytest.raises(LookupError, match="acme has no icon_large"):
        entry.icon("icon_large")
    with pytest.raises(LookupError, match=r"the file 'gone\.png' of icon_small is missing") as caught:
        entry.icon("icon_small")
    assert isinstance(caught.value, MRTError)
    with pytest.raises(ValueError, match="use one of icon_small, icon_large"):
        entry.icon("icon_medium")


@pytest.mark.parametrize(
    "name",
    ["../secret", "_assets/../../secret", "/etc/hostname", "a//b", "./secret", "..\\secret", "C:secret", "a\0b", ""],
)
def test_nothing_outside_of_the_plugin_is_read(name: str, site: Any) -> None:
    (site.path / "secret").write_bytes(PNG)
    _, entry = icons(site, icon_small="{en_US: placeholder}")
    entry.schema.icon_small = entry.schema.icon_small.model_copy(update={"en_US": name})
    with pytest.raises(LookupError):
        entry.icon("icon_small")


def test_installers_that_link_files_are_fine(site: Any, tmp_path: Path) -> None:
    folder, entry = icons(site, icon_small="{en_US: small.png}")
    (tmp_path / "store.png").write_bytes(PNG)
    (folder / "_assets" / "small.png").symlink_to(tmp_path / "store.png")
    assert entry.icon("icon_small") == (PNG, "image/png")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a..", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x20ftypavif", "image/avif"),
        (b"\0\0\1\0\1\0", "image/x-icon"),
        (SVG, "image/svg+xml"),
        (b"\xef\xbb\xbf \n" + SVG, "image/svg+xml"),
        (b'<?xml version="1.0"?>\n<!-- by <b>hand</b> -->\n' + SVG, "image/svg+xml"),
        (b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a.dtd" [<!ENTITY a "b">]><SVG >', "image/svg+xml"),
        (b"<html><svg></svg></html>", "application/octet-stream"),
        (b"<svgish/>", "application/octet-stream"),
        (b"", "application/octet-stream"),
        (b"RIFF\0\0\0\0WAVE", "application/octet-stream"),
    ],
)
def test_media_types(data: bytes, kind: str) -> None:
    assert media_type(data) == kind


@pytest.mark.parametrize("data", [b" " * 4096, b"<!--" * 1000, b"<?xml " * 700, b" <!---->" * 500])
def test_no_text_is_tried_in_every_split(data: bytes) -> None:
    """With a pattern that does so, this would not end."""
    assert media_type(data) == "application/octet-stream"
