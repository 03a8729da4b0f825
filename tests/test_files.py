"""Rules for every tracked file: size, leftovers, and words that do not belong."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 400
SELF = Path(__file__).resolve()
SKIPPED = {".git", ".venv", ".nox", "node_modules", "build", "dist", "__pycache__"}

# Written in pieces, so that this file keeps its own rules.
LEFTOVERS = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
INDEX_HOSTS = re.compile(r"(pypi|pythonhosted)\.org|registry\.npmjs|hub\.docker", re.IGNORECASE)
DEV_PATHS = re.compile(r"(?<![\w.:/])/(?:work|root|home/\w+|Users/\w+|opt/wheels|tmp/mrt)\b")
VENDORS = re.compile(r"xinference|openllm|anthropic|(?<![a-z])openai", re.IGNORECASE)
SWALLOWED = re.compile(r"except( (Base)?Exception)?( as \w+)?:\s*(#.*)?\n\s+(pass|\.\.\.)\s")


def tracked() -> list[Path]:
    """List the files that git knows or would add; without git, all files of the clone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
        paths = [ROOT / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):  # no git here, or a copy that is not a clone
        paths = [path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts)]
    return [path for path in paths if path.is_file() and path != SELF]


def text_of(path: Path) -> str:
    """Read a file; a binary one is an empty text."""
    data = path.read_bytes()
    return "" if b"\0" in data[:8000] else data.decode("utf-8", errors="replace")


def lines_with(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    """Find a pattern, as `path:line: text`."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in paths
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    return tracked()


def test_the_files_of_the_clone_are_found(files: list[Path]) -> None:
    assert {ROOT / "dev.py", ROOT / "core" / "pyproject.toml"} <= set(files)


def test_no_python_file_is_too_long(files: list[Path]) -> None:
    sizes = {path: len(text_of(path).splitlines()) for path in files if path.suffix == ".py"}
    assert not {str(path.relative_to(ROOT)): size for path, size in sizes.items() if size > LIMIT}


def test_nothing_is_left_to_do(files: list[Path]) -> None:
    assert not lines_with(LEFTOVERS, [path for path in files if path.suffix in (".py", ".toml", ".md", ".yaml", "")])


def test_no_package_index_is_named(files: list[Path]) -> None:
    assert not lines_with(INDEX_HOSTS, files)


def test_no_path_of_a_developers_machine_is_left(files: list[Path]) -> None:
    assert not lines_with(DEV_PATHS, files)


def test_no_error_is_swallowed(files: list[Path]) -> None:
    assert not [
        str(path.relative_to(ROOT)) for path in files if path.suffix == ".py" and SWALLOWED.search(text_of(path))
    ]


def test_core_names_no_vendor(files: list[Path]) -> None:
    core = ROOT / "core" / "src"
    assert not lines_with(VENDORS, [path for path in files if core in path.parents])


def test_every_python_file_starts_like_the_others(files: list[Path]) -> None:
    sources = [path for path in files if path.suffix == ".py" and text_of(path).strip()]
    assert not [str(path) for path in sources if "from __future__ import annotations" not in text_of(path)]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (LEFTOVERS, "# TO" + "DO: later"),
        (INDEX_HOSTS, "https://files.python" + "hosted.org/x"),
        (DEV_PATHS, "open('/ho" + "me/ann/x')"),
        (VENDORS, "class Open" + "AIThing"),
        (SWALLOWED, "    except Exception as error:\n        pa" + "ss\n"),
    ],
    ids=["leftovers", "index-hosts", "dev-paths", "vendors", "swallowed"],
)
def test_each_pattern_finds_what_it_is_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_opentelemetry_is_not_a_vendor() -> None:
    assert not VENDORS.search("uses the OpenTelemetry names, when they are installed")
