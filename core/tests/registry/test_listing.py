from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mrt.entities.provider import ProviderEntity
from mrt.errors import SchemaError
from mrt.registry import Registry
from mrt.registry.discovery import cache_name
from mrt.registry.listing import summarize

LOADS = """
import json, sys
from mrt.registry import Registry
registry = Registry()
rows = [list(row) for row in registry.listing()]
loaded = sorted({"importlib.metadata", "yaml", "pydantic", "pluggy", "httpx", "asyncio"} & set(sys.modules))
print(json.dumps([rows, [str(failure) for failure in registry.failures], loaded]))
"""


def list_elsewhere(site: Any) -> Any:
    """List in another process."""
    environment = {**os.environ, "PYTHONPATH": str(site.path)}
    command = [sys.executable, "-c", LOADS]
    done = subprocess.run(command, capture_output=True, env=environment, cwd="/", timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_a_row(site: Any) -> None:
    folder = site.install("acme", version="1.2")
    (row,) = Registry().listing()
    assert (row.name, row.label["en_US"], row.model_types) == ("acme", "Acme", ["llm", "text-embedding"])
    assert (row.distribution, row.version, row.methods) == ("mrt-acme", "1.2", ["customizable-model"])
    assert row.schema_path == str(folder / "provider.yaml")


def test_a_warm_list_loads_neither_yaml_nor_pydantic_nor_plugins(site: Any, describe: Any) -> None:
    site.install("acme", "raise SystemExit('imported')")
    site.install("bolt", "raise SystemExit('imported')", schema=describe("other", "B"))
    cold, warm = list_elsewhere(site), list_elsewhere(site)
    assert {"yaml", "pydantic", "importlib.metadata"} <= set(cold[2])
    assert warm[2] == []
    assert warm[:2] == cold[:2]
    assert [row[0] for row in warm[0]] == ["acme", "bolt"]
    assert "bolt (mrt-bolt 1.0)" in warm[1][0]


def label(registry: Registry) -> str:
    return registry.listing()[0].label["en_US"]


def test_an_edited_file_is_read_anew(site: Any) -> None:
    folder = site.install("acme")
    assert label(Registry()) == "Acme"
    path = folder / "provider.yaml"
    path.write_text(path.read_text().replace("en_US: Acme", "en_US: Best"))
    past = time.time_ns() - 5_000_000_000
    os.utime(path, ns=(past, past))
    assert label(Registry()) == "Best"


def test_a_file_of_the_same_size_that_changed_just_now_is_not_kept(site: Any) -> None:
    folder = site.install("acme")
    path = folder / "provider.yaml"
    soon = time.time_ns() + 3_600_000_000_000
    for text in ("Acme", "Best", "Cool"):
        path.write_text(path.read_text().replace("Acme", text).replace("Best", text))
        os.utime(path, ns=(soon, soon))
        assert label(Registry()) == text


def test_a_file_that_breaks_later_is_left_out(site: Any) -> None:
    folder = site.install("acme")
    assert len(Registry().listing()) == 1
    (folder / "provider.yaml").write_text("provider: [")
    registry = Registry()
    assert registry.listing() == []
    assert [failure.phase for failure in registry.failures] == ["schema"]


def test_a_checkout_in_front_hides_the_installed_package(
    site: Any, describe: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.install("acme")
    assert label(Registry()) == "Acme"
    checkout = type(site)(tmp_path / "checkout")
    checkout.package("mrt_acme", provider=describe("acme", "Checkout"))
    monkeypatch.syspath_prepend(str(checkout.path))
    registry = Registry()
    assert label(registry) == "Checkout"
    assert registry.get("acme").relay.plugin.__file__.startswith(str(checkout.path))


def test_a_removed_plugin_is_gone(site: Any) -> None:
    folder = site.install("acme")
    site.install("bolt")
    assert len(Registry().listing()) == 2
    shutil.rmtree(folder)
    shutil.rmtree(site.path / "mrt_acme-1.0.dist-info")
    site.settle()
    assert [row.name for row in Registry().listing()] == ["bolt"]


@pytest.mark.parametrize(
    "change",
    [
        lambda item: [],
        lambda item: 1,
        lambda item: item[:-1],
        lambda item: [None, *item[1:]],
        lambda item: ["nul\0byte", *item[1:]],
        lambda item: [*item[:4], {}, *item[5:]],
        lambda item: [*item[:3], 7, *item[4:]],
    ],
)
def test_a_corrupt_cache_is_read_over(change: Any, site: Any, cache: Path) -> None:
    site.install("acme")
    rows = Registry().listing()
    file = cache / cache_name("providers")
    whole = json.loads(file.read_text())
    finished_list(cache).unlink()
    broken = {place: {value: change(item) for value, item in items.items()} for place, items in whole.items()}
    for text in (json.dumps(broken), json.dumps(dict.fromkeys(whole, 1)), "[1]", "{"):
        file.write_text(text)
        assert Registry().listing() == rows
        assert json.loads(file.read_text()) == whole
        finished_list(cache).unlink()


def finished_list(cache: Path) -> Path:
    """Return the file of the list that was kept as a whole."""
    (file,) = cache.glob("list-*")
    return file


def without(key: str) -> Any:
    return lambda kept: {name: value for name, value in kept.items() if name != key}


def with_column(number: int, value: Any) -> Any:
    def change(kept: Any) -> Any:
        columns = copy.deepcopy(kept["columns"])
        columns[number][0] = value
        return {**kept, "columns": columns}

    return change


@pytest.mark.parametrize(
    "change",
    [
        *map(without, ["disabled", "folders", "packages", "kinds", "columns"]),
        *(with_column(number, None) for number in range(8)),
        *(with_column(7, number) for number in (-1, 1, True)),
        *(with_column(6, {}), with_column(3, "nul\0byte"), with_column(4, 1)),
        lambda kept: {**kept, "columns": kept["columns"][:-1]},
        lambda kept: {**kept, "columns": [kept["columns"][0][1:], *kept["columns"][1:]]},
        lambda kept: {**kept, "columns": [kept["columns"][0] * 2, *kept["columns"][1:]]},
        *(lambda kept, kinds=kinds: {**kept, "kinds": kinds} for kinds in ([], [1], [[["llm"]]], [["llm", []]])),
        lambda kept: {**kept, "kinds": [[[1], []]]},
        *(lambda kept, folders=folders: {**kept, "folders": folders} for folders in ([], 1, [1], [["/"]])),
        *(lambda kept: [], lambda kept: "x"),
    ],
)
def test_a_corrupt_list_is_read_over(change: Any, site: Any, cache: Path) -> None:
    site.install("acme")
    site.install("bolt")
    rows = Registry().listing()
    file = finished_list(cache)
    whole = json.loads(file.read_text())
    file.write_text(json.dumps(change(whole)))
    assert Registry().listing() == rows
    if "packages" in json.loads(file.read_text()):
        assert json.loads(file.read_text()) == whole


def test_a_list_that_is_kept_is_the_list(site: Any, cache: Path) -> None:
    site.install("acme")
    rows = Registry().listing()
    file = finished_list(cache)
    kept = json.loads(file.read_text())
    kept["columns"][2] = ["9.9"]
    file.write_text(json.dumps(kept))
    (row,) = Registry().listing()
    assert row == rows[0]._replace(version="9.9")
    row.model_types.clear()
    assert Registry().listing()[0].model_types == rows[0].model_types


def test_whoever_disables_something_has_another_list(site: Any) -> None:
    site.install("acme")
    site.install("bolt")
    for _ in range(2):
        assert [row.name for row in Registry().listing()] == ["acme", "bolt"]
        registry = Registry()
        registry.disable("acme")
        assert [row.name for row in registry.listing()] == ["bolt"]


def test_what_was_registered_is_in_the_list(site: Any) -> None:
    import mrt

    site.install("acme")
    Registry().listing()
    registry = Registry()

    class Own:
        @mrt.hookimpl
        def provide_schema(self) -> ProviderEntity:
            return mrt.ProviderEntity(provider="own", label=mrt.I18nObject(en_US="Own"))

    registry.register(Own(), "own")
    assert [row.name for row in registry.listing()] == ["acme", "own"]
    assert [row.name for row in Registry().listing()] == ["acme"]


@pytest.mark.parametrize("spoil", ["broken", "twice", "other-name"])
def test_a_list_with_a_problem_is_not_kept(spoil: str, site: Any, cache: Path, describe: Any) -> None:
    site.install("acme")
    if spoil == "broken":
        site.install("bolt", schema="provider: [")
    elif spoil == "twice":
        site.install("bolt", distribution="mrt-bolt")
        site.metadata("mrt-bolt-too", "1.0", "[mrt.providers]\nbolt = mrt_bolt\n")
        site.settle()
    else:
        site.install("bolt", schema=describe("blot", "B"))
    for _ in range(2):
        registry = Registry()
        registry.listing()
        assert registry.failures
    assert list(cache.glob("list-*")) == []


def test_a_plugin_in_a_folder_in_front_is_seen_at_once(
    site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front = type(site)(tmp_path / "front")
    monkeypatch.syspath_prepend(str(front.path))
    site.install("acme")
    for _ in range(2):
        assert [row.name for row in Registry().listing()] == ["acme"]
    front.install("bolt")
    assert [row.name for row in Registry().listing()] == ["acme", "bolt"]


def test_what_changes_while_a_list_is_made_shows_in_the_next(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = site.install("acme")
    path = folder / "provider.yaml"

    def installing(entries: Any) -> Any:
        site.install("bolt")
        return summarize(entries)

    def editing(entries: Any) -> Any:
        found = summarize(entries)
        path.write_text(path.read_text().replace("Acme", "Best"))
        site.settle()
        return found

    monkeypatch.setattr("mrt.registry.registry.summarize", installing)
    assert [row.name for row in Registry().listing()] == ["acme"]
    monkeypatch.setattr("mrt.registry.registry.summarize", editing)
    assert [row.label["en_US"] for row in Registry().listing()] == ["Acme", "Bolt"]
    monkeypatch.setattr("mrt.registry.registry.summarize", summarize)
    assert [row.label["en_US"] for row in Registry().listing()] == ["Best", "Bolt"]


def test_a_file_that_changed_after_it_was_read_is_not_kept_as_it_was(site: Any) -> None:
    folder = site.install("acme")
    registry = Registry()
    assert registry.get("acme").schema.label.en_US == "Acme"
    path = folder / "provider.yaml"
    path.write_text(path.read_text().replace("Acme", "Best"))
    site.settle()
    registry.listing()
    assert label(Registry()) == "Best"


def test_lists_of_many_paths_take_few_files(site: Any, cache: Path, tmp_path: Path, monkeypatch: Any) -> None:
    site.install("acme")
    for number in range(40):
        monkeypatch.setattr(sys, "path", [*sys.path[:1], str(tmp_path / str(number)), *sys.path[1:]])
        assert len(Registry().listing()) == 1
    assert len(list(cache.glob("list-*"))) <= 32


def test_plugins_without_a_file_are_not_kept(site: Any, cache: Path) -> None:
    source = """
    import mrt
    @mrt.hookimpl
    def provide_schema():
        return mrt.ProviderEntity(provider="acme", label=mrt.I18nObject(en_US="By hook"))
    """
    site.install("acme", source, schema=None)
    for _ in range(2):
        assert label(Registry()) == "By hook"
    assert not (cache / cache_name("providers")).exists()


@pytest.fixture
def providers(site: Any) -> dict[str, ProviderEntity]:
    for name in ("acme", "bolt"):
        site.install(name)
    Registry().listing()
    return Registry().providers()


def raw(providers: dict[str, ProviderEntity]) -> list[str]:
    """The names whose description was read."""
    return [name for name, value in dict.items(providers) if value is not None]


def test_descriptions_are_read_when_they_are_looked_at(providers: dict[str, ProviderEntity]) -> None:
    assert list(providers) == ["acme", "bolt"]
    assert len(providers) == 2
    assert "acme" in providers
    assert raw(providers) == []
    assert providers["acme"] is providers["acme"]
    assert raw(providers) == ["acme"]


WAYS_TO_READ: dict[str, Any] = {
    "values": lambda found: dict(zip(found, found.values(), strict=True)),
    "items": lambda found: dict(found.items()),
    "dict": dict,
    "stars": lambda found: {**found},
    "copy": lambda found: found.copy(),
    "copy.copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "union": lambda found: found | {},
    "reversed union": lambda found: {} | found,
    "get": lambda found: {name: found.get(name) for name in found},
    "pop": lambda found: {name: found.pop(name) for name in list(found)},
    "popitem": lambda found: dict(found.popitem() for _ in range(2)),
    "setdefault": lambda found: {name: found.setdefault(name, None) for name in found},
    "comprehension": lambda found: {name: found[name] for name in found},
}


@pytest.mark.parametrize("way", WAYS_TO_READ)
def test_nobody_sees_an_unread_description(way: str, providers: dict[str, ProviderEntity]) -> None:
    assert isinstance(providers, dict)
    found = WAYS_TO_READ[way](providers)
    assert set(found) == {"acme", "bolt"}
    assert all(isinstance(value, ProviderEntity) for value in found.values())


def test_it_compares_and_prints_as_a_dict(providers: dict[str, ProviderEntity]) -> None:
    assert providers == Registry().providers() == {"acme": providers["acme"], "bolt": providers["bolt"]}
    assert providers != {}
    assert repr(providers).startswith("{'acme': ProviderEntity(provider='acme'")
    assert providers.get("missing") is None
    assert providers.pop("missing", 1) == 1  # type: ignore[call-overload]
    with pytest.raises(KeyError):
        providers["missing"]


def test_a_description_that_broke_after_it_was_listed(site: Any, providers: dict[str, ProviderEntity]) -> None:
    (site.path / "mrt_acme" / "provider.yaml").write_text("provider: [")
    with pytest.raises(SchemaError):
        providers["acme"]
    assert [name for name, _ in providers.items()] == ["bolt"]
