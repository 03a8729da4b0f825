"""Which generation of server answers, and what it serves.

`GET /v1/models` tells first: 404 up to 0.3.7; ``owned_by`` is ``na`` from 0.3.8 to 0.5 and ``vllm`` in 0.6. `POST
/v1/metadata` tells the old ones apart. No answer of any generation carries the version itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import Field
from pydantic_core import from_json

from mrt.entities.invocation import Invocation
from mrt.entities.model import AIModelEntity
from mrt.entities.plain import is_list, is_mapping
from mrt.errors import InvokeAuthorizationError, InvokeBadRequestError, InvokeBadResponseError
from mrt.http.messages import HTTPRequest, HTTPResponse


class Generation(StrEnum):
    """A line of servers with endpoints in common."""

    OLDEST = "0.2-0.3"
    """`/v1/generate` and `/v1/embeddings` of its own; up to 0.3.7."""
    OLD = "0.4"
    """Chat beside `/v1/generate`; 0.3.8 to 0.4."""
    MIDDLE = "0.5"
    """As 0.4, but ``stop`` stands inside ``llm_config``."""
    NEW = "0.6"
    """vLLM's OpenAI routes and nothing else."""


@dataclass(frozen=True, slots=True)
class Server:
    """What a server told.

    Args:
        generation: Its generation.
        models: Ids of the models that it serves; unknown when empty.
        context_sizes: Id to tokens, where told (0.6).
        defaults: Sampling parameters with the server's defaults, where told (up to 0.5).
        fields: Names of the fields that a chat request may have, where told (0.6).
        embeds: Whether its model embeds; None where it does not tell.
    """

    generation: Generation
    models: tuple[str, ...] = ()
    context_sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fields: frozenset[str] = frozenset()
    embeds: bool | None = None

    def served(self, name: str) -> str | None:
        """Return the id under which the server knows a model; None when it does not serve it.

        0.4 and 0.5 write ``org--name`` for ``org/name``, and the base name for a folder; the others keep ``org/name``.
        """
        for candidate in (name, name.replace("/", "--"), name.replace("--", "/"), _base_name(name)):
            if candidate in self.models:
                return candidate
        return None if self.models else name

    def is_native(self, *, chat: bool) -> bool:
        """Tell whether calls go to ``/v1/generate``: without a chat route, and for text that is to be continued.

        0.5 has no route for text completions, so that the native one is the only one that all of the old line have.
        """
        return self.generation is Generation.OLDEST or (self.generation is not Generation.NEW and not chat)


class ServedModel(AIModelEntity):
    """A schema that knows the server that it was made from, so that calls need not ask again."""

    server: Server = Field(exclude=True)
    served_id: str = Field(exclude=True)


def server_of(invocation: Invocation[Any]) -> Server:
    """Return the server of a call; one of the present generation when nothing is known."""
    schema = invocation.schema
    return schema.server if isinstance(schema, ServedModel) else Server(Generation.NEW)


def look(
    send: Callable[[HTTPRequest], HTTPResponse], get: Callable[[str], HTTPRequest], post: Callable[[str], HTTPRequest]
) -> Server:
    """Ask a server what it is: two small requests.

    Args:
        send: Sends a request; raises for statuses of 300 and above.
        get: Makes a GET of a path below ``/v1``.
        post: Makes a POST of an empty JSON object likewise; metadata is a POST.

    Raises:
        InvokeBadResponseError: What answers is no OpenLLM server.
        InvokeError: It could not be asked.
    """
    listed = _ask(send, get("/models"))
    entries = [entry for entry in _entries(listed) if isinstance(entry.get("id"), str)]
    if listed is not None and not entries:
        raise InvokeBadResponseError("what answers at this URL is no OpenLLM server: it lists no models")
    ids = tuple(str(entry["id"]) for entry in entries)
    if entries and all(entry.get("owned_by") != "na" for entry in entries):
        sizes = {str(e["id"]): e["max_model_len"] for e in entries if isinstance(e.get("max_model_len"), int)}
        return Server(Generation.NEW, ids, sizes, fields=_chat_fields(_ask_if_there(send, get("/openapi.json"))))
    if entries:
        metadata = _ask_if_there(send, post("/metadata"))
        if not is_mapping(metadata):
            return Server(Generation.OLD, ids)
        configuration = metadata.get("configuration")
        # 0.4 has `backend` and writes the configuration as JSON in a string, 0.5 has neither.
        is_old = "backend" in metadata or isinstance(configuration, str)
        return Server(Generation.OLD if is_old else Generation.MIDDLE, ids, defaults=_defaults(configuration))
    metadata = _ask(send, post("/metadata"))
    if not is_mapping(metadata):
        raise InvokeBadResponseError("what answers at this URL is no OpenLLM server: it has no models and no metadata")
    identity = metadata.get("model_id")
    embeds = metadata.get("supports_embeddings")
    return Server(
        Generation.OLDEST,
        (_without_folder(identity),) if isinstance(identity, str) and identity else (),
        defaults=_defaults(metadata.get("configuration")),
        embeds=embeds if isinstance(embeds, bool) else None,
    )


def _ask(send: Callable[[HTTPRequest], HTTPResponse], request: HTTPRequest) -> Any:
    """Return the JSON of an answer; None where there is no such endpoint."""
    try:
        return send(request).json()
    except InvokeBadRequestError as error:
        if error.status in (404, 405):
            return None
        raise


def _ask_if_there(send: Callable[[HTTPRequest], HTTPResponse], request: HTTPRequest) -> Any:
    """Return the JSON of a document that a server may lack, or a gateway may keep; None then.

    A server that is down or busy has not said that it lacks it: such an error passes.
    """
    try:
        return send(request).json()
    except (InvokeBadRequestError, InvokeAuthorizationError, InvokeBadResponseError):
        return None


def _entries(listed: Any) -> list[Mapping[str, Any]]:
    data = listed.get("data") if is_mapping(listed) else None
    return [entry for entry in data if is_mapping(entry)] if is_list(data) else []


def _chat_fields(document: Any) -> frozenset[str]:
    """Return the field names of chat requests in an OpenAPI document; ranges are not in it."""
    components = document.get("components") if is_mapping(document) else None
    schemas = components.get("schemas") if is_mapping(components) else None
    names: set[str] = set()
    for name, schema in schemas.items() if is_mapping(schemas) else ():
        if str(name).startswith("ChatCompletion") and str(name).endswith("Request") and is_mapping(schema):
            properties = schema.get("properties")
            names |= set(properties) if is_mapping(properties) else set()
    return frozenset(names)


def _defaults(configuration: Any) -> dict[str, Any]:
    """Return the sampling parameters: those of ``generation_config`` and those beside it; null is not there."""
    if isinstance(configuration, str):
        try:
            configuration = from_json(configuration)
        except ValueError:
            return {}
    if not is_mapping(configuration):
        return {}
    nested = configuration.get("generation_config")
    merged = {**configuration, **(nested if is_mapping(nested) else {})}
    return {name: value for name, value in merged.items() if isinstance(value, (int, float, str))}


def _base_name(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _without_folder(identity: str) -> str:
    # 0.2 and 0.3 name a folder by its path, which is nothing to ask a caller for.
    return _base_name(identity) if identity.startswith("/") else identity
