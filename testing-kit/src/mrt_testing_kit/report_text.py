"""A report as text for a terminal and as Markdown."""

from __future__ import annotations

import re
import textwrap

from mrt_testing_kit.manifest import GROUPS
from mrt_testing_kit.report import NOT_ASKED, Report, Status
from mrt_testing_kit.report_failures import Failure, failures

_DEVIATIONS: tuple[Status, ...] = ("known-bug", "not-implemented", "vendor-unsupported")
_WIDTH = 100
_MOST_IDS = 12


def summary(report: Report) -> str:
    """Return the outcome in one line: ``MRT-C 2026.1: 287 pass, 14 vendor-unsupported, 0 known bugs, 3 not run``."""
    counts = report.counts
    parts = [f"{counts.get('fail', 0)} fail"] if report.failed else []
    parts.append(f"{counts.get('pass', 0)} pass")
    for status in ("vendor-unsupported", "not-implemented", "advisory"):
        if counts.get(status):
            parts.append(f"{counts[status]} {status}")
    known = counts.get("known-bug", 0)
    parts.append(f"{known} known bug{'' if known == 1 else 's'}")
    if counts.get("not-run"):
        parts.append(f"{counts['not-run']} not run")
    return f"{report.contract}{f' ({part})' if (part := partial(report)) else ''}: {', '.join(parts)}"


def partial(report: Report) -> str:
    """Return how much of the contract was run, ``partial: 10 of 310``; empty when it was all of a tier's checks."""
    return f"partial: {len(report.ran)} of {len(report.checks)}" if report.left_out else ""


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
    for failure in failures(report):
        lines += ["", *_failure(failure, transcripts)]
    for heading, checks in (
        ("Deviations", report.of(*_DEVIATIONS)),
        ("Advisory", report.of("advisory")),
    ):
        if checks:
            lines += ["", f"{heading}:"]
            lines += [f"  {check.id}  {check.status}: {check.reason}" for check in checks]
    if missing := not_run(report):
        lines += ["", "Not run:", *(f"  {which}: {reason}" for reason, which in missing.items())]
    lines += ["", f"{subject(report)}, dialect {report.dialect}, {report.tier} tier, {report.seconds:.1f} s"]
    lines += [f"  {line}" for line in group_lines(report)]
    lines += [f"note: {note}" for note in report.notes]
    if report.failed:
        lines += textwrap.wrap(f"failed: {', '.join(check.id for check in report.failed)}", _WIDTH)
    lines.append(summary(report))
    return "\n".join(lines).lstrip("\n") + "\n"


def not_run(report: Report) -> dict[str, str]:
    """Return why checks were not run that were asked for, and which."""
    found: dict[str, list[str]] = {}
    for check in report.of("not-run"):
        if check.reason not in ("", NOT_ASKED):
            found.setdefault(check.reason, []).append(check.id)
    return {reason: ", ".join(ids) if len(ids) <= _MOST_IDS else f"{len(ids)} checks" for reason, ids in found.items()}


def group_lines(report: Report) -> list[str]:
    """Return a line per group that was run at all, with its counts."""
    lines: list[str] = []
    for group, title in GROUPS.items():
        statuses = [
            check.status for check in report if check.group == group and (check.cases or check.status != "not-run")
        ]
        counts = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
        if counts:
            told = ", ".join(f"{number} {status}" for status, number in counts.items())
            lines.append(f"{group}  {title:<26}{told}")
    return lines


def _failure(failure: Failure, transcripts: bool) -> list[str]:
    case = failure.first
    lines = case.text.splitlines() or [f"{case.id}: {case.reason}"]
    if failure.also:
        lines += textwrap.wrap(
            failure.also, _WIDTH, initial_indent=f"  {'also:':<10}", subsequent_indent=" " * 12, break_on_hyphens=False
        )
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
    lines += [line for failure in failures(report) for line in _details(failure)]
    for group, title in GROUPS.items():
        checks = [check for check in report if check.group == group and (check.cases or check.status != "not-run")]
        if checks:
            lines += ["", f"## {group}: {title}", "", "| check | what | status | why |", "|---|---|---|---|"]
            lines += [
                f"| {check.id} | {_cell(check.title)} | {check.status} | {_cell(check.reason)} |" for check in checks
            ]
    lines += ["", *(f"Note: {note}" for note in report.notes)]
    return "\n".join(lines).rstrip() + "\n"


def _details(failure: Failure) -> list[str]:
    head, *text = _failure(failure, transcripts=False)
    longest = max((len(run) for run in re.findall("`+", "\n".join(text))), default=0)
    fence = "`" * max(3, longest + 1)
    title = head.replace("&", "&amp;").replace("<", "&lt;")
    return ["", f"<details><summary>{title}</summary>", "", f"{fence}text", *text, fence, "", "</details>"]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
