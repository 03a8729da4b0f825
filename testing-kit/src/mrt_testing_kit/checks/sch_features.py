"""SCH: features that a schema declares."""

from __future__ import annotations

import base64
import json

from mrt import (
    AudioPromptMessageContent,
    DocumentPromptMessageContent,
    ImagePromptMessageContent,
    PromptMessageContent,
    TextPromptMessageContent,
    UserPromptMessage,
    VideoPromptMessageContent,
)
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, written_out
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.server import Answer, ToolCall
from mrt_testing_kit.server.oracle import speech
from mrt_testing_kit.target import Model

_CALLS = ("tool-call", "multi-tool-call", "stream-tool-call")
_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


@check(
    "SCH-15",
    "declared features work; undeclared but working ones are reported",
    bugs=["langgenius/dify-official-plugins#3672"],
    fix="Implement the feature, or take it out of the schema; declare what works, so that hosts offer it.",
)
def sch_15(ctx: Context) -> None:
    """A host offers what the schema declares: a feature that is not there fails in the user's hands."""
    tried = 0
    for model in ctx.models.get("llm", []):
        ctx.kind, ctx.model = "llm", model.name
        features = {str(feature) for feature in model.schema.features or ()}
        for feature in sorted(features):
            tried += _try(ctx, model, feature)
        if model.schema.features is not None:
            _report(ctx, model, features)
    if not tried:
        ctx.not_applicable("no model declares a feature that can be tried")


def _try(ctx: Context, model: Model, feature: str) -> bool:
    sentence = f"{model.name} declares {feature}, and it does not work"
    if feature in _CALLS:
        wanted = 2 if feature == "multi-tool-call" else 1
        calls = [ToolCall(tool.name, "{}", f"call_o{place}") for place, tool in enumerate(OFFERED[:wanted])]
        ctx.server.next_answer(Answer(calls=calls))
        got = ctx.chat("Weather?", tools=OFFERED, way="stream" if feature == "stream-tool-call" else "sync")
        if written_out(got):
            # The server left the calls in the text, so that the client had none to read.
            return False
        names = [call.function.name for call in got.calls] if got.error is None else []
        ctx.expect(
            names == [tool.name for tool in OFFERED[:wanted]], sentence, expected=f"{wanted} calls", came=got.told()
        )
    elif feature == "reasoning":
        if not _reasons(ctx):
            got = ctx.outcomes[-1]
            ctx.fail(sentence, expected="the reasoning apart from the text", came=got.told())
    elif feature == "structured-output":
        rules = {rule.name: rule for rule in model.schema.parameter_rules}
        if "json_schema" not in rules:
            ctx.fail(sentence, expected="a parameter json_schema", came=", ".join(rules) or "no parameters")
        schema = {"type": "object", "properties": {"oracle_field": {"type": "string"}}, "required": ["oracle_field"]}
        given = {"json_schema": json.dumps(schema)}
        options = rules["response_format"].options if "response_format" in rules else []
        if "json_schema" in options:
            given["response_format"] = "json_schema"
        got = ctx.chat("Answer in JSON.", parameters=given).ok()
        ctx.expect(
            "oracle_field" in got.request.body.decode("utf-8", "replace"),
            sentence,
            expected="the schema in the request",
        )
    elif (file := _part(feature)) is not None:
        part, data = file
        got = ctx.chat([UserPromptMessage([TextPromptMessageContent("What is it?"), part])]).ok()
        talk = got.request.talk
        seen = [image.data for turn in talk.turns for image in turn.images] if talk is not None else []
        ctx.expect(data in seen, sentence, expected="the file on the wire, whole", came=f"{len(seen)} files")
    else:
        return False
    return True


def _part(feature: str) -> tuple[PromptMessageContent, bytes] | None:
    def text(data: bytes) -> str:
        return base64.b64encode(data).decode()

    match feature:
        case "vision":
            return ImagePromptMessageContent(base64_data=text(_PNG), mime_type="image/png", format="png"), _PNG
        case "audio":
            wav = speech("Hello.")
            return AudioPromptMessageContent(base64_data=text(wav), mime_type="audio/wav", format="wav"), wav
        case "video":
            return VideoPromptMessageContent(base64_data=text(_MP4), mime_type="video/mp4", format="mp4"), _MP4
        case "document":
            name, kind = "oracle.pdf", "application/pdf"
            part = DocumentPromptMessageContent(base64_data=text(_PDF), mime_type=kind, format="pdf", filename=name)
            return part, _PDF
        case _:
            return None


def _reasons(ctx: Context) -> bool:
    ctx.server.next_answer(Answer("Seven.", reasoning="Three and four."))
    got: Outcome = ctx.chat("Three and four?")
    return got.error is None and (got.reasoning or "").strip() == "Three and four." and got.text.strip() == "Seven."


def _report(ctx: Context, model: Model, features: set[str]) -> None:
    if "reasoning" not in features and _reasons(ctx):
        ctx.session.notes.append(f"{model.name} returns reasoning, and does not declare it (SCH-15)")
