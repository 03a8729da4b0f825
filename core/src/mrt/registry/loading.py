"""Imports what an entry point names, whatever that module does when it is imported."""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

from mrt._similar import most_like
from mrt.errors import PluginError
from mrt.registry.failure import Broken

__all__ = ["check_api", "load_object"]


def load_object(value: str) -> Any:
    """Import an entry point's module and return the object that it names.

    Args:
        value: ``module:attribute``, or ``module`` for the module itself.

    Raises:
        Broken: The import failed in any way, `SystemExit` included, or the object is not there.
    """
    module_name, _, path = (part.strip() for part in value.partition(":"))
    try:
        found: Any = importlib.import_module(module_name)
        for name in path.split(".") if path else ():
            owner = found
            try:
                found = getattr(owner, name)
            except AttributeError as error:
                raise PluginError(f"'{value}' is not there: {_names(owner, name)}") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise Broken("import", error) from error
    return found


def _names(owner: Any, name: str) -> str:
    where = owner.__name__ if isinstance(owner, ModuleType) else type(owner).__name__
    near = most_like(name, [known for known in vars(owner) if not known.startswith("_")])
    hint = f", but it has '{near[0]}'" if near else ""
    return f"{where} has no '{name}'{hint}"


def check_api(plugin: Any, distribution: str) -> None:
    """Refuse a plugin that was written for a hook contract that this core does not speak.

    Raises:
        Broken: Its `mrt_api` is another number; the reason says what to upgrade.
    """
    from mrt.hookspecs import SUPPORTED_APIS

    number = inspect.getattr_static(plugin, "mrt_api", None)
    if number is None or (type(number) is int and number in SUPPORTED_APIS):
        return
    spoken = " and ".join(map(str, sorted(SUPPORTED_APIS)))
    if type(number) is not int:
        told = f"mrt_api is {number!r}; it has to be a number, for example {max(SUPPORTED_APIS)}"
    elif number > max(SUPPORTED_APIS):
        told = f"it declares mrt_api {number}, and this mrt-core speaks {spoken}: upgrade mrt-core"
    else:
        whom = distribution or "the plugin"
        told = f"it declares mrt_api {number}, and this mrt-core speaks {spoken}: upgrade {whom}"
    raise Broken("api", PluginError(told, distribution=distribution or None))
