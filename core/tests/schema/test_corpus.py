"""A tree of the size of the published one."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mrt.entities.model import AIModelEntity
from mrt.schema import lint, load_model, load_provider


def test_it_has_the_published_size_and_oddities(corpus: Any) -> None:
    assert (len(corpus.providers), len(corpus.models)) == (70, 1686)
    assert corpus.rules > 8000
    assert len(corpus.unreached) > 20
    for oddity in ("bom", "crlf", "run-together", "duplicate-model", "position-mismatch", "glob-without-files"):
        assert corpus.oddities[oddity], oddity
    assert all(corpus.oddities.values())


def test_everything_loads_cold_and_warm_alike(corpus: Any, own_cache: Path) -> None:
    cold = [load_provider(path) for path in corpus.providers]
    assert sum(len(provider.models) for provider in cold) == corpus.reached
    warm = [load_provider(path) for path in corpus.providers]
    assert len(list((own_cache / "schema").iterdir())) > 30
    assert warm == cold


def test_every_file_loads_by_itself(corpus: Any) -> None:
    entities = [load_model(path) for path in corpus.models]
    assert len(entities) == 1686
    assert all(isinstance(entity, AIModelEntity) for entity in entities)


def test_the_lint_finds_no_errors_and_each_oddity(corpus: Any) -> None:
    findings = lint(corpus.root)
    assert [finding for finding in findings if finding.severity == "error"] == []
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding.code, set()).add(finding.file)
    for oddity, code in {
        "unit-zero": "price-unit",
        "icon-key": "unknown-key",
        "metadata": "unknown-key",
        "rule-show_on": "unknown-key",
        "lone-stream-tool-call": "features",
        "odd-default": "default-precision",
        "above-context": "above-context",
        "no-context": "missing-property",
        "no-voices": "no-voices",
        "duplicate-model": "duplicate-model",
        "run-together": "run-together",
        "position-mismatch": "position-unknown",
    }.items():
        assert {str(path) for path in corpus.oddities[oddity]} <= found[code], oddity
    assert {str(path) for path in corpus.unreached} == found["unreached-model"]
    silent = {"no-label", "no-features", "no-pricing", "no-rules", "ja_JP", "null-text", "bom", "crlf", "deprecated"}
    quiet = {str(path) for oddity in silent for path in corpus.oddities[oddity]} - {
        str(path) for oddity, paths in corpus.oddities.items() if oddity not in silent for path in paths
    }
    loud = Counter(finding.code for finding in findings if finding.file in quiet and finding.severity == "warning")
    assert set(loud) <= {"unreached-model"}


def test_the_generator_writes_the_same_tree_every_time(small_corpus: Any, tmp_path: Path) -> None:
    script = Path(__file__).with_name("corpus.py")
    subprocess.run([sys.executable, script, tmp_path / "again", "8", "120"], check=True, capture_output=True)
    files = sorted(path.relative_to(small_corpus.root) for path in small_corpus.root.rglob("*") if path.is_file())
    assert files == sorted(
        path.relative_to(tmp_path / "again") for path in (tmp_path / "again").rglob("*") if path.is_file()
    )
    for file in files:
        assert (small_corpus.root / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


@pytest.mark.parametrize("module", ["yaml", "httpx", "pydantic", "mrt.entities"])
def test_importing_the_package_loads_nothing(module: str) -> None:
    code = f"import mrt.schema, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_cached_provider_needs_no_yaml_parser(corpus: Any) -> None:
    path = next(path for path in corpus.providers if len(load_provider(path).models) > 10)
    code = f"import mrt.schema, sys; mrt.schema.load_provider({str(path)!r}).models[3]; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_of_the_package() -> None:
    import mrt.schema

    for name in mrt.schema.__all__:
        assert getattr(mrt.schema, name).__module__.startswith("mrt.schema.")
        assert name in dir(mrt.schema)
    with pytest.raises(AttributeError, match="nothing"):
        mrt.schema.nothing  # noqa: B018
    # Also after the module that defines it was imported by a load that failed.
    assert callable(mrt.schema.lint)
