"""Finding a secret in a text, whole, encoded or in part."""

from __future__ import annotations

import base64
import json
from functools import lru_cache
from urllib.parse import quote

_PART = 8
"""Characters of a secret in a row that no text has by chance."""


def find(secret: str, text: str) -> str | None:
    """Return how a secret shows in a text: ``whole``, ``base64``, ``in part`` and so on; None when it does not.

    Args:
        secret: The secret. Its parts are looked for behind its last hyphen: what stands before is no secret.
        text: Any text.
    """
    return next((name for name, form in _forms(secret) if form in text), None)


@lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[tuple[str, str], ...]:
    data = secret.encode("utf-8", "surrogatepass")
    forms = [
        ("whole", secret),
        ("percent-encoded", quote(secret, safe="")),
        ("escaped", json.dumps(secret)[1:-1]),
        ("in hexadecimal", data.hex()),
        ("backwards", secret[::-1]),
    ]
    # What stands before the secret shifts its base64 by none, one or two bytes; whole groups of four stay the same.
    for shift in range(3):
        aligned = data[shift : shift + (len(data) - shift) // 3 * 3]
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            forms.append(("in base64", encode(aligned).decode()))
    own = secret.rpartition("-")[2]
    forms += [("in part", own[at : at + _PART]) for at in range(len(own) - _PART + 1)]
    return tuple((name, form) for name, form in forms if len(form) >= _PART)
