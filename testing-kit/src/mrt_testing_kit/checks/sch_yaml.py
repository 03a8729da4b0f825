"""SCH: the YAML files as files: their form, their languages, icons, links and order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from mrt import MRTError
from mrt.entities.plain import is_list, is_mapping
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.described import documents, findings, judge, schema_file, texts

_LINT = "Run `mrt lint` on the folder; it names file, line and key."

# Codes with a check of their own; every other warning is one of the shape.
# fmt: off
_ELSEWHERE = frozenset({
    "unknown-locale", "missing-english", "default-out-of-range", "min-above-max", "template-bound",
    "default-not-in-options", "duplicate-option", "no-options", "duplicate-parameter", "duplicate-variable",
    "duplicate-model", "precision", "default-type", "default-as-text", "secret-as-text", "address-as-secret",
    "secret-default", "condition", "position-unknown", "duplicate-position", "run-together", "missing-position",
    "unreached-position", "above-context", "limit", "unquoted-price", "negative-price", "price-unit", "currency",
    "tier-order", "default-voice", "duplicate-voice", "audio-type", "missing-icon", "not-an-image", "link",
})
# fmt: on


@check(
    "SCH-01",
    "strict YAML, duplicate keys refused",
    tier="static",
    bugs=["langgenius/dify-official-plugins#2113"],
    fix=_LINT,
)
def sch_01(ctx: Context) -> None:
    """A file that does not parse hides a model from everybody; a key that stands twice silently loses one value."""
    if schema_file(ctx) is None:
        ctx.not_applicable("the provider is described in code and has no provider.yaml")
    errors = [finding for finding in findings(ctx) if finding.severity == "error"]
    ctx.expect(not errors, "the YAML files have errors", expected="none", came="\n".join(map(str, errors)))


@check("SCH-02", "files have the known shape", tier="static", fix=_LINT)
def sch_02(ctx: Context) -> None:
    """A misspelt key or a value of another type has no effect, and nobody is told."""
    if schema_file(ctx) is None:
        ctx.not_applicable("the provider is described in code and has no provider.yaml")
    wrong = [str(f) for f in findings(ctx) if f.severity == "warning" and f.code not in _ELSEWHERE]
    ctx.expect(not wrong, "the YAML files have keys or values without effect", expected="none", came="\n".join(wrong))


@check(
    "SCH-03",
    "locales complete, unknown refused",
    tier="static",
    bugs=["langgenius/dify-official-plugins#3218"],
    fix="Give every label and help of a file the same languages, spelt as en_US, zh_Hans, ja_JP, pt_BR.",
)
def sch_03(ctx: Context) -> None:
    """A misspelt language is never shown, and a missing one leaves a form in two languages."""
    judge(ctx, "labels have unknown languages, or no English", "unknown-locale", "missing-english")
    wrong: list[str] = []
    for file, document in documents(ctx):
        found = list(texts(document))
        # One that stands alone is a name, which is the same in every language.
        several = [(place, text) for place, text in found if len(text) > 1]
        common = {language for _, text in several for language in text}
        helps = [(place, text) for place, text in found if place.endswith("help")] if common else []
        for place, text in [*several, *(pair for pair in helps if len(pair[1]) == 1)]:
            if missing := sorted(common - set(text)):
                wrong.append(f"{file.name}: {place} lacks {', '.join(missing)}")
    ctx.expect(not wrong, "texts lack a language that others of the file have", came="\n".join(wrong))


@check(
    "SCH-14",
    "position lists exact",
    tier="static",
    fix="List every model once in _position.yaml, under the name that the model's own file gives it.",
)
def sch_14(ctx: Context) -> None:
    """A model that is missing in the order comes last without a reason, and a wrong name orders nothing."""
    codes = ("position-unknown", "duplicate-position", "run-together", "missing-position", "unreached-position")
    judge(ctx, "position files do not fit the models", *codes)
    # For the linter a missing name is worth a look only.
    missing = [str(finding) for finding in findings(ctx) if finding.code == "position-missing"]
    ctx.expect(not missing, "position files leave out models", came="\n".join(missing))


@check(
    "SCH-19",
    "icons are there and are images",
    tier="static",
    bugs=["langgenius/dify-official-plugins#296"],
    fix="Put the icons that provider.yaml names into the folder _assets beside it, as SVG or PNG.",
)
def sch_19(ctx: Context) -> None:
    """A missing icon is a broken image in every list of providers."""
    judge(ctx, "icons are missing or are no images", "missing-icon", "not-an-image")
    entry = ctx.runtime.registry.get(ctx.target.name)
    for name in ("icon_small", "icon_large", "icon_small_dark", "icon_large_dark"):
        if getattr(ctx.target.entity, name, None) and schema_file(ctx) is not None:
            try:
                data, kind = entry.icon(name)
            except MRTError as error:
                ctx.fail(f"{name} cannot be read: {error}")
            ctx.expect(data and kind.startswith("image/"), f"{name} is no image", came=f"{len(data)} bytes of {kind}")


@check(
    "SCH-20",
    "links are links",
    tier="static",
    fix="Write whole addresses that begin with https:// and have a host.",
)
def sch_20(ctx: Context) -> None:
    """A help link that leads nowhere is worse than none: it is where people look for their key."""
    judge(ctx, "links are no links", "link")
    wrong: list[str] = []
    for file, document in documents(ctx):
        for place, url in _links(document):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or "." not in parts.netloc or any(c.isspace() for c in url):
                wrong.append(f"{file.name}: {place} is {url!r}")
    ctx.expect(not wrong, "links are no links", expected="https://host/path", came="\n".join(wrong))


def _links(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if is_mapping(value):
        for key, item in value.items():
            where = f"{place}.{key}" if place else str(key)
            if key == "url":
                urls: list[Any] = list(item.values()) if is_mapping(item) else [item]
                yield from ((where, url) for url in urls if isinstance(url, str) and url)
            else:
                yield from _links(item, where)
    elif is_list(value):
        for number, item in enumerate(value):
            yield from _links(item, f"{place}[{number}]")
