"""Values of credential fields: what counts as missing, and which values a field takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mrt.entities.provider import CredentialFormSchema, FormType
from mrt.entities.secret import Secret, reveal

# Blanks, line ends, and the two invisible characters that come along when text is copied from a web page.
_AROUND = " \t\r\n\v\f\u00a0\u2028\u2029\ufeff\u200b"
_LONGEST_LIST = 12


def clean(value: Any) -> Any:
    """Return a text without what a paste brings along around it; anything else as it is."""
    if isinstance(value, Secret):
        return Secret(value.reveal().strip(_AROUND))
    return value.strip(_AROUND) if isinstance(value, str) else value


def is_missing(value: Any) -> bool:
    """Tell whether there is no value: None, or a text of blanks. False and 0 are values."""
    text = reveal(value)
    return text is None or (isinstance(text, str) and not text.strip(_AROUND))


def as_text(value: Any) -> Any:
    """Return the text that stands for a number or boolean in a form; anything else revealed, as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else reveal(value)


def read_value(field: CredentialFormSchema, raw: Any, options: Sequence[str]) -> tuple[Any, str | None]:
    """Return the value that a field takes, or what is wrong with it.

    Args:
        field: The field.
        raw: The value, not missing.
        options: The values that the field offers.

    Returns:
        The value and None, or None and a problem, which does not repeat the value.
    """
    text = reveal(raw)
    if field.type is FormType.SWITCH:
        return _switch(text)
    if isinstance(text, bool) and not (field.type in (FormType.SELECT, FormType.RADIO) and as_text(text) in options):
        return None, "should be text, not true or false"
    text = as_text(text)
    if not isinstance(text, str):
        return None, f"should be text, not a {type(text).__name__}"
    if field.type in (FormType.SELECT, FormType.RADIO):
        if text not in options:
            return None, f"should be {_listed(options)}"
    elif 0 < field.max_length < len(text):
        return None, f"has {len(text)} characters, and {field.max_length} are the limit"
    is_secret = field.type is FormType.SECRET_INPUT or isinstance(raw, Secret)
    return (Secret(text) if is_secret else text), None


def _switch(value: Any) -> tuple[Any, str | None]:
    if isinstance(value, bool):
        return value, None
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true", None
    return None, "should be true or false"


def _listed(options: Sequence[str]) -> str:
    if not options:
        return "left out: there is nothing to choose here"
    shown = ", ".join(f"'{option}'" for option in options[:_LONGEST_LIST])
    more = len(options) - _LONGEST_LIST
    if more > 0:
        return f"one of {shown} and {more} more"
    return f"one of {shown}" if len(options) > 1 else shown
