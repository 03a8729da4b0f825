"""Checks credentials against a form, and tells user interfaces which fields to show.

A form is a list: the same variable may stand in it several times under conditions that exclude each other, so
visibility is settled first. Two variables are implicit, ``__model_type`` and ``__model_name``; forms that declare
``model_type`` and ``model_name`` as fields of their own get these two from the call as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from mrt._similar import most_like
from mrt.entities.common import ModelType
from mrt.entities.provider import CredentialFormSchema, FormOption, FormShowOn, FormType, ProviderEntity
from mrt.entities.secret import Credentials, Secret
from mrt.errors import CredentialsValidateFailedError
from mrt.schema.form_values import as_text, clean, is_missing, read_value

_SECRET_NAME = re.compile(r"key|token|secret|password|passwd|credential", re.IGNORECASE)
_FROM_CALL = ("model_type", "model_name")
_IMPLICIT = ("__model_type", "__model_name")
_CHOICES = (FormType.SELECT, FormType.RADIO)


def validate_credentials_form(
    provider: ProviderEntity,
    credentials: Mapping[str, Any],
    *,
    model_type: ModelType | None = None,
    model: str | None = None,
    lang: str = "en_US",
    partial: bool = False,
) -> Credentials:
    """Check credentials against the form that counts for a model, or for the provider itself.

    Values are stripped of blanks and line ends around them; empty ones count as missing, and defaults stand for missing
    ones. A number for a text field is taken as its text, a boolean is not. Fields that are not shown are left out.
    Unknown fields pass, as secrets when they are texts, unless they look like a slip for a field of the form.

    A predefined model takes credentials of the provider's form, too, when both forms are there.

    Args:
        provider: The provider.
        credentials: Field to value; a `Secret` is accepted wherever a text is. Not changed.
        model_type: Type of the model; with `model`, the model's form counts and not the provider's.
        model: Name of the model.
        lang: Language of the labels in messages.
        partial: Whether required fields may be missing, as for a question that needs only some of them.

    Returns:
        Credentials in which values of ``secret-input`` fields are `Secret` and those of switches are booleans.

    Raises:
        CredentialsValidateFailedError: With all problems at once, by variable in `problems`. No value is repeated.
    """
    if not isinstance(credentials, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise CredentialsValidateFailedError(
            f"{provider.provider}: credentials are a mapping from field names to values, not {_kind(credentials)}"
        )
    forms = _forms(provider, model_type, model, partial)
    if not forms:
        return Credentials(
            {
                name: Secret(value) if isinstance(value, str) and _SECRET_NAME.search(name) else value
                for name, value in credentials.items()
            }
        )
    failed: list[dict[str, str]] = []
    for form in forms:
        values, problems = _Check(form, credentials, model_type, model, lang, partial).run()
        if not problems:
            return Credentials(values)
        failed.append(problems)
    problems = min(failed, key=len)
    raise CredentialsValidateFailedError(f"{provider.provider}: {'; '.join(problems.values())}", problems=problems)


def visible_fields(
    form: Sequence[CredentialFormSchema],
    values: Mapping[str, Any],
    *,
    model_type: ModelType | None = None,
    model: str | None = None,
) -> list[CredentialFormSchema]:
    """Return the fields whose conditions hold for these values; defaults of fields without a value count as values."""
    known = {name: value for name, value in values.items() if not is_missing(value)} | _implicit(model_type, model)
    shown: list[CredentialFormSchema] = []
    # A default may show a further field; each round can only settle more of them, or the form goes in circles.
    for _ in range(len(form) + 1):
        defaults = {field.variable: field.default for field in shown if field.default is not None}
        again = [field for field in form if _holds(field.show_on, {**defaults, **known})]
        if again == shown:
            break
        shown = again
    return shown


def visible_options(
    field: CredentialFormSchema,
    values: Mapping[str, Any],
    *,
    model_type: ModelType | None = None,
    model: str | None = None,
) -> list[FormOption]:
    """Return the options of a field whose conditions hold for these values."""
    known = {**values, **_implicit(model_type, model)}
    return [option for option in field.options if _holds(option.show_on, known)]


def form_fields(
    provider: ProviderEntity, model_type: ModelType | None = None, model: str | None = None
) -> list[CredentialFormSchema]:
    """Return the fields that a user interface asks for.

    Conditions on the implicit variables are settled and gone, and what the call itself knows is not asked for;
    conditions on other fields are left, for `visible_fields`.
    """
    implicit = _implicit(model_type, model)
    asked: list[CredentialFormSchema] = []
    for field in provider.credential_form(model):
        if _comes_from_call(field, model_type, model) or not _settled(field.show_on, implicit):
            continue
        options = [
            option.model_copy(update={"show_on": _others(option.show_on)})
            for option in field.options
            if _settled(option.show_on, implicit)
        ]
        asked.append(field.model_copy(update={"show_on": _others(field.show_on), "options": options}))
    return asked


def missing_fields(
    form: Sequence[CredentialFormSchema],
    values: Mapping[str, Any],
    *,
    model_type: ModelType | None = None,
    model: str | None = None,
) -> list[CredentialFormSchema]:
    """Return the visible required fields that have neither a value nor a default, in order."""
    return [
        field
        for field in visible_fields(form, values, model_type=model_type, model=model)
        if field.required
        and field.default is None
        and is_missing(values.get(field.variable))
        and not _comes_from_call(field, model_type, model)
    ]


class _Check:
    """One form against one set of credentials."""

    def __init__(
        self,
        form: Sequence[CredentialFormSchema],
        credentials: Mapping[str, Any],
        model_type: ModelType | None,
        model: str | None,
        lang: str,
        partial: bool,
    ) -> None:
        self.form, self.lang, self.partial = form, lang, partial
        self.model_type, self.model = model_type, model
        self.declared = {field.variable for field in form}
        self.given = {name: clean(value) for name, value in credentials.items() if name not in _IMPLICIT}
        self.problems: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def run(self) -> tuple[dict[str, Any], dict[str, str]]:
        for field in self.form:
            self._from_call(field)
        given = {name: value for name, value in self.given.items() if not is_missing(value)}
        shown = visible_fields(self.form, given, model_type=self.model_type, model=self.model)
        known = {**{field.variable: field.default for field in shown if field.default is not None}, **given}
        # Of two visible fields with one name the later one counts, as in the runtime that the forms were made for.
        for field in {field.variable: field for field in shown}.values():
            self._field(field, visible_options(field, known, model_type=self.model_type, model=self.model))
        for name, value in self.given.items():
            if name not in self.declared:
                self._unknown(name, value)
        return self.values, self.problems

    def _from_call(self, field: CredentialFormSchema) -> None:
        name = field.variable
        if name == "model_name" and self.model is not None and is_missing(self.given.get(name)):
            self.given[name] = self.model
        if name != "model_type" or self.model_type is None:
            return
        values = {kind: option.value for option in field.options if (kind := _model_type(option.value)) is not None}
        kind = _model_type(self.given.get(name))
        if is_missing(self.given.get(name)):
            kind = self.model_type
        elif kind is not None and kind is not self.model_type:
            self.problems[name] = (
                f"{field.label.get(self.lang)} names another model type than the call, which is for "
                f"{self.model_type.value}: leave '{name}' out"
            )
        if kind is not None:
            self.given[name] = values.get(kind, kind.value)

    def _field(self, field: CredentialFormSchema, options: list[FormOption]) -> None:
        name, label = field.variable, field.label.get(self.lang)
        raw = self.given.get(name)
        if is_missing(raw):
            raw = field.default
        if is_missing(raw):
            if field.required and not self.partial:
                self.problems.setdefault(name, f"{label} is missing: give '{name}'")
            return
        value, problem = read_value(field, raw, [option.value for option in options])
        if problem:
            self.problems.setdefault(name, f"{label} ('{name}') {problem}")
        else:
            self.values[name] = value

    def _unknown(self, name: Any, value: Any) -> None:
        if not isinstance(name, str):
            self.problems[str(name)] = f"field names are texts, and {name!r} is none"
            return
        if is_missing(value):
            return
        near = None if name in _FROM_CALL else self._near(name)
        if near is not None:
            self.problems[name] = f"'{name}' is no field of the form: did you mean '{near}'?"
        else:
            self.values[name] = Secret(value) if isinstance(value, str) and name not in _FROM_CALL else value

    def _near(self, name: str) -> str | None:
        free = {_plain(variable): variable for variable in self.declared if is_missing(self.given.get(variable))}
        found = most_like(_plain(name), free, 1, 0.8)
        return free[found[0]] if found else None


def _forms(
    provider: ProviderEntity, model_type: ModelType | None, model: str | None, partial: bool
) -> list[list[CredentialFormSchema]]:
    forms = [provider.credential_form(model)]
    if model is None and partial and not forms[0]:
        forms = [provider.credential_form("")]
    elif model is not None and model_type is not None and provider.model_entity(model_type, model) is not None:
        forms.append(provider.credential_form(None))
    return [form for form in forms if form]


def _implicit(model_type: ModelType | None, model: str | None) -> dict[str, Any]:
    values = {"__model_type": model_type.value if model_type is not None else None, "__model_name": model}
    return {name: value for name, value in values.items() if value is not None}


def _holds(conditions: Sequence[FormShowOn], values: Mapping[str, Any]) -> bool:
    return all(_is(values.get(condition.variable), condition) for condition in conditions)


def _is(value: Any, condition: FormShowOn) -> bool:
    if is_missing(value):
        return False
    if condition.variable == "__model_type" and (kind := _model_type(condition.value)) is not None:
        return _model_type(value) is kind
    if isinstance(value, bool):
        return condition.value.lower() == str(as_text(value))
    return bool(as_text(clean(value)) == condition.value)


def _settled(conditions: Sequence[FormShowOn], implicit: Mapping[str, Any]) -> bool:
    return _holds([condition for condition in conditions if condition.variable in _IMPLICIT], implicit)


def _others(conditions: Sequence[FormShowOn]) -> list[FormShowOn]:
    return [condition for condition in conditions if condition.variable not in _IMPLICIT]


def _comes_from_call(field: CredentialFormSchema, model_type: ModelType | None, model: str | None) -> bool:
    return (field.variable == "model_type" and model_type is not None) or (
        field.variable == "model_name" and model is not None
    )


def _model_type(value: Any) -> ModelType | None:
    try:
        return ModelType(value)
    except ValueError:
        return None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _kind(value: object) -> str:
    return f"a {type(value).__name__}"
