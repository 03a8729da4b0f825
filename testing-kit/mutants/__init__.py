"""Wrong providers, and what catches them: the proof that the testing kit bites.

A mutant is a reference provider with one mistake more. ``python testing-kit/mutants`` makes each, runs the check that
is meant to catch it, and counts.
"""

from __future__ import annotations
