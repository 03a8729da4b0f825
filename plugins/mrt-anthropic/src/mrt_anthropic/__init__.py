"""MRT plugin for the Anthropic Messages API."""

from __future__ import annotations
