"""However a URL is written, requests go to one place."""

from __future__ import annotations

import itertools
from urllib.parse import unquote, urlsplit

import httpx
import pytest
from hypothesis import given, strategies as st

from mrt.errors import CredentialsValidateFailedError
from mrt.http.url import endpoint, normalize_base_url, plain_parts, quote_segment


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


PLAIN = [
    "http://127.0.0.1:9997/v1/chat/completions",
    "https://api.example.com/v1/chat/completions",
    "https://api.example.com",
    "https://api.example.com/",
    "https://api.example.com:443/v1",
    "http://api.example.com:80",
    "http://api.example.com:443/v1",
    "http://localhost:8000/v1beta/models/some_model.v2-x~1/",
    "http://10.255.0.199/a",
    "http://h-1.2x.example/a.b/c..d/e..",
]
UNPLAIN = [
    *(
        "http://api.example.com/a/../b",
        "http://api.example.com/./a",
        "http://api.example.com/a%2Fb",
        "http://a.example?b",
    ),
    *(
        "http://user@a.example/",
        "http://[::1]:80/",
        "HTTP://a.example/",
        "http://A.example/",
        "http://b\u00fccher.example/",
    ),
    *("http://256.1.1.1/", "http://01.2.3.4/", "http://1.2.3/", "http://a.example:65536/", "http://a.example:0/"),
    *("http://a.example:/", "http://a_b.example/", "ftp://a.example/", "http://a.example/a b", "http://a.example/#c"),
    *("http://a.example/v1\n", " http://a.example/", "http://-a.example/", "http://a.example//b", "http:///a", ""),
]


@pytest.mark.parametrize("url", PLAIN)
def test_plain_urls_are_read_as_by_a_parser(url: str) -> None:
    parsed = httpx.URL(url)
    expected = (parsed.scheme, parsed.raw_host.decode(), parsed.port, parsed.raw_path.decode())
    assert plain_parts(url) == expected


@pytest.mark.parametrize("url", UNPLAIN)
def test_other_urls_are_left_to_a_parser(url: str) -> None:
    assert plain_parts(url) is None


_PIECES = ["http", "https", "://", *"aB9-_~.:?@/0", "..", "//", "80", "443", "%2F"]


@given(st.lists(st.sampled_from(_PIECES), max_size=14).map(lambda pieces: "http://" + "".join(pieces)))
def test_what_counts_as_plain_is_never_read_otherwise(url: str) -> None:
    found = plain_parts(url)
    if found is not None:
        parsed = httpx.URL(url)
        assert found == (parsed.scheme, parsed.raw_host.decode(), parsed.port, parsed.raw_path.decode())
