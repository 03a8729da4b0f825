"""A key is shown nowhere on its way: not in logs, not in errors, not in what objects print."""

from __future__ import annotations

import io
import logging
import traceback

import pytest
from raw_server import Peer, Serve, answer, replies
from ways import Way, get, post

from mrt.entities.secret import Secret
from mrt.errors import InvokeError
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def log() -> io.StringIO:
    """Catch what every logger says."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text  # type: ignore[misc]
    root.removeHandler(handler)
    root.setLevel(level)


def reset(peer: Peer) -> None:
    peer.request()
    peer.reset()


@pytest.mark.parametrize(
    "script", [replies(answer()), replies(b"nonsense\r\n\r\n"), reset], ids=["good", "bad", "reset"]
)
@pytest.mark.parametrize("url", ["/v1?key={key}", "/v1"])
def test_neither_logs_nor_errors_show_the_key(
    serve: Serve, way: Way, transport: Transport, log: io.StringIO, script, url: str
) -> None:
    server = serve(script)
    logging.getLogger("test").debug("the log is read")
    request = post(server.url + url.format(key=KEY), authorization=Secret(f"Bearer {KEY}"))
    text = repr(request.headers) + repr(transport)
    try:
        (response,) = way.send(transport, request)
    except InvokeError as error:
        text += "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    else:
        text += repr(response) + response.url
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert "the log is read" in log.getvalue()
    assert KEY not in log.getvalue()
    assert KEY not in text


def test_time_limits_and_refusals_show_no_key(way: Way, transport: Transport) -> None:
    for url in (f"http://127.0.0.1:1/{KEY[:0]}?k={KEY}", f"http://{KEY}@127.0.0.1/", f"http://no-such.invalid/?{KEY}"):
        with pytest.raises(InvokeError) as caught:
            way.send(transport, get(url), timeouts=Timeouts(connect=5))
        assert KEY not in "".join(traceback.format_exception(caught.value))
