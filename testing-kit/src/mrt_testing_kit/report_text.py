"""A report as text for a terminal and as Markdown."""

from __future__ import annotations

from mrt_testing_kit.manifest import GROUPS
from mrt_testing_kit.report import CheckResult, Report, Status

_DEVIATIONS: tuple[Status, ...] = ("known-bug", "not-implemented", "vendor-unsupported")


def summary(report: Report) -> str:
    """Return the outcome in one line: ``MRT-C 2026.1: 287 pass, 14 vendor-unsupported, 0 known bugs``."""
    counts = report.counts
    parts = [f"{counts.get('fail', 0)} fail"] if report.failed else []
    parts.append(f"{counts.get('pass', 0)} pass")
    for status in ("vendor-unsupported", "not-implemented", "advisory"):
        if counts.get(status):
            parts.append(f"{counts[status]} {status}")
    known = counts.get("known-bug", 0)
    parts.append(f"{known} known bug{'' if known == 1 else 's'}")
    return f"{report.contract}: {', '.join(parts)}"


def subject(report: Report) -> str:
    """Return what was checked: provider, distribution, version."""
    if not report.distribution:
        return f"{report.provider} ({report.source or 'an object'})"
    return f"{report.provider} ({report.distribution} {report.version})"


def as_text(report: Report, *, transcripts: bool = True) -> str:
    """Return the report for a terminal: failures first, then what deviates, then a line per group.

    Args:
        report: The report.
        transcripts: Whether failures show what went over the wire.
    """
    lines: list[str] = []
    for check in report.failed:
        lines += ["", *_failure(check, transcripts)]
    for heading, checks in (
        ("Deviations", report.of(*_DEVIATIONS)),
        ("Advisory", report.of("advisory")),
    ):
        if checks:
            lines += ["", f"{heading}:"]
            lines += [f"  {check.id}  {check.status}: {check.reason}" for check in checks]
    lines += ["", f"{subject(report)}, dialect {report.dialect}, {report.tier} tier, {report.seconds:.1f} s"]
    lines += [f"  {line}" for line in group_lines(report)]
    lines += [f"note: {note}" for note in report.notes]
    lines.append(summary(report))
    return "\n".join(lines).lstrip("\n") + "\n"


def group_lines(report: Report) -> list[str]:
    """Return a line per group that was run at all, with its counts."""
    lines: list[str] = []
    for group, title in GROUPS.items():
        statuses = [check.status for check in report if check.group == group]
        counts = {status: statuses.count(status) for status in dict.fromkeys(statuses) if status != "not-run"}
        if counts:
            told = ", ".join(f"{number} {status}" for status, number in counts.items())
            lines.append(f"{group}  {title:<26}{told}")
    return lines


def _failure(check: CheckResult, transcripts: bool) -> list[str]:
    failed = [case for case in check.cases if case.status == check.status]
    lines: list[str] = []
    # The same failure in several ways of calling is one failure.
    told: dict[str, list[str]] = {}
    for case in failed:
        told.setdefault(case.reason, []).append(case.case or "provider")
    for reason, where in told.items():
        case = next(case for case in failed if case.reason == reason)
        lines += case.text.splitlines() or [f"{check.id}: {reason}"]
        if len(where) > 1:
            lines.append(f"  {'also:':<10}{', '.join(where[1:])}")
        if transcripts and case.transcript:
            lines += ["  on the wire:", *(f"    {line}" for line in case.transcript.splitlines())]
    return lines


def as_markdown(report: Report) -> str:
    """Return the report as a Markdown page."""
    facts = {
        "Contract": report.contract,
        "Provider": subject(report),
        "Dialect": report.dialect,
        "Tier": report.tier,
        "Testing kit": report.kit,
        "mrt-core": report.core,
        "Python": f"{report.python} on {report.platform}",
        "Content hash": f"`{report.content_hash}`" if report.content_hash else "not installed from a wheel",
        "Date": report.started,
    }
    lines = [f"# Contract report: {report.provider}", "", f"**{summary(report)}**", ""]
    lines += [f"- {name}: {value}" for name, value in facts.items() if value]
    for group, title in GROUPS.items():
        checks = [check for check in report if check.group == group and check.status != "not-run"]
        if checks:
            lines += ["", f"## {group}: {title}", "", "| check | what | status | why |", "|---|---|---|---|"]
            lines += [
                f"| {check.id} | {_cell(check.title)} | {check.status} | {_cell(check.reason)} |" for check in checks
            ]
    lines += ["", *(f"Note: {note}" for note in report.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
