"""Planting bugs in a provider's own code while it runs: its functions raise in place of what they do."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from mrt_testing_kit.inside import belongs

# An object's end is nothing that a call waits for, and Python drops what it raises.
_CORE = frozenset({"mrt", "mrt_testing_kit"})
_BETWEEN = frozenset({*sys.stdlib_module_names, "pluggy"})
_LEFT_ALONE = frozenset({"__del__", "<module>"})


def reached(owners: frozenset[str], call: Callable[[], object]) -> list[FunctionType]:
    """Make a call and return the provider's functions that it ran through, in order of their first use.

    Left out are those below a library's code: what that makes of their errors is its own affair.

    Args:
        owners: The provider's packages.
        call: Makes it, on this thread.
    """
    # By identity: the codes of two copies of a module are equal.
    codes: dict[int, CodeType] = {}
    handed_over: set[int] = set()

    def watch(frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and belongs(_module(frame), owners):
            codes.setdefault(id(frame.f_code), frame.f_code)
            if _is_below_a_library(frame, owners):
                handed_over.add(id(frame.f_code))

    kept = sys.getprofile()
    sys.setprofile(watch)
    try:
        call()
    finally:
        sys.setprofile(kept)
    known: dict[int, FunctionType] = {}
    for thing in gc.get_objects():
        if type(thing) is FunctionType and id(thing.__code__) in codes:
            known[id(thing.__code__)] = thing
    found = [known[code] for code in codes if code in known and code not in handed_over]
    # One that holds variables of another function, as with super(), cannot be given other code.
    return [one for one in found if one.__closure__ is None and one.__name__ not in _LEFT_ALONE]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _is_below_a_library(frame: FrameType, owners: frozenset[str]) -> bool:
    caller = frame.f_back
    while caller is not None and not belongs(_module(caller), _CORE):
        if _module(caller).partition(".")[0] not in _BETWEEN and not belongs(_module(caller), owners):
            return True
        caller = caller.f_back
    return False


# Takes whatever a function is given, and raises a constant that `planted` puts in.
_RAISING: CodeType = compile('def raising(*_, **__):\n    raise "BUG"', "planted", "exec").co_consts[0]


@contextmanager
def planted(function: FunctionType, bug: Exception) -> Generator[None]:
    """Let a function raise an exception in place of what it does."""
    code = function.__code__
    constants = tuple(bug if constant == "BUG" else constant for constant in _RAISING.co_consts)
    function.__code__ = _RAISING.replace(co_consts=constants, co_name=code.co_name)
    try:
        yield
    finally:
        function.__code__ = code
