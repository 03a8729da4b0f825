"""A new plugin from the templates of the kit.

A template is a file whose name ends in ``.in``, with the placeholders of `string.Template`. In a path, ``__package__``
is the package's name and ``__snake__`` the provider's, and a name that begins with ``dot_`` gets a dot in its place.
What lies in ``common`` is for all kinds, and a kind's own folder adds to it or replaces it.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from mrt_testing_kit.manifest import CONTRACT


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plugin.

    Args:
        dialect: The dialect that its contract test names.
        model: The model that its README calls, with placeholders.
        requires: What it depends on beside core.
    """

    dialect: str
    model: str
    requires: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "openai": Kind("openai", "$provider-chat", ("mrt-openai-compatible>=0.1,<0.2",)),
    "anthropic": Kind("anthropic", "$provider-large", ("mrt-anthropic>=0.1,<0.2",)),
    "custom": Kind("${snake}_dialect:$prefix", "$provider-chat"),
}
"""What a new plugin can be made from: a dialect that is there already, or one of its own."""

_NAME = re.compile(r"mrt-[a-z][a-z0-9]*(-[a-z0-9]+)*")


class ScaffoldError(ValueError):
    """The plugin cannot be made; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a plugin's parts are called, all of it made from the distribution's name.

    Args:
        distribution: Such as ``mrt-acme``.

    Raises:
        ScaffoldError: It is not of that form.
    """

    distribution: str

    def __post_init__(self) -> None:
        name = self.distribution
        if not _NAME.fullmatch(name):
            word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").removeprefix("mrt-").lstrip("0123456789-")
            hint = f": write mrt-{word}" if word and word != "mrt" else ", such as mrt-acme"
            raise ScaffoldError(
                f"{name!r} is no name for a plugin; it begins with 'mrt-' and a letter, and goes on in small letters, "
                f"digits and single hyphens{hint}"
            )

    @property
    def provider(self) -> str:
        """The provider's name in calls: ``acme``."""
        return self.distribution.removeprefix("mrt-")

    @property
    def package(self) -> str:
        """The package's name: ``mrt_acme``."""
        return self.distribution.replace("-", "_")

    @property
    def title(self) -> str:
        """The provider's name for people: ``Acme``."""
        return " ".join(word.capitalize() for word in self.provider.split("-"))

    @property
    def prefix(self) -> str:
        """What the names of its classes begin with: ``Acme``."""
        return self.title.replace(" ", "")

    def placeholders(self, kind: Kind) -> dict[str, str]:
        """Return what the templates of a kind may use."""
        values = {
            "distribution": self.distribution,
            "provider": self.provider,
            "package": self.package,
            "snake": self.provider.replace("-", "_"),
            "title": self.title,
            "prefix": self.prefix,
            "year": str(datetime.datetime.now(datetime.UTC).year),
            "contract": CONTRACT,
            "dependencies": "\n".join(f'    "{line}",' for line in ("mrt-core>=0.1,<0.2", *kind.requires)),
        }
        return {
            **values,
            "dialect": Template(kind.dialect).substitute(values),
            "model": Template(kind.model).substitute(values),
        }


def render(names: Names, kind: str) -> dict[str, str]:
    """Return the files of a new plugin, by path.

    Args:
        names: What its parts are called.
        kind: One of `KINDS`.

    Raises:
        ScaffoldError: There is no such kind.
    """
    if kind not in KINDS:
        raise ScaffoldError(f"no template for {kind!r}; there are: {', '.join(KINDS)}")
    values = names.placeholders(KINDS[kind])
    found: dict[str, str] = {}
    for folder in ("common", kind):
        for path, text in _templates(files("mrt_testing_kit") / "templates" / folder):
            found[_target(path, names)] = Template(text).substitute(values)
    return dict(sorted(found.items()))


def create(distribution: str, kind: str, parent: Path) -> tuple[Path, list[str]]:
    """Write a new plugin into a folder of its own.

    Args:
        distribution: Its name, such as ``mrt-acme``.
        kind: One of `KINDS`.
        parent: The folder in which its own is made.

    Returns:
        Its folder, and the paths of its files.

    Raises:
        ScaffoldError: The name is wrong or taken, the folder is there already, or it cannot be written.
    """
    names = Names(distribution)
    if _is_installed(distribution):
        raise ScaffoldError(f"{distribution} is installed here already: choose another name")
    written = render(names, kind)
    folder = parent / distribution
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
        for path, text in written.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8", newline="\n")
    except FileExistsError as error:
        taken = folder if folder.exists() else Path(str(error.filename))
        raise ScaffoldError(f"{taken} is there already: choose another name or --dir, nothing was written") from error
    except OSError as error:
        raise ScaffoldError(f"{folder} cannot be written: {error.strerror}") from error
    return folder, list(written)


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _templates(folder: Traversable, prefix: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".in"):
            found.append((f"{prefix}{entry.name.removesuffix('.in')}", entry.read_text("utf-8")))
    return found


def _target(path: str, names: Names) -> str:
    for mark, name in (("__package__", names.package), ("__snake__", names.provider.replace("-", "_"))):
        path = path.replace(mark, name)
    parts = path.split("/")
    return "/".join(f".{part.removeprefix('dot_')}" if part.startswith("dot_") else part for part in parts)
