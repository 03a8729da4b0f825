"""The dialects that ship with the kit, one folder or file each."""

from __future__ import annotations

import pkgutil
from importlib import import_module

_BUILT_IN = ("openai", "xinference", "anthropic", "openllm", "openllm_old")


def load() -> None:
    """Import every built-in dialect, which registers it."""
    for name in _BUILT_IN:
        import_module(f"mrt_testing_kit.server.dialects.{name}")


def find(name: str) -> str:
    """Return the name of a dialect that is given by its name, or as ``module:Class``, which registers it.

    Raises:
        LookupError: There is none, and the message names the known ones; or it is not right.
    """
    from mrt_testing_kit.server.app import OracleServer
    from mrt_testing_kit.server.dialects.base import DIALECTS, Dialect

    load()
    if ":" in name:
        try:
            found = pkgutil.resolve_name(name)
        except Exception as error:
            # Whatever a module raises that is imported.
            raise LookupError(f"the dialect {name!r} cannot be imported: {type(error).__name__}: {error}") from error
        if not (isinstance(found, type) and issubclass(found, Dialect)):
            raise LookupError(f"{name!r} is no class derived from Dialect")
        name = found.name or name
        DIALECTS[name] = found
    if name not in DIALECTS:
        raise LookupError(f"no dialect {name!r}; there are: {', '.join(sorted(DIALECTS))}, or module:Class")
    try:
        # One that never starts: it looks whether the dialect is whole.
        OracleServer(name, settings=DIALECTS[name].tested_with)
    except ValueError as error:
        raise LookupError(str(error)) from error
    return name
