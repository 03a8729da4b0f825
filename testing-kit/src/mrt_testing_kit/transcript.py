"""What went over the wire, as text without secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from mrt_testing_kit.failure import shorten
from mrt_testing_kit.server import RecordedRequest

_MASK = "[secret]"
_AUTH = re.compile(
    r"(?im)^((?:proxy-)?authorization|x-api-key|api-key|x-goog-api-key|cookie)([:\t ]+)(\S+[\t ]+)?\S.*$"
)
_BODY = 2000
_SHOWN = 3


class Scrubber:
    """Takes secrets out of texts, also where they are encoded.

    Args:
        secrets: The values; ones shorter than 5 characters are left, since they may stand anywhere.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) < 5:
                continue
            raw = secret.encode("utf-8", "surrogatepass")
            forms |= {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
            whole = base64.b64encode(raw).decode()
            forms |= {whole, whole.rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
        # Longer forms first: a form may contain a shorter one.
        self._forms = sorted(forms, key=lambda form: (-len(form), form))

    def __call__(self, text: str) -> str:
        """Return the text with every secret replaced."""
        for form in self._forms:
            text = text.replace(form, _MASK)
        return text


def headline(request: RecordedRequest, limit: int = 600) -> str:
    """Return method, target and body of a request in one line, and the faults that its answer had."""
    body = request.body.decode("utf-8", "replace")
    if not body.isprintable():
        body = repr(body)[1:-1]
    told = f"{request.method} {request.target} {shorten(body, limit)}".rstrip()
    return f"{told} [answered with {', '.join(request.played)}]" if request.played else told


def transcript(requests: Sequence[RecordedRequest], scrub: Scrubber) -> str:
    """Return what was asked and answered, request by request.

    Args:
        requests: As the server recorded them; of more than three the last ones are shown, where the check failed.
        scrub: Takes the secrets out.
    """
    if not requests:
        return "(no request reached the server)"
    earlier = len(requests) - _SHOWN
    parts = [f"... {earlier} earlier requests ..."] if earlier > 0 else []
    return scrub("\n\n".join([*parts, *map(_one, requests[-_SHOWN:])]))


def _one(request: RecordedRequest) -> str:
    head = request.head.decode("latin-1").replace("\r\n", "\n").strip()
    head = _AUTH.sub(lambda found: f"{found[1]}{found[2]}{found[3] or ''}{_MASK}", head)
    lines = [f"> {line}" for line in head.splitlines()]
    if request.body:
        text = shorten(request.body.decode("utf-8", "backslashreplace"), _BODY)
        lines += [">", *(f"> {line}" for line in text.splitlines())]
    status = "no status" if request.status is None else f"status {request.status}"
    faults = f", faults {', '.join(request.faults)}" if request.faults else ""
    lines.append(f"< {status}, {request.outcome}{faults}")
    sent = shorten(request.response.decode("utf-8", "backslashreplace"), _BODY).replace("\r\n", "\n")
    lines += [f"< {line}".rstrip() for line in sent.rstrip().split("\n")] if sent else []
    return "\n".join(lines)
