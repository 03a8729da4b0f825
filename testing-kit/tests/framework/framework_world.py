"""The small providers in a process of their own, with the small checks in place of the contract's."""

from __future__ import annotations

from framework_checks import install
from framework_providers import CREDENTIALS, plugin, right, wrong

__all__ = ["CREDENTIALS", "plugin", "right", "wrong"]

install()
