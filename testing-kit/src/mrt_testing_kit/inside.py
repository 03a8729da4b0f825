"""What belongs to a provider inside this process: its packages, its objects, what its modules hold."""

from __future__ import annotations

import gc
import locale
import logging
import os
import socket
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from mrt import ModelType

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context

_NOT_ITS_OWN = ("mrt", "builtins", "abc", "typing")


def packages(ctx: Context) -> frozenset[str]:
    """Return the packages, or single modules, that the provider's classes come from; core's are left out."""
    plugin = ctx.target.plugin
    found = {plugin.__name__} if isinstance(plugin, ModuleType) else {type(plugin).__module__}
    make = getattr(plugin, "model", None)
    if callable(make) and ctx.kind is not None:
        # A `Provider` has its model classes elsewhere, and knows them by type.
        found |= {base.__module__ for base in type(make(ModelType(ctx.kind))).__mro__}
    return frozenset(_package(name) for name in found if name.partition(".")[0] not in _NOT_ITS_OWN)


def _package(module: str) -> str:
    # The kit's own references are packages of their own, each.
    top = module.partition(".")[0]
    return ".".join(module.split(".")[:3]) if top == "mrt_testing_kit" else top


def belongs(module: str, owners: frozenset[str]) -> bool:
    """Tell whether a module is one of the provider's."""
    return any(module == owner or module.startswith(f"{owner}.") for owner in owners)


def modules(owners: frozenset[str]) -> dict[str, ModuleType]:
    """Return the provider's modules that are imported."""
    return {name: module for name, module in list(sys.modules.items()) if belongs(name, owners)}


def process_state() -> dict[str, object]:
    """Return what all code of this process shares, and a plugin has to leave alone."""
    return {
        "socket.setdefaulttimeout": socket.getdefaulttimeout(),
        "the working folder": os.getcwd(),
        "the locale": locale.setlocale(locale.LC_ALL),
        "sys.excepthook": sys.excepthook,
        "sys.setrecursionlimit": sys.getrecursionlimit(),
        "sys.setswitchinterval": sys.getswitchinterval(),
        "the level of the root logger": logging.getLogger().level,
        "logging.disable": logging.root.manager.disable,
    }


def instances(owners: frozenset[str]) -> list[Any]:
    """Return all living objects whose class is one of the provider's."""
    # Hundreds of thousands of objects have a few thousand classes, so that each class is judged once.
    is_own: dict[type[Any], bool] = {type: False}
    found: list[Any] = []
    for thing in gc.get_objects():
        kind = cast("Any", type(thing))
        own = is_own.get(kind)
        if own is None:
            own = is_own[kind] = not issubclass(kind, type) and belongs(str(kind.__module__), owners)
        if own:
            found.append(thing)
    return found
