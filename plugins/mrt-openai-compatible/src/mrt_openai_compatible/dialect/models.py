"""The list of models, and what it says about credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mrt.entities.common import FetchFrom, ModelType, default_label
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeError,
    InvokeModelNotFoundError,
)
from mrt.http.messages import HTTPResponse
from mrt_openai_compatible.dialect.errors import bad_answer

if TYPE_CHECKING:
    from mrt_openai_compatible.dialect.base import OpenAIModel

_SHOWN = 10
_NO_LIST = (404, 405, 501)
# The first word found decides, so the special ones stand before the general ones.
_WORDS: tuple[tuple[str, ModelType], ...] = (
    ("rerank", ModelType.RERANK),
    ("embed", ModelType.TEXT_EMBEDDING),
    ("moderation", ModelType.MODERATION),
    ("whisper", ModelType.SPEECH2TEXT),
    ("transcribe", ModelType.SPEECH2TEXT),
    ("tts", ModelType.TTS),
    ("speak", ModelType.TTS),
    ("speech", ModelType.TTS),
)


def guess_model_type(name: str) -> ModelType:
    """Return the type that a model's name suggests; the list itself says nothing about it."""
    lower = name.lower()
    return next((kind for word, kind in _WORDS if word in lower), ModelType.LLM)


def listed_models(body: Any, response: HTTPResponse) -> list[dict[str, Any]]:
    """Return the entries of a list of models that have an id, each id once.

    Args:
        body: ``{"data": [{"id": …}]}``, or a bare list; entries may be null, bare names, or lack an id.
        response: The response around it.

    Raises:
        InvokeBadResponseError: It is no list.
    """
    found = body.get("data", body.get("models")) if is_mapping(body) else body
    if not is_list(found):
        raise bad_answer("is no list of models", response)
    entries: dict[str, dict[str, Any]] = {}
    for entry in found:
        listed = dict(entry) if is_mapping(entry) else {"id": entry}
        name = listed.get("id")
        if isinstance(name, str) and name:
            entries.setdefault(name, listed)
    return list(entries.values())


def listed_entity(entry: Mapping[str, Any], model_type: ModelType) -> AIModelEntity:
    """Return a listed model as a schema: name, type, and the context size where the server tells it (as vLLM does)."""
    properties: dict[ModelPropertyKey, Any] = {}
    for key in ("max_model_len", "context_length", "context_window"):
        size = entry.get(key)
        if isinstance(size, int) and size > 0:
            properties[ModelPropertyKey.CONTEXT_SIZE] = size
            break
    name = str(entry["id"])
    return AIModelEntity(
        model=name,
        label=default_label(name),
        model_type=model_type,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties=properties,
    )


def validate_by_list_and_call(model_class: OpenAIModel, model: str, credentials: dict[str, Any]) -> None:
    """Check credentials: the list of models first, which costs nothing, then the smallest call if need be.

    A list that names the model settles it. One that does not decides nothing: gateways serve more than they list.

    Raises:
        CredentialsValidateFailedError: The key, the model or the URL is wrong.
        InvokeError: The server could not be asked: no connection, too many calls, a failure of its own.
    """
    known: list[str] = []
    lists = False
    try:
        if model_class.lists_models:
            try:
                known = [str(entry["id"]) for entry in model_class.list_entries(credentials)]
                lists = True
            except (InvokeBadRequestError, InvokeBadResponseError) as error:
                if not _has_no_list(error):
                    raise
            if model in known:
                return
        model_class.probe(model, credentials)
    except InvokeAuthorizationError as error:
        # Without a status the key never left: it could not be one.
        reason = f"the server refused the key: {error}" if error.status else str(error)
        raise CredentialsValidateFailedError(reason, cause=error) from error
    except InvokeModelNotFoundError as error:
        raise _unknown_model(model, known, error, lists=lists) from error
    except (InvokeBadRequestError, InvokeBadResponseError) as error:
        if error.status in _NO_LIST or isinstance(error, InvokeBadResponseError):
            raise _unknown_model(model, known, error, lists=True) if lists else _wrong_url(error) from error
        raise CredentialsValidateFailedError(
            f"the server refused a small call to '{model}': {error}", cause=error
        ) from error


def _has_no_list(error: InvokeError) -> bool:
    # A web page or an unknown path: perhaps the server has no list, so the call decides.
    return error.status in _NO_LIST or isinstance(error, InvokeBadResponseError)


def _unknown_model(model: str, known: list[str], error: InvokeError, *, lists: bool) -> CredentialsValidateFailedError:
    has = "" if lists else ", or the path of the URL is wrong: it has no list of models either"
    if known:
        more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
        has = f"; it has: {', '.join(known[:_SHOWN])}{more}"
    return CredentialsValidateFailedError(f"the server serves no model '{model}'{has}", cause=error)


def _wrong_url(error: InvokeError) -> CredentialsValidateFailedError:
    return CredentialsValidateFailedError(
        f"no server of this dialect answers at this URL: check its host, port and path ({error})", cause=error
    )
