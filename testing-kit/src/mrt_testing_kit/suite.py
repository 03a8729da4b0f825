"""The contract as test classes for pytest."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from weakref import WeakSet

import pytest

from mrt_testing_kit import deviations as declared
from mrt_testing_kit.before import WrongUse, look_at_target
from mrt_testing_kit.catalogue import Check, Tier
from mrt_testing_kit.deviations import Deviations
from mrt_testing_kit.manifest import GROUPS
from mrt_testing_kit.report import CaseResult
from mrt_testing_kit.session import Case, Session
from mrt_testing_kit.target import Target, TargetError

RESULT = pytest.StashKey[CaseResult]()
"""Where a test item keeps what became of its check."""

SESSIONS: WeakSet[Session] = WeakSet()
"""The sessions of this process, for the plugin to report on and to close."""

# Set by the plugin from the command line; the tier of contract() stands when it is empty.
settings: dict[str, Any] = {}


class CannotTest(TargetError, pytest.Collector.CollectError):
    """A contract that cannot be run; pytest shows its sentence alone."""


def contract(
    provider: Any,
    dialect: str,
    credentials: Mapping[str, Any] | None = None,
    *,
    models: Mapping[str, str | Sequence[str]] | None = None,
    tier: Tier = "wire",
    config: str | Path = "contract.toml",
    **options: Any,
) -> dict[str, type]:
    """Return the test classes that check a provider: one per group of checks and model type.

        globals().update(contract(provider="acme", dialect="openai", credentials={"url": "{server}"}))

    One provider per test file: another one's classes would have the same names.

    Each check is a method, ``test_STR_11``, that runs once per way of calling; ``--mrt-only STR-11`` runs it alone,
    ``-k STR_11`` everything that has it in its name.

    Args:
        provider: The provider's name, ``module:attribute``, a plugin object, or a function that makes a plugin.
        dialect: The dialect that its vendor speaks.
        credentials: Its credentials, with ``{server}``, ``{canary}``, ``{model}`` where they belong.
        models: Model type to models to test with, in place of the provider's own.
        tier: ``static``, ``wire`` or ``deep``; ``--mrt-tier`` on the command line goes before it.
        config: The file of deviations; looked for beside the test file and in the folders above it.
        **options: ``settings`` of the dialect, ``seed``, and what checks may look up, such as ``wheel``.

    Raises:
        TargetError: The provider or the dialect is not there, or the credentials do not fit.
    """
    # The test module that is being imported.
    namespace = sys._getframe(1).f_globals  # pyright: ignore[reportPrivateUsage]
    chosen: Tier = settings.get("tier") or tier
    told: Mapping[str, Any] = options.pop("settings", None) or {}
    try:
        target = Target(provider, dialect, credentials, models)
        target.notes += look_at_target(target, None, chosen, told)
    except (TargetError, WrongUse) as error:
        # Without the frames of the kit, which say nothing to whoever wrote the test file.
        raise CannotTest(str(error)) from None
    session = Session(
        target,
        tier=chosen,
        deviations=find_config(config, namespace.get("__file__")),
        seed=options.pop("seed", None),
        settings=told,
        options=options,
    )
    SESSIONS.add(session)
    classes: dict[str, type] = {}
    methods: dict[str, dict[str, Any]] = {}
    for check, kind, cases in _by_method(session):
        name = f"Test{check.group}" + (f"_{kind.replace('-', '_')}" if kind else "")
        methods.setdefault(name, {})[f"test_{check.id.replace('-', '_')}"] = _method(session, check, cases)
    for name, functions in methods.items():
        group = GROUPS[name.removeprefix("Test").partition("_")[0]]
        about = f"{group}, {session.target.name}."
        module = namespace.get("__name__", __name__)
        classes[name] = type(name, (), {**functions, "__doc__": about, "__module__": module, "mrt_session": session})
    return classes


def find_config(config: str | Path, file: str | None) -> Deviations:
    """Read the file of deviations that belongs to a test file: beside it, or in one of three folders above."""
    path = Path(config)
    if path.is_absolute() or file is None:
        return declared.read(path)
    folders = [Path(file).resolve().parent, *Path(file).resolve().parents[1:4]]
    return declared.read(next((folder / path for folder in folders if (folder / path).is_file()), None))


def _by_method(session: Session) -> list[tuple[Check, str | None, list[Case]]]:
    grouped: dict[tuple[str, str | None], list[Case]] = {}
    for case in session.cases():
        grouped.setdefault((case.check.id, case.kind), []).append(case)
    # Classes in the contract's order; what judges the run comes last, as `cases` has it.
    return [(cases[0].check, kind, cases) for (_, kind), cases in grouped.items()]


def _method(session: Session, check: Check, cases: list[Case]) -> Callable[..., None]:
    by_way = {str(case.way): case for case in cases}

    def once(self: Any, request: pytest.FixtureRequest) -> None:
        perform(session, cases[0], request)

    def each(self: Any, request: pytest.FixtureRequest, way: str) -> None:
        perform(session, by_way[way], request)

    method: Any = once if list(by_way) == ["None"] else pytest.mark.parametrize("way", list(by_way))(each)
    method.__name__ = method.__qualname__ = f"test_{check.id.replace('-', '_')}"
    method.__doc__ = f"{check.id}: {check.title}."
    # A name with a hyphen cannot be a method's; pytest also looks for -k words among a function's attributes.
    setattr(method, check.id, True)
    method.mrt_id, method.mrt_phase = check.id, check.phase
    for mark in (pytest.mark.contract, getattr(pytest.mark, check.tier)):
        method = mark(method)
    return cast("Callable[..., None]", method)


def perform(session: Session, case: Case, request: pytest.FixtureRequest) -> None:
    """Run a case, and end the test as its result says."""
    __tracebackhide__ = True
    result = session.run(case)
    cast("pytest.Item", request.node).stash[RESULT] = result  # pyright: ignore[reportUnknownMemberType]
    match result.status:
        case "fail":
            pytest.fail(result.text, pytrace=False)
        case "not-applicable" | "not-run":
            pytest.skip(f"{result.status.replace('-', ' ')}: {result.reason}")
        case "known-bug" | "not-implemented" | "vendor-unsupported" | "advisory":
            pytest.xfail(f"{result.status}: {result.reason}")
        case _:
            return
