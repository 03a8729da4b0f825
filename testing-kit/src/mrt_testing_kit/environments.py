"""Fresh virtual environments without a package index: wheels come from what is installed here.

Nothing is fetched. A wheel is installed with what it declares to need, which is packed again from this environment.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

_MADE_HERE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")
_OURS = re.compile(r"PIP_|PYTHON|UV_|VIRTUAL_ENV|MRT_")
# What says where packages come from.
_INDEX = re.compile(r"PIP_|UV_")
LIMIT = 300.0
"""Seconds for one command."""

_RUNNING: set[subprocess.Popen[bytes]] = set()


class CommandError(RuntimeError):
    """A command failed; the message has what it printed."""


def run(
    *command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None, with_index: bool = False
) -> str:
    """Run a command without the settings of this environment, and return what it prints.

    Args:
        *command: The command.
        cwd: The folder to run it in.
        env: Further variables.
        with_index: Whether it may use the package index of this environment.

    Raises:
        CommandError: It failed, or did not end in time.
    """
    clean = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    if with_index:
        clean |= {name: value for name, value in os.environ.items() if _INDEX.match(name)}
    else:
        clean["PIP_CONFIG_FILE"] = os.devnull
    clean |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUTF8": "1", **(env or {})}
    words = [str(part) for part in command]
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(words, cwd=cwd, env=clean, stdin=none, stdout=pipe, stderr=pipe) as process:
        _RUNNING.add(process)
        try:
            printed, complained = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"{' '.join(words[:6])} did not end within {LIMIT:g} s") from error
        finally:
            _RUNNING.discard(process)
            # Has no effect on one that has ended; `with` waits for any other.
            process.kill()
    output = printed.decode("utf-8", "replace")
    if process.returncode:
        errors = complained.decode("utf-8", "replace")
        raise CommandError(f"{' '.join(words[:6])} ended with code {process.returncode}\n{output}{errors}".strip())
    return output


def stop_commands() -> None:
    """End the commands that still run: those of checks that nobody waits for any more."""
    for process in list(_RUNNING):
        process.kill()


def normal(name: str) -> str:
    """Return a distribution's name in its normal form."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Environment:
    """A virtual environment in a folder of its own.

    Args:
        folder: Where it is made; the folder is made, too.
        house: A folder of wheels, the only place from which it installs.
    """

    def __init__(self, folder: Path, house: Path) -> None:
        self.house = house
        run(sys.executable, "-m", "venv", folder)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / "python"

    @property
    def site(self) -> Path:
        """The folder of installed packages."""
        return Path(run(self.python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())

    def install(self, *wanted: str | Path) -> None:
        """Install wheels, or distributions of the house.

        Raises:
            CommandError: Something that is needed is not in the house, or does not fit.
        """
        self.pip("install", "--quiet", "--no-index", "--find-links", str(self.house), *map(str, wanted))

    def pip(self, *words: str) -> str:
        """Run pip."""
        return run(self.python, "-m", "pip", *words, cwd=self.house)


def pack(names: Iterable[str], house: Path) -> list[str]:
    """Pack distributions that are installed here, and what they need, as wheels.

    Args:
        names: Distributions or requirements; extras in brackets count.
        house: The folder to write to; wheels that are in it already are kept.

    Returns:
        The requirements that are not installed here.
    """
    found, missing = needed(names)
    there = {path.name.split("-")[0] for path in house.glob("*.whl")}
    for distribution in found:
        if _file_name(distribution) not in there:
            repack(distribution, house)
    return missing


def needed(names: Iterable[str]) -> tuple[list[metadata.Distribution], list[str]]:
    """Return the installed distributions that these need, themselves included, and the names of those not installed."""
    from packaging.requirements import Requirement

    found: dict[str, metadata.Distribution] = {}
    missing: list[str] = []
    waiting = [(Requirement(name), frozenset[str]()) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extras = waiting.pop()
        key = (normal(requirement.name), frozenset(requirement.extras))
        marker = requirement.marker
        if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras | {""}):
            continue
        if key in seen:
            continue
        seen.add(key)
        try:
            distribution = found.get(key[0]) or metadata.distribution(requirement.name)
        except metadata.PackageNotFoundError:
            missing.append(requirement.name)
            continue
        found[key[0]] = distribution
        waiting += [(Requirement(text), key[1]) for text in distribution.requires or ()]
    return list(found.values()), missing


def repack(distribution: metadata.Distribution, house: Path) -> Path:
    """Write an installed distribution as a wheel; one that is installed editable is packed from its source."""
    tags = re.findall(r"^Tag: (.+)$", distribution.read_text("WHEEL") or "", re.MULTILINE) or ["py3-none-any"]
    path = house / f"{_file_name(distribution)}-{distribution.version}-{tags[0]}.whl"
    record: list[str] = []
    with zipfile.ZipFile(path, "w") as wheel:
        for name, file in contents(distribution):
            wheel.write(file, name)
            record.append(f"{name},,")
        info = next(name.rpartition("/")[0] for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        record.append(f"{info}/RECORD,,")
        wheel.writestr(f"{info}/RECORD", "\n".join(record) + "\n")
    return path


def contents(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each file that belongs to an installed distribution's wheel."""
    for entry in distribution.files or ():
        name, file = entry.as_posix(), Path(str(distribution.locate_file(entry)))
        if name.startswith("..") or "__pycache__" in name or not file.is_file():
            continue
        if ".dist-info/" in name:
            if entry.name not in _MADE_HERE:
                yield name, file
        elif name.endswith(".pth") and is_editable(distribution):
            yield from _editable(file)
        else:
            yield name, file


def is_editable(distribution: metadata.Distribution) -> bool:
    """Tell whether a distribution's code lies in its source folder."""
    # Installers write this JSON with blanks and without.
    return bool(json.loads(distribution.read_text("direct_url.json") or "{}").get("dir_info", {}).get("editable"))


def _editable(pth: Path) -> Iterator[tuple[str, Path]]:
    # Build backends write a file that puts the source folder on the path.
    for line in pth.read_text("utf-8").splitlines():
        folder = Path(line.strip())
        if line.strip() and folder.is_dir():
            for file in sorted(folder.rglob("*")):
                hidden = "__pycache__" in file.parts or any(part.endswith(".egg-info") for part in file.parts)
                if file.is_file() and not hidden:
                    yield file.relative_to(folder).as_posix(), file


def _file_name(distribution: metadata.Distribution) -> str:
    return re.sub(r"[-_.]+", "_", distribution.metadata["Name"]).lower()
