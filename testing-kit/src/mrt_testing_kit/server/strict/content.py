"""S3, the part that all grammars share: names, files and inputs."""

from __future__ import annotations

import re

from mrt_testing_kit.server.call import Call
from mrt_testing_kit.server.loose import array, is_array
from mrt_testing_kit.server.oracle import Image
from mrt_testing_kit.server.strict.rules import Violation

_NAME = re.compile(r"[a-zA-Z0-9_-]+")

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"%PDF", 0, "application/pdf"),
    (b"WAVE", 8, "audio/wav"),
    (b"ID3", 0, "audio/mp3"),
    (b"\xff\xfb", 0, "audio/mp3"),
)

_ALIKE = {"image/jpg": "image/jpeg", "audio/mpeg": "audio/mp3", "audio/x-wav": "audio/wav"}


def sniff(data: bytes) -> str | None:
    """Return the media type that bytes show; None when they show none."""
    return next((kind for magic, at, kind in _MAGIC if data[at : at + len(magic)] == magic), None)


def name(value: str, most: int = 64) -> list[str]:
    """Return what is wrong with a tool's name, of which a vendor takes so many letters."""
    if _NAME.fullmatch(value) and len(value) <= most:
        return []
    return [f"the tool name {value!r} must match ^[a-zA-Z0-9_-]{{1,{most}}}$"]


def image(value: Image, where: str) -> list[str]:
    """Return what is wrong with an image or file."""
    if value.url is not None:
        fine = value.url.startswith(("http://", "https://"))
        return [] if fine else [f"{where}: {value.url[:60]!r} is neither a web address nor a data address"]
    if value.data is None:
        return [f"{where}: the data is not base64"]
    shown = sniff(value.data)
    declared = _ALIKE.get(value.media_type.lower(), value.media_type.lower())
    if shown is not None and declared != shown:
        return [f"{where}: declared as {value.media_type!r}, but the bytes are {shown}"]
    return []


def inputs(call: Call) -> list[Violation]:
    """Return what is wrong with the inputs of vector, rerank, moderation, speech and text requests."""
    body, found = call.body, list[Violation]()
    if call.kind in ("embedding", "moderation"):
        given = body.get("input")
        items = given if is_array(given) else [given]
        if not items:
            found.append(Violation("S3", "input must not be an empty list", "input"))
        found += [
            Violation("S3", f"input[{n}] must not be empty", "input")
            for n, item in enumerate(items)
            if item == [] or (item == "" and not (call.kind == "embedding" and call.dialect.takes_empty))
        ]
        if call.kind == "embedding" and call.server.max_characters is not None:
            most = call.server.max_characters
            long = [n for n, item in enumerate(items) if isinstance(item, str) and len(item) > most]
            found += [Violation("S3", f"input[{n}] has more than {most} characters", "input") for n in long]
    if call.kind == "rerank":
        documents = array(body.get("documents"))
        top = body.get("top_n")
        if not documents:
            found.append(Violation("S3", "documents must not be empty", "documents"))
        if not body.get("query"):
            found.append(Violation("S3", "query must not be empty", "query"))
        if top is not None and not (isinstance(top, int) and 1 <= top <= len(documents)):
            found.append(Violation("S3", f"top_n must be from 1 to {len(documents)}, not {top}", "top_n"))
    if call.kind == "speech" and not str(body.get("input") or "").strip():
        found.append(Violation("S3", "input must not be empty", "input"))
    if call.kind == "speech" and call.server.max_characters is not None:
        most = call.server.max_characters
        if len(str(body.get("input") or "")) > most:
            found.append(Violation("S3", f"input has more than {most} characters", "input"))
    if call.kind == "transcription":
        file = call.request.field("file")
        if file is not None and not file.filename:
            found.append(Violation("S3", "the file part has no file name", "file"))
    return found
