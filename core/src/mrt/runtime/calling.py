"""The frame around a hook call outside of an invocation: its connections, and its errors."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from mrt.entities.common import ModelType
from mrt.entities.secret import Credentials
from mrt.http.context import CallContext, use_context
from mrt.runtime.error_map import to_caller

if TYPE_CHECKING:
    from mrt.registry import ProviderEntry


class Calling:
    """Runs a block with the runtime's connections, and turns what a plugin raises in it into what callers catch.

    A class, since a generator would give an error that it raises again the traceback back that was taken from it for
    the keys in its frames.
    """

    def __init__(
        self, entry: ProviderEntry, credentials: Credentials, model_type: ModelType, model: str, context: CallContext
    ) -> None:
        self._facts = entry, model_type, model, credentials
        self._connections: AbstractContextManager[None] = use_context(context)

    def __enter__(self) -> None:
        self._connections.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections.__exit__(None, None, None)
        if isinstance(error, Exception):
            mapped = to_caller(error, *self._facts)
            raise mapped from mapped.__cause__
