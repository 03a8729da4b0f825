from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, strategies as st

from mrt.entities.invocation import AudioFile, LLMRequest, RerankRequest, TextEmbeddingRequest
from mrt.entities.message import SystemPromptMessage, UserPromptMessage
from mrt.middleware.fingerprint import fingerprint

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def shape(value: Any) -> Any:
    """Tell values apart by type, too: 1, 1.0 and True are equal to Python and differ for a vendor."""
    if isinstance(value, dict):
        return ("map", sorted((key, shape(item)) for key, item in value.items()))
    if isinstance(value, list):
        return ("list", [shape(item) for item in value])
    return (type(value).__name__, repr(value))


@given(plain, plain)
def test_equal_content_and_only_that_has_the_same_fingerprint(one: Any, other: Any) -> None:
    assert (fingerprint(one) == fingerprint(other)) == (repr(shape(one)) == repr(shape(other)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["ab", "c"], ["a", "bc"]),
        ([["a"], "b"], [["a", "b"]]),
        ({"a": {"b": 1}}, {"a": {}, "b": 1}),
        ("1", 1),
        (b"a", "a"),
        (None, "None"),
        (UserPromptMessage("a"), SystemPromptMessage("a")),
        (TextEmbeddingRequest(["a"], "query"), TextEmbeddingRequest(["a"], "document")),
        (RerankRequest("a", ["b"], top_n=None), RerankRequest("a", ["b"], top_n=1)),
        (AudioFile(b"a"), AudioFile(b"b")),
    ],
)
def test_different_content_differs(one: Any, other: Any) -> None:
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (["a"], ("a",)),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Decimal("1.0"), Decimal("1.0")),
        (LLMRequest([UserPromptMessage("a")], {"n": 1}), LLMRequest((UserPromptMessage("a"),), {"n": 1}, [], [])),
    ],
)
def test_the_kind_of_container_does_not_matter(one: Any, other: Any) -> None:
    assert fingerprint(one) == fingerprint(other) is not None


@dataclasses.dataclass
class Opaque:
    inside: Any


@pytest.mark.parametrize("value", [object(), Opaque(object()), {1: "key is no text"}, {"a": {2}}, [lambda: None]])
def test_content_that_cannot_be_told_has_none(value: Any) -> None:
    assert fingerprint(value) is None


def test_a_list_that_holds_itself_has_none() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert fingerprint(endless) is None


def test_half_a_surrogate_pair_is_content_too() -> None:
    assert fingerprint("\ud83d") != fingerprint("\udc00")
    mapping: Mapping[str, str] = {"\ud83d": "a"}
    assert fingerprint(mapping) is not None
