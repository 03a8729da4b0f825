"""EMB: what becomes of the texts that are given."""

from __future__ import annotations

import random
from typing import Any

import mrt
from mrt_testing_kit import seen, vectors
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome

# One token for every tokenizer that knows English, and more characters than tokens.
_WORDS = ("morning", "kitchen", "windows", "teacher", "forests", "quickly", "million", "science")
_SIGNS = "abc xyz ÄÖß  \n\t\r\"'\\/{}[]<>&%é日本語العربية🙂👩\u200d👧\u2028\u0085\u00a0\ufeff\x01"


@check(
    "EMB-08",
    "empty list without I/O",
    essential=True,
    bugs=["langchain-ai/langchain#22057"],
    fix="Return an empty result before anything looks at the first text.",
)
def emb_08(ctx: Context) -> None:
    """A search with nothing to embed is a normal thing; it must neither crash nor cost a request."""
    nothing: tuple[Any, ...] = ([], (), iter(()))
    for texts in nothing:
        got = ctx.embed(texts).ok()
        ctx.equal(got.vectors, [], "the vectors of no text")
        ctx.equal(len(got.requests), 0, "the number of requests for no text")
        ctx.equal(got.result.usage.tokens, 0, "the tokens of no text")
    vectors.judge(ctx, ctx.embed(["after nothing"]), ["after nothing"])


