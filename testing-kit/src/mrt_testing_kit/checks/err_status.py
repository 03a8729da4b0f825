"""ERR: which error a failing vendor becomes."""

from __future__ import annotations

import mrt
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context

_TABLE: tuple[tuple[int, tuple[type[mrt.InvokeError], ...]], ...] = (
    (400, (mrt.InvokeBadRequestError,)),
    (401, (mrt.InvokeAuthorizationError,)),
    (403, (mrt.InvokeAuthorizationError,)),
    (404, (mrt.InvokeBadRequestError,)),
    (422, (mrt.InvokeBadRequestError,)),
    (429, (mrt.InvokeRateLimitError,)),
    (500, (mrt.InvokeServerUnavailableError,)),
    (503, (mrt.InvokeServerUnavailableError,)),
)


@check(
    "ERR-01",
    "status table",
    bugs=[
        "mozilla-ai/any-llm#1070",
        "langgenius/dify-official-plugins#1636",
        "langgenius/dify-official-plugins#3661",
        "deepset-ai/haystack-core-integrations#1921",
    ],
    faults=["F41"],
    fix="Map the status first, and only then look at the vendor's code or words to narrow it down.",
)
def err_01(ctx: Context) -> None:
    """Programs retry, give up or ask for a new key by the type of the error: one catch-all makes all of them wrong."""
    for status, kinds in _TABLE:
        with ctx.fault("F41", status=status):
            error = ctx.call().fails(*kinds)
        ctx.equal(error.status, status, f"the status on the error for HTTP {status}")
