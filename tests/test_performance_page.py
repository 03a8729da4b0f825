"""The page about speed shows the results that are kept beside it, and changes with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "latest.json"


def checked(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks.page", "--check", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_page_is_that_of_the_kept_results() -> None:
    done = checked()
    assert (done.returncode, done.stderr) == (0, "")


def test_other_results_make_another_page(tmp_path: Path) -> None:
    results: dict[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    results["measures"]["sync call"]["mrt_openai"]["value"] *= 2
    other = tmp_path / "other.json"
    other.write_text(json.dumps(results), "utf-8")
    done = checked(str(other))
    assert done.returncode == 1
    assert "docs/performance.md" in done.stderr
    assert "docs/charts/sync-call.svg" in done.stderr
