"""What README and docs show works as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mrt_testing_kit.server import OracleServer

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
# The tutorial shows parts of files; another test walks it.
RUN = [page for page in PAGES if "```python" in page.read_text("utf-8") and page.name != "tutorial.md"]
BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n)?```python\n(.*?)```", re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")
EXAMPLES = sorted(ROOT.glob("examples/*.py"))


@pytest.fixture(scope="module")
def server() -> Iterator[OracleServer]:
    """A server that speaks Xinference's protocol."""
    with OracleServer("xinference") as running:
        yield running


def environment(server: OracleServer) -> dict[str, str]:
    return {**os.environ, "MRT_EXAMPLE_URL": server.url, "PYTHONWARNINGS": "error"}


def run(code: str, server: OracleServer, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(server), cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{code}\n---\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", RUN, ids=lambda p: p.name)
def test_the_python_of_a_page_runs_from_top_to_bottom(page: Path, server: OracleServer, tmp_path: Path) -> None:
    blocks = [code for skip, code in BLOCK.findall(page.read_text("utf-8")) if not skip]
    code = "\n".join(blocks)
    # The pages name the port at which Xinference listens, and models of a real server.
    code = code.replace("http://127.0.0.1:9997", server.url)
    for shown, served in {
        '"model_uid": "qwen"': '"model_uid": "tiny-chat"',
        "xinference/bge": "xinference/tiny-embed",
        "xinference/reranker": "xinference/tiny-rerank",
        "xinference/whisper": "xinference/tiny-whisper",
        "xinference/speaker": "xinference/tiny-tts",
    }.items():
        code = code.replace(shown, served)
    assert blocks, "every block of the page is left out"
    run(code, server, tmp_path)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda p: p.name)
def test_an_example_runs(example: Path, server: OracleServer, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(example)],
        env=environment(server),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert not missing


def test_the_table_of_plugins_is_that_of_the_plugins() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "make_tables.py"), "--check"], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
