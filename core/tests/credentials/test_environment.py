from __future__ import annotations

from pathlib import Path

import pytest

from mrt.credentials import environment_name, parse_dotenv
from mrt.credentials.environment import from_environment, read_dotenv
from mrt.errors import CredentialsValidateFailedError


@pytest.mark.parametrize(
    ("provider", "field", "name"),
    [
        ("acme", "server_url", "MRT_ACME_SERVER_URL"),
        ("acme-cloud", "api_key", "MRT_ACME_CLOUD_API_KEY"),
        ("acme.cloud", "acme-key", "MRT_ACME_CLOUD_ACME_KEY"),
    ],
)
def test_the_variable_is_made_of_provider_and_field(provider: str, field: str, name: str) -> None:
    assert environment_name(provider, field) == name


def test_an_empty_variable_sets_nothing() -> None:
    environ = {"MRT_ACME_API_KEY": "", "MRT_ACME_SERVER_URL": "http://127.0.0.1", "API_KEY": "other"}
    assert from_environment("acme", ["api_key", "server_url"], environ) == {"server_url": "http://127.0.0.1"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("MRT_A=plain", "plain"),
        ("  export MRT_A = spaced  ", "spaced"),
        ("MRT_A='single # no \\n comment'", "single # no \\n comment"),
        ('MRT_A="double # \\"quoted\\" \\n line"', 'double # "quoted" \n line'),
        ("MRT_A=value # a comment", "value"),
        ("MRT_A=with#hash", "with#hash"),
        ("MRT_A=", ""),
        ('MRT_A=""', ""),
        ("MRT_A=a=b=c", "a=b=c"),
        ("MRT_A=日本", "日本"),
    ],
)
def test_dotenv_lines(line: str, value: str) -> None:
    assert parse_dotenv(line) == {"MRT_A": value}


@pytest.mark.parametrize("line", ["# MRT_A=1", "no assignment", "1A=2", "", "=x"])
def test_other_lines_set_nothing(line: str) -> None:
    assert parse_dotenv(line) == {}


def test_the_last_of_two_lines_counts() -> None:
    assert parse_dotenv("MRT_A=1\r\nMRT_B=2\r\nMRT_A=3") == {"MRT_A": "3", "MRT_B": "2"}


def test_a_folder_without_dotenv_sets_nothing(tmp_path: Path) -> None:
    assert read_dotenv(tmp_path) == {}


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfMRT_A=1\n")
    assert read_dotenv(tmp_path) == {"MRT_A": "1"}


def test_a_dotenv_that_is_no_text_is_refused_without_its_content(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"MRT_A=sk-test-canary\xff\xfe")
    with pytest.raises(CredentialsValidateFailedError, match="not UTF-8") as caught:
        read_dotenv(tmp_path)
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
