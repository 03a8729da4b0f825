"""The direction of dependency: who may import whom, read from the source and never by importing it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "core" / "src" / "mrt"
KIT = ROOT / "testing-kit" / "src" / "mrt_testing_kit"
PLUGINS = sorted(path.parent for path in ROOT.glob("plugins/*/src/*/__init__.py"))

# A part of core may import parts of its own layer and of the layers before it.
LAYERS = [
    {"entities", "errors", "_cachedir", "_lazy", "_similar", "__version__"},
    {"http", "tokens", "credentials"},
    {"schema"},
    {"hookspecs", "plugin"},
    {"registry"},
    {"runtime", "middleware", "api"},
    {"cli", "__main__"},
]
RANK = {part: rank for rank, layer in enumerate(LAYERS) for part in layer}
LEAVES = LAYERS[1]
# h11 and pydantic_core are parts of httpx and pydantic, which bring them.
CORE_NEEDS = {"click", "h11", "httpx", "pluggy", "pydantic", "pydantic_core", "yaml"}
CORE_EXTRAS = {"keyring", "opentelemetry", "rich"}


def imports(path: Path, for_checkers: bool = True) -> Iterator[tuple[int, str]]:
    """Yield line and dotted name of everything that a file imports; `from a import b` gives `a.b`.

    Without `for_checkers`, what stands below `if TYPE_CHECKING:` is left out: it makes no dependency at run time.
    """
    waiting: list[ast.AST] = [ast.parse(path.read_text("utf-8"), str(path))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.If) and not for_checkers and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)


def part(path: Path) -> str:
    """Give the part of core to which a file belongs: the module or package right below `mrt`."""
    return path.relative_to(CORE).parts[0].removesuffix(".py")


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


CORE_FILES = sorted(CORE.rglob("*.py"))
FILES = [
    *CORE_FILES,
    *sorted(KIT.rglob("*.py")),
    *(file for folder in PLUGINS for file in sorted(folder.rglob("*.py"))),
]
every_core_file = pytest.mark.parametrize("path", CORE_FILES, ids=lambda path: str(path.relative_to(CORE)))
every_plugin = pytest.mark.parametrize("folder", PLUGINS, ids=lambda folder: folder.name)


def test_every_part_of_core_has_a_layer() -> None:
    parts = {part(path) for path in CORE_FILES} - {"__init__"}
    assert parts <= RANK.keys(), "place the new parts in LAYERS of this file"


@every_core_file
def test_core_depends_in_one_direction(path: Path) -> None:
    own = part(path)
    if own == "__init__":
        return  # gathers the public names of every part
    wrong = []
    for line, name in imports(path, for_checkers=False):
        if name.split(".")[0] != "mrt":
            continue
        target = [*name.split("."), "(the package itself)"][1]
        allowed = own == target or RANK.get(target, 99) <= RANK.get(own, -1)
        if own in LEAVES:
            allowed = own == target or RANK.get(target) == 0
        if not allowed:
            wrong.append(f"{where(path, line)}: {own} imports {target}")
    assert not wrong


@every_core_file
def test_core_imports_its_declared_dependencies_only(path: Path) -> None:
    known = {"mrt", *CORE_NEEDS, *CORE_EXTRAS, *sys.stdlib_module_names}
    assert not [f"{where(path, line)}: {name}" for line, name in imports(path) if name.split(".")[0] not in known]


def test_core_imports_httpx_in_one_module() -> None:
    users = {path for path in CORE_FILES for _, name in imports(path) if name.split(".")[0] in ("httpx", "httpcore")}
    assert len(users) <= 1, sorted(map(str, users))


@every_plugin
def test_plugins_import_public_modules_only(folder: Path) -> None:
    own = folder.name
    wrong = [
        f"{where(path, line)}: {name}"
        for path in sorted(folder.rglob("*.py"))
        for line, name in imports(path)
        if name.split(".")[0] != own
        and name.split(".")[0].startswith("mrt")
        and any(word.startswith("_") for word in name.split(".")[1:])
    ]
    assert not wrong


@every_plugin
def test_plugins_import_neither_the_kit_nor_an_http_client(folder: Path) -> None:
    banned = {"mrt_testing_kit", "httpx", "httpcore", "pytest"}
    found = [(path.name, name) for path in sorted(folder.rglob("*.py")) for _, name in imports(path)]
    assert not [(file, name) for file, name in found if name.split(".")[0] in banned]


def test_the_kit_imports_no_plugin() -> None:
    plugins = {folder.name for folder in PLUGINS}
    found = [(where(path, line), name) for path in sorted(KIT.rglob("*.py")) for line, name in imports(path)]
    assert not [(place, name) for place, name in found if name.split(".")[0] in plugins]


def test_the_rules_cover_files_that_exist() -> None:
    assert len(FILES) > 20
    assert len(PLUGINS) == 4


def test_imports_for_checkers_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\nelse:\n    import b\n")
    assert {name for _, name in imports(path)} == {"typing.TYPE_CHECKING", "a", "b"}
    assert {name for _, name in imports(path, for_checkers=False)} == {"typing.TYPE_CHECKING", "b"}
