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


_WORDS = {
    "context": (b"context", b"too long", b"too many tokens"),
    "filter": (b"filter", b"policy", b"safety"),
    "model": (b"model",),
}


def _reason(ctx: Context, reason: str, kind: type[mrt.InvokeError]) -> mrt.InvokeError:
    with ctx.fault("F41", reason=reason):
        got = ctx.call()
    said = bytes(ctx.requests[-1].response).lower()
    if not any(word in said for word in _WORDS[reason]):
        ctx.not_applicable("the vendor has no words of its own for this cause", by_dialect=True)
    error = got.fails(mrt.InvokeError)
    ctx.expect(
        isinstance(error, kind),
        f"the vendor's own words for this cause became {type(error).__name__}",
        expected=kind.__name__,
    )
    ctx.expect(not error.retryable, "the error asks to be tried again", expected="retryable False")
    return error


@check(
    "ERR-06",
    "context overflow is told apart",
    bugs=["BerriAI/litellm#15968"],
    faults=["F41"],
    model_types=["llm"],
    fix="Recognise the vendor's code for it; raise InvokeContextLengthError.",
)
def err_06(ctx: Context) -> None:
    """A program shortens the conversation on this error, and only on this one."""
    error = _reason(ctx, "context", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeContextLengthError),
        "a prompt that is too long became a plain bad request",
        expected="InvokeContextLengthError",
    )


@check(
    "ERR-07",
    "a content filter is told apart",
    bugs=["pydantic/pydantic-ai#4315"],
    faults=["F41"],
    model_types=["llm"],
    fix="Recognise the vendor's code for it; raise InvokeContentFilterError.",
)
def err_07(ctx: Context) -> None:
    """A refusal is about what was asked, and no reason to call the vendor's support."""
    error = _reason(ctx, "filter", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeContentFilterError),
        "a filtered prompt became a plain bad request",
        expected="InvokeContentFilterError",
    )


@check(
    "ERR-08",
    "an unknown model is told apart",
    faults=["F41"],
    fix="Recognise the vendor's code for it; raise InvokeModelNotFoundError.",
)
def err_08(ctx: Context) -> None:
    """A typo in the model's name must not read like a wrong URL or a wrong key, nor a wrong URL like such a typo."""
    error = _reason(ctx, "model", mrt.InvokeBadRequestError)
    ctx.expect(
        isinstance(error, mrt.InvokeModelNotFoundError),
        "an unknown model became a plain bad request",
        expected="InvokeModelNotFoundError",
    )
    for body in ("html", "empty", "text"):
        with ctx.fault("F41", status=404, body=body, message="404 page not found"):
            error = ctx.call().fails(mrt.InvokeError)
        ctx.expect(
            not isinstance(error, mrt.InvokeModelNotFoundError),
            f"a wrong URL became an unknown model (404 with a body of kind {body})",
            expected="InvokeBadRequestError",
        )
