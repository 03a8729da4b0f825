"""Plugins that only know threads, as wrappers of vendors' SDKs do: time limits, errors of generators, leaving."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from runtime_plugins import Plugin, chunk

import mrt
from mrt.http import Headers
from mrt.http.context import current_context

LIMITS = mrt.Timeouts(connect=1.25, first_byte=2.5, between_bytes=3.75, total=5.0)


class SDKError(Exception):
    """What an SDK raises; it has the whole answer."""

    def __init__(self, headers: Any = None) -> None:
        super().__init__("too many calls")
        self.response = type("Response", (), {"headers": headers, "status_code": 429})()


class Speaks(mrt.TTSModel):
    def _invoke(
        self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
    ) -> Iterator[bytes]:
        yield b"ID3"
        if content_text == "fail":
            raise SDKError
        yield str(current_context().timeouts.connect).encode()

    @property
    def _invoke_error_mapping(self) -> dict[type[mrt.InvokeError], list[type[Exception]]]:
        return {mrt.InvokeRateLimitError: [SDKError]}


class Chats(mrt.LargeLanguageModel):
    headers: Any = None
    ended = threading.Event()

    def _invoke(self, *arguments: Any, **named: Any) -> Any:
        if self.headers is not None:
            raise SDKError(self.headers)
        return self._chunks(current_context().timeouts) if named["stream"] else None

    def _chunks(self, limits: mrt.Timeouts) -> Generator[mrt.LLMResultChunk]:
        try:
            yield chunk(str(limits.between_bytes))
            for _ in range(1000):
                yield chunk(".")
        finally:
            self.ended.set()

    @property
    def _invoke_error_mapping(self) -> dict[type[mrt.InvokeError], list[type[Exception]]]:
        return {mrt.InvokeRateLimitError: [SDKError]}


def runtime(**models: type[mrt.AIModel]) -> mrt.Runtime:
    made = mrt.Runtime(load_entry_points=False, timeouts=LIMITS)
    made.register(Plugin(dict(models)))
    return made


def test_pieces_of_sound_are_joined_within_the_call() -> None:
    with runtime(tts=Speaks) as made:
        handle = made.tts("fake/m", {})
        assert handle.invoke("Hi.") == asyncio.run(handle.ainvoke("Hi.")) == b"ID31.25"
        assert next(handle.stream("Hi.")) == b"ID3"


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_the_error_of_a_generator_of_sound_is_mapped_when_the_whole_is_asked_for(way: str) -> None:
    with runtime(tts=Speaks) as made:
        handle = made.tts("fake/m", {})
        with pytest.raises(mrt.InvokeRateLimitError) as caught:
            asyncio.run(handle.ainvoke("fail")) if way == "ainvoke" else handle.invoke("fail")
    assert caught.value.provider == "fake"
    assert isinstance(caught.value.__cause__, SDKError)


def test_a_blocking_stream_sees_the_time_limits_of_the_call_also_from_an_event_loop() -> None:
    async def first() -> str:
        async with made.llm("fake/m", {}).astream("Hi.") as stream:
            return (await anext(stream)).text

    with runtime(llm=Chats) as made:
        assert asyncio.run(first()) == "3.75"
        assert next(made.llm("fake/m", {}).stream("Hi.")).text == "3.75"


def test_a_generator_finds_the_time_limits_of_its_call_however_late_it_asks() -> None:
    class Late(Chats):
        def _invoke(self, *arguments: Any, **named: Any) -> Any:
            return self._late()

        def _late(self) -> Generator[mrt.LLMResultChunk]:
            yield chunk(str(current_context().timeouts.connect))
            yield chunk(str(current_context().timeouts.total))

    with runtime(llm=Late) as made:
        stream = made.llm("fake/m", {}).stream("Hi.")
        assert [next(stream).text, next(stream).text] == ["1.25", "5.0"]
        assert current_context().timeouts != LIMITS


def test_a_blocking_stream_ends_as_soon_as_its_reader_leaves() -> None:
    async def leave() -> bool:
        async with made.llm("fake/m", {}).astream("Hi.") as stream:
            await anext(stream)
            # By now the thread waits with a full queue.
            await asyncio.sleep(0.05)
        return await asyncio.to_thread(Chats.ended.wait, 5)

    Chats.ended.clear()
    with runtime(llm=Chats) as made:
        assert asyncio.run(leave())


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "in an hour"}, 3600),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait_is_read_from_the_answer_on_an_exception(
    fields: dict[str, str], seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The date is made now and not when the tests were collected, which may be minutes ago.
    date = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    sent = {name: date if value == "in an hour" else value for name, value in fields.items()}
    monkeypatch.setattr(Chats, "headers", Headers(sent.items()))
    with runtime(llm=Chats) as made, pytest.raises(mrt.InvokeRateLimitError) as caught:
        made.llm("fake/m", {}).invoke("Hi.")
    assert caught.value.status == 429
    assert caught.value.retry_after == (pytest.approx(seconds, abs=60) if seconds else None)


@pytest.mark.parametrize(("said", "code"), [({"code": "a", "type": "b"}, "a"), ({"code": None, "type": "b"}, "b")])
def test_the_code_of_an_exception_is_the_vendors_code_or_else_its_type(
    said: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chats, "headers", Headers([]))
    for name, value in said.items():
        monkeypatch.setattr(SDKError, name, value, raising=False)
    with runtime(llm=Chats) as made, pytest.raises(mrt.InvokeRateLimitError) as caught:
        made.llm("fake/m", {}).invoke("Hi.")
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "again"), [("insufficient_quota", False), ("rate_limit_exceeded", True), (None, True)]
)
def test_a_quota_that_is_used_up_is_not_tried_again(
    code: str | None, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chats, "headers", Headers())
    monkeypatch.setattr(SDKError, "code", code, raising=False)
    with runtime(llm=Chats) as made, pytest.raises(mrt.InvokeRateLimitError) as caught:
        made.llm("fake/m", {}).invoke("Hi.")
    assert caught.value.retryable is again


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://user:secret@127.0.0.1:9/v1?key=secret", "too many calls (127.0.0.1:9)"),
        ("https://api.example.com/v1", "too many calls (api.example.com)"),
        ("no address", "too many calls"),
        ("http://[", "too many calls"),
    ],
)
def test_a_lost_connection_says_where_when_the_exception_has_its_request(
    url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Chats, "headers", Headers([]))
    monkeypatch.setattr(SDKError, "request", type("Request", (), {"url": url})(), raising=False)
    mapping = {mrt.InvokeConnectionError: [SDKError]}
    monkeypatch.setattr(Chats, "_invoke_error_mapping", property(lambda self: mapping), raising=False)
    with runtime(llm=Chats) as made, pytest.raises(mrt.InvokeConnectionError) as caught:
        made.llm("fake/m", {}).invoke("Hi.")
    assert str(caught.value) == f"fake/m: {said} (HTTP 429)"
    assert "secret" not in str(caught.value)


def test_joined_pieces_of_sound_keep_their_media_type() -> None:
    class Told(Speaks):
        def _invoke(
            self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
        ) -> Iterator[bytes]:
            yield mrt.SpeechAudio(b"\0\0", "audio/L16;rate=8000")
            yield b"\1\1"

    with runtime(tts=Told) as made:
        sound = made.tts("fake/m", {}).invoke("Hi.")
    assert (bytes(sound), sound.media_type) == (b"\0\0\1\1", "audio/L16;rate=8000")


def test_plain_bytes_of_sound_get_their_media_type() -> None:
    with runtime(tts=Speaks) as made:
        sound = made.tts("fake/m", {}).invoke("Hi.")
    assert isinstance(sound, mrt.SpeechAudio)
    assert sound.media_type == "audio/mpeg"
