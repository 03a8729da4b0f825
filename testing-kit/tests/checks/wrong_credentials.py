"""Language models that do one wrong thing with credentials, and those that give the key away."""

from __future__ import annotations

import contextlib
import logging
import os
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wrong_chat import Wrong

import mrt
from mrt import (
    Credentials,
    CredentialsValidateFailedError,
    HTTPRequest,
    HTTPResponse,
    Invocation,
    LLMRequest,
    Secret,
    UserPromptMessage,
    reveal,
)
from mrt.http.messages import Headers
from mrt.http.status import error_from_response
from mrt.http.url import endpoint
from mrt_testing_kit.references.openai_http.common import key_headers, url_of
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM

PATH = "chat/completions"


def key_of(credentials: Mapping[str, Any]) -> str:
    return str(reveal(credentials.get("api_key")) or "").strip()


def posting(
    *,
    url: Callable[[Any, Mapping[str, Any]], str] | None = None,
    headers: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    body: Callable[[Any, dict[str, Any], Mapping[str, Any]], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return a model that sends its requests to another place, with other headers, or with another body."""

    def post(self: Any, invocation: Invocation[Any], given: dict[str, Any]) -> HTTPRequest:
        credentials = invocation.credentials
        address = url(self, credentials) if url else url_of(credentials, PATH)
        fields = headers(self, credentials) if headers else key_headers(credentials)
        return HTTPRequest.json(address, body(self, given, credentials) if body else given, fields)

    return {"post": post}


def validating(check: Callable[[Any, str, dict[str, Any]], None]) -> dict[str, Any]:
    """Return a model that validates in its own way."""
    return {"validate_credentials": check}


def ask(self: Any, model: str, credentials: dict[str, Any], request: LLMRequest | None = None) -> None:
    schema = self.get_customizable_model_schema(model, credentials)
    call = Invocation(self.model_type, model, Credentials(credentials), request or self.smallest(), schema=schema)
    self.parse_response(call, self.send(self.build_request(call), timeout=60))


def catch_all(self: Any, model: str, credentials: dict[str, Any]) -> None:
    try:
        ask(self, model, credentials)
    except Exception as error:
        raise CredentialsValidateFailedError(str(error)) from error


def forgives(self: Any, model: str, credentials: dict[str, Any]) -> None:
    with contextlib.suppress(mrt.InvokeAuthorizationError):
        ask(self, model, credentials)


def remembers(self: Any, model: str, credentials: dict[str, Any]) -> None:
    known = self.__dict__.setdefault("known", set())
    if credentials["api_key"] not in known:
        ask(self, model, credentials)
        known.add(credentials["api_key"])


def six_times(self: Any, model: str, credentials: dict[str, Any]) -> None:
    for _ in range(7):
        ask(self, model, credentials)


def without_limit(self: Any) -> LLMRequest:
    return LLMRequest([UserPromptMessage("ping")], {})


def one_token(self: Any) -> LLMRequest:
    return LLMRequest([UserPromptMessage("ping")], {"max_tokens": 1})


def first_of(name: str) -> Callable[[Any, Mapping[str, Any]], Any]:
    """Return the first value that a field ever had."""

    def look(self: Any, credentials: Mapping[str, Any]) -> Any:
        return self.__dict__.setdefault(f"first_{name}", reveal(credentials.get(name)))

    return look


def bearer(key: str) -> dict[str, Any]:
    return {"authorization": Secret(f"Bearer {key}")}


def schema_by_path(self: Any, model: str, credentials: dict[str, Any]) -> mrt.AIModelEntity:
    with contextlib.suppress(mrt.InvokeError):
        self.send(HTTPRequest("GET", f"{url_of(credentials, 'models')}/{model}", key_headers(credentials)))
    return ReferenceLLM.get_customizable_model_schema(self, model, credentials)


def follows(self: Any, invocation: Any, response: HTTPResponse) -> Exception:
    location = response.headers.get("location")
    if location and invocation is not None:
        request = urllib.request.Request(
            location, headers={"Authorization": f"Bearer {key_of(invocation.credentials)}"}
        )
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(request, timeout=5):
            pass
    return error_from_response(response)


def own_client(context: ssl.SSLContext | None = None) -> dict[str, Any]:
    """Return a model with an HTTP client of its own, which ignores proxies and opens a connection for each call."""

    def send(self: Any, request: HTTPRequest, timeout: float | None = 10.0) -> HTTPResponse:
        handlers: list[Any] = [urllib.request.ProxyHandler({})]
        handlers += [urllib.request.HTTPSHandler(context=context)] if context else []
        opener = urllib.request.build_opener(*handlers)
        asked = urllib.request.Request(
            request.url, request.content, dict(request.header_items()), method=request.method
        )
        try:
            with opener.open(asked, timeout=timeout) as got:
                return HTTPResponse(got.status, Headers(got.headers.items()), got.read(), request.url)
        except urllib.error.HTTPError as error:
            with error:
                failed = HTTPResponse(error.code, Headers(error.headers.items()), error.read(), request.url)
            raise error_from_response(failed) from None
        except OSError as error:
            raise mrt.InvokeConnectionError(str(error)) from error

    def exchange(self: Any, invocation: Invocation[Any]) -> Any:
        response = send(self, self.build_request(invocation))
        yield from ()
        return self.parse_response(invocation, response)

    return {"send": send, "exchange": exchange}


@dataclass
class Client:
    """What an SDK's client often looks like."""

    key: str


def keeps_client(self: Any, credentials: Mapping[str, Any]) -> dict[str, Any]:
    self.client = Client(key_of(credentials))
    return bearer(self.client.key)


def telling(tell: Callable[[str], Any]) -> dict[str, Any]:
    """Return a model that hands its key to somebody before each request."""

    def headers(self: Any, credentials: Mapping[str, Any]) -> Any:
        tell(key_of(credentials))
        return key_headers(credentials)

    return posting(headers=headers)


def warns(key: str) -> None:
    warnings.warn(f"old key: {key}", stacklevel=2)


def writes_file(key: str) -> None:
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(f"Authorization: Bearer {key}")


def masked(self: Any, invocation: Any, response: HTTPResponse) -> Exception:
    key = key_of(invocation.credentials) if invocation is not None else ""
    return mrt.InvokeAuthorizationError(f"refused: {key[:4]}****{key[-4:]}", status=response.status)


def part_of_key(self: Any, invocation: Any, response: HTTPResponse) -> Exception:
    key = key_of(invocation.credentials) if invocation is not None else ""
    return mrt.InvokeAuthorizationError(f"refused a key like {key[14:26]}", status=response.status)


def with_key_inside(result: Any, invocation: Invocation[Any]) -> Any:
    result.opaque = {"headers": {"Authorization": f"Bearer {key_of(invocation.credentials)}"}}
    return result


def with_stored_key(result: Any, invocation: Invocation[Any]) -> Any:
    os.environ["OPENAI_API_KEY"] = key_of(invocation.credentials)
    return result


def environment_first(self: Any, credentials: Mapping[str, Any]) -> dict[str, Any]:
    return bearer(os.environ.get("OPENAI_API_KEY") or key_of(credentials))


CRD: tuple[Wrong, ...] = (
    Wrong("asks for one token", "CRD-01", "B124", attributes={"smallest": one_token}),
    Wrong("validates nothing", "CRD-03", attributes=validating(lambda self, model, credentials: None)),
    Wrong("forgives a wrong key", "CRD-03", attributes=validating(forgives)),
    Wrong("everything is an invalid key", "CRD-04", attributes=validating(catch_all)),
    Wrong("validates without a limit", "CRD-05", attributes={"smallest": without_limit}),
    Wrong("validates seven times", "CRD-05", attributes=validating(six_times)),
    Wrong(
        "a model of long ago",
        "CRD-06",
        "B122",
        attributes=validating(lambda self, model, credentials: ask(self, "oracle-of-2023", credentials)),
    ),
    Wrong(
        "never looks at the model",
        "CRD-06",
        attributes=validating(
            lambda self, model, credentials: self.send(
                HTTPRequest("GET", endpoint(str(credentials["base_url"]), "models"), key_headers(credentials))
            )
        ),
    ),
    Wrong(
        "adds the version blindly",
        "CRD-07",
        "B119",
        attributes=posting(url=lambda self, credentials: f"{credentials['base_url']}/v1/{PATH}"),
    ),
    Wrong(
        "drops the path of the address",
        "CRD-07",
        attributes=posting(
            url=lambda self, credentials: "/".join(str(credentials["base_url"]).split("/")[:3]) + f"/v1/{PATH}"
        ),
    ),
    Wrong(
        "closes up the key",
        "CRD-08",
        attributes=posting(headers=lambda self, credentials: bearer("".join(key_of(credentials).split()))),
    ),
    Wrong(
        "drops odd letters of the key",
        "CRD-09",
        attributes=posting(
            headers=lambda self, credentials: bearer(key_of(credentials).encode("ascii", "ignore").decode() or "none")
        ),
    ),
    Wrong(
        "lets the codec fail",
        "CRD-09",
        "B121",
        attributes=posting(headers=lambda self, credentials: bearer(key_of(credentials).encode("ascii").decode())),
    ),
    Wrong(
        "header without a key",
        "CRD-10",
        "B115",
        attributes=posting(
            headers=lambda self, credentials: {"authorization": f"Bearer {key_of(credentials)}".strip()}
        ),
    ),
    Wrong(
        "made-up key",
        "CRD-10",
        "B127",
        attributes=posting(headers=lambda self, credentials: bearer(key_of(credentials) or "EMPTY")),
    ),
    Wrong("id unquoted in the path", "CRD-11", "B120", attributes={"get_customizable_model_schema": schema_by_path}),
    Wrong(
        "first address for all",
        "CRD-12",
        "B146",
        attributes=posting(url=lambda self, credentials: endpoint(str(first_of("base_url")(self, credentials)), PATH)),
    ),
    Wrong("key of the environment first", "CRD-13", attributes=posting(headers=environment_first)),
    Wrong("writes the environment", "CRD-13", "B147", result=with_stored_key),
    Wrong(
        "keeps the first key",
        "CRD-14",
        "B129",
        attributes=posting(headers=lambda self, credentials: bearer(first_of("api_key")(self, credentials))),
    ),
    Wrong("takes the key along", "CRD-15", "B140", attributes={"parse_error": follows}),
    Wrong("no verification", "CRD-16", attributes=own_client(ssl._create_unverified_context())),
    Wrong("ignores proxies", "CRD-17", attributes=own_client()),
    Wrong("remembers that a key was right", "CRD-18", attributes=validating(remembers)),
)

SEC: tuple[Wrong, ...] = (
    Wrong("client with a plain key", "SEC-01", "B117", attributes=posting(headers=keeps_client)),
    Wrong("logs the key", "SEC-02", attributes=telling(lambda key: logging.getLogger("acme").debug("key %s", key))),
    Wrong("part of the key in errors", "SEC-03", "B116", attributes={"parse_error": part_of_key}),
    Wrong(
        "key in the query", "SEC-04", "B116",
        attributes=posting(url=lambda self, credentials: f"{url_of(credentials, PATH)}?api_key={key_of(credentials)}"),
    ),
    Wrong("warns with the key", "SEC-05", attributes=telling(warns)),
    Wrong("key in the result", "SEC-06", result=with_key_inside),
    Wrong(
        "key in the body", "SEC-07",
        attributes=posting(body=lambda self, body, credentials: {**body, "user": key_of(credentials)}),
    ),
    Wrong("prints the key", "SEC-08", attributes=telling(lambda key: print("using", key))),
    Wrong("prints low down", "SEC-08", attributes=telling(lambda key: os.write(2, key.encode()))),
    Wrong("writes a file", "SEC-08", attributes=telling(writes_file)),
    Wrong(
        "key in arguments", "SEC-09",
        attributes=telling(lambda key: subprocess.run([sys.executable, "-c", "", key], check=True)),
    ),
    Wrong("key in the environment", "SEC-09", "B147", result=with_stored_key),
    Wrong("shows both ends", "SEC-10", attributes={"parse_error": masked}),
)  # fmt: skip
WRONG: tuple[Wrong, ...] = (*CRD, *SEC)
