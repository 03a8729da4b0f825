from __future__ import annotations

from typing import Any

import pytest

from mrt_openai_compatible.dialect.usage import read_embedding_usage, read_usage


def test_each_count_in_its_place() -> None:
    usage = read_usage({
        "prompt_tokens": 1511, "completion_tokens": 601, "total_tokens": 2112,
        "prompt_tokens_details": {"cached_tokens": 31, "audio_tokens": 3, "cache_write_tokens": 113},
        "completion_tokens_details": {"reasoning_tokens": 211, "audio_tokens": 5},
    })  # fmt: skip
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (1511, 601, 2112)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (31, 113)
    assert (usage.reasoning_tokens, usage.audio_tokens, usage.source) == (211, 8, "reported")


def test_zero_is_a_count() -> None:
    usage = read_usage({"prompt_tokens": 5, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 0}})
    assert (usage.completion_tokens, usage.cache_read_tokens, usage.source) == (0, 0, "reported")


@pytest.mark.parametrize("details", [None, {}, {"cached_tokens": None, "reasoning_tokens": None, "audio_tokens": None}])
def test_null_details_are_unknown(details: Any) -> None:
    usage = read_usage({
        "prompt_tokens": 5, "completion_tokens": 7,
        "prompt_tokens_details": details, "completion_tokens_details": details,
    })  # fmt: skip
    assert (usage.cache_read_tokens, usage.reasoning_tokens, usage.audio_tokens) == (None, None, None)


@pytest.mark.parametrize(
    "value",
    [
        None, {}, [], "x", {"prompt_tokens": -1, "completion_tokens": -1, "total_tokens": -1},
        {"prompt_tokens": None, "completion_tokens": None}, {"prompt_tokens": 5},
        {"prompt_tokens": "5", "completion_tokens": True},
    ],
)  # fmt: skip
def test_what_is_not_told_is_unknown_and_not_zero(value: Any) -> None:
    assert read_usage(value).source == "unknown"


def test_one_count_follows_from_the_other_and_the_total() -> None:
    assert read_usage({"prompt_tokens": 5, "total_tokens": 12}).completion_tokens == 7
    assert read_usage({"completion_tokens": 5, "total_tokens": 12, "prompt_tokens": -1}).prompt_tokens == 7


def test_reasoning_that_is_counted_beside_the_answer_is_taken_in() -> None:
    beside = {
        "prompt_tokens": 5,
        "completion_tokens": 7,
        "total_tokens": 23,
        "completion_tokens_details": {"reasoning_tokens": 11},
    }
    assert read_usage(beside).completion_tokens == 18
    assert read_usage({**beside, "total_tokens": 12}).completion_tokens == 7


def test_the_older_name_of_cached_tokens() -> None:
    value = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_cache_hit_tokens": 3}
    assert read_usage(value).cache_read_tokens == 3


def test_embedding_usage_is_summed_and_unknown_when_a_part_is() -> None:
    assert read_embedding_usage([{"prompt_tokens": 5, "total_tokens": 5}, {"total_tokens": 7}]).tokens == 12
    assert read_embedding_usage([{"prompt_tokens": 5}, None]).source == "unknown"
    assert read_embedding_usage([{"prompt_tokens": None}]).source == "unknown"
