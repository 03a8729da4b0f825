from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.message import ToolCall
from mrt.errors import InvokeBadResponseError
from mrt_openai_compatible.dialect.tool_stream import ToolCallStream, whole_calls

ABSENT: Any = object()


def piece(index: Any = ABSENT, id: Any = ABSENT, name: Any = ABSENT, arguments: Any = ABSENT) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not ABSENT}
    head = {key: value for key, value in (("index", index), ("id", id)) if value is not ABSENT}
    return {**head, "type": "function", "function": function}


def gather(chunks: Iterable[Any], names: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    stream = ToolCallStream(names)
    pieces: list[ToolCall] = []
    for chunk in chunks:
        pieces += stream.feed(chunk if isinstance(chunk, list) else [chunk])
    pieces += stream.end()
    calls: dict[int, list[str]] = {}
    for part in pieces:
        assert part.index is not None
        assert part.id, "every piece has the id of its call"
        call = calls.setdefault(part.index, [part.id, "", ""])
        assert call[0] == part.id
        assert not (call[1] and part.function.name), "only the first piece has the name"
        call[1] += part.function.name
        call[2] += part.function.arguments
    assert list(calls) == list(range(len(calls)))
    assert len({call[0] for call in calls.values()}) == len(calls), "ids are unique"
    return [(call[0], call[1], call[2]) for call in calls.values()]


def test_fragments_by_index() -> None:
    found = gather([
        piece(0, "a", "f", ""), piece(0, arguments='{"x"'), piece(0, arguments=":1}"), piece(1, "b", "g", '{"y":2}'),
    ])  # fmt: skip
    assert found == [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')]


def test_fragments_of_several_calls_in_one_chunk() -> None:
    found = gather(
        [[piece(0, "a", "f", "{"), piece(1, "b", "g", "{")], [piece(1, arguments="}"), piece(0, arguments="}")]]
    )
    assert found == [("a", "f", "{}"), ("b", "g", "{}")]


def test_an_empty_and_a_null_id_and_name_after_the_first_fragment_change_nothing() -> None:
    found = gather([piece(0, "a", "f", "{"), piece(0, None, None, '"x":'), piece(0, "", "", "1}")])
    assert found == [("a", "f", '{"x":1}')]


def test_whole_calls_that_all_have_index_0() -> None:
    found = gather([piece(0, "a", "f", '{"x":1}'), piece(0, "b", "f", '{"x":2}'), piece(0, "c", "g", "{}")])
    assert found == [("a", "f", '{"x":1}'), ("b", "f", '{"x":2}'), ("c", "g", "{}")]


def test_whole_calls_without_ids_that_all_have_index_0() -> None:
    found = gather([piece(0, name="f", arguments='{"x":1}'), piece(0, name="f", arguments='{"x":2}')])
    assert [(name, arguments) for _, name, arguments in found] == [("f", '{"x":1}'), ("f", '{"x":2}')]


def test_same_index_and_another_id_with_the_name_repeated_and_arguments_in_fragments() -> None:
    found = gather([
        piece(0, "a", "f", ""), piece(0, "a", "f", '{"x"'), piece(0, "a", "f", ":1}"),
        piece(0, "b", "f", ""), piece(0, "b", "f", '{"x":2}'),
    ])  # fmt: skip
    assert found == [("a", "f", '{"x":1}'), ("b", "f", '{"x":2}')]


def test_same_index_other_ids_interleaved() -> None:
    found = gather([
        piece(0, "a", "f", "{"), piece(0, "b", "g", "{"), piece(0, "a", arguments='"x":1}'),
        piece(0, "b", arguments="}"),
    ])  # fmt: skip
    assert found == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_no_index_with_ids() -> None:
    found = gather(
        [piece(id="a", name="f", arguments="{"), piece(arguments="}"), piece(id="b", name="f", arguments="{}")]
    )
    assert found == [("a", "f", "{}"), ("b", "f", "{}")]


def test_no_index_no_id() -> None:
    found = gather([
        piece(name="f", arguments="{"), piece(arguments="}"),
        piece(None, name="g", arguments="{"), piece(arguments="}"),
    ])  # fmt: skip
    assert [(name, arguments) for _, name, arguments in found] == [("f", "{}"), ("g", "{}")]


def test_no_index_in_a_chunk_of_several() -> None:
    chunk = [piece(name="f", arguments="{}"), piece(name="f", arguments='{"x":1}')]
    assert [(name, arguments) for _, name, arguments in gather([chunk])] == [("f", "{}"), ("f", '{"x":1}')]


def test_gaps_in_the_numbers_are_closed() -> None:
    assert [call[0] for call in gather([piece(2, "a", "f", "{}"), piece(7, "b", "f", "{}")])] == ["a", "b"]


def test_a_late_id_and_a_late_name_hold_the_call_back() -> None:
    stream = ToolCallStream()
    assert stream.feed([piece(0, name="f", arguments='{"x"')]) == []
    [late] = stream.feed([piece(0, "a", arguments=":1}")])
    assert (late.id, late.function.name, late.function.arguments) == ("a", "f", '{"x":1}')
    assert stream.end() == []
    assert gather([piece(0, "a", None, '{"x"'), piece(0, None, "f", ":1}")]) == [("a", "f", '{"x":1}')]


def test_an_id_that_never_comes_is_made_up_and_new_each_time() -> None:
    [first], [second] = gather([piece(0, name="f", arguments="{}")]), gather([piece(0, name="f", arguments="{}")])
    assert first[0].startswith("call_")
    assert first[0] != second[0]


def test_an_id_that_came_before_gets_an_ending() -> None:
    found = gather([piece(0, "a", "f", "{}"), piece(1, "a", "g", "{}"), piece(1, arguments="")])
    assert [(name, arguments) for _, name, arguments in found] == [("f", "{}"), ("g", "{}")]
    assert found[0][0] == "a"


def test_a_whole_call_that_is_repeated_at_the_end_counts_once() -> None:
    found = gather([piece(0, "a", "f", '{"x"'), piece(0, "a", arguments=":1}"), piece(0, "a", "f", '{"x":1}')])
    assert found == [("a", "f", '{"x":1}')]


def test_a_counter_that_jumps_does_not_tear_a_call() -> None:
    found = gather([piece(0, "a", "f", '{"x"'), piece(1, "a", arguments=":1}")])
    assert found == [("a", "f", '{"x":1}')]


@pytest.mark.parametrize("arguments", ["", None, ABSENT, " "])
def test_no_arguments_are_an_empty_object(arguments: Any) -> None:
    [(_, _, streamed)] = gather([piece(0, "a", "f", arguments)])
    [whole] = whole_calls([piece(id="a", name="f", arguments=arguments)], {})
    assert json.loads(streamed) == json.loads(whole.function.arguments) == {}


def test_arguments_as_an_object_become_text() -> None:
    value = {"city": "Zürich", "n": 1.5, "none": None}
    [(_, _, streamed)] = gather([piece(0, "a", "f", value)])
    [whole] = whole_calls([piece(id="a", name="f", arguments=value)], {})
    assert json.loads(streamed) == json.loads(whole.function.arguments) == value
    assert "Zürich" in streamed


def test_broken_arguments_stay_as_the_model_wrote_them() -> None:
    assert gather([piece(0, "a", "f", '{"x": '), piece(0, arguments="oops")]) == [("a", "f", '{"x": oops')]


def test_names_lead_back_to_the_callers_tools() -> None:
    assert gather([piece(0, "a", "weather_get", "{}")], {"weather_get": "weather.get"})[0][1] == "weather.get"
    [whole] = whole_calls([piece(id="a", name="weather_get")], {"weather_get": "weather.get"})
    assert whole.function.name == "weather.get"


def test_what_is_no_call_is_passed_over() -> None:
    assert gather([[None, "x", {}], [piece(0)], {"index": 0, "function": None}]) == []
    assert ToolCallStream().feed(None) == []
    assert whole_calls(None, {}) == whole_calls("x", {}) == []


def test_arguments_without_any_name_are_an_error() -> None:
    with pytest.raises(InvokeBadResponseError, match="without a name"):
        gather([piece(0, "a", None, '{"x":1}')])


def test_whole_calls_get_ids_of_their_own() -> None:
    calls = whole_calls([piece(id="a", name="f"), piece(id="a", name="f"), piece(name="f")], {})
    assert len({call.id for call in calls}) == 3
    assert [call.index for call in calls] == [0, 1, 2]


@given(st.data())
def test_interleaved_fragments_of_many_calls(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    wanted = [(f"id{n}", f"tool{n}", json.dumps({"n": n, "text": "x" * n})) for n in range(count)]
    # Calls begin in their order, as servers write them; after that the fragments come as they like.
    chunks = [piece(n, call_id, name, "") for n, (call_id, name, _) in enumerate(wanted)]
    order = data.draw(st.permutations([n for n, call in enumerate(wanted) for _ in call[2]]))
    left = [list(call[2]) for call in wanted]
    chunks += [piece(n, arguments=left[n].pop(0)) for n in order]
    assert gather(chunks) == wanted


def test_a_megabyte_in_small_fragments_keeps_every_character() -> None:
    text = json.dumps({"text": "x" * 1_000_000})
    fragments = [text[at : at + 100] for at in range(0, len(text), 100)]
    [(_, _, found)] = gather([piece(0, "a", "f", ""), *(piece(0, arguments=part) for part in fragments)])
    assert found == text
