from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mrt.errors import PluginError
from mrt.registry import Registry

THREADS = 32

COUNTING = """
import threading, time, mrt

count = getattr(threading, "imports_of_acme", 0) + 1
threading.imports_of_acme = count
time.sleep(0.05)
{}

@mrt.hookimpl
def invoke(invocation):
    return count
"""


@pytest.fixture
def imports() -> Any:
    yield lambda: getattr(threading, "imports_of_acme", 0)
    if hasattr(threading, "imports_of_acme"):
        del threading.imports_of_acme


def together(function: Any) -> list[Any]:
    """Run a function in many threads that start at the same time, and return what each returned or raised."""
    start = threading.Barrier(THREADS, timeout=30)

    def run(_: int) -> Any:
        start.wait()
        try:
            return function()
        except PluginError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_the_first_use_by_many_threads_imports_once(site: Any, imports: Any) -> None:
    site.install("acme", COUNTING.format(""))
    registry = Registry()
    relays = together(lambda: registry.get("acme").relay)
    assert len(set(map(id, relays))) == 1
    assert imports() == 1


def test_a_failing_import_fails_once_for_all(site: Any, imports: Any) -> None:
    site.install("acme", COUNTING.format("raise ImportError('broken')"))
    registry = Registry()
    entry = registry.get("acme")
    errors = together(lambda: entry.relay)
    assert {str(error) for error in errors} == {"acme (mrt-acme 1.0) cannot be imported: ImportError: broken"}
    assert imports() == 1
    assert len(registry.failures) == 1


def test_schema_and_listing_are_made_once(site: Any) -> None:
    for name in ("acme", "bolt"):
        site.install(name)
    registry = Registry()
    schemas = together(lambda: registry.providers()["acme"])
    assert len(set(map(id, schemas))) == 1


def test_registering_from_many_threads_gives_a_name_once() -> None:
    import mrt

    class Plugin:
        @mrt.hookimpl
        def invoke(self, invocation: Any) -> Any:
            return None

    registry = Registry(load_entry_points=False)
    results = together(lambda: registry.register(Plugin(), name="acme"))
    assert results.count("acme") == 1
    assert sum(isinstance(result, PluginError) for result in results) == THREADS - 1
