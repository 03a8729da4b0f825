"""TOL: how tools are offered."""

from __future__ import annotations

import copy
import random
from typing import Any

from mrt import (
    AssistantPromptMessage,
    InvokeBadRequestError,
    PromptMessage,
    PromptMessageTool,
    SystemPromptMessage,
    ToolCall,
    ToolCallFunction,
    ToolPromptMessage,
    UserPromptMessage,
)
from mrt.entities.plain import is_mapping
from mrt_testing_kit.catalogue import Way, check
from mrt_testing_kit.company import ask, beside, companies
from mrt_testing_kit.context import Context
from mrt_testing_kit.heard import OFFERED, TOOLS, any_text, heard, plain_fields
from mrt_testing_kit.server import Answer

_POINT: dict[str, Any] = {
    "type": "object",
    "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0}},
    "required": ["x", "y"],
}
_NODE: dict[str, Any] = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
_CITY: dict[str, Any] = {
    "type": "string",
    "description": 'Größe 城市 "quoted"',
    "minLength": 1,
    "pattern": "^[A-Z]\\w*$",
}
_SCHEMAS: tuple[dict[str, Any], ...] = (
    {"type": "object", "properties": {}},
    {
        "type": "object",
        "properties": {
            "city": _CITY,
            "days": {"type": "integer", "minimum": 0, "maximum": 14, "default": 0},
            "unit": {"type": "string", "enum": ["C", "F", ""]},
            "near": {"type": "array", "items": {"$ref": "#/$defs/Point"}, "minItems": 0, "maxItems": 3},
            "either": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Point"}], "default": None},
            "table": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "boolean"}}},
            "fixed": {"const": False},
        },
        "required": ["city"],
        "additionalProperties": False,
        "$defs": {"Point": _POINT},
    },
    {"type": "object", "properties": {"node": {"$ref": "#/$defs/Node"}}, "$defs": {"Node": _NODE}},
    # Properties that are called like words of JSON Schema.
    {
        "type": "object",
        "properties": {"type": {"type": "string"}, "properties": {"type": "object"}, "title": {"type": "string"}},
    },
    {
        "type": "object",
        "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
        "allOf": [{"required": ["a"]}],
    },
)


@check(
    "TOL-17",
    "schema lossless",
    bugs=[
        "mozilla-ai/any-llm#1095",
        "pydantic/pydantic-ai#3487",
        "langgenius/dify-official-plugins#1915",
        "langgenius/dify-official-plugins#3625",
        "mozilla-ai/any-llm#1102",
    ],
    needs=[TOOLS],
    fix="Pass a tool's JSON Schema on untouched, $defs and $ref included; leave an empty description out.",
)
def tol_17(ctx: Context) -> None:
    """Types that are dropped from a schema come back as arguments that the tool cannot take."""
    ctx.strict("S3", "S6")

    def offered(tools: list[PromptMessageTool]) -> None:
        before = copy.deepcopy(tools)
        ctx.server.next_answer(Answer("Fine."))
        specs = heard(ctx.chat("Hello.", tools=tools).ok()).tools
        ctx.equal([spec.name for spec in specs], [tool.name for tool in before], "the names of the tools")
        for spec, tool in zip(specs, before, strict=True):
            ctx.equal(spec.description, tool.description, f"the description of {tool.name}")
            _judge_schema(ctx, tool, spec.schema)
        ctx.expect(tools == before, "the caller's tools were changed", expected=repr(before), came=repr(tools))

    offered([PromptMessageTool(f"tool_{n}", f"Does {n}.", schema) for n, schema in enumerate(_SCHEMAS)])
    offered([PromptMessageTool("bare"), PromptMessageTool("empty", "", {"type": "object", "properties": {}})])
    offered([PromptMessageTool("told", 'Line one.\nLine "two" ✓', _SCHEMAS[1])])
    # What vendors take at most is 1024 characters.
    offered([PromptMessageTool("long", "Says this. " * 90 + "At last.", _SCHEMAS[1])])

    def drawn(draw: random.Random) -> None:
        offered([PromptMessageTool(f"t{n}", any_text(draw), _random_schema(draw)) for n in range(draw.randint(1, 3))])

    ctx.explore(drawn)
    ctx.server.strict = frozenset()
    tool = PromptMessageTool("told", "Tells.", _SCHEMAS[1])
    for name, got in beside(ctx, without=["tools"], tools=[tool]):
        with ctx.case(name):
            specs = heard(got).tools
            ctx.equal([spec.name for spec in specs], ["told"], "the names of the tools", outcome=got)
            _judge_schema(ctx, tool, specs[0].schema)


# What the schema of every tool may say without saying more.
_HARMLESS: dict[str, Any] = {"type": "object", "properties": {}}


