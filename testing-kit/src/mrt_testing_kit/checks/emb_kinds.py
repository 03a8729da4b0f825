"""EMB: sizes of vectors, and texts as queries or documents."""

from __future__ import annotations

import json
from typing import Any, Literal

from mrt_testing_kit import seen, vectors
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.outcome import Outcome

_TEXTS = ("alpha", "beta", "gamma")
_DOCUMENT = ("document", "passage", "doc")


@check(
    "EMB-12",
    "dimensions once",
    fix="Send the size that was asked for once, under the vendor's own name, with every batch; without one, none.",
)
def emb_12(ctx: Context) -> None:
    """A size that does not arrive gives vectors that the store refuses; one that nobody asked for is a 400."""
    got = ctx.embed(_TEXTS).ok()
    ctx.expect(not seen.nulls(*got.requests), "null is sent", expected="fields without a value are left out")
    given = json.dumps(ctx.credentials()).lower()
    unasked = [path for path, _ in seen.fields(got.request) if "dimension" in path.lower()]
    declared = seen.number(ctx, "dimensions")
    if declared is None and "dimension" not in given:
        ctx.expect(not unasked, f"a size of vectors is sent that nobody asked for: {unasked}", expected="no such field")
    form = ctx.target.entity.credential_form(ctx.model or None)
    for name in (field.variable for field in form if "dimension" in field.variable):
        for size in (4, 16):
            credentials = seen.with_fields(ctx, {name: str(size)})
            for texts in (_TEXTS, vectors.many(3)):
                _sized(ctx, ctx.embed(texts, credentials=credentials).ok(), texts, size)


def _sized(ctx: Context, got: Outcome, texts: Any, size: int) -> None:
    ctx.equal({len(vector) for vector in got.vectors}, {size}, f"the length of vectors of which {size} was asked for")
    vectors.judge(ctx, got, texts)
    for request in got.requests:
        sizes = [path for path, value in seen.fields(request) if value == size and not isinstance(value, bool)]
        ctx.equal(len(sizes), 1, f"the number of fields that hold the size ({sizes})")
        key = sizes[0].rpartition(".")[2]
        ctx.equal(request.body.count(json.dumps(key).encode()), 1, f"how often {key!r} stands in the raw body")


@check(
    "EMB-13",
    "query and document type",
    bugs=["langgenius/dify-official-plugins#3534"],
    fix="Take input_type in _invoke, and send the vendor's word for it with every request.",
)
def emb_13(ctx: Context) -> None:
    """Models that tell queries from documents find badly when a query is embedded as a document."""
    sent: dict[str, list[tuple[str, Any]]] = {}
    kinds: tuple[Literal["query", "document"], ...] = ("document", "query", "document", "query")
    for kind in kinds:
        got = ctx.embed(_TEXTS, input_type=kind)
        vectors.judge(ctx, got, _TEXTS)
        now = seen.fields(got.request)
        ctx.equal(now, sent.setdefault(kind, now), f"the request for the type {kind}, against the one before")
    plain = ctx.embed(_TEXTS)
    vectors.judge(ctx, plain, _TEXTS)
    ctx.equal(seen.fields(plain.request), sent["document"], "the request without a type, against that for documents")
    for own, other in (("query", "document"), ("document", "query")):
        only = [str(value).lower() for path, value in sent[own] if (path, value) not in sent[other]]
        words = _DOCUMENT if own == "query" else ("query",)
        mine = ("query",) if own == "query" else _DOCUMENT
        swapped = [text for text in only if any(w in text for w in words) and not any(w in text for w in mine)]
        ctx.expect(not swapped, f"a text of the type {own} is sent as another: {swapped[:3]}", expected=own)
    limit, options = vectors.batches(ctx)
    texts = vectors.many(vectors.several(limit))
    got = ctx.embed(texts, input_type="query", **options)
    vectors.judge(ctx, got, texts)
    words_of_type = [value for path, value in sent["query"] if (path, value) not in sent["document"]]
    marks = [value for value in words_of_type if isinstance(value, str) and not any(t in value for t in _TEXTS)]
    for mark in marks:
        lacking = [number for number, request in enumerate(got.requests) if mark not in seen.strings(request)]
        ctx.expect(not lacking, f"batches {lacking} were sent without {mark!r}", expected="the type in every batch")


@check(
    "EMB-18",
    "query space",
    fix="Embed queries with the same model and the same size of vector as documents.",
)
def emb_18(ctx: Context) -> None:
    """A query is compared with documents: a vector of another model or another length cannot be."""
    document, query = (ctx.embed(_TEXTS, input_type=kind).ok() for kind in ("document", "query"))
    ctx.equal(
        {len(vector) for vector in query.vectors},
        {len(vector) for vector in document.vectors},
        "the length of the vectors of queries, against those of documents",
    )
    ctx.equal(query.result.model, document.result.model, "the model that embedded the query")
    told = f'"{query.result.model}"'.encode()
    ctx.expect(
        query.result.model == ctx.model or told in query.request.body + bytes(query.request.response),
        "the result names a model that was neither asked nor answered",
        expected=ctx.model,
        came=repr(query.result.model),
    )
    models = [sorted(v for p, v in seen.fields(got.request) if p == ".model") for got in (document, query)]
    ctx.equal(models[1], models[0], "the model named in the request for queries")
    ctx.equal(query.request.path, document.request.path, "the path for queries")
    vectors.judge(ctx, query, _TEXTS)
    alone = ctx.embed(_TEXTS[:1], input_type="query").ok()
    vectors.judge(ctx, alone, _TEXTS[:1])
    near = vectors.near(alone.vectors[0], query.vectors[0], vectors.tolerance(ctx))
    ctx.expect(near, "a query alone has another vector than among others")
