"""The keys of provider and model files, what each holds, and one sentence about it.

The lint checks files against these tables, and the JSON Schemas for editors are made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from mrt.entities.common import ConfigurateMethod, FetchFrom, ModelType
from mrt.entities.model import ModelFeature, ParameterType
from mrt.entities.provider import FormType
from mrt.entities.templates import PARAMETER_TEMPLATES

SimpleKind = Literal["text", "i18n", "boolean", "integer", "number", "price", "anything"]


@dataclass(frozen=True)
class Simple:
    """A value without parts, or a text in several languages."""

    kind: SimpleKind


@dataclass(frozen=True)
class Choice:
    """One of several words.

    Args:
        what: What the word names, for messages.
        words: The words as they should be written.
        accepts: Tells whether another spelling is known, too.
        unknown: What an unknown word is: an ``error``, or a ``warning`` where it is left out.
        ignored: Words that the format has and that have no meaning here.
    """

    what: str
    words: tuple[str, ...]
    accepts: Callable[[str], bool] | None = None
    unknown: Literal["error", "warning"] = "error"
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Items:
    """A list.

    Args:
        of: What each entry is.
        skips_empty: Whether empty entries are left out; otherwise they are errors.
    """

    of: Kind
    skips_empty: bool = False


@dataclass(frozen=True)
class Table:
    """A mapping whose keys are words."""

    keys: Choice
    of: Kind


@dataclass(frozen=True)
class Key:
    """One key of a shape.

    Args:
        kind: What it holds.
        doc: One sentence for editors.
        need: Whether a file without it is wrong; ``should``: it loads all the same; ``label``: the name stands in.
        lenient: A wrong value is left out or passed on, and so only a warning.
    """

    kind: Kind
    doc: str
    need: Literal["must", "should", "label", "may"] = "may"
    lenient: bool = False


@dataclass(frozen=True)
class Shape:
    """A mapping with known keys."""

    name: str
    keys: Mapping[str, Key] = field(default_factory=dict[str, Key])


Kind = Simple | Choice | Items | Table | Shape

TEXT, I18N, BOOLEAN, INTEGER = Simple("text"), Simple("i18n"), Simple("boolean"), Simple("integer")
NUMBER, PRICE, ANYTHING = Simple("number"), Simple("price"), Simple("anything")


def _is_model_type(word: str) -> bool:
    try:
        ModelType(word)
    except ValueError:
        return False
    return True


def _words(members: type[StrEnum]) -> tuple[str, ...]:
    return tuple(member.value for member in members)


MODEL_TYPE = Choice("model type", _words(ModelType), accepts=_is_model_type)
LISTED_MODEL_TYPE = Choice("model type", _words(ModelType), accepts=_is_model_type, ignored=("text2img",))
MODEL_KEY = Choice(
    "model type",
    tuple(kind.key for kind in ModelType),
    accepts=_is_model_type,
    unknown="warning",
    ignored=("text2img",),
)

CONDITION = Shape(
    "condition",
    {
        "variable": Key(TEXT, "Another field of the form, or `__model_type` or `__model_name`.", "must"),
        "value": Key(TEXT, "The value that the other field must have.", "must"),
    },
)
OPTION = Shape(
    "option",
    {
        "value": Key(TEXT, "What the credentials then hold.", "must"),
        "label": Key(I18N, "Display name.", "label"),
        "show_on": Key(Items(CONDITION), "Conditions that all have to hold for the option to be offered."),
    },
)
FIELD = Shape(
    "form field",
    {
        "variable": Key(TEXT, "Key in the credentials.", "must"),
        "label": Key(I18N, "Display name.", "label"),
        "type": Key(Choice("form type", _words(FormType)), "How the value is asked for.", "must"),
        "required": Key(BOOLEAN, "Whether credentials without it are refused; true when absent."),
        "default": Key(TEXT, "Value that stands when none is given."),
        "options": Key(Items(OPTION), "Choices of select and radio fields."),
        "placeholder": Key(I18N, "Example shown in the empty field."),
        "max_length": Key(INTEGER, "Longest value in characters; 0 is no limit."),
        "show_on": Key(Items(CONDITION), "Conditions that all have to hold for the field to exist."),
        "help": Key(ANYTHING, "Explanation: a text by language, or a mapping that holds one under `text`."),
    },
)
_FORM_KEYS = {"credential_form_schemas": Key(Items(FIELD), "The fields of the form, in display order.")}
PROVIDER_FORM = Shape("provider form", _FORM_KEYS)
MODEL_FORM = Shape(
    "model form",
    {
        "model": Key(
            Shape("model name", {"label": Key(I18N, "Display name."), "placeholder": Key(I18N, "Example.")}),
            "How the model's own name is asked for.",
        ),
        **_FORM_KEYS,
    },
)
GLOBS = Shape(
    "models of a type",
    {
        "predefined": Key(Items(TEXT, skips_empty=True), "Patterns of model files, relative to this file's folder."),
        "position": Key(TEXT, "File with the names of the models in display order."),
    },
)
PROVIDER = Shape(
    "provider",
    {
        "provider": Key(TEXT, "Provider id, the part before the slash in `acme/some-model`.", "must"),
        "label": Key(I18N, "Display name.", "label"),
        "description": Key(I18N, "One sentence about the vendor."),
        "icon_small": Key(I18N, "File in `_assets`: svg, png or jpeg."),
        "icon_large": Key(I18N, "File in `_assets`: svg, png or jpeg."),
        "icon_small_dark": Key(I18N, "The small icon for dark backgrounds."),
        "icon_large_dark": Key(I18N, "The large icon for dark backgrounds."),
        "background": Key(TEXT, "Colour behind the icon."),
        "help": Key(
            Shape("help", {"title": Key(I18N, "Text of the link."), "url": Key(I18N, "Where to get credentials.")}),
            "Where to get credentials.",
        ),
        "supported_model_types": Key(Items(LISTED_MODEL_TYPE), "Model types, in display order.", "must"),
        "configurate_methods": Key(
            Items(Choice("way to configure models", _words(ConfigurateMethod))),
            "Predefined models, customizable ones, or both.",
            "should",
        ),
        "provider_credential_schema": Key(PROVIDER_FORM, "Form for the provider's credentials."),
        "model_credential_schema": Key(MODEL_FORM, "Form for the credentials of one customizable model."),
        "models": Key(Table(MODEL_KEY, GLOBS), "Where the predefined models are, by model type."),
        "position": Key(Table(MODEL_KEY, Items(TEXT)), "Names of the models in display order, by model type."),
        "extra": Key(ANYTHING, "Of other runtimes; ignored."),
    },
)

RULE = Shape(
    "parameter rule",
    {
        "name": Key(TEXT, "Name under which callers give it and the vendor receives it.", "must"),
        "use_template": Key(
            Choice("template", tuple(PARAMETER_TEMPLATES), unknown="warning"),
            "Template whose values stand where the rule gives none of its own.",
        ),
        "label": Key(I18N, "Display name; the name when absent."),
        "type": Key(
            Choice("parameter type", _words(ParameterType), accepts=lambda word: word in ("bool", "integer")),
            "Type of the value; may be left to the template.",
        ),
        "help": Key(I18N, "Explanation for a form."),
        "required": Key(BOOLEAN, "Whether a call without it is refused; a default is filled in first."),
        "default": Key(ANYTHING, "Sent only when required; otherwise a hint for forms."),
        "min": Key(NUMBER, "Smallest value."),
        "max": Key(NUMBER, "Largest value."),
        "precision": Key(INTEGER, "Decimal places to which a value is rounded."),
        "options": Key(Items(TEXT, skips_empty=True), "The only values of a string."),
    },
)
TIER = Shape(
    "price tier",
    {
        "input": Key(PRICE, "Price of prompt tokens.", "must"),
        "output": Key(PRICE, "Price of answer tokens."),
        "max_tokens": Key(INTEGER, "Longest prompt of the tier, in tokens; without it there is no upper end."),
        "cache_read": Key(PRICE, "Price of prompt tokens read from the vendor's cache."),
        "cache_write": Key(PRICE, "Price of prompt tokens written to the vendor's cache."),
    },
)
PRICING = Shape(
    "pricing",
    {
        "input": Key(PRICE, "Price of `1 / unit` prompt tokens, as quoted text.", "must"),
        "output": Key(PRICE, "Price of `1 / unit` answer tokens, as quoted text."),
        "unit": Key(PRICE, "Size of the step: '0.000001' for prices per million tokens.", "must"),
        "currency": Key(TEXT, "USD, RMB, EUR ...", "must"),
        "cache_read": Key(PRICE, "Price of prompt tokens read from the vendor's cache; `input` when absent."),
        "cache_write": Key(PRICE, "Price of prompt tokens written to the vendor's cache; `input` when absent."),
        "tiered_pricing": Key(Items(TIER), "Prices that depend on the prompt's size, smallest first.", lenient=True),
        "tiers": Key(Items(TIER), "As `tiered_pricing`."),
    },
)
VOICE = Shape(
    "voice",
    {
        "mode": Key(TEXT, "What the vendor calls it.", "must"),
        "name": Key(TEXT, "Display name."),
        "language": Key(Items(TEXT), "Languages, for example en-US."),
    },
)
PROPERTIES = Shape(
    "model properties",
    {
        "mode": Key(TEXT, "Chat or completion.", lenient=True),
        "context_size": Key(INTEGER, "Tokens that prompt and answer may have together.", lenient=True),
        "max_chunks": Key(INTEGER, "Texts that one request may hold.", lenient=True),
        "dimensions": Key(INTEGER, "Length of an embedding's vector.", lenient=True),
        "max_characters_per_chunk": Key(INTEGER, "Characters that one text may have.", lenient=True),
        "file_upload_limit": Key(INTEGER, "Largest sound file, in megabytes.", lenient=True),
        "supported_file_extensions": Key(TEXT, "Extensions, separated by commas.", lenient=True),
        "default_voice": Key(TEXT, "The `mode` of the voice that speaks when a call names none.", lenient=True),
        "voices": Key(Items(VOICE), "The voices of a text-to-speech model.", lenient=True),
        "word_limit": Key(INTEGER, "Characters that one request may speak.", lenient=True),
        "audio_type": Key(TEXT, "Bare extension of the sound that comes back.", lenient=True),
        "max_workers": Key(INTEGER, "Requests that may run at once for one long text.", lenient=True),
    },
)
MODEL = Shape(
    "model",
    {
        "model": Key(TEXT, "Name that calls use.", "must"),
        "label": Key(I18N, "Display name; the model's name when absent."),
        "model_type": Key(MODEL_TYPE, "One of the six types.", "must"),
        "features": Key(
            Items(Choice("feature", _words(ModelFeature), unknown="warning"), skips_empty=True),
            "What it can do beyond plain text.",
        ),
        "fetch_from": Key(Choice("origin", _words(FetchFrom)), "Where the schema comes from; seldom written."),
        "model_properties": Key(PROPERTIES, "Facts about the model."),
        "parameter_rules": Key(Items(RULE), "Parameters that a call may set, in display order."),
        "pricing": Key(PRICING, "Prices; without them they are unknown, not zero."),
        "deprecated": Key(BOOLEAN, "Hidden from lists, but still callable."),
    },
)


def _text_keys() -> Iterator[str]:
    yield from (*MODEL_KEY.words, *MODEL_TYPE.words)  # below `position`, each has a list of names
    waiting: list[Kind] = [PROVIDER, MODEL]
    while waiting:
        match waiting.pop():
            case Items(of=inner) | Table(of=inner):
                waiting.append(inner)
            case Shape(keys=keys):
                for name, key in keys.items():
                    kind = key.kind.of if isinstance(key.kind, Items) else key.kind
                    waiting.append(kind)
                    if isinstance(kind, Choice) or kind in (TEXT, I18N, PRICE):
                        yield name
            case _:
                pass


# Keys whose scalar is text, however it looks; prices among them, so that no digit is lost on the way to a Decimal. The
# default of a form's field is text and that of a parameter is not, so it is not among them.
TEXT_KEYS = frozenset({*_text_keys(), "en_US", "zh_Hans", "pt_BR", "ja_JP", "ko_KR", "text"} - {"default"})
