"""A report as one HTML page that needs nothing else."""

from __future__ import annotations

from html import escape

from mrt_testing_kit.badge import as_svg
from mrt_testing_kit.manifest import GROUPS
from mrt_testing_kit.report import STATUSES, CheckResult, Report
from mrt_testing_kit.report_text import subject, summary

_STYLE = """
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
td, th { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; overflow-wrap: anywhere; }
th:first-child { width: 4.5rem; }
th:last-child { width: 9.5rem; }
tr + tr td { border-top: 1px solid var(--line); }
td:first-child { white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { opacity: .7; }
dd { margin: 0; overflow-wrap: anywhere; }
.status { display: inline-block; padding: 0 .5rem; border-radius: .6rem; font-size: .85rem; white-space: nowrap; }
.status { background: #8883; }
.status.fail { background: #b71c1c; color: #fff; }
.status.pass { background: #2e7d32; color: #fff; }
.status.known-bug { background: #b26a00; color: #fff; }
pre { padding: .6rem; border: 1px solid var(--line); border-radius: .3rem; }
pre { font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
details > summary { cursor: pointer; }
label { display: inline-block; margin-right: 1rem; white-space: nowrap; }
ul { padding-left: 1.2rem; }
a { color: inherit; }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; }
  tr { display: grid; grid-template-columns: 1fr auto; border-top: 1px solid var(--line); padding: .3rem 0; }
  tr[hidden], tr:first-child { display: none; }
  tr + tr td { border: 0; padding: 0; }
  td:nth-child(2) { grid-row: 2; grid-column: 1 / -1; }
  dl { grid-template-columns: 1fr; }
}
""".strip()

# Hides rows by status, and groups of which no row is left; without scripts every row shows.
_SCRIPT = """
const boxes = [...document.querySelectorAll('input[data-status]')];
const show = () => { for (const box of boxes)
  for (const row of document.querySelectorAll(`tr[data-status="${box.dataset.status}"]`)) row.hidden = !box.checked;
  for (const group of document.querySelectorAll('section'))
    group.hidden = !group.querySelector('tr[data-status]:not([hidden])'); };
boxes.forEach(box => box.addEventListener('change', show)); show();
""".strip()


def as_html(report: Report) -> str:
    """Return the report as a page: the outcome, what was tested, and every check with its failures."""
    counts = report.counts
    # Where something failed, that is what one came to see.
    quiet = ("not-run", "not-applicable", "pass") if report.failed else ("not-run",)
    boxes = "".join(
        f'<label><input type="checkbox" data-status="{status}"{"" if status in quiet else " checked"}> '
        f"{status} ({counts[status]})</label>"
        for status in STATUSES
        if status in counts
    )
    title = escape(f"Contract report: {report.provider}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{title}</h1><p>{as_svg(report).strip()}</p><p><strong>{escape(summary(report))}</strong></p>"
        f"{_failed(report)}{_facts(report)}<p>{boxes}</p>{''.join(_group(report, group) for group in GROUPS)}"
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _failed(report: Report) -> str:
    """Return the list of what failed, with links."""
    rows = "".join(
        f'<li><a href="#{check.id}">{check.id}</a> {escape(check.title)}: {escape(check.reason)}</li>'
        for check in report.failed
    )
    return f"<h2>Failed</h2><ul>{rows}</ul>" if rows else ""


def _facts(report: Report) -> str:
    models = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in report.models.items())
    facts = {
        "Provider": subject(report),
        "Dialect": report.dialect,
        "Models": models,
        "Tier": report.tier,
        "Testing kit": report.kit,
        "mrt-core": report.core,
        "Python": f"{report.python} on {report.platform}",
        "Content hash": report.content_hash or "not installed from a wheel",
        "Seed": "" if report.seed is None else str(report.seed),
        "Began": report.started,
        "Took": f"{report.seconds:.1f} s",
        "Notes": "; ".join(report.notes),
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value)
    return f"<dl>{rows}</dl>"


def _group(report: Report, group: str) -> str:
    rows = "".join(_row(check) for check in report if check.group == group)
    head = "<tr><th>check</th><th>what holds</th><th>status</th></tr>"
    return f'<section><h2 id="{group}">{group}: {escape(GROUPS[group])}</h2><table>{head}{rows}</table></section>'


def _row(check: CheckResult) -> str:
    why = f"<br><small>{escape(check.reason)}</small>" if check.reason else ""
    details = "".join(
        f"<details><summary>{escape(case.case or 'provider')}</summary><pre>{escape(case.text)}</pre>"
        f"<pre>{escape(case.transcript)}</pre></details>"
        for case in check.cases
        if case.text
    )
    return (
        f'<tr id="{check.id}" data-status="{check.status}"><td>{check.id}</td>'
        f"<td>{escape(check.title)}{why}{details}</td>"
        f'<td><span class="status {check.status}">{check.status}</span></td></tr>'
    )
