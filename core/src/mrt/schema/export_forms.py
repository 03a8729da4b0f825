"""JSON Schemas (draft 2020-12) of a credential form and of a model's parameters, for user interfaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mrt.entities.common import ModelType
from mrt.entities.model import AIModelEntity, ParameterRule, ParameterType
from mrt.entities.provider import CredentialFormSchema, FormOption, FormShowOn, FormType, ProviderEntity
from mrt.schema.export import DIALECT
from mrt.schema.forms import form_fields

_CHOICES = (FormType.SELECT, FormType.RADIO)
_TYPES = {
    ParameterType.FLOAT: "number",
    ParameterType.INT: "integer",
    ParameterType.BOOLEAN: "boolean",
    ParameterType.STRING: "string",
    ParameterType.TEXT: "string",
}


def credential_json_schema(
    provider: ProviderEntity, model_type: ModelType | None = None, lang: str = "en_US"
) -> dict[str, Any]:
    """Return the JSON Schema of the credentials that a form takes.

    Secrets are ``writeOnly`` with the format ``password``; a field with conditions stands in an ``if``/``then``.

    Args:
        provider: The provider.
        model_type: With a type, the form for models of that type; without, the form for the provider's own
            credentials, or, where there is none, the form for models with the implicit variable ``__model_type``.
        lang: Language of titles and descriptions.
    """
    form = form_fields(provider, model_type, "") if model_type is not None else provider.credential_form(None)
    form = form or provider.credential_form("")
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": provider.label.get(lang),
        "type": "object",
        "properties": {},
        "required": [],
    }
    branches: list[dict[str, Any]] = []
    for field in form:
        if field.show_on:
            part = {"properties": {field.variable: _field(field, lang)}, "required": _required(field)}
            branches.append({"if": _conditions(field.show_on, form), "then": part})
        else:
            schema["properties"][field.variable] = _field(field, lang)
            schema["required"] += _required(field)
        branches += _option_branches(field, form)
    if any(condition.variable == "__model_type" for field in form for condition in field.show_on):
        kinds = [kind.value for kind in provider.supported_model_types]
        schema["properties"]["__model_type"] = {"title": "Model type", "enum": kinds}
    if branches:
        schema["allOf"] = branches
    return schema


def parameter_json_schema(entity: AIModelEntity, lang: str = "en_US") -> dict[str, Any]:
    """Return the JSON Schema of the parameters that a model takes.

    Args:
        entity: The model's schema.
        lang: Language of titles and descriptions.
    """
    rules = entity.parameter_rules
    return {
        "$schema": DIALECT,
        "title": entity.label.get(lang),
        "type": "object",
        "properties": {rule.name: _rule(rule, lang) for rule in rules},
        "required": [rule.name for rule in rules if rule.required and rule.default is None],
        "additionalProperties": False,
    }


def _required(field: CredentialFormSchema) -> list[str]:
    return [field.variable] if field.required and field.default is None else []


def _field(field: CredentialFormSchema, lang: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": field.label.get(lang)}
    if field.help is not None:
        schema["description"] = field.help.get(lang)
    if field.type is FormType.SWITCH:
        schema["type"] = "boolean"
        if field.default is not None:
            schema["default"] = field.default.lower() == "true"
        return schema
    schema["type"] = "string"
    if field.default is not None:
        schema["default"] = field.default
    if field.placeholder is not None:
        schema["examples"] = [field.placeholder.get(lang)]
    if field.type in _CHOICES:
        labels = {option.value: option.label.get(lang) for option in field.options}
        schema["oneOf"] = [{"const": value, "title": label} for value, label in labels.items()]
        return schema
    if _required(field):
        schema["minLength"] = 1
    if field.max_length > 0:
        schema["maxLength"] = field.max_length
    if field.type is FormType.SECRET_INPUT:
        schema |= {"writeOnly": True, "format": "password"}
    return schema


def _conditions(conditions: Sequence[FormShowOn], form: Sequence[CredentialFormSchema]) -> dict[str, Any]:
    expected: dict[str, Any] = {}
    given: list[str] = []
    for condition in conditions:
        name = condition.variable
        field = next((field for field in form if field.variable == name), None)
        value: Any = condition.value
        if name == "__model_type":
            value = _model_type(value)
        elif field is not None and field.type is FormType.SWITCH:
            value = condition.value.lower() == "true"
        expected[name] = {"const": value}
        # A field that is left out has its default, and may meet the condition by it.
        if field is None or field.default != condition.value:
            given.append(name)
    return {"properties": expected, "required": given}


def _option_branches(field: CredentialFormSchema, form: Sequence[CredentialFormSchema]) -> list[dict[str, Any]]:
    by_value: dict[str, list[FormOption]] = {}
    for option in field.options:
        by_value.setdefault(option.value, []).append(option)
    return [
        {
            "if": {"properties": {field.variable: {"const": value}}, "required": [field.variable]},
            "then": {"anyOf": [_conditions(option.show_on, form) for option in options]},
        }
        for value, options in by_value.items()
        if all(option.show_on for option in options)
    ]


def _model_type(value: str) -> str:
    try:
        return ModelType(value).value
    except ValueError:
        return value


def _rule(rule: ParameterRule, lang: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"title": rule.label.get(lang), "type": _TYPES[rule.type]}
    if rule.help is not None:
        schema["description"] = rule.help.get(lang)
    if rule.default is not None:
        schema["default"] = rule.default
    if rule.type in (ParameterType.INT, ParameterType.FLOAT):
        for key, bound in (("minimum", rule.min), ("maximum", rule.max)):
            if bound is not None and math.isfinite(bound):
                schema[key] = bound
    elif rule.options and rule.type is not ParameterType.BOOLEAN:
        schema["enum"] = list(rule.options)
    if "json_schema" in (rule.name, rule.use_template):
        schema["type"] = ["string", "object"]
    return schema
