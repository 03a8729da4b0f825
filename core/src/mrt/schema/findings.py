"""What is wrong in a file, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]
KeyPath = tuple[str | int, ...]

_RANK = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reader of the file should know.

    Args:
        severity: ``error``: the file is wrong; ``warning``: it loads, but something in it has no effect or is a
            mistake; ``info``: worth a look.
        message: One sentence; it says what to write instead where that is known.
        file: Path of the file.
        line: Line, from 1; None when the finding is about the whole file.
        column: Column, from 1.
        key_path: Where in the file, for example ``parameter_rules[2].default``.
        code: Stable short name of the rule, for example ``unknown-key``.
    """

    severity: Severity
    message: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    key_path: str = ""
    code: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        parts = [part for part in (place, self.severity, self.key_path, self.message) if part]
        return ": ".join(parts) + (f" [{self.code}]" if self.code else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain data, for JSON."""
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "key_path": self.key_path,
        }


def dotted(path: Sequence[str | int]) -> str:
    """Write a key path as text: ``parameter_rules[2].default``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort by file and line, worst first within a line, each finding once."""
    return sorted(
        dict.fromkeys(findings), key=lambda item: (item.file, item.line or 0, _RANK[item.severity], item.code)
    )


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether at least one finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def summary(title: str, findings: Sequence[Finding], limit: int = 10) -> str:
    """Write the message of an error that carries these findings: the errors, as many as a reader can take."""
    errors = [str(finding) for finding in findings if finding.severity == "error"]
    more = len(errors) - limit
    lines = errors[:limit] + ([f"... and {more} more"] if more > 0 else [])
    return "\n  ".join([f"{title}: {len(errors)} error{'s' if len(errors) != 1 else ''}", *lines])
