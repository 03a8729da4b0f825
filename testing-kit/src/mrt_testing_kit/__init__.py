"""Proves that an MRT plugin keeps the contract: checks, a fake server, a pytest plugin."""

from __future__ import annotations
