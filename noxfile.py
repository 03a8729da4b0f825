"""Longer checks, for people who have nox; `nox -l` lists them. `python dev.py test` needs nothing but Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import nox

nox.needs_version = ">=2024.10.9"
nox.options.download_python = "never"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "tests", "wheels"]

ROOT = Path(__file__).resolve().parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
MEMBERS = [
    "core",
    "testing-kit",
    *sorted(path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("plugins/*/pyproject.toml")),
]
GROUPS = nox.project.load_toml(ROOT / "pyproject.toml")


def install(session: nox.Session, *groups: str) -> None:
    """Install all members editable, and dependency groups, in one step: no member is looked for on an index."""
    editable = [part for member in MEMBERS for part in ("-e", f"./{member}")]
    session.install(*editable, *nox.project.dependency_groups(GROUPS, *groups))


def need(session: nox.Session, path: str) -> str:
    """Give a path of the clone, or end the session with a sentence when the clone does not hold it."""
    if not (ROOT / path).exists():
        session.error(f"{path} is not in this clone, so there is nothing to run")
    return path


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """All tests, on every interpreter that is there."""
    install(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Run ruff, and the rules about files and layers."""
    install(session, "test", "check")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("pytest", "-q", "tests/test_layers.py", "tests/test_files.py")


@nox.session
def types(session: nox.Session) -> None:
    """Run mypy and pyright, both strict, on the distributions and the typed examples."""
    install(session, "test", "check")
    session.run("mypy")
    session.run("pyright")
    session.run("pytest", "-q", "testing-kit/tests/scaffold", "-k", "type_checks")


@nox.session
def wheels(session: nox.Session) -> None:
    """Build every sdist and wheel, and use them in a fresh environment that sees no index."""
    session.install("pip", *nox.project.dependency_groups(GROUPS, "test"))
    house = Path(session.create_tmp()).resolve() / "wheelhouse"
    shutil.rmtree(house, ignore_errors=True)
    for member in MEMBERS:
        # Without --wheel and --sdist, the wheel is built from the sdist, which therefore has to be complete.
        session.run("python", "-m", "build", "--no-isolation", "--outdir", str(house), member)
    built = sorted(str(path) for path in house.glob("*.whl"))
    session.run("python", "-m", "pip", "download", "--quiet", "--dest", str(house), *built)
    session.run("pytest", "tests/test_wheels.py", *session.posargs, env={"MRT_WHEELHOUSE": str(house)})


@nox.session
def contract(session: nox.Session) -> None:
    """Run the testing kit's contract on every bundled plugin, and on what `new` writes."""
    install(session, "test")
    session.run("pytest", "-m", "contract", *(session.posargs or ["plugins"]))
    if not session.posargs:
        session.run("pytest", "-m", "slow", "testing-kit/tests/scaffold")


@nox.session
def sdk(session: nox.Session) -> None:
    """Run the contract on the example that wraps the newest SDK of OpenAI."""
    session.install("-e", "./core", "-e", "./testing-kit", "-e", "./plugins/mrt-openai-compatible", "openai")
    session.chdir("examples/openai_sdk")
    credentials = '{"api_key": "{canary}", "base_url": "{server}/v1"}'
    command = ("check", "openai_sdk:plugin", "--dialect", "openai", "--credentials", credentials)
    session.run("python", "-m", "mrt_testing_kit", *command, *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Count the wrong providers that the contract catches."""
    install(session, "test")
    session.run("python", need(session, "testing-kit/mutants"), *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run the examples of README and docs."""
    install(session, "test")
    session.run("pytest", "tests/test_readme.py", "tests/test_tutorial.py", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure MRT beside other clients; arguments are passed on (--quick)."""
    install(session, "test")
    need(session, "benchmarks")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def budget(session: nox.Session) -> None:
    """Print how far a run of the benchmarks is from each budget; the committed one without arguments."""
    install(session, "test")
    need(session, "benchmarks/budget.py")
    session.run("python", "-m", "benchmarks.budget", *(session.posargs or ["benchmarks/results/latest.json"]))


@nox.session
def live(session: nox.Session) -> None:
    """Run the tests against real servers: MRT_LIVE_XINFERENCE, MRT_LIVE_OPENLLM (URLs), or MRT_SERVERS (scripts)."""
    starters = {"MRT_LIVE_XINFERENCE": ("xinference", xinference), "MRT_LIVE_OPENLLM": ("openllm", openllm)}
    urls = {name: os.environ[name] for name in starters if name in os.environ}
    folder = Path(os.environ["MRT_SERVERS"]) if "MRT_SERVERS" in os.environ else None
    missing = {
        name: (folder / scripts, start)
        for name, (scripts, start) in starters.items()
        if folder and name not in urls and (folder / scripts / "setup.sh").exists()
    }
    if not urls and not missing:
        session.error(
            "name the servers by URL, in MRT_LIVE_XINFERENCE and MRT_LIVE_OPENLLM, or in MRT_SERVERS a folder "
            "with xinference/setup.sh and openllm/setup.sh, whose servers then are started and stopped"
        )
    install(session, "test")
    with ExitStack() as servers:
        urls |= {name: servers.enter_context(start(scripts)) for name, (scripts, start) in missing.items()}
        session.run("pytest", "-m", "live", *session.posargs, env=urls)


@contextmanager
def xinference(scripts: Path) -> Iterator[str]:
    """Start the server and its models, give its URL, stop it."""
    port = os.environ.setdefault("XINF_PORT", "9997")
    subprocess.run(["bash", scripts / "setup.sh"], stdin=subprocess.DEVNULL, check=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run(["bash", scripts / "setup.sh", "stop"], stdin=subprocess.DEVNULL, check=False)


@contextmanager
def openllm(scripts: Path, port: int = 3000) -> Iterator[str]:
    """Start a server of each generation, give their URLs, stop them and their children."""
    ports = {"old": port, "new": port + 1}
    subprocess.run(["bash", scripts / "setup.sh", *ports], stdin=subprocess.DEVNULL, check=True)
    servers: list[subprocess.Popen[bytes]] = []
    try:
        for generation, number in ports.items():
            command = ["bash", scripts / "serve.sh", generation, str(number)]
            servers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True))
        urls = [f"http://127.0.0.1:{number}" for number in ports.values()]
        for server, url in zip(servers, urls, strict=True):
            wait_until_ready(f"{url}/readyz", server, seconds=240)
        yield " ".join(urls)
    finally:
        # An engine outlives a plain SIGTERM to its parent, so the whole process group goes.
        for number in (15, 9):
            for server in servers:
                with suppress(ProcessLookupError):
                    os.killpg(server.pid, number)
            time.sleep(5)
        for server in servers:
            server.wait()


def wait_until_ready(url: str, server: subprocess.Popen[bytes], seconds: float) -> None:
    """Ask until the server answers.

    Raises:
        RuntimeError: when it has ended, or does not answer in time.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise RuntimeError(f"no answer from {url} after {seconds:.0f} s")


if __name__ == "__main__":
    nox.main()
