"""ERR: the vendor's own message, code and request id, on errors and on answers."""

from __future__ import annotations

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome
from mrt_testing_kit.said import codes, request_id


@check(
    "ERR-03",
    "the vendor's message, code and request id",
    faults=["F41"],
    fix="Keep the vendor's sentence in the message, and its request id in request_id: of errors, answers and streams.",
)
def err_03(ctx: Context) -> None:
    """Support asks for the request id, and people need the vendor's own words."""
    for status in (400, 429, 500):
        message = f"The oracle objects, case {status * 7}."
        with ctx.fault("F41", status=status, message=message):
            error = ctx.call().fails(mrt.InvokeError)
        ctx.expect(message.rstrip(".") in str(error), "the vendor's message is lost", expected=message)
        words = codes(ctx.requests[-1])
        told = error.code in words or not words
        ctx.expect(told, "the vendor's code is lost", expected=" or ".join(words), came=repr(error.code))
        wanted = request_id(ctx.requests[-1])
        if wanted:
            ctx.equal(error.request_id, wanted, "the request id on the error")
    if ctx.way == "sync":
        _judge_answers(ctx)


def _judge_answers(ctx: Context) -> None:
    """Not every provider can tell the id of an answer; one that can in one way can in all."""
    found: dict[str, Outcome] = {way: ctx.call(way=way).ok() for way in ctx.ways}
    told = {way: getattr(got.result, "request_id", None) for way, got in found.items()}
    if not any(told.values()):
        return
    for way, got in found.items():
        wanted = request_id(got.request)
        ctx.equal(told[way], wanted, f"the request id of the answer ({way})", outcome=got)
