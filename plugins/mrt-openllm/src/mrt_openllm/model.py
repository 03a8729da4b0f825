"""What the classes of both model types share: addresses, errors, credentials, models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.common import FetchFrom, I18nObject
from mrt.entities.invocation import Invocation
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey, ParameterRule
from mrt.entities.secret import reveal
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeModelNotFoundError,
)
from mrt.http.messages import HTTPRequest, HTTPResponse
from mrt_openai_compatible.dialect.base import CredentialsLike, OpenAIModel, required
from mrt_openllm.errors import explained, traceback_error
from mrt_openllm.server import ServedModel, Server, look

_SHOWN = 10


class OpenLLMModel(OpenAIModel):
    """Base of the model classes; put it before the dialect's class of the model type."""

    def base_url(self, credentials: CredentialsLike) -> str:
        return required(credentials, "server_url")

    def model_name(self, invocation: Invocation[Any]) -> str:
        schema = invocation.schema
        return (
            schema.served_id if isinstance(schema, ServedModel) else wanted_id(invocation.model, invocation.credentials)
        )

    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        return traceback_error(response) or explained(super().parse_error(invocation, response), response)

    def server(self, credentials: CredentialsLike) -> Server:
        """Ask the server what it is.

        Raises:
            InvokeError: It could not be asked, or is no OpenLLM server.
        """
        return look(self.send, lambda path: self.get(credentials, path), lambda path: self._post(credentials, path))

    def _post(self, credentials: CredentialsLike, path: str) -> HTTPRequest:
        return HTTPRequest.json(self.endpoint(credentials, path), {}, self.headers(credentials))

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema from what the server tells; the runtime keeps it for five minutes.

        Raises:
            InvokeModelNotFoundError: The server does not serve the model; names those that it does.
        """
        server = self.server(credentials)
        wanted = wanted_id(model, credentials)
        served = server.served(wanted)
        if served is None:
            raise InvokeModelNotFoundError(not_served(wanted, server))
        return self.schema_of(model, served, server, credentials)

    def schema_of(self, model: str, served_id: str, server: Server, credentials: CredentialsLike) -> ServedModel:
        """Return the schema of a served model; each model type has its own facts.

        Raises:
            InvokeBadRequestError: The server has no models of this type.
        """
        raise NotImplementedError

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the server what it is, whether it serves the model, and what else `check` asks.

        Raises:
            CredentialsValidateFailedError: The key, the model or the URL is wrong, and it says which.
            InvokeError: The server could not be asked.
        """
        try:
            self.check(model, credentials)
        except InvokeAuthorizationError as error:
            raise CredentialsValidateFailedError(f"the gateway refused the key: {error}", cause=error) from error
        except (InvokeBadRequestError, InvokeBadResponseError) as error:
            raise CredentialsValidateFailedError(str(error), cause=error) from error

    def check(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask what shows that credentials work: the server's list settles it, since it lists all that it serves.

        Raises:
            InvokeError: They do not, or the server could not be asked.
        """
        self.get_customizable_model_schema(model, credentials)

    def list_models(self, credentials: dict[str, Any]) -> Sequence[AIModelEntity]:
        """Return the models that the server serves."""
        server = self.server(credentials)
        return [self.schema_of(served, served, server, credentials) for served in server.models]


def wanted_id(model: str, credentials: CredentialsLike) -> str:
    """Return the id that was asked for: the credential, or the model's name."""
    given = reveal(credentials.get("model_id"))
    return given if isinstance(given, str) and given else model


def not_served(wanted: str, server: Server) -> str:
    """Return the sentence on a model that the server does not serve."""
    more = f" and {len(server.models) - _SHOWN} more" if len(server.models) > _SHOWN else ""
    return f"the server (OpenLLM {server.generation.value}) does not serve '{wanted}'; it serves: " + (
        f"{', '.join(server.models[:_SHOWN])}{more}"
    )


def served_model(
    owner: OpenLLMModel,
    model: str,
    served_id: str,
    server: Server,
    *,
    mode: str | None = None,
    features: list[ModelFeature] | None = None,
    rules: Sequence[ParameterRule] = (),
) -> ServedModel:
    """Return a schema whose label says which generation of server it was made from."""
    properties: dict[ModelPropertyKey, Any] = {}
    if (size := server.context_sizes.get(served_id)) is not None:
        properties[ModelPropertyKey.CONTEXT_SIZE] = size
    if mode is not None:
        properties[ModelPropertyKey.MODE] = mode
    return ServedModel(
        model=model,
        label=I18nObject(en_US=f"{model} (OpenLLM {server.generation.value})"),
        model_type=owner.model_type,
        features=features,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties=properties,
        parameter_rules=list(rules),
        server=server,
        served_id=served_id,
    )