@check(
    "EMB-09",
    "empty string: policy, alignment",
    bugs=["run-llama/llama_index#9180", "langchain-ai/langchain#3331"],
    fix="Refuse an empty text by its place before sending anything, pass the vendor's own refusal on, or give it a "
    "vector and keep the places of the others.",
)
def emb_09(ctx: Context) -> None:
    """One empty chunk must not shift the vectors behind it, nor end in a crash far from its cause."""
    limit, options = vectors.batches(ctx)
    lists = [["alpha", "", "beta"], [""], ["", "gamma"], ["delta", "", ""], ["one", " ", "\n\t", "two"]]
    if limit is not None and limit <= 1024:
        # Empty texts where batches meet, and a batch of nothing else.
        many = vectors.many(3 * limit + 1)
        lists.append([text if place % limit and place // limit != 1 else "" for place, text in enumerate(many)])
    for strict in (False, True):
        # A vendor who refuses empty texts tells so itself.
        ctx.server.strict = frozenset({"S3"}) if strict else frozenset()
        for texts in lists:
            got = ctx.embed(texts, **options)
            if got.error is not None:
                got.fails(mrt.InvokeBadRequestError)
            else:
                _aligned(ctx, got, texts)
    ctx.server.strict = frozenset()
    vectors.judge(ctx, ctx.embed(["after", "that"]), ["after", "that"])


def _aligned(ctx: Context, got: Outcome, texts: list[str]) -> None:
    """Fail the check unless every text that is not empty has its own vector, and the others any."""
    ctx.equal(len(got.vectors), len(texts), "the number of vectors")
    sizes = {len(vector) for vector in got.vectors}
    ctx.expect(len(sizes) == 1, f"the vectors have different lengths: {sizes}", expected="one length")
    before, after = seen.affix(got.requests, [text for text in texts if text.strip()])
    within = vectors.tolerance(ctx)
    for text, vector in zip(texts, got.vectors, strict=True):
        ctx.expect(vectors.is_sound(vector), f"the vector of {text!r} is not finite", expected="finite floats")
        right = ctx.oracle.embedding(f"{before}{text}{after}", len(vector))
        ctx.expect(
            not text.strip() or vectors.near(vector, right, within),
            f"the vector of {text!r} is wrong beside an empty text",
            expected=right[:3],
            came=vector[:3],
        )


@check(
    "EMB-11",
    "long input: policy, terminates",
    bugs=[
        "langgenius/dify-official-plugins#3329",
        "xorbitsai/inference#1201",
        "xorbitsai/inference#2600",
        "infiniflow/ragflow#15424",
    ],
    faults=["F41"],
    fix="Send a text whole unless it is longer than the declared context size; count tokens, not characters; cut "
    "in a loop that gets shorter each time, or raise InvokeBadRequestError.",
)
def emb_11(ctx: Context) -> None:
    """Limits are counted in tokens: a limit used as a place in the text cuts what fits, or never ends."""
    limit = seen.number(ctx, "context_size")
    fits = _words(min(limit // 3, 4000) if limit else 400)
    vectors.judge(ctx, ctx.embed(["before", fits, "after"]), ["before", fits, "after"])
    for text in _within(limit):
        got = ctx.embed(["before", text, "after"])
        if got.error is not None:
            got.fails(mrt.InvokeBadRequestError)
        else:
            vectors.judge(ctx, got, ["before", text, "after"])
    _too_long(ctx, limit)
    with ctx.fault("F41", reason="context", times=None):
        got = ctx.embed([fits[:80]])
    got.fails(mrt.InvokeBadRequestError)
    ctx.expect(
        len(got.requests) <= 40,
        f"a refused text was sent {len(got.requests)} times",
        expected="an error after a few requests at most",
    )
    tokens: Any = [[101, 7, 2023]]
    got = ctx.embed(tokens)
    if got.error is None:
        vector = got.vectors[0]
        right = ctx.oracle.embedding(tokens[0], len(vector))
        near = vectors.near(vector, right, vectors.tolerance(ctx))
        ctx.expect(near, "the vector of a list of tokens is wrong", expected=right[:3])
    else:
        got.fails(mrt.InvokeError, TypeError)


def _words(count: int) -> str:
    return " ".join(_WORDS[place % len(_WORDS)] for place in range(count))


def _within(limit: int | None) -> list[str]:
    """Return long texts that fit, of many characters for each token, and of few."""
    if limit is None:
        # No limit is declared, and nobody cuts by his own.
        return [_words(count) for count in (1100, 4200, 9000)] + ["世界" * 5000]
    most = min(limit, 40_000)
    return [_words(most // 2), _words(most * 9 // 10), "世界" * (most // 8), "é 🦉 " * (most // 12)]


def _too_long(ctx: Context, limit: int | None) -> None:
    """Embed a text that is twice as long as the limit, between two others."""
    count = min(2 * limit + 50, 20_000) if limit else 20_000
    words = [f"tree{number:05}" for number in range(count)]
    long = " ".join(words)
    got = ctx.embed(["before", long, "after"])
    ctx.expect(len(got.requests) <= 5 + count, f"{len(got.requests)} requests for one long text", expected="a few")
    if got.error is not None:
        got.fails(mrt.InvokeBadRequestError)
        return
    ctx.equal(len(got.vectors), 3, "the number of vectors for three texts")
    before, after = seen.affix(got.requests, ["before", "after"])
    for place, text in ((0, "before"), (2, "after")):
        right = ctx.oracle.embedding(f"{before}{text}{after}", len(got.vectors[place]))
        near = vectors.near(got.vectors[place], right, vectors.tolerance(ctx))
        ctx.expect(near, f"the vector of {text!r} is wrong beside a long text")
    ctx.equal(len(got.vectors[1]), len(got.vectors[0]), "the length of the long text's vector")
    ctx.expect(vectors.is_sound(got.vectors[1]), "the vector of the long text is not finite", expected="finite floats")
    pieces = [text for text in seen.strings(*got.requests) if "tree0" in text]
    if len(pieces) == 1:
        piece = pieces[0].removeprefix(before).removesuffix(after)
        if piece != long:
            ctx.expect(
                limit is not None and long.startswith(piece.rstrip()) and len(piece.split()) <= limit,
                f"the text was cut to {len(piece.split())} words, {len(piece)} characters",
                expected=f"a beginning of at most {limit} tokens" if limit else "no cut: no context size is declared",
            )
        right = ctx.oracle.embedding(pieces[0], len(got.vectors[1]))
        near = vectors.near(got.vectors[1], right, vectors.tolerance(ctx))
        ctx.expect(near, "the vector is not that of the text sent", expected=right[:3])
    elif pieces:
        sent = {word for piece in pieces for word in piece.split()}
        lost = [word for word in words if word not in sent]
        ctx.expect(not lost, f"{len(lost)} words of a text that was cut into pieces are lost", expected="all words")


@check(
    "EMB-17",
    "inputs untouched",
    essential=True,
    fix="Send the texts as they are given: no strip, no replaced line feeds, no other case; change no list in place. "
    "Send the end user's id with them.",
)
def emb_17(ctx: Context) -> None:
    """A space, a line feed or a case that is changed on the way gives the vector of another text."""
    fixed = ["  leading and trailing  ", "two\nlines\r\n\tand a tab", "MiXeD CaSe", "e\u0301 is not é", '"quoted" \\']
    _as_given(ctx, fixed)
    _as_given(ctx, ["x" * 5000, "null", "NaN", "0", "[1, 2]", '{"a": 1}'])

    def draw(dice: random.Random) -> None:
        made = ["".join(dice.choices(_SIGNS, k=dice.randint(1, 60))) for _ in range(dice.randint(1, 6))]
        # Texts of nothing but space may count as empty: EMB-09.
        _as_given(ctx, [f"{text}." for text in made])

    ctx.explore(draw, times=5, deep=100)
    _user(ctx)


def _user(ctx: Context) -> None:
    """See that the end user's id arrives with every batch, where conversations have it."""
    limit, options = vectors.batches(ctx)
    handle: Any = ctx.handle(**options)
    texts = vectors.many(limit + 1 if limit is not None and limit <= 1024 else 3)
    for user in ("user-1", "007", "ада ✓"):
        last = len(ctx.server.requests)
        ctx.run(handle.ainvoke(texts, user=user)) if ctx.way == "async" else handle.invoke(texts, user=user)
        for request in filter(seen.strings, ctx.server.requests[last:]):
            found = [path for path, value in seen.fields(request) if value == user]
            knows = "user" in ctx.server.dialect.fields.get(request.kind, frozenset())
            if not found and not (knows and _tells_users(ctx)):
                return
            ctx.expect(
                len(found) == 1,
                "the user's id does not reach the vendor as it does in conversations",
                expected=f"{user!r} in one field of each request",
                came=found or "no such text in the request",
            )


def _tells_users(ctx: Context) -> bool:
    """Tell whether the provider sends the end user's id with conversations."""
    for model in ctx.models.get("llm", ())[:1]:
        got = ctx.chat(user="user-1", model=model.name, credentials=ctx.credentials(model=model.name))
        return got.error is None and "user-1" in seen.strings(*got.requests)
    return False


def _as_given(ctx: Context, texts: list[str]) -> None:
    kept = list(texts)
    got = ctx.embed(texts)
    ctx.equal(texts, kept, "the caller's list after the call")
    vectors.judge(ctx, got, kept)
    vectors.judge(ctx, ctx.embed(tuple(texts)), kept)


@check(
    "EMB-20",
    "no fetch of URL text",
    essential=True,
    bugs=["langgenius/dify-official-plugins#3701"],
    fix="A text is a text, whatever it looks like; open no URL and no file that a text names.",
)
def emb_20(ctx: Context) -> None:
    """A text with an address in it must not make the host fetch it: that is a way into its network."""
    trap = ctx.another_server()
    texts = [
        f"{trap.url}/latest/meta-data",
        f"See {trap.url}/page.png for more",
        "file:///etc/hostname",
        "data:text/plain;base64,aGVsbG8=",
        "/etc/hostname",
    ]
    for given in (texts, texts[:1], texts[2:3]):
        vectors.judge(ctx, ctx.embed(given), given)
    came = [f"{request.method} {request.target}" for request in trap.requests]
    ctx.expect(not trap.connections, "the provider connected to an address in a text", expected="none", came=came)
