"""Spans and metrics of OpenTelemetry, with the names of its conventions for generative AI."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from mrt.entities.usage import EmbeddingUsage, LLMUsage
from mrt.errors import InvokeError
from mrt.middleware.attempts import FailedAttempt
from mrt.middleware.semconv import (
    CONVENTIONS,
    DURATION,
    ERROR_TYPE,
    LATEST,
    OPT_IN_VARIABLE,
    SECONDS_BUCKETS,
    TIME_TO_FIRST_CHUNK,
    TOKEN_BUCKETS,
    TOKEN_TYPE,
    TOKEN_USAGE,
    content_attributes,
    operation,
    request_attributes,
    response_attributes,
)
from mrt.middleware.watcher import Observation, Watcher

_SCOPE = "mrt"


class Telemetry(Watcher):
    """One span per call, whatever number of attempts it takes, and metrics of duration, tokens and first chunk.

    Attempts that failed are events of the span, provided that `Retry`, `Fallback` and `Balance` come after this one
    in the list of middleware. Without ``opentelemetry-api`` calls pass untouched. The names have the status
    "development", so they may be chosen by version.

    Args:
        convention: ``latest`` or ``v1.36``. When left out the latest, which is also what
            ``OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental`` asks for.
        content: Whether prompt and answer are recorded (latest convention only).
        tracer_provider: In place of the global one.
        meter_provider: In place of the global one.
        clock: Gives seconds.

    Raises:
        ValueError: The convention is not known.
    """

    def __init__(
        self,
        *,
        convention: str | None = None,
        content: bool = False,
        tracer_provider: Any = None,
        meter_provider: Any = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(keep_text=content, clock=clock)
        opted_in = "gen_ai_latest_experimental" in os.environ.get(OPT_IN_VARIABLE, "").split(",")
        self.convention = LATEST if convention is None or opted_in else convention
        if self.convention not in CONVENTIONS:
            raise ValueError(f"'{convention}' is no known convention; use one of {', '.join(CONVENTIONS)}")
        self._content = content and self.convention == LATEST
        self._spans: _Spans | None = None
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            return
        self._spans = _Spans(trace, tracer_provider)
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider)
        self._duration = _histogram(meter, DURATION, "s", "Duration of a call", SECONDS_BUCKETS)
        self._first_chunk = _histogram(
            meter, TIME_TO_FIRST_CHUNK, "s", "Time to a stream's first chunk", SECONDS_BUCKETS
        )
        self._tokens = _histogram(meter, TOKEN_USAGE, "{token}", "Tokens of prompt and answer", TOKEN_BUCKETS)

    def started(self, seen: Observation) -> None:
        if self._spans is None:
            return
        attributes = request_attributes(seen.invocation, self.convention)
        seen.span = self._spans.start(f"{operation(seen.invocation)} {seen.invocation.model}", attributes)

    def inside(self, seen: Observation) -> AbstractContextManager[Any]:
        # Not for a whole stream: between its chunks the caller's code runs, which is no part of the span.
        return nullcontext() if self._spans is None else self._spans.current(seen.span)

    def attempt_failed(self, seen: Observation, attempt: FailedAttempt) -> None:
        if self._spans is not None:
            seen.span.add_event("mrt.attempt_failed", _attempt(attempt))

    def finished(self, seen: Observation) -> None:
        if self._spans is None:
            return
        span, error = seen.span, seen.error
        span.set_attributes(response_attributes(seen, self.convention))
        if self._content:
            span.set_attributes(content_attributes(seen))
        if error is not None:
            span.set_attribute(ERROR_TYPE, type(error).__name__)
            self._spans.fail(span, type(error).__name__)
        span.end()
        self._measure(seen)

    def _measure(self, seen: Observation) -> None:
        # Few values each, or a time series is made for every call.
        common = request_attributes(seen.invocation, self.convention, metric=True)
        if seen.model:
            common["gen_ai.response.model"] = seen.model
        failed = {ERROR_TYPE: type(seen.error).__name__} if seen.error is not None else {}
        self._duration.record(seen.duration, {**common, **failed})
        if seen.time_to_first_chunk is not None:
            self._first_chunk.record(seen.time_to_first_chunk, common)
        usage = seen.usage
        if usage is None or usage.source == "unknown":
            return
        counts = {"input": usage.tokens} if isinstance(usage, EmbeddingUsage) else _both(usage)
        for kind, count in counts.items():
            self._tokens.record(count, {**common, TOKEN_TYPE: kind})


class _Spans:
    """The part of OpenTelemetry's tracing that is used; its API is not typed when it is not installed."""

    def __init__(self, trace: Any, provider: Any) -> None:
        self._trace = trace
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=provider)

    def start(self, name: str, attributes: dict[str, Any]) -> Any:
        return self._tracer.start_span(name, kind=self._trace.SpanKind.CLIENT, attributes=attributes)

    def current(self, span: Any) -> AbstractContextManager[Any]:
        # The exception itself may quote the prompt, so only its class is recorded.
        context = self._trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False)
        return cast(AbstractContextManager[Any], context)

    def fail(self, span: Any, reason: str) -> None:
        span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, reason))


def _histogram(meter: Any, name: str, unit: str, description: str, buckets: tuple[float, ...]) -> Any:
    arguments = {"unit": unit, "description": description}
    try:
        return meter.create_histogram(name, **arguments, explicit_bucket_boundaries_advisory=list(buckets))
    except TypeError:
        # The advice came with opentelemetry-api 1.30.
        return meter.create_histogram(name, **arguments)


def _attempt(attempt: FailedAttempt) -> dict[str, Any]:
    error: InvokeError = attempt.error
    facts: dict[str, Any] = {
        ERROR_TYPE: type(error).__name__,
        "mrt.provider": attempt.provider,
        "gen_ai.request.model": attempt.model,
        "mrt.wait": attempt.wait,
    }
    if error.status is not None:
        facts["http.response.status_code"] = error.status
    return facts


def _both(usage: LLMUsage) -> dict[str, int]:
    return {"input": usage.prompt_tokens, "output": usage.completion_tokens}
