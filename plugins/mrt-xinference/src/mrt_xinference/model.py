"""What the classes of all model types share: addresses, errors, credentials, the list of models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mrt.entities.common import FetchFrom, ModelType, default_label
from mrt.entities.invocation import Invocation
from mrt.entities.model import AIModelEntity, ModelFeature, ModelPropertyKey, ParameterRule
from mrt.entities.secret import Credentials, reveal
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeError,
    InvokeModelNotFoundError,
)
from mrt.http.messages import HTTPResponse
from mrt.http.url import quote_segment
from mrt_openai_compatible.dialect.base import CredentialsLike, OpenAIModel, required
from mrt_xinference.description import Description, describe
from mrt_xinference.errors import error_in_answer, error_of

_SHOWN = 10
_NO_SUCH_PATH = (404, 405, 501)
_PROBE_SECONDS = 60.0


class XinferenceModel(OpenAIModel):
    """Base of the model classes; put it before the dialect's class of the model type."""

    def base_url(self, credentials: CredentialsLike) -> str:
        return required(credentials, "server_url")

    def model_name(self, invocation: Invocation[Any]) -> str:
        return uid_of(invocation.model, invocation.credentials)

    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        return super().parse_error(invocation, response) if response.status < 300 else error_of(response)

    def embedded_error(self, value: Any, response: HTTPResponse | None = None) -> Exception:
        return error_in_answer(value, response)

    # What the server says of the model

    def description(self, model: str, credentials: CredentialsLike) -> Description:
        """Ask the server for the model.

        Raises:
            InvokeModelNotFoundError: It runs no such model.
            InvokeBadResponseError: The answer is not one of this server's.
            InvokeError: It could not be asked.
        """
        uid = uid_of(model, credentials)
        response = self.send(self.get(credentials, f"/models/{quote_segment(uid)}"))
        found = describe(response.json())
        if found is None:
            raise InvokeBadResponseError("what answers at this URL is no Xinference server", status=response.status)
        return found

    def get_customizable_model_schema(self, model: str, credentials: dict[str, Any]) -> AIModelEntity:
        """Make the schema from what the server says of the model; the runtime keeps it for five minutes."""
        found = self.description(model, credentials)
        if self.model_type not in found.types:
            raise InvokeBadRequestError(wrong_type(uid_of(model, credentials), found, self.model_type))
        return self.schema_of(model, found)

    def schema_of(self, model: str, found: Description) -> AIModelEntity:
        """Return the schema of a described model; each model type has its own facts."""
        return entity(model, self.model_type, {ModelPropertyKey.CONTEXT_SIZE: found.max_tokens})

    # Credentials

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the server for the model, and with a key for the smallest answer: at most two requests.

        Describing a model is open to every key, so that alone does not show whether a key may use it. A wrong key is
        tried once: ten ban the address.

        Raises:
            CredentialsValidateFailedError: The key, the model, its type or the URL is wrong, and it says which.
            InvokeError: The server could not be asked, has banned this address, or is still loading the model.
        """
        uid = uid_of(model, credentials)
        try:
            found = self.description(model, credentials)
        except InvokeAuthorizationError as error:
            raise _refused(error) from error
        except InvokeModelNotFoundError as error:
            raise CredentialsValidateFailedError(self._unknown(uid, credentials), cause=error) from error
        except (InvokeBadRequestError, InvokeBadResponseError) as error:
            raise _not_described(uid, error) from error
        if self.model_type not in found.types:
            raise CredentialsValidateFailedError(wrong_type(uid, found, self.model_type))
        if self.headers(credentials):
            self._try(model, credentials, found)

    def _try(self, model: str, credentials: CredentialsLike, found: Description) -> None:
        call = Invocation(
            self.model_type, model, Credentials(credentials), self.probe_request(), schema=self.schema_of(model, found)
        )
        try:
            self.send(self.build_request(call), timeout=_PROBE_SECONDS)
        except InvokeAuthorizationError as error:
            raise CredentialsValidateFailedError(
                f"the key may not use the model '{uid_of(model, credentials)}': {error}", cause=error
            ) from error
        except InvokeConnectionError:
            raise
        except InvokeError:
            # The key was let in, which is all that was asked; a model that is busy, or fails, has right credentials.
            return

    def _unknown(self, uid: str, credentials: CredentialsLike) -> str:
        try:
            running = [str(entry["id"]) for entry in self.list_entries(credentials)]
        except InvokeError as error:
            return f"the server runs no model '{uid}', and does not list those it runs: {error}"
        if not running:
            return f"the server runs no model '{uid}', and no other one: launch it first"
        more = f" and {len(running) - _SHOWN} more" if len(running) > _SHOWN else ""
        return f"the server runs no model '{uid}'; it runs: {', '.join(running[:_SHOWN])}{more}"

    # The list

    def list_models(self, credentials: dict[str, Any]) -> Sequence[AIModelEntity]:
        """Ask the server for the running models of this class's type."""
        return self.listed(self.list_entries(credentials))

    def listed(self, entries: Sequence[Mapping[str, Any]]) -> list[AIModelEntity]:
        """Return the models of this class's type out of the server's list."""
        described = ((str(entry["id"]), describe(entry)) for entry in entries)
        return [
            self.schema_of(uid, found)
            for uid, found in described
            if found is not None and self.model_type in found.types
        ]


def uid_of(model: str, credentials: CredentialsLike) -> str:
    """Return the uid by which the server knows a model: the credential, or the model's name."""
    return str(reveal(credentials.get("model_uid")) or model)


def _refused(error: InvokeAuthorizationError) -> CredentialsValidateFailedError:
    # Without a status the key never left: it could not be one.
    return CredentialsValidateFailedError(
        f"the server refused the key: {error}" if error.status else str(error), cause=error
    )


def _not_described(uid: str, error: InvokeError) -> CredentialsValidateFailedError:
    if error.status in _NO_SUCH_PATH or isinstance(error, InvokeBadResponseError):
        said = f"no Xinference server answers at this URL: check its host, port and path ({error})"
    else:
        said = f"the server does not describe the model '{uid}': check the URL ({error})"
    return CredentialsValidateFailedError(said, cause=error)


def wrong_type(uid: str, found: Description, wanted: ModelType) -> str:
    """Return the sentence on a model of another type."""
    kinds = " or ".join(model_type.value for model_type in found.types) or found.kind
    return f"the model '{uid}' is of type {kinds}, not {wanted.value}"


def entity(
    model: str,
    model_type: ModelType,
    properties: Mapping[ModelPropertyKey, Any],
    features: list[ModelFeature] | None = None,
    rules: Sequence[ParameterRule] = (),
) -> AIModelEntity:
    """Return a schema; properties that the server does not tell are left out."""
    return AIModelEntity(
        model=model,
        label=default_label(model),
        model_type=model_type,
        features=features,
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_properties={key: value for key, value in properties.items() if value is not None},
        parameter_rules=list(rules),
    )
