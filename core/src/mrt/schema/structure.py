"""Checks a document against a shape: keys, kinds of values, known words, and how scalars are written."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

from mrt._similar import most_like
from mrt.entities.plain import is_blank, is_list, is_mapping, is_number, yaml_text
from mrt.schema.findings import KeyPath, Severity
from mrt.schema.shapes import Choice, Items, Key, Kind, Shape, Simple, Table
from mrt.schema.yamldoc import Document

LOCALES = ("en_US", "zh_Hans", "pt_BR", "ja_JP")
# Languages that occur beyond the four, and such as will; anything else is more likely a slip.
_MORE_LOCALES = frozenset(
    re.findall(
        r"\w+",
        "ko_KR de_DE fr_FR es_ES it_IT ru_RU uk_UA vi_VN th_TH id_ID tr_TR pl_PL nl_NL sv_SE da_DK fi_FI nb_NO cs_CZ "
        "hu_HU ro_RO el_GR he_IL ar_TN ar_SA fa_IR hi_IN bn_BD ta_IN sl_SI pt_PT es_MX fr_CA en_GB zh_Hant zh_TW zh_HK",
    )
)
_NEAR_LOCALE = {"zh_cn": "zh_Hans", "zh": "zh_Hans", "en": "en_US", "ja": "ja_JP", "pt": "pt_BR", "jp": "ja_JP"}
_BOOLEAN_WORDS = frozenset(("true", "false", "yes", "no", "on", "off"))
_BOOLEANS_READ = _BOOLEAN_WORDS | frozenset(("y", "n", "t", "f", "1", "0"))
_NUMBER_LIKE = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d+)([eE][-+]?\d+)?\Z")


def check(doc: Document, value: Any, kind: Kind, path: KeyPath = (), lenient: bool = False) -> None:
    """Note on the document what does not fit; None stands for an absent value and fits."""
    if value is None:
        return
    match kind:
        case Simple():
            _simple(doc, value, kind, path, lenient)
        case Choice():
            _choice(doc, value, kind, path, lenient)
        case Items():
            if not is_list(value):
                _wrong(doc, path, lenient, "should be a list: put a dash before each entry")
                return
            for index, item in enumerate(value):
                if item is None:
                    severity: Severity = "warning" if lenient or kind.skips_empty else "error"
                    doc.note(severity, "empty-entry", (*path, index), "is empty: nothing stands after the dash")
                check(doc, item, kind.of, (*path, index), lenient)
        case Table():
            if not is_mapping(value):
                _wrong(doc, path, lenient, "should be a mapping")
                return
            for key, item in value.items():
                _choice(doc, key, kind.keys, (*path, key), lenient, is_key=True)
                if kind.keys.accepts is None or kind.keys.accepts(key):
                    check(doc, item, kind.of, (*path, key), lenient)
        case Shape():
            if not is_mapping(value):
                _wrong(doc, path, lenient, f"should be a mapping with the keys of a {kind.name}")
                return
            for key in value:
                if key not in kind.keys:
                    message = f"is no key of a {kind.name} and has no effect{hint(key, kind.keys)}"
                    doc.note("warning", "unknown-key", (*path, key), message, key=True)
            for key, spec in kind.keys.items():
                _key(doc, value.get(key), spec, (*path, key), lenient or spec.lenient)


def _key(doc: Document, value: Any, spec: Key, path: KeyPath, lenient: bool) -> None:
    # An option may be empty text; a name may not.
    absent = value is None or (value == "" and spec.need == "must" and path[-1] != "value")
    if absent and spec.need in ("must", "should"):
        severity: Severity = "warning" if lenient or spec.need == "should" else "error"
        doc.note(severity, "missing-key", path, f"is missing: {_lower(spec.doc)}")
    elif spec.need == "label" and is_blank(value):
        doc.note("warning", "missing-label", path, "is missing, so the name itself is shown")
    else:
        check(doc, value, spec.kind, path, lenient)


def _simple(doc: Document, value: Any, kind: Simple, path: KeyPath, lenient: bool) -> None:
    match kind.kind:
        case "text":
            _text(doc, value, path, lenient)
        case "i18n":
            _i18n(doc, value, path, lenient)
        case "boolean":
            if isinstance(value, str) and value.lower() in _BOOLEANS_READ:
                if not doc.is_plain(path):
                    doc.note(
                        "warning", "boolean-as-text", path, f"is the text '{value}': write true or false, unquoted"
                    )
            elif not isinstance(value, bool) and value not in (0, 1):
                _wrong(doc, path, lenient, "should be true or false")
        case "integer" | "number":
            _number(doc, value, kind.kind, path, lenient)
        case "price":
            _price(doc, value, path, lenient)
        case "anything":
            pass


def _text(doc: Document, value: Any, path: KeyPath, lenient: bool) -> None:
    if not isinstance(value, str):
        _wrong(doc, path, lenient, "should be text")
    elif value.lower() in _BOOLEAN_WORDS and doc.is_plain(path):
        message = f"is read here as the text '{value}', and by other YAML readers as a boolean: put it in quotes"
        doc.note("warning", "yaml-boolean", path, message)
    elif _NUMBER_LIKE.match(value) and doc.is_plain(path):
        message = f"is read here as the text '{value}', and by other YAML readers as a number: put it in quotes"
        doc.note("warning", "yaml-number", path, message)


def _i18n(doc: Document, value: Any, path: KeyPath, lenient: bool) -> None:
    if isinstance(value, str):
        if value:
            message = "is one text for all languages: write it as a mapping with en_US"
            doc.note("info", "plain-text", path, message)
        return
    if not is_mapping(value):
        _wrong(doc, path, lenient, "should be a mapping from languages to texts, such as en_US")
        return
    for key, text in value.items():
        if key not in LOCALES and key not in _MORE_LOCALES:
            near = _NEAR_LOCALE.get(_plain(key)) or nearest(key, LOCALES) or nearest(key, sorted(_MORE_LOCALES))
            advice = f"; did you mean '{near}'?" if near else ""
            doc.note("warning", "unknown-locale", (*path, key), f"is no known language{advice}", key=True)
        if text is not None:
            _text(doc, yaml_text(text), (*path, key), lenient)
    if is_blank(value.get("en_US")) and not is_blank(value):
        doc.note("warning", "missing-english", path, "has no en_US text, which stands where a language has none")


def _number(doc: Document, value: Any, kind: str, path: KeyPath, lenient: bool) -> None:
    what = "a whole number" if kind == "integer" else "a number"
    number = value
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            number = None
        else:
            advice = "with a decimal point, as 1.0e+6" if doc.is_plain(path) else "without quotes"
            doc.note("warning", "number-as-text", path, f"is the text '{value}': write the number {advice}")
    if isinstance(number, bool) and kind == "integer":
        doc.note("warning", "boolean-as-number", path, f"should be {what}")
    elif not is_number(number) or math.isnan(number) or (kind == "integer" and not float(number).is_integer()):
        _wrong(doc, path, lenient, f"should be {what}")


def _price(doc: Document, value: Any, path: KeyPath, lenient: bool) -> None:
    try:
        price = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        price = None
    if price is None or not price.is_finite():
        _wrong(doc, path, lenient, "should be a decimal number in quotes, such as '0.15'")
    elif price < 0:
        doc.note("warning", "negative-price", path, "is below zero")
    elif doc.is_plain(path):
        doc.note("warning", "unquoted-price", path, f"should be in quotes: '{value}', so that no reader rounds it")


def _choice(doc: Document, value: Any, kind: Choice, path: KeyPath, lenient: bool, is_key: bool = False) -> None:
    if not isinstance(value, str):
        _wrong(doc, path, lenient, f"should be a {kind.what}, as text")
    elif value in kind.ignored:
        doc.note("warning", "ignored-word", path, f"'{value}' is a {kind.what} without a meaning here", key=is_key)
    elif value not in kind.words and not (kind.accepts and kind.accepts(value)):
        severity: Severity = "warning" if lenient else kind.unknown
        advice = hint(value, kind.words) or f"; use one of {', '.join(kind.words)}"
        doc.note(severity, _code(kind.what), path, f"'{value}' is no {kind.what}{advice}", key=is_key)


def _wrong(doc: Document, path: KeyPath, lenient: bool, message: str) -> None:
    doc.note("warning" if lenient else "error", "wrong-kind", path, message)


def _code(what: str) -> str:
    return "unknown-" + what.replace("way to configure models", "method").replace(" ", "-")


def _lower(sentence: str) -> str:
    is_word = sentence[1:2].islower()
    return (sentence[:1].lower() if is_word else sentence[:1]) + sentence[1:].rstrip(".")


def hint(word: str, known: Collection[str]) -> str:
    """Return ``; did you mean 'x'?`` with the nearest known word, or nothing."""
    near = nearest(word, known)
    return f"; did you mean '{near}'?" if near is not None else ""


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word that is most like this one, if one is like it at all; case and dashes do not count."""
    by_spelling = {_plain(item): item for item in reversed(list(known))}
    found = most_like(_plain(word), by_spelling)
    return by_spelling[found[0]] if found else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "_")
