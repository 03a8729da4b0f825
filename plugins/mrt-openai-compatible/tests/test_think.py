from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from mrt_openai_compatible.dialect.think import ThinkSplitter

CASES = {
    "leading": ("<think>why</think>because", "because", "why"),
    "line breaks belong to the tags": ("<think>\nwhy\n</think>\n\nbecause\n", "because\n", "why"),
    "white space before": (" \n<think>why</think>because", "because", "why"),
    "spaces of the answer stay": ("<think>why</think> because", " because", "why"),
    "none": ("just text", "just text", ""),
    "nothing": ("", "", ""),
    "only white space": (" \n ", " \n ", ""),
    "blank": ("<think>\n\n</think>\n\nbecause", "because", ""),
    "unclosed": ("<think>why oh why", "", "why oh why"),
    "unclosed at a half tag": ("<think>why </thi", "", "why </thi"),
    "rounds": ("<think>a</think>one <think>b</think>two", "one two", "ab"),
    "rounds on lines": ("<think>a</think>one\n<think>\nb\n</think>\ntwo", "one\ntwo", "ab"),
    "open last round": ("<think>a</think>one <think>b", "one ", "ab"),
    "round after round": ("<think>a</think><think>b</think>x", "x", "ab"),
    "nested": ("<think>a <think>b</think> c</think>d", "d", "a b c"),
    "twice nested": ("<think>a<think>b<think>c</think>d</think>e</think>f", "f", "abcde"),
    "named in thinking": ("<think>the <think> tag</think>Use it.", "Use it.", "the  tag"),
    "named in thinking, then a round": (
        "<think>the <think> tag</think>Use it. <think>b</think>Done.", "Use it. Done.", "the  tagb",
    ),
    "named in the text": ("Use <think>x</think> for that.", "Use <think>x</think> for that.", ""),
    "named in code": ("<think>a</think>Write `<think>` there.", "Write `<think>` there.", "a"),
    "named in a fence": ("<think>a</think>```\n<think>b</think>\n```\nok", "```\n<think>b</think>\n```\nok", "a"),
    "a stray backtick hides one line only": ("<think>a</think>it`s\n<think>b</think>x", "it`s\nx", "ab"),
    "a fence with code in it": ("<think>a</think>````\n```\n<think>\n````\n<think>b</think>x",
                                "````\n```\n<think>\n````\nx", "ab"),
    "another tag": ("<thinking>x</thinking>", "<thinking>x</thinking>", ""),
    "half a tag": ("<th", "<th", ""),
    "a stray end": ("<think>a</think>b</think>c", "b</think>c", "a"),
}  # fmt: skip


def split(text: str, cuts: list[int], *, inside: bool = False) -> tuple[str, str]:
    splitter = ThinkSplitter(inside=inside)
    places = [0, *sorted(cut for cut in cuts if cut <= len(text)), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    parts = [*map(splitter.feed, pieces), splitter.end()]
    return "".join(content for content, _ in parts), "".join(thinking for _, thinking in parts)


@pytest.mark.parametrize(("text", "content", "thinking"), CASES.values(), ids=CASES)
def test_thinking_is_taken_out(text: str, content: str, thinking: str) -> None:
    assert split(text, []) == (content, thinking)


@pytest.mark.parametrize(("text", "content", "thinking"), CASES.values(), ids=CASES)
def test_one_character_at_a_time_gives_the_same(text: str, content: str, thinking: str) -> None:
    assert split(text, list(range(len(text)))) == (content, thinking)


PIECES = st.lists(st.sampled_from(["<think>", "</think>", "`", "```", "\n", "a", " ", "<", "think>", "</", "é"]))


@given(PIECES.map("".join), st.lists(st.integers(0, 60)))
def test_where_the_pieces_are_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    assert split(text, cuts) == split(text, [])


@given(st.text())
def test_text_without_thinking_is_untouched(text: str) -> None:
    if "<think>" not in text:
        assert split(text, list(range(0, len(text), 3))) == (text, "")


def test_text_may_begin_inside_of_thinking() -> None:
    assert split("\nwhy\n</think>\n\nbecause", [3, 9], inside=True) == ("because", "why")
    assert split("why", [], inside=True) == ("", "why")


def test_text_that_needs_no_look_any_more_says_so() -> None:
    splitter = ThinkSplitter()
    assert not splitter.plain
    splitter.feed("Hello")
    assert splitter.plain
    thinker = ThinkSplitter()
    thinker.feed("<think>a</think>b")
    assert not thinker.plain


def test_pieces_go_out_as_soon_as_they_are_sure() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed("<think>one ") == ("", "one ")
    assert splitter.feed("two</th") == ("", "two")
    assert splitter.feed("ink>answer") == ("answer", "")


def test_long_texts_in_small_pieces_are_held_back_by_a_few_characters_only() -> None:
    splitter = ThinkSplitter()
    splitter.feed("<think>a</think>")
    shown = sum(len(splitter.feed("word<")[0]) for _ in range(2000))
    assert shown >= 2000 * 5 - 8


def test_much_white_space_is_no_reason_to_wait_for_ever() -> None:
    splitter = ThinkSplitter()
    assert splitter.feed(" " * 300) == (" " * 300, "")
