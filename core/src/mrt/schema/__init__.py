"""Reads and checks the YAML of providers and models, forms and parameters.

Names are imported when they are first used: importing this package loads neither the YAML parser nor the entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt._lazy import lazy

if TYPE_CHECKING:
    from mrt.schema.export import model_json_schema, provider_json_schema
    from mrt.schema.export_forms import credential_json_schema, parameter_json_schema
    from mrt.schema.findings import Finding
    from mrt.schema.forms import form_fields, missing_fields, validate_credentials_form, visible_fields, visible_options
    from mrt.schema.linter import lint
    from mrt.schema.loader import load_provider
    from mrt.schema.parameters import ParameterValidator
    from mrt.schema.prices import price_embedding_usage, price_usage
    from mrt.schema.reading import load_model

_HOMES = {
    "credential_json_schema": "export_forms",
    "form_fields": "forms",
    "Finding": "findings",
    "lint": "linter",
    "load_model": "reading",
    "load_provider": "loader",
    "missing_fields": "forms",
    "model_json_schema": "export",
    "parameter_json_schema": "export_forms",
    "ParameterValidator": "parameters",
    "price_embedding_usage": "prices",
    "price_usage": "prices",
    "provider_json_schema": "export",
    "validate_credentials_form": "forms",
    "visible_fields": "forms",
    "visible_options": "forms",
}

__all__ = [
    "Finding",
    "ParameterValidator",
    "credential_json_schema",
    "form_fields",
    "lint",
    "load_model",
    "load_provider",
    "missing_fields",
    "model_json_schema",
    "parameter_json_schema",
    "price_embedding_usage",
    "price_usage",
    "provider_json_schema",
    "validate_credentials_form",
    "visible_fields",
    "visible_options",
]

__getattr__, __dir__ = lazy(__name__, _HOMES)
