"""The things that MRT speaks about: schemas, messages, requests and results."""

from __future__ import annotations
