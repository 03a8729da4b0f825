"""F56 and F57: sound that is none, transcripts without a text."""

from __future__ import annotations

from typing import Any

from mrt_testing_kit.server.answer import ABSENT
from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.faults.base import Fault, fault
from mrt_testing_kit.server.loose import is_object
from mrt_testing_kit.server.oracle import SPEECH_FORMATS, speech, transcript
from mrt_testing_kit.server.trouble import DialectError
from mrt_testing_kit.server.wire import Reply, json_reply


@fault(
    "F56",
    "odd audio",
    options={"what": "empty", "content_type": "text/plain", "format": "wav"},
    choices={"what": ("empty", "json", "words", "type", "format", "truncated")},
)
class OddAudio(Fault):
    """No bytes, a document instead of audio (also one that is called audio), half of the bytes.

    ``type``: the right sound is called something else; ``format``: another format than was asked for, rightly called.
    """

    kinds = frozenset({"speech"})

    def replace(self, call: Call) -> Reply | None:
        if self.o["what"] not in ("json", "words"):
            return None
        reply = json_reply(call.dialect.error_value(500, "The oracle has lost its voice."), 200)
        if self.o["what"] == "words":
            reply.set_header("content-type", "audio/mpeg")
        return reply

    def blocks(self, blocks: list[bytes], call: Call) -> list[bytes]:
        data = b"".join(blocks)
        if self.o["what"] == "format":
            data = speech(transcript(data), "", self.o["format"])
            return [data[at : at + 512] for at in range(0, len(data), 512)]
        return {"empty": [], "truncated": [data[: len(data) // 3]]}.get(self.o["what"], blocks)

    def reply(self, reply: Reply, call: Call) -> Reply:
        if self.o["what"] == "type":
            reply.set_header("content-type", self.o["content_type"])
        elif self.o["what"] == "format":
            reply.set_header("content-type", SPEECH_FORMATS[self.o["format"]])
        return reply


@fault(
    "F57",
    "odd transcript",
    options={"what": "empty"},
    choices={"what": ("empty", "null", "missing", "error", "verbose", "segments")},
)
class OddTranscript(Fault):
    """Empty, null or missing text, an error in its place, a document with more in it than was asked for.

    ``segments``: the text stands in its segments alone.
    """

    kinds = frozenset({"transcription"})

    def places(self, call: Call) -> frozenset[str]:
        return frozenset({"payload" if self.o["what"] in ("error", "verbose", "segments") else "transcript"})

    def transcript(self, text: Any, call: Call) -> Any:
        return {"empty": "", "null": None, "missing": ABSENT}.get(self.o["what"], text)

    def payload(self, payload: Any, call: Call) -> Any:
        if self.o["what"] == "error":
            return {"error": {"message": "The oracle is deaf.", "type": "server_error"}}
        if self.o["what"] not in ("verbose", "segments") or not is_object(payload):
            return payload
        is_verbose = self.o["what"] == "verbose"
        if not is_verbose and "text" not in payload:
            raise DialectError("they have no text under that name")
        text = "a segment" if is_verbose else payload["text"]
        segment: dict[str, Any] = {"id": 0, "start": 0.0, "end": 1.5, "text": text, "tokens": [1]}
        more: dict[str, Any] = {
            "task": "transcribe",
            "language": "english",
            "duration": 1.5,
            "segments": [segment],
            "words": None,
        }
        return {**more, **payload, "logprobs": None} if is_verbose else {**payload, **more, "text": ABSENT}
