"""Leaves out what only systems with modes of files can do."""

from __future__ import annotations

import sys

collect_ignore = ["test_profile_modes.py"] if sys.platform == "win32" else []
