"""STR: how the bytes of a stream are cut and marked."""

from __future__ import annotations

import random
from typing import Any

from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import Answer

# Two, three and four bytes in UTF-8, a combining sign, and escapes that JSON writes in several ways.
_SCRIPTS = ["Grüße", ", 世界", " 🦉🦉", " e\u0301", ' "quoted" \\ ', "\tend\n"]
_PLAIN = ["One", " two", " three", " four"]


def _same(ctx: Context, pieces: list[str], fault: str, also: str = "", **options: Any) -> None:
    """Ask for an answer under a fault that changes nothing but the bytes around it, and perhaps appends `also`."""
    ctx.server.next_answer(Answer(pieces))
    with ctx.fault(fault, **options):
        got = ctx.chat("Go on.").ok()
    ctx.equal(got.text, "".join(pieces) + also, "the text of the stream")
    ctx.equal(got.finish, "stop", "the finish reason")
    ctx.expect(got.usage is not None, "the last chunk has no usage", expected="usage on the last chunk")


@check(
    "STR-01",
    "fragmentation does not change the answer",
    essential=True,
    bugs=["BerriAI/litellm#18842", "vllm-project/vllm#38732", "pydantic/pydantic-ai#6519"],
    faults=["F01", "F04"],
    fix="Collect bytes until an event is complete; a read ends anywhere, and one read may hold many events.",
)
def str_01(ctx: Context) -> None:
    """Networks cut a stream wherever they like; an answer that depends on it is wrong on some days only."""
    for pieces in (_PLAIN, _SCRIPTS, ["A long event: " + "x" * 200_000, " end"]):
        _same(ctx, pieces, "F04")
    _same(ctx, _SCRIPTS, "F01")

    def cut(draw: random.Random) -> None:
        pieces = draw.sample(_PLAIN + _SCRIPTS, draw.randint(1, 8))
        _same(ctx, pieces, "F01", size=draw.choice([2, 3, 5, 7, 11, 64, 500]))

    ctx.explore(cut, times=3, deep=40)


@check(
    "STR-02",
    "characters that are split between reads",
    essential=True,
    bugs=["BerriAI/litellm#18842", "vllm-project/vllm#38732"],
    faults=["F02", "F01"],
    fix="Decode whole events, or use an incremental decoder; never decode what one read happened to bring.",
)
def str_02(ctx: Context) -> None:
    """Half a character decoded alone becomes a replacement sign, in every language but English."""
    for pieces in (_SCRIPTS, ["é" * 40], ["漢字" * 20, "🙂" * 10]):
        _same(ctx, pieces, "F02")
        ctx.expect("\ufffd" not in ctx.outcomes[-1].text, "characters were replaced", expected="".join(pieces))
    _same(ctx, ["ключ", " 值", " 🗝"], "F01")


@check(
    "STR-03",
    "every line ending",
    bugs=["kubernetes-sigs/inference-perf#781"],
    faults=["F03", "F05", "F06"],
    fix="End lines at CRLF, LF and CR alike, also when CR and LF come in different reads.",
)
def str_03(ctx: Context) -> None:
    """The format of server-sent events allows three line endings; proxies change them."""
    for fault in ("F05", "F06"):
        _same(ctx, _PLAIN, fault)
    _same(ctx, _PLAIN, "F03", where="crlf")
    for where in ("both", "escape"):
        _same(ctx, _SCRIPTS, "F03", ' "q"\té', where=where)
    # A line feed that comes alone must not end an event between two of its lines.
    with ctx.fault("F11"):
        _same(ctx, _PLAIN, "F03", where="crlf")


@check(
    "STR-04", "no space after the colon", faults=["F07"],
    fix="Take one space away after 'data:' if there is one; do not cut six characters off.",
)  # fmt: skip
def str_04(ctx: Context) -> None:
    """The space after 'data:' is optional; cutting it blindly eats the first character of the JSON."""
    _same(ctx, _PLAIN, "F07")


@check(
    "STR-05",
    "comments are no events",
    bugs=["openai/openai-python#2721"],
    faults=["F08"],
    fix="Drop lines that begin with a colon; a block of only such lines is no event.",
)
def str_05(ctx: Context) -> None:
    """Servers and proxies keep connections alive with comments; a client that parses them breaks on slow answers."""
    for text in ("keep-alive", "", " ping - 2026-01-01", ": data: {"):
        _same(ctx, _PLAIN, "F08", text=text)


@check(
    "STR-06",
    "events without data",
    bugs=["openai/openai-python#2722"],
    faults=["F09"],
    fix="An event that has only 'id:', 'retry:' or 'event:' lines carries nothing: do not parse its empty data.",
)
def str_06(ctx: Context) -> None:
    """A 'retry:' line at the start of a stream must not end as a JSON error."""
    _same(ctx, _PLAIN, "F09")


@check("STR-07", "byte order mark", faults=["F10"], fix="Drop a byte order mark at the start of the stream.")
def str_07(ctx: Context) -> None:
    """A BOM in front of the first 'data:' hides the whole first event from a careless parser."""
    _same(ctx, _PLAIN, "F10")


@check(
    "STR-08", "data over several lines", faults=["F11"],
    fix="Join all data lines of an event with line feeds before parsing it.",
)  # fmt: skip
def str_08(ctx: Context) -> None:
    """An event may have several data lines; each alone is no JSON."""
    _same(ctx, _PLAIN, "F11")


@check(
    "STR-09",
    "Unicode line separators are text",
    bugs=["langchain-ai/langgraph#2560"],
    faults=["F12"],
    fix="Split bytes at CR and LF only; str.splitlines and text readers also split at U+2028, U+2029 and U+0085.",
)
def str_09(ctx: Context) -> None:
    """U+2028 may stand unescaped inside JSON; a splitter for text lines tears the event apart there."""
    for pieces in (["One", " two"], ["before\u2028", "after", "\x85end"]):
        _same(ctx, pieces, "F12", " a\u2028b\u2029c\u0085d\u000be\u000cf\u001cg")
