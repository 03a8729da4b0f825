"""Which files a provider reaches, and in which order its models come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.errors import SchemaError
from mrt.schema import lint, load_provider


def names(path: Any) -> list[str]:
    return [entity.model for entity in load_provider(path).models]


def codes(path: Any, severity: str = "") -> list[str]:
    return [finding.code for finding in lint(path) if severity in ("", finding.severity)]


GLOB = "      - models/llm/*.yaml\n"


@pytest.fixture
def tree(write: Any, model: Any, provider_text: Any) -> Any:
    """Write models at these places, and a provider with this glob."""

    def make(*places: str, glob: str = "models/llm/*.yaml") -> Path:
        for place in places:
            write(place, model(model=Path(place).stem))
        path = write("provider.yaml", provider_text(GLOB, f"      - '{glob}'\n"))
        assert isinstance(path, Path)
        return path

    return make


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("models/llm/*.yaml", ["a1", "b-2"]),
        ("./models/llm/*.yaml", ["a1", "b-2"]),
        ("models//llm/*.yaml", ["a1", "b-2"]),
        ("models/llm/a1.yaml", ["a1"]),
        ("models/llm/?1.yaml", ["a1"]),
        ("models/llm/[b-z]*.yaml", ["b-2"]),
        ("models/llm/[!b]*.yaml", ["a1"]),
        ("models/llm/*/*.yaml", ["c"]),
        ("models/*/*.yaml", ["a1", "b-2", "e"]),
        ("models/llm/**/*.yaml", ["a1", "b-2", "c", "d"]),
        ("models/**/d.yaml", ["d"]),
        ("models/llm/**", ["a1", "b-2", "c", "d", "f"]),
        ("**/*.yaml", ["a1", "b-2", "c", "d", "e"]),
        ("models/llm/*/*/*.yaml", ["d"]),
        ("models/llm/*.yml", ["f"]),
        ("models/llm/*", ["a1", "b-2", "f"]),
        ("models/llm/.h*.yaml", [".hidden"]),
        ("models/none/*.yaml", []),
        ("models/llm", []),
        ("models\\llm\\*.yaml", ["a1", "b-2"]),
    ],
)
def test_shapes_of_globs(tree: Any, write: Any, glob: str, expected: list[str]) -> None:
    places = ["a1.yaml", "b-2.yaml", "x/c.yaml", "x/y/d.yaml", "f.yml", ".hidden.yaml", ".folder/g.yaml"]
    write("models/llm/notes.txt", "no model")
    path = tree(*(f"models/llm/{place}" for place in places), "models/other/e.yaml", glob=glob)
    if glob == "**/*.yaml":
        path = path.rename(path.with_name("provider.yml"))
    assert names(path) == expected


def test_a_file_that_two_globs_match_counts_once(tree: Any, provider_text: Any) -> None:
    path = tree("models/llm/a.yaml")
    path.write_text(provider_text(GLOB, GLOB + "      - models/llm/a*.yaml\n"))
    assert names(path) == ["a"]


def test_position_order_then_names(tree: Any, write: Any) -> None:
    path = tree(*(f"models/llm/{name}.yaml" for name in "cabzd"))
    write("models/llm/_position.yaml", "- d\n- gone\n-\n- c\n- c\n")
    assert names(path) == ["d", "c", "a", "b", "z"]
    assert load_provider(path).position == {"llm": ["d", "gone", "c", "c"]}
    assert sorted(codes(path)) == ["duplicate-position", "empty-entry", "position-missing", "position-unknown"]


def test_the_position_key_counts_where_no_glob_reaches_it(tree: Any, write: Any) -> None:
    path = tree("models/llm/x/a.yaml", "models/llm/x/b.yaml", glob="models/llm/*/*.yaml")
    write("models/llm/_position.yaml", "- b\n- a\n")
    assert names(path) == ["b", "a"]


def test_a_position_file_in_the_globs_counts_without_the_key(tree: Any, write: Any, provider_text: Any) -> None:
    path = tree("models/llm/a.yaml", "models/llm/b.yaml")
    write("models/llm/_position.yaml", "- b\n- a\n")
    path.write_text(provider_text("    position: models/llm/_position.yaml\n", ""))
    assert names(path) == ["b", "a"]


def test_a_position_written_into_the_provider_file(tree: Any, provider_text: Any) -> None:
    path = tree("models/llm/a.yaml", "models/llm/b.yaml")
    path.write_text(provider_text() + "position:\n  llm:\n    - b\n")
    assert names(path) == ["b", "a"]


@pytest.mark.parametrize("text", ["b - a - c\n", "- b - a - c\n", "- b a c d\n", "b, a, c\n", "|\n  b\n  a\n"])
def test_a_list_that_has_run_together_is_taken_apart(tree: Any, write: Any, text: str) -> None:
    path = tree("models/llm/a.yaml", "models/llm/b.yaml")
    write("models/llm/_position.yaml", text)
    assert names(path) == ["b", "a"]
    assert "run-together" in codes(path, "warning")


def test_a_name_with_blanks_is_one_name(tree: Any, write: Any, model: Any) -> None:
    path = tree("models/llm/a.yaml")
    write("models/llm/b.yaml", model(model="b two"))
    write("models/llm/_position.yaml", "- b two\n")
    assert names(path) == ["b two", "a"]
    assert codes(path, "warning") == []


def test_numbers_are_names(tree: Any, write: Any, model: Any) -> None:
    path = tree("models/llm/a.yaml")
    write("models/llm/b.yaml", model("model: acme-1", "model: 1.10"))
    write("models/llm/_position.yaml", "- 1.10\n- a\n")
    assert names(path) == ["1.10", "a"]


def test_types_come_in_the_order_of_the_provider(tree: Any, write: Any, provider_text: Any) -> None:
    path = tree("models/llm/a.yaml", "models/llm/b.yaml")
    for name, kind in (("r", "rerank"), ("t", "tts"), ("e", "text-embedding")):
        write(f"models/llm/{name}.yaml", f"model: {name}\nmodel_type: {kind}\n")
    path.write_text(provider_text("  - llm\n", "  - tts\n  - llm\n  - text-embedding\n"))
    provider = load_provider(path)
    assert [entity.model for entity in provider.models] == ["t", "a", "b", "e", "r"]
    assert [entity.model for entity in provider.model_entities(ModelType.LLM)] == ["a", "b"]


def test_the_order_is_the_same_every_time(small_corpus: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MRT_NO_CACHE", "1")
    first = [names(path) for path in small_corpus.providers]
    real = os.scandir

    class Backwards:
        def __init__(self, folder: Any) -> None:
            with real(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> Any:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(os, "scandir", Backwards)
    assert [names(path) for path in small_corpus.providers] == first


def test_a_missing_position_file_is_a_warning(tree: Any) -> None:
    path = tree("models/llm/a.yaml")
    assert names(path) == ["a"]
    assert codes(path, "warning") == ["missing-position"]


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory, model: Any) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret.yaml").write_text(model(model="secret"))
    return folder


@pytest.mark.parametrize("target", ["file", "folder"])
def test_links_out_of_the_folder_are_refused(tree: Any, outside: Path, target: str) -> None:
    path = tree("models/llm/a.yaml", glob="models/llm/*.yaml" if target == "file" else "models/llm/*/*.yaml")
    link = path.parent / "models" / "llm" / ("b.yaml" if target == "file" else "b")
    link.symlink_to(outside / "secret.yaml" if target == "file" else outside)
    with pytest.raises(SchemaError) as caught:
        load_provider(path)
    assert [finding.code for finding in caught.value.findings if finding.severity == "error"] == ["outside"]


def test_links_within_the_folder_are_followed(tree: Any) -> None:
    path = tree("models/shared/a.yaml")
    (path.parent / "models" / "llm").mkdir()
    (path.parent / "models" / "llm" / "a.yaml").symlink_to(path.parent / "models" / "shared" / "a.yaml")
    assert names(path) == ["a"]


def test_a_whole_folder_behind_links_is_read(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tree("models/llm/a.yaml")
    farm = tmp_path_factory.mktemp("farm")
    (farm / "plugin").symlink_to(path.parent)
    assert names(farm / "plugin" / "provider.yaml") == ["a"]
    assert names(farm / "plugin") == ["a"]


def test_every_file_behind_a_link_of_its_own_is_read(tree: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    # As installers do that keep packages in one store and link each file into the environment.
    path = tree("models/llm/a.yaml")
    farm = tmp_path_factory.mktemp("farm")
    (farm / "models" / "llm").mkdir(parents=True)
    (farm / "provider.yaml").symlink_to(path)
    (farm / "models" / "llm" / "a.yaml").symlink_to(path.parent / "models" / "llm" / "a.yaml")
    assert names(farm / "provider.yaml") == ["a"]


def test_circles_of_links_end(tree: Any) -> None:
    path = tree("models/llm/a.yaml", glob="models/**/*.yaml")
    (path.parent / "models" / "llm" / "up").symlink_to(path.parent / "models")
    (path.parent / "models" / "self").symlink_to(path.parent / "models" / "self")
    assert names(path) == ["a"]


def test_the_plugins_folder_is_the_base_of_a_file_in_provider(write: Any, model: Any, provider_text: Any) -> None:
    path = write("acme/provider/acme.yaml", provider_text())
    write("acme/models/llm/a.yaml", model(model="a"))
    assert names(path) == ["a"]
    assert names(path.parent) == ["a"]
    assert names(path.parents[1]) == ["a"]


def test_a_folder_called_provider_may_hold_everything(write: Any, model: Any, provider_text: Any) -> None:
    path = write("provider/provider.yaml", provider_text())
    write("provider/models/llm/a.yaml", model(model="a"))
    write("models/llm/b.yaml", model(model="b"))
    assert names(path) == ["a"]


def test_lint_of_a_folder_finds_what_no_glob_reaches(tree: Any, write: Any, model: Any) -> None:
    path = tree("models/llm/a.yaml", "models/old/b.yaml")
    write("models/llm/_position.yaml", "- a\n")
    write("models/old/_position.yaml", "- b\n")
    write("manifest.yaml", "type: plugin\n")
    write(".github/workflow.yaml", "on: [push\n")
    write("mkdocs.yml", "site: a\nsite: b\nextension: !!python/name:some.thing\n")
    assert codes(path) == []
    assert codes(path.parent) == ["unreached-position", "unreached-model"]


def test_lint_of_a_folder_without_a_provider_checks_each_file(tree: Any) -> None:
    path = tree("models/llm/a.yaml", "models/llm/b.yaml")
    assert codes(path.parent / "models") == []
    (path.parent / "models" / "llm" / "b.yaml").write_text("model: b\n")
    assert codes(path.parent / "models") == ["missing-key"]


def test_lint_of_nothing(tmp_path: Path, write: Any) -> None:
    assert codes(tmp_path) == ["no-files"]
    assert codes(write("other.yaml", "a: 1\n")) == ["unknown-file"]
    assert codes(tmp_path / "none.yaml") == ["unreadable"]


def test_lint_says_each_thing_once(small_corpus: Any) -> None:
    findings = lint(small_corpus.root)
    assert len(findings) == len({(finding.file, finding.line, finding.code, finding.key_path) for finding in findings})
    alone = [finding for path in small_corpus.providers for finding in lint(path)]
    reached = {finding for finding in findings if Path(finding.file) not in small_corpus.unreached}
    assert reached == set(alone)
