"""Pieces of tool calls go to the right call, however a server marks them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from mrt import ToolCall, ToolCallFunction
from mrt.runtime.toolcalls import ToolCallAssembler, complete_tool_calls


def piece(arguments: str = "", *, name: str = "", id: str = "", index: int | None = None) -> ToolCall:
    return ToolCall(id=id, function=ToolCallFunction(name, arguments), index=index)


def assemble(pieces: list[ToolCall]) -> list[tuple[str, str, str]]:
    assembler = ToolCallAssembler()
    for one in pieces:
        assembler.add([one])
    return [(call.id, call.function.name, call.function.arguments) for call in assembler.finished()]


def test_pieces_by_index_may_interleave() -> None:
    assert assemble(
        [
            piece('{"a"', name="f", id="1", index=0),
            piece('{"b"', name="g", id="2", index=1),
            piece(": 1}", index=0),
            piece(": 2}", index=1),
        ]
    ) == [("1", "f", '{"a": 1}'), ("2", "g", '{"b": 2}')]


def test_another_id_under_the_same_index_is_another_call() -> None:
    assert assemble([piece("{}", name="f", id="1", index=0), piece('{"x":1}', name="f", id="2", index=0)]) == [
        ("1", "f", "{}"),
        ("2", "f", '{"x":1}'),
    ]


def test_whole_calls_that_all_have_index_0_and_no_id_stay_apart() -> None:
    assert assemble([piece('{"x":1}', name="f", index=0), piece('{"x":2}', name="f", index=0)]) == [
        ("call_0", "f", '{"x":1}'),
        ("call_1", "f", '{"x":2}'),
    ]


def test_pieces_without_index_go_to_their_id_or_to_the_last_call() -> None:
    assert assemble(
        [piece(name="f", id="1"), piece('{"a":'), piece(name="g", id="2"), piece("{}", id="2"), piece("1}", id="1")]
    ) == [("1", "f", '{"a":1}'), ("2", "g", "{}")]


def test_calls_that_share_an_id_stay_apart_when_their_indices_differ() -> None:
    pieces = [
        piece('{"x":', name="f", id="same", index=0),
        piece("1}", index=0),
        piece('{"x":', name="f", id="same", index=1),
        piece("2}", id="same", index=1),
    ]
    assert assemble(pieces) == [("same", "f", '{"x":1}'), ("same_1", "f", '{"x":2}')]
    assembler = ToolCallAssembler()
    shown = [call.id for call in assembler.add(pieces)]
    assert shown == ["same", "same", "same_1", "same_1"]


def test_a_piece_goes_to_its_id_also_when_another_call_took_its_index() -> None:
    assert assemble(
        [
            piece('{"x":', name="f", id="1", index=0),
            piece("{}", name="g", id="2", index=0),
            piece("1}", id="1", index=0),
            piece("", id="2", index=7),
        ]
    ) == [("1", "f", '{"x":1}'), ("2", "g", "{}")]


def test_arguments_that_are_an_object_become_its_json() -> None:
    arguments: Any = {"city": "Zürich", "days": [1, 2]}
    assert assemble([ToolCall("1", function=ToolCallFunction("f", arguments))]) == [
        ("1", "f", '{"city": "Zürich", "days": [1, 2]}')
    ]


def test_a_late_id_and_a_late_name_are_taken_once() -> None:
    assert assemble(
        [piece('{"a"', index=0), piece(":1}", name="f", id="9", index=0), piece("", name="f", id="9", index=0)]
    ) == [("9", "f", '{"a":1}')]


def test_gaps_in_the_indexes_do_not_matter() -> None:
    assert [name for _, name, _ in assemble([piece(name="f", id="1", index=3), piece(name="g", id="2", index=7)])] == [
        "f",
        "g",
    ]


def test_callers_get_index_and_id_on_every_piece_and_the_name_once() -> None:
    assembler = ToolCallAssembler()
    pieces = [
        *assembler.add([piece("{", name="f", id="1", index=4)]),
        *assembler.add([piece("}", name="f", index=4)]),
    ]
    assert [(p.index, p.id, p.function.name, p.function.arguments) for p in pieces] == [
        (0, "1", "f", "{"),
        (0, "1", "", "}"),
    ]


def test_no_arguments_are_an_empty_object_and_broken_ones_stay_as_they_are() -> None:
    calls = complete_tool_calls([piece("", name="f"), piece("null", name="g"), piece('{"a', name="h")])
    assert [call.function.arguments for call in calls] == ["{}", "{}", '{"a']


def test_ids_are_made_unique() -> None:
    calls = complete_tool_calls([piece("{}", name="f", id="x"), piece("{}", name="f", id="x"), piece("{}", name="f")])
    assert len({call.id for call in calls}) == 3
    assert calls[0].id == "x"


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers()), min_size=1, max_size=4), st.randoms())
def test_any_interleaving_by_index_gives_the_same_calls(arguments: list[dict[str, int]], random: object) -> None:
    texts = [json.dumps(value) for value in arguments]
    queues = [
        [piece(name=f"f{n}", id=f"id{n}", index=n), *(piece(text[i : i + 3], index=n) for i in range(0, len(text), 3))]
        for n, text in enumerate(texts)
    ]
    pieces: list[ToolCall] = [queue.pop(0) for queue in queues]
    while any(queues):
        queue = random.choice([queue for queue in queues if queue])  # type: ignore[attr-defined]
        pieces.append(queue.pop(0))
    assert [arguments for _, _, arguments in assemble(pieces)] == texts
