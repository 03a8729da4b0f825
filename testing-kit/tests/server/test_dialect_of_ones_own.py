"""A dialect that a third party writes, as the docstring of the base class says."""

from __future__ import annotations

from typing import Any

import pytest

from mrt_testing_kit.probe import ask
from mrt_testing_kit.server import (
    Call,
    Conversation,
    Dialect,
    Event,
    Framing,
    OracleServer,
    Reply,
    Route,
    Turn,
    json_reply,
    register_dialect,
)


@pytest.fixture(autouse=True)
def acme(own_dialects: None) -> None:
    @register_dialect
    class Acme(Dialect):
        """A vendor."""

        name = "acme"
        routes = (Route("POST", "/v2/talk/{room}", "chat", "talk"), Route("GET", "/v2/models", "models", "models"))

        def error(self, status: int, message: str, **details: Any) -> Reply:
            return json_reply({"fault": message, "no": status}, status)

        def talk(self, call: Call) -> Reply:
            talk = Conversation([Turn("user", f"{call.params['room']}: {call.body['question']}")])
            answer = call.answer(talk)
            if call.stream:
                events = [Event({"piece": piece.text}, kind="text") for piece in call.pieces(answer) if piece.text]
                return call.stream_reply([*events, Event(raw="END", kind="end")], Framing(), answer)
            return call.json_reply({"said": answer.text}, answer=answer)

        def models(self, call: Call) -> Reply:
            return call.json_reply(["acme-1"])


def test_it_answers_streams_and_fails_like_the_others() -> None:
    with OracleServer("acme", api_key="k") as server:
        headers = {"authorization": "Bearer k"}
        body = {"question": "Hi", "stream": False}
        got = ask(server.url, "POST", "/v2/talk/a%2Fb", body, headers)
        assert got.json == {"said": "You said: a/b: Hi"}
        events = ask(server.url, "POST", "/v2/talk/x", {**body, "stream": True}, headers).events
        assert ("".join(event["piece"] for event in events[:-1]), events[-1]) == ("You said: x: Hi", "END")
        assert ask(server.url, "GET", "/v2/models").json == {"fault": "wrong or missing key", "no": 401}
        assert ask(server.url, "GET", "/v2/other").json["no"] == 404
        server.fault("F15", after=1)
        assert ask(server.url, "POST", "/v2/talk/x", {**body, "stream": True}, headers).events == [{"piece": "You"}]
        server.fault("F41", status=529)
        assert ask(server.url, "POST", "/v2/talk/x", body, headers).json["no"] == 529
        server.fault("F01")
        got = ask(server.url, "POST", "/v2/talk/x", body, headers)
        assert {len(chunk) for chunk in got.chunks} == {1}
        assert server.errors == []
        assert [kind for kind in ("llm", "text-embedding", "tts") if server.dialect.serves(kind)] == ["llm"]


def test_paths_beyond_one_segment() -> None:
    route = Route("GET", "/m/{name+}/x", "model", "models")
    assert route.match("/m/a/b%20c/x") == {"name": "a/b c"}
    assert Route("GET", "/m/{name}", "model", "models").match("/m/a/b") is None
    assert Route("GET", "/a.b", "model", "models").match("/aXb") is None
