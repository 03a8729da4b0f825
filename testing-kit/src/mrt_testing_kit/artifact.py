"""The provider's distribution as it is published: files, metadata, and an environment that has it."""

from __future__ import annotations

import ast
import configparser
import email
import email.message
import json
import re
import shutil
import stat
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from mrt_testing_kit.building import build, unpacked
from mrt_testing_kit.environments import (
    CommandError,
    Environment,
    contents,
    is_editable,
    normal,
    pack,
    run,
    stop_commands,
)
from mrt_testing_kit.failure import NotRun

if TYPE_CHECKING:
    from mrt_testing_kit.context import Context
    from mrt_testing_kit.session import Session

_FOUND: WeakKeyDictionary[Session, Artifact | Unusable] = WeakKeyDictionary()
GIVE = "give --wheel FILE or --source DIR"
GIVE_SOURCE = "give --source DIR"


def artifact(ctx: Context) -> Artifact:
    """Return the distribution under test; the same one for all checks of a run.

    Raises:
        NotApplicable: There is none: the provider is an object that nobody installed, and no wheel was given.
        CheckFailure: It cannot be built or read; the first check that needs it says so.
        NotRun: Another check has said so.
    """
    found = _FOUND.get(ctx.session)
    if found is None:
        wheel, source = ctx.options.get("wheel"), ctx.options.get("source")
        if not (wheel or source or ctx.target.distribution):
            ctx.not_applicable(f"the provider is not installed from a distribution: {GIVE}")
        folder = Path(tempfile.mkdtemp(prefix="mrt-artifact-"))
        # Known before anything is built, so that nothing stays when that fails or is interrupted.
        ctx.session.finally_do(lambda: _remove(folder))
        try:
            found = Artifact(folder, wheel, source, ctx.target.distribution)
        except (CommandError, OSError, ValueError, LookupError, zipfile.BadZipFile) as error:
            found = Unusable(ctx.check.id, str(error))
        _FOUND[ctx.session] = found
    if isinstance(found, Unusable):
        if ctx.check.id == found.check:
            # The last line of what a tool prints says most.
            ctx.fail(f"the distribution cannot be read or built: {found.error.splitlines()[-1]}", came=found.error)
        raise NotRun(f"the distribution cannot be read or built: see {found.check}")
    return found


def wheel_of(session: Session) -> Path | None:
    """Return the wheel that a run was given or has built; None when there is none."""
    found, given = _FOUND.get(session), session.options.get("wheel")
    return found.wheel if isinstance(found, Artifact) else Path(given) if given else None


def _remove(folder: Path) -> None:
    stop_commands()
    for path in folder.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Unusable:
    """A distribution that cannot be built or read: the check that says so, and what went wrong."""

    check: str
    error: str


