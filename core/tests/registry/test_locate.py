from __future__ import annotations

import sys
import zipfile
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

import pytest

from mrt.registry.locate import find_schema, module_of

BOMB = "raise SystemExit('imported')"


def test_the_file_lies_in_the_package(site: Any) -> None:
    folder = site.package("mrt_acme", BOMB, provider="provider: acme")
    assert find_schema("mrt_acme") == str(folder / "provider.yaml")
    assert "mrt_acme" not in sys.modules


def test_a_dotted_name_imports_no_parents(site: Any) -> None:
    site.package("mrt_acme", BOMB)
    folder = site.package("mrt_acme.inner", BOMB, provider="provider: acme")
    assert find_schema("mrt_acme.inner") == str(folder / "provider.yaml")
    assert "mrt_acme" not in sys.modules


def test_a_module_finds_the_file_of_its_package(site: Any) -> None:
    folder = site.package("mrt_acme", BOMB, provider="provider: acme")
    (folder / "plugin.py").write_text(BOMB)
    assert find_schema("mrt_acme.plugin") == str(folder / "provider.yaml")


def test_the_nearest_file_counts(site: Any) -> None:
    site.package("mrt_acme", BOMB, provider="provider: outer")
    inner = site.package("mrt_acme.inner", BOMB, provider="provider: inner")
    (inner / "plugin.py").write_text(BOMB)
    assert find_schema("mrt_acme.inner.plugin") == str(inner / "provider.yaml")
    site.package("mrt_acme.bare", BOMB)
    assert find_schema("mrt_acme.bare") == str(inner.parent / "provider.yaml")


def test_a_module_without_package_shares_its_folder_with_strangers(site: Any) -> None:
    (site.path / "single_acme.py").write_text(BOMB)
    (site.path / "provider.yaml").write_text("provider: stranger")
    assert find_schema("single_acme") is None


def test_a_namespace_package_has_several_folders(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site.path / "mrt_space" / "one").mkdir(parents=True)
    other = tmp_path / "other" / "mrt_space" / "two"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text(BOMB)
    (other / "provider.yaml").write_text("provider: two")
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    assert find_schema("mrt_space.two") == str(other / "provider.yaml")


def test_an_editable_install_by_import_hook(tmp_path: Path, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = type(site)(tmp_path / "checkout" / "src")
    folder = checkout.package("mrt_acme", BOMB, provider="provider: acme")

    class Finder:
        """As build backends write one for an editable install."""

        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
            return PathFinder.find_spec(name, [str(checkout.path)]) if name == "mrt_acme" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    assert find_schema("mrt_acme") == str(folder / "provider.yaml")


def test_somebody_elses_broken_import_hook_is_passed_over(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        @staticmethod
        def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
            raise RuntimeError("hook")

    folder = site.package("mrt_acme", BOMB, provider="provider: acme")
    monkeypatch.setattr(sys, "meta_path", [Broken, object(), *sys.meta_path])
    assert find_schema("mrt_acme") == str(folder / "provider.yaml")


def test_a_package_that_is_loaded_already(site: Any) -> None:
    folder = site.package("mrt_acme", "", provider="provider: acme")
    __import__("mrt_acme")
    assert find_schema("mrt_acme") == str(folder / "provider.yaml")


def test_packages_in_archives_have_no_file(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.path / "plugins.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mrt_zipped/__init__.py", BOMB)
        archive.writestr("mrt_zipped/provider.yaml", "provider: zipped")
    monkeypatch.syspath_prepend(str(path))
    assert find_schema("mrt_zipped") is None


@pytest.mark.parametrize("name", ["mrt_missing", "mrt_missing.inner", "sys", "json", "", "mrt_acme.missing.deeper"])
def test_nothing_is_none(name: str, site: Any) -> None:
    site.package("mrt_acme", BOMB)
    assert find_schema(name) is None


@pytest.mark.parametrize("value", ["mrt_acme", "mrt_acme:plugin", " mrt_acme : plugin.inner "])
def test_the_module_of_an_entry_point(value: str) -> None:
    assert module_of(value) == "mrt_acme"
