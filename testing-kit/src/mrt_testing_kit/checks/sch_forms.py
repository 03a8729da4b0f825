"""SCH: forms of credentials, and what the code makes of them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from mrt import AIModelEntity, MRTError, ProviderEntity
from mrt.entities.plain import is_mapping
from mrt_testing_kit.catalogue import check
from mrt_testing_kit.context import Context
from mrt_testing_kit.described import entities, form_fields, judge, noticing_reads, schema_file


@check(
    "SCH-11",
    "every credential read in code is in a form, and reverse",
    bugs=["langgenius/dify-official-plugins#3218"],
    fix="Spell each variable in provider.yaml as the code reads it, and take out those that nothing reads.",
)
def sch_11(ctx: Context) -> None:
    """A misspelt variable asks people for a value that never reaches the vendor."""
    declared = {field.variable for field in form_fields(ctx)}
    given = set(ctx.target.credentials)
    unknown = sorted(given - declared)
    ctx.expect(not unknown, "the credentials of this run are in no form", expected=sorted(declared), came=unknown)
    read: set[str] = set()
    for kind, models in ctx.models.items():
        for model in models[:1]:
            # Reads of the schema, of the check of credentials, and of a call.
            with noticing_reads() as noted:
                ctx.kind, ctx.model = kind, model.name
                ctx.validate()
                ctx.call()
                ctx.runtime.model_schema(ctx.target.name, kind, model.name, ctx.credentials())
            read |= noted
    ctx.kind, ctx.model = None, ""
    with noticing_reads() as noted:
        ctx.validate(whole_provider=True)
    read |= noted
    words = _words(ctx)
    unread = sorted(declared - read - words) if words or read else []
    strange = ", ".join(sorted(read - declared)) or "nothing"
    ctx.expect(
        not unread,
        "forms ask for credentials that nothing reads",
        expected="every variable of a form somewhere in the code",
        came=f"never read: {', '.join(unread)}; read, but in no form: {strange}",
    )
    required = {field.variable for field in form_fields(ctx) if field.required}
    ignored = sorted((required & given) - read)
    ctx.expect(not ignored, "required credentials were not read by any call", came=", ".join(ignored))


@check(
    "SCH-12",
    "secrets are secret, addresses are not",
    tier="static",
    bugs=["langgenius/dify-official-plugins#1265"],
    fix="Use secret-input for keys, tokens and passwords, text-input for everything that people want to see.",
)
def sch_12(ctx: Context) -> None:
    """A key in a text field is shown to everybody; a masked address cannot be checked by the one who typed it."""
    judge(ctx, "fields have the wrong type", "secret-as-text", "address-as-secret", "secret-default")
    for field in form_fields(ctx):
        template = str(ctx.target.credentials.get(field.variable, ""))
        secret = field.type == "secret-input"
        if "{canary}" in template:
            ctx.expect(secret, f"{field.variable} holds the key and is {field.type}", expected="secret-input")
        elif "{server}" in template or "{host}" in template:
            ctx.expect(not secret, f"{field.variable} holds an address and is masked", expected="text-input")
        ctx.expect(not (secret and field.default), f"{field.variable}: a secret has a default that everybody can read")


@check("SCH-13", "conditions have targets", tier="static", fix="Name a field of the same form, and one of its values.")
def sch_13(ctx: Context) -> None:
    """A field whose condition is never met is never shown."""
    judge(ctx, "conditions are never met", "condition")
    for form in (ctx.target.entity.credential_form(), ctx.target.entity.credential_form("model")):
        names = {field.variable for field in form} | {"__model_type", "__model_name"}
        for field in form:
            strange = sorted({condition.variable for condition in field.show_on} - names)
            ctx.expect(not strange, f"{field.variable} depends on fields that are not there", came=", ".join(strange))


@check(
    "SCH-21",
    "deprecated models marked, never used to validate",
    fix="Set deprecated: true on models that the vendor has retired, and validate credentials without naming a model.",
)
def sch_21(ctx: Context) -> None:
    """A check of credentials that calls a retired model says that a good key is wrong, on the day the model goes."""
    old = {entity.model for entity in ctx.target.entity.models if entity.deprecated}
    live = {(str(entity.model_type), entity.model) for entity in ctx.target.entity.models if not entity.deprecated}
    got = ctx.validate(whole_provider=True)
    asked = [request for request in got.requests if any(name in f"{request.path} {request.body!r}" for name in old)]
    ctx.expect(not asked, "credentials are validated with a deprecated model", came="\n".join(map(str, asked)))
    for kind in {str(entity.model_type) for entity in ctx.target.entity.models}:
        ctx.expect(any(kind == other for other, _ in live), f"all predefined models of type {kind} are deprecated")
    if not old:
        ctx.not_applicable("no model is deprecated")


@check(
    "SCH-22", "round trip", tier="static", fix="Return schemas of plain values: what is written as JSON is read back."
)
def sch_22(ctx: Context) -> None:
    """A schema that changes when it is stored and read again is another one on every host."""
    entity = ctx.target.entity
    again = ProviderEntity.model_validate_json(entity.model_dump_json())
    ctx.equal(_plain(again), _plain(entity), "the provider after a round trip as JSON")
    for model in entities(ctx):
        back = AIModelEntity.model_validate_json(model.model_dump_json())
        ctx.equal(_plain(back), _plain(model), f"the schema of {model.model} after a round trip as JSON")
    try:
        ctx.runtime.registry.get(ctx.target.name).schema.model_dump(mode="json")
    except (MRTError, TypeError, ValueError) as error:
        ctx.fail(f"the provider cannot be written as JSON: {error}")


def _plain(schema: AIModelEntity | ProviderEntity) -> Any:
    # The values themselves: written as JSON, a set looks like a list, and infinity like nothing.
    return _listed(schema.model_dump())


def _listed(value: Any) -> Any:
    # A tuple may come back as a list, which is read in the same way.
    if is_mapping(value):
        return {str(key): _listed(item) for key, item in value.items()}
    return [_listed(item) for item in cast("list[Any]", value)] if isinstance(value, list | tuple) else value


def _words(ctx: Context) -> set[str]:
    """Return the texts that stand in the code of the provider: its package, or the module of its class."""
    path = schema_file(ctx)
    files = set(path.parent.rglob("*.py")) if path is not None else set[Path]()
    plugin = ctx.target.plugin
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(type(plugin).__module__)
    if module is not None and module.__file__ and not module.__name__.startswith("mrt."):
        files.add(Path(module.__file__))
    found: set[str] = set()
    for file in files:
        try:
            tree = ast.parse(file.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        found |= {
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found
