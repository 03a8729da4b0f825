"""What goes to stdout: JSON documents and plain, aligned text."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Sequence
from typing import Any

GAP = "  "
_NARROWEST_LAST_COLUMN = 16


def write(text: str, end: str = "\n") -> None:
    """Write a part of the result and flush it, so that a pipe sees it at once."""
    sys.stdout.write(text + end)
    sys.stdout.flush()


def write_json(value: Any) -> None:
    """Write one JSON document on one line; entities and records are dumped."""
    write(json.dumps(value, ensure_ascii=False, default=plain))


def plain(value: Any) -> Any:
    """Return an entity or a record as plain data."""
    if hasattr(value, "model_fields"):
        return value.model_dump(mode="json", exclude_none=True, by_alias=False)
    if hasattr(value, "model_dump"):
        return value.model_dump()
    return str(value)


def width() -> int:
    """Return how wide text may be: the terminal's width, 80 where there is no terminal."""
    return max(40, shutil.get_terminal_size((80, 24)).columns) if sys.stdout.isatty() else 80


def table(rows: Sequence[Sequence[str]], headers: Sequence[str] = (), indent: str = "", first: int = 40) -> str:
    """Return rows in aligned columns; the last column is wrapped at the page's width.

    Args:
        rows: Cells by row; all rows have the same number of cells.
        headers: Names of the columns; none leaves the line out.
        indent: What every line begins with.
        first: Columns that the first cell may take; after a longer one the row goes on in the next line.
    """
    lines = [list(headers), *map(list, rows)] if headers else [list(row) for row in rows]
    if not lines:
        return ""
    if len(lines[0]) > 1:
        lines = [part for line in lines for part in _broken(line, first)]
    sizes = [max(map(display_width, column)) for column in zip(*(line for line in lines if len(line) > 1), strict=True)]
    sizes = sizes or [0]
    start = display_width(indent) + sum(sizes[:-1]) + len(GAP) * (len(sizes) - 1)
    room = max(width() - start, _NARROWEST_LAST_COLUMN)
    printed: list[str] = []
    for line in lines:
        if len(line) == 1 < len(sizes):
            printed.append(f"{indent}{line[0]}")
            continue
        head = "".join(pad(cell, size) + GAP for cell, size in zip(line[:-1], sizes[:-1], strict=True))
        parts = wrap(line[-1], room)
        printed.append(f"{indent}{head}{parts[0]}".rstrip())
        printed += [f"{' ' * start}{part}" for part in parts[1:]]
    return "\n".join(printed)


def _broken(line: list[str], first: int) -> list[list[str]]:
    return [line] if display_width(line[0]) <= first else [line[:1], ["", *line[1:]]]


def wrap(text: str, room: int) -> list[str]:
    """Return a text as lines of at most `room` columns where its words allow that; at least one line."""
    if len(text) <= room and text.isascii() and text.isprintable():
        return [text.rstrip()]
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]


def paragraph(text: str, indent: str = "") -> str:
    """Return a text wrapped at the page's width."""
    return "\n".join(indent + line for line in wrap(text, width() - len(indent)))


def display_width(text: str) -> int:
    """Return the columns that a text takes on a terminal: East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def pad(text: str, size: int) -> str:
    """Return the text filled with spaces to a display width."""
    return text + " " * (size - display_width(text))
