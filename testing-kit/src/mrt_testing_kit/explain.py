"""A check and a failure of it, in words."""

from __future__ import annotations

import textwrap

from mrt_testing_kit.catalogue import Check
from mrt_testing_kit.failure import CheckFailure
from mrt_testing_kit.manifest import GROUPS, PROVIDED, TITLES, group_of

_WIDTH = 100


def explain(id: str, check: Check | None) -> str:
    """Return what a check is for, where the bug happened for real, and how to mend it.

    Args:
        id: The check's id.
        check: The check; None for an id that no function checks.
    """
    if check is None:
        text = PROVIDED.get(id, "This version of the testing kit does not check it.")
        return f"{id}  {TITLES[id]}\nGroup: {GROUPS[group_of(id)]}\n\n{_wrap(text)}\n"
    about = [check.tier + " tier", check.level, f"since {check.since}"]
    about += [f"model types: {', '.join(check.model_types)}"] if check.model_types else []
    about += [f"ways: {', '.join(check.ways)}"] if check.ways else []
    about += [f"only for models with {', '.join(check.needs)}"] if check.needs else []
    parts = [f"{id}  {check.title}", f"Group: {GROUPS[check.group]} ({'; '.join(about)})"]
    if check.why:
        parts += ["", "Why", _wrap(check.why)]
    if check.bugs:
        parts += ["", "Happened for real", _wrap(", ".join(check.bugs))]
    if check.faults:
        parts += ["", "What the server does", _wrap(", ".join(map(_fault, check.faults)))]
    if check.fix:
        parts += ["", "How to mend it", _wrap(check.fix)]
    parts += ["", "Run it alone", f"  pytest -k {id}   or   python -m mrt_testing_kit check PROVIDER ... -k {id}"]
    return "\n".join(parts) + "\n"


def describe(check: Check, case: str, model: str, failure: CheckFailure, sent: str) -> str:
    """Return a failure as it is shown: what was sent, what came, what was expected, the real bug, how to mend it.

    Args:
        check: The check.
        case: Model type and way.
        model: The model's name.
        failure: What the check found.
        sent: The last request, in case the failure names none.
    """
    where = ", ".join(part for part in (case, model) if part)
    rows = [
        ("sent", "\n".join(part for part in (failure.sent, sent) if part)),
        ("came", failure.came or ""),
        ("expected", failure.expected or ""),
        ("holds", check.title),
        ("real bug", ", ".join(check.bugs)),
        ("mend", check.fix),
        ("more", f"python -m mrt_testing_kit explain {check.id}"),
    ]
    lines = [f"{check.id}{f' [{where}]' if where else ''}: {failure.sentence}"]
    for name, text in rows:
        if text:
            first, *others = text.splitlines()
            lines.append(f"  {name + ':':<10}{first}")
            lines += [f"{'':<12}{line}" for line in others]
    return "\n".join(lines)


def _fault(id: str) -> str:
    from mrt_testing_kit.server.faults import REGISTRY

    fault = REGISTRY.get(id)
    return f"{id} ({fault.title})" if fault is not None else id


def _wrap(text: str) -> str:
    paragraphs = text.split("\n\n")
    return "\n\n".join(
        textwrap.fill(" ".join(part.split()), _WIDTH, initial_indent="  ", subsequent_indent="  ")
        for part in paragraphs
    )
