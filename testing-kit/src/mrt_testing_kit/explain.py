"""A check and a failure of it, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping

from mrt_testing_kit.catalogue import Check
from mrt_testing_kit.failure import CheckFailure
from mrt_testing_kit.manifest import CONTRACT, GROUPS, PROVIDED, TITLES, group_of

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
    about = [*_rank(check), f"since {check.since}"]
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
    parts += [
        "",
        "Run it alone",
        f"  pytest --mrt-only {id}   or   python -m mrt_testing_kit check PROVIDER ... -k {id}",
    ]
    return "\n".join(parts) + "\n"


def as_page(ids: Iterable[str], checks: Mapping[str, Check]) -> str:
    """Return the page of the documentation: one entry per check.

    Args:
        ids: The checks' ids, in order.
        checks: The checks by id; an id without one is the runner's.
    """
    wanted = list(ids)
    lines = [
        f"# The checks of {CONTRACT}",
        "",
        "<!-- Generated: python -m mrt_testing_kit explain --markdown > docs/contract/checks.md -->",
        "",
        "Each check is run for every model type and in every way of calling that it names. `python -m mrt_testing_kit",
        "check ... -k STR-11` runs one, `pytest --mrt-only STR-11` does so in a test file, `explain STR-11` says what",
        "is here.",
        "",
    ]
    lines += [f"- [{group}](#{group.lower()}-{_anchor(title)}): {title}" for group, title in GROUPS.items()]
    last = ""
    for id in wanted:
        group = group_of(id)
        if group != last:
            lines += ["", f"## {group}: {GROUPS[group]}"]
            last = group
        lines += ["", *_entry(id, checks.get(id))]
    return "\n".join(lines) + "\n"


def _entry(id: str, check: Check | None) -> list[str]:
    if check is None:
        return [f"### {id}: {TITLES[id]}", "", PROVIDED.get(id, "This version of the testing kit does not check it.")]
    about = [*_rank(check), f"since {check.since}"]
    about += [", ".join(check.model_types)] if check.model_types else []
    about += [", ".join(check.ways)] if check.ways else []
    about += [f"models with {', '.join(need.replace('|', ' or ') for need in check.needs)}"] if check.needs else []
    lines = [f"### {id}: {check.title}", "", f"*{'; '.join(about)}*"]
    lines += ["", " ".join(check.why.split())] if check.why else []
    lines += ["", f"**Mend it:** {check.fix}"] if check.fix else []
    lines += ["", f"**The server plays:** {', '.join(map(_fault, check.faults))}"] if check.faults else []
    lines += ["", f"**Happened for real:** {', '.join(map(_bug, check.bugs))}"] if check.bugs else []
    return lines


def _rank(check: Check) -> list[str]:
    return [f"{check.tier} tier", check.level, *(["excused by a dated known bug alone"] if check.essential else [])]


def _bug(reference: str) -> str:
    repository, _, number = reference.partition("#")
    return f"[{reference}](https://github.com/{repository}/issues/{number})" if number.isdigit() else reference


def _anchor(title: str) -> str:
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -")
    return kept.replace(" ", "-")


def describe(check: Check, case: str, model: str, failure: CheckFailure, sent: str, note: str = "") -> str:
    """Return a failure as it is shown: what was sent, what came, what was expected, the real bug, how to mend it.

    Args:
        check: The check.
        case: Model type and way.
        model: The model's name.
        failure: What the check found.
        sent: The last request, in case the failure names none.
        note: What else was seen that may be the reason.
    """
    where = ", ".join(part for part in (case, model) if part)
    rows = [
        ("sent", "\n".join(part for part in (failure.sent, sent) if part)),
        ("came", failure.came or ""),
        ("expected", failure.expected or ""),
        ("note", note),
        ("holds", check.title),
        ("real bug", ", ".join(check.bugs) if failure.mend is None else ""),
        ("mend", failure.mend or check.fix),
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
