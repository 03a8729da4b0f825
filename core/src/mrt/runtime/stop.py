"""Stop texts, enforced on answers that the vendor did not cut."""

from __future__ import annotations

from collections.abc import Sequence


class StopFilter:
    """Cuts a text that comes in pieces at the first stop text, literally, also across the borders of pieces.

    Args:
        stop: The stop texts.
    """

    __slots__ = ("_held", "_longest", "_stop", "stopped")

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._longest = max(map(len, self._stop), default=0)
        self._held = ""
        self.stopped = False

    def feed(self, piece: str) -> str:
        """Return what may be shown: all but an end that could be the start of a stop text."""
        text = self._held + piece
        found = [place for place in map(text.find, self._stop) if place >= 0]
        if found:
            self.stopped = True
            self._held = ""
            return text[: min(found)]
        keep = self._possible_start(text)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def end(self) -> str:
        """Return what was held back, at the end of the text."""
        held, self._held = self._held, ""
        return held

    def _possible_start(self, text: str) -> int:
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            tail = text[-size:]
            if any(stop.startswith(tail) for stop in self._stop):
                return size
        return 0


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """Return a text up to the first stop text."""
    places = [place for place in (text.find(word) for word in stop if word) if place >= 0]
    return text[: min(places)] if places else text
