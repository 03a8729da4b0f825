"""What the handles of all six model types share."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mrt.entities.common import FetchFrom, ModelType, default_label
from mrt.entities.invocation import Invocation, Request
from mrt.entities.model import AIModelEntity
from mrt.entities.secret import Credentials
from mrt.errors import InvokeBadRequestError, PluginError
from mrt.http.context import CallContext
from mrt.runtime.schemas import LIFETIME
from mrt.schema.parameters import ParameterValidator

if TYPE_CHECKING:
    from mrt.runtime.runtime import Runtime


class Handle:
    """One model with its credentials, ready to be called from any thread or event loop.

    Made by `mrt.llm` and its sisters. Handles are cheap: connections belong to the runtime.
    """

    model_type: ClassVar[ModelType]

    def __init__(
        self, runtime: Runtime, provider: str, model: str, credentials: Credentials, context: CallContext
    ) -> None:
        self._runtime = runtime
        self.provider = provider
        self.model = model
        self.credentials = credentials
        self._context = context
        self._closed = False
        self._known: tuple[AIModelEntity | None, float] | None = None
        self._validator: tuple[AIModelEntity, ParameterValidator] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.provider}/{self.model}>"

    @property
    def schema(self) -> AIModelEntity:
        """The model's schema: features, context size, parameter rules, prices.

        Raises:
            InvokeError: The vendor was asked for it and failed.
        """
        return self._schema() or AIModelEntity(
            model=self.model,
            label=default_label(self.model),
            model_type=self.model_type,
            fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        )

    def validate_credentials(self) -> None:
        """Check the credentials against the form, then ask the vendor.

        Raises:
            CredentialsValidateFailedError: They do not work.
            InvokeError: The vendor could not be asked: no connection, or it failed.
        """
        self._runtime.check_credentials(self.provider, self.credentials, self.model_type, self.model, self._context)

    async def avalidate_credentials(self) -> None:
        """Do the same as `validate_credentials` without blocking the event loop."""
        import asyncio

        await asyncio.to_thread(self.validate_credentials)

    def close(self) -> None:
        """Give the handle up; the runtime's idle connections close with its last handle. Closing twice is fine."""
        if not self._closed:
            self._closed = True
            self._runtime.release(self)

    async def aclose(self) -> None:
        """Do the same as `close` from an event loop."""
        if not self._closed:
            self._closed = True
            await self._runtime.arelease(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _schema(self) -> AIModelEntity | None:
        known = self._known
        if known is not None and known[1] > time.monotonic():
            return known[0]
        schema = self._runtime.find_schema(self.provider, self.model_type, self.model, self.credentials, self._context)
        self._known = (schema, time.monotonic() + LIFETIME)
        return schema

    async def _aschema(self) -> AIModelEntity | None:
        known = self._known
        if known is not None and known[1] > time.monotonic():
            return known[0]
        # Plugins make schemas with blocking requests, once per model and five minutes.
        import asyncio

        return await asyncio.to_thread(self._schema)

    def _parameters(
        self, schema: AIModelEntity | None, parameters: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        if schema is None:
            return {name: value for name, value in parameters.items() if value is not None}, ()
        if self._validator is None or self._validator[0] is not schema:
            self._validator = (schema, ParameterValidator(schema.parameter_rules))
        return self._validator[1].validate(parameters, policy=self._runtime.unknown_parameters)

    def _invocation(
        self, request: Request, stream: bool, user: str | None, schema: AIModelEntity | None
    ) -> Invocation[Any]:
        if self._closed:
            raise InvokeBadRequestError(
                "this handle is closed: make a new one", provider=self.provider, model=self.model
            )
        return Invocation(
            self.model_type,
            self.model,
            self.credentials,
            request,
            stream=stream,
            user=user,
            schema=schema,
            provider=self.provider,
            context=self._context,
        )

    def _misbehaved(self, told: str) -> PluginError:
        return PluginError(f"the plugin '{self.provider}': {told}", provider=self.provider)

    def _refuse(self, reason: str) -> InvokeBadRequestError:
        return InvokeBadRequestError(reason, provider=self.provider, model=self.model)
