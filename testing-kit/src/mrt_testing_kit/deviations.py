"""Deviations that a provider's authors declare in ``contract.toml``.

    contract = "MRT-C 2026.1"             # optional: the contract that the file was reviewed for

    [LLM-04]
    level = "vendor-unsupported"          # or not-implemented, known-bug
    reason = "The API does not say which model has answered."
    link = "https://example.com/docs"     # the vendor's page that says so, or where the bug is tracked
    expires = 2027-03-01                  # known-bug: the day until which it is mended, within a year
    model_types = ["llm"]                 # optional: only these
    ways = ["stream", "astream"]          # optional: only these

It is strict both ways: a check that passes although it is listed fails the run, and so does an entry that is wrong. An
essential check (`Check.essential`), which no vendor is a reason to fail, is excused by a known bug alone.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from mrt.entities.plain import is_list
from mrt_testing_kit.catalogue import ALL_TYPES, EVERY, Check, UnknownCheck, select
from mrt_testing_kit.manifest import CONTRACT, TITLES

DeviationLevel = Literal["vendor-unsupported", "not-implemented", "known-bug"]
LEVELS: tuple[DeviationLevel, ...] = get_args(DeviationLevel)
_KEYS = ("level", "reason", "link", "expires", "model_types", "ways")
_LINKS: dict[Any, str] = {
    "vendor-unsupported": "give the vendor's page that says so",
    "known-bug": "say where it is tracked",
}
"""Level to what its link has to show; the others need none."""
MOST_DAYS = 366
"""How far ahead the date of a known bug may lie."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One entry of ``contract.toml``; see the module."""

    id: str
    level: DeviationLevel
    reason: str
    link: str = ""
    expires: datetime.date | None = None
    model_types: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()

    def covers(self, kind: str | None, way: str | None) -> bool:
        """Tell whether it is meant for a model type and a way of calling."""
        return (not self.model_types or kind in self.model_types) and (not self.ways or way in self.ways)

    def expired(self, today: datetime.date | None = None) -> bool:
        """Tell whether its date has passed."""
        return self.expires is not None and (today or datetime.date.today()) > self.expires

    def refusal(self, check: Check, declared: bool) -> str | None:
        """Return why it may not excuse a check; None when it may.

        Args:
            check: The check.
            declared: Whether the model declares all features that the check needs.
        """
        if self.level == "known-bug":
            return f"its known bug was to be mended by {self.expires}" if self.expired() else None
        if check.essential:
            return (
                f"a plugin cannot do without {check.id}, whatever its vendor does: only a known-bug with a link and a "
                "date excuses it"
            )
        if check.needs and declared:
            needs = ", ".join(check.needs)
            return (
                f"the schema declares {needs}, and what is declared cannot be {self.level}: take it out of the schema"
            )
        return None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in the file: the table, a sentence, and whether it is about date or link of a known bug."""

    id: str
    sentence: str
    is_dated: bool = False

    def __str__(self) -> str:
        return f"[{self.id}] {self.sentence}"


@dataclass(frozen=True, slots=True)
class Deviations:
    """All entries of a file.

    Args:
        entries: By check id.
        problems: What is wrong with the file.
        path: The file; empty when there is none.
        contract: The contract that it names; empty when it names none.
    """

    entries: Mapping[str, Deviation]
    problems: Sequence[Problem] = ()
    path: str = ""
    contract: str = ""

    def find(self, check: Check, kind: str | None, way: str | None) -> Deviation | None:
        """Return the entry that is meant for a run of a check, or None."""
        entry = self.entries.get(check.id)
        return entry if entry is not None and entry.covers(kind, way) else None


NONE = Deviations({})


def read(path: str | Path | None, *, must_exist: bool = False) -> Deviations:
    """Read a file of deviations.

    Args:
        path: The file; without one, or when it is not there, nothing deviates.
        must_exist: Whether a missing file is an error.

    Raises:
        FileNotFoundError: It has to exist and does not.
    """
    if path is None:
        return NONE
    file = Path(path)
    if not file.is_file():
        if must_exist:
            raise FileNotFoundError(f"no file {file}")
        return NONE
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Deviations({}, [Problem(file.name, f"is no TOML: {error}")], str(file))
    return parse(table, str(file))


def parse(table: Mapping[str, Any], path: str = "") -> Deviations:
    """Read a table of deviations; what is wrong with it becomes `Deviations.problems`."""
    entries: dict[str, Deviation] = {}
    problems: list[Problem] = []
    contract = table.get("contract", "")
    if not isinstance(contract, str):
        problems.append(Problem("contract", f"is {contract!r}; write a contract's number, such as {CONTRACT!r}"))
    for id, fields in table.items():
        if id == "contract":
            continue
        found = _problems(id, fields)
        problems += found
        if not found:
            entries[id] = Deviation(
                id,
                fields["level"],
                fields["reason"].strip(),
                fields.get("link", ""),
                fields.get("expires"),
                tuple(fields.get("model_types", ())),
                tuple(fields.get("ways", ())),
            )
    return Deviations(entries, problems, path, str(contract))


def _problems(id: str, fields: Any) -> list[Problem]:
    if id not in TITLES:
        try:
            near = select(id)[0]
        except UnknownCheck as error:
            return [Problem(id, str(error))]
        return [Problem(id, f"is not one check: write one table per id, such as [{near}]")]
    if not isinstance(fields, dict):
        return [Problem(id, "is no table")]
    entry = cast("dict[str, Any]", fields)
    told = [f"has an unknown key {key!r}; known are {', '.join(_KEYS)}" for key in entry if key not in _KEYS]
    level, reason, link = entry.get("level"), entry.get("reason"), entry.get("link", "")
    if level not in LEVELS:
        told.append(f"level is {level!r}; it has to be one of {', '.join(LEVELS)}")
    if not isinstance(reason, str) or not reason.strip():
        told.append("has no reason: say in a sentence why")
    elif len(reason.strip()) < 8:
        told.append(f"reason {reason!r} is too short: say in a sentence why")
    if not isinstance(link, str):
        told.append("link is no text")
    elif level == "vendor-unsupported" and not link.strip():
        told.append(f"is {level} without link: {_LINKS[level]}")
    for key, known in (("model_types", ALL_TYPES), ("ways", EVERY)):
        listed: Any = entry.get(key, [])
        if not is_list(listed):
            told.append(f"{key} is {listed!r}; it is a list of {', '.join(known)}")
        else:
            told += [f"{key} has {item!r}; known are {', '.join(known)}" for item in listed if item not in known]
    dated = _date_problems(entry, level == "known-bug")
    return [Problem(id, sentence) for sentence in told] + [Problem(id, sentence, True) for sentence in dated]


def _date_problems(entry: Mapping[str, Any], is_bug: bool) -> list[str]:
    told: list[str] = []
    expires, latest = entry.get("expires"), datetime.date.today() + datetime.timedelta(MOST_DAYS)
    if expires is None:
        told += ["is a known-bug without expires: say by when it is mended"] if is_bug else []
    elif not isinstance(expires, datetime.date) or isinstance(expires, datetime.datetime):
        told.append(f"expires is {expires!r}; write a date without quotes, such as 2027-03-01")
    elif is_bug and expires > latest:
        told.append(f"expires on {expires}, and {latest} is the latest day: agree on a nearer one")
    if is_bug and not entry.get("link"):
        told.append(f"is a known-bug without link: {_LINKS['known-bug']}")
    return told
