"""The pytest plugin: options, marks, and the wire transcript below each failure.

pytest loads it in every run of every project that has the kit, so it imports nothing before it is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mrt_testing_kit.session import Session

_MARKS = (
    "contract: a check of the MRT contract",
    "static: a check that needs no server",
    "wire: a check against the kit's server",
    "deep: a check that takes longer: property tests, forks, ladders",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("mrt", "MRT contract")
    group.addoption(
        "--mrt-explain", metavar="ID", help="say what a check of the contract is for, such as STR-11, and end"
    )
    group.addoption(
        "--mrt-only",
        metavar="ID",
        action="append",
        help="run only this check of the contract (STR-11) or this group (STR); may be repeated",
    )
    group.addoption("--mrt-report", metavar="FILE", help="write the contract report as JSON")
    group.addoption("--mrt-tier", choices=("static", "wire", "deep"), help="how thorough the contract is run")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for mark in _MARKS:
        config.addinivalue_line("markers", mark)
    if config.getoption("--mrt-report") and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError("--mrt-report needs the whole contract in one process: leave -n out")
    if config.getoption("--mrt-tier"):
        from mrt_testing_kit.suite import settings

        settings["tier"] = config.getoption("--mrt-tier")


def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Explain a check, if that is asked for, in place of running tests."""
    word = config.getoption("--mrt-explain")
    if not word:
        return None
    from mrt_testing_kit.catalogue import UnknownCheck, load, select
    from mrt_testing_kit.explain import explain

    try:
        ids, checks = select(word), load()
    except UnknownCheck as error:
        raise pytest.UsageError(str(error)) from error
    print("\n".join(explain(id, checks.get(id)) for id in ids), end="")
    return 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what was not asked for, and put the checks that judge the run last, whatever order others made."""
    if words := config.getoption("--mrt-only"):
        from mrt_testing_kit.catalogue import UnknownCheck, select

        try:
            wanted = select(words)
        except UnknownCheck as error:
            raise pytest.UsageError(str(error).replace("-k may", "--mrt-only may")) from error
        config.hook.pytest_deselected(items=[item for item in items if _mark(item, "mrt_id") not in wanted])
        items[:] = [item for item in items if _mark(item, "mrt_id") in wanted]
    items.sort(key=lambda item: _mark(item, "mrt_phase") == "end")


def _mark(item: pytest.Item, name: str) -> str:
    """Return what the contract has written on a test's function; empty for a test of somebody else."""
    return str(getattr(getattr(item, "function", None), name, ""))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Find out whether some checks of a contract were left out."""
    suite = sys.modules.get("mrt_testing_kit.suite")
    for found in suite.SESSIONS if suite is not None else ():
        chosen = [item for item in session.items if getattr(getattr(item, "cls", None), "mrt_session", None) is found]
        # A worker of pytest-xdist runs only some of what it collects.
        found.is_partial = len(chosen) < len(found.cases()) or hasattr(session.config, "workerinput")
        # The checks that tell what is wrong with contract.toml are not among some chosen ones.
        ids = {_mark(item, "mrt_id") for item in chosen}
        if found.deviations.problems and chosen and not {"MET-02", "MET-03"} <= ids:
            told = "; ".join(map(str, found.deviations.problems))
            raise pytest.UsageError(f"{found.deviations.path} is wrong: {told}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the wire transcript below a failure."""
    report = yield
    suite = sys.modules.get("mrt_testing_kit.suite")
    result = item.stash.get(suite.RESULT, None) if suite is not None else None
    if result is not None and report.failed and result.transcript:
        report.sections.append(("on the wire", result.transcript))
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, and stop the servers."""
    suite = sys.modules.get("mrt_testing_kit.suite")
    if suite is None:
        return
    used: list[Session] = [found for found in suite.SESSIONS if found.results]
    path = session.config.getoption("--mrt-report")
    if path and used:
        _write(used, path)
    for found in suite.SESSIONS:
        found.end()


def _write(sessions: list[Session], path: str) -> None:
    from pathlib import Path

    from mrt_testing_kit.runner import assemble

    target = Path(path)
    for found in sorted(sessions, key=lambda session: session.target.name):
        report = assemble(found)
        # One file per provider when several were checked in one run.
        file = target if len(sessions) == 1 else target.with_stem(f"{target.stem}-{report.provider}")
        report.write(file)


def pytest_report_header(config: pytest.Config) -> Any:
    """Say under which contract the run stands, once a contract is there."""
    if config.getoption("--mrt-report"):
        from mrt_testing_kit.manifest import CONTRACT

        return f"contract: {CONTRACT}, report to {config.getoption('--mrt-report')}"
    return None
