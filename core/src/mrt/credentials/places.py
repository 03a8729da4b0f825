"""The folder that holds what a person configured."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def config_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for configuration; it need not exist yet.

    ``MRT_CONFIG_DIR`` names it outright; else it is ``mrt`` below ``XDG_CONFIG_HOME``, or below the platform's own
    folder for configuration.

    Args:
        environ: The environment to read.
    """
    if named := environ.get("MRT_CONFIG_DIR"):
        return Path(named)
    if base := environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "mrt"
    if sys.platform == "win32":
        return Path(environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "mrt"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mrt"
    return Path.home() / ".config" / "mrt"
