"""Running checks on mutants, and on providers that are right."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mrt_testing_kit import run
from mrt_testing_kit.deviations import Deviations, read
from mrt_testing_kit.session import Session
from mrt_testing_kit.target import Target, TargetError
from mutants.mutant import REFERENCES, BrokenMutantError, Mutant, made
from mutants.wheel import right_wheel, wrong_source, wrong_wheel

PLUGINS: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("openai-compatible", "mrt-openai-compatible", "openai", {"base_url": "{server}", "api_key": "{canary}"}),
    ("xinference", "mrt-xinference", "xinference", {"server_url": "{server}", "model_uid": "{model}"}),
    ("openllm", "mrt-openllm", "openllm", {"server_url": "{server}"}),
    ("openllm", "mrt-openllm", "openllm-0.4", {"server_url": "{server}"}),
    ("anthropic", "mrt-anthropic", "anthropic", {"anthropic_api_url": "{server}", "anthropic_api_key": "{canary}"}),
)
"""Name, distribution, dialect and credentials of the bundled plugins."""

_SOME = "mrt_testing_kit.references.openai_http:plugin"
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant.

    Args:
        id: The mutant.
        killer: The check that caught it; empty for a survivor.
        says: The check's first line, or why the mutant could not be made.
        seconds: How long that took.
        is_broken: Whether the mutant could not be made.
    """

    id: str
    killer: str
    says: str = ""
    seconds: float = 0.0
    is_broken: bool = False


def hunt(wrong: Mutant) -> Verdict:
    """Run the intended checks on a mutant, then the whole group, until one fails."""
    started = time.perf_counter()
    try:
        if wrong.reference == "wheel":
            with wrong_wheel(wrong) as wheel:
                killer, says = _hunt(wrong, _SOME, wheel=wheel)
        elif wrong.reference == "source":
            with wrong_source(wrong) as source:
                killer, says = _hunt(wrong, _SOME, source=source)
        else:
            with made(wrong) as plugin:
                killer, says = _hunt(wrong, plugin)
    except TargetError as error:
        # A provider whose description cannot be read is refused before any check.
        refused = bool(wrong.options.get("refused"))
        killer = wrong.kills[0] if refused else ""
        return Verdict(wrong.id, killer, str(error), time.perf_counter() - started, is_broken=not refused)
    except BrokenMutantError as error:
        return Verdict(wrong.id, "", str(error), time.perf_counter() - started, is_broken=True)
    return Verdict(wrong.id, killer, says, time.perf_counter() - started)


def _hunt(wrong: Mutant, plugin: str, **options: Any) -> tuple[str, str]:
    dialect, credentials = REFERENCES.get(wrong.reference, REFERENCES["openai_http"])
    target = Target(plugin, dialect, credentials)
    with Session(target, tier=wrong.options.get("tier", "wire"), options=options) as session:
        session.is_partial = True
        tried: set[str] = set()
        for word in (*wrong.kills, wrong.group):
            for case in session.cases(word):
                if case.check.id in tried:
                    continue
                result = session.run(case)
                if result.status in ("fail", "advisory"):
                    return case.check.id, result.text.partition("\n")[0]
            tried |= {case.check.id for case in session.cases(word)}
    return "", ""


def alarms_of_reference(name: str, ids: Iterable[str] | None = None) -> list[str]:
    """Return the checks that fail on a reference, which is right; ``wheel`` is one, too."""
    if name == "wheel":
        with right_wheel() as wheel:
            return _failed(_SOME, *REFERENCES["openai_http"], None, ["PKG"], wheel=wheel)
    dialect, credentials = REFERENCES[name]
    return _failed(f"mrt_testing_kit.references.{name}:plugin", dialect, credentials, None, ids)


def alarms_of_plugin(number: int, ids: Iterable[str] | None = None) -> list[str]:
    """Return the checks that fail on a bundled plugin, with the deviations that it declares."""
    name, distribution, dialect, credentials = PLUGINS[number]
    folder = _ROOT / "plugins" / distribution
    found = [path for path in (folder / "contract.toml", *folder.glob("tests/contract*.toml")) if path.is_file()]
    return _failed(name, dialect, credentials, read(found[0]) if found else None, ids)


def _failed(
    target: str,
    dialect: str,
    credentials: dict[str, str],
    config: Deviations | None,
    ids: Iterable[str] | None,
    **options: Any,
) -> list[str]:
    wanted = None if ids is None else list(ids)
    report = run(target, dialect, credentials, wanted, config=config, **options)
    lines: list[str] = []
    for entry in report:
        failed = [case for case in entry.cases if case.status == "fail"]
        lines += [failed[0].text.partition("\n")[0] or entry.id] if failed else []
    return lines
