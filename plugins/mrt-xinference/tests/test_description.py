"""Descriptions of models, as the server's versions give them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from mrt.entities.common import ModelType
from mrt_xinference.description import describe

LLM, EMBED, RERANK = (ModelType.LLM,), (ModelType.TEXT_EMBEDDING,), (ModelType.RERANK,)
LISTEN, SPEAK = (ModelType.SPEECH2TEXT,), (ModelType.TTS,)


@pytest.mark.parametrize(
    ("described", "types"),
    [
        ({"model_type": "LLM"}, LLM),
        ({"model_type": "LLM", "model_ability": ["embed"]}, LLM),
        # Embedding and rerank models of 3.2 and before tell no abilities.
        ({"model_type": "embedding", "dimensions": 3}, EMBED),
        ({"model_type": "rerank"}, RERANK),
        ({"model_type": "audio", "model_ability": ["audio2text"]}, LISTEN),
        ({"model_type": "audio", "model_ability": ["text2audio"]}, SPEAK),
        ({"model_type": "audio", "model_ability": ["text2audio_zero_shot", "text2audio_voice_cloning"]}, SPEAK),
        ({"model_type": "audio", "model_ability": ["audio2text", "text2audio"]}, (*LISTEN, *SPEAK)),
        ({"model_type": "audio", "model_ability": ["text2music"]}, ()),
        # One text in place of a list: 1.0.
        ({"model_type": "audio", "model_ability": "audio2text"}, LISTEN),
        ({"model_type": "audio", "model_ability": "text2audio"}, SPEAK),
        # No abilities at all: before 1.0 only the family tells who speaks.
        ({"model_type": "audio", "model_name": "whisper-large-v3"}, LISTEN),
        ({"model_type": "audio", "model_name": "x", "model_family": "SenseVoice"}, LISTEN),
        ({"model_type": "audio", "model_name": "ChatTTS"}, SPEAK),
        ({"model_type": "audio", "model_name": "x", "model_family": "CosyVoice"}, SPEAK),
        ({"model_type": "audio", "model_family": "Kokoro", "model_ability": None}, SPEAK),
        ({"model_type": "image", "model_ability": ["text2image"]}, ()),
        ({"model_type": "video"}, ()),
        ({"model_type": "world"}, ()),
        ({"model_type": "flexible"}, ()),
        ({"model_type": "something-new"}, ()),
    ],
)
def test_types(described: dict[str, Any], types: tuple[ModelType, ...]) -> None:
    found = describe({"model_name": "m", **described})
    assert found is not None
    assert found.types == types
    assert found.kind == described["model_type"].lower()


def test_all_fields() -> None:
    found = describe(
        {
            "model_type": "LLM",
            "model_name": "m",
            "model_engine": "llama.cpp",
            "model_ability": ["chat", "tools"],
            "context_length": 4096,
            "model_size_in_billions": "1_8",
        }
    )
    assert found is not None
    assert (found.engine, found.abilities, found.context_length) == ("llama.cpp", {"chat", "tools"}, 4096)


@pytest.mark.parametrize("value", [None, 0, -1, "4096", 1.5, True, [], {}])
def test_a_size_that_is_none_is_unknown(value: Any) -> None:
    found = describe({"model_type": "embedding", "context_length": value, "max_tokens": value, "dimensions": value})
    assert found is not None
    assert (found.context_length, found.max_tokens, found.dimensions) == (None, None, None)


@pytest.mark.parametrize("value", [None, [], "LLM", 5, {}, {"model_type": None}, {"model_type": 5}, {"detail": "x"}])
def test_what_is_no_description(value: Any) -> None:
    assert describe(value) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["model_ability", "model_family", "model_name", "model_engine"]), json_values))
def test_no_field_breaks_it(fields: dict[str, Any]) -> None:
    for kind in ("LLM", "audio"):
        assert describe({**fields, "model_type": kind}) is not None
