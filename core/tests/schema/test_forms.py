"""Credentials against forms: what is missing, what is refused, what comes out."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.provider import ProviderEntity
from mrt.entities.secret import Credentials, Secret
from mrt.errors import CredentialsValidateFailedError
from mrt.schema import validate_credentials_form

CANARY = "sk-test-canary-7f3a"


def provider(*fields: dict[str, Any], **keys: Any) -> ProviderEntity:
    form = {"credential_form_schemas": list(fields)}
    base = {"provider": "acme", "supported_model_types": ["llm"], "model_credential_schema": form}
    return ProviderEntity.model_validate({**base, **keys})


def field(variable: str, kind: str = "text-input", **keys: Any) -> dict[str, Any]:
    return {"variable": variable, "type": kind, "label": {"en_US": variable.title(), "zh_Hans": "字段"}, **keys}


KEY = field("api_key", "secret-input", label={"en_US": "API Key", "zh_Hans": "密钥"})
URL = field("server_url", label={"en_US": "Server", "zh_Hans": "服务器"})
CHOICE = field("size", "select", required=False, options=[{"value": "s"}, {"value": "l"}])
SWITCH = field("fast", "switch", required=False)


def check(form: ProviderEntity, given: Any, **options: Any) -> Credentials:
    return validate_credentials_form(form, given, **{"model_type": ModelType.LLM, "model": "m", **options})


def problems(form: ProviderEntity, given: Any, **options: Any) -> dict[str, str]:
    with pytest.raises(CredentialsValidateFailedError) as caught:
        check(form, given, **options)
    for text in caught.value.problems.values():
        assert text in str(caught.value)
    assert str(caught.value).startswith("acme: ")
    return caught.value.problems


def test_secrets_become_secrets_and_texts_stay() -> None:
    checked = check(provider(KEY, URL), {"api_key": CANARY, "server_url": "http://127.0.0.1"})
    assert checked["api_key"] == Secret(CANARY)
    assert checked["server_url"] == "http://127.0.0.1"
    assert CANARY not in f"{checked!r}{checked}"
    assert checked.reveal() == {"api_key": CANARY, "server_url": "http://127.0.0.1"}


def test_all_problems_come_at_once_with_labels_in_the_language() -> None:
    found = problems(provider(KEY, URL, CHOICE), {"size": "xl"}, lang="zh_Hans")
    assert found == {
        "api_key": "密钥 is missing: give 'api_key'",
        "server_url": "服务器 is missing: give 'server_url'",
        "size": "字段 ('size') should be one of 's', 'l'",
    }
    assert "API Key is missing" in problems(provider(KEY), {}, lang="fr_FR")["api_key"]


@pytest.mark.parametrize("empty", [None, "", "  ", "\n\t", "\u00a0", "\ufeff", Secret(""), Secret(" \n")])
def test_blank_values_are_missing(empty: Any) -> None:
    assert list(problems(provider(KEY), {"api_key": empty})) == ["api_key"]
    assert dict(check(provider(field("a", required=False)), {"a": empty})) == {}
    assert dict(check(provider(field("a", default="d")), {"a": empty})) == {"a": "d"}


@pytest.mark.parametrize("around", ["{}", " {}", "{}\n", "\r\n{}\r\n", "\ufeff{}\u200b", "\t{}\u00a0"])
@pytest.mark.parametrize("wrap", [str, Secret])
def test_what_a_paste_brings_along_is_cut_off(around: str, wrap: Any) -> None:
    checked = check(provider(KEY, URL), {"api_key": wrap(around.format("k e\ny")), "server_url": around.format("u")})
    assert checked.reveal() == {"api_key": "k e\ny", "server_url": "u"}


def test_defaults_fill_required_and_optional_fields() -> None:
    form = provider(
        field("a", default=60), field("b", required=False, default="x"), field("c", "switch", default=False), CHOICE
    )
    assert dict(check(form, {})) == {"a": "60", "b": "x", "c": False}
    assert dict(check(form, {"a": "0", "c": "TRUE"})) == {"a": "0", "b": "x", "c": True}


@pytest.mark.parametrize(("value", "text"), [(60, "60"), (0, "0"), (0.5, "0.5"), (60.0, "60"), (-1, "-1")])
def test_numbers_stand_for_their_text(value: Any, text: str) -> None:
    assert check(provider(field("a")), {"a": value})["a"] == text


@pytest.mark.parametrize("value", [True, False, [], ["a"], {"a": 1}, b"bytes", object(), 1j])
@pytest.mark.parametrize("kind", ["text-input", "secret-input", "select"])
def test_values_of_another_kind_are_refused(value: Any, kind: str) -> None:
    options = [{"value": "a"}] if kind == "select" else []
    found = problems(provider(field("a", kind, options=options)), {"a": value})
    assert "should be text" in found["a"] or "should be 'a'" in found["a"]


@pytest.mark.parametrize(
    ("value", "result"), [(True, True), (False, False), ("true", True), ("FALSE", False), (" True\n", True)]
)
def test_switches(value: Any, result: bool) -> None:
    assert check(provider(SWITCH), {"fast": value})["fast"] is result


@pytest.mark.parametrize("value", ["yes", "1", 1, 0, "on", [], "truee"])
def test_switches_take_nothing_else(value: Any) -> None:
    assert problems(provider(SWITCH), {"fast": value}) == {"fast": "Fast ('fast') should be true or false"}


def test_choices() -> None:
    radio = field("flag", "radio", options=[{"value": "true"}, {"value": "false"}])
    numbers = field("count", "select", options=[{"value": "1"}, {"value": "2"}])
    assert dict(check(provider(radio, numbers), {"flag": True, "count": 2})) == {"flag": "true", "count": "2"}
    assert list(problems(provider(radio, numbers), {"flag": "True", "count": 3})) == ["flag", "count"]


def test_long_lists_of_choices_are_cut() -> None:
    many = field("a", "select", options=[{"value": str(number)} for number in range(40)])
    assert problems(provider(many), {"a": "x"})["a"].endswith("'11' and 28 more")


def test_length_limits_count_after_cutting() -> None:
    form = provider(field("a", max_length=3))
    assert check(form, {"a": " abc "})["a"] == "abc"
    assert problems(form, {"a": "abcd"}) == {"a": "A ('a') has 4 characters, and 3 are the limit"}
    assert check(provider(field("a", max_length=0)), {"a": "x" * 9999})["a"] == "x" * 9999


def test_messages_never_repeat_a_value() -> None:
    form = provider(
        field("a", "select", options=[{"value": "x"}]), field("b", max_length=3), field("c", "switch"), field("d")
    )
    given = {"a": CANARY, "b": CANARY, "c": CANARY, "d": [CANARY], "dd": {CANARY: 1}}
    with pytest.raises(CredentialsValidateFailedError) as caught:
        check(form, given)
    assert len(caught.value.problems) == 4
    assert CANARY not in f"{caught.value!r} {caught.value} {caught.value.problems} {caught.value.args}"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("api_kye", "api_key"), ("API-KEY", "api_key"), ("apikey", "api_key"), ("server_uri", "server_url")],
)
def test_a_slip_in_a_name_is_named(wrong: str, meant: str) -> None:
    given = {"api_key": "k", "server_url": "u"}
    given[wrong] = given.pop(meant)
    found = problems(provider(KEY, URL), given)
    assert found[wrong] == f"'{wrong}' is no field of the form: did you mean '{meant}'?"


def test_a_slip_for_an_optional_field_is_named_too() -> None:
    assert list(problems(provider(field("organization", required=False)), {"organisation": "x"})) == ["organisation"]


def test_other_unknown_fields_pass_as_secrets() -> None:
    checked = check(provider(KEY), {"api_key": "k", "api_keys": "x", "proxy": "p", "retries": 3, "none": None})
    assert checked.reveal() == {"api_key": "k", "api_keys": "x", "proxy": "p", "retries": 3}
    assert isinstance(checked["proxy"], Secret)
    assert checked["retries"] == 3


def test_names_are_texts() -> None:
    assert list(problems(provider(KEY), {"api_key": "k", 1: "x"})) == ["1"]


@pytest.mark.parametrize("given", [None, "key", ["api_key"], 3])
def test_credentials_are_a_mapping(given: Any) -> None:
    with pytest.raises(CredentialsValidateFailedError, match="credentials are a mapping"):
        check(provider(KEY), given)


def test_the_callers_mapping_is_not_changed() -> None:
    given = {"api_key": " k ", "extra": ["x"], "size": "s"}
    before = {**given, "extra": ["x"]}
    check(provider(KEY, CHOICE, field("d", default="x")), given)
    assert given == before


def test_checking_twice_changes_nothing() -> None:
    form = provider(KEY, URL, SWITCH, CHOICE, field("d", default="7"))
    once = check(form, {"api_key": "k", "server_url": "u", "fast": "true", "other": "o"})
    again = check(form, once)
    assert again == once
    assert again.fingerprint == once.fingerprint


def test_a_secret_for_a_plain_field_stays_one() -> None:
    assert check(provider(URL), {"server_url": Secret("http://u:p@127.0.0.1")})["server_url"] == Secret(
        "http://u:p@127.0.0.1"
    )


def test_required_fields_may_wait_when_only_some_are_needed() -> None:
    assert dict(check(provider(KEY, URL), {"server_url": "u"}, partial=True)) == {"server_url": "u"}
    assert list(problems(provider(KEY, CHOICE), {"size": "xl"}, partial=True)) == ["size"]


class TestWithoutAForm:
    def test_everything_passes(self) -> None:
        given = {"api_key": "k", "Token": "t", "url": "u", "client_secret": "s", "PASSWORD": "p", "n": 1, "none": None}
        checked = check(provider(), given)
        assert checked.reveal() == given
        assert {name for name, value in checked.items() if isinstance(value, Secret)} == {
            "api_key", "Token", "client_secret", "PASSWORD"
        }  # fmt: skip


class TestWhichForm:
    both = provider(
        URL,
        provider_credential_schema={"credential_form_schemas": [KEY]},
        configurate_methods=["predefined-model", "customizable-model"],
        models=[{"model": "ready", "model_type": "llm"}],
    )

    def test_a_model_of_ones_own_has_the_models_form(self) -> None:
        assert list(problems(self.both, {}, model="mine")) == ["server_url"]

    def test_the_provider_has_its_own(self) -> None:
        assert list(problems(self.both, {}, model_type=None, model=None)) == ["api_key"]

    def test_a_predefined_model_takes_either(self) -> None:
        assert check(self.both, {"server_url": "u"}, model="ready")["server_url"] == "u"
        assert check(self.both, {"api_key": "k"}, model="ready")["api_key"] == Secret("k")
        assert list(problems(self.both, {}, model="ready")) == ["server_url"]

    def test_another_type_of_that_name_is_not_predefined(self) -> None:
        assert list(problems(self.both, {"api_key": "k"}, model="ready", model_type=ModelType.RERANK)) == ["server_url"]

    def test_the_providers_form_stands_in(self) -> None:
        only = ProviderEntity.model_validate(
            {"provider": "acme", "provider_credential_schema": {"credential_form_schemas": [KEY]}}
        )
        assert list(problems(only, {}, model="mine")) == ["api_key"]

    def test_a_question_to_the_provider_uses_the_models_form_where_there_is_no_other(self) -> None:
        checked = check(provider(KEY, URL), {"api_key": "k"}, model_type=None, model=None, partial=True)
        assert checked["api_key"] == Secret("k")
        assert list(problems(provider(KEY, URL), {"api_kye": "k"}, model_type=None, model=None, partial=True))
