"""Faults F01 to F60, one file per family.

``make("F41", status=503)`` builds one; ``describe()`` lists all with their options; ``applies("F15", "openai",
"chat")`` says whether one makes sense.
"""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.faults import families
from mrt_testing_kit.server.faults.base import REGISTRY, Fault, fault

families.load()


def make(id: str, **options: Any) -> Fault:
    """Build a fault.

    Args:
        id: ``F01`` to ``F60``.
        **options: the fault's own options.

    Raises:
        ValueError: no such fault, option or value; the message names the known ones.
    """
    if id not in REGISTRY:
        raise ValueError(f"no fault {id!r}; there are: {', '.join(sorted(REGISTRY))}")
    return REGISTRY[id](**options)


def applies(id: str, dialect: str, kind: str = "chat", stream: bool | None = None) -> bool:
    """Say whether a fault makes sense for a dialect and an endpoint; see ``Fault.applies``."""
    return REGISTRY[id].applies(dialect, kind, stream)


def describe() -> list[dict[str, Any]]:
    """Return for each fault its id, title, kinds, dialects, options and their choices."""
    return [
        {
            "id": cls.id,
            "title": cls.title,
            "kinds": sorted(cls.kinds),
            "stream": cls.stream,
            "dialects": sorted(cls.dialects),
            "without": sorted(cls.without),
            "options": dict(cls.options),
            "choices": {name: list(values) for name, values in cls.choices.items()},
            "stage": cls.stage,
        }
        for _, cls in sorted(REGISTRY.items())
    ]


__all__ = ["REGISTRY", "Fault", "applies", "describe", "fault", "make"]
