"""Header fields of a request, checked and encoded before anything is sent."""

from __future__ import annotations

import re

from mrt.entities.secret import Secret
from mrt.errors import InvokeAuthorizationError, InvokeBadRequestError, InvokeError
from mrt.http.inflate import ACCEPTED
from mrt.http.messages import HTTPRequest

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[!-~]([\t -~]*[!-~])?|")
_DEFAULTS = {
    "accept": "Accept: */*",
    "accept-encoding": f"Accept-Encoding: {ACCEPTED}",
    "user-agent": "User-Agent: mrt",
}
_KEY_LIKE = re.compile(r"authorization|key|token|secret", re.IGNORECASE)

# Of the transport's own making: the body goes out whole, and connections are kept.
_OWN = frozenset(("content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer"))


def request_head(request: HTTPRequest, target: str, host: str, extra: str = "") -> bytes:
    """Return the request line and the fields: the request's own, and those that it leaves to the transport.

    Args:
        request: The request.
        target: What follows the method: a path, or for a proxy the whole URL.
        host: Host and, unless it is the usual one, port.
        extra: More fields, each with its line end.

    Raises:
        InvokeAuthorizationError: A key holds what a header cannot carry.
        InvokeBadRequestError: Another field does.
    """
    if not _NAME.fullmatch(request.method):
        raise InvokeBadRequestError(f"{request.method[:40]!r} is no HTTP method")
    fields = {"host": f"Host: {host}"}
    for name, given in request.headers.items():
        if given is None:
            continue
        value = given.reveal() if isinstance(given, Secret) else given
        if not _NAME.fullmatch(name):
            raise InvokeBadRequestError(f"{name[:40]!r} is no name of a header field")
        if not _VALUE.fullmatch(value):
            raise _bad_value(name, value, isinstance(given, Secret))
        lowered = name.lower()
        if lowered not in _OWN:
            fields[lowered] = f"{name}: {value}"
    for name, value in _DEFAULTS.items():
        fields.setdefault(name, value)
    if request.content or request.method in ("POST", "PUT", "PATCH"):
        fields["content-length"] = f"Content-Length: {len(request.content)}"
    lines = "\r\n".join(fields.values())
    return f"{request.method} {target} HTTP/1.1\r\n{lines}\r\n{extra}\r\n".encode("ascii")


def _bad_value(name: str, value: str, secret: bool) -> InvokeError:
    """Return the error for a value, which it does not show."""
    if not value.isascii():
        found = "holds a character that is not ASCII (a quotation mark or dash from a document?)"
    elif value.strip() != value:
        found = "begins or ends with white space or a line break"
    else:
        found = "holds a line break or a control character"
    what = f"the value of the header {name!r} {found}"
    if secret or _KEY_LIKE.search(name):
        return InvokeAuthorizationError(f"{what}: copy the key again, without what stands around it")
    return InvokeBadRequestError(what)
