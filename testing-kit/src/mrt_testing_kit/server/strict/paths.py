"""S4: the path as the vendor has it."""

from __future__ import annotations

import re

from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict.rules import Violation

_VERSION_TWICE = re.compile(r"(/v\d+)\1(?=/|$)")
_BARE = re.compile(r"[^!-~]|%(?![0-9A-Fa-f]{2})")


def tidy(path: str) -> str:
    """Return a path as a tolerant server reads it: single slashes, the version once."""
    return _VERSION_TWICE.sub(r"\1", re.sub(r"/{2,}", "/", path))


def check(request: RecordedRequest) -> list[Violation]:
    """Return what is wrong with a request's target, whether or not it has an endpoint."""
    path = request.raw_path
    found: list[str] = []
    if not path.startswith("/"):
        found.append(f"the target {request.target!r} is not a path")
    if "//" in path:
        found.append(f"the path {path} has a double slash")
    if _VERSION_TWICE.search(path):
        found.append(f"the path {path} has the version twice")
    if _BARE.search(path):
        found.append(f"the path {path!r} has characters that must be percent-encoded")
    return [Violation("S4", sentence, status=404) for sentence in found]
