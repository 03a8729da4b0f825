"""Two plugins on the path, the server of one of them, and the command."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from cli_run import Runner, clean_environment  # noqa: E402
from cli_server import KEY, Vendor  # noqa: E402

collect_ignore = ["test_terminal.py", "test_signals.py"] if sys.platform == "win32" else []

# The members of the workspace are switched off, so that the two plugins of the tests are all there is.
PLUGINS = {"acme": ("mrt-acme", "1.2.3"), "bolt": ("mrt-bolt", "0.4")}


def install(site: Path, name: str, distribution: str, version: str, target: str | None = None) -> None:
    """Write the metadata of a distribution that brings a plugin."""
    info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[mrt.providers]\n{name} = {target or f'mrt_{name}:plugin'}\n")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(HERE / "site", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    for name, (distribution, version) in PLUGINS.items():
        install(folder, name, distribution, version)
    return folder


@pytest.fixture(scope="session")
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    yield server
    server.close()


@pytest.fixture
def asked(vendor: Vendor) -> list[tuple[str, dict[str, object]]]:
    """What the vendor is asked during the test."""
    vendor.requests.clear()
    vendor.left.clear()
    return vendor.requests


@pytest.fixture
def bare(site: Path, tmp_path: Path) -> Runner:
    """The command, without credentials."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Runner(clean_environment(site, tmp_path), folder)


@pytest.fixture
def mrt(bare: Runner, vendor: Vendor) -> Runner:
    """The command, with the right credentials of acme in the environment."""
    bare.env |= {"MRT_ACME_SERVER_URL": vendor.url, "MRT_ACME_API_KEY": KEY}
    return bare


@pytest.fixture
def more_plugins(tmp_path: Path, bare: Runner) -> Callable[..., Path]:
    """Install further plugins: module name to source, for this test alone."""

    def add(name: str, source: str | None, *, distribution: str = "", schema: str = "", target: str = "") -> Path:
        folder = tmp_path / "more"
        module = f"mrt_{name.replace('-', '_')}"
        if source is not None:
            (folder / module).mkdir(parents=True)
            (folder / module / "__init__.py").write_text(source)
            if schema:
                (folder / module / "provider.yaml").write_text(schema)
        install(folder, name, distribution or f"mrt-{name}", "9.9", target or f"{module}:plugin")
        if str(folder) not in bare.env["PYTHONPATH"]:
            bare.env["PYTHONPATH"] += f":{folder}"
        return folder / module

    return add
