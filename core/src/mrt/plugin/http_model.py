"""Models of vendors that speak HTTP: pure methods in the plugin, I/O in core.

    class AcmeLLM(HTTPModel, LargeLanguageModel):
        def build_request(self, invocation): ...           # HTTPRequest
        def parse_response(self, invocation, response): ...  # LLMResult
        def stream_parser(self, invocation): ...           # feed(event) -> chunks, finish() -> chunks

The same three methods serve sync, async and streaming, and can be tested on recorded bytes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import closing
from time import monotonic
from typing import Any, Literal, Protocol

from mrt.entities.invocation import Invocation
from mrt.errors import InvokeError
from mrt.http.context import CallContext, current_context
from mrt.http.framing import Decoder, decoder_for
from mrt.http.messages import Headers, HTTPRequest, HTTPResponse, ServerSentEvent, Timeouts
from mrt.http.status import error_from_response
from mrt.plugin.base import AIModel, missing

Framing = Literal["sse", "ndjson", "raw"]
Flow = Generator[HTTPRequest, HTTPResponse, Any]
"""Asks for requests with ``yield`` and gets their responses; its return value is the result of the call."""


class StreamParser(Protocol):
    """Turns the events of one stream into chunks. `done` ends the reading: the vendor's end mark came.

    A parser that has an attribute `request_id` finds the vendor's id of the request there before the first event, for
    its chunks and errors.
    """

    done: bool

    def feed(self, event: ServerSentEvent) -> Sequence[Any]:
        """Return the chunks that an event brings: often one, sometimes none."""
        ...

    def finish(self) -> Sequence[Any]:
        """Return the last chunks.

        Raises:
            InvokeConnectionError: The stream ended before its end.
        """
        ...


class HTTPModel(AIModel):
    """Mixin for models of vendors that speak HTTP; put it before the class of the model type."""

    framing: Framing = "sse"
    """How the vendor's streams are cut into events."""

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        """Return the request of a call; ``invocation.stream`` tells whether chunks are wanted."""
        raise missing(self, "build_request")

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> Any:
        """Return the result that a response of status 2xx holds."""
        raise missing(self, "parse_response")

    def stream_parser(self, invocation: Invocation[Any]) -> StreamParser:
        """Return a new parser for one stream."""
        raise missing(self, "stream_parser")

    def stream_framing(self, invocation: Invocation[Any]) -> Framing:
        """Return how the stream of a call is cut, where servers of one vendor differ."""
        return self.framing

    def parse_error(self, invocation: Invocation[Any] | None, response: HTTPResponse) -> Exception:
        """Return the error that a response of status 3xx, 4xx or 5xx means; core's table by default."""
        return error_from_response(response)

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        """Make a call of several requests: ``response = yield request`` as often as needed, then return the result."""
        response = yield self.build_request(invocation)
        return self.parse_response(invocation, response)

    def send(self, request: HTTPRequest, timeout: float | None = 10.0) -> HTTPResponse:
        """Send one request outside of a call: to validate credentials, to list models, to make a schema.

        Args:
            request: The request.
            timeout: Seconds for the whole exchange.

        Raises:
            InvokeError: No answer, or one of status 300 and above.
        """
        context = current_context()
        response = context.transport.send(request, context.limited(timeout))
        if response.status >= 300:
            raise self.parse_error(None, response)
        return response

    # What follows is core's part: the same steps, once for threads and once for event loops.

    def invoke(self, invocation: Invocation[Any]) -> Any:
        """Run the exchange, or open the stream, on a thread."""
        context = _context(invocation)
        if invocation.stream:
            return self._stream(invocation, context)
        started = monotonic()
        with closing(self.exchange(invocation)) as flow:
            try:
                request = next(flow)
                while True:
                    response = context.transport.send(request, _rest(context, started))
                    request = self._answer(flow, invocation, response)
            except StopIteration as end:
                return end.value

    async def _ainvoke_once(self, invocation: Invocation[Any]) -> Any:
        context = _context(invocation)
        started = monotonic()
        with closing(self.exchange(invocation)) as flow:
            try:
                request = next(flow)
                while True:
                    response = await context.transport.asend(request, _rest(context, started))
                    request = self._answer(flow, invocation, response)
            except StopIteration as end:
                # A coroutine must not let StopIteration out.
                return end.value

    def ainvoke(self, invocation: Invocation[Any]) -> Any:
        """Run the exchange, or open the stream, on the running event loop."""
        return self._astream(invocation) if invocation.stream else self._ainvoke_once(invocation)

    def _answer(self, flow: Flow, invocation: Invocation[Any], response: HTTPResponse) -> HTTPRequest:
        if response.status >= 300:
            return flow.throw(self.parse_error(invocation, response))
        try:
            return flow.send(response)
        except InvokeError as error:
            # What is wrong in an answer is easier to find with the vendor's id of it.
            error.request_id = error.request_id or response.request_id
            raise

    def _stream(self, invocation: Invocation[Any], context: CallContext) -> Iterator[Any]:
        request, parser, decoder = self._prepare(invocation)
        with context.transport.open(request, context.timeouts) as stream:
            if self._is_no_stream(stream.status, stream.headers):
                raise self._not_a_stream(invocation, stream.read())
            _identify(parser, stream.headers)
            for data in stream:
                for event in decoder.feed(data):
                    # Chunks go out one by one: an error in a later event must not swallow the earlier ones.
                    yield from parser.feed(event)
                    if parser.done:
                        break
                if parser.done:
                    break
            else:
                for event in decoder.finish():
                    yield from parser.feed(event)
            yield from parser.finish()
            stream.drain()

    async def _astream(self, invocation: Invocation[Any]) -> AsyncIterator[Any]:
        context = _context(invocation)
        request, parser, decoder = self._prepare(invocation)
        async with await context.transport.aopen(request, context.timeouts) as stream:
            if self._is_no_stream(stream.status, stream.headers):
                raise self._not_a_stream(invocation, await stream.read())
            _identify(parser, stream.headers)
            async for data in stream:
                for event in decoder.feed(data):
                    for chunk in parser.feed(event):
                        yield chunk
                    if parser.done:
                        break
                if parser.done:
                    break
            else:
                for event in decoder.finish():
                    for chunk in parser.feed(event):
                        yield chunk
            for chunk in parser.finish():
                yield chunk
            await stream.drain()

    def _prepare(self, invocation: Invocation[Any]) -> tuple[HTTPRequest, StreamParser, Decoder]:
        decoder = decoder_for(self.stream_framing(invocation))
        return self.build_request(invocation), self.stream_parser(invocation), decoder

    def _is_no_stream(self, status: int, headers: Headers) -> bool:
        if status >= 300:
            return True
        # Servers answer 200 with a JSON error or a web page where a stream was asked for.
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        return media_type == "text/html" or (media_type == "application/json" and self.framing != "ndjson")

    def _not_a_stream(self, invocation: Invocation[Any], response: HTTPResponse) -> Exception:
        return self.parse_error(invocation, response)


def _identify(parser: Any, headers: Headers) -> None:
    if hasattr(parser, "request_id"):
        parser.request_id = HTTPResponse(200, headers).request_id


def _rest(context: CallContext, started: float) -> Timeouts:
    """Return the time limits of the next request: the total limit is one for all requests of a call."""
    total = context.timeouts.total
    return context.timeouts if total is None else context.limited(max(total - (monotonic() - started), 0.0))


def _context(invocation: Invocation[Any]) -> CallContext:
    return invocation.context if invocation.context is not None else current_context()
