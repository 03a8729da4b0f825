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
from mrt.entities.plain import is_mapping
from mrt.errors import InvokeBadRequestError, InvokeBadResponseError
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
    """

    generation: Generation
    models: tuple[str, ...] = ()
    context_sizes: Mapping[str, int] = field(default_factory=dict[str, int])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    fields: frozenset[str] = frozenset()

    def served(self, name: str) -> str | None:
        """Return the id under which the server knows a model; None when it does not serve it.

        0.4 and 0.5 write ``org--name`` for ``org/name``, and the base name for a folder.
        """
        for candidate in (name, name.replace("/", "--"), name.rstrip("/").rpartition("/")[2]):
            if candidate in self.models:
                return candidate
        return None if self.models else name


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
    """Ask a server what it is: two or three small requests.

    Args:
        send: Sends a request; raises for statuses of 300 and above.
        get: Makes a GET of a path below ``/v1``.
        post: Makes a POST of an empty JSON object likewise; metadata is a POST.

    Raises:
        InvokeBadResponseError: What answers is no OpenLLM server.
        InvokeError: It could not be asked.
    """

    def ask(request: HTTPRequest) -> Any:
        try:
            return send(request).json()
        except InvokeBadRequestError as error:
            if error.status in (404, 405):
                return None
            raise

    listed = ask(get("/models"))
    entries = [entry for entry in _entries(listed) if isinstance(entry.get("id"), str)]
    if listed is not None and not entries:
        raise InvokeBadResponseError("what answers at this URL is no OpenLLM server: it lists no models")
    owners = {str(entry.get("owned_by")) for entry in entries}
    ids = tuple(str(entry["id"]) for entry in entries)
    if entries and "na" not in owners:
        sizes = {str(e["id"]): e["max_model_len"] for e in entries if isinstance(e.get("max_model_len"), int)}
        return Server(Generation.NEW, ids, sizes, fields=_chat_fields(ask(get("/openapi.json"))))
    metadata = ask(post("/metadata"))
    if not is_mapping(metadata):
        if entries:
            return Server(Generation.OLD, ids)
        raise InvokeBadResponseError(
            "what answers at this URL is no OpenLLM server: no models, no metadata"
        )
    configuration = metadata.get("configuration")
    generation = Generation.OLD if isinstance(configuration, str) else Generation.MIDDLE
    if not entries:
        generation, ids = Generation.OLDEST, tuple(filter(None, [str(metadata.get("model_id") or "")]))
    return Server(generation, ids, defaults=_defaults(configuration))


def _entries(listed: Any) -> list[Mapping[str, Any]]:
    data = listed.get("data") if is_mapping(listed) else None
    return [entry for entry in data if is_mapping(entry)] if isinstance(data, list) else []


def _chat_fields(document: Any) -> frozenset[str]:
    """Return the field names of chat requests in an OpenAPI document; ranges are not in it."""
    components = document.get("components") if is_mapping(document) else None
    schemas = components.get("schemas") if is_mapping(components) else None
    names: set[str] = set()
    for name, schema in schemas.items() if is_mapping(schemas) else ():
        if name.startswith("ChatCompletion") and name.endswith("Request") and is_mapping(schema):
            properties = schema.get("properties")
            names |= set(properties) if is_mapping(properties) else set()
    return frozenset(names)


def _defaults(configuration: Any) -> dict[str, Any]:
    """Return the sampling parameters: those of ``generation_config`` and those beside it; null is not there.

    The configuration is JSON in a string in 0.4, and an object from 0.5 on.
    """
    if isinstance(configuration, str):
        try:
            configuration = from_json(configuration)
        except ValueError:
            return {}
    if not is_mapping(configuration):
        return {}
    nested = configuration.get("generation_config")
    merged = {**configuration, **(nested if is_mapping(nested) else {})}
    return {name: value for name, value in merged.items() if isinstance(value, (int, float, str, bool))}
