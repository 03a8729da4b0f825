"""MRT plugin for OpenLLM servers of both generations."""

from __future__ import annotations
