"""The checks of the contract: one module per group and theme, named after the group (``str_ends``)."""

from __future__ import annotations
