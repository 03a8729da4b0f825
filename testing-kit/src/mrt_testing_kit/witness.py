"""Which features a request shows at work, whatever else a check found wrong with it."""

from __future__ import annotations

from mrt_testing_kit.server import RecordedRequest

_FILES = {"image": "vision", "audio": "audio", "video": "video", "application": "document"}


def features(request: RecordedRequest) -> set[str]:
    """Return the features that reached the vendor with a request, and were answered."""
    talk, answer = request.talk, request.answer
    if talk is None or answer is None or request.status is None or request.status >= 400:
        return set()
    files = [file.media_type.partition("/")[0] for turn in talk.turns for file in turn.images]
    found = {_FILES.get(kind, "vision") for kind in files}
    if talk.tools and answer.calls:
        found.add("tool-call")
    if answer.reasoning:
        found.add("reasoning")
    return found
