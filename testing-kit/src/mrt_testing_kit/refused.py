"""The report on a provider that core refuses to load because its files are wrong: the checks of the files fail."""

from __future__ import annotations

from typing import Any

from mrt import SchemaError
from mrt_testing_kit.catalogue import load
from mrt_testing_kit.explain import describe
from mrt_testing_kit.failure import CheckFailure
from mrt_testing_kit.identity import version_of
from mrt_testing_kit.report import CaseResult, Report, blank

_IDS = {
    "default-type": "SCH-09",
    "min-above-max": "SCH-04",
    "duplicate-parameter": "SCH-07",
    "missing-key": "SCH-02",
    "wrong-kind": "SCH-02",
    "unknown-word": "SCH-02",
}
"""Code of a finding to the check that is about it; SCH-01 is about all of them."""


def report_of(error: BaseException, provider: Any, dialect: str) -> Report | None:
    """Return the report on a provider whose files cannot be used; None when something else is wrong.

    Args:
        error: What was raised when the provider was to be loaded.
        provider: What was to be tested.
        dialect: The vendor's dialect.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, SchemaError):
        cause = cause.__cause__
    if cause is None:
        return None
    name = provider if isinstance(provider, str) else type(provider).__name__
    report = Report(name, dialect, blank(), kit=version_of("mrt-testing-kit"), core=version_of("mrt-core"))
    report.source = provider if isinstance(provider, str) else ""
    report.notes.append(f"the provider cannot be loaded, so that nothing but its files was looked at: {name}")
    told: dict[str, list[str]] = {"SCH-01": [str(cause)]}
    for finding in cause.findings:
        if finding.severity == "error" and finding.code in _IDS:
            told.setdefault(_IDS[finding.code], []).append(str(finding))
    checks = load()
    for entry in report:
        entry.reason = "the provider cannot be loaded"
        if entry.id in told:
            failure = CheckFailure("the files cannot be used", expected="none", came="\n".join(told[entry.id]))
            text = describe(checks[entry.id], "", "", failure, "")
            entry.cases.append(CaseResult(entry.id, "", "fail", failure.sentence, text))
            entry.settle()
    return report
