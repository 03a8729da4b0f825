"""Set up a clone of MRT and work in it, with Python 3.11 or later and nothing else.

usage: python dev.py VERB [ARGUMENT ...]

  demo         the whole road, against a server on this machine
  test         all tests, several at a time; arguments are passed to pytest
  check        ruff, mypy, pyright, layers and file sizes
  wheels DIR   build the wheels of all distributions into DIR

The first run makes .venv and installs every distribution into it, editable; later runs start at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
MEMBERS = [ROOT / "core", ROOT / "testing-kit", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))]
EVERYTHING = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
GROUPS = {"demo": ["test"], "test": ["test"], "check": ["test", "check"], "wheels": ["test"]}


def require_python(version: tuple[int, int]) -> None:
    """Turn away an interpreter that is too old."""
    if version < (3, 11):
        sys.exit(f"dev.py: Python {version[0]}.{version[1]} is too old, MRT needs 3.11 or later. Try python3.12 dev.py")


def script(name: str) -> Path:
    """Give the path of a command inside the environment."""
    return VENV / "Scripts" / f"{name}.exe" if os.name == "nt" else VENV / "bin" / name


def stamp(group: str) -> Path:
    """Give the file that holds the digest for which a dependency group was installed."""
    return VENV / f"mrt-dev-{group}.stamp"


def digest() -> str:
    """Hash what decides about the installation: the interpreter, the clone's place, every pyproject.toml."""
    state = hashlib.sha256(f"{sys.version}{ROOT}".encode())
    for folder in [ROOT, *MEMBERS]:
        state.update(str(folder).encode() + (folder / "pyproject.toml").read_bytes())
    return state.hexdigest()


def missing(groups: list[str]) -> list[str]:
    """List the dependency groups that are not installed, or were installed for another digest."""
    now, there = digest(), script("python").exists()
    return [name for name in groups if not (there and stamp(name).exists() and stamp(name).read_text() == now)]


def capture(*command: str | Path) -> tuple[int, str]:
    """Run a command silently; return its exit code and its output, errors included."""
    parts, merged = [str(part) for part in command], subprocess.STDOUT
    done = subprocess.run(parts, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=merged, check=False)
    return done.returncode, done.stdout.decode(errors="replace").replace("\r\n", "\n")


def run(*command: str | Path) -> int:
    """Run a command in the foreground and return its exit code; leave nothing running when interrupted."""
    with subprocess.Popen([str(part) for part in command], cwd=ROOT) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the terminal has interrupted the child as well
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(timeout=10)
            raise
        finally:
            child.terminate()


def make_environment() -> None:
    """Create .venv, unless it holds an interpreter of this version already."""
    try:
        VENV.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        sys.exit(f"dev.py: cannot write to {VENV} ({error.strerror}); clone into a folder of your own")
    question = f"import sys, pip; print(sys.version_info[:2] == {sys.version_info[:2]})"
    if script("python").exists() and capture(script("python"), "-c", question) == (0, "True\n"):
        return
    lacking = " and ".join(name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None)
    code, output = (1, f"no module {lacking}") if lacking else capture(sys.executable, "-m", "venv", "--clear", VENV)
    if code:
        hint = f"on Debian and Ubuntu: apt install python3.{sys.version_info[1]}-venv"
        sys.exit(f"dev.py: cannot make a virtual environment in {VENV}; {hint}\n{output}")


def install(groups: list[str]) -> None:
    """Install members and groups in one step, so that no member is looked for on a package index."""
    import tomllib

    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    wanted = [part for folder in MEMBERS for part in ("-e", str(folder))]
    wanted += [requirement for group in groups for requirement in table[group]]
    pip = (script("python"), "-m", "pip", "install", "--disable-pip-version-check", "--quiet")
    code, output = 1, ""
    if not os.environ.get("MRT_DEV_NO_UV") and capture(*pip, "uv")[0] == 0:
        code, output = capture(
            script("python"), "-m", "uv", "pip", "install", "--compile-bytecode", "--python", script("python"), *wanted
        )
    if code:  # uv is not to be had, or pip's configuration names an index that uv does not know
        code, output = capture(*pip, *wanted)
    if code:
        hint = "is there a network? HTTPS_PROXY names a proxy, PIP_INDEX_URL a mirror"
        sys.exit("\n".join([f"dev.py: cannot install the dependencies; {hint}", *output.splitlines()[-12:]]))
    # Tests start hundreds of processes, and where PYTHONDONTWRITEBYTECODE is set none would keep what it compiles.
    capture(script("python"), "-m", "compileall", "-q", *(ROOT / folder / "src" for folder in MEMBERS))


def check() -> int:
    """Run every static check, also after one has failed."""
    pyright, tests = ["pyright", "--pythonpath", str(script("python"))], ["tests/test_layers.py", "tests/test_files.py"]
    tools = [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], pyright, ["pytest", "-q", *tests]]
    failed = [" ".join(tool[:2]) for tool in tools if run(script("python"), "-m", *tool)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed", file=sys.stderr)
    return 1 if failed else 0


def main(verb: str = "", *rest: str) -> int:
    """Run one verb and return the exit code: 2 for wrong use, 130 when interrupted."""
    require_python(sys.version_info[:2])
    if verb not in GROUPS or len(rest) != {"check": 0, "wheels": 1}.get(verb, len(rest)):
        asked = verb in ("-h", "--help", "help")
        complaint = "" if asked else f"dev.py: cannot do {' '.join([verb, *rest]) or 'nothing'!r}\n\n"
        print(f"{complaint}{__doc__}", file=sys.stdout if asked else sys.stderr)
        return 0 if asked else 2
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        if groups := missing(GROUPS[verb]):
            print(f"Setting up {VENV} ({', '.join(groups)}) ...", file=sys.stderr, flush=True)
            make_environment()
            install(groups)
            for group in groups:
                stamp(group).write_text(digest())
        if verb == "wheels":
            build = (script("python"), "-m", "build", "--wheel", "--no-isolation", "--outdir", Path(rest[0]).resolve())
            return max(run(*build, folder) for folder in MEMBERS)
        if verb == "check":
            return check()
        if verb == "test":
            return run(script("pytest"), *(rest or EVERYTHING))
        return run(script("mrt"), "demo", *rest)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
