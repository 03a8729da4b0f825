"""Conditions of fields and options, implicit variables, and what user interfaces ask for."""

from __future__ import annotations

from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.entities.provider import CredentialFormSchema, ProviderEntity
from mrt.errors import CredentialsValidateFailedError
from mrt.schema import form_fields, missing_fields, validate_credentials_form, visible_fields, visible_options


def shown_when(**values: str) -> list[dict[str, str]]:
    return [{"variable": name, "value": value} for name, value in values.items()]


def field(variable: str, kind: str = "text-input", show_on: Any = (), **keys: Any) -> dict[str, Any]:
    return {"variable": variable, "type": kind, "show_on": list(show_on), **keys}


def provider(*fields: dict[str, Any]) -> ProviderEntity:
    form = {"credential_form_schemas": list(fields)}
    return ProviderEntity.model_validate(
        {"provider": "acme", "supported_model_types": ["llm"], "model_credential_schema": form}
    )


def check(form: ProviderEntity, given: Any, kind: ModelType = ModelType.LLM, model: str = "m") -> dict[str, Any]:
    return dict(validate_credentials_form(form, given, model_type=kind, model=model))


def problems(form: ProviderEntity, given: Any, kind: ModelType = ModelType.LLM) -> dict[str, str]:
    with pytest.raises(CredentialsValidateFailedError) as caught:
        check(form, given, kind)
    return caught.value.problems


SIZES = provider(
    field("size", default="4096", show_on=shown_when(__model_type="llm")),
    field("size", default="512", show_on=shown_when(__model_type="text-embedding")),
    field("size", max_length=1, show_on=shown_when(__model_type="rerank")),
)


def test_the_same_variable_under_conditions_that_exclude_each_other() -> None:
    assert check(SIZES, {}, ModelType.LLM) == {"size": "4096"}
    assert check(SIZES, {}, ModelType.TEXT_EMBEDDING) == {"size": "512"}
    assert check(SIZES, {"size": "77"}, ModelType.LLM) == {"size": "77"}
    assert list(problems(SIZES, {}, ModelType.RERANK)) == ["size"]
    assert "1 are the limit" in problems(SIZES, {"size": "77"}, ModelType.RERANK)["size"]


def test_what_no_visible_field_asks_for_is_left_out() -> None:
    assert check(SIZES, {"size": "77"}, ModelType.TTS) == {}


def test_of_two_visible_fields_the_later_one_counts() -> None:
    assert check(provider(field("a", default="1"), field("a", default="2")), {}) == {"a": "2"}


@pytest.mark.parametrize("spelling", ["text-embedding", "text_embedding", "embeddings"])
def test_model_types_in_conditions_may_be_spelt_in_any_way(spelling: str) -> None:
    form = provider(field("a", show_on=shown_when(__model_type=spelling)))
    assert list(problems(form, {}, ModelType.TEXT_EMBEDDING)) == ["a"]
    assert check(form, {}, ModelType.LLM) == {}


def test_the_models_name_is_implicit_too() -> None:
    form = provider(field("a", show_on=shown_when(__model_name="big")))
    assert check(form, {}, model="small") == {}
    assert check(form, {"a": "x"}, model="big") == {"a": "x"}


def test_implicit_variables_cannot_be_given() -> None:
    form = provider(field("a", required=False, show_on=shown_when(__model_type="rerank")))
    assert check(form, {"__model_type": "rerank", "a": "x"}) == {}


MODE = field("mode", "select", default="chat", options=[{"value": "chat"}, {"value": "completion"}])
TOOLS = field(
    "tools", "select", default="no", options=[{"value": "no"}, {"value": "yes"}], show_on=shown_when(mode="chat")
)
STREAM = field("stream_tools", show_on=shown_when(tools="yes", mode="chat"))


def test_conditions_see_defaults_and_follow_chains() -> None:
    form = provider(STREAM, TOOLS, MODE)
    assert check(form, {}) == {"mode": "chat", "tools": "no"}
    assert check(form, {"mode": "completion", "tools": "yes"}) == {"mode": "completion"}
    assert list(problems(form, {"tools": "yes"})) == ["stream_tools"]
    assert check(form, {"tools": " yes ", "stream_tools": "x"}) == {"mode": "chat", "tools": "yes", "stream_tools": "x"}


def test_circles_of_conditions_end() -> None:
    one = field("a", default="1", show_on=shown_when(b="1"))
    two = field("b", default="1", show_on=shown_when(a="2"))
    assert check(provider(one, two), {}) == {}
    blinking = provider(
        field("a", default="1", show_on=shown_when(a="2")), field("a", default="2", show_on=shown_when(a="1"))
    )
    assert set(check(blinking, {})) <= {"a"}


def test_conditions_on_switches() -> None:
    form = provider(field("on", "switch", default="false"), field("a", show_on=shown_when(on="true")))
    assert check(form, {}) == {"on": False}
    assert list(problems(form, {"on": True})) == ["a"]
    assert check(form, {"on": False}) == {"on": False}


OPTIONS = field(
    "base",
    "select",
    options=[
        {"value": "gpt", "show_on": shown_when(__model_type="llm")},
        {"value": "ada", "show_on": shown_when(__model_type="text-embedding")},
        {"value": "any"},
    ],
)


