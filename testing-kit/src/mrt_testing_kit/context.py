"""What a check is given: the provider to call, the server behind it, and ways to judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from mrt import AIModelEntity, ParameterRule, Timeouts
from mrt_testing_kit import leak
from mrt_testing_kit.calls import Calls
from mrt_testing_kit.catalogue import WAYS, Check, Tier, Way
from mrt_testing_kit.explore import explore, explore_deeply
from mrt_testing_kit.failure import CheckFailure, NotApplicable, show
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Entry, OracleServer, RecordedRequest, UnconsumedFault, applies, oracle
from mrt_testing_kit.target import Model, Target, slowness

if TYPE_CHECKING:
    from mrt_testing_kit.session import Session

# Model type to the kinds of endpoint that may serve it.
ENDPOINTS: dict[str, tuple[str, ...]] = {
    "llm": ("chat", "completion", "generate"),
    "text-embedding": ("embedding",),
    "rerank": ("rerank",),
    "speech2text": ("transcription",),
    "tts": ("speech",),
    "moderation": ("moderation",),
}


class Context(Calls):
    """The world of one run of a check: one provider, one model, one way of calling, a server of its own.

    The server has been reset, knows the canary as its only key (when the credentials use it), and has no fault yet. The
    model's schema is known, so that the first recorded request is the call's.

    Args:
        session: The run that this belongs to.
        check: The check.
        target: The provider.
        server: The server.
        model: The model; None for checks of the whole provider.
        way: The way of calling; None when the check chooses.
        values: What stands for ``{server}`` and its sisters.
        seed: Makes `random` the same in every run.
    """

    def __init__(
        self,
        session: Session,
        check: Check,
        target: Target,
        server: OracleServer,
        model: Model | None,
        way: Way | None,
        values: Mapping[str, str],
        seed: str,
    ) -> None:
        super().__init__(
            target, server, values, model.kind if model else None, model.name if model else "", way or "sync"
        )
        self.session = session
        self.check = check
        self.oracle: ModuleType = oracle
        self.random = random.Random(seed)
        self.single_way = way
        self._model = model
        self._is_strict = False

    # What is known.

    @property
    def canary(self) -> str:
        """The key that the credentials hold; nothing may ever show it."""
        return self._values["canary"]

    @property
    def tier(self) -> Tier:
        """How thorough the run is."""
        return self.session.tier

    @property
    def options(self) -> dict[str, Any]:
        """What the run was told beside (``wheel``, ``source`` and others)."""
        return self.session.options

    @property
    def models(self) -> Mapping[str, list[Model]]:
        """Model type to the models that can be tested."""
        return self.session.models

    @property
    def schema(self) -> AIModelEntity:
        """The schema of the check's model."""
        if self._model is None:
            raise CheckFailure(f"{self.check.id} has no model: give it model_types")
        return self._model.schema

    @property
    def rules(self) -> dict[str, ParameterRule]:
        """The parameters that the check's model takes, by name."""
        return {rule.name: rule for rule in self.schema.parameter_rules}

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in which the check's model can be called."""
        return WAYS[self.kind] if self.kind else ()

    @property
    def requests(self) -> list[RecordedRequest]:
        """The requests of this check, without those that only asked for the model's schema."""
        return [request for request in self.server.requests if id(request) not in self._probes]

    @property
    def short(self) -> Timeouts:
        """Time limits of half a second, for servers that stall."""
        limit = self.seconds(0.5)
        return Timeouts(connect=limit, first_byte=limit, between_bytes=limit, total=None)

    @staticmethod
    def seconds(number: float) -> float:
        """Return a time limit, stretched on slow machines (``MRT_KIT_SLOW``)."""
        return number * slowness()

    def declares(self, *needs: str) -> bool:
        """Tell whether the check's model has all of these features; ``a|b`` asks for either."""
        return self._model is not None and all(self._model.declares(need) for need in needs)

    # Making it hard.

    @contextmanager
    def fault(
        self,
        id: str,
        *,
        times: int | None = 1,
        path: str | None = None,
        skip: int = 0,
        when: Callable[[RecordedRequest], bool] | None = None,
        **options: Any,
    ) -> Generator[Entry]:
        """Let the server misbehave inside a ``with`` block; arguments as in `OracleServer.fault`.

        A fault that shows when a connection opens needs one that is not open yet: the runtime's idle ones are
        closed, and for providers with connections of their own `another_server` is surer.

        Raises:
            NotApplicable: The dialect cannot show this fault.
            CheckFailure: The fault was not met by the end of the block, or the dialect is at fault.
        """
        self.need_fault(id)
        try:
            with self.server.fault(id, times=times, path=path, skip=skip, when=when, **options) as entry:
                if entry.fault.stage != "request" and self._runtime is not None:
                    self._runtime.close()
                yield entry
        except UnconsumedFault as error:
            self.blame_dialect()
            raise CheckFailure(
                f"the provider never ran into the fault that the server had ready: {error}",
                expected="a request that the fault fits",
                came=f"{len(self.requests)} requests, none of that kind",
            ) from None
        except CheckFailure:
            self.blame_dialect()
            raise
        self.blame_dialect()

    def blame_dialect(self) -> None:
        """Go on only if the dialect has done its part so far: what it cannot do is no fault of the provider.

        Raises:
            NotApplicable: The vendor's answers have no place for a fault.
            CheckFailure: The dialect has to be mended.
        """
        found = [error for server in (self.server, *self._extra) for error in server.unplayed]
        for server in (self.server, *self._extra):
            server.unplayed.clear()
        for error in sorted(found, key=lambda error: not error.is_mistake):
            if error.is_mistake:
                raise CheckFailure(str(error), mend=error.mend)
            raise NotApplicable(str(error), by_dialect=True)

    def need_fault(self, id: str) -> None:
        """Go on only if the dialect can show a fault on the endpoints of the check's model type.

        Raises:
            NotApplicable: It cannot.
        """
        stream = None if self.single_way is None else self.way in ("stream", "astream")
        kinds = ENDPOINTS.get(self.kind or "", ("other",))
        if not any(applies(id, self.server.dialect.name, kind, stream) for kind in kinds):
            raise NotApplicable(f"{id} cannot happen in the dialect {self.server.dialect.name}", by_dialect=True)

    def strict(self, *rules: str) -> None:
        """Let the server refuse what picky vendors refuse (all of S1 to S6 without arguments).

        A violation fails the check at its end, also when the provider went on as if nothing had happened.
        """
        self.server.strict = frozenset(rules) or frozenset(("S1", "S2", "S3", "S4", "S5", "S6"))
        self._is_strict = True

    def another_server(self, **options: Any) -> OracleServer:
        """Start a further server of the same dialect, which is stopped at the end of the check.

        Args:
            **options: As for `OracleServer`; ``api_key`` is the canary unless given.
        """
        options = {"api_key": self.server.api_key, "settings": self.session.settings, **options}
        server = OracleServer(self.server.dialect.name, **options).start()
        self._extra.append(server)
        return server

    def explore(self, body: Callable[[random.Random], None], *, times: int = 5, deep: int = 100) -> None:
        """Try a property on random inputs.

        Args:
            body: Draws its inputs from the random generator that it is given, and raises when the property fails.
            times: How often in the wire tier.
            deep: How often in the deep tier; with hypothesis installed a failing input is made small there.
        """
        if self.tier == "deep":
            explore_deeply(body, self.random, deep)
        else:
            explore(body, self.random, times)

    # Judging.

    def expect(
        self,
        condition: object,
        sentence: str,
        *,
        expected: Any = None,
        came: Any = None,
        outcome: Outcome | None = None,
    ) -> None:
        """Fail the check unless a condition holds.

        Args:
            condition: What has to be true.
            sentence: What is wrong when it is not.
            expected: What the contract asks for: a text, or a value that is shown.
            came: What the provider did, likewise.
            outcome: The call that is judged; the last one when left out.
        """
        if not condition:
            self.fail(sentence, expected=expected, came=came, outcome=outcome)

    def equal(self, actual: Any, expected: Any, what: str, *, outcome: Outcome | None = None) -> None:
        """Fail the check unless two values are equal.

        Args:
            actual: What the provider did.
            expected: What the oracle knows.
            what: What is compared: "the text of the answer".
            outcome: The call that is judged; the last one when left out.
        """
        if actual != expected:
            self.fail(f"{what} is wrong", expected=show(expected), came=show(actual), outcome=outcome)

    def fail(
        self,
        sentence: str,
        *,
        expected: Any = None,
        came: Any = None,
        outcome: Outcome | None = None,
        mend: str | None = None,
    ) -> NoReturn:
        """Fail the check; arguments as in `expect`, and ``mend`` where the check's own advice would mislead."""
        last = outcome or (self.outcomes[-1] if self.outcomes else None)
        told = came if came is not None else (last.told() if last is not None else None)
        raise CheckFailure(
            sentence,
            expected=None if expected is None else _text(expected),
            came=None if told is None else _text(told),
            sent=last.asked if last is not None else None,
            wire=last.wire if last is not None else None,
            mend=mend,
        )

    @contextmanager
    def case(self, what: str) -> Generator[None]:
        """Name what is tried inside a ``with`` block: a failure in it says so at its end, in brackets."""
        try:
            yield
        except CheckFailure as failure:
            failure.add(what)
            raise

    def secret_in(self, text: str) -> str | None:
        """Return how the canary shows in a text, for example ``in base64``; None when it does not."""
        return leak.find(self.canary, text)

    def not_applicable(self, reason: str, *, by_dialect: bool = False) -> NoReturn:
        """End the check without a verdict.

        Args:
            reason: Why, for the report.
            by_dialect: The dialect cannot show the situation. Without this, a check whose `needs` the model declares
                fails: what is declared has to be tested.
        """
        raise NotApplicable(reason, by_dialect=by_dialect)

    # The end.

    def settle(self) -> None:
        """Judge what is left at the end of a check that passed.

        Raises:
            CheckFailure: A fault was not met, a strict rule was broken, or the kit's own server failed.
        """
        self.blame_dialect()
        if self.server.errors:
            self.fail(f"the kit's own server failed, please report this: {self.server.errors[-1]}")
        left = self.server.unconsumed()
        self.expect(not left, f"the server's faults were not met: {', '.join(map(str, left))}")
        if self._is_strict and self.server.violations:
            self.fail(
                "a strict vendor refuses the request",
                expected="requests that keep every strict rule",
                came="; ".join(str(violation) for violation in self.server.violations),
            )

    def end(self) -> None:
        """Close what the check left open."""
        try:
            super().end()
        finally:
            for server in self._extra:
                server.stop()
            self._extra.clear()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else show(value)
