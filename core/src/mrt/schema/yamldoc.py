"""Reads one YAML file into plain data.

The data is that of a safe YAML load, with these differences, all to the benefit of text:

- a scalar under a key that holds text is kept as it is written: ``value: 1.10`` is "1.10";
- only ``true`` and ``false`` are booleans, so that ``language: no`` is Norwegian;
- dates and clock times are text.

Tags are never executed, a key that is given twice is noted, nesting and aliases are bounded. Reading goes straight from
the parser's nodes to data, which is quicker than the stock constructor although it finds more.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mrt.entities.plain import is_list, is_mapping
from mrt.schema.findings import Finding, KeyPath, Severity, dotted
from mrt.schema.shapes import TEXT_KEYS
from mrt.schema.yamlnodes import (
    CONSTANTS,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    NUMBER_STARTS,
    STANDARD_TAGS,
    compose,
    depth_of,
    may_nest,
    number,
    size,
)


class Document:
    """One file: its data, and where each part of it stands.

    Args:
        file: The file.
        text_list: Whether the file is a list of names, as position files are.
        read: Whether to read it; otherwise it is only a place for findings.
    """

    def __init__(self, file: str | os.PathLike[str], *, text_list: bool = False, read: bool = True) -> None:
        self.file = os.fspath(file)
        self.data: Any = None
        self.root: Any = None
        self.findings: list[Finding] = []
        self._aliased: dict[int, Any] | None = None
        self._open: set[int] = set()
        if read:
            self._read(text_list)

    @property
    def path(self) -> Path:
        """The file as a path."""
        return Path(self.file)

    @property
    def broken(self) -> bool:
        """Whether there is no usable data. A key that is given twice is an error of the author; the last one counts."""
        return any(finding.severity == "error" and finding.code != "duplicate-key" for finding in self.findings)

    def _read(self, text_list: bool) -> None:
        try:
            with open(self.file, "rb") as stream:
                data = stream.read()
        except OSError as error:
            self.note("error", "unreadable", (), f"cannot be read: {error.strerror or error}")
            return
        if not self._is_safe(data):
            return
        import yaml

        try:
            self.root = compose(data)
        except yaml.YAMLError as error:
            self._note_syntax(error, data)
            return
        except RecursionError:
            self.note("error", "too-deep", (), f"is nested more than {MAX_DEPTH} levels deep")
            return
        if self.root is None:
            self.note("error", "empty-file", (), "is empty")
            return
        if b"&" in data:
            self._aliased = {}
        self.data = self._build(self.root, (), text_list)
        if self.data is None and not self.findings:
            self.note("error", "empty-file", (), "is empty")
        if self._aliased and not self.broken and size(self.data, {}) > MAX_VALUES:
            self.note(
                "error", "too-many-aliases", (), f"has more than {MAX_VALUES} values when its aliases are followed"
            )

    def _is_safe(self, data: bytes) -> bool:
        if len(data) > MAX_BYTES:
            self.note("error", "too-large", (), f"has {len(data)} bytes; {MAX_BYTES} are the limit")
        elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self.note("error", "encoding", (), "is UTF-16; save it as UTF-8", at=(0, 0))
        elif may_nest(data) and depth_of(data) > MAX_DEPTH:
            self.note("error", "too-deep", (), f"is nested more than {MAX_DEPTH} levels deep")
        return not self.findings

    def _note_syntax(self, error: Exception, data: bytes) -> None:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)
        line, column = (mark.line, mark.column) if mark is not None else (None, None)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as wrong:
            line, column = data.count(b"\n", 0, wrong.start), wrong.start - data.rfind(b"\n", 0, wrong.start) - 1
            self.note("error", "encoding", (), "is not UTF-8; save it as UTF-8", at=(line, column))
            return
        if line is not None and b"\t" in [*data.splitlines(), b""][line]:
            problem += "; the line has a tab, and YAML is indented with spaces"
        at = (line, column) if line is not None and column is not None else None
        self.note("error", "syntax", (), f"is no valid YAML: {problem}", at=at)

    def _build(self, node: Any, path: KeyPath, as_text: bool) -> Any:
        kind = node.id
        if kind == "scalar":
            return self._scalar(node, path, as_text)
        if node.tag is not None and node.tag not in STANDARD_TAGS:
            self._note_tag(node, path)
            return None
        if self._aliased is None:
            return self._mapping(node, path) if kind == "mapping" else self._sequence(node, path, as_text)
        known = id(node)
        if known in self._aliased:
            return self._aliased[known]
        if known in self._open:
            self.note("error", "recursive-alias", path, "contains itself through an alias", node=node)
            return None
        self._open.add(known)
        built = self._mapping(node, path) if kind == "mapping" else self._sequence(node, path, as_text)
        self._open.discard(known)
        self._aliased[known] = built
        return built

    def _sequence(self, node: Any, path: KeyPath, as_text: bool) -> list[Any]:
        return [self._build(item, (*path, index), as_text) for index, item in enumerate(node.value)]

    def _mapping(self, node: Any, path: KeyPath) -> dict[str, Any]:
        built: dict[str, Any] = {}
        merges: list[Any] = []
        for key_node, value_node in node.value:
            key = key_node.value
            if type(key) is not str:
                self.note("error", "complex-key", path, "has a list or a mapping as a key", node=key_node)
                continue
            if key == "<<" and not key_node.style:
                merges.append(value_node)
                continue
            if key in built:
                message = f"is given twice in this mapping, and the last one counts: keep one '{key}'"
                self.note("error", "duplicate-key", (*path, key), message, node=key_node)
            # Scalars are handled here and not by a call, as there are many.
            if value_node.id == "scalar" and value_node.tag is None:
                text = value_node.value
                if value_node.style:
                    built[key] = text
                elif text in CONSTANTS:
                    constant = CONSTANTS[text]
                    built[key] = text.lower() if constant is not None and key in TEXT_KEYS else constant
                elif key in TEXT_KEYS or text[0] not in NUMBER_STARTS:
                    built[key] = text
                else:
                    built[key] = number(text)
            else:
                built[key] = self._build(value_node, (*path, key), key in TEXT_KEYS)
        if "variable" in built and "default" in built:
            self._default_as_written(node, built)
        for merge in merges:
            self._merge(built, merge, path)
        return built

    def _default_as_written(self, node: Any, built: dict[str, Any]) -> None:
        # The default of a form's field is text, that of a parameter is not: the mapping has to be known to tell.
        for key_node, value_node in node.value:
            if key_node.value == "default" and value_node.id == "scalar" and built["default"] is not None:
                built["default"] = value_node.value

    def _merge(self, built: dict[str, Any], node: Any, path: KeyPath) -> None:
        merged = self._build(node, (*path, "<<"), False)
        for source in merged if is_list(merged) else [merged]:
            if not is_mapping(source):
                self.note("error", "merge", path, "a merge key << takes mappings only", node=node)
                return
            for key, value in source.items():
                built.setdefault(key, value)

    def _scalar(self, node: Any, path: KeyPath, as_text: bool) -> Any:
        text, tag = node.value, node.tag
        if tag is not None:
            if tag not in STANDARD_TAGS:
                self._note_tag(node, path)
                return None
            if tag.endswith(":str"):
                return text
        elif node.style:
            return text
        if text in CONSTANTS:
            constant = CONSTANTS[text]
            return text.lower() if constant is not None and as_text else constant
        return text if as_text or text[0] not in NUMBER_STARTS else number(text)

    def _note_tag(self, node: Any, path: KeyPath) -> None:
        message = f"has the tag {node.tag}, and tags are not read: write plain data"
        self.note("error", "tag", path, message, node=node)

    def find(self, path: KeyPath, *, key: bool = False) -> Any:
        """Return the node of a value, or of its key; of the nearest thing around it that exists."""
        node = self.root
        for step, part in enumerate(path):
            last = step == len(path) - 1
            if node is None or node.id == "scalar":
                break
            if node.id == "sequence":
                if not isinstance(part, int) or part >= len(node.value):
                    break
                node = node.value[part]
                continue
            pair = next((pair for pair in reversed(node.value) if pair[0].value == part), None)
            if pair is None:
                break
            node = pair[0] if last and key else pair[1]
        return node

    def is_plain(self, path: KeyPath) -> bool:
        """Tell whether a scalar is written without quotes."""
        node = self.find(path)
        return node is not None and node.id == "scalar" and not node.style and node.tag is None

    def note(
        self,
        severity: Severity,
        code: str,
        path: KeyPath,
        message: str,
        *,
        key: bool = False,
        node: Any = None,
        at: tuple[int, int] | None = None,
    ) -> None:
        """Add a finding about the value at a key path, or about its key."""
        if at is None and (node := node or (self.find(path, key=key) if path else None)) is not None:
            at = (node.start_mark.line, node.start_mark.column)
        line, column = (at[0] + 1, at[1] + 1) if at is not None else (None, None)
        self.findings.append(Finding(severity, message, self.file, line, column, dotted(path), code))
