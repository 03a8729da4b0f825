"""F50 to F59: answers that hold the wrong things."""

from __future__ import annotations

import math
from typing import Any

from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import Fault, fault
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.results import Listed, Rank, Rows, Vector, Verdict
from mrt_testing_kit.server.trouble import DialectError, change_lists
from mrt_testing_kit.server.wire import Reply, json_reply

EMBEDDING = frozenset({"embedding"})


def need_index(rows: Rows[Any]) -> None:
    """Go on only where rows tell their index.

    Raises:
        DialectError: They do not, so that their order is all there is.
    """
    if not rows.indexed:
        raise DialectError("their rows have no index, and are in the order of the request")


@fault("F50", "vectors shuffled", options={"how": "reverse"}, choices={"how": ("reverse", "rotate")})
class Shuffled(Fault):
    """The rows come in another order; their index is right."""

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("index",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        need_index(rows)
        found = rows.rows
        rows.rows = found[::-1] if self.o["how"] == "reverse" else [*found[1:], *found[:1]]
        return rows


@fault("F51", "too few or too many vectors", options={"by": 1})
class Short(Fault):
    """Rows are missing, or there is one more than was asked for."""

    kinds = EMBEDDING

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        found, by = rows.rows, int(self.o["by"])
        if by > 0:
            del found[max(0, len(found) - by) :]
        elif found:
            found += [found[-1].copy(index=len(found) + number) for number in range(-by)]
        return rows


@fault("F52", "base64 for floats, and the reverse")
class OtherForm(Fault):
    """The vectors come in the form that was not asked for."""

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("vector",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        if rows.coded is None:
            raise DialectError("their vectors have one form only")
        rows.coded = not rows.coded
        return rows


@fault(
    "F53",
    "NaN, null, infinity",
    options={"value": "nan", "at": 0},
    choices={"value": ("nan", "inf", "null", "text", "null-vector", "double")},
)
class OddNumbers(Fault):
    """One vector holds something that is no number, or is null altogether; or all are twice as long as usual."""

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("vector",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        value = self.o["value"]
        if value == "double":
            for row in rows:
                row.vector = [2 * number for number in row.vector]
        elif rows.rows:
            row = rows.rows[int(self.o["at"]) % len(rows)]
            odd: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "null": None, "text": "0.5"}
            # Base64 has no null and no text in it.
            is_none = value == "null-vector" or (rows.coded and value in ("null", "text"))
            row.vector = None if is_none else [odd[value], *row.vector[1:]]
        return rows


@fault("F54", "dimension", options={"which": "one", "by": -1}, choices={"which": ("one", "all", "empty")})
class Dimension(Fault):
    """One vector, or all, have another length; or they are empty."""

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("vector",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        which, by = self.o["which"], int(self.o["by"])
        for row in rows.rows if which != "one" else rows.rows[-1:]:
            row.vector = [] if which == "empty" else row.vector[:by] if by < 0 else [*row.vector, *([0.5] * by)]
        return rows


_ORDERS = ("unsorted", "sorted", "duplicate", "out-of-range", "negative", "no-index")
_SCORES = ("null-score", "string-score", "nan-score", "zero", "logits")


@fault(
    "F55",
    "odd rerank results",
    options={"what": "unsorted"},
    choices={"what": (*_ORDERS, *_SCORES, "no-text", "other-text")},
)
class OddRanks(Fault):
    """Unsorted, twice, out of range; null, text, NaN, zero or unbounded scores; without index or documents."""

    kinds = frozenset({"rerank"})

    def fields(self) -> tuple[str, ...]:
        what = self.o["what"]
        return (
            ("index",)
            if what in _ORDERS
            else ("score",)
            if what in _SCORES
            else ("text",)
            if what == "other-text"
            else ()
        )

    def told(self, rows: Rows[Rank], call: Call) -> Rows[Rank]:
        what, found = self.o["what"], rows.rows
        if what in _ORDERS:
            need_index(rows)
        if what == "unsorted":
            found.sort(key=lambda row: row.index)
        elif what == "sorted":
            found.sort(key=lambda row: -row.score)
        elif what == "duplicate" and found:
            found.append(found[0].copy())
        elif what in ("out-of-range", "negative") and found:
            found[0].index = -1 if what == "negative" else rows.asked + 3
        elif what == "zero" and found:
            # The last of those that are sorted.
            min(found, key=lambda row: (row.score, -row.index)).score = 0.0
        for row in found:
            if what == "logits":
                # Exact in float32, too; from -8 to 8.
                row.score = row.score * 16 - 8
            elif what == "nan-score":
                row.score = math.nan
            elif what == "no-index":
                row.index = ABSENT
            elif what == "other-text":
                row.text = "A document of somebody else."
            elif what == "null-score":
                row.score = None
            elif what == "string-score":
                row.score = str(row.score)
            elif what == "no-text":
                row.text = ABSENT
        return rows


@fault(
    "F56",
    "odd audio",
    options={"what": "empty", "content_type": "text/plain"},
    choices={"what": ("empty", "json", "words", "type", "truncated")},
)
class OddAudio(Fault):
    """No bytes, a document instead of audio (also one that is called audio), another type, or half of the bytes."""

    kinds = frozenset({"speech"})

    def replace(self, call: Call) -> Reply | None:
        if self.o["what"] not in ("json", "words"):
            return None
        reply = json_reply(call.dialect.error_value(500, "The oracle has lost its voice."), 200)
        if self.o["what"] == "words":
            reply.set_header("content-type", "audio/mpeg")
        return reply

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data = b"".join(blocks)
        return {"empty": [], "truncated": [data[: len(data) // 3]]}.get(self.o["what"], blocks)

    def reply(self, reply: Reply, call: Call) -> Reply:
        if self.o["what"] == "type":
            reply.set_header("content-type", self.o["content_type"])
        return reply


@fault(
    "F57",
    "odd transcript",
    options={"what": "empty"},
    choices={"what": ("empty", "null", "missing", "error", "verbose")},
)
class OddTranscript(Fault):
    """Empty, null or missing text, an error in its place, or a document with more in it than was asked for."""

    kinds = frozenset({"transcription"})

    def places(self, call: Call) -> frozenset[str]:
        return frozenset({"payload" if self.o["what"] in ("error", "verbose") else "transcript"})

    def transcript(self, text: Any, call: Call) -> Any:
        return {"empty": "", "null": None, "missing": ABSENT}.get(self.o["what"], text)

    def payload(self, payload: Any, call: Call) -> Any:
        if self.o["what"] == "error":
            return {"error": {"message": "The oracle is deaf.", "type": "server_error"}}
        if self.o["what"] != "verbose" or not is_object(payload):
            return payload
        segment: dict[str, Any] = {"id": 0, "start": 0.0, "end": 1.5, "text": "a segment", "tokens": [1]}
        more: dict[str, Any] = {
            "task": "transcribe",
            "language": "english",
            "duration": 1.5,
            "segments": [segment],
            "words": None,
        }
        return {**more, **payload, "logprobs": None}


@fault(
    "F58",
    "odd moderation",
    options={"what": "short"},
    choices={"what": ("short", "none", "null", "null-item", "no-verdict", "unflagged", "unknown-category")},
)
class OddModeration(Fault):
    """Too few results, none, null, without a verdict, or a category that nobody knows; flagged or not."""

    kinds = frozenset({"moderation"})

    def places(self, call: Call) -> frozenset[str]:
        return frozenset({"told"})

    def fields(self) -> tuple[str, ...]:
        return ("flagged", "categories") if self.o["what"] in ("unflagged", "unknown-category") else ()

    def told(self, rows: Rows[Verdict], call: Call) -> Rows[Verdict]:
        what = self.o["what"]
        if what == "short":
            del rows.rows[-1:]
        elif what == "none":
            rows.rows.clear()
        elif what in ("unflagged", "unknown-category"):
            for row in rows:
                row.categories = {**row.categories, "oracle/heresy": True}
                row.scores = {**row.scores, "oracle/heresy": 0.875}
                row.flagged = what == "unknown-category"
        return rows

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if what not in ("null", "null-item", "no-verdict"):
            return payload
        count = None if call.rows is None else len(call.rows)
        item: Any = None if what == "null-item" else {}
        payload, found = change_lists(
            payload, ("results",), count, lambda items: None if what == "null" else [item for _ in items]
        )
        if count and not found:
            raise DialectError("they have no list with a verdict for each text")
        return payload


@fault(
    "F59",
    "holes in the model list",
    options={"what": "holes"},
    choices={"what": ("holes", "no-data", "null-data", "empty")},
)
class Holes(Fault):
    """Entries without an id, with null for one, or null themselves; or no list at all."""

    kinds = frozenset({"models"})

    def told(self, rows: Rows[Listed], call: Call) -> Rows[Listed]:
        if self.o["what"] == "empty":
            rows.rows.clear()
        elif self.o["what"] == "holes":
            rows.rows = [Listed(ABSENT), Listed(None), *rows, Listed("")]
        return rows

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if call.rows is None and is_object(payload) and is_array(payload.get("data")):
            return self.open(payload)
        if call.rows is None:
            raise DialectError("it builds them without call.listing()", "Let the handler call it.")
        if what in ("no-data", "null-data"):
            value = None if what == "null-data" else ABSENT
            payload, found = change_lists(payload, ("data",), len(call.rows), lambda _: value)
            if not found:
                raise DialectError("they have no list with an entry for each model")
        return payload

    def open(self, payload: dict[str, Any]) -> Any:
        """Put holes into a list of cards."""
        what, data = self.o["what"], payload["data"]
        if what == "no-data":
            return {name: value for name, value in payload.items() if name != "data"}
        if what == "holes":
            good = data[0] if data else {"id": "oracle"}
            nameless = {name: value for name, value in good.items() if name != "id"}
            data = [nameless, {**good, "id": None}, *data, None, {}, {**good, "id": ""}]
        return {**payload, "data": None if what == "null-data" else [] if what == "empty" else data}
