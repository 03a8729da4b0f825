"""Names for shell completion and for hints: from metadata and description files, without vendor code."""

from __future__ import annotations

from mrt.errors import MRTError
from mrt.registry import Registry


def provider_names() -> list[str]:
    """Return the names of the installed providers."""
    return Registry(True).names()


def model_names(provider: str) -> list[str]:
    """Return the predefined models of a provider as ``provider/model``; none when it cannot be read."""
    try:
        entry = Registry(True).get(provider)
        return [f"{provider}/{model.model}" for model in entry.schema.models if not model.deprecated]
    except MRTError:
        return []
