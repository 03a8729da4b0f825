"""Tries other models when the asked one fails."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Protocol

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, LLMRequest
from mrt.entities.model import AIModelEntity
from mrt.entities.secret import Credentials
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeConnectionError,
    InvokeContextLengthError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
)
from mrt.middleware.attempts import FailedAttempt, record, report_attempt
from mrt.middleware.base import AsyncCall, AsyncStream, Call, Middleware, Stream
from mrt.middleware.streams import afirst, arest, first, rest

FALLBACK_ERRORS: tuple[type[InvokeError], ...] = (
    InvokeConnectionError,
    InvokeServerUnavailableError,
    InvokeRateLimitError,
    InvokeAuthorizationError,
    InvokeModelNotFoundError,
    InvokeContextLengthError,
)
"""Errors that another model may not have. A refused content is none of them: who wants to ask elsewhere says so."""


class FallbackModel(Protocol):
    """A model to fall back to, such as the handles that `mrt.llm` and its sisters return."""

    @property
    def model_type(self) -> ModelType: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def credentials(self) -> Credentials: ...
    @property
    def schema(self) -> AIModelEntity | None: ...


class Fallback(Middleware):
    """Tries other models in order when a call fails, streams before their first chunk only.

    A call falls back to models of its own type, and not to the one that it asked for in the first place. Parameters
    that such a model does not take are left out.

    Args:
        models: Handles of the models, first choice first.
        on: Errors that make the next model try.
    """

    def __init__(self, *models: FallbackModel, on: tuple[type[InvokeError], ...] = FALLBACK_ERRORS) -> None:
        if not models:
            raise ValueError("name at least one model to fall back to")
        self.models = models
        self.on = on

    def call(self, invocation: Invocation[Any], call_next: Call) -> Any:
        run = _Run(self, invocation)
        while True:
            try:
                return call_next(run.prepare())
            except self.on as error:
                if not run.goes_on_after(error):
                    raise

    async def acall(self, invocation: Invocation[Any], call_next: AsyncCall) -> Any:
        run = _Run(self, invocation)
        while True:
            try:
                return await call_next(await run.aprepare())
            except self.on as error:
                if not run.goes_on_after(error):
                    raise

    def stream(self, invocation: Invocation[Any], call_next: Stream) -> Iterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(run.prepare())
                chunk = first(source)
                break
            except self.on as error:
                if not run.goes_on_after(error):
                    raise
        yield from rest(chunk, source)

    async def astream(self, invocation: Invocation[Any], call_next: AsyncStream) -> AsyncIterator[Any]:
        run = _Run(self, invocation)
        while True:
            try:
                source = call_next(await run.aprepare())
                chunk = await afirst(source)
                break
            except self.on as error:
                if not run.goes_on_after(error):
                    raise
        remaining = arest(chunk, source)
        try:
            async for later in remaining:
                yield later
        finally:
            await remaining.aclose()


class _Run:
    """The attempts of one call: the model that was asked, then the others."""

    def __init__(self, policy: Fallback, invocation: Invocation[Any]) -> None:
        self._asked = self._current = invocation
        self._others = [model for model in policy.models if _is_other(model, invocation)]
        self._next: FallbackModel | None = None
        self._failed: list[FailedAttempt] = []

    def prepare(self) -> Invocation[Any]:
        """Return the invocation of the attempt that is due; finding out about the model may ask its vendor."""
        if self._next is not None:
            self._name()
            self._current = _for_model(self._asked, self._next, self._next.schema)
        return self._current

    async def aprepare(self) -> Invocation[Any]:
        """Do the same as `prepare` without blocking the event loop."""
        if self._next is not None:
            self._name()
            model = self._next
            get_schema: Callable[[], AIModelEntity | None] = lambda: model.schema  # noqa: E731
            self._current = _for_model(self._asked, model, await asyncio.to_thread(get_schema))
        return self._current

    def goes_on_after(self, error: InvokeError) -> bool:
        """Turn to the next model; False when there is none, and the error is final."""
        if not self._others:
            record(error, self._failed)
            return False
        self._failed.append(report_attempt(self._current, error))
        self._next = self._others.pop(0)
        return True

    def _name(self) -> None:
        # An error while the schema is fetched counts as one of this model.
        assert self._next is not None
        self._current = dataclasses.replace(self._asked, provider=self._next.provider, model=self._next.model)


def _is_other(model: FallbackModel, invocation: Invocation[Any]) -> bool:
    if model.model_type != invocation.model_type:
        return False
    asked = (invocation.provider, invocation.model, invocation.credentials.fingerprint)
    return asked != (model.provider, model.model, model.credentials.fingerprint)


def _for_model(invocation: Invocation[Any], model: FallbackModel, schema: AIModelEntity | None) -> Invocation[Any]:
    request = invocation.request
    if schema is not None and isinstance(request, LLMRequest) and request.model_parameters:
        from mrt.schema.parameters import ParameterValidator

        parameters, _ = ParameterValidator(schema.parameter_rules).validate(request.model_parameters, policy="drop")
        request = dataclasses.replace(request, model_parameters=parameters)
    return dataclasses.replace(
        invocation,
        provider=model.provider,
        model=model.model,
        credentials=model.credentials,
        schema=schema,
        request=request,
    )
