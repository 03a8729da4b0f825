"""Speech-to-text models with one mistake each."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from workshop_text import Wrong, provider

import mrt
from mrt import AudioFile, HTTPRequest, HTTPResponse, Invocation
from mrt.entities.plain import is_mapping
from mrt.http.multipart import encode_multipart
from mrt.plugin import Flow
from mrt_testing_kit.references.openai_http.common import key_headers, object_of, url_of
from mrt_testing_kit.references.openai_http.speech2text import ReferenceSpeech2Text

File = tuple[str, str, str, bytes]


class Hearing(ReferenceSpeech2Text):
    """The reference with its steps laid open."""

    def fields(self, invocation: Invocation[Any]) -> list[tuple[str, str]]:
        return [("model", invocation.model), ("response_format", "json")]

    def file(self, file: AudioFile) -> File:
        return ("file", file.filename, file.media_type, file.content)

    def build_request(self, invocation: Invocation[Any]) -> HTTPRequest:
        content, content_type = encode_multipart(self.fields(invocation), [self.file(invocation.request.file)])
        headers = {**key_headers(invocation.credentials), "content-type": content_type}
        return HTTPRequest("POST", url_of(invocation.credentials, self.path), headers, content)


class AlwaysMp3(Hearing):
    def file(self, file: AudioFile) -> File:
        return ("file", "audio.mp3", "audio/mpeg", file.content)


class NameAsType(Hearing):
    def file(self, file: AudioFile) -> File:
        return ("file", "blob", "text/plain", file.content)


class AsHex(Hearing):
    def file(self, file: AudioFile) -> File:
        return ("file", file.filename, file.media_type, file.content.hex().encode())


class SendsName(Hearing):
    def file(self, file: AudioFile) -> File:
        return ("file", file.filename, file.media_type, f"file://{file.filename}".encode())


class EmptyForMissing(Hearing):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> str:
        found: Any = response.json() or {}
        return str(found.get("text") or "")


class EmptyForNull(Hearing):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> str:
        return str(object_of_or_text(response).get("text") or "")


def object_of_or_text(response: HTTPResponse) -> dict[str, Any]:
    value: Any = response.json()
    is_null = is_mapping(value) and "text" in value and not value["text"]
    return {"text": ""} if is_null else object_of(response, "text")


class EmptyWhenDown(Hearing):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        try:
            return (yield from super().exchange(invocation))
        except mrt.InvokeServerUnavailableError:
            return ""


class JoinsSegments(Hearing):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> str:
        segments = response.json().get("segments")
        if segments:
            return "".join(segment["text"] for segment in segments)
        return super().parse_response(invocation, response)


class UnknownField(Hearing):
    def fields(self, invocation: Invocation[Any]) -> list[tuple[str, str]]:
        return [*super().fields(invocation), ("enable_words", "true")]


class Latin(Hearing):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> str:
        return super().parse_response(invocation, response).encode("ascii", "replace").decode()


class OneLine(Hearing):
    def parse_response(self, invocation: Invocation[Any], response: HTTPResponse) -> str:
        return " ".join(super().parse_response(invocation, response).split())


class SendsAgain(Hearing):
    def exchange(self, invocation: Invocation[Any]) -> Flow:
        try:
            return (yield from super().exchange(invocation))
        except mrt.InvokeBadRequestError:
            return (yield from super().exchange(invocation))


class NoneInField(Hearing):
    def fields(self, invocation: Invocation[Any]) -> list[tuple[str, str]]:
        return [*super().fields(invocation), ("language", str(None))]


class ForcesEnglish(Hearing):
    def fields(self, invocation: Invocation[Any]) -> list[tuple[str, str]]:
        return [*super().fields(invocation), ("language", "en")]


class SendsUser(Hearing):
    def fields(self, invocation: Invocation[Any]) -> list[tuple[str, str]]:
        return [*super().fields(invocation), *([("user", invocation.user)] if invocation.user else [])]


class LeavesFiles(Hearing):
    def file(self, file: AudioFile) -> File:
        handle, _name = tempfile.mkstemp(".wav")
        os.write(handle, file.content)
        os.close(handle)
        return super().file(file)


class OpensTwice(Hearing):
    def file(self, file: AudioFile) -> File:
        with tempfile.NamedTemporaryFile(suffix=".wav") as kept:
            kept.write(file.content)
            kept.flush()
            with open(kept.name, "rb") as again:
                return ("file", file.filename, file.media_type, again.read())


class OpensPathTwice(Hearing):
    def file(self, file: AudioFile) -> File:
        with tempfile.NamedTemporaryFile(suffix=".wav") as kept:
            kept.write(file.content)
            kept.flush()
            return ("file", file.filename, file.media_type, Path(kept.name).read_bytes())


RIGHT = Wrong("", "", lambda: provider(speech2text=Hearing))


def _wrong(check: str, made: type[Hearing], bug: str) -> Wrong:
    return Wrong(check, bug, lambda: provider(speech2text=made))


WRONG = {
    f"{check}-{found.__name__}": _wrong(check, found, bug)
    for check, found, bug in (
        ("STT-01", AlwaysMp3, ""),
        ("STT-01", NameAsType, ""),
        ("STT-01", AsHex, "B182"),
        ("STT-01", SendsName, "B182"),
        ("STT-03", EmptyForMissing, "B139"),
        ("STT-03", EmptyForNull, "B139"),
        ("STT-03", EmptyWhenDown, "B139"),
        ("STT-04", JoinsSegments, ""),
        ("STT-04", UnknownField, ""),
        ("STT-06", Latin, ""),
        ("STT-06", OneLine, ""),
        ("STT-07", SendsAgain, ""),
        ("STT-08", NoneInField, "B185"),
        ("STT-08", SendsUser, ""),
        ("STT-08", ForcesEnglish, ""),
        ("STT-09", LeavesFiles, "B152"),
        ("STT-09", OpensTwice, "B186"),
        ("STT-09", OpensPathTwice, "B186"),
    )
}
