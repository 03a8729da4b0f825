"""The built wheels: what they hold, and that they work in a fresh environment which sees no package index.

`MRT_WHEELHOUSE` names a folder that already holds the wheels of all members and of their dependencies. Without it the
wheels are built here, and those of the dependencies are packed again from what is installed.
"""

from __future__ import annotations

import email
import email.message
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.wheels

PLUGINS = {"mrt-openai-compatible", "mrt-xinference", "mrt-openllm", "mrt-anthropic"}
# A server of another machine must not help, and neither must the settings of this one.
CLEAN = {key: value for key, value in os.environ.items() if not re.match(r"PIP_|PYTHON|UV_|VIRTUAL_ENV|MRT_", key)}
CLEAN |= {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def call(*command: str | Path, cwd: Path, code: int = 0, env: dict[str, str] = CLEAN) -> str:
    """Run a command and give its output; fail with all that it said when the exit code is another."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
        check=False,
    )  # fmt: skip
    output, errors = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == code, f"{command}: exit code {done.returncode}\n{output}\n{errors}"
    return output + errors


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def repack(distribution: importlib.metadata.Distribution, folder: Path) -> None:
    """Write an installed distribution as a wheel, without the scripts and bytecode made at its installation."""
    tags = re.findall(r"^Tag: (.+)$", distribution.read_text("WHEEL") or "", re.MULTILINE)
    name = re.sub(r"[-_.]+", "_", distribution.metadata["Name"])
    made_here = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
    kept = [
        file
        for file in distribution.files or []
        if ".." not in file.parts and "__pycache__" not in file.parts and file.name not in made_here
    ]
    with zipfile.ZipFile(folder / f"{name}-{distribution.version}-{tags[0]}.whl", "w") as wheel:
        for file in kept:
            wheel.write(str(distribution.locate_file(file)), file.as_posix())
        info = next(file.parent for file in kept if file.name == "METADATA")
        lines = [f"{file.as_posix()},," for file in [*kept, info / "RECORD"]]
        wheel.writestr((info / "RECORD").as_posix(), "\n".join(lines) + "\n")


def requirements(names: set[str]) -> dict[str, importlib.metadata.Distribution]:
    """Find the installed distributions that these need, and what those need; extras are left out."""
    from packaging.requirements import Requirement

    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [Requirement(name) for name in names]
    while waiting:
        requirement = waiting.pop()
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and normal(requirement.name) not in found:
            distribution = importlib.metadata.distribution(requirement.name)
            found[normal(requirement.name)] = distribution
            waiting += [Requirement(text) for text in distribution.requires or []]
    return found


@pytest.fixture(scope="session")
def wheelhouse(distributions: list[Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of all members and of everything that they need."""
    if "MRT_WHEELHOUSE" in os.environ:
        return Path(os.environ["MRT_WHEELHOUSE"])
    house = tmp_path_factory.mktemp("wheelhouse")
    for member in distributions:
        command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", house)
        call(*command, cwd=member.folder, env=dict(os.environ))
    own = {member.name for member in distributions}
    for name, distribution in requirements(own).items():
        if name not in own:
            repack(distribution, house)
    return house


@pytest.fixture(scope="session")
def wheels(wheelhouse: Path, distributions: list[Any]) -> Iterator[dict[str, zipfile.ZipFile]]:
    """The opened wheel of each member."""
    with ExitStack() as opened:
        found = {}
        for member in distributions:
            (path,) = wheelhouse.glob(f"{member.name.replace('-', '_')}-{member.version}-py3-none-any.whl")
            found[member.name] = opened.enter_context(zipfile.ZipFile(path))
        yield found


def metadata(wheel: zipfile.ZipFile) -> email.message.Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_bytes(wheel.read(name))


def test_each_wheel_holds_its_package_and_nothing_else(
    wheels: dict[str, zipfile.ZipFile], distributions: list[Any]
) -> None:
    for member in distributions:
        names = wheels[member.name].namelist()
        package = member.package.name
        info = f"{member.name.replace('-', '_')}-{member.version}.dist-info"
        assert {name.split("/")[0] for name in names} == {package, info}
        # The templates of new plugins hold tests; they are data of the kit.
        code = [name for name in names if "/templates/" not in name]
        assert not [name for name in code if re.search(r"\.pth$|\.pyc$|(^|/)(tests|\.?venv)/", name)]
        source = {
            path.relative_to(member.package.parent).as_posix()
            for path in member.package.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert source <= set(names)
        assert f"{package}/py.typed" in names
        assert f"{info}/licenses/LICENSE" in names


def test_the_metadata_say_licence_versions_and_what_is_needed(wheels: dict[str, zipfile.ZipFile]) -> None:
    for name, wheel in wheels.items():
        facts = metadata(wheel)
        assert facts["License-Expression"] == "MIT"
        assert facts["Requires-Python"] == ">=3.11"
        assert "Typing :: Typed" in facts.get_all("Classifier", [])
        assert facts.get_payload(), "the readme is the long description"
        needs = {re.split(r"[^\w-]", need)[0]: need for need in facts.get_all("Requires-Dist", [])}
        assert ("mrt-core" in needs) == (name != "mrt-core")
        assert "mrt-testing-kit" not in needs
        assert not [need for need in needs.values() if "@" in need or "file:" in need]


def test_the_entry_points_are_those_of_the_contract(wheels: dict[str, zipfile.ZipFile]) -> None:
    found = {}
    for name, wheel in wheels.items():
        for path in wheel.namelist():
            if path.endswith(".dist-info/entry_points.txt"):
                found[name] = wheel.read(path).decode().replace("\n\n", "\n").strip().splitlines()
    assert found == {
        "mrt-core": ["[console_scripts]", "mrt = mrt.cli:main"],
        "mrt-testing-kit": [
            "[mrt.demos]",
            "xinference = mrt_testing_kit.demo:run",
            "[pytest11]",
            "mrt-testing-kit = mrt_testing_kit.plugin",
        ],
        "mrt-openai-compatible": ["[mrt.providers]", "openai-compatible = mrt_openai_compatible:plugin"],
        "mrt-xinference": ["[mrt.providers]", "xinference = mrt_xinference:plugin"],
        "mrt-openllm": ["[mrt.providers]", "openllm = mrt_openllm:plugin"],
        "mrt-anthropic": ["[mrt.providers]", "anthropic = mrt_anthropic:plugin"],
    }


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_a_plugin_wheel_holds_its_schema_and_icons(name: str, wheels: dict[str, zipfile.ZipFile]) -> None:
    import yaml

    package = name.replace("-", "_")
    names = wheels[name].namelist()
    assert f"{package}/provider.yaml" in names
    provider = yaml.safe_load(wheels[name].read(f"{package}/provider.yaml"))
    icons = {file for key, value in provider.items() if key.startswith("icon") for file in value.values()}
    assert icons
    assert {f"{package}/_assets/{icon}" for icon in icons} <= set(names)


class Environment:
    """A fresh virtual environment, outside the clone, whose pip sees one folder and no index."""

    def __init__(self, folder: Path, wheelhouse: Path) -> None:
        self.folder = folder
        self.wheelhouse = wheelhouse
        call(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")

    def install(self, *names: str) -> None:
        pip = ("-m", "pip", "install", "--quiet", "--no-index", "--find-links", self.wheelhouse)
        call(self.bin / "python", *pip, *names, cwd=self.folder)

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        return call(self.bin / command, *arguments, cwd=self.folder, code=code)


@pytest.fixture(scope="session")
def core_alone(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("core_alone"), wheelhouse)
    environment.install("mrt-core")
    return environment


@pytest.fixture(scope="session")
def everything(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = Environment(tmp_path_factory.mktemp("everything"), wheelhouse)
    environment.install("mrt-testing-kit", *sorted(PLUGINS))
    return environment


def test_core_alone_works_and_says_how_to_get_a_vendor(core_alone: Environment) -> None:
    # The list goes to standard output, the hint behind it to standard error.
    listed = core_alone.run("mrt", "providers", "--json")
    assert json.loads(listed.splitlines()[0]) == []
    assert "pip install" in core_alone.run("mrt", "providers")
    assert "pip install" in core_alone.run("mrt", "models", "acme", code=2)
    assert "core_alone" in core_alone.run("python", "-c", "import mrt; print(mrt.__file__)")


def test_all_wheels_together_list_every_provider(everything: Environment) -> None:
    listed = everything.run("mrt", "providers")
    assert all(name.removeprefix("mrt-") in listed for name in PLUGINS)
    everything.run("mrt", "doctor")
    everything.run("python", "-m", "pip", "check")


def test_the_demo_runs_from_the_wheels(everything: Environment) -> None:
    assert everything.run("mrt", "demo")


def test_pytest_finds_the_kit_in_a_fresh_environment(everything: Environment) -> None:
    assert "mrt-testing-kit" in everything.run("python", "-m", "pytest", "--version", "--version")
