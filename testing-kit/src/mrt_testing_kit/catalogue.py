"""What a check is, and all of them by id.

A check is a function that takes a `Context`, under a decorator that says what it is for::

    @check(
        "STR-11",
        "clean EOF without finish raises, partial kept",
        bugs=["BerriAI/litellm#42085"],
        faults=["F15"],
        fix="Raise from the stream's end unless a finish reason or the end mark was seen.",
    )
    def str_11(ctx: Context) -> None:
        "A stream that ends before its finish reason is an answer that was cut off; a made-up 'stop' hides that."
        with ctx.fault("F15", after=2):
            error = ctx.chat("Count to twenty.").fails(InvokeConnectionError)
        ctx.equal(error.partial.text, "1 2", "the text on the error")
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal, get_args

from mrt_testing_kit.manifest import CONTRACT, GROUPS, TITLES, group_of

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

Way = Literal["sync", "async", "stream", "astream"]
Tier = Literal["static", "wire", "deep"]
Level = Literal["required", "advisory"]
Phase = Literal["main", "end"]
CheckFunction = Callable[["Context"], None]

TIERS: tuple[Tier, ...] = get_args(Tier)
WHOLE: tuple[Way, ...] = ("sync", "async")
STREAMS: tuple[Way, ...] = ("stream", "astream")
EVERY: tuple[Way, ...] = (*WHOLE, *STREAMS)
WAYS: dict[str, tuple[Way, ...]] = {
    "llm": EVERY,
    "text-embedding": WHOLE,
    "rerank": WHOLE,
    "speech2text": WHOLE,
    "tts": EVERY,
    "moderation": WHOLE,
}
"""Model type to the ways in which its models can be called."""

ALL_TYPES: tuple[str, ...] = tuple(WAYS)

# What a check is about when it does not say so: the model types, and the ways.
_DEFAULTS: dict[str, tuple[tuple[str, ...], tuple[Way, ...]]] = {
    **dict.fromkeys(("LLM", "TOL", "PAR", "CNT", "USG", "RSN"), (("llm",), EVERY)),
    "STR": (("llm",), STREAMS),
    "EMB": (("text-embedding",), WHOLE),
    "RRK": (("rerank",), WHOLE),
    "TTS": (("tts",), EVERY),
    "STT": (("speech2text",), WHOLE),
    "MOD": (("moderation",), WHOLE),
    "ERR": (ALL_TYPES, EVERY),
    "SEC": (ALL_TYPES, EVERY),
    "CRD": (ALL_TYPES, ("sync",)),
    "CON": (ALL_TYPES, ()),
    "PRF": (ALL_TYPES, ()),
    **dict.fromkeys(("PKG", "SCH", "MET"), ((), ())),
}

# Groups whose checks take longer: the first one that is run builds the distribution.
_LIMITS = {"PKG": 300.0}

# Groups that ask for nothing that a vendor could lack: what they look at is the plugin's own.
_ESSENTIAL = frozenset({"PKG", "SCH", "SEC", "CON", "MET"})


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the contract.

    Args:
        id: Such as ``STR-11``.
        title: What holds when it passes, in a few words.
        function: Judges a provider; passes by returning.
        why: What goes wrong for users otherwise.
        bugs: Where this was reported for real: ``owner/repository#number``.
        faults: Ids of the faults that it plays.
        tier: ``static`` needs no server, ``wire`` is the default, ``deep`` takes longer.
        model_types: Model types that it is run for; empty for one run per provider.
        ways: Ways of calling that it is run for, as far as the model type has them; empty for one run, in which the
            check chooses by itself.
        needs: Features that the model has to declare; ``a|b`` is either. Without them the check does not apply.
        level: ``advisory`` is reported and fails nobody.
        fix: What to do about a failure.
        since: The first contract that has it.
        essential: No vendor is a reason to do without it, so no deviation but a known bug excuses it. The group decides
            when left out.
        phase: ``end`` runs after all others and looks at the run.
        limit: Seconds that one run may take; the group decides when left out.
    """

    id: str
    title: str
    function: CheckFunction = field(repr=False)
    why: str = ""
    bugs: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    tier: Tier = "wire"
    model_types: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    needs: tuple[str, ...] = ()
    level: Level = "required"
    fix: str = ""
    since: str = CONTRACT
    essential: bool = False
    phase: Phase = "main"
    limit: float = 30.0

    @property
    def group(self) -> str:
        """The three letters before the number."""
        return group_of(self.id)


