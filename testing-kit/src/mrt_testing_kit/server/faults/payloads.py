"""F50 to F54 and F59: vectors and lists that hold the wrong things."""

from __future__ import annotations

import math
from typing import Any

from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import Fault, fault
from mrt_testing_kit.server.loose import is_array, is_object
from mrt_testing_kit.server.oracle import base64_of, odd_numbers
from mrt_testing_kit.server.results import Listed, Rows, Vector
from mrt_testing_kit.server.trouble import DialectError, change_lists

EMBEDDING = frozenset({"embedding"})


def need_index(rows: Rows[Any]) -> None:
    """Go on only where rows tell their index.

    Raises:
        DialectError: They do not, so that their order is all there is.
    """
    if not rows.indexed:
        raise DialectError("their rows have no index, and are in the order of the request")


@fault(
    "F50",
    "vectors shuffled",
    options={"how": "reverse"},
    choices={"how": ("reverse", "rotate", "twice", "beyond", "negative", "text", "none")},
)
class Shuffled(Fault):
    """The rows come in another order and their index is right; or they are in order, and one index is wrong.

    ``text``: reversed, each index in quotes; ``none``: in order, without any index.
    """

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("index",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        need_index(rows)
        how, found = self.o["how"], rows.rows
        if how in ("reverse", "text"):
            rows.rows = found[::-1]
        elif how == "rotate":
            rows.rows = [*found[1:], *found[:1]]
        elif found and how != "none":
            found[-1].index = {"twice": 0, "beyond": len(found), "negative": -1}[how]
        for row in rows:
            row.index = str(row.index) if how == "text" else ABSENT if how == "none" else row.index
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


@fault(
    "F52",
    "base64 for floats, and the reverse",
    options={"what": "whole"},
    choices={"what": ("whole", "torn", "words")},
)
class OtherForm(Fault):
    """The vectors come in the form that was not asked for; or as base64 that lacks bytes, or as words."""

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("vector",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        if rows.coded is None:
            raise DialectError("their vectors have one form only")
        if self.o["what"] == "whole":
            rows.coded = not rows.coded
        else:
            last = rows.rows[-1]
            # Three bytes are no number.
            last.vector = base64_of(last.vector)[:-4] if self.o["what"] == "torn" else "no vector"
        return rows


_ONE = ("nan", "inf", "minus-inf", "null", "text", "null-vector", "nested")


@fault(
    "F53",
    "NaN, null, infinity",
    options={"value": "nan", "at": 0, "place": 0},
    choices={"value": (*_ONE, "double", "zero", "odd")},
)
class OddNumbers(Fault):
    """One vector holds something that is no number, or is null altogether; or all have numbers that are rare.

    ``at`` is the vector and ``place`` the number in it. ``double``: all are twice as long as usual; ``zero``: all have
    the length 0; ``odd``: see ``oracle.odd_numbers``.
    """

    kinds = EMBEDDING

    def fields(self) -> tuple[str, ...]:
        return ("vector",)

    def told(self, rows: Rows[Vector], call: Call) -> Rows[Vector]:
        value = self.o["value"]
        if value in _ONE and rows.rows:
            row = rows.rows[int(self.o["at"]) % len(rows)]
            row.vector = self.spoilt(list(row.vector), is_coded=bool(rows.coded))
        for place, row in enumerate(rows.rows if value not in _ONE else ()):
            size = len(row.vector)
            row.vector = {
                "double": [2 * number for number in row.vector],
                "zero": [0.0] * size,
                "odd": odd_numbers(place, size),
            }[value]
        return rows

    def spoilt(self, vector: list[Any], *, is_coded: bool) -> Any:
        """Return a vector with something wrong in it."""
        value = self.o["value"]
        # Base64 has no null, no text and no list in it.
        if value == "null-vector" or (is_coded and value in ("null", "text", "nested")):
            return None
        if value == "nested":
            return [vector]
        odd: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "minus-inf": -math.inf, "null": None, "text": "0.5"}
        vector[int(self.o["place"]) % len(vector)] = odd[value]
        return vector


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
