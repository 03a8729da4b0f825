"""The SDK's client: one for each key and address, with the caller's time limits, and errors that callers know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai

import mrt
from mrt.http import Headers
from mrt.http.status import error_from_body, error_from_response
from mrt.plugin.sdk import shared, time_limits, tls_context


def client_of(credentials: dict[str, Any]) -> openai.OpenAI:
    """Return the client for some credentials; it is kept as long as the runtime lives.

    Raises:
        InvokeAuthorizationError: The key holds what no key holds.
    """
    key = str(credentials.get("api_key") or "").strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise mrt.InvokeAuthorizationError("the API key is empty, or holds what no key holds: was it pasted whole?")
    url = str(credentials["base_url"]).strip().rstrip("/")

    def make() -> openai.OpenAI:
        return openai.OpenAI(
            api_key=key,
            base_url=url,
            # Retrying is the caller's choice (mrt.middleware.Retry), and hides what went wrong.
            max_retries=0,
            # Left out, the SDK takes all three from the environment, also beside a key that is given.
            default_headers={
                "Authorization": f"Bearer {key}",
                "OpenAI-Organization": openai.Omit(),  # type: ignore[dict-item]
                "OpenAI-Project": openai.Omit(),  # type: ignore[dict-item]
            },
            http_client=openai.DefaultHttpxClient(
                verify=tls_context(),
                follow_redirects=False,
                event_hooks={"request": [_begin], "response": [_end_in_time]},
            ),
        )

    return shared(("openai-sdk", key, url), make)


def limits() -> httpx2.Timeout:
    """Return the caller's time limits as the SDK takes them; the one for the whole call is kept by the hooks below."""
    given = time_limits()
    reads = [limit for limit in (given.first_byte, given.between_bytes, given.total) if limit is not None]
    read = min(reads, default=None)
    return httpx2.Timeout(connect=given.connect, read=read, write=read, pool=given.connect)


class _InTime(httpx2.SyncByteStream):
    """A body that has to be there by a moment: the SDK limits each read, and never the whole."""

    def __init__(self, stream: Any, end: float) -> None:
        self._stream = stream
        self._end = end

    def __iter__(self) -> Iterator[bytes]:
        for data in self._stream:
            if time.monotonic() > self._end:
                raise httpx2.ReadTimeout("the call was not done within its total time")
            yield data

    def close(self) -> None:
        self._stream.close()


def _begin(request: httpx2.Request) -> None:
    # Whether a connection was opened for the request, and whether an answer began.
    request.extensions["seen"] = seen = set()
    request.extensions["trace"] = lambda name, _: seen.add(name)
    total = time_limits().total
    if total is not None:
        request.extensions["end"] = time.monotonic() + total


def _end_in_time(response: httpx2.Response) -> None:
    end = response.request.extensions.get("end")
    if end is not None:
        response.stream = _InTime(response.stream, end)


@contextmanager
def own_errors() -> Iterator[None]:
    """Turn what the SDK and its HTTP library raise into MRT's errors."""
    try:
        yield
    except openai.APIStatusError as error:
        raise error_from_response(answer_of(error.response)) from error
    except (openai.APITimeoutError, httpx2.TimeoutException) as error:
        raise mrt.InvokeTimeoutError(f"{error.request.url.host} did not answer in time") from error
    except (openai.APIConnectionError, httpx2.TransportError) as error:
        place = f"{error.request.url.host}:{error.request.url.port or 443}"
        raise mrt.InvokeConnectionError(f"no answer from {place}: {error.__cause__ or error}") from error
    except openai.APIError as error:
        # An error inside a stream, whose status was 200.
        raise error_from_body({"error": error.body} if error.body is not None else error.message) from error
    except UnicodeEncodeError as error:
        raise mrt.InvokeBadRequestError("a text holds half a surrogate pair, which is no character") from error
    except (ValueError, httpx2.DecodingError) as error:
        # The SDK lets json.JSONDecodeError through, and raises ValueError itself.
        raise mrt.InvokeBadResponseError(f"the vendor's answer cannot be read: {str(error)[:200]}") from error


def answer_of(response: httpx2.Response, content: bytes | None = None) -> mrt.HTTPResponse:
    """Return an answer of the SDK's HTTP library as MRT's."""
    headers = Headers(response.headers.items())
    return mrt.HTTPResponse(response.status_code, headers, response.content if content is None else content)


def once_more(method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a method of the SDK, and again when a kept connection turned out to be closed before any answer."""
    try:
        return method(**arguments)
    except openai.APIConnectionError as error:
        seen = error.request.extensions.get("seen", ())
        is_fresh = "connection.connect_tcp.started" in seen or "http11.receive_response_headers.complete" in seen
        if is_fresh or isinstance(error, openai.APITimeoutError):
            raise
        return method(**arguments)


def ask(method: Callable[..., Any], kind: type[Any], needed: str, **arguments: Any) -> Any:
    """Call a method and return its result, if it is one: the SDK hands on web pages and errors as well.

    Args:
        method: The method of the SDK.
        kind: What it returns.
        needed: A field that must be there.
        arguments: What it is called with.

    Raises:
        InvokeError: The call failed, or the answer is something else.
    """
    with own_errors():
        try:
            result = once_more(method, timeout=limits(), **arguments)
        except (AttributeError, TypeError) as error:
            # The SDK's own, when its parser meets a web page.
            raise mrt.InvokeBadResponseError(f"the SDK cannot read the vendor's answer: {error}") from error
    if isinstance(result, kind) and getattr(result, needed, None) is not None:
        return result
    refused = (getattr(result, "model_extra", None) or {}).get("error")
    if refused:
        raise error_from_body({"error": refused})
    raise mrt.InvokeBadResponseError(f"the vendor's answer is no {kind.__name__}")


class Validates:
    """What both model types do with credentials."""

    def validate_credentials(self, model: str, credentials: dict[str, Any]) -> None:
        """Ask the vendor for the model."""
        try:
            with own_errors():
                client_of(credentials).models.retrieve(model, timeout=limits())
        except (mrt.InvokeAuthorizationError, mrt.InvokeBadRequestError) as error:
            raise mrt.CredentialsValidateFailedError(f"{model}: {error}", cause=error) from error
