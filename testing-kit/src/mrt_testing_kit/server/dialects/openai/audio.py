"""Transcription and speech of the openai dialect."""

from __future__ import annotations

import base64
from typing import Any

from mrt_testing_kit.server import oracle
from mrt_testing_kit.server.answer import tokens
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.trouble import DialectError
from mrt_testing_kit.server.wire import Event, Framing, Reply

VOICES = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")

_BLOCK = 512


def transcribe(call: Call) -> Reply:
    """Answer ``POST /v1/audio/transcriptions``: json, text, srt, vtt and verbose_json, also streamed."""
    form = {part.name: part.text for part in call.request.form if part.name != "file"}
    file = call.request.field("file")
    audio = file.data if file is not None else b""
    if not audio:
        return call.dialect.error(
            400, "Audio file is too short. Minimum audio length is 0.1 seconds.", code="audio_too_short"
        )
    heard = call.transcript(audio)
    text = heard or ""
    shape = form.get("response_format", "json")
    if form.get("stream") == "true" and shape in ("json", "text"):
        events = [Event({"type": "transcript.text.delta", "delta": piece}, kind="text") for piece in tokens(text)]
        events.append(Event({"type": "transcript.text.done", "text": text}, kind="finish"))
        return call.stream_reply(events, Framing())
    if shape == "json":
        counts = oracle.usage(text)
        usage = {"type": "tokens", "input_tokens": counts.prompt, "output_tokens": counts.completion}
        return call.json_reply({"text": heard, "usage": {**usage, "total_tokens": counts.total}})
    if shape == "verbose_json":
        segment: dict[str, Any] = {
            "id": 0,
            "seek": 0,
            "start": 0.0,
            "end": 1.5,
            "text": text,
            "tokens": [],
            "temperature": 0.0,
        }
        language = form.get("language", "english")
        head = {"task": "transcribe", "language": language, "duration": 1.5, "text": heard}
        return call.json_reply({**head, "segments": [segment]})
    bodies = {
        "text": f"{text}\n",
        "srt": f"1\n00:00:00,000 --> 00:00:01,500\n{text}\n\n",
        "vtt": f"WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n{text}\n\n",
    }
    if shape not in bodies:
        return call.dialect.error(
            400, f"[{shape!r}] is not one of json, text, srt, verbose_json, vtt", param="response_format"
        )
    if not isinstance(heard, str):
        raise DialectError("plain text has no null in it")
    return Reply(200, [("content-type", "text/plain; charset=utf-8")], body=bodies[shape].encode())


def speak(call: Call) -> Reply:
    """Answer ``POST /v1/audio/speech``: a chunked body, or events with ``stream_format: sse``."""
    body = call.body
    text, voice = str(body.get("input", "")), str(body.get("voice", ""))
    shape = body.get("response_format") or "mp3"
    if shape not in oracle.SPEECH_FORMATS:
        sentence = f"[{shape!r}] is not one of {', '.join(oracle.SPEECH_FORMATS)}"
        return call.dialect.error(400, sentence, param="response_format")
    if not text:
        return call.dialect.error(400, "Input should have at least 1 character", param="input")
    if voice not in VOICES:
        return call.dialect.error(400, f"Voice {voice!r} is not one of {', '.join(VOICES)}", param="voice")
    audio = oracle.speech(text, voice, shape)
    if body.get("stream_format") == "sse":
        parts = [audio[at : at + _BLOCK] for at in range(0, len(audio), _BLOCK)]
        events = [
            Event({"type": "speech.audio.delta", "audio": base64.b64encode(p).decode()}, kind="text") for p in parts
        ]
        counts = oracle.usage(text)
        usage = {"input_tokens": counts.prompt, "output_tokens": counts.completion, "total_tokens": counts.total}
        events.append(Event({"type": "speech.audio.done", "usage": usage}, kind="finish"))
        return call.stream_reply(events, Framing())
    reply = Reply(200, [("content-type", oracle.SPEECH_FORMATS[shape])], body=audio, chunked=True)
    reply.blocks = [audio[at : at + _BLOCK] for at in range(0, len(audio), _BLOCK)]
    return reply
