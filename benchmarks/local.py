"""Measures without a server: what imports, listings, schemas and counting cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

_TIMES = """
import json, sys, time
{setup}
started = time.process_time()
{code}
used = time.process_time() - started
modules = len(sys.modules)
from benchmarks.memory import peak
print(json.dumps([used * 1e3, modules, peak()]), file=sys.stderr)
"""


def environment_with(more: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with more in it, for a child that keeps its bytecode.

    What is installed from a wheel has its bytecode; a clone has it after a first run that may write it.
    """
    return {**{name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **more}


def python(code: str, setup: str = "", interpreter: str = sys.executable, **environment: str) -> tuple[float, int, int]:
    """Return CPU milliseconds, modules and peak kilobytes of a piece of code in a fresh interpreter.

    What `setup` does is not counted.
    """
    done = subprocess.run(
        [interpreter, "-c", _TIMES.format(code=code, setup=setup)],
        env=environment_with(environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    used, modules, rss = json.loads(done.stderr.strip().splitlines()[-1])
    return used, modules, rss


def children(command: list[str], **environment: str) -> float:
    """Return the CPU milliseconds of a command, its interpreter's start included."""
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, env=environment_with(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e3


def median(work: Callable[[], float], times: int) -> float:
    return sorted(work() for _ in range(times))[times // 2]


def imports(times: int, openai_python: str | None) -> dict[str, float]:
    """Return the CPU milliseconds of imports and of the command line's quick verbs."""
    found = {
        "bare interpreter": median(lambda: children([sys.executable, "-c", "pass"]), times),
        "bare interpreter + pluggy": median(lambda: children([sys.executable, "-c", "import pluggy"]), times),
        "import mrt": median(lambda: children([sys.executable, "-c", "import mrt"]), times),
        "mrt --help": median(lambda: children([sys.executable, "-m", "mrt", "--help"]), times),
        "mrt providers, warm": median(lambda: children([sys.executable, "-m", "mrt", "providers"]), times),
        "import httpx": median(lambda: children([sys.executable, "-c", "import httpx"]), times),
    }
    if openai_python:
        found["import openai"] = median(lambda: children([openai_python, "-c", "import openai"]), times)
    return found


def modules() -> dict[str, float]:
    """Return how many modules imports load, and the megabytes that the process has at its peak."""
    found: dict[str, float] = {}
    for code in ("pass", "import mrt", "import mrt; mrt.llm", "import httpx"):
        _, loaded, peak = python(code)
        name = "bare interpreter" if code == "pass" else code
        found[f"modules of {name}"] = float(loaded)
        found[f"MB of {name}"] = peak / 1024
    return found


def install_plugins(folder: Path, count: int) -> None:
    """Write so many installed distributions, each with a provider, as dist-info folders."""
    for number in range(count):
        name = f"bench_plugin_{number}"
        package = folder / name
        package.mkdir()
        (package / "__init__.py").write_text(
            f"from mrt import Provider\nplugin = Provider(__name__, models={{'llm': '{name}.llm:Model'}})\n"
        )
        (package / "llm.py").write_text(
            "from mrt import AssistantPromptMessage, LargeLanguageModel, LLMResult, LLMUsage\n"
            "class Model(LargeLanguageModel):\n"
            "    def _invoke(self, model, credentials, prompt_messages, model_parameters, **more):\n"
            "        return LLMResult(model=model, message=AssistantPromptMessage('x'), usage=LLMUsage(1, 1))\n"
        )
        (package / "provider.yaml").write_text(
            f"provider: bench-{number}\nlabel: {{en_US: Bench {number}}}\nsupported_model_types: [llm]\n"
            "configurate_methods: [customizable-model]\n"
        )
        info = folder / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[mrt.providers]\nbench-{number} = {name}:plugin\n")


_LIST = "Registry().listing()"
_LIST_SETUP = "from mrt.registry import Registry"
_CALL = "for _ in range(2000): chat.invoke('x')"
_CALL_SETUP = "import mrt; chat = mrt.Runtime().llm('bench-0/m'); chat.invoke('x')"


def discovery(counts: tuple[int, ...], times: int) -> dict[str, float]:
    """Return the CPU milliseconds of listing so many plugins with a warm cache, and the microseconds of a call."""
    found: dict[str, float] = {}
    for count in counts:
        with tempfile.TemporaryDirectory() as top:
            folder, cache = Path(top) / "site", Path(top) / "cache"
            folder.mkdir()
            install_plugins(folder, count)
            # Folders that have just changed are not trusted yet.
            time.sleep(2.2)
            where = {
                "PYTHONPATH": f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
                "MRT_CACHE_DIR": str(cache),
            }
            python(_LIST, _LIST_SETUP, **where)
            listed = median(lambda where=where: python(_LIST, _LIST_SETUP, **where)[0], times)  # type: ignore[misc]
            command = [sys.executable, "-m", "mrt", "providers"]
            found[f"listing {count} plugins, warm"] = listed
            found[f"mrt providers with {count}, warm"] = median(lambda c=command, w=where: children(c, **w), times)  # type: ignore[misc]
            found[f"2000 calls with {count} plugins"] = median(
                lambda where=where: python(_CALL, _CALL_SETUP, **where)[0], times
            )  # type: ignore[misc]
    return found


def schemas(times: int, corpus: Callable[[Path], Any]) -> dict[str, float]:
    """Return the CPU milliseconds of loading a large tree of YAML files, cold, warm, and of the bare parser's pass."""
    with tempfile.TemporaryDirectory() as top:
        tree, cache = Path(top) / "tree", Path(top) / "cache"
        tree.mkdir()
        corpus(tree)
        load_setup = "import pathlib; from mrt.schema import load_provider; import mrt.schema.reading, pydantic_core"
        load = f"""
for path in sorted(pathlib.Path({str(tree)!r}).iterdir()):
    load_provider(path)
"""
        bare = f"""
for path in sorted(pathlib.Path({str(tree)!r}).rglob("*.yaml")):
    yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
"""
        time.sleep(2.2)
        cold = median(lambda: python(load, load_setup, MRT_NO_CACHE="1")[0], times)
        python(load, load_setup, MRT_CACHE_DIR=str(cache))
        warm = median(lambda: python(load, load_setup, MRT_CACHE_DIR=str(cache))[0], times)
        parsed = median(lambda: python(bare, "import pathlib, yaml")[0], times)
    return {"schemas, bare CSafeLoader": parsed, "schemas, cold": cold, "schemas, warm": warm}
