"""Mutants of a distribution: wheel or sources of a plugin that `new` has just written, with one mistake."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import sys
import tempfile
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from mrt_testing_kit.environments import run as command
from mrt_testing_kit.scaffold import create
from mutants.mutant import Mutant, patched

NAME = "mrt-deep-sea"


@contextmanager
def right_wheel() -> Generator[Path]:
    """Write a plugin, build its wheel, and give it."""
    with tempfile.TemporaryDirectory(prefix="mutant_wheel_") as folder:
        source, _ = create(NAME, "openai", Path(folder))
        out = Path(folder) / "dist"
        command(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", out, cwd=source)
        (wheel,) = out.glob("*.whl")
        yield wheel


@contextmanager
def wrong_source(wrong: Mutant) -> Generator[Path]:
    """Give the folder of sources with the mistake.

    Raises:
        BrokenMutantError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(prefix="mutant_source_") as folder:
        right, _ = create(NAME, "openai", Path(folder))
        source = right.rename(Path(folder) / "source")
        patched(wrong, source.parent)
        yield source


@contextmanager
def wrong_wheel(wrong: Mutant) -> Generator[Path]:
    """Give the wheel with the mistake.

    Raises:
        BrokenMutantError: It cannot be made.
    """
    with right_wheel() as right, tempfile.TemporaryDirectory(prefix="mutant_wheel_") as folder:
        tree = Path(folder) / "wheel"
        with zipfile.ZipFile(right) as opened:
            opened.extractall(tree)
        patched(wrong, Path(folder))
        wheel = Path(folder) / right.name
        pack(tree, wheel)
        yield wheel


def pack(tree: Path, wheel: Path) -> None:
    """Write the files of a folder into a wheel, with a new list of them."""
    record = io.StringIO()
    rows = csv.writer(record, lineterminator="\n")
    (listing,) = tree.glob("*.dist-info/RECORD")
    name = listing.relative_to(tree).as_posix()
    with zipfile.ZipFile(wheel, "w") as opened:
        for file in sorted(path for path in tree.rglob("*") if path.is_file() and path != listing):
            data = file.read_bytes()
            place = file.relative_to(tree).as_posix()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            opened.writestr(place, data)
            rows.writerow([place, f"sha256={digest}", len(data)])
        rows.writerow([name, "", ""])
        opened.writestr(name, record.getvalue())
