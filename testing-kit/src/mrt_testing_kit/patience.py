"""How long a run waits for what hangs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt_testing_kit.failure import NotRun

if TYPE_CHECKING:
    from mrt_testing_kit.catalogue import Check

ALLOWANCE = 120.0
"""Seconds that cases which hang may take in full, all together; after twice that nothing more is run."""

SHORT = 5.0
"""Seconds of a case whose time is cut."""


class Patience:
    """Gives each case its time, so that the whole ends some time, whatever hangs.

    A case that uses up its own limit fails. When one has, the others of its check have little time, for the check has
    failed already; and when cases that hang have used up the allowance, all have. What does not end in a time that was
    cut is not judged: with its own limit it might have passed.
    """

    def __init__(self) -> None:
        self._spent = 0.0
        self._hung: dict[str, str] = {}

    def limit(self, check: Check) -> float:
        """Return the seconds for a case of a check.

        Raises:
            NotRun: There is no time left.
        """
        if self._spent >= 2 * ALLOWANCE:
            raise NotRun(f"not run: the run had waited {self._spent:.0f} s for {self._who()}, which hung")
        cut = check.id in self._hung or self._spent >= ALLOWANCE
        return min(check.limit, SHORT) if cut else check.limit

    def note(self, check: Check, name: str, seconds: float) -> str:
        """Take down that a case hung.

        Args:
            check: Its check.
            name: The case.
            seconds: The time that it had.

        Returns:
            Why that is no verdict; empty when it is one.
        """
        self._spent += seconds
        if seconds >= check.limit:
            self._hung.setdefault(check.id, name)
            return ""
        after = self._hung.get(check.id) or self._who()
        return f"not judged: its time was cut to {seconds:g} s after {after} hung"

    def _who(self) -> str:
        names = list(self._hung.values())
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