def test_options_have_conditions_as_well() -> None:
    assert check(provider(OPTIONS), {"base": "gpt"}) == {"base": "gpt"}
    assert problems(provider(OPTIONS), {"base": "ada"}) == {"base": "base ('base') should be one of 'gpt', 'any'"}
    assert check(provider(OPTIONS), {"base": "ada"}, ModelType.TEXT_EMBEDDING) == {"base": "ada"}


def test_without_any_option_a_value_cannot_be_right() -> None:
    form = provider(field("a", "select", required=False, options=[{"value": "x", "show_on": shown_when(b="1")}]))
    assert "nothing to choose" in problems(form, {"a": "x"})["a"]


MODEL_TYPE = field(
    "model_type", "select", options=[{"value": "text-generation"}, {"value": "embeddings"}, {"value": "reranking"}]
)
MODEL_NAME = field("model_name")


class TestFieldsThatTheCallKnows:
    form = provider(MODEL_TYPE, MODEL_NAME, field("url"))

    @pytest.mark.parametrize(
        ("kind", "value"),
        [(ModelType.LLM, "text-generation"), (ModelType.TEXT_EMBEDDING, "embeddings"), (ModelType.RERANK, "reranking")],
    )
    def test_they_are_filled_in(self, kind: ModelType, value: str) -> None:
        assert check(self.form, {"url": "u"}, kind, "org/m") == {"model_type": value, "model_name": "org/m", "url": "u"}

    @pytest.mark.parametrize("spelling", ["llm", "text-generation", "LLM"])
    def test_they_may_be_given(self, spelling: str) -> None:
        given = {"url": "u", "model_type": spelling, "model_name": "alias"}
        assert check(self.form, given) == {"url": "u", "model_type": "text-generation", "model_name": "alias"}

    def test_another_type_than_that_of_the_call_is_refused(self) -> None:
        found = problems(self.form, {"url": "u", "model_type": "reranking"})
        assert found["model_type"] == (
            "model_type names another model type than the call, which is for llm: leave 'model_type' out"
        )

    def test_a_type_that_the_form_does_not_offer_is_refused(self) -> None:
        assert "should be one of" in problems(self.form, {"url": "u"}, ModelType.TTS)["model_type"]
        assert "should be one of" in problems(self.form, {"url": "u", "model_type": "images"})["model_type"]

    def test_a_form_without_them_takes_them_silently(self) -> None:
        given = {"model_type": "llm", "model_name": "m", "url": "u"}
        assert check(provider(field("url"), field("model_uid", required=False)), given) == given

    def test_a_provider_alone_asks_for_them(self) -> None:
        form = ProviderEntity.model_validate(
            {"provider": "a", "provider_credential_schema": {"credential_form_schemas": [MODEL_TYPE, MODEL_NAME]}}
        )
        with pytest.raises(CredentialsValidateFailedError) as caught:
            validate_credentials_form(form, {})
        assert list(caught.value.problems) == ["model_type", "model_name"]


def names(fields: list[CredentialFormSchema]) -> list[str]:
    return [item.variable for item in fields]


class TestForUserInterfaces:
    form = provider(MODEL_TYPE, MODEL_NAME, MODE, TOOLS, STREAM, OPTIONS, field("key", "secret-input"))

    def test_form_fields_settle_what_the_call_knows(self) -> None:
        fields = form_fields(self.form, ModelType.LLM, "m")
        assert names(fields) == ["mode", "tools", "stream_tools", "base", "key"]
        assert [option.value for option in fields[3].options] == ["gpt", "any"]
        assert fields[3].options[0].show_on == []
        assert [item.variable for item in fields[2].show_on] == ["tools", "mode"]
        assert names(form_fields(SIZES, ModelType.RERANK, "m")) == ["size"]
        assert form_fields(SIZES, ModelType.RERANK, "m")[0].show_on == []

    def test_the_form_itself_is_not_changed(self) -> None:
        before = self.form.model_dump()
        form_fields(self.form, ModelType.LLM, "m")
        assert self.form.model_dump() == before

    def test_visible_fields_follow_the_values(self) -> None:
        form = form_fields(self.form, ModelType.LLM, "m")
        assert names(visible_fields(form, {})) == ["mode", "tools", "base", "key"]
        assert names(visible_fields(form, {"tools": "yes"})) == ["mode", "tools", "stream_tools", "base", "key"]
        assert names(visible_fields(form, {"mode": "completion"})) == ["mode", "base", "key"]
        assert names(visible_fields(form, {"mode": ""})) == ["mode", "tools", "base", "key"]

    def test_visible_options(self) -> None:
        (base,) = (item for item in self.form.credential_form("m") if item.variable == "base")
        assert [option.value for option in visible_options(base, {}, model_type=ModelType.LLM)] == ["gpt", "any"]
        assert [option.value for option in visible_options(base, {})] == ["any"]

    def test_missing_fields_are_what_a_program_has_to_ask_for(self) -> None:
        form = self.form.credential_form("m")
        known = {"model_type": ModelType.LLM, "model": "m"}
        assert names(missing_fields(form, {}, **known)) == ["base", "key"]
        assert names(missing_fields(form, {"tools": "yes", "key": " "}, **known)) == ["stream_tools", "base", "key"]
        assert names(missing_fields(form, {"base": "gpt", "key": "k"}, **known)) == []
        assert names(missing_fields(form, {})) == ["model_type", "model_name", "base", "key"]
