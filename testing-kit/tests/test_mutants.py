"""Some mutants of each kind are caught, and the lists of all of them hold together.

All of them: ``python testing-kit/mutants``, or ``nox -s mutants``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mrt_testing_kit.catalogue import load
from mrt_testing_kit.manifest import GROUPS, TITLES

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mutants.hunt import hunt
from mutants.mutant import HOME, REFERENCES, BrokenMutantError, Edit, Mutant, made
from mutants.patches import read, read_all

ALL = {wrong.id: wrong for wrong in read_all()}
# One or two of each group of checks, among them blocking ones, ones that only streams show, and equivalent ones not.
SOME = (
    *("M005", "M010", "M016", "M034", "M036", "M055", "M066", "M072", "M075", "M080", "M090", "M105", "M107", "M110"),
    *("M126", "M129", "M130", "M137", "M139", "M142", "M146", "M154", "M160", "M167", "M180", "M187", "M191", "M116"),
)


@pytest.mark.parametrize("id", SOME)
def test_a_mutant_is_caught_by_the_check_that_is_meant_to(id: str) -> None:
    verdict = hunt(ALL[id])
    assert not verdict.is_broken, verdict.says
    assert verdict.killer in ALL[id].kills, verdict


def test_every_mutant_fits_its_reference() -> None:
    # What stands once in a file now has to stand there, or the mutant has to be mended with the reference.
    for wrong in ALL.values():
        for edit in wrong.edits:
            if wrong.reference in REFERENCES:
                text = (HOME / edit.file).read_text("utf-8")
                assert text.count(edit.old) == 1, (
                    f"{wrong.id}: {edit.file} has {text.count(edit.old)} times {edit.old!r}"
                )


def test_every_mutant_is_meant_for_checks_that_exist() -> None:
    known = load()
    for wrong in ALL.values():
        assert set(wrong.kills) <= set(TITLES), wrong.id
        assert set(wrong.kills) <= set(known), wrong.id
        assert wrong.edits[0].file.partition("/")[0] in {*REFERENCES, "wheel", "source"}, wrong.id


def test_every_group_that_judges_providers_has_mutants() -> None:
    # MET judges runs, not providers.
    assert {wrong.group for wrong in ALL.values()} == set(GROUPS) - {"MET"}


def test_a_reference_as_it_is_survives() -> None:
    right = Mutant("N999", "nothing", "openai_http", ("STR-11",), ())
    assert hunt(right).killer == ""


def test_a_mutant_that_does_not_fit_is_broken_and_not_caught() -> None:
    wrong = Mutant("N999", "gone", "openai_http", ("STR-11",), (Edit("openai_http/llm.py", "no such text", ""),))
    assert hunt(wrong).is_broken
    halved = Edit("openai_http/llm.py", "class ReferenceLLM(", "class (")
    with pytest.raises(BrokenMutantError, match="no program"), made(Mutant("N999", "", "openai_http", (), (halved,))):
        pass


def test_a_block_that_cannot_be_read_says_which_it_is(tmp_path: Path) -> None:
    file = tmp_path / "odd.mutants"
    for text in ("N001 no checks\nin a/b.py\n-x\n", "N001 odd word\nkills STR-01\nby chance\n", "N001\nkills STR-01\n"):
        file.write_text(text, "utf-8")
        with pytest.raises(ValueError, match="N001"):
            list(read(file))


def test_a_mutant_leaves_nothing_behind() -> None:
    # What a first one imports from elsewhere stays.
    with made(ALL["M005"]):
        pass
    before = set(sys.modules), list(sys.path)
    with made(ALL["M005"]) as plugin:
        assert plugin.partition(".")[0] in sys.modules
    assert (set(sys.modules), list(sys.path)) == before
