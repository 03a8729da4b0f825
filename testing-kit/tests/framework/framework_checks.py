"""A few small checks that stand in for the contract's, so that these tests are about the framework alone."""

from __future__ import annotations

from mrt import InvokeConnectionError
from mrt_testing_kit.catalogue import CATALOGUE, check, load
from mrt_testing_kit.context import Context
from mrt_testing_kit.server import Answer

KEPT = ("MET-02", "MET-03", "MET-04", "MET-05", "MET-06", "MET-07")
MEND = "Raise unless a finish reason was seen."


def install() -> None:
    """Replace the catalogue by these checks and those of the run itself."""
    kept = {id: load()[id] for id in KEPT}
    CATALOGUE.clear()
    check("SCH-01", "the provider has a name", tier="static")(sch_01)
    check("LLM-01", "minimal call", essential=True)(llm_01)
    check("STR-10", "no end mark, but a finish, is fine", faults=["F13"])(str_10)
    check("STR-11", "clean EOF without finish raises", bugs=["BerriAI/litellm#42085"], faults=["F15"], fix=MEND)(str_11)
    check("EMB-01", "pairing under shuffle", faults=["F50"])(emb_01)
    CATALOGUE.update(kept)


def sch_01(ctx: Context) -> None:
    """Nobody can call a provider without a name."""
    ctx.expect(ctx.target.entity.provider, "no name")


def llm_01(ctx: Context) -> None:
    """The answer is the vendor's."""
    ctx.equal(ctx.chat("Say hello.").ok().text, ctx.oracle.reply("Say hello."), "the text of the answer")


def str_10(ctx: Context) -> None:
    """Several servers never send the end mark."""
    with ctx.fault("F13"):
        ctx.equal(ctx.chat().ok().finish, "stop", "the finish reason")


def str_11(ctx: Context) -> None:
    """A made-up 'stop' hides that an answer was cut off."""
    ctx.server.next_answer(Answer(["One", " two", " three"]))
    with ctx.fault("F15"):
        ctx.chat("Count to three.").fails(InvokeConnectionError)


def emb_01(ctx: Context) -> None:
    """Each text has its own vector."""
    with ctx.fault("F50"):
        got = ctx.embed(["a", "b", "c"]).ok()
    ctx.equal(got.vectors, [ctx.oracle.embedding(text, len(got.vectors[0])) for text in "abc"], "a vector")
