"""Why a plugin cannot be used."""

from __future__ import annotations

from typing import Literal, NamedTuple

from mrt.errors import MRTError

Phase = Literal["discover", "schema", "import", "register", "api"]

_WHAT: dict[str, str] = {
    "discover": "cannot be used",
    "schema": "has no usable description",
    "import": "cannot be imported",
    "register": "does not keep the hook contract",
    "api": "was written for another version of the hook contract",
}


class PluginFailure(NamedTuple):
    """One plugin that does not work, or not as it says.

    Args:
        provider: Name of the entry point; the name of the middleware for `group` ``mrt.middleware``.
        distribution: Distribution that brings it; empty for an object registered by hand.
        version: Version of the distribution.
        phase: How far it came: ``discover``, ``schema``, ``import``, ``register`` or ``api``.
        error: What went wrong, with its traceback.
        group: Entry-point group.
    """

    provider: str
    distribution: str
    version: str
    phase: Phase
    error: BaseException
    group: str = "mrt.providers"

    def __str__(self) -> str:
        return f"{origin(self.provider, self.distribution, self.version)} {_WHAT[self.phase]}: {reason(self.error)}"


class Broken(Exception):
    """Carries a reason and the phase in which it came up to whoever knows the plugin's name."""

    def __init__(self, phase: Phase, error: BaseException) -> None:
        super().__init__(str(error))
        self.phase: Phase = phase
        self.error = error


def origin(name: str, distribution: str, version: str) -> str:
    """Return a plugin's name with the distribution that brings it."""
    return f"{name} ({f'{distribution} {version}'.strip()})" if distribution else name


def reason(error: BaseException) -> str:
    """Return an error in one line."""
    text = " ".join(str(error).split())
    if isinstance(error, MRTError):
        return text
    if isinstance(error, SystemExit):
        return f"it exits the program with sys.exit({text})"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
