"""Moderation models with one mistake each."""

from __future__ import annotations

from typing import Any

from workshop_text import Moderation, Wrong, provider

import mrt
from mrt import HTTPResponse, Invocation, ModerationResult
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.moderation import SIZE

_KNOWN = ("violence", "hate", "harassment", "self-harm", "sexual", "illicit")


class FirstPiece(Moderation):
    def pieces(self, text: str) -> list[str]:
        return [text[:SIZE]]


class NoOverlap(Moderation):
    def pieces(self, text: str) -> list[str]:
        return [text[start : start + SIZE] for start in range(0, len(text), SIZE)]


class LosesTail(Moderation):
    def pieces(self, text: str) -> list[str]:
        return [text[start : start + SIZE] for start in range(0, max(1, len(text) - SIZE + 1), SIZE - 200)]


class LastVerdict(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        return super().read(results[-1:], 1, model)


class SendsWhole(Moderation):
    def pieces(self, text: str) -> list[str]:
        return [text]


class TidiesText(Moderation):
    def pieces(self, text: str) -> list[str]:
        return super().pieces(" ".join(text.split()))


class OpenWhenDown(Moderation):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        try:
            return (yield from super().exchange(invocation))
        except mrt.InvokeServerUnavailableError:
            return False


class OpenWhenOdd(Moderation):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> ModerationResult:
        try:
            return super().parse_response(invocation, response)
        except mrt.InvokeBadResponseError:
            return ModerationResult(False)


class AnyOfWhatCame(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        return super().read(results, len(results), model)


class NotFlaggedByDefault(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        for result in results:
            result.setdefault("flagged", False)
        return super().read(results, size, model)


class DropsCategory(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        found = super().read(results, size, model)
        found.categories = {name: hit for name, hit in found.categories.items() if name != "self-harm"}
        return found


class FirstCategories(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        found = super().read(results, size, model)
        found.categories = results[0]["categories"]
        return found


class LowestScore(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        found = super().read(results, size, model)
        names = list(found.scores)
        found.scores = {name: min(result["category_scores"][name] for result in results) for name in names}
        return found


class KnownCategories(Moderation):
    def read(self, results: Any, size: int, model: str) -> ModerationResult:
        found = super().read(results, size, model)
        found.categories = {name: found.categories[name] for name in _KNOWN}
        found.flagged = any(found.categories.values())
        return found


RIGHT = Wrong("", "", lambda: provider(moderation=Moderation))


def _wrong(check: str, made: type[Moderation], bug: str) -> Wrong:
    return Wrong(check, bug, lambda: provider(moderation=made))


WRONG = {
    f"{check}-{found.__name__}": _wrong(check, found, bug)
    for check, found, bug in (
        ("MOD-01", FirstPiece, "B187"),
        ("MOD-01", NoOverlap, "B187"),
        ("MOD-01", LosesTail, ""),
        ("MOD-01", LastVerdict, ""),
        ("MOD-03", SendsWhole, ""),
        ("MOD-03", FirstPiece, ""),
        ("MOD-03", TidiesText, ""),
        ("MOD-04", OpenWhenDown, ""),
        ("MOD-04", OpenWhenOdd, ""),
        ("MOD-05", AnyOfWhatCame, ""),
        ("MOD-05", NotFlaggedByDefault, ""),
        ("MOD-06", DropsCategory, ""),
        ("MOD-06", FirstCategories, ""),
        ("MOD-06", LowestScore, ""),
        ("MOD-07", KnownCategories, ""),
    )
}
