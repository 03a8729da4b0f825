"""What a dialect does not do, or does wrongly, is said of the dialect: at the start, or where a fault looks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from own_shape import QUESTION, Own, made, talk

from mrt_testing_kit.probe import ask
from mrt_testing_kit.server import (
    DIALECTS,
    Call,
    Conversation,
    Dialect,
    Event,
    Framing,
    OracleServer,
    Reply,
    Route,
    Turn,
    UnconsumedFault,
    json_reply,
    oracle,
    register_dialect,
)
from mrt_testing_kit.server.dialects import find

pytestmark = pytest.mark.usefixtures("own_dialects")


def served(**changes: Any) -> OracleServer:
    return OracleServer(made(Own, changes).name)


def unplayed(server: OracleServer, act: Callable[[OracleServer], object], fault: str, **options: Any) -> str:
    """Play a fault that has no place, and return why; a mistake of the dialect ends with how to mend it."""
    with pytest.raises(UnconsumedFault, match="the dialect own") as caught, server.fault(fault, **options) as entry:
        act(server)
    assert not entry.consumed
    error = server.unplayed.pop()
    assert str(error) == str(caught.value)
    return f"{error.reason}. {error.mend}".strip()


def embedded(server: OracleServer) -> Any:
    return ask(server.url, "POST", "/vectors", {"engine": "acme-vec", "texts": ["a", "b", "c"]})


def ranked(server: OracleServer) -> Any:
    return ask(server.url, "POST", "/order", {"about": "b", "docs": ["a", "b", "c"]})


def streamed(server: OracleServer) -> Any:
    return talk(server, stream=True)


class TestRows:
    def test_a_handler_that_asks_the_oracle_by_itself(self) -> None:
        def embed(self: Any, call: Call) -> Reply:
            return call.json_reply({"vectors": [oracle.embedding(text) for text in call.body["texts"]]})

        with served(embed=embed) as server:
            for fault in ("F50", "F51", "F52", "F53", "F54"):
                said = unplayed(server, embedded, fault)
                assert said == "embed() does not call call.vectors(). Let the handler call it."
            assert embedded(server).status == 200

    def test_a_handler_that_counts_rows_by_itself(self) -> None:
        def embed(self: Any, call: Call) -> Reply:
            rows = call.vectors(call.body["texts"])
            return call.json_reply([{"place": place, "numbers": row.vector} for place, row in enumerate(rows)])

        with served(embed=embed) as server:
            said = unplayed(server, embedded, "F50")
            assert said.startswith("embed() does not read row.index. Write row.index into the answer, or say indexed=")
            server.fault("F51")
            assert len(embedded(server).json) == 2

    def test_vendors_whose_rows_have_no_index(self) -> None:
        def embed(self: Any, call: Call) -> Reply:
            return call.json_reply([row.vector for row in call.vectors(call.body["texts"], indexed=False)])

        def order(self: Any, call: Call) -> Reply:
            rows = call.ranks(call.body["about"], call.body["docs"], indexed=False)
            return call.json_reply([row.score for row in rows])

        no_index = "their rows have no index, and are in the order of the request."
        with served(embed=embed, order=order) as server:
            assert unplayed(server, embedded, "F50") == no_index
            assert ranked(server).json == [oracle.score("b", text) for text in "abc"]
            for what in ("unsorted", "sorted", "duplicate", "negative", "no-index"):
                assert unplayed(server, ranked, "F55", what=what) == no_index
            assert unplayed(server, ranked, "F55", what="other-text") == "they do not tell the text of a document."
            server.fault("F55", what="zero")
            assert ranked(server).json.count(0.0) == 1
            server.fault("F51")
            assert embedded(server).json == [oracle.embedding("a"), oracle.embedding("b")]

    def test_vectors_of_one_form(self) -> None:
        with served() as server:
            assert unplayed(server, embedded, "F52") == "their vectors have one form only."

    def test_base64(self) -> None:
        def embed(self: Any, call: Call) -> Reply:
            return call.json_reply([row.vector for row in call.vectors(call.body["texts"], coded=True, indexed=False)])

        with served(embed=embed) as server:
            assert embedded(server).json == [oracle.base64_of(oracle.embedding(text)) for text in "abc"]
            server.fault("F52")
            assert embedded(server).json == [oracle.embedding(text) for text in "abc"]


class TestKeys:
    def test_a_text_key_that_is_not_in_the_answer(self) -> None:
        with served(text_key="said") as server:
            for fault, options in (("F28", {"what": "null"}), ("F24", {"what": "no-items"})):
                said = unplayed(server, talk, fault, **options)
                assert said.startswith("text_key 'said' is not in the answer of the dialect own. Put in text_key")

    def test_no_text_key(self) -> None:
        with served(text_key="") as server:
            said = unplayed(server, talk, "F28", what="null")
            assert said.endswith("Name the key of their text in text_key.")

    def test_a_text_key_deep_in_the_answer(self) -> None:
        def talk_deeply(self: Any, call: Call) -> Reply:
            answer = call.answer(Conversation([Turn("user", "Hi")]))
            return call.json_reply({"all": [{"says": answer.text}]}, answer=answer)

        with served(talk=talk_deeply) as server:
            server.fault("F28", what="null")
            assert talk(server).json == {"all": [{"says": None}]}

    @pytest.mark.parametrize("act", [talk, streamed])
    def test_usage_keys_that_are_not_in_the_answer(self, act: Callable[[OracleServer], object]) -> None:
        with served(usage_keys=("cost",)) as server:
            said = unplayed(server, act, "F30")
            assert said.startswith("usage_keys names 'cost', and the counts stand under other keys. Name in usage_keys")

    def test_a_vendor_that_tells_no_counts(self) -> None:
        def engines(self: Any, call: Call) -> Reply:
            return call.json_reply({"says": call.answer(Conversation([Turn("user", "Hi")])).text})

        with served(usage_keys=(), talk=engines) as server:
            assert unplayed(server, talk, "F30") == "they tell no token counts."


class TestStreams:
    def test_what_lines_of_json_cannot_show(self) -> None:
        with served() as server:
            for fault in ("F05", "F07", "F08", "F09", "F11", "F20"):
                assert unplayed(server, streamed, fault) == "its streams are no server-sent events."
            assert unplayed(server, streamed, "F14") == "its streams have no end mark."

    def test_what_other_chunks_cannot_show(self) -> None:
        with served() as server:
            for fault in ("F25", "F26", "F27", "F29", "F37"):
                assert unplayed(server, streamed, fault) == "its chunks have no choices."

    def test_a_document_where_a_stream_was_asked_for(self) -> None:
        def whole(self: Any, call: Call) -> Reply:
            return call.json_reply({"says": call.answer(Conversation([Turn("user", "Hi")])).text})

        with served(talk=whole) as server:
            assert streamed(server).status == 500
            assert server.unplayed.pop().reason == "a stream was asked for, and talk() answers with a document"
            assert talk(server).status == 200

    def test_kinds_of_events(self) -> None:
        def said(kind: str) -> Any:
            def stream(self: Any, call: Call) -> Reply:
                answer = call.answer(Conversation([Turn("user", "Hi")]))
                return call.stream_reply([Event({"part": answer.text}, kind=kind)], Framing.ndjson(), answer)

            return stream

        with served(talk=said("txt")) as server:
            assert streamed(server).status == 500
            assert server.unplayed.pop().reason == "its stream has an event of the kind 'txt', which does not exist"
        with served(talk=said("")) as server:
            assert streamed(server).status == 200
            server.fault("F15")
            assert streamed(server).status == 500
            assert server.unplayed.pop().reason == "its stream has an event without a kind"

    def test_pieces_that_are_left_out(self) -> None:
        def stream(self: Any, call: Call) -> Reply:
            answer = call.answer(Conversation([Turn("user", "Hi")]))
            events = [Event({"part": piece.text}, kind="text") for piece in call.pieces(answer) if piece.text]
            return call.stream_reply(events, Framing.ndjson(), answer)

        with served(talk=stream) as server:
            assert unplayed(server, streamed, "F28", what="null").startswith("its stream leaves out pieces that say no")
            assert unplayed(server, streamed, "F28", what="role") == "its streams have no event that opens an answer."


class TestOwnCode:
    def test_a_handler_that_raises(self) -> None:
        with served() as server:
            body = {**QUESTION, "lines": [{"who": "user"}]}
            got = ask(server.url, "POST", "/talk", body)
            assert got.status == 500
            error = server.unplayed.pop()
            assert str(error).startswith("the dialect own broke off: KeyError: 'says'")
            assert error.mend in got.text
            assert server.errors == []

    def test_answers_that_do_not_come_through_the_call(self) -> None:
        def bare(self: Any, call: Call) -> Reply:
            return json_reply({"says": call.answer(Conversation([Turn("user", "Hi")])).text})

        with served(talk=bare) as server:
            said = unplayed(server, talk, "F19")
            assert said == "talk() does not call call.json_reply(). Let the handler call it."
            assert unplayed(server, talk, "F24", what="hollow") == said
            server.fault("F21")
            assert talk(server).text.startswith('{"says"')

    def test_a_refusal_is_no_lost_fault(self) -> None:
        with served() as server, server.fault("F51"):
            assert ask(server.url, "POST", "/vectors", {"engine": "acme-vec"}).status == 400
        assert server.unplayed == []


class Bare(Dialect):
    """A dialect as it has to be, and no more."""

    name = "bare"
    routes = (Route("POST", "/talk", "chat", "talk"),)

    def talk(self, call: Call) -> Reply:
        return call.json_reply({"says": call.answer(Conversation([Turn("user", "Hi")])).text})


def raises(*_: Any, **__: Any) -> Any:
    raise KeyError("region")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"routes": ()}, "it has no routes"),
        ({"routes": (Route("POST", "/t", "chat", "tlak"),)}, "the class has no method 'tlak'"),
        ({"routes": (Route("POST", "/t", "embeding", "talk"),)}, "no kind 'embeding', did you mean 'embedding'"),
        ({"routes": (Route("post", "/t", "chat", "talk"),)}, "there is no method 'post'"),
        ({"routes": (Route("POST", "t", "chat", "talk"),)}, "a path begins with a slash"),
        ({"routes": ("/t",)}, "'/t' is no Route"),
        ({"talk": lambda self: None}, "its handler has to take one argument, the call"),
        ({"name": ""}, "it has no name"),
        ({"text_key": None}, "text_key is no text"),
        ({"text_kay": "says"}, "it has no attribute text_kay: did you mean text_key?"),
        ({"usage_keys": "spent"}, "usage_keys is no list of texts: 'spent'"),
        ({"samples": {"lmm": ["a"]}}, "samples: there is no model type 'lmm', did you mean 'llm'"),
        ({"samples": {"llm": "acme"}}, "the models of llm have to be a list of names, not 'acme'"),
        ({"samples": {"rerank": ["r"]}}, "samples names models of rerank, and no route is of the kind rerank"),
        ({"fields": {"chat": "model lines"}}, "fields: those of chat have to be a set of names, not one text"),
        ({"fields": {"chats": frozenset()}}, "fields: there is no kind 'chats', did you mean 'chat'"),
        ({"error": lambda self, status, message: json_reply({}, status)}, "error() raises TypeError"),
        ({"error": lambda self, status, message, **_: {}}, "error() has to return a Reply with the status"),
        ({"error_events": lambda self, status, message: [{}]}, "error_events() has to return events"),
        ({"known_error": raises}, "known_error() raises KeyError: 'region'"),
        ({"__init__": raises}, "cannot be made: KeyError: 'region'"),
        ({"serves": lambda self: True}, "serves() raises TypeError"),
    ],
)
def test_a_dialect_that_is_not_whole_is_refused_at_the_start(changes: dict[str, Any], said: str) -> None:
    changed = made(Bare, changes)
    with pytest.raises(ValueError, match=r"the dialect \S+ (is not right|cannot be made): ") as caught:
        OracleServer(changed.name)
    assert said in str(caught.value)
    if changed.name:
        with pytest.raises(LookupError) as lookup:
            find(changed.name)
        assert str(lookup.value) == str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    changed = made(Bare, {"text_key": 1, "usage_keys": "x", "samples": {"lmm": ["a"]}})
    with pytest.raises(ValueError, match=r"(?s)text_key is no text\n  usage_keys is no .*\n  samples: there is no"):
        OracleServer(changed.name)


def test_settings() -> None:
    with pytest.raises(ValueError, match=r"the dialect openai has no setting 'requird', did you mean 'required'"):
        OracleServer("openai", settings={"requird": {}})
    OracleServer("openai", settings={"required": {}})
    changed = made(Bare, {"setting_names": ("region",), "tested_with": {"regio": "x"}})
    with pytest.raises(LookupError, match="the dialect bare has no setting 'regio', did you mean 'region'"):
        find(changed.name)
    OracleServer(register_dialect(Bare).name, settings={"anything": 1})


@pytest.mark.parametrize("name", ["openai", "xinference", "openllm", "openllm-0.4", "anthropic"])
def test_the_dialects_of_the_kit_keep_the_rules_for_others(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # They are not looked at, for they are known to be whole.
    monkeypatch.setattr(DIALECTS[find(name)], "__module__", "elsewhere")
    OracleServer(name)
