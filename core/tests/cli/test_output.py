from __future__ import annotations

import json

import click
import pytest

from mrt.cli.models import price
from mrt.cli.options import parse_pairs
from mrt.cli.output import display_width, table, wrap
from mrt.cli.prompts import typed_parameters
from mrt.cli.report import Reporter, exit_code
from mrt.entities.model import ParameterRule, PriceConfig
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeBadRequestError,
    InvokeConnectionError,
    InvokeContentFilterError,
    InvokeError,
    InvokeModelNotFoundError,
    InvokeRateLimitError,
    InvokeServerUnavailableError,
    PluginError,
    ProviderNotFoundError,
    SchemaError,
)

SECRET = 'sk-"quoted"\\canary'


def test_columns_are_aligned_and_the_last_one_is_wrapped() -> None:
    text = table([("a", "1", "word " * 20), ("long name", "22", "x")], ("NAME", "N", "TEXT"))
    lines = text.splitlines()
    assert lines[0] == "NAME       N   TEXT"
    assert lines[1].startswith("a          1   word word")
    assert lines[2].startswith(" " * 15 + "word")
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "long name  22  x"


def test_a_long_first_cell_has_its_own_line() -> None:
    assert table([("short", "1"), ("x" * 50, "2")]).splitlines() == ["short  1", "x" * 50, "       2"]
    assert table([("x" * 50, "2")]).splitlines() == ["x" * 50, "  2"]


def test_wide_characters_take_two_columns() -> None:
    assert display_width("日本") == 4
    assert table([("日本", "1"), ("abcd", "2")]).splitlines() == ["日本  1", "abcd  2"]


def test_no_rows_are_no_text() -> None:
    assert table([]) == ""
    assert table([("",)]) == ""
    assert wrap("", 10) == [""]


@pytest.mark.parametrize(
    ("pricing", "text"),
    [
        (None, "-"),
        ({"input": "3", "output": "15", "unit": "0.000001", "currency": "USD"}, "3 / 15 USD"),
        ({"input": "0.002", "output": "0.006", "unit": "0.001", "currency": "RMB"}, "2 / 6 RMB"),
        ({"input": "0.1", "unit": "0.000001", "currency": "USD", "cache_read": "0.025"}, "0.1 / - / 0.025 USD"),
        ({"input": "0", "output": "0", "unit": "0.001", "currency": "USD"}, "0 / 0 USD"),
        ({"input": "100", "unit": "0.001", "currency": "JPY"}, "100000 JPY"),
    ],
)
def test_prices_are_for_a_million(pricing: dict[str, str] | None, text: str) -> None:
    assert price(PriceConfig.model_validate(pricing) if pricing else None) == text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("float", "0.5", 0.5),
        ("float", "0", 0),
        ("int", "7", 7),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("string", "1", "1"),
        ("text", '{"type": "object"}', '{"type": "object"}'),
        (None, '["a", 1, null]', ["a", 1, None]),
        (None, "plain words", "plain words"),
        ("float", "warm", "warm"),
    ],
)
def test_parameters_get_the_type_of_their_rule(kind: str | None, text: str, value: object) -> None:
    rules = [ParameterRule.model_validate({"name": "p", "type": kind})] if kind else []
    typed = typed_parameters({"p": text}, rules)["p"]
    assert typed == value
    assert type(typed) is type(value)


def test_pairs() -> None:
    assert parse_pairs(("a=1", " b =x=y", "c="), "--param") == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("pair", ["sk-test-canary", "=sk-test-canary", "", " =x"])
def test_a_wrong_pair_is_refused_and_not_quoted(pair: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parse_pairs((pair,), "--credential")
    assert caught.value.message == "--credential takes NAME=VALUE"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvokeConnectionError("x"), 1),
        (InvokeServerUnavailableError("x"), 1),
        (InvokeRateLimitError("x"), 1),
        (InvokeError("x"), 1),
        (PluginError("x"), 1),
        (SchemaError("x"), 1),
        (RuntimeError("x"), 1),
        (InvokeBadRequestError("x"), 2),
        (InvokeModelNotFoundError("x"), 2),
        (InvokeContentFilterError("x"), 2),
        (ProviderNotFoundError("x"), 2),
        (click.UsageError("x"), 2),
        (InvokeAuthorizationError("x"), 3),
        (CredentialsValidateFailedError("x"), 3),
    ],
)
def test_the_exit_code_says_whose_fault_it_is(error: Exception, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(error) == code
    assert Reporter().fail(error) == code
    bug = "MRT has a bug, please report it: RuntimeError: x; --debug shows where"
    assert capsys.readouterr() == ("", f"error: {bug if type(error) is RuntimeError else 'x'}\n")


def test_an_interruption(capsys: pytest.CaptureFixture[str]) -> None:
    assert Reporter().fail(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_all_fields_of_an_error_are_in_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    error = InvokeRateLimitError(
        "slow down", provider="acme", model="m", status=429, code="quota", request_id="r", retry_after=1.5
    )
    Reporter(as_json=True).fail(error)
    assert json.loads(capsys.readouterr().err) == {
        "error": {
            "type": "InvokeRateLimitError",
            "message": str(error),
            "provider": "acme",
            "model": "m",
            "status": 429,
            "code": "quota",
            "request_id": "r",
            "retry_after": 1.5,
            "retryable": True,
        }
    }


def test_fields_of_refused_credentials_come_from_the_cause(capsys: pytest.CaptureFixture[str]) -> None:
    cause = InvokeAuthorizationError("no", status=401)
    Reporter(as_json=True).fail(CredentialsValidateFailedError("refused", problems={"key": "wrong"}, cause=cause))
    error = json.loads(capsys.readouterr().err)["error"]
    assert (error["status"], error["problems"]) == (401, {"key": "wrong"})


def test_secrets_leave_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (False, True):
        reporter = Reporter(debug=True, as_json=as_json)
        reporter.hide([SECRET, "abc", 7, None])
        try:
            raise ValueError({"key": SECRET})
        except ValueError as error:
            reporter.fail(error)
        reporter.warn(f"{SECRET} {SECRET!r} {json.dumps(SECRET)} abc")
    out, err = capsys.readouterr()
    assert out == ""
    assert "canary" not in err
    assert "abc" in err
    assert "Traceback" in err


def test_control_characters_of_a_vendor_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Reporter().fail(InvokeError("red \x1b[31mtext\x07 and\r\nmore\tof it"))
    assert capsys.readouterr().err == "error: red [31mtext and\nmore\tof it\n"
