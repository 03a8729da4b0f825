"""STT: what is heard."""

from __future__ import annotations

from typing import Any

import mrt
from mrt_testing_kit import sound
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.failure import NotApplicable
from mrt_testing_kit.outcome import Outcome

_WORLD = (
    "Grüße aus Köln, ça va?",
    "你好，世界！",
    "שלום עולם",
    "नमस्ते दुनिया",
    "emoji 🦉👩\u200d👧 here",
    "e\u0301 is not é",
    'quotes "and" \\ backslash',
    "line one\nline two",
    "sep\u2028para\u2029nel\u0085end",
    "null",
)


@check(
    "STT-03",
    "error is never an empty text",
    bugs=["langgenius/dify-official-plugins#3726"],
    faults=["F57", "F41", "F21", "F22", "F24", "F16", "F19"],
    essential=True,
    fix="Return a text only if the answer has one; raise for everything else.",
)
def stt_03(ctx: Context) -> None:
    """A failure that looks like silence is filed as a recording in which nobody spoke."""
    odd: tuple[tuple[str, dict[str, Any]], ...] = (
        ("F57", {"what": "error"}),
        ("F57", {"what": "null"}),
        ("F57", {"what": "missing"}),
        ("F24", {"what": "empty"}),
        ("F24", {"what": "hollow"}),
        ("F24", {"what": "null"}),
        ("F21", {"what": "cut"}),
        ("F19", {"shape": "vendor"}),
        ("F19", {"shape": "string"}),
        ("F22", {}),
        ("F16", {"how": "length"}),
        ("F16", {"how": "reset"}),
    )
    # In plain text any words are a text: there only what is called something else can be told from it.
    is_json = _is_json(ctx.transcribe().ok())
    for id, options in odd if is_json else [case for case in odd if case[0] in ("F22", "F16")]:
        with ctx.fault(id, **options):
            got = ctx.transcribe()
        if got.error is None:
            ctx.fail(f"an answer without a text ({id} {options}) was taken for one", expected="an InvokeError")
        got.fails(mrt.InvokeError)
    if is_json:
        _segments(ctx)
    table: tuple[tuple[int, type[mrt.InvokeError]], ...] = (
        (400, mrt.InvokeBadRequestError),
        (401, mrt.InvokeAuthorizationError),
        (429, mrt.InvokeRateLimitError),
        (500, mrt.InvokeServerUnavailableError),
    )
    for status, kind in table:
        with ctx.fault("F41", status=status):
            got = ctx.transcribe()
        got.fails(kind)
    with ctx.fault("F57", what="empty"):
        got = ctx.transcribe()
    # Nobody spoke: the vendor says so, and that is an answer.
    if got.error is None:
        ctx.equal(got.text.strip(), "", "the text of silence")
    else:
        got.fails(mrt.InvokeError)


def _is_json(got: Outcome) -> bool:
    return "json" in sound.called(got.request)


def _segments(ctx: Context) -> None:
    """Answer with the text in segments alone: joining them is right, an empty text is not."""
    try:
        with ctx.fault("F57", what="segments"):
            got = ctx.transcribe()
    except NotApplicable:
        # The vendor's answers have no such form.
        return
    if got.error is None:
        ctx.equal(got.text.strip(), "Hello there.", "the text of an answer whose segments alone hold it")
    else:
        got.fails(mrt.InvokeError)


@check(
    "STT-04",
    "reply shapes per model",
    bugs=["langgenius/dify-official-plugins#2734"],
    faults=["F57"],
    fix="Ask for a format that the model has, send every field that it requires, and read the text from what comes.",
)
def stt_04(ctx: Context) -> None:
    """Models of one vendor differ in the formats and fields that they take, and some answer with more than a text."""
    ctx.strict("S1", "S3", "S4", "S5")
    for model in ctx.models.get("speech2text", ()):
        for format in ("wav", "mp3"):
            for text in ("Hello there.", "One, two and three."):
                audio, given = ctx.oracle.speech(text, format=format), ctx.credentials(model=model.name)
                got = ctx.transcribe(audio, model=model.name, credentials=given)
                ctx.equal(got.ok().text.strip(), text, f"the text by {model.name}")
    if not _is_json(ctx.transcribe().ok()):
        return
    with ctx.fault("F57", what="verbose"):
        got = ctx.transcribe()
    ctx.equal(got.ok().text.strip(), "Hello there.", "the text of an answer with segments")


@check(
    "STT-06",
    "unicode",
    faults=["F01", "F02"],
    fix="Decode the whole body as UTF-8, whatever the header leaves out.",
)
def stt_06(ctx: Context) -> None:
    """Speech is in every language; words that come back as question marks are lost."""
    for text in _WORLD:
        got = ctx.transcribe(ctx.oracle.speech(text)).ok()
        ctx.equal(type(got.result), str, "the type of the text")
        # Plain text ends with a line feed, and some models begin with a blank.
        ctx.equal(got.text.strip(), text, "the text")
    for id in ("F01", "F02"):
        with ctx.fault(id):
            got = ctx.transcribe(ctx.oracle.speech(_WORLD[1]))
        ctx.equal(got.ok().text.strip(), _WORLD[1], "the text that came in small pieces")


@check(
    "STT-07",
    "413",
    faults=["F41"],
    fix="Map 413 to InvokeBadRequestError, and do not send the file again.",
)
def stt_07(ctx: Context) -> None:
    """A recording that is too large stays too large: sending it again costs minutes and changes nothing."""
    large = ctx.oracle.speech("word " * 300)
    for body in ("vendor", "html", "text", "empty"):
        with ctx.fault("F41", status=413, body=body):
            got = ctx.transcribe(large)
        error = got.fails(mrt.InvokeBadRequestError)
        ctx.equal(error.status, 413, "the status on the error")
        ctx.expect(not error.retryable, "the error says that a retry may help", expected="retryable False")
        ctx.equal(len(got.requests), 1, "the number of requests")
        ctx.expect(len(str(error)) < 2000 and "<html" not in str(error), "the page is in the message", came=str(error))


@check(
    "STT-08",
    "options ignored or refused, as declared",
    bugs=["xorbitsai/inference#5054"],
    fix="Leave out every field that has no value, and those that the vendor does not know.",
)
def stt_08(ctx: Context) -> None:
    """The plainest call must work: a default that the vendor refuses, or the word None in a field, breaks all."""
    handle: Any = ctx.handle()
    audio = ctx.oracle.speech("Hello there.")
    ctx.strict("S1")
    for user in (None, "user-7"):
        try:
            text = ctx.run(handle.ainvoke(audio, user=user)) if ctx.way == "async" else handle.invoke(audio, user=user)
        except mrt.MRTError as error:
            ctx.fail(f"the call failed with user={user!r}", expected="a text", came=str(error))
        ctx.equal(text.strip(), "Hello there.", f"the text with user={user!r}")
    got = ctx.transcribe(audio).ok()
    fields = [(part.name, part.text) for part in got.request.form if part.filename is None]
    hollow = [
        (name, value) for name, value in fields if value.strip().lower() in ("", "none", "null", "undefined", "nan")
    ]
    ctx.expect(not hollow, f"fields without a value are sent: {hollow}", expected="fields that say something")
    told = set(map(str, ctx.credentials().values()))
    forced = [(name, value) for name, value in fields if name in ("language", "prompt") and value not in told]
    ctx.expect(not forced, f"the language or a prompt is sent that nobody gave: {forced}", expected="no such field")
    names = [name for name, _ in fields if not name.endswith("[]")]
    ctx.equal(len(names), len(set(names)), f"the number of different fields among {names}")
