"""GPT-2's ids, against those that another implementation made (gpt2_corpus.json says which)."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.tokens import count_gpt2, gpt2
from mrt.tokens.pretokenizer import compile_word_pattern

CORPUS: dict[str, Any] = json.loads(Path(__file__).with_name("gpt2_corpus.json").read_text("utf-8"))
MILLION = 1_000_000
WORDS = compile_word_pattern()

# Characters at which splitting by `re` and by the original pattern differ, and the contractions.
edges = st.lists(
    st.sampled_from([*" \t\n\x1c\x1f\x85\xa0\u180e\u2028\u200b\ufeff\u3000'’²½Ⅷ一a1.😀𐐷", "'s", "'ll", "'S"])
)
texts = st.one_of(st.text(), edges.map("".join))


def digest(ids: list[int]) -> str:
    return hashlib.sha256(struct.pack(f"<{len(ids)}H", *ids)).hexdigest()


def scatter(length: int, alphabet: str) -> str:
    """Draw letters by a fixed rule that is the same on every Python."""
    state, letters = 1, []
    for _ in range(length):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        letters.append(alphabet[(state >> 16) % len(alphabet)])
    return "".join(letters)


def long_text(name: str) -> str:
    match name:
        case "one letter":
            return "a" * MILLION
        case "spaces":
            return " " * MILLION
        case "spaces before a letter":
            return " " * MILLION + "x"
        case "one sign":
            return "=" * MILLION
        case "letters without a border":
            return scatter(MILLION, "abcdefghijklmnopqrstuvwxyz")
        case "base64":
            return scatter(MILLION, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        case "ideographs":
            return scatter(MILLION // 3, "".join(map(chr, range(0x4E00, 0x9000))))
        case _:
            raise ValueError(name)


def test_the_corpus_of_texts() -> None:
    assert len(CORPUS["pairs"]) > 200
    assert [(text, gpt2.encode(text)) for text, _ in CORPUS["pairs"]] == [tuple(pair) for pair in CORPUS["pairs"]]


def test_the_count_is_the_number_of_ids() -> None:
    assert [count_gpt2(text) for text, _ in CORPUS["pairs"]] == [len(ids) for _, ids in CORPUS["pairs"]]


@pytest.mark.parametrize("expected", CORPUS["code_points"], ids=lambda expected: f"plane-{expected['plane']}")
def test_every_code_point_between_letters_numbers_and_spaces(expected: dict[str, Any]) -> None:
    first = expected["plane"] << 16
    characters = (chr(code) for code in range(first, min(first + 0x10000, 0x323B0)) if not 0xD800 <= code <= 0xDFFF)
    ids = gpt2.encode("".join(f"a{c}1{c} {c}{c}. {c}\n" for c in characters))
    assert (len(ids), digest(ids)) == (expected["tokens"], expected["sha256"])


def test_every_code_point_has_the_class_that_the_original_pattern_gives_it() -> None:
    def kind(character: str) -> str:
        return next((name for name, before in (("O", "."), ("L", "a"), ("N", "1")) if joins(before, character)), "S")

    def joins(before: str, character: str) -> bool:
        match = WORDS.match(before + character)
        return match is not None and match.end() == 2

    kinds = "".join(kind(chr(code)) for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF)
    found = {name: kinds.count(name) for name in "LNOS"} | {"sha256": hashlib.sha256(kinds.encode()).hexdigest()}
    assert found == CORPUS["classes"]


@pytest.mark.parametrize("expected", CORPUS["long"], ids=lambda expected: expected["text"].replace(" ", "-"))
def test_a_million_characters_without_a_word_border(expected: dict[str, Any]) -> None:
    """A merge that looks at the whole word each time would take days here."""
    ids = gpt2.encode(long_text(expected["text"]))
    assert (len(ids), digest(ids)) == (expected["tokens"], expected["sha256"])


@given(texts)
def test_decoding_gives_the_text_back(text: str) -> None:
    assert gpt2.decode(gpt2.encode(text)) == text


@given(texts)
def test_counting_equals_encoding(text: str) -> None:
    assert gpt2.count(text) == len(gpt2.encode(text))


@given(texts, texts)
def test_a_space_before_a_word_is_always_a_border(first: str, second: str) -> None:
    joined = f"{first}x y{second}"
    assert gpt2.encode(joined) == gpt2.encode(f"{first}x") + gpt2.encode(f" y{second}")


@given(texts)
def test_the_words_are_the_whole_text(text: str) -> None:
    assert "".join(WORDS.findall(text)) == text


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("\ud800", [4210]),
        ("a\udc00b", [64, 4210, 65]),
        ("\ude00 \ud83d", [4210, 20543]),
        ("\ud83d\ude00", [47249, 222]),
    ],
    ids=["alone", "between-letters", "wrong-order", "a-pair-is-its-character"],
)
def test_surrogates_count_as_what_replaces_them(text: str, ids: list[int]) -> None:
    assert gpt2.encode(text) == ids
    assert gpt2.count(text) == len(ids)


def test_a_pair_of_surrogates_joins_the_word_as_its_letter_does() -> None:
    assert gpt2.encode("a\ud801\udc37 \ud800") == gpt2.encode("a\U00010437 \ufffd")


def test_the_special_token_in_a_text_is_text() -> None:
    assert 50256 not in gpt2.encode("a<|endoftext|>")
    assert gpt2.decode([64, 50256]) == "a<|endoftext|>"


def test_ids_cut_inside_a_character_decode_to_the_replacement() -> None:
    assert gpt2.decode(gpt2.encode("x😀")[:-1]) == "x\ufffd"


@pytest.mark.parametrize("wrong", [-1, 50257, 1 << 40])
def test_an_id_outside_the_vocabulary_is_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match=f"^{wrong} is not a GPT-2 token id"):
        gpt2.decode([64, wrong])
