"""The hooks between core and a plugin. This file is the contract.

Core calls every hook with keywords. A plugin may leave out arguments that it does not need. The same plugin object is
used by many threads and event loops at once, so the state of a call belongs into local variables.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.invocation import Invocation
    from mrt.entities.message import PromptMessage, PromptMessageTool
    from mrt.entities.model import AIModelEntity
    from mrt.entities.provider import ProviderEntity
    from mrt.entities.results import Voice
    from mrt.entities.secret import Credentials
    from mrt.errors import InvokeError

PROJECT = "mrt"
ENTRY_POINT_GROUP = "mrt.providers"
MIDDLEWARE_GROUP = "mrt.middleware"

MRT_API = 1
"""The number of this contract. A plugin may declare the one it was written for as `mrt_api`."""

SUPPORTED_APIS = frozenset({1})

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def provide_schema() -> ProviderEntity | None:
    """Return what the vendor is: names, forms, models.

    Called once. Core reads the plugin's ``provider.yaml`` when the plugin returns None or has no such hook.
    """


@hookspec(firstresult=True)
def validate_credentials(model_type: ModelType | None, model: str | None, credentials: Credentials) -> None:
    """Ask the vendor whether credentials work.

    Args:
        model_type: The model's type; None together with `model` for the provider's own credentials.
        model: The model's name.
        credentials: Form-checked, read-only credentials; secret fields are `Secret`.

    Raises:
        CredentialsValidateFailedError: They do not. An `InvokeError` that says why may be raised as well.
    """


@hookspec(firstresult=True)
def invoke(invocation: Invocation[Any]) -> Any:
    """Make one call.

    Returns:
        The result of the model type, or an iterator of chunks when ``invocation.stream``.

    Raises:
        InvokeError: The call failed. Any other exception is looked up in `error_mapping`.
    """


@hookspec(firstresult=True)
def ainvoke(invocation: Invocation[Any]) -> Awaitable[Any] | AsyncIterator[Any] | None:
    """Make one call without blocking the event loop. Optional: core runs `invoke` in a thread instead.

    Returns:
        An awaitable of the result; an async iterator of chunks, or an awaitable of one, when ``invocation.stream``.
    """


@hookspec(firstresult=True)
def error_mapping(model_type: ModelType) -> Mapping[type[InvokeError], Sequence[type[Exception]]] | None:
    """Return which vendor exceptions are which `InvokeError`; the most specific exception type wins."""


@hookspec(firstresult=True)
def get_num_tokens(
    model_type: ModelType,
    model: str,
    credentials: Credentials,
    prompt_messages: Sequence[PromptMessage],
    tools: Sequence[PromptMessageTool] | None,
) -> int | None:
    """Count the prompt's tokens. Optional: core estimates with GPT-2's tokenizer."""


@hookspec(firstresult=True)
def get_customizable_model_schema(model_type: ModelType, model: str, credentials: Credentials) -> AIModelEntity | None:
    """Make the schema of a model that no file describes. Optional."""


@hookspec(firstresult=True)
def list_models(model_type: ModelType | None, credentials: Credentials) -> Sequence[AIModelEntity] | None:
    """Ask the vendor which models these credentials reach. Optional; None when the vendor cannot be asked."""


@hookspec(firstresult=True)
def get_tts_model_voices(model: str, credentials: Credentials, language: str | None) -> Sequence[Voice] | None:
    """Return the voices of a text-to-speech model. Optional: core reads them from the model's schema."""


# Used in annotations of plugins that return iterators.
Chunks = Iterator[Any]
