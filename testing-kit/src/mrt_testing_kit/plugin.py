"""The pytest plugin of the testing kit."""

from __future__ import annotations
