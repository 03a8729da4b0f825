"""From bytes to YAML nodes, without tags, without recursion that could go too deep; and from scalars to values."""

from __future__ import annotations

import math
import operator
import re
from functools import cache
from typing import Any

from mrt.entities.plain import is_list, is_mapping

MAX_BYTES = 4 << 20
MAX_DEPTH = 64
MAX_VALUES = 200_000

CONSTANTS: dict[str, Any] = {
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
}
NUMBER_STARTS = frozenset("0123456789+-.")
# The numbers of YAML 1.1 without those to base 60: what a writer leaves unquoted as text must not become a number.
_INT = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]+|0|[1-9][0-9_]*)\Z")
_FLOAT = re.compile(r"(?:[-+]?[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?\Z")
_ODD_FLOAT = re.compile(r"(?:([-+]?)\.(inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
# Nesting that could go deep: the parser recurses in C, where too much of it ends the process. Each level needs a
# bracket, a deeper line, or one more indicator on the line.
_INDENTED = b" " * 56
_COMPACT = re.compile(rb"(?:[-?:][ \t]+){4}")
STANDARD_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}


def compose(data: bytes) -> Any:
    """Return the root node of a document, or None when there is none.

    Raises:
        YAMLError: It is no valid YAML, or more than one document.
        RecursionError: It nests too deep for the parser in Python.
    """
    loader = _loader_class()(data)
    try:
        return loader.get_single_node()
    finally:
        loader.dispose()


def number(text: str) -> Any:
    """Return the number that a plain scalar is, or the text itself."""
    try:
        if text.isdecimal() and text.isascii() and text[0] != "0":
            return int(text)
        if _INT.match(text):
            digits = text.replace("_", "")
            bare = digits.lstrip("+-")
            base = {"0b": 2, "0x": 16}.get(bare[:2], 8 if len(bare) > 1 and bare[0] == "0" else 10)
            return int(digits, base)
        if _FLOAT.match(text):
            return float(text.replace("_", ""))
    except ValueError:  # more digits than the interpreter converts
        return text
    if odd := _ODD_FLOAT.match(text):
        return float(f"{odd[1]}inf") if odd[2] else math.nan
    return text


def size(value: Any, known: dict[int, int]) -> int:
    """Count the values of a document with its aliases followed; what is met again is not walked again."""
    if not is_mapping(value) and not is_list(value):
        return 1
    if id(value) not in known:
        items = value.values() if is_mapping(value) else value
        known[id(value)] = 1 + sum(size(item, known) for item in items)
    return known[id(value)]


def may_nest(data: bytes) -> bool:
    """Tell whether a document could nest deep, by a look that costs next to nothing."""
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH // 2 or _INDENTED in data:
        return True
    may_be = b"- -" in data or b"- ?" in data or b"-  " in data or b"-\t" in data or b"? " in data or b"?\t" in data
    return may_be and _COMPACT.search(data) is not None


def depth_of(data: bytes) -> int:
    """Return how deep a document nests, up to the first syntax error, without recursion."""
    import yaml

    deepest = depth = 0
    loader = _loader_class()(data)
    try:
        while deepest <= MAX_DEPTH and loader.check_event():
            event = loader.get_event()
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                deepest = max(deepest, depth)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return deepest  # the parser proper stops at the same place and says why
    finally:
        loader.dispose()
    return deepest


@cache
def _loader_class() -> Any:
    """Return a loader that composes nodes and does not resolve tags: in C where libyaml is there."""
    try:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]

        parts: list[Any] = [CParser]
    except ImportError:
        from yaml.composer import Composer
        from yaml.parser import Parser
        from yaml.reader import Reader
        from yaml.scanner import Scanner

        parts = [Reader, Scanner, Parser, Composer]

    def init(self: Any, stream: bytes) -> None:
        for part in parts:
            part.__init__(self, *((stream,) if part is parts[0] else ()))

    def resolve(self: Any, kind: Any, value: Any, implicit: Any) -> None:
        return None

    def nothing(self: Any, *_: Any) -> None:
        return None

    # The parser calls the last two before and after each node and does nothing with what they return: builtins, which
    # take the same number of arguments, cost it the least.
    members: dict[str, Any] = {
        "__init__": init,
        "resolve": resolve,
        "descend_resolver": operator.is_,
        "ascend_resolver": bool,
    }
    if not hasattr(parts[0], "dispose"):
        members["dispose"] = nothing
    return type("NodeLoader", tuple(parts), members)
