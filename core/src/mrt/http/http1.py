"""HTTP/1.1 on a line: a request goes out, the head of its answer comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mrt.errors import InvokeBadResponseError, InvokeConnectionError
from mrt.http.bodies import Body, ChunkedBody, OpenBody, SizedBody
from mrt.http.messages import Headers

if TYPE_CHECKING:
    import h11

    from mrt.http.line import Line

_LARGEST_HEAD = 128 * 1024
_REQUESTS: dict[str, h11.Request] = {}


class Head:
    """The head of an answer, and what stands ready to read its body.

    Args:
        status: HTTP status.
        headers: Header fields.
        body: Cuts the body.
        rest: The beginning of the body, where it came with the head.
    """

    __slots__ = ("body", "headers", "rest", "status")

    def __init__(self, status: int, headers: Headers, body: Body, rest: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.rest = rest


async def ask(line: Line, method: str, head: bytes, content: bytes = b"") -> Head:
    """Send a request and wait for the head of its answer.

    Raises:
        InvokeConnectionError: The connection broke.
        InvokeBadResponseError: The answer is no HTTP.
    """
    import h11

    # h11 writes nothing here, as the fields were checked when the head was built. It only has to know that a request of
    # this method is out, which decides how it reads the answer.
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
    request = _REQUESTS.get(method)
    if request is None:
        request = _REQUESTS[method] = h11.Request(method=method, target="*", headers=[("Host", "*")])
    reader.send(request)
    line.send_later(head)
    line.send_later(content)
    try:
        while True:
            event = reader.next_event()
            if isinstance(event, h11.Response):
                break
            if event is h11.NEED_DATA:
                data = await line.receive()
                if not data:
                    raise _hung_up(line)
                reader.receive_data(data)
    except h11.RemoteProtocolError as error:
        hint = "" if line.secured else "; if it speaks TLS, the URL begins with https://"
        raise InvokeBadResponseError(f"{line.peer} did not answer in HTTP{hint}") from error
    headers = Headers((name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers)
    body = _body(method, event, headers)
    return Head(event.status_code, headers, body, reader.trailing_data[0])


def _hung_up(line: Line) -> InvokeConnectionError:
    if line.received:
        return InvokeConnectionError(f"{line.peer} closed the connection in the middle of its answer")
    return InvokeConnectionError(f"{line.peer} closed the connection without an answer")


def _body(method: str, response: h11.Response, headers: Headers) -> Body:
    """Return what cuts the body, after RFC 9112, section 6.3; h11 has refused contradictory fields already."""
    status = response.status_code
    body: Body
    if method == "HEAD" or status in (204, 304) or (method == "CONNECT" and status < 300):
        body = SizedBody(0)
    elif "transfer-encoding" in headers:
        body = ChunkedBody()
    elif "content-length" in headers:
        body = SizedBody(int(headers["content-length"]))
    else:
        body = OpenBody()
    if response.http_version < b"1.1" or "close" in headers.get("connection", "").lower():
        body.keeps_connection = False
    return body
