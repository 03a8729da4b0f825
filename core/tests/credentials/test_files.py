from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from mrt.credentials import read_credentials_file
from mrt.errors import CredentialsValidateFailedError

CANARY = "sk-test-canary-0123456789"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{"api_key": "k", "size": 4096, "nothing": null}'),
        ("c.yaml", "api_key: k\nsize: 4096\nnothing:\n"),
        ("c.yml", "acme: {api_key: k, size: 4096}\nother: {api_key: x}\n"),
        ("c.json", '{"acme": {"api_key": "k", "size": 4096}}'),
        ("no-suffix", '{"api_key": "k", "size": 4096}'),
    ],
)
def test_a_mapping_of_fields_or_of_providers(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    assert read_credentials_file(path, "acme") == {"api_key": "k", "size": 4096}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("c.json", f'{{"api_key": "{CANARY}" oops', "no valid JSON at line 1"),
        ("c.yaml", f"api_key: {CANARY}\n  broken: [", "no valid YAML at line 2"),
        ("c.yaml", f"- {CANARY}\n", "must hold a mapping"),
        ("c.yaml", "", "must hold a mapping"),
        ("c.yaml", f"other: {{api_key: {CANARY}}}\n", "nothing for acme, only for: other"),
        ("c.json", f'["{CANARY}"]', "must hold a mapping"),
    ],
)
def test_a_wrong_file_is_refused_and_not_quoted(tmp_path: Path, name: str, content: str, told: str) -> None:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(CredentialsValidateFailedError, match=told) as caught:
        read_credentials_file(path, "acme")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialsValidateFailedError, match=r"gone\.json cannot be read: No such file"):
        read_credentials_file(tmp_path / "gone.json", "acme")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(CANARY.encode() + b"\xff\xfe")
    with pytest.raises(CredentialsValidateFailedError, match="not UTF-8") as caught:
        read_credentials_file(path, "acme")
    assert CANARY not in "".join(traceback.format_exception(caught.value))
