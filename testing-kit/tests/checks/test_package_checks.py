"""Every check of a distribution passes the wheel of what `new` writes, and fails a wheel with one mistake."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from wrong_schema import CREDENTIALS

from mrt_testing_kit import Report, run
from mrt_testing_kit.environments import run as command
from mrt_testing_kit.references.openai_http import plugin
from mrt_testing_kit.scaffold import create

pytestmark = pytest.mark.wheels
Files = dict[str, bytes]
Patch = Callable[[Files], None]
INFO = "mrt_deep_sea-0.1.0.dist-info/"
INIT = "mrt_deep_sea/__init__.py"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = create("mrt-deep-sea", "openai", tmp_path_factory.mktemp("source"))
    return folder


@pytest.fixture(scope="module")
def right(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", out, cwd=source)
    (wheel,) = out.glob("*.whl")
    return wheel


def check(id: str, **options: str) -> Report:
    return run(plugin, "openai", CREDENTIALS, id, **options)


def test_the_wheel_and_the_source_of_a_new_plugin_pass(source: Path) -> None:
    report = check("PKG", source=str(source))
    odd = {found.id: found.status for found in report if found.group == "PKG" and found.status != "pass"}
    assert odd == {"PKG-07": "not-applicable"}, [found.cases[0].text for found in report.failed]


def test_without_a_distribution_nothing_applies() -> None:
    report = check("PKG")
    assert {found.status for found in report if found.group == "PKG"} == {"not-applicable"}
    assert "--wheel" in report["PKG-02"].cases[0].reason


def replaced(name: str, old: str, new: str) -> Patch:
    def patch(files: Files) -> None:
        text = files[name].decode()
        assert old in text
        files[name] = text.replace(old, new).encode()

    return patch


def without(*names: str) -> Patch:
    def patch(files: Files) -> None:
        for name in names:
            del files[name]

    return patch


def added(name: str, text: str) -> Patch:
    def patch(files: Files) -> None:
        files[name] = text.encode()

    return patch


def at_import(code: str) -> Patch:
    return replaced(INIT, "plugin = ", f"{code}\n\nplugin = ")


_TOP = "from mrt import ModelType"
_EXTRA = "import no_such_sdk\n\nfrom mrt import ModelType"
_LAST = "Requires-Dist: mrt-openai-compatible<0.2,>=0.1"
METADATA = f"{INFO}METADATA"
_THREAD = "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"
_CONNECT = """import socket
try:
    socket.create_connection(("127.0.0.1", 9), 0.1)
except OSError:
    socket = None"""
_CACHE = "import pathlib; (pathlib.Path(__file__).parent / 'cache.db').write_text('x')"
_ALONE = """from mrt.registry.registry import Registry

def _no(self, name):
    raise RuntimeError("mine alone")

