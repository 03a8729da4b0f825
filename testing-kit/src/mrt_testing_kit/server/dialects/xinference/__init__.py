"""The dialect of Xinference 4.1, to the letter of what a real server was recorded to say."""

from __future__ import annotations

from mrt_testing_kit.server.dialects.xinference.dialect import Xinference

__all__ = ["Xinference"]
