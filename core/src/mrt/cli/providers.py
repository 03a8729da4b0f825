"""``mrt providers``: list the installed providers."""

from __future__ import annotations

from typing import Any

from mrt.cli.options import verb
from mrt.cli.output import table, write, write_json
from mrt.cli.session import Session


@verb("providers")
def command(session: Session) -> None:
    """List the installed providers.

    Each with its model types and the distribution that brings it. No vendor code is imported.
    """
    summaries = session.registry.listing()
    failures = session.registry.failures
    if session.as_json:
        write_json([_plain(summary, session.lang) for summary in summaries])
    else:
        for place, summary in enumerate(summaries):
            label = label_of(summary.label, session.lang)
            rows = [
                ("models", ", ".join(summary.model_types) or "none"),
                ("configure", ", ".join(summary.methods) or "none"),
                ("installed", f"{summary.distribution} {summary.version}".strip()),
            ]
            write(f"{chr(10) if place else ''}{summary.name}  {label}\n{table(rows, indent='    ')}")
    note = session.reporter.note
    if not summaries:
        note("no provider is installed; each vendor is a plugin: pip install mrt-<vendor>")
    if failures:
        names = ", ".join(sorted({failure.provider for failure in failures}))
        note(f"{len(failures)} {'problem' if len(failures) == 1 else 'problems'} ({names}): run `mrt doctor`")


def label_of(label: dict[str, str], lang: str) -> str:
    """Return the text of a language, or the English one."""
    return label.get(lang.replace("-", "_")) or label.get("en_US", "")


def _plain(summary: Any, lang: str) -> dict[str, Any]:
    return {
        "provider": summary.name,
        "label": label_of(summary.label, lang),
        "model_types": summary.model_types,
        "configurate_methods": summary.methods,
        "distribution": summary.distribution,
        "version": summary.version,
    }
