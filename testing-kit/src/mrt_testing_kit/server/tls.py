"""TLS for the servers of the kit, with a test CA that ships in the package.

The standard library cannot make certificates, so these were made once, for a hundred years. The private keys are
public: they protect nothing, and no machine should ever trust this CA.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

KINDS = ("trusted", "untrusted", "wrong-host", "expired")


def _folder() -> Path:
    with as_file(files("mrt_testing_kit") / "data" / "tls") as path:
        return Path(path)


def ca_file() -> Path:
    """Return the path of the test CA's certificate."""
    return _folder() / "test-ca.pem"


def server_context(kind: str = "trusted", shake_hands: Callable[[], bool] | None = None) -> ssl.SSLContext:
    """Return a server's TLS context.

    Args:
        kind: ``trusted`` for localhost, 127.0.0.1 and ::1 by the test CA; ``untrusted`` signed by itself;
            ``wrong-host`` by the test CA for ``other.example.com``; ``expired`` by the test CA, run out in 2001.
        shake_hands: asked at each handshake; False breaks it off.

    Raises:
        ValueError: no such kind.
    """
    if kind not in KINDS:
        raise ValueError(f"no certificate {kind!r}; there are: {', '.join(KINDS)}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_folder() / f"test-server-{kind}.pem")
    if shake_hands is not None:
        agree = shake_hands

        def hello(sock: ssl.SSLObject | ssl.SSLSocket, name: str | None, ctx: ssl.SSLContext) -> int | None:
            return None if agree() else ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE

        context.sni_callback = hello
    return context
