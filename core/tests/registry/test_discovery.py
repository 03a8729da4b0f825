from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mrt.registry.discovery import discover, discovery_problems


def found(site: Any, group: str = "mrt.providers") -> list[tuple[str, ...]]:
    facts = [fact for fact in discover(group) if fact.location.startswith(str(site.path))]
    return [(fact.name, fact.value, fact.distribution, fact.version) for fact in facts]


def test_entry_points_are_found_without_importing_anything(site: Any) -> None:
    site.install("acme", "raise SystemExit('imported')", value="mrt_acme:plugin")
    site.install("around", group="mrt.middleware")
    site.metadata("unrelated", "2", "[console_scripts]\nunrelated = unrelated:main\n")
    site.settle()
    assert found(site) == [("acme", "mrt_acme:plugin", "mrt-acme", "1.0")]
    assert found(site, "mrt.middleware") == [("around", "mrt_around", "mrt-around", "1.0")]
    assert "mrt_acme" not in sys.modules


def test_extras_are_no_part_of_the_module(site: Any) -> None:
    site.metadata("mrt-acme", "1", "[mrt.providers]\nacme = mrt_acme:plugin [extra]\n")
    assert found(site)[0][1] == "mrt_acme:plugin"


def test_installing_upgrading_and_removing_is_seen(site: Any) -> None:
    assert found(site) == []
    folder = site.install("acme").parent / "mrt_acme-1.0.dist-info"
    assert [fact[3] for fact in found(site)] == ["1.0"]
    shutil.rmtree(folder)
    site.install("acme", version="2.0")
    assert [fact[3] for fact in found(site)] == ["2.0"]
    shutil.rmtree(site.path / "mrt_acme-2.0.dist-info")
    site.settle()
    assert found(site) == []


def test_the_first_folder_hides_later_ones(site: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("acme", version="1.0")
    first = type(site)(tmp_path / "site" / "user")
    first.install("acme", version="2.0")
    monkeypatch.syspath_prepend(str(first.path))
    assert [fact[3] for fact in found(site)] == ["2.0"]


def test_two_versions_in_one_folder_are_one_distribution(site: Any) -> None:
    """An upgrade that was interrupted leaves both."""
    site.install("acme", version="1.0")
    site.install("acme", version="2.0")
    assert len(found(site)) == 1


def test_an_archive_may_hold_distributions(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = site.path / "plugins.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mrt_zip-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: mrt-zip\nVersion: 1.0\n")
        archive.writestr("mrt_zip-1.0.dist-info/entry_points.txt", "[mrt.providers]\nzipped = mrt_zip\n")
        archive.writestr("mrt_zip/__init__.py", "")
    monkeypatch.syspath_prepend(str(path))
    assert found(site) == [("zipped", "mrt_zip", "mrt-zip", "1.0")]


def test_odd_entries_of_the_path_do_no_harm(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("acme")
    (site.path / "file").write_text("no folder")
    for entry in ("", "nul\0byte", str(site.path / "missing"), str(site.path / "file")):
        monkeypatch.syspath_prepend(entry)
    assert [fact[0] for fact in found(site)] == ["acme"]


def test_broken_metadata_of_others_is_not_our_business(site: Any) -> None:
    site.install("acme")
    site.metadata("other", "1", "[console_scripts]\nthis is no entry point\n")
    site.settle()
    assert [fact[0] for fact in found(site)] == ["acme"]
    assert discovery_problems() == []


def test_broken_metadata_of_a_plugin_is_a_problem(site: Any) -> None:
    site.install("acme")
    site.metadata("mrt-bolt", "3", "[mrt.providers]\nthis is no entry point\n")
    site.settle()
    for _ in range(2):
        assert [fact[0] for fact in found(site)] == ["acme"]
        (problem,) = discovery_problems()
        assert (problem.distribution, problem.version, problem.phase) == ("mrt-bolt", "3", "discover")
        assert "metadata cannot be read" in str(problem)


READ = """
import json, sys
from mrt.registry.discovery import discover
names = sorted(fact.name for fact in discover("mrt.providers"))
print(json.dumps([names, sorted({"importlib.metadata", "yaml", "pydantic", "pluggy"} & set(sys.modules))]))
"""


def kept(site: Any) -> Path:
    """The cache folder of the other processes."""
    return Path(site.path.parent, "other-cache")


def read(site: Any, **environment: str) -> Any:
    """Discover in another process; `-S`, so that only this folder is there."""
    source = str(Path(__file__).parents[2] / "src")
    program = f"import sys\nsys.path[:0] = {[str(site.path), source]!r}\n{READ}"
    command = [sys.executable, "-S", "-c", program]
    environment = {**os.environ, "MRT_CACHE_DIR": str(kept(site)), **environment}
    done = subprocess.run(command, capture_output=True, env=environment, cwd=site.path, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    names, loaded = json.loads(done.stdout)
    return [name for name in names if name in ("acme", "bolt")], loaded


def test_another_process_reads_one_file(site: Any) -> None:
    site.install("acme")
    assert read(site) == (["acme"], ["importlib.metadata"])
    assert read(site) == (["acme"], [])
    site.install("bolt")
    assert read(site) == (["acme", "bolt"], ["importlib.metadata"])
    assert read(site) == (["acme", "bolt"], [])
    assert [path.name.partition("-")[0] for path in kept(site).iterdir()] == ["plugins"]


def test_a_folder_that_changed_just_now_is_not_kept(site: Any) -> None:
    site.install("acme")
    soon = time.time_ns() + 3_600_000_000_000
    os.utime(site.path, ns=(soon, soon))
    read(site)
    assert read(site) == (["acme"], ["importlib.metadata"])


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "null",
        lambda text: "[1, 2]",
        lambda text: '{"format": 2}',
        lambda text: '{"format": 2, "folders": [1]}',
        lambda text: text.replace('"acme"', "7"),
        lambda text: text.replace("[[", "[").replace("]]", "]"),
        lambda text: text.replace('"format":2', '"format":0'),
    ],
)
def test_a_corrupt_file_is_read_anew_and_repaired(change: Any, site: Any) -> None:
    site.install("acme")
    read(site)
    (file,) = kept(site).iterdir()
    text = file.read_text()
    assert change(text) != text
    file.write_text(change(text))
    assert read(site) == (["acme"], ["importlib.metadata"])
    assert read(site) == (["acme"], [])


def test_without_a_cache(site: Any) -> None:
    site.install("acme")
    for _ in range(2):
        assert read(site, MRT_NO_CACHE="1") == (["acme"], ["importlib.metadata"])
    assert not kept(site).exists()
    kept(site).write_text("a file where the folder should be")
    for _ in range(2):
        assert read(site) == (["acme"], ["importlib.metadata"])
