"""What MRT costs, beside raw HTTP clients and the SDKs of its field: ``python -m benchmarks``."""

from __future__ import annotations
