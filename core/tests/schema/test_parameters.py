"""Parameters of a call against a model's rules."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import warnings
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, strategies as st

from mrt.entities.model import ParameterRule
from mrt.errors import InvokeBadRequestError
from mrt.schema import ParameterValidator


def rule(name: str, **keys: Any) -> ParameterRule:
    return ParameterRule.model_validate({"name": name, **keys})


VALIDATOR = ParameterValidator(
    [
        rule("temperature", use_template="temperature", max=2),
        rule("max_output_tokens", use_template="max_tokens", max=4096),
        rule("seed", type="int"),
        rule("scale", type="float"),
        rule("logprobs", type="boolean"),
        rule("effort", type="string", options=["low", "high"]),
        rule("suffix", type="string"),
        rule("json_schema", use_template="json_schema"),
        rule("prompt", type="text"),
    ]
)


def ok(params: Any, **options: Any) -> dict[str, Any]:
    checked, dropped = VALIDATOR.validate(params, **options)
    assert dropped == ()
    return checked


def refused(params: Any, validator: ParameterValidator = VALIDATOR, **options: Any) -> str:
    with pytest.raises(InvokeBadRequestError) as caught:
        validator.validate(params, **options)
    assert not caught.value.retryable
    return str(caught.value)


def test_nothing_is_given_and_nothing_is_sent() -> None:
    assert ok({}) == {}
    assert ok(None) == {}
    assert ok(dict.fromkeys(["temperature", "seed", "unknown"])) == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0),
        ("temperature", 0.0),
        ("temperature", 2),
        ("seed", 0),
        ("seed", -1),
        ("logprobs", False),
        ("suffix", ""),
        ("effort", "low"),
        ("scale", -1e300),
        ("prompt", "\n"),
    ],
)
def test_values_pass_as_they_are(name: str, value: Any) -> None:
    checked = ok({name: value})
    assert checked == {name: value}
    assert type(checked[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("seed", True, "'seed' should be a whole number, not True"),
        ("seed", 0.5, "'seed' should be a whole number, not 0.5"),
        ("seed", "5", "'seed' should be a whole number, not '5'"),
        ("seed", math.nan, "'seed' should be a whole number, not nan"),
        ("seed", math.inf, "'seed' should be a whole number, not inf"),
        ("temperature", True, "'temperature' should be a number, not True"),
        ("temperature", "hot", "'temperature' should be a number, not 'hot'"),
        ("temperature", math.nan, "'temperature' should be a finite number, not nan"),
        ("temperature", -math.inf, "'temperature' should be a finite number, not -inf"),
        ("temperature", -0.1, "'temperature' is -0.1, below the smallest value 0.0"),
        ("temperature", 2.01, "'temperature' is 2.01, above the largest value 2"),
        ("temperature", 3, "'temperature' is 3, above the largest value 2"),
        ("temperature", [1], "'temperature' should be a number, not [1]"),
        ("max_output_tokens", 0, "'max_output_tokens' is 0, below the smallest value 1"),
        ("max_tokens", 5000, "'max_tokens' is 5000, above the largest value 4096"),
        ("logprobs", 1, "'logprobs' should be true or false, not 1"),
        ("logprobs", "true", "'logprobs' should be true or false, not 'true'"),
        ("effort", "LOW", "'effort' should be one of 'low', 'high', not 'LOW'"),
        ("suffix", 5, "'suffix' should be text, not 5"),
        ("suffix", {"a": 1}, "'suffix' should be text, not {'a': 1}"),
        ("prompt", b"bytes", "'prompt' should be text, not b'bytes'"),
        ("suffix", ["x" * 99], "'suffix' should be text, not a list"),
        ("json_schema", {"a": object}, "'json_schema' is no JSON Schema: it holds values that JSON does not have"),
    ],
)
def test_values_are_refused(name: str, value: Any, text: str) -> None:
    assert refused({name: value}) == text


def test_all_problems_come_at_once() -> None:
    text = refused({"temperature": 9, "seed": "x", "efort": "low", "logprobs": None})
    assert text.split("; ") == [
        "'temperature' is 9, above the largest value 2",
        "'seed' should be a whole number, not 'x'",
        "'efort' is no parameter of this model",
        "did you mean 'effort'?",
    ]


class Index:
    def __index__(self) -> int:
        return 7


class Float:
    def __float__(self) -> float:
        return 0.5


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [("seed", 512.0, 512), ("seed", Index(), 7), ("scale", Float(), 0.5), ("scale", Decimal("0.5"), 0.5),
     ("scale", Fraction(1, 4), 0.25), ("seed", -0.0, 0)],
)  # fmt: skip
def test_other_numbers_become_plain_ones(name: str, value: Any, result: Any) -> None:
    checked = ok({name: value})
    assert checked == {name: result}
    assert type(checked[name]) is type(result)


@pytest.mark.parametrize(
    ("value", "result"),
    [(0.1 + 0.2, 0.3), (0.125, 0.12), (0.135, 0.14), (0.005, 0.0), (0.015, 0.02), (1.999, 2.0), (0.7, 0.7), (1, 1)],
)
def test_precision_rounds_as_decimals_half_to_even(value: float, result: float) -> None:
    assert ok({"temperature": value}) == {"temperature": result}


def test_rounding_gives_no_minus_zero() -> None:
    rounded = ParameterValidator([rule("p", type="float", precision=1)]).validate({"p": -0.01})[0]["p"]
    assert str(rounded) == "0.0"


def test_rounding_does_not_leave_the_range() -> None:
    narrow = ParameterValidator([rule("p", type="float", min=0.005, max=0.994, precision=2)])
    assert narrow.validate({"p": 0.005}) == ({"p": 0.005}, ())
    assert narrow.validate({"p": 0.994}) == ({"p": 0.99}, ())
    assert "above" in refused({"p": math.nextafter(0.994, 1)}, narrow)


def test_a_negative_precision_does_not_count() -> None:
    assert ParameterValidator([rule("p", type="float", precision=-1)]).validate({"p": 12.5}) == ({"p": 12.5}, ())


def test_the_templates_name_is_another_name() -> None:
    assert ok({"max_tokens": 5}) == {"max_output_tokens": 5}
    assert ok({"max_tokens": 5, "max_output_tokens": None}) == {"max_output_tokens": 5}
    assert "are the same parameter" in refused({"max_tokens": 5, "max_output_tokens": 6})


def test_a_templates_name_that_is_ambiguous_or_taken_is_none() -> None:
    two = ParameterValidator([rule("a", use_template="max_tokens"), rule("b", use_template="max_tokens")])
    assert "'max_tokens' is no parameter" in refused({"max_tokens": 5}, two)
    taken = ParameterValidator([rule("a", use_template="top_k"), rule("top_k", type="string")])
    assert taken.validate({"top_k": "x"}) == ({"top_k": "x"}, ())


def test_required_parameters() -> None:
    strict = ParameterValidator(
        [
            rule("n", type="int", required=True),
            rule("m", type="int", required=True, default=0),
            rule("o", type="int", default=3),
        ]
    )
    assert strict.validate({"n": 1}) == ({"n": 1, "m": 0}, ())
    assert strict.validate({"n": 1, "m": 2}) == ({"n": 1, "m": 2}, ())
    assert refused({}, strict) == "'n' is required"
    assert refused({"n": None, "m": "x"}, strict) == "'m' should be a whole number, not 'x'; 'n' is required"
    assert refused({"n": "x"}, strict) == "'n' should be a whole number, not 'x'"


def test_options_of_numbers_are_numbers() -> None:
    sizes = ParameterValidator(
        [rule("size", type="int", options=["256", "512"]), rule("x", type="float", options=["0.5"])]
    )
    assert sizes.validate({"size": 512, "x": 0.5}) == ({"size": 512, "x": 0.5}, ())
    assert refused({"size": 300}, sizes) == "'size' should be one of 256, 512, not 300"
    loose = ParameterValidator([rule("size", type="int", options=["small"]), rule("b", type="boolean", options=["x"])])
    assert loose.validate({"size": 300, "b": True}) == ({"size": 300, "b": True}, ())


def test_a_json_schema_may_be_data() -> None:
    schema = {"type": "object", "properties": {"名": {"type": "string"}}}
    assert json.loads(ok({"json_schema": schema})["json_schema"]) == schema
    assert ok({"json_schema": "{}"}) == {"json_schema": "{}"}
    renamed = ParameterValidator([rule("schema", use_template="json_schema")])
    assert renamed.validate({"json_schema": [1]}) == ({"schema": "[1]"}, ())


def test_unknown_parameters_by_policy() -> None:
    text = refused({"temperatur": 1, "top_n": 2})
    assert "'temperatur' is no parameter of this model; did you mean 'temperature'?" in text
    assert "it takes temperature, max_output_tokens, seed" in text
    assert VALIDATOR.validate({"seed": 1, "x": 2}, policy="drop") == ({"seed": 1}, ("x",))
    assert "it takes none" in refused({"zzz": 1}, ParameterValidator([]))


def test_wrong_values_are_refused_under_every_policy() -> None:
    for policy in ("error", "warn", "drop"):
        assert "below" in refused({"temperature": -1, "x": 1}, policy=policy)


def test_a_warning_comes_once_per_name() -> None:
    validator = ParameterValidator([rule("seed", type="int")])
    with pytest.warns(UserWarning, match="'sed' is no parameter of this model and is left out; did you mean 'seed'"):
        assert validator.validate({"sed": 1, "seed": 2}, policy="warn") == ({"seed": 2}, ("sed",))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert validator.validate({"sed": 1}, policy="warn") == ({}, ("sed",))
    with pytest.warns(UserWarning, match="other"):
        validator.validate({"sed": 1, "other": 1}, policy="warn")


def test_allowed_names_pass_as_they_are() -> None:
    value = object()
    assert ok({"extra": value, "seed": 1}, allow=["extra"]) == {"extra": value, "seed": 1}
    assert ok({"extra": None}, allow=["extra"]) == {}


def test_names_are_texts() -> None:
    assert "5 is no parameter" in refused({5: 1}) or "'5' is no parameter" in refused({5: 1})


def test_the_callers_dict_and_the_defaults_are_not_shared() -> None:
    params = {"temperature": 0.1 + 0.2, "max_tokens": 5.0, "json_schema": {"a": [1]}}
    before = json.dumps(params)
    ok(params)
    assert json.dumps(params) == before


def test_threads_share_a_validator() -> None:
    results: list[Any] = []

    def work(number: int) -> None:
        for _ in range(200):
            results.append(VALIDATOR.validate({"seed": number, "zz": 1}, policy="drop") == ({"seed": number}, ("zz",)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results)
    assert len(results) == 3200


NUMBERS = st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6)


@given(low=NUMBERS, high=NUMBERS, value=st.integers() | st.floats(), precision=st.none() | st.integers(0, 6))
def test_inside_the_range_is_taken_and_outside_refused(low: Any, high: Any, value: Any, precision: Any) -> None:
    assume(low <= high)
    validator = ParameterValidator([rule("p", type="float", min=low, max=high, precision=precision)])
    if isinstance(value, float) and not math.isfinite(value):
        refused({"p": value}, validator)
    elif low <= value <= high:
        result = validator.validate({"p": value})[0]["p"]
        assert low <= result <= high
        assert abs(Decimal(result) - Decimal(value)) <= (Decimal(10) ** -(precision or 0)) / 2 + Decimal("1e-9")
        if precision is None:
            assert result == value
    else:
        refused({"p": value}, validator)


@given(low=NUMBERS, high=NUMBERS)
def test_the_ends_of_the_range_belong_to_it(low: Any, high: Any) -> None:
    assume(low <= high)
    validator = ParameterValidator([rule("p", type="float", min=low, max=high)])
    assert validator.validate({"p": low})[0] == {"p": low}
    assert validator.validate({"p": high})[0] == {"p": high}
    refused({"p": math.nextafter(float(low), -math.inf)}, validator)
    refused({"p": math.nextafter(float(high), math.inf)}, validator)


ANYTHING = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5)


@given(params=st.dictionaries(st.sampled_from([*VALIDATOR._rules, "max_tokens", "x"]), ANYTHING | st.lists(ANYTHING)))
def test_every_value_is_taken_or_refused_with_one_error(params: dict[str, Any]) -> None:
    before = repr(params)
    with contextlib.suppress(InvokeBadRequestError):
        checked, dropped = VALIDATOR.validate(params, policy="drop")
        assert set(checked) <= set(VALIDATOR._rules)
        assert set(dropped) == {"x"} & {name for name, value in params.items() if value is not None}
        assert VALIDATOR.validate(checked) == (checked, ())
    assert repr(params) == before
