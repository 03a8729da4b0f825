"""``mrt schema``: show a provider's credential form, or a model's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from mrt.cli.arguments import ModelTypeName, ProviderOrModel, Target
from mrt.cli.options import verb
from mrt.cli.output import paragraph, table, write, write_json
from mrt.cli.session import Session
from mrt.cli.validate import model_type_of

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.model import AIModelEntity, ParameterRule
    from mrt.entities.provider import CredentialFormSchema, ProviderEntity
    from mrt.registry import ProviderEntry


@verb("schema", credentials=True)
@click.argument("name", type=ProviderOrModel(), metavar="PROVIDER[/MODEL]")
@click.option("--model-type", "--type", "type_name", type=ModelTypeName(), help="Type of the model.")
@click.option("--model", metavar="NAME", help="Show this model; the same as PROVIDER/NAME.")
@click.option("--format", "form", type=click.Choice(["json", "yaml", "json-schema"]), help="Write it in this format.")
def command(session: Session, name: Target, type_name: str | None, model: str | None, form: str | None) -> None:
    """Show a provider's credential form, or a model's parameters.

    Without --format it is a table. json and yaml give the whole description, json-schema the JSON Schema of what can
    be filled in: the credentials, or with a model its parameters.
    """
    from mrt.entities.common import ModelType

    entry = session.provider(name.provider)
    model = model or name.model or None
    kind = ModelType(type_name) if type_name else None
    form = form or ("json" if session.as_json else None)
    if model is None:
        _show_provider(session, entry, kind, form)
    else:
        _show_model(session, _model(session, entry, model, type_name), form)


def _show_provider(session: Session, entry: ProviderEntry, kind: ModelType | None, form: str | None) -> None:
    provider = entry.schema
    if form == "json-schema":
        from mrt.schema import credential_json_schema

        write_json(credential_json_schema(provider, kind, session.lang))
    elif form:
        _dump(provider, form)
    else:
        _print_provider(provider, session.lang)


def _show_model(session: Session, entity: AIModelEntity, form: str | None) -> None:
    if form == "json-schema":
        from mrt.schema import parameter_json_schema

        write_json(parameter_json_schema(entity, session.lang))
    elif form:
        _dump(entity, form)
    else:
        _print_model(entity, session.lang)


def _model(session: Session, entry: ProviderEntry, model: str, type_name: str | None) -> AIModelEntity:
    kind = model_type_of(entry.schema, model, type_name)
    known = next((entity for entity in entry.schema.model_entities(kind) if entity.model == model), None)
    if known is not None:
        return known
    return session.runtime.model_schema(entry.name, kind, model, session.credentials(entry, model, kind))


def _dump(entity: ProviderEntity | AIModelEntity, form: str) -> None:
    if form == "json":
        write_json(entity)
        return
    import yaml

    plain: dict[str, Any] = entity.model_dump(mode="json", exclude_none=True)
    # Through Any: some releases of types-PyYAML leave a part of its signature unknown.
    dumper = cast(Any, yaml)
    write(dumper.safe_dump(plain, allow_unicode=True, sort_keys=False), end="")


def _print_provider(provider: ProviderEntity, lang: str) -> None:
    from mrt.credentials import environment_name

    write(f"{provider.provider}  {provider.label.get(lang)}")
    if provider.description:
        write(paragraph(provider.description.get(lang)))
    write(table([("models", ", ".join(provider.supported_model_types) or "none")], indent="  "))
    if provider.help:
        url = f": {provider.help.url.get(lang)}" if provider.help.url else ""
        write(f"  {provider.help.title.get(lang)}{url}")
    forms = (
        ("Credentials of the provider", provider.provider_credential_schema),
        ("Credentials of a model", provider.model_credential_schema),
    )
    for title, schema in forms:
        if schema is not None and schema.credential_form_schemas:
            write(f"\n{title}")
            for field in schema.credential_form_schemas:
                write(_field(field, lang, environment_name(provider.provider, field.variable)))


def _field(field: CredentialFormSchema, lang: str, variable: str) -> str:
    facts = ["required" if field.required else "optional"]
    if field.type == "secret-input":
        facts.append("secret")
    if field.default is not None:
        facts.append(f"default {field.default}")
    if field.max_length:
        facts.append(f"at most {field.max_length} characters")
    lines = [f"  {field.variable}  {field.label.get(lang)} ({', '.join(facts)})"]
    if field.options:
        lines.append(table([(option.value, option.label.get(lang)) for option in field.options], indent="      "))
    if field.placeholder:
        lines.append(paragraph(field.placeholder.get(lang), "      "))
    if field.help:
        lines.append(paragraph(field.help.get(lang), "      "))
    if field.show_on:
        conditions = " and ".join(f"{condition.variable} is {condition.value}" for condition in field.show_on)
        lines.append(paragraph(f"only when {conditions}", "      "))
    lines.append(f"      in the environment: {variable}")
    return "\n".join(lines)


def _print_model(entity: AIModelEntity, lang: str) -> None:
    from mrt.cli.models import price

    write(f"{entity.model}  {entity.label.get(lang)}")
    rows = [("type", entity.model_type.value), ("features", ", ".join(entity.features or ()) or "not told")]
    rows += [(key.value, _text(value)) for key, value in entity.model_properties.items()]
    rows.append(("price", price(entity.pricing) if entity.pricing else "not told"))
    write(table(rows, indent="  "))
    if entity.parameter_rules:
        write("\nParameters")
        headers = ("NAME", "TYPE", "RANGE", "DEFAULT", "WHAT IT DOES")
        write(table([_rule(rule, lang) for rule in entity.parameter_rules], headers, indent="  "))


def _rule(rule: ParameterRule, lang: str) -> tuple[str, ...]:
    span = ", ".join(rule.options) or _range(rule.min, rule.max)
    name = f"{rule.name} (required)" if rule.required else rule.name
    default = "" if rule.default is None else _text(rule.default)
    return (name, rule.type.value, span, default, (rule.help or rule.label).get(lang))


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"from {_text(low)}" if low is not None else f"up to {_text(high)}" if high is not None else ""
    return f"{_text(low)} to {_text(high)}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_name, cast(list[object], value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(item: object) -> str:
    return str(cast(dict[str, Any], item).get("name", "")) if isinstance(item, dict) else str(item)
