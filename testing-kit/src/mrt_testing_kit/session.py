"""A run of checks on one provider: the server, the cases, and the verdict on each."""

from __future__ import annotations

import hashlib
import json
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from mrt import PluginError
from mrt_testing_kit import deviations as declared
from mrt_testing_kit.calls import address
from mrt_testing_kit.catalogue import TIERS, WAYS, Check, Tier, Way, load, select
from mrt_testing_kit.context import Context
from mrt_testing_kit.deviations import Deviation, Deviations
from mrt_testing_kit.explain import describe
from mrt_testing_kit.failure import CheckFailure, NotApplicable, NotRun, place_of, show_error
from mrt_testing_kit.inside import process_state
from mrt_testing_kit.isolation import Baseline, TimeLimit, limited, loopback_only, no_proxies
from mrt_testing_kit.patience import Patience
from mrt_testing_kit.report import CaseResult, Status
from mrt_testing_kit.server import DIALECTS, OracleServer
from mrt_testing_kit.target import Model, Target, slowness
from mrt_testing_kit.transcript import Scrubber, headline, transcript
from mrt_testing_kit.witness import features

ASKING = 30.0
"""Seconds in which a provider has to describe its models."""

# Letters that are no hexadecimal digits, and of which no five make a word: by chance no id and no text holds a part.
_UNLIKE_IDS = str.maketrans("0123456789abcdef", "ghjkmnpqrstvwxyz")


@dataclass(frozen=True, slots=True)
class Case:
    """One run of a check: with a model type, where it has any, in one way, where it does not choose by itself."""

    check: Check
    kind: str | None = None
    way: Way | None = None

    @property
    def label(self) -> str:
        """Model type and way: ``llm-stream``."""
        return "-".join(part for part in (self.kind, self.way) if part)


