"""MRT plugin for any server that speaks the OpenAI HTTP dialect."""

from __future__ import annotations
