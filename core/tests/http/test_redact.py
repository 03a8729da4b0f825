"""Secrets disappear from texts and errors, in every shape in which they travel."""

from __future__ import annotations

import base64
import json
import pickle
import traceback
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, strategies as st

from mrt.entities.secret import MASK
from mrt.errors import CredentialsValidateFailedError, InvokeAuthorizationError, InvokeConnectionError
from mrt.http.redact import redact, redact_error

KEY = 'sk-tést/"Q\\9+abc=def&ghi jkl'
HALF = len(KEY) // 2

FORMS = {
    "plain": KEY,
    "JSON": json.dumps(KEY)[1:-1],
    "JSON with letters": json.dumps(KEY, ensure_ascii=False)[1:-1],
    "repr": repr(KEY)[1:-1],
    "ascii": ascii(KEY)[1:-1],
    "URL": quote(KEY, safe=""),
    "path": quote(KEY),
    "base64": base64.b64encode(KEY.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "basic": base64.b64encode(b":" + KEY.encode()).decode(),
    "bearer": base64.b64encode(b"Bearer " + KEY.encode()).decode(),
    "hex": KEY.encode().hex(),
    "first half": KEY[:HALF],
    "second half": KEY[HALF:],
    "backwards": KEY[::-1],
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_is_masked(form: str) -> None:
    text = redact(f"before {form} after", [KEY])
    assert text in (f"before {MASK} after", f"before {MASK}= after", f"before {MASK}== after")


@given(st.text(min_size=8, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    text = redact(before + secret + after, [secret])
    assert secret not in text or secret in MASK * 3
    assert redact(text, [secret]) == text or MASK in text


def test_short_values_are_no_secrets() -> None:
    assert redact("an abc of it", ["abc", "", " "]) == "an abc of it"
    assert redact("an abcd of it", ["abcd"]) == f"an {MASK} of it"
    # Halves of a short secret are ordinary words.
    assert redact("pass and word", ["password"]) == "pass and word"


def test_quoting_with_plus_is_masked_too() -> None:
    assert KEY[:5] not in redact(quote_plus("sk-test-abcdefgh"), ["sk-test-abcdefgh"])


def test_several_secrets_and_none() -> None:
    assert redact("one-secret two-secret", ["one-secret", "two-secret"]) == f"{MASK} {MASK}"
    assert redact("nothing", []) == "nothing"


SECRET = "sk-test-0123456789abcdef"


class _Held:
    """Like a request of an HTTP library: shows its headers."""

    def __repr__(self) -> str:
        return f"<Request authorization='Bearer {SECRET}'>"


class _VendorError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message, {"headers": {"authorization": SECRET}}, [SECRET.encode()], ("a", SECRET))
        self.request = _Held()
        self.response = _Held()
        self.body = {"echo": [SECRET, {"deep": SECRET}]}
        self.message = message
        self.number = 7


class _FrozenError(Exception):
    """Refuses to be changed, as some do."""

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            raise AttributeError(name)
        super().__setattr__(name, value)


def chain() -> Exception:
    try:
        try:
            raise _VendorError(f"denied: {SECRET}") from UnicodeEncodeError("ascii", f"Bearer {SECRET}é", 31, 32, "x")
        except _VendorError as inner:
            inner.add_note(f"sent {SECRET}")
            raise InvokeAuthorizationError(f"no: {SECRET}", code=SECRET, request_id="r-1", partial=SECRET) from inner
    except InvokeAuthorizationError as error:
        return error


def everything(error: BaseException) -> str:
    texts = ["".join(traceback.format_exception(error))]
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or current in seen:
            continue
        seen.append(current)
        texts += [str(current), repr(current), repr(current.args), repr(vars(current))]
        texts.append(repr(getattr(current, "object", None)))
        waiting += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            waiting += current.exceptions
        waiting += [value for value in vars(current).values() if isinstance(value, BaseException)]
    return "\n".join(texts).replace(__file__, "")


def without_source(text: str) -> str:
    """Leave out the lines of source that a traceback quotes."""
    return "\n".join(line for line in text.splitlines() if "SECRET" not in line)


def test_an_error_is_cleaned_with_all_that_hangs_on_it() -> None:
    error = chain()
    assert SECRET in everything(error)
    redact_error(error, [SECRET])
    text = without_source(everything(error))
    assert SECRET not in text
    assert SECRET[:12] not in text
    assert MASK in str(error)
    assert isinstance(error, InvokeAuthorizationError)
    assert (error.code, error.request_id) == (MASK, "r-1")
    cause = error.__cause__
    assert isinstance(cause, _VendorError)
    assert cause.request is None
    assert cause.number == 7
    assert cause.body == {"echo": [MASK, {"deep": MASK}]}
    assert cause.__notes__ == [f"sent {MASK}"]
    assert SECRET.encode() not in pickle.dumps(error)


def test_held_requests_go_even_when_no_secret_is_known() -> None:
    error = _VendorError("denied")
    redact_error(error, [])
    assert error.request is None
    assert error.response is None
    assert error.message == "denied"


def test_errors_in_attributes_and_groups_are_cleaned() -> None:
    inner = InvokeConnectionError(f"x {SECRET}")
    outer = CredentialsValidateFailedError(f"y {SECRET}", problems={"api_key": f"z {SECRET}"}, cause=inner)
    group = ExceptionGroup("both", [outer, ValueError(SECRET)])
    redact_error(group, [SECRET])
    assert SECRET not in without_source(everything(group))
    assert outer.problems == {"api_key": f"z {MASK}"}


def test_rings_and_errors_that_refuse_changes_are_survived() -> None:
    ring = ValueError(SECRET)
    other = ValueError(SECRET)
    ring.__cause__, other.__cause__ = other, ring
    held: list[object] = [SECRET]
    held.append(held)
    ring.held = held  # type: ignore[attr-defined]
    redact_error(ring, [SECRET])
    assert str(ring) == str(other) == MASK
    frozen = _FrozenError(SECRET)
    frozen.__dict__["request"] = _Held()
    frozen.__dict__["text"] = SECRET
    redact_error(frozen, [SECRET])
    assert frozen.__dict__ == {"request": None, "text": MASK}
    assert str(frozen) == MASK
