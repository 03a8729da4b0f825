"""Secrets are found in every form, and taken out of transcripts."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from mrt_testing_kit.leak import find
from mrt_testing_kit.server import RecordedRequest
from mrt_testing_kit.transcript import Scrubber, transcript

KEY = "sk-canary-0123456789abcdef/+ü"


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (f"key={KEY}", "whole"),
        (f"?key={quote(KEY, safe='')}", "percent-encoded"),
        (f"0x{KEY.encode().hex()}", "in hexadecimal"),
        (f"<{KEY[::-1]}>", "backwards"),
        (base64.b64encode(KEY.encode()).decode(), "in base64"),
        (base64.b64encode(f"user:{KEY}".encode()).decode(), "in base64"),
        (base64.urlsafe_b64encode(f"Bearer {KEY}".encode()).decode(), "in base64"),
        ("it ends in 89abcdef", "in part"),
        ("it begins with sk-canary- and has 0123", None),
        ("nothing", None),
    ],
)
def test_a_secret_is_found(text: str, how: str | None) -> None:
    assert find(KEY, text) == how


def test_transcripts_hold_no_secret() -> None:
    body = f'{{"key": "{KEY}", "more": "{base64.b64encode(KEY.encode()).decode()}"}}'.encode()
    fields = "Authorization: Bearer other-key\r\nX-Api-Key: third\r\nAccept: a/b"
    head = f"POST /v1?key={quote(KEY, safe='')} HTTP/1.1\r\n{fields}\r\n\r\n"
    request = RecordedRequest(1, 1, "POST", "/v1", [], body, head.encode("latin-1"), status=200)
    earlier = RecordedRequest(1, 1, "GET", "/v0", [], b"", b"GET /v0 HTTP/1.1\r\n\r\n", status=200)
    text = transcript([earlier] * 6 + [request] * 3, Scrubber([KEY]))
    assert find(KEY, text) is None
    for word in ("other-key", "third"):
        assert word not in text
    assert "Authorization: Bearer [secret]" in text
    assert "> X-Api-Key: [secret]\n> Accept: a/b\n" in text
    assert text.startswith("... 6 earlier requests ...")
    assert "/v0" not in text
    assert transcript([], Scrubber([KEY])) == "(no request reached the server)"
