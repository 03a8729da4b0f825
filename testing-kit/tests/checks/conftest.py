"""Puts the folder of these tests on the path, for the providers that they share, and marks the proofs as slow.

Several hundred wrong providers, a second each: `pytest -m slow testing-kit/tests/checks` runs them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)
