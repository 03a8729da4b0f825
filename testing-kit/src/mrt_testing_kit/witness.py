"""Which features a request shows at work, whatever else a check found wrong with it: those that only go to the vendor.

What comes back, such as calls of tools, is at work when the provider gives it on.
"""

from __future__ import annotations

from mrt_testing_kit.server import RecordedRequest

_FILES = {"image": "vision", "audio": "audio", "video": "video", "application": "document"}


def features(request: RecordedRequest) -> set[str]:
    """Return the features that reached the vendor with a request, and were answered."""
    talk, answer = request.talk, request.answer
    if talk is None or answer is None or request.status is None or request.status >= 400:
        return set()
    files = [file.media_type.partition("/")[0] for turn in talk.turns for file in turn.images]
    return {_FILES.get(kind, "vision") for kind in files}
