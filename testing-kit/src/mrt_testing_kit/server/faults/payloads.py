"""F50 to F59: documents that hold the wrong things."""

from __future__ import annotations

import base64
import math
import struct
from typing import Any

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import Fault, fault
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import base64_of
from mrt_testing_kit.server.wire import Reply, json_reply

EMBEDDING = frozenset({"embedding"})


def rows(payload: Any, name: str) -> list[Any]:
    """Return a list of a document; empty when it has none."""
    found = payload.get(name) if is_object(payload) else None
    return found if is_array(found) else []


def floats(vector: Any) -> list[float]:
    """Return a vector as numbers, also from base64."""
    if isinstance(vector, str):
        data = base64.b64decode(vector)
        return list(struct.unpack(f"<{len(data) // 4}f", data))
    return list(vector)


@fault("F50", "vectors shuffled", options={"how": "reverse"}, choices={"how": ("reverse", "rotate")})
class Shuffled(Fault):
    """The rows come in another order; their index is right."""

    kinds = EMBEDDING

    def payload(self, payload: Any, call: Call) -> Any:
        data = rows(payload, "data")
        data[:] = data[::-1] if self.o["how"] == "reverse" else [*data[1:], *data[:1]]
        return payload


@fault("F51", "too few or too many vectors", options={"by": 1})
class Short(Fault):
    """Rows are missing, or there is one more than was asked for."""

    kinds = EMBEDDING

    def payload(self, payload: Any, call: Call) -> Any:
        data, by = rows(payload, "data"), int(self.o["by"])
        if by > 0:
            del data[max(0, len(data) - by) :]
        elif data:
            data += [{**data[-1], "index": len(data) + n} for n in range(-by)]
        return payload


@fault("F52", "base64 for floats, and the reverse")
class OtherForm(Fault):
    """The vectors come in the form that was not asked for."""

    kinds = EMBEDDING

    def payload(self, payload: Any, call: Call) -> Any:
        for row in rows(payload, "data"):
            vector = row["embedding"]
            row["embedding"] = floats(vector) if isinstance(vector, str) else base64_of(vector)
        return payload


@fault(
    "F53",
    "NaN, null, infinity",
    options={"value": "nan", "at": 0},
    choices={"value": ("nan", "inf", "null", "text", "null-vector", "double")},
)
class OddNumbers(Fault):
    """One vector holds something that is no number, or is null altogether; or all are twice as long as usual."""

    kinds = EMBEDDING

    def payload(self, payload: Any, call: Call) -> Any:
        data = rows(payload, "data")
        if not data:
            return payload
        row, value = data[int(self.o["at"]) % len(data)], self.o["value"]
        if value == "double":
            for one in data:
                doubled = [2 * number for number in floats(one["embedding"])]
                one["embedding"] = base64_of(doubled) if isinstance(one["embedding"], str) else doubled
            return payload
        vector, coded = floats(row["embedding"]), isinstance(row["embedding"], str)
        odd: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "null": None, "text": "0.5"}
        if value == "null-vector" or (coded and value in ("null", "text")):
            row["embedding"] = None
            return payload
        changed = [odd[value], *vector[1:]]
        row["embedding"] = base64_of(changed) if coded else changed
        return payload


@fault("F54", "dimension", options={"which": "one", "by": -1}, choices={"which": ("one", "all", "empty")})
class Dimension(Fault):
    """One vector, or all, have another length; or they are empty."""

    kinds = EMBEDDING

    def payload(self, payload: Any, call: Call) -> Any:
        data, by = rows(payload, "data"), int(self.o["by"])
        for row in data if self.o["which"] != "one" else data[-1:]:
            vector, coded = floats(row["embedding"]), isinstance(row["embedding"], str)
            vector = [] if self.o["which"] == "empty" else vector[:by] if by < 0 else [*vector, *([0.5] * by)]
            row["embedding"] = base64_of(vector) if coded else vector
        return payload


