"""A model of three pure methods, against a real server: the same from threads and loops."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from raw_server import STREAM_END, STREAM_HEAD, Peer, Serve, answer, chunk, replies, stall

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation, ModerationRequest
from mrt.entities.secret import Credentials
from mrt.errors import (
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeBadResponseError,
    InvokeConnectionError,
    InvokeError,
    InvokeServerUnavailableError,
    InvokeTimeoutError,
    PluginError,
)
from mrt.http.context import CallContext, use_context
from mrt.http.messages import HTTPRequest, HTTPResponse, ServerSentEvent, Timeouts
from mrt.http.status import error_from_body
from mrt.http.transport import Transport
from mrt.plugin.http_model import Flow, HTTPModel


class Parser:
    """Reads words; `[DONE]` ends, an error object fails."""

    def __init__(self) -> None:
        self.done = False
        self.finished = False

    def feed(self, event: ServerSentEvent) -> Sequence[str]:
        if event.data == b"[DONE]":
            self.done = True
            return ["end"]
        value = json.loads(event.data)
        if "error" in value:
            raise error_from_body(value)
        return [*value["words"]]

    def finish(self) -> Sequence[str]:
        if not self.done:
            raise InvokeConnectionError("the stream ended before its end")
        return ["usage"]


class Words(HTTPModel):
    """Asks for words, by one request or by several."""

    model_type = ModelType.MODERATION

    def __init__(self, url: str, requests: int = 1) -> None:
        self.url = url
        self.requests = requests
        self.closed = threading.Event()

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        return HTTPRequest.json(f"{self.url}/v1/words", {"text": invocation.request.text, "stream": invocation.stream})

    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> Any:
        return response.json()["words"]

    def stream_parser(self, invocation: Invocation[Any]) -> Parser:
        return Parser()

    def exchange(self, invocation: Invocation[Any]) -> Flow:
        words: list[str] = []
        try:
            for _ in range(self.requests):
                response = yield self.build_request(invocation)
                words += self.parse_response(invocation, response)
        finally:
            self.closed.set()
        return words


def invocation(transport: Transport, stream: bool = False, timeouts: Timeouts | None = None) -> Invocation[Any]:
    context = CallContext(transport, timeouts or Timeouts())
    request = ModerationRequest("hello")
    return Invocation(ModelType.MODERATION, "m", Credentials(), request, stream=stream, context=context)


class FromThread:
    def call(self, model: HTTPModel, made: Invocation[Any]) -> Any:
        return model.invoke(made)

    def read(self, model: HTTPModel, made: Invocation[Any], into: list[str], leave_after: int = 0) -> None:
        chunks: Iterator[str] = model.invoke(made)
        for word in chunks:
            into.append(word)
            if len(into) == leave_after:
                chunks.close()  # type: ignore[attr-defined]
                assert list(chunks) == []
                return


class FromLoop:
    def call(self, model: HTTPModel, made: Invocation[Any]) -> Any:
        async def run() -> Any:
            return await model.ainvoke(made)

        return asyncio.run(run())

    def read(self, model: HTTPModel, made: Invocation[Any], into: list[str], leave_after: int = 0) -> None:
        async def run() -> None:
            chunks = model.ainvoke(made)
            async for word in chunks:
                into.append(word)
                if len(into) == leave_after:
                    await chunks.aclose()
                    assert [word async for word in chunks] == []
                    return

        asyncio.run(run())


Side = FromThread | FromLoop


@pytest.fixture(params=[FromThread, FromLoop], ids=["thread", "loop"])
def side(request: pytest.FixtureRequest) -> Side:
    made: Side = request.param()
    return made


def event(value: object) -> bytes:
    return chunk(b"data: " + json.dumps(value).encode() + b"\n\n")


DONE = chunk(b"data: [DONE]\n\n")
WORDS = answer(b'{"words": ["a", "b"]}')


def test_one_request(serve: Serve, side: Side, transport: Transport) -> None:
    server = serve(replies(WORDS))
    assert side.call(Words(server.url), invocation(transport)) == ["a", "b"]
    assert json.loads(server.requests[0].body) == {"text": "hello", "stream": False}


def test_several_requests_of_one_call(serve: Serve, side: Side, transport: Transport) -> None:
    server = serve(replies(WORDS, answer(b'{"words": ["c"]}')))
    assert side.call(Words(server.url, requests=3), invocation(transport)) == ["a", "b", "c", "c"]
    assert server.connections == 1


def test_no_request_at_all(side: Side, transport: Transport) -> None:
    assert side.call(Words("http://127.0.0.1:1", requests=0), invocation(transport)) == []


@pytest.mark.parametrize(
    ("payloads", "kind"),
    [
        ((WORDS, answer(b'{"error": "no"}', "401 Unauthorized")), InvokeAuthorizationError),
        ((WORDS, answer(b'{"words"')), InvokeBadResponseError),
        ((WORDS, answer(b'{"no": "words"}')), KeyError),
        ((WORDS, b"nonsense\r\n\r\n"), InvokeBadResponseError),
    ],
)
def test_an_error_ends_the_exchange(
    serve: Serve, side: Side, transport: Transport, payloads: tuple[bytes, ...], kind: type[Exception]
) -> None:
    server = serve(replies(*payloads))
    model = Words(server.url, requests=3)
    with pytest.raises(kind):
        side.call(model, invocation(transport))
    assert model.closed.is_set()
    assert len(server.requests) == 2


def test_the_error_about_an_answer_names_its_request(serve: Serve, side: Side, transport: Transport) -> None:
    class Strict(Words):
        def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> Any:
            if "words" not in response.json():
                raise InvokeBadResponseError("no words")
            return response.json()["words"]

    bad = answer(b'{"no": "words"}', "200 OK", "x-request-id: second")
    server = serve(replies(answer(b'{"words": []}', "200 OK", "x-request-id: first"), bad))
    with pytest.raises(InvokeBadResponseError) as caught:
        side.call(Strict(server.url, requests=2), invocation(transport))
    assert caught.value.request_id == "second"
    assert "second" in str(caught.value)


def test_an_exchange_may_go_on_after_an_error(serve: Serve, side: Side, transport: Transport) -> None:
    class Patient(Words):
        def exchange(self, invocation: Invocation[Any]) -> Flow:
            try:
                yield self.build_request(invocation)
            except InvokeServerUnavailableError as error:
                response = yield self.build_request(invocation)
                return [error.status, *self.parse_response(invocation, response)]

    server = serve(replies(answer(b"", "503 Service Unavailable"), WORDS))
    assert side.call(Patient(server.url), invocation(transport)) == [503, "a", "b"]


def test_the_total_limit_is_one_for_all_requests(serve: Serve, side: Side, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.request()
            threading.Event().wait(0.1)
            peer.send(WORDS)

    server = serve(script)
    with pytest.raises(InvokeTimeoutError) as caught:
        # Each request is well within the limit.
        side.call(Words(server.url, requests=200), invocation(transport, timeouts=Timeouts(total=1.0)))
    assert caught.value.phase == "total"
    assert 1 < len(server.requests) < 12


def test_a_stream(serve: Serve, side: Side, transport: Transport) -> None:
    server = serve(replies(STREAM_HEAD + event({"words": ["a", "b"]}) + event({"words": []}) + DONE + STREAM_END))
    for _ in range(2):
        words: list[str] = []
        side.read(Words(server.url), invocation(transport, stream=True), words)
        assert words == ["a", "b", "end", "usage"]
    assert json.loads(server.requests[0].body)["stream"] is True


def test_streams_of_one_loop_share_a_connection(serve: Serve, transport: Transport) -> None:
    server = serve(replies(STREAM_HEAD + event({"words": ["a"]}) + DONE + chunk(b": bye\n\n") + STREAM_END))

    async def run() -> None:
        for _ in range(3):
            assert [word async for word in Words(server.url).ainvoke(invocation(transport, stream=True))][-1] == "usage"

    asyncio.run(run())
    assert server.connections == 1
    for _ in range(3):
        assert [*Words(server.url).invoke(invocation(transport, stream=True))][-1] == "usage"
    assert server.connections == 2


def test_the_last_chunk_does_not_wait_for_the_end_of_the_answer(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD, DONE)
        assert peer.server.freed.acquire(timeout=20)
        peer.send(STREAM_END)

    server = serve(script)
    chunks = Words(server.url).invoke(invocation(transport, stream=True))
    assert next(chunks) == "end"
    assert next(chunks) == "usage"
    server.freed.release()
    assert list(chunks) == []


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        (STREAM_END, InvokeConnectionError),
        (b"", InvokeConnectionError),
        (
            event({"error": {"type": "overloaded_error", "message": "busy"}}) + DONE + STREAM_END,
            InvokeServerUnavailableError,
        ),
        (chunk(b"data: {broken\n\n") + STREAM_END, ValueError),
        (chunk(b"data: {" + b'"x":' * 30) + STREAM_END, InvokeConnectionError),
    ],
    ids=["early end", "cut off", "error object", "parser fails", "half an event"],
)
def test_what_came_before_a_failure_is_delivered(
    serve: Serve, side: Side, transport: Transport, ending: bytes, kind: type[Exception]
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD + event({"words": ["a", "b"]}) + ending)

    words: list[str] = []
    with pytest.raises(kind):
        side.read(Words(serve(script).url), invocation(transport, stream=True), words)
    assert words == ["a", "b"]


def test_events_without_their_end_mark_may_end_the_stream(serve: Serve, side: Side, transport: Transport) -> None:
    server = serve(replies(STREAM_HEAD + event({"words": ["a"]}) + chunk(b"data: [DONE]") + STREAM_END))
    words: list[str] = []
    side.read(Words(server.url), invocation(transport, stream=True), words)
    assert words == ["a", "end", "usage"]


def test_leaving_a_stream_closes_its_connection(serve: Serve, side: Side, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD + event({"words": ["a"]}))
        stall(peer)

    server = serve(script)
    words: list[str] = []
    side.read(Words(server.url), invocation(transport, stream=True), words, leave_after=1)
    assert words == ["a"]
    assert server.wait_freed()


def test_forgetting_a_stream_closes_its_connection(serve: Serve, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(STREAM_HEAD + event({"words": ["a"]}))
        stall(peer)

    server = serve(script)
    chunks = Words(server.url).invoke(invocation(transport, stream=True))
    assert next(chunks) == "a"
    del chunks
    gc.collect()
    assert server.wait_freed()

    async def run() -> None:
        chunks = Words(server.url).ainvoke(invocation(transport, stream=True))
        assert await anext(chunks) == "a"
        del chunks
        gc.collect()
        assert await asyncio.to_thread(server.wait_freed)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("payload", "kind", "says"),
    [
        (answer(b'{"error": "no"}', "401 Unauthorized"), InvokeAuthorizationError, "no"),
        (answer(b'{"error": {"message": "no", "type": "authentication_error"}}'), InvokeAuthorizationError, "no"),
        (answer(b'{"words": ["a"]}'), InvokeBadResponseError, "where a stream was expected"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html; x\r\n\r\n<title>Login</title>", InvokeBadResponseError, "Login"),
        (answer(b"", "307 Temporary Redirect", "Location: /v2"), InvokeBadRequestError, "redirects"),
    ],
)
def test_answers_that_are_no_stream(
    serve: Serve, side: Side, transport: Transport, payload: bytes, kind: type[InvokeError], says: str
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(payload)

    with pytest.raises(kind, match=says):
        side.read(Words(serve(script).url), invocation(transport, stream=True), [])


def test_other_framings(serve: Serve, side: Side, transport: Transport) -> None:
    class Lines(Words):
        framing = "ndjson"

    ndjson = b'{"words": ["a"]}\n{"words": ["b"]}\n[DONE]\n'
    server = serve(replies(answer(ndjson)))
    words: list[str] = []
    side.read(Lines(server.url), invocation(transport, stream=True), words)
    assert words == ["a", "b", "end", "usage"]


def test_sending_outside_of_a_call(serve: Serve, transport: Transport) -> None:
    server = serve(replies(WORDS, answer(b'{"detail": "no key"}', "401 Unauthorized")))
    model = Words(server.url)
    with use_context(CallContext(transport, Timeouts())):
        assert model.send(HTTPRequest("GET", f"{server.url}/v1/models")).json() == {"words": ["a", "b"]}
        with pytest.raises(InvokeAuthorizationError, match="no key"):
            model.send(HTTPRequest("GET", f"{server.url}/v1/models"))
        with pytest.raises(InvokeTimeoutError) as caught:
            model.send(HTTPRequest("GET", f"{serve(stall).url}/v1/models"), timeout=0.1)
    assert caught.value.phase == "total"


def test_a_model_without_its_methods_is_the_plugins_fault(transport: Transport) -> None:
    class Empty(HTTPModel):
        model_type = ModelType.MODERATION

    with pytest.raises(PluginError, match="Empty does not implement build_request"):
        Empty().invoke(invocation(transport))
    with pytest.raises(PluginError, match="Empty does not implement build_request"):
        list(Empty().invoke(invocation(transport, stream=True)))
