"""The catalogue: every check is of the contract and says what it is for."""

from __future__ import annotations

import pytest

from mrt_testing_kit.catalogue import ALL_TYPES, CATALOGUE, Check, check, load, select
from mrt_testing_kit.context import Context
from mrt_testing_kit.manifest import PROVIDED, TITLES
from mrt_testing_kit.server.faults import REGISTRY

CHECKS = load()


def test_every_id_has_a_check_or_a_reason() -> None:
    assert [id for id in TITLES if id not in CHECKS and id not in PROVIDED] == []


@pytest.mark.parametrize("found", CHECKS.values(), ids=CHECKS.keys())
def test_a_check_says_what_it_is_for(found: Check) -> None:
    assert found.id in TITLES
    assert len(found.why) > 30
    assert found.fix
    assert set(found.faults) <= set(REGISTRY)
    assert set(found.model_types) <= set(ALL_TYPES)
    assert all("#" in bug for bug in found.bugs)


def test_words_select_checks() -> None:
    assert select("str_11") == ["STR-11"]
    assert select(["MOD", "LLM-01"]) == ["LLM-01", *(f"MOD-0{number}" for number in range(1, 8))]
    assert len(select(None)) == 310


def test_an_id_is_given_once_and_only_by_the_contract() -> None:
    def other(ctx: Context) -> None:
        """Another function."""

    with pytest.raises(ValueError, match="is not in"):
        check("STR-99", "not there")(other)
    with pytest.raises(ValueError, match=r"is checked by mrt_testing_kit\.checks\.str_ends already"):
        check("STR-11", "again")(other)
    assert CATALOGUE["STR-11"] is CHECKS["STR-11"]
