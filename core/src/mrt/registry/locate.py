"""Where a plugin's ``provider.yaml`` is, found without importing the plugin."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

FILE_NAME = "provider.yaml"


def find_schema(module_name: str) -> str | None:
    """Return the path of the provider file of a plugin's module.

    The file lies in the folder of the package; for a module inside a package, in the module's folder or in one above,
    up to the top-level package. A module outside any package shares its folder with strangers, so nothing is looked
    for there.

    Args:
        module_name: Dotted name from the entry point.

    Returns:
        An absolute path; None when there is no such file, or when the package is not in a folder.
    """
    top, *rest = module_name.split(".")
    spec = _top_level_spec(top)
    if spec is None or spec.submodule_search_locations is None:
        return None
    folders = [_folders(spec)]
    name = top
    for part in rest:
        name = f"{name}.{part}"
        # What `find_spec` would do for a dotted name, but it imports the parents; a package that changes its
        # `__path__` while it is imported is therefore not followed.
        spec = PathFinder.find_spec(name, folders[-1])
        if spec is None:
            break
        folders.append(_folders(spec))
    for group in reversed(folders):
        for folder in group:
            path = os.path.join(folder, FILE_NAME)
            if os.path.isfile(path):
                return os.path.abspath(path)
    return None


def module_of(value: str) -> str:
    """Return the module of an entry point's value ``module:attribute``."""
    return value.partition(":")[0].strip()


def _top_level_spec(name: str) -> ModuleSpec | None:
    # Editable installs bring finders of their own in `sys.meta_path`; for a top-level name none of them imports.
    loaded = sys.modules.get(name)
    spec = getattr(loaded, "__spec__", None)
    if isinstance(spec, ModuleSpec):
        return spec
    for finder in sys.meta_path:
        found = _ask(finder, name)
        if found is not None:
            return found
    return None


def _ask(finder: Any, name: str) -> ModuleSpec | None:
    try:
        spec = finder.find_spec(name, None)
    except Exception:
        # Somebody else's import hook; if it stands in the way of the plugin, importing that will say so.
        return None
    return spec if isinstance(spec, ModuleSpec) else None


def _folders(spec: ModuleSpec) -> list[str]:
    if spec.submodule_search_locations is not None:
        return _texts(spec.submodule_search_locations)
    return [os.path.dirname(spec.origin)] if spec.origin and os.path.isabs(spec.origin) else []


def _texts(locations: Iterable[object]) -> list[str]:
    return [location for location in locations if isinstance(location, str)]
