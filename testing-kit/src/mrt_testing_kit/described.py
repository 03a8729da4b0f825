"""What a provider says about itself: the findings of the linter, its forms, and the schemas of its models."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import yaml

from mrt import AIModelEntity, CredentialFormSchema, Credentials
from mrt.entities.plain import is_list, is_mapping
from mrt.entities.secret import RevealedCredentials
from mrt.schema import Finding, lint

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context
    from mrt_testing_kit.session import Session

_FOUND: WeakKeyDictionary[Session, list[Finding]] = WeakKeyDictionary()


def schema_file(ctx: Context) -> Path | None:
    """Return the provider file; None for a provider that is described in code."""
    path = ctx.runtime.registry.get(ctx.target.name).schema_path
    return None if path is None else Path(path)


def findings(ctx: Context) -> list[Finding]:
    """Return what the linter says about the provider's folder; nothing for one that is described in code."""
    if ctx.session not in _FOUND:
        path = schema_file(ctx)
        _FOUND[ctx.session] = [] if path is None else lint(path.parent)
    return _FOUND[ctx.session]


def judge(ctx: Context, sentence: str, *codes: str, places: tuple[str, ...] = ()) -> None:
    """Fail the check when the linter warns of something with one of these codes.

    Args:
        ctx: The check's context.
        sentence: What is wrong then.
        codes: Codes of findings.
        places: Key paths that the findings have to be in; anywhere when left out.
    """
    found = [
        finding
        for finding in findings(ctx)
        if finding.code in codes
        and finding.severity != "info"
        and (not places or any(p in finding.key_path for p in places))
    ]
    if found:
        ctx.fail(sentence, expected="none; `mrt lint` shows the same", came="\n".join(map(str, found)))


def entities(ctx: Context) -> list[AIModelEntity]:
    """Return the schemas of all models: those of files, and those that the provider makes for the models under test."""
    found = {(str(entity.model_type), entity.model): entity for entity in ctx.target.entity.models}
    for models in ctx.models.values():
        for model in models:
            if not model.problem:
                found.setdefault((model.kind, model.name), model.schema)
    return list(found.values())


def form_fields(ctx: Context) -> list[CredentialFormSchema]:
    """Return the fields of both forms."""
    entity = ctx.target.entity
    return [*entity.credential_form(), *entity.credential_form("model")]


def documents(ctx: Context) -> Iterator[tuple[Path, Any]]:
    """Yield every YAML file of the provider's folder that can be read, with what is in it."""
    path = schema_file(ctx)
    for file in sorted(path.parent.rglob("*.y*ml")) if path is not None else ():
        try:
            yield file, yaml.safe_load(file.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, OSError):
            # SCH-01 names it.
            continue


def texts(value: Any, place: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every text with languages that is called ``label`` or ``help`` in a document, and where it is."""
    if is_mapping(value):
        for key, item in value.items():
            where = f"{place}.{key}" if place else str(key)
            if key in ("label", "help") and is_mapping(item) and not is_mapping(item.get("url", item.get("title"))):
                yield where, item
            else:
                yield from texts(item, where)
    elif is_list(value):
        for number, item in enumerate(value):
            yield from texts(item, f"{place}[{number}]")


@contextmanager
def noticing_reads() -> Generator[set[str]]:
    """Note which credentials a plugin looks up, also those that are not there; core's own look-ups do not count."""
    noted: set[str] = set()

    def note(key: Any) -> None:
        frame = sys._getframe(2)  # pyright: ignore[reportPrivateUsage]
        while frame.f_back is not None and frame.f_globals.get("__name__") in ("_collections_abc", "collections.abc"):
            frame = frame.f_back
        caller = str(frame.f_globals.get("__name__", ""))
        if isinstance(key, str) and not (caller == "mrt" or caller.startswith("mrt.")):
            noted.add(key)

    def noting(method: Any) -> Any:
        def look_up(this: Any, key: Any, *default: Any) -> Any:
            note(key)
            return method(this, key, *default)

        return look_up

    inner = Credentials.__getitem__

    def wrapped(self: Credentials, key: str) -> Any:
        note(key)
        return inner(self, key)

    plain: Any = RevealedCredentials
    base: Any = dict
    names = ("get", "__getitem__", "__contains__", "pop")
    for name in names:
        setattr(plain, name, noting(getattr(base, name)))
    Credentials.__getitem__ = wrapped  # type: ignore[method-assign]
    try:
        yield noted
    finally:
        Credentials.__getitem__ = inner  # type: ignore[method-assign]
        for name in names:
            delattr(plain, name)
