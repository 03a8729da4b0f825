"""A vendor: its names, icons, credential forms and models."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, field_serializer, field_validator, model_validator

from mrt.entities.common import (
    ConfigurateMethod,
    Help,
    I18nObject,
    ModelType,
    SchemaModel,
    default_label,
    filled_in,
)
from mrt.entities.model import AIModelEntity
from mrt.entities.model_list import ModelList
from mrt.entities.plain import given, is_list, is_mapping, yaml_text


class FormType(StrEnum):
    """How a credential field is asked for."""

    TEXT_INPUT = "text-input"
    SECRET_INPUT = "secret-input"
    SELECT = "select"
    RADIO = "radio"
    SWITCH = "switch"


class FormShowOn(SchemaModel):
    """A condition: the field is shown when `variable` has `value`.

    Core itself supplies the variables ``__model_type`` and ``__model_name``.
    """

    variable: str
    value: str

    @field_validator("value", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return yaml_text(value)


class FormOption(SchemaModel):
    """One choice of a select or radio field."""

    value: str
    label: I18nObject = Field(default_factory=filled_in)
    show_on: list[FormShowOn] = Field(default_factory=list[FormShowOn])

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value, ("label",))
        if "value" in filled:
            filled["value"] = yaml_text(filled["value"])
        if "label" not in filled:
            filled["label"] = default_label(str(filled.get("value")))
        return filled


class CredentialFormSchema(SchemaModel):
    """One field of a credential form.

    Args:
        variable: Key in the credentials.
        label: Display name.
        type: How it is asked for; ``secret-input`` values become `Secret`.
        required: True unless the form says otherwise.
        default: Value that stands when none is given.
        options: Choices of select and radio fields.
        placeholder: Example shown in the empty field.
        max_length: Longest value in characters; 0 is no limit.
        show_on: Conditions that all have to hold for the field to exist.
        help: Explanation shown with the field.
    """

    variable: str = Field(min_length=1)
    label: I18nObject = Field(default_factory=filled_in)
    type: FormType
    required: bool = True
    default: str | None = None
    options: list[FormOption] = Field(default_factory=list[FormOption])
    placeholder: I18nObject | None = None
    max_length: int = 0
    show_on: list[FormShowOn] = Field(default_factory=list[FormShowOn])
    help: I18nObject | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value, ("label", "placeholder", "help", "default"))
        if "label" not in filled:
            filled["label"] = default_label(str(filled.get("variable")))
        if "default" in filled:
            filled["default"] = yaml_text(filled["default"])
        if is_mapping(text := filled.get("help")):
            # Published forms write either a text by language or a mapping that holds it under `text`.
            filled["help"] = next((text[key] for key in ("text", "title") if key in text), text)
        return filled


class ProviderCredentialSchema(SchemaModel):
    """The form for credentials of the whole provider."""

    credential_form_schemas: list[CredentialFormSchema] = Field(default_factory=list[CredentialFormSchema])

    @field_validator("credential_form_schemas", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any) -> Any:
        return [] if value is None else value


class FieldModelSchema(SchemaModel):
    """How the model's own name is asked for."""

    label: I18nObject = Field(default_factory=filled_in)
    placeholder: I18nObject | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        return {"label": default_label("Model"), **given(value, ("label", "placeholder"))}


class ModelCredentialSchema(ProviderCredentialSchema):
    """The form for credentials of one customizable model."""

    model: FieldModelSchema | None = None


_TEXTS = ("label", "description", "icon_small", "icon_large", "icon_small_dark", "icon_large_dark")


class ProviderEntity(SchemaModel):
    """A vendor as its ``provider.yaml`` describes it.

    Args:
        provider: Provider id, the part before the slash in ``"acme/some-model"``.
        label: Display name.
        supported_model_types: Model types, in display order.
        configurate_methods: Predefined models, customizable ones, or both.
        provider_credential_schema: Form for the provider's credentials.
        model_credential_schema: Form for one customizable model's credentials.
        models: Predefined models in position order.
        position: Model type to model names, in display order.
    """

    provider: str = Field(min_length=1, pattern=r"^[^/]*$")
    label: I18nObject = Field(default_factory=filled_in)
    description: I18nObject | None = None
    icon_small: I18nObject | None = None
    icon_large: I18nObject | None = None
    icon_small_dark: I18nObject | None = None
    icon_large_dark: I18nObject | None = None
    background: str | None = None
    help: Help | None = None
    supported_model_types: list[ModelType] = Field(default_factory=list[ModelType])
    configurate_methods: list[ConfigurateMethod] = Field(default_factory=list[ConfigurateMethod])
    provider_credential_schema: ProviderCredentialSchema | None = None
    model_credential_schema: ModelCredentialSchema | None = None
    models: Sequence[AIModelEntity] = Field(default_factory=list[AIModelEntity])
    position: dict[str, list[str]] = Field(default_factory=dict[str, list[str]])

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, value: Any) -> Any:
        if not is_mapping(value):
            return value
        filled = given(value, _TEXTS)
        if "label" not in filled:
            filled["label"] = default_label(str(filled.get("provider")))
        if is_mapping(text := filled.get("help")) and not given(text, text):
            del filled["help"]
        if is_mapping(filled.get("models")):
            del filled["models"]  # globs, which the loader follows
        return filled

    @field_validator("supported_model_types", mode="before")
    @classmethod
    def _any_spelling(cls, value: Any) -> Any:
        if is_list(value):
            # Images are a type that the format knows and that has no calls here.
            kinds = [ModelType(item) if isinstance(item, str) else item for item in value if item != "text2img"]
            return [kind for index, kind in enumerate(kinds) if kind not in kinds[:index]]
        return value

    @field_validator("position", mode="before")
    @classmethod
    def _known_types(cls, value: Any) -> Any:
        if is_mapping(value):
            known = {_model_type(key): names for key, names in value.items() if names is not None}
            return {kind.value: names for kind, names in known.items() if kind is not None}
        return value

    def credential_form(self, model: str | None = None) -> list[CredentialFormSchema]:
        """Return the form that credentials of a model, or of the provider, have to satisfy.

        Args:
            model: With a model name the model's form counts, and the provider's where there is none or where the
                provider does not offer customizable models.
        """
        schemas: list[ProviderCredentialSchema | None] = [self.provider_credential_schema]
        if model is not None:
            only_predefined = self.configurate_methods == [ConfigurateMethod.PREDEFINED_MODEL]
            schemas.insert(1 if only_predefined else 0, self.model_credential_schema)
        for schema in schemas:
            if schema is not None and schema.credential_form_schemas:
                return schema.credential_form_schemas
        return []

    def model_entities(self, model_type: ModelType | None = None) -> list[AIModelEntity]:
        """Return the predefined models of a type, deprecated ones included."""
        if isinstance(self.models, ModelList):
            return self.models.of_type(model_type)
        return [entity for entity in self.models if model_type is None or entity.model_type == model_type]

    def model_entity(self, model_type: ModelType, model: str) -> AIModelEntity | None:
        """Return the predefined model of this type and name; of two, the first."""
        if isinstance(self.models, ModelList):
            return self.models.find(model_type, model)
        return next((entity for entity in self.model_entities(model_type) if entity.model == model), None)

    @field_serializer("models", mode="wrap")
    def _models_as_list(self, models: Sequence[AIModelEntity], handler: SerializerFunctionWrapHandler) -> Any:
        return handler(list(models))


def _model_type(word: str) -> ModelType | None:
    try:
        return ModelType(word)
    except ValueError:
        return None
