"""The merge: the same ids as the plain algorithm, in a number of steps that grows with the text."""

from __future__ import annotations

import random
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from mrt.tokens import gpt2
from mrt.tokens.bpe import BytePairEncoding

# A vocabulary in which merges overlap, build on each other and compete for the same letter.
MERGES = ["a a", "a b", "aa aa", "b c", "ab c", "aa a", "bc bc", "c a", "aaa b", "Ā a", "bcbc a", "aaaa aaaa", "é a"]
ENCODING = BytePairEncoding.parse("\n".join(["#version: 0.2", *MERGES, ""]))
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class CountedMerges(dict[int, int]):
    """Counts how often a pair is looked up, which each step of a merge does."""

    steps = 0

    def get(self, key: int, default: int | None = None) -> int | None:  # type: ignore[override]
        self.steps += 1
        return super().get(key, default)


def merge_plainly(word: bytes, encoding: BytePairEncoding) -> list[int]:
    """Follow the definition: join the leftmost pair of the earliest merge, until no pair has one."""
    ids = [encoding.tokens.index(bytes((byte,))) for byte in word]
    while True:
        found = [(encoding.merges.get(a << 16 | b), at) for at, (a, b) in enumerate(pairwise(ids))]
        possible = [(token, at) for token, at in found if token is not None]
        if not possible:
            return ids
        token, at = min(possible)
        ids[at : at + 2] = [token]


def steps(word: bytes) -> int:
    merges = CountedMerges(ENCODING.merges)
    BytePairEncoding(ENCODING.tokens, merges).encode(word)
    return merges.steps


def word_of(length: int, kind: str) -> bytes:
    match kind:
        case "one-letter":
            return b"a" * length
        case "cycle":
            return (b"aaabcbc" * length)[:length]
        case _:
            return bytes(random.Random(length).choices(b"abc\x00", k=length))


def test_single_bytes_come_first_printable_before_the_others() -> None:
    assert ENCODING.tokens[:2] == [b"!", b'"']
    assert ENCODING.tokens[188:190] == [b"\x00", b"\x01"]
    assert sorted(ENCODING.tokens[:256]) == [bytes((byte,)) for byte in range(256)]


def test_merged_tokens_follow_in_the_order_of_the_file() -> None:
    assert ENCODING.tokens[256:260] == [b"aa", b"ab", b"aaaa", b"bc"]
    assert ENCODING.tokens[265:269] == [b"\x00a", b"bcbca", b"a" * 8, b"\xe9a"]


@given(st.lists(st.sampled_from(b"aaaabc\x00\xe9"), max_size=300).map(bytes))
def test_a_word_of_any_length_merges_as_defined(word: bytes) -> None:
    assert ENCODING.encode(word) == merge_plainly(word, ENCODING)


@given(st.binary(max_size=20), st.integers(min_value=1, max_value=12))
def test_repeated_bytes_merge_as_defined(piece: bytes, times: int) -> None:
    assert ENCODING.encode(piece * times) == merge_plainly(piece * times, ENCODING)


@pytest.mark.parametrize("length", [63, 64, 65, 66])
@pytest.mark.parametrize("kind", ["one-letter", "cycle", "random"])
def test_both_ways_of_merging_agree_where_they_meet(length: int, kind: str) -> None:
    word = word_of(length, kind)
    assert ENCODING.encode(word) == merge_plainly(word, ENCODING)


@pytest.mark.parametrize("kind", ["one-letter", "cycle", "random"])
def test_twice_the_text_takes_twice_the_steps(kind: str) -> None:
    for length in (1_000, 16_000, 128_000):
        once, twice = steps(word_of(length, kind)), steps(word_of(2 * length, kind))
        assert once <= 6 * length
        assert 1.9 * once < twice < 2.1 * once


def memory_after(*texts: str) -> list[int]:
    """Count the tokens of each text and say how much memory is in use after it, beginning before the first."""
    gpt2.count("the vocabulary is loaded")
    tracemalloc.start()
    try:
        used = [tracemalloc.get_traced_memory()[0]]
        for text in texts:
            gpt2.count(text)
            used.append(tracemalloc.get_traced_memory()[0])
        return used
    finally:
        tracemalloc.stop()


def test_memory_stays_flat_over_words_never_seen_before() -> None:
    draw = random.Random(5)
    _, first, second, third = memory_after(
        *(" ".join("".join(draw.choices(LETTERS, k=8)) for _ in range(17_000)) for _ in range(3))
    )
    assert third - first < 0.5 * first
    assert abs(third - second) < 0.5 * first


def test_a_long_word_is_not_kept() -> None:
    before, after = memory_after("".join(random.Random(6).choices(LETTERS, k=50_000)))
    assert after - before < 50_000
