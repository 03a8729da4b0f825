"""The result of a run: what became of every check of the contract."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from mrt_testing_kit.manifest import CONTRACT, TITLES, group_of

Status = Literal[
    "fail",
    "known-bug",
    "not-implemented",
    "vendor-unsupported",
    "advisory",
    "pass",
    "not-applicable",
    "not-run",
]
STATUSES: tuple[Status, ...] = get_args(Status)
"""From worst to best; a check has the worst status of its runs."""

NOT_ASKED = "not asked for"
"""Why a check was not run when others were chosen."""


@dataclass(slots=True)
class CaseResult:
    """One run of a check.

    Args:
        id: The check's id.
        case: Model type and way, such as ``llm-stream``; empty for a check of the whole provider.
        status: What became of it.
        reason: The failure in one sentence, or why it does not apply or may fail.
        text: The failure as it is shown, without the transcript.
        transcript: What went over the wire, without secrets; for failures.
        model: The model's name.
        seconds: How long it took.
        came: What the provider did; for failures.
    """

    id: str
    case: str
    status: Status
    reason: str = ""
    text: str = ""
    transcript: str = ""
    model: str = ""
    seconds: float = 0.0
    came: str = ""

    @property
    def name(self) -> str:
        """Id and case: ``STR-11[llm-stream]``."""
        return f"{self.id}[{self.case}]" if self.case else self.id


@dataclass(slots=True)
class CheckResult:
    """What became of a check in all its runs.

    Args:
        id: The check's id.
        title: What holds when it passes.
        tier: Its tier.
        level: ``required`` or ``advisory``.
        status: The worst of its runs.
        reason: The reason of the first run that has this status.
        cases: The runs.
    """

    id: str
    title: str
    tier: str = ""
    level: str = "required"
    status: Status = "not-run"
    reason: str = ""
    cases: list[CaseResult] = field(default_factory=list[CaseResult])

    @property
    def group(self) -> str:
        """The three letters before the number."""
        return group_of(self.id)

    def settle(self) -> None:
        """Take status and reason from the runs, if there are any."""
        if self.cases:
            worst = min(self.cases, key=lambda case: STATUSES.index(case.status))
            self.status, self.reason = worst.status, worst.reason


@dataclass(slots=True)
class Report:
    """A whole run.

    Args:
        provider: The provider's name.
        dialect: The dialect of the server.
        checks: Every check of the contract by id, in its order.
        contract: The contract's number.
        kit: Version of the testing kit.
        core: Version of mrt-core.
        distribution: The provider's distribution; empty for an object that is not installed.
        version: Its version.
        content_hash: SHA-256 over the files of the installed distribution, the same as of its wheel; empty when it is
            not installed from a wheel.
        python: Version of Python.
        platform: The system.
        source: How the provider was named.
        credentials: The credentials as templates, secrets left out.
        models: Model type to the models that were tested.
        tier: How thorough the run was.
        seed: Seed of order and random inputs; None for the contract's order.
        started: When it began, in ISO 8601, UTC.
        seconds: How long it took.
        notes: What else was seen.
    """

    provider: str
    dialect: str
    checks: dict[str, CheckResult]
    contract: str = CONTRACT
    kit: str = ""
    core: str = ""
    distribution: str = ""
    version: str = ""
    content_hash: str = ""
    python: str = ""
    platform: str = ""
    source: str = ""
    credentials: dict[str, Any] = field(default_factory=dict[str, Any])
    models: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    tier: str = "wire"
    seed: int | None = None
    started: str = ""
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list[str])

    def __getitem__(self, id: str) -> CheckResult:
        return self.checks[id]

    def __iter__(self) -> Iterator[CheckResult]:
        return iter(self.checks.values())

    @property
    def counts(self) -> dict[str, int]:
        """Status to the number of checks, without those of zero."""
        found = Counter(check.status for check in self)
        return {status: found[status] for status in STATUSES if found[status]}

    def status(self, id: str) -> Status:
        """Return what became of a check."""
        return self.checks[id].status

    def of(self, *statuses: Status) -> list[CheckResult]:
        """Return the checks that have one of these statuses."""
        return [check for check in self if check.status in statuses]

    @property
    def failed(self) -> list[CheckResult]:
        """The required checks that failed."""
        return self.of("fail")

    @property
    def left_out(self) -> list[CheckResult]:
        """The checks that nobody ran although the kit has them: the tier leaves them out, or they were not asked for.

        A whole run of the wire tier leaves out those of the deep tier alone, and they do not count.
        """
        return [
            check for check in self if check.status == "not-run" and check.tier not in ("", "deep") and not check.cases
        ]

    @property
    def ran(self) -> list[CheckResult]:
        """The checks that were run."""
        return [check for check in self if check.status != "not-run"]

    @property
    def passed(self) -> bool:
        """Whether something was checked and nothing failed."""
        return not self.failed and bool(self.of("pass"))

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data."""
        fields = {name: getattr(self, name) for name in Report.__slots__ if name != "checks"}
        return {
            **fields,
            "passed": self.passed,
            "counts": self.counts,
            "checks": {check.id: {"group": check.group, **asdict(check)} for check in self},
        }

    def to_json(self) -> str:
        """Return the report as JSON; `from_json` reads it again."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Report:
        """Read a report.

        Raises:
            ValueError: It is none.
        """
        try:
            data: Any = json.loads(text)
            checks = {id: _check(fields) for id, fields in data["checks"].items()}
            fields = {name: data[name] for name in cls.__slots__ if name != "checks" and name in data}
            report, pattern = cls(checks=checks, **fields), cls("", "", {}, seed=0)
            for name, value in fields.items():
                known = cast("type[object]", type(getattr(pattern, name)))
                if not (
                    isinstance(value, (known, int) if known is float else known) or (name, value) == ("seed", None)
                ):
                    raise TypeError(f"{name} is {value!r}")
            return report
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"is no report of the testing kit ({type(error).__name__}: {error})") from error

    def write(self, path: str | Path) -> None:
        """Write the report as JSON."""
        Path(path).write_text(self.to_json(), "utf-8")


def _check(data: Mapping[str, Any]) -> CheckResult:
    fields = {name: value for name, value in data.items() if name in CheckResult.__slots__ and name != "cases"}
    cases = cast("Sequence[dict[str, Any]]", data["cases"])
    found = CheckResult(cases=[CaseResult(**case) for case in cases], **fields)
    for status in (found.status, *(case.status for case in found.cases)):
        if status not in STATUSES:
            raise KeyError(status)
    return found


def blank() -> dict[str, CheckResult]:
    """Return every check of the contract, none of them run."""
    return {id: CheckResult(id, title) for id, title in TITLES.items()}
