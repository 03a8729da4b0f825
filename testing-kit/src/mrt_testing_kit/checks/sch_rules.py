"""SCH: parameters, limits, prices, voices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from mrt import AIModelEntity, ParameterRule, ParameterType
from mrt.entities.plain import is_mapping
from mrt_testing_kit.asking import TOKEN_FIELDS
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.described import entities, form_fields, judge

_NUMBERS = (ParameterType.FLOAT, ParameterType.INT)
_SIZES = ("context_size", "max_chunks", "dimensions", "max_characters_per_chunk", "file_upload_limit", "word_limit")


def _rules(ctx: Context) -> Iterator[tuple[str, AIModelEntity, ParameterRule]]:
    for entity in entities(ctx):
        for rule in entity.parameter_rules:
            yield f"{entity.model}: {rule.name}", entity, rule


@check(
    "SCH-04",
    "defaults in range",
    tier="static",
    bugs=["langgenius/dify-official-plugins#993"],
    fix="Give the parameter a default between min and max, and bounds that the vendor has; a template's may not fit.",
)
def sch_04(ctx: Context) -> None:
    """A default that the rule itself refuses, or the vendor, breaks the very first call."""
    judge(ctx, "defaults or bounds do not fit", "default-out-of-range", "min-above-max", "template-bound")
    for name, _, rule in _rules(ctx):
        if rule.type not in _NUMBERS:
            continue
        if rule.min is not None and rule.max is not None and rule.min > rule.max:
            ctx.fail(f"{name}: min {rule.min} is above max {rule.max}")
        if isinstance(rule.default, (int, float)) and not isinstance(rule.default, bool):
            inside = (rule.min is None or rule.min <= rule.default) and (rule.max is None or rule.default <= rule.max)
            ctx.expect(inside, f"{name}: the default {rule.default} is not between {rule.min} and {rule.max}")


@check("SCH-05", "defaults among the options", tier="static", fix="Make the default one of the options.")
def sch_05(ctx: Context) -> None:
    """A default that is no option is refused as soon as somebody submits the form unchanged."""
    judge(ctx, "defaults are not among the options", "default-not-in-options")
    for name, _, rule in _rules(ctx):
        if rule.options and rule.default is not None:
            ctx.expect(
                rule.default in rule.options,
                f"{name}: the default is no option",
                expected=rule.options,
                came=repr(rule.default),
            )
    for field in form_fields(ctx):
        if field.options and field.default:
            values = [option.value for option in field.options]
            ctx.expect(
                field.default in values,
                f"{field.variable}: the default is no option",
                expected=values,
                came=field.default,
            )


@check(
    "SCH-06",
    "option values unique and labelled",
    tier="static",
    fix="Give every option a value and a label of its own.",
)
def sch_06(ctx: Context) -> None:
    """Two options of one value cannot be told apart, and one without a label cannot be read."""
    judge(ctx, "options are not unique, or there are none", "duplicate-option", "no-options")
    judge(ctx, "options have no label", "missing-label", places=("options",))
    for name, _, rule in _rules(ctx):
        twice = [option for option, count in Counter(rule.options).items() if count > 1]
        ctx.expect(not twice, f"{name}: options are listed twice", came=", ".join(map(str, twice)))


@check("SCH-07", "names unique, after templates, too", tier="static", fix="Name every parameter and every field once.")
def sch_07(ctx: Context) -> None:
    """Of two parameters with one name only one is sent, and it is not clear which."""
    judge(ctx, "names are used twice", "duplicate-parameter", "duplicate-variable", "duplicate-model")
    for entity in entities(ctx):
        twice = [name for name, count in Counter(rule.name for rule in entity.parameter_rules).items() if count > 1]
        ctx.expect(not twice, f"{entity.model}: parameters have one name", came=", ".join(twice))


@check(
    "SCH-08",
    "precision fits the type",
    tier="static",
    bugs=["langgenius/dify-official-plugins#1176"],
    fix="Leave precision out for whole numbers; for fractions make it fine enough for the range.",
)
def sch_08(ctx: Context) -> None:
    """Rounded to the wrong place, 0.5 becomes 0 or 1, and a whole number grows decimals that the vendor refuses."""
    judge(ctx, "precisions do not fit", "precision")
    for name, _, rule in _rules(ctx):
        if rule.precision is None:
            continue
        if rule.type is ParameterType.INT:
            ctx.expect(rule.precision == 0, f"{name}: a whole number has {rule.precision} decimal places")
        elif rule.type is ParameterType.FLOAT:
            ctx.expect(rule.precision >= 0, f"{name}: precision {rule.precision} is below zero")
            narrow = rule.min is not None and rule.max is not None and rule.max - rule.min <= 1
            ctx.expect(
                rule.precision > 0 or not narrow,
                f"{name}: precision 0 leaves only whole numbers between {rule.min} and {rule.max}",
            )
        for bound in ("min", "max"):
            value = getattr(rule, bound)
            if rule.type is ParameterType.INT and isinstance(value, float):
                ctx.expect(value.is_integer(), f"{name}: {bound} {value} of a whole number is none")


@check(
    "SCH-09", "defaults have the parameter's type", tier="static", fix="Write numbers without quotes and texts with."
)
def sch_09(ctx: Context) -> None:
    """A default of another type is sent as it is, and the vendor refuses it."""
    judge(ctx, "defaults have another type than their parameter", "default-type", "default-as-text")
    types: dict[ParameterType, tuple[type, ...]] = {
        ParameterType.INT: (int,),
        ParameterType.FLOAT: (int, float),
        ParameterType.BOOLEAN: (bool,),
        ParameterType.STRING: (str,),
        ParameterType.TEXT: (str,),
    }
    for name, _, rule in _rules(ctx):
        value = rule.default
        if value is not None:
            right = isinstance(value, types[rule.type]) and isinstance(value, bool) == (
                rule.type is ParameterType.BOOLEAN
            )
            ctx.expect(right, f"{name}: the default {value!r} is no {rule.type}")


@check(
    "SCH-10",
    "required and default make sense together",
    tier="static",
    fix="Give a required parameter a default, so that plain calls pass; offer choices where one is required.",
)
def sch_10(ctx: Context) -> None:
    """A required parameter without a default refuses every call that does not know this one vendor."""
    for name, _, rule in _rules(ctx):
        ctx.expect(not rule.required or rule.default is not None, f"{name} is required and has no default")
    for field in form_fields(ctx):
        if field.required and field.type in ("select", "radio"):
            ctx.expect(field.options, f"{field.variable} is required and has nothing to choose from")


@check(
    "SCH-16",
    "limits are consistent",
    tier="static",
    bugs=["langgenius/dify-official-plugins#2213", "langgenius/dify-official-plugins#870"],
    fix="Copy context size and output limit from the vendor's own page; the output's is never above the context's.",
)
def sch_16(ctx: Context) -> None:
    """A limit of zero refuses everything, and an output limit above the context lets through what will not fit."""
    judge(ctx, "limits do not fit together", "above-context", "limit")
    for entity in entities(ctx):
        properties = {str(key): value for key, value in entity.model_properties.items()}
        for name in _SIZES:
            size: Any = properties.get(name)
            if isinstance(size, (int, float)):
                ctx.expect(size > 0, f"{entity.model}: {name} is {size}")
        context: Any = properties.get("context_size")
        for rule in entity.parameter_rules:
            if isinstance(context, int) and (rule.name in TOKEN_FIELDS or rule.use_template == "max_tokens"):
                for bound in ("max", "default"):
                    value = getattr(rule, bound)
                    if isinstance(value, (int, float)):
                        ctx.expect(
                            value <= context,
                            f"{entity.model}: {bound} {value} of {rule.name} is above the context size {context}",
                        )


@check(
    "SCH-17",
    "prices are decimals with unit and currency",
    tier="static",
    bugs=["langgenius/dify-official-plugins#3556", "langgenius/dify-official-plugins#3567"],
    fix='Write prices in quotes, with unit "0.000001" for those per million tokens and a currency such as USD.',
)
def sch_17(ctx: Context) -> None:
    """A price that a reader rounds, or whose unit is off, is wrong by a factor of a thousand, unnoticed."""
    codes = ("unquoted-price", "negative-price", "price-unit", "currency", "tier-order")
    judge(ctx, "prices are wrong", *codes)
    for entity in entities(ctx):
        price = entity.pricing
        if price is None:
            continue
        ctx.expect(Decimal(0) < price.unit < 1, f"{entity.model}: the unit {price.unit} is no step of a price")
        known = len(price.currency) == 3 and price.currency.isupper() and price.currency.isalpha()
        ctx.expect(known, f"{entity.model}: {price.currency!r} is no currency")
        told = {name: getattr(price, name) for name in ("input", "output", "cache_read", "cache_write")}
        negative = {name: value for name, value in told.items() if value is not None and value < 0}
        ctx.expect(not negative, f"{entity.model}: prices are below zero", came=negative)
        limits = [tier.max_tokens for tier in price.tiers if tier.max_tokens is not None]
        ctx.expect(limits == sorted(set(limits)), f"{entity.model}: the tiers' limits do not rise", came=limits)


@check(
    "SCH-18",
    "voices and formats are valid",
    tier="static",
    bugs=["langgenius/dify-official-plugins#1521"],
    fix="Make the default voice one of the voices, each listed once, and audio_type an extension such as mp3.",
)
def sch_18(ctx: Context) -> None:
    """A default voice that is not there makes every call without a voice fail."""
    judge(ctx, "voices or formats are wrong", "default-voice", "duplicate-voice", "audio-type")
    if "tts" not in ctx.target.kinds:
        ctx.not_applicable("the provider declares no tts")
    for entity in (entity for entity in entities(ctx) if str(entity.model_type) == "tts"):
        properties = {str(key): value for key, value in entity.model_properties.items()}
        voices: Any = properties.get("voices") or []
        modes: list[Any] = [
            voice.get("mode") if is_mapping(voice) else getattr(voice, "mode", voice) for voice in voices
        ]
        default = properties.get("default_voice")
        ctx.expect(len(set(modes)) == len(modes), f"{entity.model}: voices are listed twice", came=modes)
        if modes and default is not None:
            ctx.expect(
                default in modes,
                f"{entity.model}: the default voice is none of the voices",
                expected=modes,
                came=default,
            )
