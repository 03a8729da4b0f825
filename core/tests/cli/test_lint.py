from __future__ import annotations

from pathlib import Path

import pytest
from cli_run import Runner

HERE = Path(__file__).parent


def test_good_files_have_no_errors(bare: Runner) -> None:
    for path in ("site/mrt_acme", "site/mrt_acme/provider.yaml", "site/mrt_bolt/provider.yaml"):
        done = bare("lint", str(HERE / path))
        assert done.code == 0, done.out
        assert "error" not in done.out


@pytest.fixture
def broken(bare: Runner) -> Path:
    path = bare.folder / "provider.yaml"
    path.write_text("provider: acme\nlabel: {en_US: A}\nsupported_model_types: [llm, nonsense]\n")
    return path


def test_errors_are_shown_with_their_place(bare: Runner, broken: Path) -> None:
    done = bare("lint", "provider.yaml")
    assert done.code == 1
    assert "provider.yaml:3" in done.out
    assert "nonsense" in done.out
    assert " errors, " in done.err or "1 error, " in done.err


def test_findings_as_json(bare: Runner, broken: Path) -> None:
    done = bare("lint", ".", "--json")
    assert done.code == 1
    found = [finding for finding in done.json if "nonsense" in str(finding)]
    assert found
    assert found[0]["line"] == 3
    assert found[0]["severity"] == "error"
    assert bare("lint", str(HERE / "site/mrt_bolt"), "--json").code == 0


def test_a_file_that_is_no_yaml(bare: Runner) -> None:
    (bare.folder / "provider.yaml").write_text("provider: [\n")
    done = bare("lint", "provider.yaml")
    assert done.code == 1
    assert "provider.yaml:" in done.out
    assert "Traceback" not in done.err
