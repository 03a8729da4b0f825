"""How much core alone installs: distributions and bytes, without bytecode."""

from __future__ import annotations

from importlib.metadata import Distribution, distribution
from pathlib import Path

import mrt


def closure(name: str) -> dict[str, Distribution]:
    """Return the installed distributions that one needs, itself included; extras are left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, Distribution] = {}
    waiting = [Requirement(name)]
    while waiting:
        wanted = waiting.pop()
        key = canonicalize_name(wanted.name)
        if key not in found and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            found[key] = distribution(wanted.name)
            waiting += [Requirement(text) for text in found[key].requires or []]
    return found


def installed(name: str = "mrt-core") -> dict[str, float]:
    """Return how many distributions an installation has, and how many megabytes (10**6 bytes) of files."""
    found = closure(name)
    size = sum(_size(part) for part in found.values())
    return {f"{name} alone, distributions": float(len(found)), f"{name} alone, MB": size / 1e6}


def _size(part: Distribution) -> int:
    files = [part.locate_file(file) for file in part.files or [] if "__pycache__" not in file.parts]
    if part.name == "mrt-core":
        # Installed editable, its files are elsewhere.
        files = [file for file in Path(mrt.__file__).parent.rglob("*") if "__pycache__" not in file.parts]
    return sum(file.stat().st_size for file in files if file.is_file())  # type: ignore[attr-defined]