class Artifact:
    """A wheel, or the installed files of a distribution.

    Args:
        folder: A folder of its own for everything that is made.
        wheel: The wheel, if one was given.
        source: The folder of the sources, if one was given; the wheel is built from its sdist then.
        distribution: The installed distribution that the provider came from; empty for none.

    Raises:
        CommandError: The build failed.
        LookupError: What is needed to build is not installed here.
    """

    def __init__(self, folder: Path, wheel: str | Path | None, source: str | Path | None, distribution: str) -> None:
        self.folder = folder
        self.source = Path(source).resolve() if source else None
        self.sdist: Path | None = None
        self.installed = metadata.distribution(distribution) if distribution else None
        if wheel is None and self.source is not None:
            self.sdist = build(self.source, "sdist", self.folder / "sdist")
            wheel = build(unpacked(self.sdist, self.folder / "unpacked"), "wheel", self.folder / "built")
        self.wheel = Path(wheel).resolve() if wheel else None
        self.files: dict[str, bytes] = dict(self._read())

    def _read(self) -> Iterator[tuple[str, bytes]]:
        if self.wheel is not None:
            with zipfile.ZipFile(self.wheel) as opened:
                yield from ((name, opened.read(name)) for name in opened.namelist() if not name.endswith("/"))
        elif self.installed is not None:
            yield from ((name, file.read_bytes()) for name, file in contents(self.installed))

    @cached_property
    def metadata(self) -> email.message.Message:
        """The core metadata.

        Raises:
            ValueError: There is none.
        """
        found = [data for name, data in self.files.items() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        if not found:
            raise ValueError("the distribution has no METADATA")
        return email.message_from_bytes(found[0])

    @property
    def name(self) -> str:
        """The distribution's name."""
        return str(self.metadata["Name"])

    @property
    def requires(self) -> list[str]:
        """What it needs, extras included, as its metadata say."""
        return [str(line) for line in self.metadata.get_all("Requires-Dist", [])]

    @property
    def extras(self) -> list[str]:
        """The extras that it offers."""
        return [str(line) for line in self.metadata.get_all("Provides-Extra", [])]

    @cached_property
    def entry_points(self) -> dict[str, str]:
        """Provider name to object, from the group of providers."""
        for name, data in self.files.items():
            if name.endswith(".dist-info/entry_points.txt"):
                # Names of providers are as they are written, so that nothing is turned to small letters.
                parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
                parser.optionxform = str  # type: ignore[assignment,method-assign]
                parser.read_string(data.decode("utf-8"))
                return dict(parser["mrt.providers"]) if parser.has_section("mrt.providers") else {}
        return {}

    @property
    def packages(self) -> list[str]:
        """The top-level packages of its providers."""
        return sorted({value.partition(":")[0].partition(".")[0] for value in self.entry_points.values()})

    @property
    def modules(self) -> dict[str, str]:
        """Module name to source, for every Python file."""
        found: dict[str, str] = {}
        for name, data in self.files.items():
            if name.endswith(".py") and ".dist-info/" not in name and ".data/" not in name:
                parts = name.removesuffix(".py").split("/")
                module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
                if module and all(part.isidentifier() for part in module.split(".")):
                    found[module] = data.decode("utf-8", "replace")
        return found

    @property
    def importable(self) -> list[str]:
        """The modules that can be imported without running a program."""
        return sorted(name for name in self.modules if name.rpartition(".")[2] != "__main__")

    def trees(self) -> Iterator[tuple[str, ast.Module]]:
        """Yield module name and syntax tree of each module."""
        for name, text in self.modules.items():
            yield name, ast.parse(text)

    @property
    def is_fresh(self) -> bool:
        """Whether there is something to install into an environment of its own."""
        return self.wheel is not None

    @property
    def is_editable(self) -> bool:
        """Whether what is tested is a source folder on the path."""
        return self.wheel is None and self.installed is not None and is_editable(self.installed)

    @cached_property
    def house(self) -> Path:
        """A folder with wheels of everything that the distribution needs.

        Raises:
            LookupError: Something that it declares to need is not installed here.
        """
        house = self.folder / "house"
        house.mkdir()
        missing = pack([line for line in self.requires if "extra ==" not in line.replace("'", '"')], house)
        if missing:
            raise LookupError(f"not installed here, so not to be had without an index: {', '.join(sorted(missing))}")
        return house

    @cached_property
    def environment(self) -> Environment:
        """A fresh environment with the wheel and what it declares to need.

        Raises:
            CommandError: It cannot be installed.
            LookupError: Something that it declares to need is not installed here.
        """
        assert self.wheel is not None
        fresh = Environment(self.folder / "venv", self.house)
        fresh.install(self.wheel)
        return fresh

    def python(self, ctx: Context) -> Path:
        """Return the interpreter in which the distribution is installed, for scripts.

        Raises:
            NotRun: What it declares to need is not installed here.
            CheckFailure: It cannot be installed.
        """
        if not self.is_fresh:
            return Path(sys.executable)
        try:
            return self.environment.python
        except LookupError as error:
            raise NotRun(str(error)) from error
        except CommandError as error:
            ctx.fail("the wheel cannot be installed with what it declares to need", came=str(error))

    def intruder(self, name: str, points: dict[str, str], code: str = "plugin = None") -> Path:
        """Make another distribution to put on the path, and return its folder.

        Args:
            name: Its name; its one module is called ``mrt_`` and the name.
            points: Its entry points in the group of providers.
            code: What is in the module.
        """
        folder = self.folder / "intruders" / name
        info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", "utf-8")
        lines = [f"{point} = {value}" for point, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[mrt.providers]", *lines, ""]), "utf-8")
        (folder / f"mrt_{name.replace('-', '_')}.py").write_text(code, "utf-8")
        return folder

    def script(self, ctx: Context, text: str, *options: str, path: tuple[Path, ...] = (), **values: Any) -> Any:
        """Run a script where the distribution is installed, and return the JSON that it prints.

        Args:
            ctx: The check's context.
            text: The script; it finds `values` in ``GIVEN``.
            *options: Options of the interpreter.
            path: Folders to put before all others.
            **values: Plain data.

        Raises:
            CommandError: The script failed.
        """
        python = self.python(ctx)
        head = f"import json, sys\nGIVEN = json.loads({json.dumps(values)!r})\n"
        head += f"sys.path[:0] = {[str(folder) for folder in path]!r}\n"
        work = self.folder / "work"
        work.mkdir(exist_ok=True)
        printed = run(python, *options, "-c", head + text, cwd=work, env={"XDG_CACHE_HOME": str(self.folder / "cache")})
        return json.loads(printed.splitlines()[-1])


def first_party(but: str) -> list[str]:
    """Return the installed distributions that have providers, without one."""
    points = metadata.entry_points(group="mrt.providers")
    names = {point.dist.name for point in points if point.dist is not None}
    return sorted(name for name in names if normal(name) != normal(but))
