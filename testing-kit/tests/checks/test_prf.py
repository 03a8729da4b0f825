"""Each check of performance reports a provider that wastes a lot; that the others are quick is no matter of tests."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from workshop_text import Embedding, provider
from wrong_chat import CREDENTIALS, Wrong

from mrt import Invocation, Provider
from mrt_testing_kit import run
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM


def sleeps(self: Any, invocation: Invocation[Any]) -> Any:
    time.sleep(0.1)
    return ReferenceLLM.build_request(self, invocation)


def quadratic() -> Callable[[Any, Invocation[Any]], Any]:
    seen: dict[int, int] = {}

    def change(value: Any, invocation: Invocation[Any]) -> Any:
        count = seen[id(invocation)] = seen.get(id(invocation), 0) + 1
        # What building the text anew with each piece costs, made plain enough for any machine.
        assert b"x" * (count * 3000)
        return value

    return change


def hoards() -> Callable[[Any, Invocation[Any]], Any]:
    kept: list[bytes] = []

    def change(value: Any, _: Invocation[Any]) -> Any:
        kept.append(bytes(2000))
        return value

    return change


class SlowVectors(Embedding):
    def read(self, data: Any, batch: Any) -> list[list[float]]:
        time.sleep(3)
        return super().read(data, batch)


WRONG: dict[str, Callable[[], Provider]] = {
    "PRF-01": Wrong("sleeps", "PRF-01", attributes={"build_request": sleeps}).provider,
    "PRF-02": Wrong("quadratic", "PRF-02", "B025", event=quadratic()).provider,
    "PRF-04": Wrong("hoards", "PRF-04", event=hoards()).provider,
    "PRF-05": Wrong("sleeps", "PRF-05", attributes={"build_request": sleeps}).provider,
    "PRF-06": lambda: provider(text_embedding=SlowVectors),
    "PRF-07": Wrong("quadratic", "PRF-07", event=quadratic()).provider,
}


@pytest.mark.parametrize("id", WRONG)
def test_a_wasteful_provider_is_reported(id: str) -> None:
    assert run(WRONG[id], "openai", CREDENTIALS, id, tier="deep").status(id) == "advisory"


def test_a_slow_import_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "slow_to_import.py").write_text("import time\n\ntime.sleep(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import_module("slow_to_import")
    home = openai_http.__name__

    class Slow(Provider):
        __module__ = "slow_to_import"

    def make() -> Provider:
        return Slow(home, models={"llm": f"{home}.llm:ReferenceLLM"})

    assert run(make, "openai", CREDENTIALS, "PRF-03").status("PRF-03") == "advisory"


def test_a_slow_import_of_a_provider_without_a_class_of_its_own_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "slow_to_load"
    shutil.copytree(Path(openai_http.__file__).parent, package, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    models = f'{{"llm": "{openai_http.__name__}.llm:ReferenceLLM"}}'
    (package / "__init__.py").write_text(
        f"import time\n\nfrom mrt import Provider\n\ntime.sleep(3)\nplugin = Provider(__name__, models={models})\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert run("slow_to_load:plugin", "openai", CREDENTIALS, "PRF-03").status("PRF-03") == "advisory"


def test_a_check_of_performance_fails_nobody() -> None:
    report = run(Wrong("sleeps", "", attributes={"build_request": sleeps}).provider, "openai", CREDENTIALS, "PRF-01")
    assert report.failed == []
    assert report.status("PRF-01") == "advisory"
