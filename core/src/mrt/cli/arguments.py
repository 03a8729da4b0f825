"""Arguments that several verbs take: a model, a provider, a text that may come from a pipe."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.shell_completion import CompletionItem

from mrt._similar import most_like

# Spelled out, since the enumeration comes with the whole of the entities.
MODEL_TYPES = ("llm", "text-embedding", "rerank", "speech2text", "tts", "moderation")


if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    # It takes no type arguments before click 8.2.
    ParamType = click.ParamType


class Target(NamedTuple):
    """A provider and one of its models."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class ProviderName(ParamType):
    """A provider's id; completes the installed ones."""

    name = "provider"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mrt.cli.names import provider_names

        return [CompletionItem(name) for name in provider_names() if name.startswith(incomplete)]


class ModelName(ParamType):
    """``provider/model``; only the first slash splits, since names of models contain slashes."""

    name = "model"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        if isinstance(value, Target):
            return value
        provider, slash, model = str(value).strip().partition("/")
        if not slash or not provider or not model:
            self.fail(_how_to_write(str(value)), param, ctx)
        return Target(provider, model)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from mrt.cli.names import model_names, provider_names

        provider, slash, _ = incomplete.partition("/")
        if slash:
            return [CompletionItem(name) for name in model_names(provider) if name.startswith(incomplete)]
        return [CompletionItem(f"{name}/") for name in provider_names() if name.startswith(incomplete)]


class ProviderOrModel(ModelName):
    """``provider`` or ``provider/model``; the model is empty when it is left out."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:
        if isinstance(value, Target):
            return value
        provider, _, model = str(value).strip().partition("/")
        return Target(provider, model)


class ModelTypeName(ParamType):
    """A model type in any spelling: ``text-embedding`` or ``text_embedding``."""

    name = "type"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        name = str(value).strip().lower().replace("_", "-")
        if name not in MODEL_TYPES:
            self.fail(f"{value!r} is no model type; use {', '.join(MODEL_TYPES)}", param, ctx)
        return name

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "TYPE"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in MODEL_TYPES if name.startswith(incomplete)]


def _how_to_write(value: str) -> str:
    from mrt.cli.names import provider_names

    installed = provider_names()
    sentence = f"{value!r} names no provider; write PROVIDER/MODEL"
    if not installed:
        return f"{sentence}. No provider is installed: pip install mrt-<vendor>"
    word = value.strip("/").lower()
    near = most_like(word, installed, 3) or [name for name in installed if name in word]
    example = (near or installed)[0]
    model = value.strip("/") if value.strip("/") not in installed else "MODEL"
    return f"{sentence}, for example {example}/{model}. Installed providers: {', '.join(installed)}"


def text_from_stdin(what: str) -> str:
    """Return what was piped in.

    Args:
        what: Name of the argument that stdin stands for.

    Raises:
        click.UsageError: Nothing is piped in.
    """
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError(f"{what} is missing: give it as an argument, or pipe it in")
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def one_text(value: str | None, what: str) -> str:
    """Return the argument, or else what was piped in, which must not be empty."""
    text = text_from_stdin(what).rstrip("\r\n") if value is None else value
    if not text.strip():
        raise click.UsageError(f"{what} is empty")
    return text


def many_texts(values: tuple[str, ...], what: str) -> list[str]:
    """Return the arguments, or else the lines that were piped in, without empty lines."""
    texts = list(values) or [line for line in text_from_stdin(what).splitlines() if line.strip()]
    if not texts:
        raise click.UsageError(f"{what} is missing")
    return texts
