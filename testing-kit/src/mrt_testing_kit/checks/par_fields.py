"""PAR: parameters whose form differs from vendor to vendor: stop texts, the limit of tokens, the response's format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mrt import InvokeBadRequestError
from mrt_testing_kit import company
from mrt_testing_kit.asking import TOKEN_FIELDS, key_of, where
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import heard
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.seen import leaves
from mrt_testing_kit.server import Answer


@check(
    "PAR-07",
    "stop translated, limit policy",
    bugs=["mozilla-ai/any-llm#1069", "langchain-ai/langchain#20234", "QwenLM/Qwen-Agent#370"],
    fix="Send stop texts in the vendor's field, no more than it takes; core looks for all of them in the text.",
)
def par_07(ctx: Context) -> None:
    """A stop text that is not sent costs tokens and shows what should not be seen; too many of them are refused."""
    ctx.strict("S2")
    plain = ctx.chat("One two three").ok()
    ctx.equal(heard(plain).stops, [], "the stop texts of a call that has none")
    ctx.expect(not [name for name in plain.body if "stop" in name], "a call without stop texts has a field for them")
    for stops in (["three"], ["END", "three"], ["a1", "b2", "c3", "three"]):
        got = ctx.chat("One two three four", stop=stops).ok()
        ctx.equal(sorted(heard(got).stops), sorted(stops), "the stop texts that the vendor read")
        _judge_cut(ctx, got, ctx.oracle.reply("One two three four").partition("three")[0])
    for name, got in company.beside(ctx, stop=["three", "END"]):
        with ctx.case(name):
            ctx.equal(sorted(heard(got).stops), ["END", "three"], "the stop texts that the vendor read", outcome=got)
    many = [f"s{n}" for n in range(6)]
    refused = ctx.chat("Go on.", stop=many)
    if isinstance(refused.error, InvokeBadRequestError) and not refused.requests:
        # Who says at once that they are too many leaves nothing out.
        many = many[:4]
    for last in many:
        # Said by a model that pays no heed, so that whatever was not sent has to be found in the text.
        ctx.server.next_answer(Answer(["Well", " th", "en", f" {last[:1]}", last[1:], " and", " more"]))
        got = ctx.chat("Go on.", stop=many).ok()
        _judge_cut(ctx, got, "Well then ")
    for odd in ("\n\n", " x", "\n\nHuman:", "é世", "]]", "."):
        ctx.server.next_answer(Answer(["Before", odd[:1], f"{odd[1:]}after"]))
        got = ctx.chat("Go on.", stop=[odd]).ok()
        _judge_cut(ctx, got, "Before")
        # Vendors refuse some, which core finds by itself; a changed one ends answers where nobody wanted it.
        ctx.expect(heard(got).stops in ([odd], []), "a stop text is changed", expected=repr(odd), came=heard(got).stops)


def _judge_cut(ctx: Context, got: Outcome, text: str) -> None:
    ctx.equal(got.text, text, "the text up to the stop text")
    ctx.equal(got.finish, "stop", "the finish reason of an answer that a stop text ended")


@check(
    "PAR-08",
    "token limit field",
    bugs=["langgenius/dify-official-plugins#2713", "pydantic/pydantic-ai#6929", "mozilla-ai/any-llm#868"],
    fix="Send max_tokens in the one field that the model takes: newer ones refuse the old name, older ones the new.",
)
def par_08(ctx: Context) -> None:
    """A limit in the wrong field is refused, or does not limit anything."""
    rule = ctx.rules.get("max_tokens") or next((r for r in ctx.rules.values() if r.use_template == "max_tokens"), None)
    if rule is None:
        ctx.not_applicable("the model has no limit of tokens to set")
    fit = [value for value in (17, 256, 1025) if (rule.min or 0) <= value and (rule.max is None or value <= rule.max)]
    for model in [ctx.model, *(model.name for model in ctx.models["llm"] if model.declares("reasoning"))]:
        # Models that reason are those that are picky; the others take whichever name the vendor knows.
        reasons = any(known.name == model and known.declares("reasoning") for known in ctx.models["llm"])
        if reasons:
            ctx.strict("S1")
        for value in fit:
            got = ctx.chat(parameters={rule.name: value}, model=model).ok()
            ctx.equal(heard(got).limit, value, f"the limit that the vendor read, with {rule.name}={value}")
            fields = [path for path, _ in leaves(got.body) if key_of(path) in TOKEN_FIELDS]
            ctx.equal(len(fields), 1, f"the number of fields with a limit ({', '.join(fields)})")
            ctx.equal(len(where(leaves(got.body), value)), 1, "the number of fields that hold the limit")
    limited = [value for value in (1, 2) if (rule.min or 0) <= value]
    ctx.server.strict = frozenset()
    for value in limited:
        got = ctx.chat("One two three four five", parameters={rule.name: value})
        if got.error is None and heard(got).limit == value:
            ctx.equal(got.finish, "length", "the finish reason of an answer that the limit ended")


@check(
    "PAR-09",
    "response format shape",
    bugs=["mozilla-ai/any-llm#1272"],
    fix="Nest the schema as the vendor wants it, whole, whether it is given as text or as an object.",
)
def par_09(ctx: Context) -> None:
    """A schema in the wrong place is passed over without a word, and the answer has whatever shape it likes."""
    formats = ctx.rules["response_format"].options if "response_format" in ctx.rules else []
    if "json_schema" not in ctx.rules and "json_object" not in formats:
        ctx.not_applicable("the model declares no response format of the vendor's")
    ctx.strict("S1")
    for schema in _SCHEMAS if "json_schema" in ctx.rules else ():
        for given in (schema, json.dumps(schema)):
            got = _formatted(ctx, given, formats)
            sent = heard(got).schema
            ctx.equal(sent, schema, "the schema that the vendor read")
            wanted: Any = json.loads(got.text)
            ctx.equal(got.answer.structured_output if got.answer else None, wanted, "the structured output")
    for name, got in _beside(ctx, formats):
        with ctx.case(name):
            ctx.equal(heard(got).schema, _SCHEMAS[0], "the schema that the vendor read", outcome=got)
    if "json_object" in formats:
        got = ctx.chat("Give me JSON.", parameters={"response_format": "json_object"}).ok()
        ctx.equal(heard(got).schema, True, "whether the vendor was asked for a JSON object")
    if "text" in formats:
        got = ctx.chat("Say hello.", parameters={"response_format": "text"}).ok()
        ctx.equal(heard(got).schema, None, "the schema of a call that asks for text")
    got = ctx.chat("Say hello.").ok()
    ctx.equal(heard(got).schema, None, "the schema of a call that asks for none")
    names = [name for name in got.body if "format" in name]
    ctx.expect(not names, "a call that asks for no format has a field for it", came=", ".join(names))


def _beside(ctx: Context, formats: list[str]) -> Iterator[tuple[str, Outcome]]:
    if "json_schema" not in ctx.rules:
        return
    wanted: dict[str, Any] = {"json_schema": _SCHEMAS[0]}
    wanted |= {"response_format": "json_schema"} if "json_schema" in formats else {}
    yield from company.beside(ctx, parameters=wanted)


def _formatted(ctx: Context, schema: Any, formats: list[str]) -> Outcome:
    got = ctx.chat("Fill it in.", parameters={"json_schema": schema})
    if isinstance(got.error, InvokeBadRequestError) and not got.requests and "json_schema" in formats:
        got = ctx.chat("Fill it in.", parameters={"json_schema": schema, "response_format": "json_schema"})
    return got.ok()


_SCHEMAS: tuple[dict[str, Any], ...] = (
    {
        "type": "object",
        "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name", "age"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "title": "Größe",
        "properties": {
            "list": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "schema": {"type": "string", "enum": ["a", "世"]},
        },
        "$defs": {"Item": {"type": "object", "properties": {"n": {"type": "number", "minimum": 0}}}},
    },
)
