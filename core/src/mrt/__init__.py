"""Model RunTime: one interface to every AI model vendor, each vendor a plugin."""

from __future__ import annotations
