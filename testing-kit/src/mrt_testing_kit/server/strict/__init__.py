"""Strict modes S1 to S6: the requests that picky vendors refuse.

S1 unknown, null and missing fields, and what is demanded besides; S2 at most four stop strings; S3 the grammar of
messages and inputs; S4 the path; S5 the credentials' header; S6 tool flags without tools. Each dialect names its
fields and its grammar; see ``Dialect.strict``.
"""

from __future__ import annotations

from mrt_testing_kit.server.strict.rules import Violation

__all__ = ["Violation"]