Registry.get = _no"""
_SILENT = (
    "import mrt.registry.registry as r; r.Registry.check = lambda self: []; r.Registry.get = lambda self, name: 1/0\n"
)
_PRIVATE = "from mrt._cachedir import cache_dir\nfrom mrt import ModelType"


def needs_extra(files: Files) -> None:
    replaced(METADATA, f"{_LAST}\n", f"{_LAST}\nProvides-Extra: sdk\n")(files)
    replaced(INIT, _TOP, _EXTRA)(files)


WRONG: dict[str, tuple[str, Patch]] = {
    "a dependency that is not declared": ("PKG-02", replaced(METADATA, f"{_LAST}\n", "")),
    "a module that is not in it": ("PKG-02", without("mrt_deep_sea/vendor.py")),
    "an import of nothing": ("PKG-02", replaced(INIT, _TOP, _EXTRA)),
    "an entry point to nothing": ("PKG-03", replaced(f"{INFO}entry_points.txt", ":plugin", ":plug")),
    "an entry point of another name": ("PKG-03", replaced(f"{INFO}entry_points.txt", "deep-sea =", "deep-lake =")),
    "a class that is not there": ("PKG-03", replaced(INIT, "DeepSeaLargeLanguageModel", "LargeLanguageModels")),
    "a file written at import": ("PKG-04", at_import("open('left.txt', 'w').close()")),
    "a thread at import": ("PKG-04", at_import(_THREAD)),
    "a variable at import": ("PKG-04", at_import("import os; os.environ['DEEP_SEA'] = '1'")),
    "logging at import": ("PKG-04", at_import("import logging; logging.basicConfig(level=10)")),
    "a connection at import": ("PKG-04", at_import(_CONNECT)),
    "a path file that imports it": ("PKG-04", added("deep_sea_start.pth", "import mrt_deep_sea\n")),
    "no py.typed": ("PKG-05", without("mrt_deep_sea/py.typed")),
    "no icons": ("PKG-05", without("mrt_deep_sea/_assets/icon_small.svg", "mrt_deep_sea/_assets/icon_large.svg")),
    "no models": ("PKG-05", without("mrt_deep_sea/models/llm/_position.yaml")),
    "no licence's text": ("PKG-05", without(f"{INFO}licenses/LICENSE")),
    "a file in its own package": ("PKG-17", at_import(_CACHE)),
    "a path of its own": ("PKG-06", at_import("assert __file__.isascii() and ' ' not in __file__")),
    "an exact pin": ("PKG-08", replaced(METADATA, "mrt-core<0.2,>=0.1", "mrt-core==0.1.0")),
    "no lower bound": ("PKG-08", replaced(METADATA, "mrt-core<0.2,>=0.1", "mrt-core")),
    "no version that fits": ("PKG-08", replaced(METADATA, "mrt-core<0.2,>=0.1", "mrt-core<0.1,>=0.2")),
    "no licence": ("PKG-10", replaced(METADATA, "License-Expression: MIT\n", "")),
    "an upper bound of Python": (
        "PKG-11",
        replaced(METADATA, "Python: >=3.11", "Python: <3.13,>=3.11"),
    ),
    "words that are too new": ("PKG-11", added("mrt_deep_sea/new.py", "type Number = int\n")),
    "a package of tests": ("PKG-12", added("tests/__init__.py", "")),
    "a stray module": ("PKG-12", added("utils.py", "")),
    "tests inside": ("PKG-13", added("mrt_deep_sea/tests/test_it.py", "")),
    "a file of secrets": ("PKG-13", added("mrt_deep_sea/.env", "KEY=1")),
    "a key": ("PKG-13", added("mrt_deep_sea/k.txt", "-----BEGIN RSA PRIVATE " + "KEY-----")),
    "too much": ("PKG-13", added("mrt_deep_sea/big.txt", "x" * 11_000_000)),
    "an import of what is private": ("PKG-16", replaced(INIT, _TOP, _PRIVATE)),
    "an import of what is not there": ("PKG-16", replaced(INIT, _TOP, "from mrt import NoSuchThing, ModelType")),
    "another version in the code": ("PKG-18", replaced(INIT, "plugin = ", '__version__ = "0.2.0"\n\nplugin = ')),
    "a sample without types": ("PKG-19", without("mrt_deep_sea/py.typed")),
    "a warning at import": ("PKG-20", at_import("import warnings; warnings.warn('old', DeprecationWarning)")),
    "an extra that is needed": ("PKG-07", needs_extra),
    "bounds that shut others out": ("PKG-09", replaced(METADATA, _LAST, "Requires-Dist: mrt-openai-compatible>=9")),
    "hides the failures of others": ("PKG-15", at_import(_ALONE)),
    "takes its name for itself": ("PKG-14", added("deep_sea.pth", _SILENT)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_wheel_fails(name: str, right: Path, tmp_path: Path) -> None:
    id, patch = WRONG[name]
    with zipfile.ZipFile(right) as opened:
        files = {file: opened.read(file) for file in opened.namelist() if not file.endswith("/RECORD")}
    patch(files)
    report = check(id, wheel=str(packed(files, tmp_path / right.name)))
    assert report.status(id) == "fail", report[id].cases[0].reason


def test_a_wrong_name_fails_the_check_of_names_alone(right: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(right) as opened:
        files = {file: opened.read(file) for file in opened.namelist() if not file.endswith("/RECORD")}
    WRONG["an entry point of another name"][1](files)
    assert check("PKG-15", wheel=str(packed(files, tmp_path / right.name))).status("PKG-15") == "pass"


def packed(files: Files, path: Path) -> Path:
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in files.items():
            wheel.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            rows.writerow([name, f"sha256={digest}", len(data)])
        rows.writerow([f"{INFO}RECORD", "", ""])
        wheel.writestr(f"{INFO}RECORD", record.getvalue())
    return path


def test_an_sdist_without_its_data_fails(tmp_path: Path) -> None:
    folder, _ = create("mrt-deep-sea", "openai", tmp_path)
    project = folder / "pyproject.toml"
    text = project.read_text("utf-8")
    project.write_text(text.replace('include = ["/src",', 'include = ["/src/**/*.py",'), "utf-8")
    assert check("PKG-01", source=str(folder)).status("PKG-01") == "fail"
    assert check("PKG-05", source=str(folder)).status("PKG-05") == "fail"
