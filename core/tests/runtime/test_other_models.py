"""Embedding, rerank and speech models: what the runtime takes from plugins, and what it refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from runtime_plugins import Plugin

import mrt
from mrt import RerankDocument, RerankResult, TextEmbeddingResult

SOUND = b"ID3 sound"


def runtime(**models: type[mrt.AIModel]) -> mrt.Runtime:
    made = mrt.Runtime(load_entry_points=False)
    made.register(Plugin({name.replace("_", "-"): model for name, model in models.items()}))
    return made


class Ranks(mrt.RerankModel):
    """Answers with as many documents as the query says."""

    def _invoke(self, model: str, credentials: Any, query: str, *arguments: Any, **others: Any) -> RerankResult:
        found = [RerankDocument(place, "echo", 0.5) for place in reversed(range(int(query)))]
        return RerankResult(model, found, request_id="req-1")


class Embeds(mrt.TextEmbeddingModel):
    def _invoke(self, model: str, *arguments: Any, **others: Any) -> TextEmbeddingResult:
        return TextEmbeddingResult(model, [[1.0]], request_id="req-1")


@pytest.mark.parametrize(("came", "top_n"), [(2, None), (0, None), (2, 3), (0, 1)])
def test_documents_that_do_not_come_back_are_an_error(came: int, top_n: int | None) -> None:
    with runtime(rerank=Ranks) as made, pytest.raises(mrt.InvokeBadResponseError, match="came back") as caught:
        made.rerank("fake/m", {}).invoke(str(came), ["a", "b", "c"], top_n=top_n)
    assert caught.value.request_id == "req-1"


def test_fewer_documents_may_come_where_fewer_are_asked_for() -> None:
    with runtime(rerank=Ranks) as made:
        handle = made.rerank("fake/m", {})
        assert [doc.index for doc in handle.invoke("3", ["a", "b", "c"]).docs] == [0, 1, 2]
        assert [doc.index for doc in handle.invoke("3", ["a", "b", "c"], top_n=2).docs] == [0, 1]
        assert [doc.index for doc in handle.invoke("2", ["a", "b", "c"], top_n=2).docs] == [0, 1]
        # Whoever asks for a threshold is told no number.
        assert [doc.index for doc in handle.invoke("2", ["a", "b", "c"], score_threshold=0.4).docs] == [0, 1]


def test_the_error_about_missing_vectors_names_the_request() -> None:
    with runtime(text_embedding=Embeds) as made, pytest.raises(mrt.InvokeBadResponseError) as caught:
        made.text_embedding("fake/m", {}).invoke(["a", "b"])
    assert caught.value.request_id == "req-1"


class WholeSound(mrt.TTSModel):
    def _invoke(
        self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
    ) -> Any:
        return {"bytes": SOUND, "bytearray": bytearray(SOUND), "pieces": iter([bytearray(SOUND[:4]), SOUND[4:]])}[
            content_text
        ]


class CalledSomething(mrt.TTSModel):
    def _invoke(
        self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
    ) -> Any:
        return mrt.SpeechAudio(SOUND if voice else b"sound", content_text)


@pytest.mark.parametrize(
    ("called", "voice", "media_type"),
    [
        ("application/octet-stream", "v", "audio/mpeg"),
        ("image/png", "v", "audio/mpeg"),
        ("application/octet-stream", None, "application/octet-stream"),
        ("audio/x-own", "v", "audio/x-own"),
    ],
)
def test_sound_that_is_called_something_else_is_called_what_its_beginning_shows(
    called: str, voice: str | None, media_type: str
) -> None:
    with runtime(tts=CalledSomething) as made:
        assert made.tts("fake/m", {}).invoke(called, voice=voice).media_type == media_type


class SaysVoice(mrt.TTSModel):
    def _invoke(
        self, model: str, credentials: dict[str, Any], content_text: str, voice: str | None, user: str | None = None
    ) -> Any:
        return repr(voice).encode()


def test_an_empty_voice_is_none() -> None:
    with runtime(tts=SaysVoice) as made:
        handle = made.tts("fake/m", {})
        assert [handle.invoke("Hi.", voice=voice) for voice in ("", None, "nova")] == [b"None", b"None", b"'nova'"]


class NativeSound(mrt.TTSModel):
    def invoke(self, invocation: mrt.Invocation[Any]) -> bytes:
        return SOUND

    async def ainvoke(self, invocation: mrt.Invocation[Any]) -> bytes:
        return SOUND


@pytest.mark.parametrize("form", ["bytes", "bytearray", "pieces"])
def test_sound_may_come_whole_or_in_pieces_of_either_type_of_bytes(form: str) -> None:
    async def streamed(handle: Any) -> list[bytes]:
        return [piece async for piece in handle.astream(form)]

    with runtime(tts=WholeSound) as made:
        handle = made.tts("fake/m", {})
        whole = [handle.invoke(form), asyncio.run(handle.ainvoke(form))]
        streams = [list(handle.stream(form)), asyncio.run(streamed(handle))]
    assert whole == [SOUND, SOUND]
    assert [sound.media_type for sound in whole] == ["audio/mpeg", "audio/mpeg"]
    assert [b"".join(pieces) for pieces in streams] == [SOUND, SOUND]
    assert all(isinstance(piece, bytes) for pieces in streams for piece in pieces)


def test_an_asynchronous_plugin_may_give_a_stream_of_sound_whole() -> None:
    async def streamed(handle: Any) -> list[bytes]:
        return [piece async for piece in handle.astream("Hi.")]

    with runtime(tts=NativeSound) as made:
        assert asyncio.run(streamed(made.tts("fake/m", {}))) == [SOUND]