class Session:
    """Runs cases of checks on a provider, with one server for all of them.

    Args:
        target: The provider.
        tier: How thorough: checks of this tier and of those before it.
        deviations: What the provider's authors declare.
        seed: Seed of the random inputs.
        settings: Settings of the dialect.
        options: What checks may look up, such as ``wheel``.
    """

    def __init__(
        self,
        target: Target,
        *,
        tier: Tier = "wire",
        deviations: Deviations = declared.NONE,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if tier not in TIERS:
            raise ValueError(f"no tier {tier!r}; there are: {', '.join(TIERS)}")
        self.target = target
        self.tier: Tier = tier
        self.deviations = deviations
        self.seed = seed or 0
        # What a provider predefines its vendor has, also where a dialect's server is picky about names.
        predefined = [entity.model for entity in target.entity.models]
        self.settings = {**DIALECTS[target.dialect].tested_with, "predefined": predefined, **(settings or {})}
        self.options = dict(options or {})
        # Looks like a key, and like nothing else in the world.
        digest = hashlib.sha256(f"{target.name}{seed}".encode()).hexdigest()[:28]
        self.canary = "sk-canary-" + digest.translate(_UNLIKE_IDS)
        self.scrub = Scrubber([self.canary])
        self.results: list[CaseResult] = []
        self.attempts: list[tuple[str, str]] = []
        self.seen: set[str] = set()
        self.is_partial = False
        self.notes: list[str] = list(target.notes)
        self._server: OracleServer | None = None
        self._models: dict[str, list[Model]] | None = None
        self._stuck: TimeLimit | None = None
        self._patience = Patience()
        self._tried: list[str] = []
        self._endings: list[Callable[[], None]] = []
        self._baseline = Baseline()
        self.process = process_state()

    # Life. `process` has what the process was like at first, `results` what was run, `attempts` the case and host of
    # every connection that was refused, `seen` the features that reached the vendor, `notes` what checks want the
    # report to say, and `is_partial` tells whether only some checks were asked for.

    @property
    def server(self) -> OracleServer:
        """The server, started at first use."""
        if self._server is None:
            key = self.canary if "{canary}" in repr(self.target.credentials) else None
            self._server = OracleServer(self.target.dialect, api_key=key, settings=self.settings).start()
        return self._server

    @property
    def values(self) -> dict[str, str]:
        """What stands for ``{server}`` and its sisters in the credentials."""
        return {**address(self.server), "canary": self.canary}

    @property
    def models(self) -> dict[str, list[Model]]:
        """Model type to the models that can be tested; the provider is asked once.

        Raises:
            TimeLimit: It did not answer.
        """
        if self._stuck is not None:
            raise self._stuck
        if self._models is None:
            found: dict[str, list[Model]] = {}
            try:
                self._within_walls("asking for models", lambda: found.update(self._ask()), ASKING)
            except TimeLimit as late:
                self._stuck = late
                raise
            # A model that no endpoint serves is described at best, and cannot be tested.
            self._models = {kind: models for kind, models in found.items() if self.server.dialect.serves(kind)}
        return self._models

    def close(self) -> None:
        """Stop the server; a later use starts a new one."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def finally_do(self, ending: Callable[[], None]) -> None:
        """Do something when the run is over."""
        self._endings.append(ending)

    def end(self) -> None:
        """Stop the server, and remove what checks made for the whole run."""
        self.close()
        while self._endings:
            self._endings.pop()()

    def leaks(self) -> list[str]:
        """Return what the provider left behind; to be asked after `close`."""
        return self._baseline.leaks()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    # Cases.

    def cases(self, ids: Iterable[str] | None = None) -> list[Case]:
        """Return the cases of the checks with these ids, or of all, in the contract's order, those of the end last."""
        checks, wanted = load(), select(ids)
        tiers = TIERS[: TIERS.index(self.tier) + 1]
        found = [checks[id] for id in wanted if id in checks and checks[id].tier in tiers]
        return [
            case for check in sorted(found, key=lambda check: check.phase == "end") for case in self.cases_of(check)
        ]

    def cases_of(self, check: Check) -> list[Case]:
        """Return the cases of a check; none when the provider declares none of its model types."""
        if not check.model_types:
            return [Case(check)]
        found: list[Case] = []
        for kind in self.target.kinds:
            if kind in check.model_types:
                ways: list[Way | None] = [way for way in check.ways if way in WAYS[kind]]
                if not check.ways:
                    ways.append(None)
                found += [Case(check, kind, way) for way in ways]
        return found

    def choose(self, case: Case) -> Model | None:
        """Return the model to run a case with: the first that declares what the check needs.

        Raises:
            NotApplicable: No model declares it, or the dialect's server has no models of this type.
            CheckFailure: The provider declares the model type and has no model of it.
        """
        if case.kind is None:
            return None
        dialect = self.server.dialect
        if not dialect.serves(case.kind):
            lacks = f"the dialect {dialect.name} has no endpoint for it"
            self.notes.append(f"{case.kind} is declared, and {lacks}: nothing of it was checked")
            raise NotApplicable(f"servers of the dialect {dialect.name} have no {case.kind} models", by_dialect=True)
        models = self.models.get(case.kind, [])
        if not models:
            raise CheckFailure(
                f"the provider declares {case.kind}, and there is no model of that type to test",
                expected=f"a predefined model, or one given by hand: --model {case.kind}=NAME",
            )
        for model in models:
            if all(model.declares(need) for need in case.check.needs):
                return model
        raise NotApplicable(f"no {case.kind} model declares {', '.join(case.check.needs)}")

    # Running.

    def run(self, case: Case) -> CaseResult:
        """Run a case and keep its result."""
        started = time.perf_counter()
        result = self.judge(case)
        result.seconds = round(time.perf_counter() - started, 4)
        self.results.append(result)
        return result

    def judge(self, case: Case) -> CaseResult:
        """Run a case without keeping its result."""
        check = case.check
        entry = self.deviations.find(check, case.kind, case.way)
        result = CaseResult(check.id, case.label, "pass")
        context: Context | None = None
        try:
            model = self.choose(case)
            result.model = model.name if model is not None else ""
            if entry is not None:
                refusal = entry.refusal(check, model is not None and all(map(model.declares, check.needs)))
                if refusal is not None:
                    sentence = f"contract.toml lists it as {entry.level}, but {refusal}"
                    return self._failed(case, result, CheckFailure(sentence), None, None)
            context = self._context(case, model)
            self._run(case, context)
        except TimeLimit as late:
            self.close()
            failure = CheckFailure(f"asked for its models, the provider hangs: {late}", came=late.stack)
            return self._failed(case, result, failure, None, entry)
        except NotRun as missing:
            result.status, result.reason = "not-run", missing.reason
            return result
        except NotApplicable as reason:
            if reason.by_dialect or not check.needs or context is None:
                result.status, result.reason = "not-applicable", reason.reason
                return result
            failure = CheckFailure(
                f"the model declares {', '.join(check.needs)}, and that cannot be tested: {reason.reason}",
                expected="a declared feature that works, or no declaration of it (SCH-15)",
            )
            return self._failed(case, result, failure, context, entry)
        except CheckFailure as failure:
            return self._failed(case, result, failure, context, entry)
        if entry is not None:
            sentence = f"contract.toml lists it as {entry.level}, but it passes: {self._way_out(case, entry)}"
            return self._failed(case, result, CheckFailure(sentence), None, None)
        return result

    def _way_out(self, case: Case, entry: Deviation) -> str:
        """Return what to do about a deviation's entry when a case passes that it excuses."""
        cases = [other for other in self.cases_of(case.check) if entry.covers(other.kind, other.way)]
        kinds = [kind for kind in dict.fromkeys(other.kind for other in cases) if kind != case.kind]
        ways = [way for way in dict.fromkeys(other.way for other in cases) if way != case.way]
        name, rest = ("model_types", kinds) if kinds else ("ways", ways)
        limit = f", or limit it with {name} = {json.dumps(rest)} if it fails there" if rest else ""
        return f"take the entry out{limit}"

    def _context(self, case: Case, model: Model | None) -> Context:
        server = self.server
        server.reset()
        server.errors.clear()
        server.strict = frozenset()
        server.settings = dict(self.settings)
        server.models = None
        seed = f"{self.seed}:{case.check.id}:{case.label}"
        return Context(self, case.check, self.target, server, model, case.way, self.values, seed)

    def _run(self, case: Case, context: Context) -> None:
        name = f"{case.check.id}[{case.label}]"
        limit = self._patience.limit(case.check)

        def body() -> None:
            try:
                if case.kind is not None:
                    warm_up(context)
                case.check.function(context)
                context.settle()
            except CheckFailure:
                context.blame_dialect()
                raise
            finally:
                self.seen.update(*map(features, context.server.requests))
                context.end()

        try:
            self._within_walls(name, body, limit)
        except (CheckFailure, NotApplicable, NotRun):
            raise
        except TimeLimit as late:
            # Whatever still runs must not reach the next check.
            self.close()
            reason = self._patience.note(case.check, name, limit)
            if reason:
                raise NotRun(reason) from late
            raise CheckFailure(str(late), expected="an answer or an error in time", came=late.stack) from late
        except AssertionError as error:
            raise CheckFailure(str(error) or "an assertion of the check failed") from error
        except PluginError as error:
            place = place_of(error, self.target.package)
            came = f"{show_error(error)} [{place}]" if place else show_error(error)
            raise CheckFailure("the plugin has a bug", expected="a call", came=came) from error
        except Exception as error:
            trace = "".join(traceback.format_exception(error)[-4:])
            raise CheckFailure(f"the check broke off with {type(error).__name__}: {error}", came=trace) from error

    def _within_walls(self, name: str, body: Callable[[], None], seconds: float) -> None:
        self._tried = []
        try:
            with no_proxies(), loopback_only(self._tried):
                limited(body, seconds * slowness(), self.server.disconnect_all)
        finally:
            self.attempts += [(name, host) for host in self._tried]

    @contextmanager
    def pardon(self) -> Generator[None]:
        """Forget what is tried at other hosts meanwhile: a check has taken the address away itself."""
        before = len(self._tried)
        try:
            yield
        finally:
            del self._tried[before:]

    def _ask(self) -> dict[str, list[Model]]:
        with self.target.runtime() as runtime:
            return self.target.models(runtime, self.values)

    def _failed(
        self, case: Case, result: CaseResult, failure: CheckFailure, context: Context | None, entry: Deviation | None
    ) -> CaseResult:
        status: Status = "advisory" if case.check.level == "advisory" else "fail"
        if entry is not None:
            status = entry.level
        requests = context.server.requests if context is not None else []
        sent = failure.wire if failure.wire is not None else headline(requests[-1]) if requests else ""
        result.status = status
        result.reason = self.scrub(entry.reason if entry is not None else failure.sentence)
        note = context.silence() if context is not None else ""
        came = failure.came or ""
        last = context.outcomes[-1] if context is not None and context.outcomes else None
        if last is not None and isinstance(last.error, PluginError) and not came.startswith("PluginError:"):
            # Whatever the check misses, it is for the bug.
            note = came = last.told()
        result.came = self.scrub(came)
        result.text = self.scrub(describe(case.check, case.label, result.model, failure, sent, note))
        result.transcript = transcript(requests, self.scrub) if context is not None else ""
        return result


def warm_up(context: Context) -> None:
    """Let the provider make the schema of the check's model, so that its requests are not taken for those of calls."""
    try:
        context.handle()
    except Exception:
        # The check's own calls meet it again, and say what it means.
        return
