"""A request goes out as it should, and its answer comes back whole."""

from __future__ import annotations

import pytest
from raw_server import Peer, Serve, answer, chunk, replies
from ways import Way, get, post

from mrt.entities.secret import Secret
from mrt.http.messages import HTTPRequest
from mrt.http.transport import Transport


def test_a_request_has_its_fields_and_those_of_the_transport(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer()))
    way.send(transport, post(f"{server.url}/v1/x?y=1", b'{"a":1}', authorization=Secret("Bearer sk-test"), unused=None))
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/v1/x?y=1", b'{"a":1}')
    assert request.headers == {
        "host": f"127.0.0.1:{server.port}",
        "content-type": "application/json",
        "authorization": "Bearer sk-test",
        "accept": "*/*",
        "accept-encoding": "gzip, deflate",
        "user-agent": "mrt",
        "content-length": "7",
    }


def test_a_request_without_body_announces_none(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer()))
    way.send(transport, get(f"{server.url}/v1/models"), post(f"{server.url}/v1/x", b""))
    assert "content-length" not in server.requests[0].headers
    assert server.requests[1].headers["content-length"] == "0"


def test_fields_of_the_request_win_in_any_case_and_framing_stays_ours(
    serve: Serve, way: Way, transport: Transport
) -> None:
    server = serve(replies(answer()))
    headers = {
        "Content-Type": "a/b",
        "content-type": "c/d",
        "User-Agent": "x",
        "Content-Length": "99",
        "Connection": "close",
    }
    way.send(transport, HTTPRequest("POST", server.url, headers, b"abc"), get(server.url))
    head = server.requests[0].head.decode()
    assert head.lower().count("content-type") == 1
    assert "content-type: c/d" in head
    assert "User-Agent: x" in head
    assert server.requests[0].headers["content-length"] == "3"
    assert server.connections == 1


BODIES = {
    "sized": answer(b"hello"),
    "chunked": answer(b"", "200 OK", "Transfer-Encoding: chunked", length=False)
    + chunk(b"he")
    + chunk(b"llo")
    + b"0\r\n\r\n",
    "trailers": answer(b"", "200 OK", "Transfer-Encoding: chunked", length=False)
    + b"3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n",
    "after an interim answer": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer(b"hello"),
}


@pytest.mark.parametrize("payload", BODIES.values(), ids=BODIES)
def test_answers_come_whole_and_the_connection_stays(
    serve: Serve, way: Way, transport: Transport, payload: bytes
) -> None:
    server = serve(replies(payload))
    responses = way.send(transport, *[post(f"{server.url}/v1/x?secret=1")] * 3)
    assert [response.content for response in responses] == [b"hello"] * 3
    assert {response.status for response in responses} == {200}
    assert {response.url for response in responses} == {f"{server.url}/v1/x"}
    assert responses[0].headers["Content-TYPE"] == "application/json"
    assert server.connections == 1


@pytest.mark.parametrize("payload", BODIES.values(), ids=BODIES)
def test_answers_in_single_bytes_are_the_same(serve: Serve, way: Way, transport: Transport, payload: bytes) -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.request()
            peer.send(*(payload[at : at + 1] for at in range(len(payload))))

    server = serve(script)
    responses = way.send(transport, *[get(server.url)] * 2)
    assert [response.content for response in responses] == [b"hello"] * 2
    assert server.connections == 1


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["open end", "HTTP/1.0", "close"],
)
def test_a_connection_that_the_server_ends_is_not_used_again(
    serve: Serve, way: Way, transport: Transport, head: str
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.send(head.encode() + b"hello")

    server = serve(script)
    responses = way.send(transport, *[get(server.url)] * 2)
    assert [response.content for response in responses] == [b"hello"] * 2
    assert server.connections == 2


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]
)
def test_answers_without_body_end_with_their_head(
    serve: Serve, way: Way, transport: Transport, method: str, status: str
) -> None:
    server = serve(replies(f"HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n".encode()))
    responses = way.send(transport, *[HTTPRequest(method, server.url)] * 2)
    assert [response.content for response in responses] == [b"", b""]
    assert server.connections == 1


def test_more_than_the_announced_length_ends_the_connection(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer(b"hello") + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"))
    responses = way.send(transport, *[get(server.url)] * 2)
    assert [response.content for response in responses] == [b"hello", b"hello"]
    assert server.connections == 2


def test_big_bodies_pass_both_ways(serve: Serve, way: Way, transport: Transport) -> None:
    big = bytes(range(256)) * 40_000
    server = serve(replies(answer(big)))
    (response,) = way.send(transport, post(server.url, big))
    assert response.content == big
    assert server.requests[0].body == big


def test_an_answer_before_the_whole_body_was_read_counts(serve: Serve, way: Way, transport: Transport) -> None:
    def script(peer: Peer) -> None:
        peer._until(b"\r\n\r\n")
        peer.send(answer(b"too big", "413 Payload Too Large", "Connection: close"))
        assert peer.left()

    server = serve(script)
    (response,) = way.send(transport, post(server.url, b"x" * 200_000))
    assert (response.status, response.content) == (413, b"too big")


def test_redirects_are_answers_and_nothing_follows_them(serve: Serve, way: Way, transport: Transport) -> None:
    elsewhere = serve(replies(answer()))
    server = serve(replies(answer(b"", "307 Temporary Redirect", f"Location: {elsewhere.url}/v1/x")))
    (response,) = way.send(transport, post(f"{server.url}/v1/x", authorization="Bearer sk-test"))
    assert response.status == 307
    assert elsewhere.connections == 0


def test_hosts_may_be_names_and_paths_any_text(serve: Serve, way: Way, transport: Transport) -> None:
    server = serve(replies(answer()))
    (response,) = way.send(transport, get(f"http://localhost:{server.port}/v1/modèle x/%2Fy"))
    assert server.requests[0].target == "/v1/mod%C3%A8le%20x/%2Fy"
    assert server.requests[0].headers["host"] == f"localhost:{server.port}"
    assert response.url == f"http://localhost:{server.port}/v1/mod%C3%A8le%20x/%2Fy"


def test_a_closed_transport_closes_its_connections_and_opens_new_ones(serve: Serve, way: Way) -> None:
    server = serve(replies(answer()))
    transport = Transport(trust_env=False)
    way.send(transport, get(server.url))
    transport.close()
    transport.close()
    assert server.wait_freed()
    way.send(transport, get(server.url))
    assert server.connections == 2
    transport.close()
    assert server.wait_freed()
