"""What errors of these servers mean where their own words do not say it."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing
from typing import Any, cast

from mrt.errors import InvokeConnectionError, InvokeError, InvokeServerUnavailableError, InvokeTimeoutError
from mrt.http.messages import HTTPResponse

_UNSAID = (
    "the server does not say what is wrong: a value that it refuses, max_tokens beyond the model's context, or a "
    "failure of its own"
)
_HINTS = (
    # 0.4 answers every failure of its native routes, the caller's faults included, with the first of these sentences,
    # and every failure of its engine on the OpenAI routes with the second.
    ("BentoML user code", _UNSAID),
    ("Exception caught during generation", _UNSAID),
    ("--tool-call-parser", "the model was started without a parser for tool calls, so that it takes no tools"),
)
_CUT = "servers up to 0.5 do so in place of an error, for example when max_tokens goes beyond the model's context"
_REASON = re.compile(r"^[\s|]*((?:\w+\.)*\w*(?:Error|Exception): .+)$", re.MULTILINE)


def request_id_of(response: HTTPResponse) -> str | None:
    """Return the server's id of a request; the old line's native routes have a header of their own for it."""
    return response.request_id or response.headers.get("x-bentoml-request-id")


def explained(error: Exception, response: HTTPResponse) -> Exception:
    """Return the error of a response together with what is known about its words."""
    if isinstance(error, InvokeError):
        error.request_id = error.request_id or request_id_of(response)
        for words, hint in _HINTS:
            if words in error.description:
                _add(error, hint)
    return error


def traceback_error(response: HTTPResponse) -> InvokeError | None:
    """Return the error for an answer that is a Python traceback; None for another one.

    The OpenAI routes of 0.4 send one (500, plain text) for requests of a shape that they do not expect. Only its last
    error is told, since the rest names files of the server.
    """
    if response.status < 500 or response.media_type != "text/plain" or "Traceback (" not in response.text:
        return None
    reasons: list[str] = _REASON.findall(response.text)
    reason = f": {reasons[-1].strip()[:300]}" if reasons else ""
    return InvokeServerUnavailableError(
        f"the server did not expect such a request, and broke off with a Python traceback{reason}",
        status=response.status,
        request_id=response.request_id,
        retryable=False,
    )


def watched(chunks: Iterator[Any]) -> Generator[Any, None, None]:
    """Pass on the chunks of a server up to 0.5, and say what it may mean when the stream is cut before the first."""
    begun = False
    with closing(cast("Generator[Any, None, None]", chunks)):
        try:
            for chunk in chunks:
                begun = True
                yield chunk
        except InvokeConnectionError as error:
            _say_why_cut(error, begun)
            raise


async def awatched(chunks: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """Do the same as `watched` on an event loop."""
    begun = False
    async with aclosing(cast("AsyncGenerator[Any, None]", chunks)):
        try:
            async for chunk in chunks:
                begun = True
                yield chunk
        except InvokeConnectionError as error:
            _say_why_cut(error, begun)
            raise


def _say_why_cut(error: InvokeConnectionError, begun: bool) -> None:
    # With a cause, the network failed; without one, the server itself ended what it had begun.
    if not begun and error.__cause__ is None and not isinstance(error, InvokeTimeoutError):
        _add(error, _CUT)


def _add(error: InvokeError, hint: str) -> None:
    error.description = f"{error.description} ({hint})"
    error.args = (error.description,)
