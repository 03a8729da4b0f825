"""Which parameters a model takes, and what their help admits."""

from __future__ import annotations

from typing import Any

import pytest
from ollm_calls import OLD_DEFAULTS

from mrt.entities.model import ParameterRule, ParameterType
from mrt_openllm.rules import new_rules, old_rules
from mrt_openllm.server import Generation, Server

ALL = frozenset({
    "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty",
    "max_tokens", "seed", "response_format", "tool_choice", "parallel_tool_calls", "structured_outputs",
})  # fmt: skip


def by_name(rules: list[ParameterRule]) -> dict[str, ParameterRule]:
    return {rule.name: rule for rule in rules}


def old(defaults: dict[str, Any], *, native: bool = False) -> dict[str, ParameterRule]:
    return by_name(old_rules(Server(Generation.OLD, ("m",), defaults=defaults), native=native))


def new(fields: frozenset[str], *, chat: bool = True, size: int | None = 256) -> dict[str, ParameterRule]:
    return by_name(new_rules(Server(Generation.NEW, ("m",), fields=fields), size, chat=chat))


def test_two_models_of_the_old_line_have_different_rules() -> None:
    with_it, without = old(OLD_DEFAULTS), old({"temperature": 0.9, "top_p": 0.9})
    assert set(with_it) - set(without) == {"top_k"}
    assert with_it["top_k"].default == 15
    assert [with_it[name].default for name in ("temperature", "top_p", "max_tokens")] == [0.75, 0.78, 128]
    assert [without[name].default for name in ("temperature", "max_tokens")] == [0.9, None]


def test_a_default_of_zero_is_a_default() -> None:
    # top_k 0 is off: what a StableLM says.
    assert old({"top_k": 0})["top_k"].default == 0


def test_a_default_that_is_no_number_is_none() -> None:
    rule = old({"top_k": True, "temperature": "warm"})
    assert (rule["top_k"].default, rule["temperature"].default) == (None, None)
    assert "default" not in str(rule["temperature"].help)


def test_the_native_route_takes_what_the_chat_route_passes_over() -> None:
    assert "repetition_penalty" not in old(OLD_DEFAULTS)
    assert old(OLD_DEFAULTS, native=True)["repetition_penalty"].default == 1.0


def test_without_metadata_only_what_all_servers_take_is_offered() -> None:
    rules = old({})
    assert list(rules) == ["temperature", "top_p", "max_tokens"]
    assert "does not tell which parameters" in str(rules["temperature"].help)


def test_help_says_what_the_server_told_and_what_is_assumed() -> None:
    rules = old({**OLD_DEFAULTS, "frequency_penalty": 0.0})
    # Servers of the old line check the range of the temperature themselves.
    assert str(rules["temperature"].help) == "The default is the server's."
    assert str(rules["top_p"].help) == (
        "The default is the server's. The server does not tell the range of this parameter; it is assumed."
    )
    assert "assumed" in str(rules["frequency_penalty"].help)
    assert rules["top_p"].help is not None
    assert rules["top_p"].help.get("zh_Hans") == "默认值由服务器提供。服务器未说明该参数的取值范围,此处为假定值。"


@pytest.mark.parametrize("name", ["top_k", "min_p", "repetition_penalty", "seed", "tool_choice"])
def test_what_the_document_does_not_name_is_not_offered(name: str) -> None:
    assert name in new(ALL)
    assert name not in new(ALL - {name})


def test_rules_of_the_present_generation() -> None:
    rules = new(ALL)
    assert set(rules) == (ALL - {"structured_outputs"}) | {"json_schema"}
    assert "json_schema" not in new(ALL - {"response_format"})
    assert rules["max_tokens"].max == 256
    assert new(ALL, size=None)["max_tokens"].max is None
    assert (rules["top_k"].type, rules["top_k"].min) == (ParameterType.INT, -1)
    assert "range" in str(rules["temperature"].help)
    assert "range" not in str(rules["max_tokens"].help)


def test_text_to_continue_takes_no_formats_and_tools() -> None:
    assert not {"response_format", "json_schema", "tool_choice", "parallel_tool_calls"} & set(new(ALL, chat=False))


def test_without_a_document_the_dialects_parameters_are_assumed() -> None:
    rules = new(frozenset())
    assert {"temperature", "max_tokens", "response_format"} <= set(rules)
    assert "top_k" not in rules
    assert all("does not tell which parameters" in str(rule.help) for rule in rules.values())
