"""MRT plugin for the models of an Xinference server."""

from __future__ import annotations
