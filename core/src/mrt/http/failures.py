"""Errors of sockets and TLS, in words that say what to do.

No text here holds a header value, a query or the user part of a URL.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from mrt.errors import InvokeConnectionError

if TYPE_CHECKING:
    import ssl

# OpenSSL's X509_V_ERR_* numbers.
_EXPIRED, _NOT_YET_VALID, _WRONG_HOST, _WRONG_ADDRESS = 10, 9, 62, 64
_SELF_SIGNED, _UNKNOWN_ISSUER = (18, 19), (2, 20, 21)


def unknown_host(host: str, error: OSError | UnicodeError) -> InvokeConnectionError:
    """Return the error for a name that has no address."""
    reason = _reason(error) if isinstance(error, OSError) else "not a valid name"
    return InvokeConnectionError(
        f"the host {host[:100]!r} was not found ({reason}): check the name in the URL, and the network"
    )


def not_connected(peer: str, error: OSError) -> InvokeConnectionError:
    """Return the error for a connection that was not made."""
    if isinstance(error, ConnectionRefusedError):
        return InvokeConnectionError(f"connection to {peer} refused: is the server running, and is this its port?")
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return InvokeConnectionError(f"no connection to {peer}: {_reason(error)}; make fewer calls at once")
    return InvokeConnectionError(f"no connection to {peer}: {_reason(error)}")


def broken(peer: str, error: OSError) -> InvokeConnectionError:
    """Return the error for a connection that broke while it was used."""
    return InvokeConnectionError(f"the connection to {peer} broke: {_reason(error)}")


def tls_failed(host: str, error: ssl.SSLError) -> InvokeConnectionError:
    """Return the error for TLS that could not be set up or broke.

    A certificate does not become right by trying again, so that error is not retryable.
    """
    code = getattr(error, "verify_code", None)
    if code is None:
        reason = (error.reason or "").replace("_", " ").lower() or "closed by the server"
        hint = ""
        if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
            hint = "; the server may speak plain HTTP: then the URL begins with http://"
        return InvokeConnectionError(f"TLS with {host} failed ({reason}){hint}", retryable=False if hint else None)
    trust = "if you trust it, name its CA file as ca_file or in SSL_CERT_FILE"
    if code in _SELF_SIGNED:
        reason = f"is signed by itself or by a CA of its own; {trust}"
    elif code in _UNKNOWN_ISSUER:
        reason = f"comes from an unknown CA; {trust}"
    elif code == _EXPIRED:
        reason = "has expired"
    elif code == _NOT_YET_VALID:
        reason = "is not valid yet; check this computer's clock"
    elif code in (_WRONG_HOST, _WRONG_ADDRESS):
        reason = "is for another host; use the name that it was made for"
    else:
        reason = f"was not accepted: {getattr(error, 'verify_message', 'unknown reason')}"
    return InvokeConnectionError(f"the certificate of {host} {reason}", retryable=False)


def _reason(error: OSError) -> str:
    # The text of name look-ups is in strerror only; others are the same on every platform through os.strerror.
    if error.strerror:
        return error.strerror.lower()
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__