@fault(
    "F55",
    "odd rerank results",
    options={"what": "unsorted"},
    choices={
        "what": (
            "unsorted",
            "sorted",
            "duplicate",
            "out-of-range",
            "negative",
            "null-score",
            "string-score",
            "nan-score",
            "zero",
            "logits",
            "no-text",
            "no-index",
            "other-text",
        )
    },
)
class OddRanks(Fault):
    """Unsorted, twice, out of range; null, text, NaN, zero or unbounded scores; without index or documents."""

    kinds = frozenset({"rerank"})

    def payload(self, payload: Any, call: Call) -> Any:
        results, what = rows(payload, "results"), self.o["what"]
        if what == "unsorted":
            results.sort(key=lambda item: item["index"])
        elif what == "sorted":
            results.sort(key=lambda item: -item["relevance_score"])
        elif what == "duplicate" and results:
            results.append(dict(results[0]))
        elif what in ("out-of-range", "negative") and results:
            results[0]["index"] = -1 if what == "negative" else len(call.body.get("documents") or []) + 3
        elif what == "zero" and results:
            results[-1]["relevance_score"] = 0.0
        for item in results:
            if what == "logits":
                # Exact in float32, too; from -8 to 8.
                item["relevance_score"] = item["relevance_score"] * 16 - 8
            elif what == "nan-score":
                item["relevance_score"] = math.nan
            elif what == "no-index":
                item.pop("index")
            elif what == "other-text":
                item["document"] = {"text": "A document of somebody else."}
            elif what == "null-score":
                item["relevance_score"] = None
            elif what == "string-score":
                item["relevance_score"] = str(item["relevance_score"])
            elif what == "no-text":
                item.pop("document", None)
        return payload


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

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if what == "verbose":
            segment: dict[str, Any] = {"id": 0, "start": 0.0, "end": 1.5, "text": "a segment", "tokens": [1]}
            more: dict[str, Any] = {
                "task": "transcribe",
                "language": "english",
                "duration": 1.5,
                "segments": [segment],
                "words": None,
            }
            return {**more, **payload, "logprobs": None}
        if what == "error":
            return {"error": {"message": "The oracle is deaf.", "type": "server_error"}}
        changed = {name: value for name, value in payload.items() if name != "text"}
        return changed if what == "missing" else {**changed, "text": "" if what == "empty" else None}


@fault(
    "F58",
    "odd moderation",
    options={"what": "short"},
    choices={"what": ("short", "none", "null", "null-item", "no-verdict", "unflagged", "unknown-category")},
)
class OddModeration(Fault):
    """Too few results, none, null, without a verdict, or a category that nobody knows; flagged or not."""

    kinds = frozenset({"moderation"})

    def payload(self, payload: Any, call: Call) -> Any:
        results, what = rows(payload, "results"), self.o["what"]
        if what == "short":
            del results[-1:]
        elif what == "none":
            results.clear()
        elif what == "null":
            payload["results"] = None
        elif what == "null-item":
            results[:] = [None for _ in results]
        elif what == "no-verdict":
            results[:] = [{} for _ in results]
        else:
            for item in results:
                item["categories"] = {**item["categories"], "oracle/heresy": True}
                item["category_scores"] = {**item["category_scores"], "oracle/heresy": 0.875}
                item["flagged"] = what == "unknown-category"
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

    def payload(self, payload: Any, call: Call) -> Any:
        what = self.o["what"]
        if not is_object(payload):
            return payload
        data = rows(payload, "data")
        if what == "holes":
            good = data[0] if data else {"id": "oracle"}
            nameless = {name: value for name, value in good.items() if name != "id"}
            payload["data"] = [nameless, {**good, "id": None}, *data, None, {}, {**good, "id": ""}]
        elif what == "empty":
            payload["data"] = []
        elif what == "null-data":
            payload["data"] = None
        else:
            payload.pop("data", None)
        return payload
