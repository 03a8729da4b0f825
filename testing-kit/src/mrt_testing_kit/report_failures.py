"""The failures of a report, each cause once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mrt_testing_kit.report import CaseResult, Report

# What changes from case to case while the sentence stays the same.
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(\.\d+)?|\ba?(sync|stream)\b")


@dataclass(slots=True)
class Failure:
    """What failed for one cause.

    Args:
        first: The case that is shown whole.
        cases: The other cases of the same check.
        ids: The other checks that fail for the same cause.
    """

    first: CaseResult
    cases: list[str] = field(default_factory=list[str])
    ids: list[str] = field(default_factory=list[str])

    @property
    def also(self) -> str:
        """The other cases and checks in a line; empty when there is none."""
        return "; ".join(", ".join(names) for names in (self.cases, self.ids) if names)


def failures(report: Report) -> list[Failure]:
    """Return what failed, in the contract's order.

    The same failure in several ways of calling is one failure. A bug of the plugin, such as a class that cannot be
    imported, is the same one wherever it shows.
    """
    found: dict[tuple[str, str], Failure] = {}
    for check in report.failed:
        for case in check.cases:
            if case.status != check.status:
                continue
            first = found.get(cause := _cause(case))
            if first is None:
                found[cause] = Failure(case)
            elif first.first.id == case.id:
                first.cases.append(case.case or "provider")
            elif case.id not in first.ids:
                first.ids.append(case.id)
    return list(found.values())


def _cause(case: CaseResult) -> tuple[str, str]:
    if case.came.startswith("PluginError:"):
        # How much of a stream had come is another matter.
        return "", case.came.partition(", partial text ")[0]
    return case.id, _VALUES.sub("", case.reason)
