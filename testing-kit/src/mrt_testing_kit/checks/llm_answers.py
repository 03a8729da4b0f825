"""LLM: what a plain call gives."""

from __future__ import annotations

from mrt import UserPromptMessage
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context


@check(
    "LLM-01",
    "minimal call",
    essential=True,
    fix="Return the vendor's text unchanged, with the finish reason and the model that answered.",
)
def llm_01(ctx: Context) -> None:
    """The answer to a question is the vendor's answer to that question, whole, and nothing else."""
    for question in ("Say hello.", "What is 7 times 6?"):
        for prompt in (question, [UserPromptMessage(question)]):
            got = ctx.chat(prompt).ok()
            ctx.equal(got.text, ctx.oracle.reply(question), "the text of the answer")
            ctx.equal(got.finish, "stop", "the finish reason")
            ctx.expect(
                got.usage is not None, "the answer has no usage", expected="usage on the answer or its last chunk"
            )
            ctx.equal(len(got.requests), 1, "the number of requests for one answer")
