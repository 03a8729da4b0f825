"""Loads providers: from what was kept of their files, or else by reading these."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from mrt.entities.model import AIModelEntity
from mrt.entities.model_list import ModelList
from mrt.entities.provider import ProviderEntity
from mrt.errors import SchemaError
from mrt.schema import cache
from mrt.schema.findings import Finding
from mrt.schema.reach import base_of, provider_files


def load_provider(path: str | os.PathLike[str]) -> ProviderEntity:
    """Read a provider file and the predefined models that its globs reach.

    Paths in the file are relative to its folder (to the plugin's folder, when the file lies in ``provider/``), and lead
    nowhere outside of it. Models come by type, in the order of the type's position file; models that it does not name
    come last, by name.

    Args:
        path: The provider file, or its folder.

    Returns:
        The provider; `models` holds the predefined models, deprecated ones included.

    Raises:
        SchemaError: The file, or one that it reaches, is wrong; with all findings about all of these files.
    """
    file = _provider_file(Path(path))
    base = base_of(file)
    kept = cache.fetch(file, base)
    if kept is not None:
        with suppress(ValidationError):  # kept by a version that read the file differently
            return _from_cache(kept)
    # What was kept needs no parser, whose import alone takes longer than all the rest.
    from mrt.schema.reading import Reading

    return Reading(file, base).load()


def _provider_file(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = provider_files(path)
    if len(files) == 1:
        return files[0]
    if files:
        message = f"holds several provider files: {', '.join(file.name for file in files)}; name one of them"
    else:
        message = "holds no provider file: name it provider.yaml"
    finding = Finding("error", message, str(path), code="no-provider")
    raise SchemaError(f"{path} {message}", findings=[finding])


def _from_cache(kept: cache.Kept) -> ProviderEntity:
    def make(index: int) -> AIModelEntity:
        try:
            return AIModelEntity.model_validate(kept.model_data(index))
        except ValueError:
            from mrt.schema.reading import load_model

            return load_model(kept.files[index])

    provider = ProviderEntity.model_validate(kept.data)
    provider.position = {**provider.position, **kept.positions}
    provider.models = ModelList(kept.kinds, kept.names, make)
    return provider
