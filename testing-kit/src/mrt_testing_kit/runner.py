"""Running the contract without pytest."""

from __future__ import annotations

import datetime
import platform
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from mrt_testing_kit import deviations as declared
from mrt_testing_kit.artifact import wheel_of
from mrt_testing_kit.catalogue import TIERS, Check, Tier, load, select
from mrt_testing_kit.deviations import Deviations
from mrt_testing_kit.identity import holds_code, installed_hash, version_of, wheel_hash
from mrt_testing_kit.manifest import PROVIDED
from mrt_testing_kit.refused import report_of
from mrt_testing_kit.report import NOT_ASKED, CaseResult, CheckResult, Report, blank
from mrt_testing_kit.session import Case, Session
from mrt_testing_kit.target import CANARY, Target, TargetError

Progress = Callable[[CaseResult], None]
_PLACES = ("{server}", "{host}", "{canary}", "{model}", "{ca_file}")


class Interrupted(KeyboardInterrupt):
    """A run was interrupted; `report` has what was found until then."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


def run(
    target: Any,
    dialect: str = "",
    credentials: Mapping[str, Any] | None = None,
    ids: Iterable[str] | str | None = None,
    *,
    models: Mapping[str, str | Sequence[str]] | None = None,
    tier: Tier = "wire",
    config: str | Path | Deviations | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Report:
    """Run checks on a provider.

    Args:
        target: A `Target`, or what makes one: a provider's name, ``module:attribute``, a plugin object, or a function
            that makes a plugin.
        dialect: The dialect that its vendor speaks.
        credentials: Its credentials, with ``{server}``, ``{canary}``, ``{model}`` where they belong.
        ids: Ids and groups of the checks to run; None for all.
        models: Model type to models to test with.
        tier: ``static``, ``wire`` or ``deep``; each holds those before it.
        config: Deviations, or the file of them; a file that is not there has none.
        seed: Runs in random order, with other random inputs; the same seed gives the same run.
        settings: Settings of the dialect.
        progress: Told each result as it comes.
        **options: What checks may look up, such as ``wheel``.

    Returns:
        What became of every check of the contract.

    Raises:
        TargetError: The provider or the dialect is not there. Wrong files are no error: their checks fail.
        UnknownCheck: An id is not in the contract.
        Interrupted: Ctrl-C ended it.
    """
    try:
        subject = target if isinstance(target, Target) else Target(target, dialect, credentials, models)
    except TargetError as error:
        refused = report_of(error, target, dialect)
        if refused is None:
            raise
        return refused
    deviations = config if isinstance(config, Deviations) else declared.read(config)
    wanted = _with_problems(ids, deviations)
    started, clock = datetime.datetime.now(datetime.UTC), time.perf_counter()

    def report_on(session: Session) -> Report:
        report = assemble(session, wanted)
        report.models = {kind: [model.name for model in found] for kind, found in _models(session).items()}
        report.started = started.isoformat(timespec="seconds")
        report.seconds = round(time.perf_counter() - clock, 3)
        report.seed = seed
        return report

    with Session(subject, tier=tier, deviations=deviations, seed=seed, settings=settings, options=options) as session:
        session.is_partial = ids is not None
        try:
            for case in ordered(session.cases(wanted), seed):
                result = session.run(case)
                if progress is not None:
                    progress(result)
        except KeyboardInterrupt:
            raise Interrupted(report_on(session)) from None
        # A wheel that the run has built is gone after it.
        report = report_on(session)
    report.notes += session.leaks()
    return report


def _with_problems(ids: Iterable[str] | str | None, deviations: Deviations) -> list[str] | None:
    """Return the ids to run: those that are asked for, and always the checks that tell what is wrong with the file."""
    if ids is None:
        return None
    return select([*select(ids), *("MET-03" if problem.is_dated else "MET-02" for problem in deviations.problems)])


def ordered(cases: list[Case], seed: int | None) -> list[Case]:
    """Return cases in the order of a seed; those of the end stay last."""
    if seed is None:
        return cases
    mixed = [case for case in cases if case.check.phase == "main"]
    random.Random(seed).shuffle(mixed)
    return mixed + [case for case in cases if case.check.phase == "end"]


def assemble(session: Session, ids: Iterable[str] | str | None = None) -> Report:
    """Return the report of what a session has run so far.

    Args:
        session: The session.
        ids: The ids that were asked for; the others say so.
    """
    target = session.target
    report = Report(
        provider=target.name,
        dialect=target.dialect,
        checks=blank(),
        kit=version_of("mrt-testing-kit"),
        core=version_of("mrt-core"),
        distribution=target.distribution,
        version=target.version,
        content_hash=_content_hash(session),
        python=platform.python_version(),
        platform=platform.platform(terse=True),
        source=target.source,
        credentials=_templates(target),
        tier=session.tier,
    )
    for result in session.results:
        report.checks[result.id].cases.append(result)
    known, wanted = load(), set(select(ids))
    for entry in report:
        check = known.get(entry.id)
        if check is not None:
            entry.title, entry.tier, entry.level = check.title, check.tier, check.level
        entry.settle()
        if not entry.cases:
            _say_why(entry, check, session, entry.id in wanted)
    report.notes = [*dict.fromkeys(session.notes), *_secrets_note(target, report)]
    return report


def _say_why(entry: CheckResult, check: Check | None, session: Session, is_wanted: bool) -> None:
    if not is_wanted:
        entry.reason = NOT_ASKED
    elif entry.id in PROVIDED:
        entry.status, entry.reason = "not-applicable", PROVIDED[entry.id]
    elif check is None:
        entry.reason = "this version of the testing kit does not check it"
    elif TIERS.index(check.tier) > TIERS.index(session.tier):
        entry.reason = f"belongs to the {check.tier} tier"
    elif check.model_types and not set(check.model_types) & set(session.target.kinds):
        entry.status, entry.reason = "not-applicable", f"the provider declares no {' or '.join(check.model_types)}"
    else:
        entry.reason = "has not run"


def _models(session: Session) -> Mapping[str, list[Any]]:
    # Asking costs requests, so a run that needed no model does without.
    return session.models if any(result.model for result in session.results) else {}


def _templates(target: Target) -> dict[str, Any]:
    """Return the credentials without what may be a real secret: texts that hold no placeholder in secret fields."""
    return {
        name: CANARY if name in target.secret_fields and not any(place in str(value) for place in _PLACES) else value
        for name, value in target.credentials.items()
    }


def _content_hash(session: Session) -> str:
    """Return the hash of the installed wheel, or of the wheel that was given or built, if its code is what was run."""
    name, wheel = session.target.distribution, wheel_of(session)
    if not name:
        return ""
    found = installed_hash(name)
    if wheel is None:
        return found
    try:
        given = wheel_hash(wheel)
    except ValueError as error:
        session.notes.append(str(error))
        return found
    if found or holds_code(wheel, name):
        if found not in ("", given):
            session.notes.append(
                f"{name} is installed from another wheel than {wheel.name}, which the checks of packaging looked at"
            )
        return found or given
    session.notes.append(f"the code in {wheel.name} is not what was run: build it again, then the report names it")
    return ""


def _secrets_note(target: Target, report: Report) -> list[str]:
    fields = target.secret_fields
    if (
        CANARY in repr(target.credentials)
        or not fields
        or not any(entry.cases for entry in report if entry.group == "SEC")
    ):
        return []
    return [f"SEC was not checked, for the credentials hold no key: give {fields[0]} as {CANARY}"]
