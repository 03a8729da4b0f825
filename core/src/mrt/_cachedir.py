"""A folder for what can be computed again: JSON files, atomic, and harmless when lost, broken or not writable.

The folder is ``MRT_CACHE_DIR``, else ``mrt`` in ``XDG_CACHE_HOME``, else the platform's own cache folder. With
``MRT_NO_CACHE`` set to anything but ``0`` nothing is read and nothing is written.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any, cast

__all__ = ["as_dict", "as_list", "cache_dir", "read_json", "settled", "write_json"]

# A file that changed less than this long ago may change again without a new time of change. Clocks of file systems
# tick every few milliseconds; those that keep whole seconds show by it.
_TICK = 0.05
_COARSE_TICK = 2.0


def cache_dir() -> str | None:
    """Return the path of the folder, which need not exist; None when there is to be no cache."""
    if os.environ.get("MRT_NO_CACHE", "0") not in ("", "0"):
        return None
    chosen = os.environ.get("MRT_CACHE_DIR")
    if chosen:
        return os.path.abspath(os.path.expanduser(chosen))
    base = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification has relative paths ignored.
    if not base or not os.path.isabs(base):
        if sys.platform == "win32":
            base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
        elif sys.platform == "darwin":
            base = os.path.expanduser("~/Library/Caches")
        else:
            base = os.path.expanduser("~/.cache")
    # Without a home folder the tilde stays.
    return os.path.join(base, "mrt") if os.path.isabs(base) else None


def read_json(name: str) -> Any:
    """Return the value kept under a file name; None when there is none or it cannot be read."""
    folder = cache_dir()
    if folder is None:
        return None
    import json

    try:
        with open(os.path.join(folder, name), "rb") as file:
            return json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None


def write_json(name: str, value: Any) -> bool:
    """Keep a value under a file name, in one step: readers see the old value or the new one.

    Returns:
        Whether it was kept. A folder that cannot be written is no error: the value is computed again.
    """
    folder = cache_dir()
    if folder is None:
        return False
    import json

    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    path = os.path.join(folder, name)
    draft = f"{path}.{os.getpid()}.{threading.get_ident()}"
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with open(draft, "x", encoding="ascii") as file:
            file.write(text)
        os.replace(draft, path)
    except OSError:
        try:
            os.unlink(draft)
        except OSError:
            return False
        return False
    return True


def settled(mtime_ns: int) -> bool:
    """Tell whether a time of change is old enough that a later change must show as a different time."""
    tick = _COARSE_TICK if mtime_ns % 1_000_000_000 == 0 else _TICK
    return time.time() - mtime_ns / 1e9 > tick


def as_dict(value: object) -> dict[str, Any]:
    """Return a value that was read if it is an object of JSON, else an empty one."""
    is_dict = isinstance(value, dict)
    return cast("dict[str, Any]", value) if is_dict else {}


def as_list(value: object) -> list[Any]:
    """Return a value that was read if it is an array of JSON, else an empty one."""
    is_list = isinstance(value, list)
    return cast("list[Any]", value) if is_list else []
