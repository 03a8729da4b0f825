"""What a plugin on a vendor's SDK needs of the runtime that calls it: time limits, TLS, and a place for its client.

All three are for code that runs below a hook: `_invoke`, `validate_credentials` and their sisters.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from mrt.http.context import current_context
from mrt.http.messages import Timeouts

if TYPE_CHECKING:
    import ssl

_T = TypeVar("_T")


def time_limits() -> Timeouts:
    """Return the time limits of the running call, in seconds: hand them to the SDK with each call."""
    return current_context().timeouts


def tls_context() -> ssl.SSLContext:
    """Return the runtime's TLS context: with the caller's own CA (``Runtime(ca_file=...)``), or the system's.

    Raises:
        InvokeConnectionError: The CA file cannot be read.
    """
    return current_context().transport.tls_context()


def shared(key: Hashable, make: Callable[[], _T]) -> _T:
    """Return the runtime's client for a key: made once, used by all calls and threads, closed with the runtime.

    A client for each call opens a connection for each call. One that a module keeps mixes the keys of its callers, and
    nobody closes it.

    Args:
        key: The vendor's name and all that the client is made from: ``("acme", api_key, base_url)``.
        make: Makes it; it may have a `close` method.
    """
    found: _T = current_context().transport.keep(key, make)
    return found
