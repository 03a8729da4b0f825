"""A right provider that reads the machine's proxies once, as clients do that live as long as their process."""

from __future__ import annotations

from typing import Any
from urllib.request import getproxies

from mrt_testing_kit.references.openai_client import client, plugin

__all__ = ["plugin"]

_FOUND = getproxies()


def _once() -> dict[str, str]:
    return _FOUND


_client: Any = client
_client.getproxies = _once