def _judge_schema(ctx: Context, tool: PromptMessageTool, sent: Any) -> None:
    given = tool.parameters
    if not given and sent is None:
        return
    fine = is_mapping(sent) and {**_HARMLESS, **given} == {**_HARMLESS, **sent}
    ctx.expect(fine, f"the schema of {tool.name} is changed on the way", expected=given, came=sent)


def _random_schema(draw: random.Random) -> dict[str, Any]:
    def part(depth: int) -> dict[str, Any]:
        kind = draw.randrange(6 if depth else 3)
        if kind == 0:
            return {"type": "string", "enum": [any_text(draw, 5) for _ in range(draw.randint(1, 3))]}
        if kind == 1:
            return {
                "type": draw.choice(["integer", "number", "boolean", "null"]),
                "default": draw.choice([0, None, False]),
            }
        if kind == 2:
            return {"type": "string", "description": any_text(draw)}
        if kind == 3:
            return {"type": "array", "items": part(depth - 1)}
        if kind == 4:
            return {draw.choice(["anyOf", "oneOf"]): [part(depth - 1), {"type": "null"}]}
        return {"type": "object", "properties": {any_text(draw, 4): part(depth - 1) for _ in range(2)}, "required": []}

    names = [f"p{n}" for n in range(draw.randint(1, 4))]
    return {"type": "object", "properties": {name: part(3) for name in names}, "required": names[:1]}


@check(
    "TOL-20",
    "empty lists and orphan flags omitted",
    bugs=["pydantic/pydantic-ai#4935"],
    needs=[TOOLS],
    fix="Send tools, tool_choice and flags for tools only when there are tools; tool_calls only when there are calls.",
)
def tol_20(ctx: Context) -> None:
    """An empty list of tools, or a flag about tools that are not there, is refused by several vendors."""
    ctx.strict("S3", "S6")
    history = [UserPromptMessage("Hi."), AssistantPromptMessage("Hello.", []), UserPromptMessage("Say hello.")]
    flags = {"tool_choice": "auto", "parallel_tool_calls": False}
    asked: list[tuple[list[PromptMessage], dict[str, Any]]] = [
        ([UserPromptMessage("Say hello.")], {}),
        (list(history), {}),
    ]
    for name, flag in flags.items():
        if name in ctx.rules:
            asked.append(([UserPromptMessage("Say hello.")], {name: flag}))
    nothing: tuple[list[PromptMessageTool] | None, ...] = (None, [])
    for messages, parameters in asked:
        for tools in nothing:
            got = ctx.chat(messages, parameters=parameters, tools=tools)
            if parameters and isinstance(got.error, InvokeBadRequestError) and not got.requests:
                continue
            body = got.ok().body
            orphans = [name for name in body if "tool" in name or "function" in name]
            ctx.expect(
                not orphans, "a call without tools speaks of tools", expected="no such field", came=", ".join(orphans)
            )
            ctx.expect(
                b'"tool_calls"' not in got.request.body,
                "an answer without calls goes back with tool_calls",
                expected="no such field",
            )


@check(
    "TOL-21",
    "stream and non-stream requests equal",
    bugs=["mozilla-ai/any-llm#1114"],
    needs=[TOOLS],
    ways=[],
    fix="Build the request in one place for both ways; only the flags of the stream may differ.",
)
def tol_21(ctx: Context) -> None:
    """Where the two ways build their requests apart, tools or parameters get lost in one of them."""
    bodies: dict[Way, Any] = {}
    ways: tuple[Way, ...] = ("sync", "async", "stream", "astream")
    history: list[PromptMessage] = [
        SystemPromptMessage("Be brief."),
        UserPromptMessage("Weather?"),
        AssistantPromptMessage("", [ToolCall("call_q", function=ToolCallFunction("get_weather", '{"city": "Paris"}'))]),
        ToolPromptMessage("sunny", tool_call_id="call_q"),
        UserPromptMessage("And now?"),
    ]
    for prompt, parameters in ((history, {}), ("Weather?", {"max_tokens": 99} if "max_tokens" in ctx.rules else {})):
        for way in ways:
            ctx.server.next_answer(Answer("Fine."))
            got = ctx.chat(prompt, parameters=parameters, tools=OFFERED, stop=["END"], user="u-1", way=way).ok()
            ctx.equal(
                [tool.name for tool in heard(got).tools],
                [tool.name for tool in OFFERED],
                "the tools that the vendor was offered",
            )
            bodies[way] = plain_fields(ctx, got.body)
            ctx.equal(bodies[way], bodies["sync"], f"the request of {way}, against the one of sync")
    for company in companies(ctx):
        for way in ways:
            asked = ask(ctx, company, way=way)
            if asked is None:
                break
            with ctx.case(company.name):
                offered = [tool.name for tool in heard(asked).tools]
                ctx.equal(offered, [tool.name for tool in company.tools], "the tools that the vendor was offered")
                bodies[way] = plain_fields(ctx, asked.body)
                ctx.equal(bodies[way], bodies["sync"], f"the request of {way}, against the one of sync", outcome=asked)
