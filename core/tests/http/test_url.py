"""However a URL is written, requests go to one place."""

from __future__ import annotations

import itertools
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, strategies as st

from mrt.errors import CredentialsValidateFailedError
from mrt.http.url import endpoint, normalize_base_url, quote_segment


@pytest.mark.parametrize(
    ("before", "after", "version"),
    list(itertools.product(("", " ", "\n"), ("", "/", "//", " ", "/ \n"), ("", "/v1", "//v1", "/v1/"))),
)
@pytest.mark.parametrize("base", ["http://127.0.0.1:9997", "https://api.example.com/prefix/more", "http://[::1]:80"])
def test_one_place_for_all_spellings(base: str, before: str, after: str, version: str) -> None:
    for path in ("chat/completions", "/chat/completions"):
        assert endpoint(f"{before}{base}{version}{after}", path) == f"{base}/v1/chat/completions"


def test_other_versions_and_none() -> None:
    assert endpoint("http://h.example.com/api", "chat", version="") == "http://h.example.com/api/chat"
    assert endpoint("http://h.example.com/v2/", "chat", version="v2") == "http://h.example.com/v2/chat"
    assert endpoint("http://h.example.com/v1beta", "chat") == "http://h.example.com/v1beta/v1/chat"
    assert endpoint("http://h.example.com/notv1", "chat") == "http://h.example.com/notv1/v1/chat"
    assert endpoint("http://h.example.com", "", version="") == "http://h.example.com"


def test_ports_stay_and_hosts_are_written_small() -> None:
    assert normalize_base_url("http://Example.COM:80/Path/") == "http://example.com:80/Path"
    assert normalize_base_url("HTTPS://example.com") == "https://example.com"
    assert normalize_base_url("http://bücher.example.com") == "http://bücher.example.com"
    assert normalize_base_url("http://example.com:/v1") == "http://example.com/v1"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        "example.com",
        "127.0.0.1:9997",
        "localhost:9997",
        "//example.com",
        "ftp://example.com",
        "http://",
        "http:///v1",
        "http:example.com",
        "http://:80",
        "http://exa mple.com",
        "http://example.com/a b",
        "http://example.com:port",
        "http://example.com:99999",
        "http://[::1",
        "http://user@example.com",
        "http://user:sk-test@example.com",
        "http://example.com/v1?key=sk-test",
        "http://example.com/v1?",
        "http://example.com/#x",
        "http://example.com\\@evil.example.com",
    ],
)
def test_what_is_no_url_of_a_server_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(CredentialsValidateFailedError) as caught:
        normalize_base_url(url)
    assert "URL" in str(caught.value)
    assert "sk-test" not in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_quoted_text_is_one_segment_and_comes_back(text: str) -> None:
    quoted = quote_segment(text)
    assert unquote(quoted) == text
    assert quoted.isascii()
    assert not set(quoted) & set("/?#:@ \\\r\n")
    assert quoted not in (".", "..")
    assert urlsplit(endpoint("http://h.example.com", f"models/{quoted}")).path == f"/v1/models/{quoted}"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Qwen/Qwen2.5:7b", "Qwen%2FQwen2.5%3A7b"),
        ("..", "%2E%2E"),
        (".", "%2E"),
        ("a b", "a%20b"),
        ("模型", "%E6%A8%A1%E5%9E%8B"),
        ("100%", "100%25"),
        ("a\ud800", "a%3F"),
        ("a.b", "a.b"),
    ],
)
def test_names_of_models(text: str, quoted: str) -> None:
    assert quote_segment(text) == quoted
