"""Which code was tested: versions, and a hash that an installed distribution shares with its wheel."""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from mrt_testing_kit.environments import contents, is_editable

# Written by installers, so not part of the wheel.
_ADDED = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def version_of(distribution: str) -> str:
    """Return the version of an installed distribution; empty when it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def installed_hash(distribution: str) -> str:
    """Return the content hash of an installed distribution.

    Returns:
        SHA-256 in hex; empty when it is not installed, or installed editable, so that no wheel is behind it.
    """
    try:
        found = metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return ""
    record = found.read_text("RECORD")
    if not record or is_editable(found):
        return ""
    return _hash(record)


def wheel_hash(path: str | Path) -> str:
    """Return the content hash of a wheel, after comparing every file with the hash that the wheel records for it.

    Raises:
        ValueError: It is no wheel, or a file in it is not the recorded one.
    """
    try:
        with zipfile.ZipFile(path) as wheel:
            name = next((name for name in wheel.namelist() if name.endswith(".dist-info/RECORD")), None)
            if name is None:
                raise ValueError(f"{path} has no RECORD, so it is no wheel")
            record = wheel.read(name).decode("utf-8")
            recorded = dict(_files(record))
            for file in wheel.namelist():
                if file != name and not file.endswith("/"):
                    _compare(file, wheel.read(file), recorded.get(file, ""))
    except (OSError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no wheel: {error}") from error
    return _hash(record)


def holds_code(path: str | Path, distribution: str) -> bool:
    """Tell whether an installed distribution, perhaps an editable one, runs the code that is in a wheel."""
    there = {name: file for name, file in contents(metadata.distribution(distribution)) if ".dist-info/" not in name}
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if ".dist-info/" not in name and not name.endswith("/")]
        return bool(names) and all(name in there and there[name].read_bytes() == wheel.read(name) for name in names)


def _compare(file: str, content: bytes, recorded: str) -> None:
    import base64

    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    if recorded != f"sha256={digest}":
        raise ValueError(f"{file} is not the file that the wheel's RECORD names")


def _hash(record: str) -> str:
    lines = sorted(f"{path},{digest}" for path, digest in _files(record))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _files(record: str) -> Iterable[tuple[str, str]]:
    for row in csv.reader(io.StringIO(record)):
        if len(row) < 2:
            continue
        path, digest = row[0], row[1]
        is_script = path.startswith("..") or ".data/scripts/" in path
        is_added = ".dist-info/" in path and path.rpartition("/")[2] in _ADDED
        if digest and not is_script and not is_added and not path.endswith(".pyc"):
            yield path, digest
