"""Building an sdist or a wheel from a folder."""

from __future__ import annotations

import sys
import tarfile
import tomllib
from importlib.util import find_spec
from pathlib import Path

from mrt_testing_kit.environments import CommandError, run

_BUILD = """
import importlib, os, sys
sys.path[:0] = {path!r}
hook = {backend!r}.partition(":")
backend = importlib.import_module(hook[0])
for part in filter(None, hook[2].split(".")):
    backend = getattr(backend, part)
print(getattr(backend, "build_" + {kind!r})({out!r}))
"""


def build(source: Path, kind: str, out: Path) -> Path:
    """Build ``sdist`` or ``wheel`` with the backend that a folder's pyproject.toml names.

    A backend that is not installed here is fetched by `build`, if that is.

    Raises:
        LookupError: The folder is no project, or the backend is not to be had.
        CommandError: The build failed.
    """
    file = source / "pyproject.toml"
    if not file.is_file():
        raise LookupError(f"{source} has no pyproject.toml")
    system = tomllib.loads(file.read_text("utf-8")).get("build-system", {})
    backend = system.get("build-backend", "setuptools.build_meta:__legacy__")
    path = [str(source / folder) for folder in system.get("backend-path", [])]
    out.mkdir(parents=True, exist_ok=True)
    script = _BUILD.format(path=path, backend=backend, kind=kind, out=str(out))
    try:
        return out / run(sys.executable, "-c", script, cwd=source).splitlines()[-1]
    except CommandError as error:
        if "ModuleNotFoundError" not in str(error) or path:
            raise
        if not find_spec("build"):
            needs = " ".join(system.get("requires", [])) or "setuptools"
            how = f"pip install build, which fetches it, or: pip install {needs}"
            raise LookupError(f"the build backend {backend} is not installed here: {how}") from error
    # Without -P a folder build/, which builds leave behind, would stand in for the package.
    run(sys.executable, "-P", "-m", "build", f"--{kind}", "--outdir", out, source, cwd=out, with_index=True)
    (built,) = (path for path in out.iterdir() if path.name.endswith((".whl", ".tar.gz")))
    return built


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist, and return its one folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (inner,) = folder.iterdir()
    return inner
