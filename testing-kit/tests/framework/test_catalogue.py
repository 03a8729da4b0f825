"""The catalogue: every check is of the contract and says what it is for."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from mrt_testing_kit.catalogue import ALL_TYPES, CATALOGUE, Check, UnknownCheck, check, load, select
from mrt_testing_kit.context import Context
from mrt_testing_kit.deviations import parse
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
    # Whichever check of packaging is run first builds the distribution.
    assert found.limit >= (300 if found.group == "PKG" else 30)


def test_words_select_checks() -> None:
    assert select("str_11") == ["STR-11"]
    assert select(["MOD", "LLM-01"]) == ["LLM-01", *(f"MOD-0{number}" for number in range(1, 8))]
    assert len(select(None)) == 310
    with pytest.raises(UnknownCheck, match="-k may be repeated"):
        select("STR-11 LLM-01")


def test_an_id_is_given_once_and_only_by_the_contract() -> None:
    def other(ctx: Context) -> None:
        """Another function."""

    with pytest.raises(ValueError, match="is not in"):
        check("STR-99", "not there")(other)
    with pytest.raises(ValueError, match=r"is checked by mrt_testing_kit\.checks\.str_ends already"):
        check("STR-11", "again")(other)
    assert CATALOGUE["STR-11"] is CHECKS["STR-11"]


def test_what_no_vendor_is_a_reason_for_is_excused_by_a_known_bug_alone() -> None:
    groups = ("SEC", "CON", "PKG", "SCH", "MET")
    assert all(found.essential for found in CHECKS.values() if found.group in groups)
    own = ["ERR-11", "PAR-01", "LLM-05", "CRD-03", "EMB-01", "RRK-02", "MOD-05", "STT-03", "STR-35"]
    assert all(CHECKS[id].essential for id in own)
    # What a vendor may well lack, or spell in its own way.
    assert not any(
        CHECKS[id].essential for id in ("LLM-04", "PAR-07", "CNT-04", "USG-02", "STR-11", "ERR-03", "EMB-12")
    )
    entry: dict[str, Any] = {"level": "vendor-unsupported", "reason": "It cannot.", "link": "https://example.com/1"}
    bug = {**entry, "level": "known-bug", "expires": datetime.date.today()}
    excuses = parse({"SEC-01": bug, "SEC-02": entry}).entries
    assert excuses["SEC-01"].refusal(CHECKS["SEC-01"], False) is None
    assert "only a known-bug" in str(excuses["SEC-02"].refusal(CHECKS["SEC-02"], False))