class UnknownCheck(ValueError):
    """There is no check of this id; the message names the nearest."""


CATALOGUE: dict[str, Check] = {}
"""All checks that are loaded, by id."""


def check(
    id: str,
    title: str,
    *,
    why: str = "",
    bugs: Sequence[str] = (),
    faults: Sequence[str] = (),
    tier: Tier = "wire",
    model_types: Sequence[str] | None = None,
    ways: Sequence[Way] | None = None,
    needs: Sequence[str] = (),
    level: Level = "required",
    fix: str = "",
    since: str = CONTRACT,
    essential: bool | None = None,
    phase: Phase = "main",
    limit: float | None = None,
) -> Callable[[CheckFunction], CheckFunction]:
    """Make a function a check. For the arguments see `Check`; `why` is the function's docstring when left out.

    Raises:
        ValueError: The id is not in the contract, or has a check already.
    """

    def register(function: CheckFunction) -> CheckFunction:
        if id not in TITLES:
            raise ValueError(f"{id} is not in {CONTRACT}: enter it in mrt_testing_kit.manifest first")
        known = CATALOGUE.get(id)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"{id} is checked by {known.function.__module__} already")
        types, their_ways = _DEFAULTS[group_of(id)]
        CATALOGUE[id] = Check(
            id=id,
            title=title,
            function=function,
            why=why or inspect.cleandoc(function.__doc__ or ""),
            bugs=tuple(bugs),
            faults=tuple(faults),
            tier=tier,
            model_types=types if model_types is None else tuple(model_types),
            ways=their_ways if ways is None else tuple(ways),
            needs=tuple(needs),
            level=level,
            fix=fix,
            since=since,
            essential=group_of(id) in _ESSENTIAL if essential is None else essential,
            phase=phase,
            limit=_LIMITS.get(group_of(id), 30.0) if limit is None else limit,
        )
        return function

    return register


def load() -> dict[str, Check]:
    """Import every module of ``mrt_testing_kit.checks`` and return the checks, in the contract's order."""
    from mrt_testing_kit import checks

    for module in sorted(module.name for module in iter_modules(checks.__path__)):
        import_module(f"{checks.__name__}.{module}")
    place = {id: number for number, id in enumerate(TITLES)}
    return {id: CATALOGUE[id] for id in sorted(CATALOGUE, key=place.__getitem__)}


def select(words: str | Iterable[str] | None) -> list[str]:
    """Return the ids that words name, in the contract's order.

    Args:
        words: Ids (``STR-11``, ``str_11``) and groups (``STR``); None for all.

    Raises:
        UnknownCheck: A word names nothing.
    """
    if words is None:
        return list(TITLES)
    wanted: set[str] = set()
    for word in (words,) if isinstance(words, str) else words:
        name = word.strip().upper().replace("_", "-")
        found = [id for id in TITLES if name in (id, group_of(id))]
        if not found:
            near = [id for id in TITLES if id.replace("-0", "-") == name or id.startswith(name)][:3]
            near = near or difflib.get_close_matches(name, [*GROUPS, *TITLES], 3, 0.5)
            hint = f"did you mean {' or '.join(near)}?" if near else f"groups are {', '.join(GROUPS)}"
            if len(re.split(r"[\s,]+", name)) > 1:
                hint = "name one check or group at a time; -k may be repeated"
            raise UnknownCheck(f"{word!r} is no check of {CONTRACT}: {hint}")
        wanted.update(found)
    return [id for id in TITLES if id in wanted]
