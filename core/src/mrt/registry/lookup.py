"""What to say when a provider is not there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mrt._similar import most_like
from mrt.errors import ProviderNotFoundError

if TYPE_CHECKING:
    from mrt.registry.entry import ProviderEntry

_PACKAGE_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def bad_name(name: str) -> str | None:
    """Return what is wrong with a provider's name; None when nothing is."""
    if name and "/" not in name and name == name.strip() and name.isprintable():
        return None
    return f"{name!r} is no name for a provider: it has to be text without a slash, as in 'provider/model'"


def not_found(
    name: str, usable: Sequence[str], active: Sequence[ProviderEntry], *, is_installed: bool, is_disabled: bool
) -> ProviderNotFoundError:
    """Return the error that says why a provider cannot be had, and what to do.

    Args:
        name: What was asked for.
        usable: Names that can be used.
        active: Enabled providers of that name: none, a broken one, or several.
        is_installed: Whether a plugin of that name is there at all.
        is_disabled: Whether it was disabled.
    """
    if is_installed and is_disabled:
        how = f"take it out of MRT_DISABLED_PLUGINS, or call runtime.registry.enable('{name}')"
        told = f"provider '{name}' is disabled: {how}"
        return ProviderNotFoundError(told, provider=name)
    if len(active) > 1:
        whose = " and ".join(f"{entry.distribution} {entry.version}" for entry in active)
        told = f"provider '{name}' is brought by {whose}, so none is used: uninstall or disable all but one"
        return ProviderNotFoundError(told, provider=name)
    if active and (failure := active[0].broken) is not None:
        error = ProviderNotFoundError(f"provider {failure}", provider=name)
        error.__cause__ = failure.error
        return error
    return _unknown(name, usable)


def _unknown(name: str, usable: Sequence[str]) -> ProviderNotFoundError:
    # Whoever takes the distribution's name for the provider's is right about the distribution.
    wanted = name.lower().replace("_", "-").removeprefix("mrt-")
    near = most_like(wanted, usable, 3)
    package = f"mrt-{wanted}" if _PACKAGE_NAME.fullmatch(wanted) else "mrt-<provider>"
    how = f"each vendor is a plugin: pip install {package}"
    if near:
        names = " or ".join(f"'{item}'" for item in near)
        told = f"no provider is named '{name}'; did you mean {names}? Otherwise, {how}"
    elif usable:
        shown = ", ".join(usable[:10]) + (", ..." if len(usable) > 10 else "")
        told = f"no provider is named '{name}'; installed: {shown}. To get more, {how}"
    else:
        told = f"no provider is named '{name}', and none is installed: {how}"
    return ProviderNotFoundError(told, provider=name, suggestions=near)
