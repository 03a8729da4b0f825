"""S5: the header of the credentials."""

from __future__ import annotations

from mrt_testing_kit.server.request import RecordedRequest
from mrt_testing_kit.server.strict.rules import Violation

_QUERY = {"key", "api_key", "apikey", "api-key", "access_token", "token"}


def check(request: RecordedRequest, header: str, prefix: str, key: str | None) -> list[Violation]:
    """Return what is wrong with the credentials.

    Args:
        request: the request.
        header: the header in which the vendor wants them.
        prefix: what stands before the key there.
        key: the right key; None when the server has none.
    """
    found: list[str] = []
    given = request.header_values(header)
    if len(given) > 1:
        found.append(f"the header {header} comes {len(given)} times")
    for value in given:
        if prefix and not value.startswith(prefix.strip()):
            found.append(f"the header {header} does not begin with {prefix.strip()}")
        elif not value.removeprefix(prefix.strip()).strip():
            found.append(f"the header {header} has no key in it")
        elif (
            value != f"{prefix}{value.removeprefix(prefix)}"
            or value.removeprefix(prefix) != value.removeprefix(prefix).strip()
        ):
            found.append(f"the header {header} is not exactly {prefix!r} and the key")
        elif key is not None and value != f"{prefix}{key}":
            found.append(f"the header {header} does not hold the key")
    if key is not None and not given:
        found.append(f"the header {header} is missing")
    for other in {"authorization", "x-api-key", "api-key"} - {header}:
        if request.header(other) is not None:
            found.append(f"the header {other} is not the vendor's: it wants {header}")
    for name, _ in request.query:
        if name.lower() in _QUERY:
            found.append(f"the query holds credentials: {name}")
    return [Violation("S5", sentence, header, 401) for sentence in found]
