"""F55 and F58: odd scores of documents, odd verdicts on texts."""

from __future__ import annotations

import math
from typing import Any

from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import Fault, fault
from mrt_testing_kit.server.faults.payloads import need_index
from mrt_testing_kit.server.oracle import odd_scores
from mrt_testing_kit.server.results import Rank, Rows, Verdict
from mrt_testing_kit.server.strict.rules import words
from mrt_testing_kit.server.trouble import DialectError, change_lists

_ORDERS = words("unsorted sorted reversed short twice duplicate out-of-range negative no-index text-index")
_SCORES = words("null-score string-score nan-score inf-score no-score zero logits odd")


@fault(
    "F55",
    "odd rerank results",
    options={"what": "unsorted", "at": None},
    choices={"what": (*sorted(_ORDERS | _SCORES), "no-text", "other-text")},
)
class OddRanks(Fault):
    """Unsorted, too few, twice, out of range; null, text, NaN, rare or no scores; without index or documents.

    ``at``: the row whose score is no number; all when left out. ``odd``: see ``oracle.odd_scores``.
    """

    kinds = frozenset({"rerank"})

    def fields(self) -> tuple[str, ...]:
        what = self.o["what"]
        if what in _ORDERS:
            return ("index",) if what != "short" else ()
        return ("score",) if what in _SCORES else ("text",) if what == "other-text" else ()

    def told(self, rows: Rows[Rank], call: Call) -> Rows[Rank]:
        what = self.o["what"]
        if what in _ORDERS:
            self.misplaced(rows)
        for row in rows.rows if what == "other-text" else ():
            row.text = "A document of somebody else."
        for row in rows.rows if what == "no-text" else ():
            row.text = ABSENT
        return self.scored(rows) if what in _SCORES else rows

    def misplaced(self, rows: Rows[Rank]) -> None:
        """Change the order of the rows, their number, or the index of one."""
        what, found = self.o["what"], rows.rows
        if what != "short":
            need_index(rows)
        if what == "unsorted":
            found.sort(key=lambda row: row.index)
        elif what == "sorted":
            found.sort(key=lambda row: -row.score)
        elif what == "reversed":
            found.reverse()
        elif what == "short":
            del found[-1:]
        elif what == "twice" and found:
            found[-1].index = found[0].index if len(found) > 1 else rows.asked
        elif what == "duplicate" and found:
            found.append(found[0].copy())
        elif what in ("out-of-range", "negative") and found:
            found[0].index = -1 if what == "negative" else rows.asked + 3
        for row in found if what in ("no-index", "text-index") else ():
            row.index = ABSENT if what == "no-index" else str(row.index)

    def scored(self, rows: Rows[Rank]) -> Rows[Rank]:
        """Change the scores."""
        what, found, at = self.o["what"], rows.rows, self.o["at"]
        if what == "zero" and found:
            # The last of those that are sorted.
            min(found, key=lambda row: (row.score, -row.index)).score = 0.0
        if what == "odd":
            for row, score in zip(found, odd_scores(len(found)), strict=True):
                row.score = score
        none: dict[str, Any] = {
            "nan-score": math.nan,
            "inf-score": math.inf,
            "null-score": None,
            "no-score": ABSENT,
        }
        for row in found if at is None or not found else [found[int(at) % len(found)]]:
            if what == "logits":
                # Exact in float32, too; from -8 to 8.
                row.score = row.score * 16 - 8
            elif what == "string-score":
                row.score = str(row.score)
            elif what in none:
                row.score = none[what]
        return rows


_WRONG = ("null", "null-item", "no-verdict")


@fault(
    "F58",
    "odd moderation",
    options={"what": "short"},
    choices={
        "what": (
            *("short", "none", *_WRONG, "text-verdict", "unflagged", "unknown-category"),
            *("low-scores", "high-scores", "no-categories"),
        )
    },
)
class OddModeration(Fault):
    """Too few results, none, null, without a verdict; or with categories, scores and verdict that do not agree.

    ``unflagged``: a category is true, and the text is not flagged; ``low-scores``: flagged for less than a half;
    ``high-scores``: not flagged for more than that; ``no-categories``: flagged in none.
    """

    kinds = frozenset({"moderation"})

    def places(self, call: Call) -> frozenset[str]:
        return frozenset({"told"})

    def fields(self) -> tuple[str, ...]:
        what = self.o["what"]
        if what in ("low-scores", "high-scores"):
            return ("scores",)
        return ("flagged", "categories") if what not in ("short", "none", *_WRONG) else ()

    def told(self, rows: Rows[Verdict], call: Call) -> Rows[Verdict]:
        what = self.o["what"]
        if what == "short":
            del rows.rows[-1:]
        elif what == "none":
            rows.rows.clear()
        for row in rows:
            if what in ("unflagged", "unknown-category"):
                row.categories = {**row.categories, "oracle/heresy": True}
                row.scores = {**row.scores, "oracle/heresy": 0.875}
                row.flagged = what == "unknown-category"
            elif what == "text-verdict":
                row.flagged = str(row.flagged).lower()
            elif what == "low-scores":
                row.scores = {name: 0.25 if found else 0.0078125 for name, found in row.categories.items()}
            elif what == "high-scores":
                row.scores = {name: 0.96875 if found else 0.75 for name, found in row.categories.items()}
            elif what == "no-categories":
                row.categories = dict.fromkeys(row.categories, False)
        return rows

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if what not in _WRONG:
            return payload
        count = None if call.rows is None else len(call.rows)
        item: Any = None if what == "null-item" else {}
        payload, found = change_lists(
            payload, ("results",), count, lambda items: None if what == "null" else [item for _ in items]
        )
        if count and not found:
            raise DialectError("they have no list with a verdict for each text")
        return payload
