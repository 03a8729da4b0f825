"""The cache of parsed data: quick when it fits, absent when it does not, never wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from mrt.entities.common import ModelType
from mrt.errors import SchemaError
from mrt.schema import cache, load_provider, reading, yamlnodes


@pytest.fixture(autouse=True)
def old_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take files that were just written as settled, but for the test about that."""
    monkeypatch.setattr(cache, "settled", lambda time_ns: True)


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which files are parsed as YAML."""
    read: list[str] = []

    class Noting(reading.Document):
        def __init__(self, file: Any, **options: Any) -> None:
            read.append(os.fspath(file))
            super().__init__(file, **options)

    monkeypatch.setattr(reading, "Document", Noting)
    return read


@pytest.fixture
def many(vendor: Any) -> Path:
    path = vendor([f"m{number}" for number in range(6)], position="- m3\n- m1\n")
    assert isinstance(path, Path)
    return path


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "schema").iterdir()) if (folder / "schema").is_dir() else []


def test_the_second_load_parses_nothing_and_gives_the_same(many: Path, parsed: list[str], own_cache: Path) -> None:
    first = load_provider(many)
    assert len(parsed) == 8
    assert len(kept(own_cache)) == 1
    parsed.clear()
    second = load_provider(many)
    assert second == first
    assert second.model_dump() == first.model_dump()
    assert [entity.model for entity in second.models] == ["m3", "m1", "m0", "m2", "m4", "m5"]
    assert second.position == {"llm": ["m3", "m1"]}
    assert parsed == []


def test_objects_are_not_shared(many: Path) -> None:
    load_provider(many)
    one, two = load_provider(many), load_provider(many)
    one.models[0].parameter_rules[0].max = 99
    one.models[0].model_properties.clear()
    assert two.models[0].parameter_rules[0].max == 1.0
    assert load_provider(many).models[0].context_size == 8192


def test_prices_stay_exact(vendor: Any, model: Any) -> None:
    digits = "0.1000000000000000055511151231257827021181583404541015625"
    path = vendor({f"m{n}": model("input: '0.50'", f"input: '{digits}'", model=f"m{n}") for n in range(6)})
    for _ in range(2):
        pricing = load_provider(path).models[0].pricing
        assert pricing is not None
        assert str(pricing.input) == digits


def change_model(many: Path) -> None:
    file = many.parent / "models" / "llm" / "m3.yaml"
    file.write_text(file.read_text().replace("8192", "4096"))


def change_model_but_not_its_time(many: Path) -> None:
    file = many.parent / "models" / "llm" / "m3.yaml"
    state = file.stat()
    change_model(many)
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))


def replace_model_by_a_file_of_the_same_time(many: Path) -> None:
    file = many.parent / "models" / "llm" / "m3.yaml"
    state = file.stat()
    new = file.with_name("new")
    new.write_text(file.read_text().replace("8192", "4096"))
    os.utime(new, ns=(state.st_atime_ns, state.st_mtime_ns))
    new.replace(file)


def add_model(many: Path) -> None:
    text = (many.parent / "models" / "llm" / "m3.yaml").read_text()
    (many.parent / "models" / "llm" / "m9.yaml").write_text(text.replace("m3", "m9"))


def remove_model(many: Path) -> None:
    (many.parent / "models" / "llm" / "m3.yaml").unlink()


def change_position(many: Path) -> None:
    (many.parent / "models" / "llm" / "_position.yaml").write_text("- m5\n")


def remove_position(many: Path) -> None:
    (many.parent / "models" / "llm" / "_position.yaml").unlink()


def change_provider(many: Path) -> None:
    many.write_text(many.read_text().replace("en_US: Acme", "en_US: Emca"))


@pytest.mark.parametrize(
    "change",
    [
        change_model,
        change_model_but_not_its_time,
        replace_model_by_a_file_of_the_same_time,
        add_model,
        remove_model,
        change_position,
        remove_position,
        change_provider,
    ],
)
def test_every_change_is_seen(many: Path, monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    before = load_provider(many).model_dump()
    assert load_provider(many).model_dump() == before
    time.sleep(0.02)
    change(many)
    after = load_provider(many).model_dump()
    monkeypatch.setenv("MRT_NO_CACHE", "1")
    assert after == load_provider(many).model_dump()
    assert after != before


def test_a_file_that_breaks_is_reported(many: Path) -> None:
    load_provider(many)
    time.sleep(0.02)
    (many.parent / "models" / "llm" / "m3.yaml").write_text("model: [\n")
    with pytest.raises(SchemaError):
        load_provider(many)


def test_broken_providers_are_not_kept(many: Path, own_cache: Path) -> None:
    (many.parent / "models" / "llm" / "m3.yaml").write_text("model: [\n")
    with pytest.raises(SchemaError):
        load_provider(many)
    assert kept(own_cache) == []


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flip(data: bytes) -> bytes:
    return data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]


@pytest.mark.parametrize(
    "damage",
    [cut, flip, lambda data: b"", lambda data: b"\x00" * 100, lambda data: data.replace(cache.FORMAT, b"mrt-schema-0")],
    ids=["cut", "flip", "empty", "zeros", "other format"],
)
def test_damage_is_harmless_and_repaired(many: Path, own_cache: Path, parsed: list[str], damage: Any) -> None:
    first = load_provider(many)
    (file,) = kept(own_cache)
    sound = file.read_bytes()
    file.write_bytes(damage(sound))
    parsed.clear()
    assert load_provider(many) == first
    assert len(parsed) == 8
    assert file.read_bytes() == sound


@pytest.mark.parametrize("about", [b"[]", b"null", b"{}", b'{"file": 1}', b"\xff"])
def test_sound_digests_of_nonsense_are_harmless(many: Path, own_cache: Path, about: bytes) -> None:
    first = load_provider(many)
    (file,) = kept(own_cache)
    rest = about + b"\nxx"
    file.write_bytes(cache._head(rest) + b"\n" + rest)
    assert load_provider(many) == first


def test_model_data_that_no_longer_fits_is_read_from_its_file(many: Path, own_cache: Path) -> None:
    first = load_provider(many)
    (file,) = kept(own_cache)
    _, rest = file.read_bytes().split(b"\n", 1)
    rest = rest.replace(b'"model_type":"llm"', b'"model_type":"lxm"')
    file.write_bytes(cache._head(rest) + b"\n" + rest)
    assert load_provider(many) == first


def test_provider_data_that_no_longer_fits_is_read_from_its_file(many: Path, own_cache: Path) -> None:
    first = load_provider(many)
    (file,) = kept(own_cache)
    _, rest = file.read_bytes().split(b"\n", 1)
    rest = rest.replace(b'"provider":"acme"', b'"provider":"a/me"')
    file.write_bytes(cache._head(rest) + b"\n" + rest)
    assert load_provider(many) == first


def test_files_that_vanish_meanwhile_are_not_kept(many: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def vanish(path: str) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(cache, "_stamp", vanish)
    assert len(load_provider(many).models) == 6
    assert kept(own_cache) == []


def test_text_that_is_no_unicode_is_not_kept(
    vendor: Any, model: Any, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The parser in Python lets half a character through, the one in C does not.
    yamlnodes._loader_class.cache_clear()
    monkeypatch.setitem(sys.modules, "yaml.cyaml", None)
    try:
        half = model("en_US: Acme One", 'en_US: "\\ud800"', model="m9")
        path = vendor({**{f"m{n}": model(model=f"m{n}") for n in range(5)}, "m9": half})
        assert load_provider(path).models[5].label.en_US == "\ud800"
    finally:
        yamlnodes._loader_class.cache_clear()
    assert kept(own_cache) == []


def test_it_can_be_switched_off(
    many: Path, own_cache: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MRT_NO_CACHE", "1")
    load_provider(many)
    load_provider(many)
    assert kept(own_cache) == []
    assert len(parsed) == 16


def test_a_provider_without_models_needs_no_parser_either(vendor: Any, own_cache: Path) -> None:
    path = vendor([])
    expected = load_provider(path).model_dump()
    assert len(kept(own_cache)) == 1
    code = (
        "import json, sys; from mrt.schema import load_provider; "
        f"found = load_provider({str(path)!r}).model_dump(mode='json'); "
        "print(json.dumps([found, 'yaml' in sys.modules, 'mrt.schema.reading' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    found, *imported = json.loads(done.stdout)
    assert found == json.loads(json.dumps(expected, default=str))
    assert imported == [False, False]


def test_a_folder_that_cannot_be_made_is_harmless(many: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MRT_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert load_provider(many) == load_provider(many)


def test_what_others_may_write_to_is_not_read(many: Path, own_cache: Path, parsed: list[str]) -> None:
    load_provider(many)
    (file,) = kept(own_cache)
    file.chmod(0o666)
    parsed.clear()
    load_provider(many)
    assert len(parsed) == 8
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_belongs_to_others_is_not_read(
    many: Path, own_cache: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load_provider(many)
    before = [file.read_bytes() for file in kept(own_cache)]
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    parsed.clear()
    load_provider(many)
    assert len(parsed) == 8
    assert [file.read_bytes() for file in kept(own_cache)] == before


def test_drafts_do_not_stay(many: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(os, "replace", refuse)
    load_provider(many)
    assert kept(own_cache) == []


def test_many_readers_and_writers_at_once(many: Path, own_cache: Path) -> None:
    expected = load_provider(many)
    problems: list[object] = []
    start = threading.Barrier(16)

    def work(number: int) -> None:
        start.wait()
        for turn in range(8):
            if (number + turn) % 4 == 0:
                for file in kept(own_cache):
                    file.unlink(missing_ok=True)
            try:
                if load_provider(many) != expected:
                    problems.append("differs")
            except Exception as error:
                problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert not [file for file in kept(own_cache) if file.name.startswith(".draft")]


def test_files_just_written_are_not_kept(many: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "settled", lambda time_ns: False)
    load_provider(many)
    assert kept(own_cache) == []


def test_the_folder_does_not_grow_without_end(many: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_FILES", 8)
    (own_cache / "schema").mkdir(mode=0o700)
    for number in range(20):
        old = own_cache / "schema" / f"old{number:02d}"
        old.write_text("")
        os.utime(old, (number, number))
    load_provider(many)
    left = [file.name for file in kept(own_cache)]
    assert len(left) == 19
    assert "old00" not in left
    assert "old19" in left


def test_moving_a_vendor_moves_nothing_in_the_cache(many: Path, tmp_path: Path) -> None:
    load_provider(many)
    copy = tmp_path / "copy"
    copy.mkdir()
    many.rename(copy / "provider.yaml")
    (tmp_path / "models").rename(copy / "models")
    assert len(load_provider(copy).models) == 6


def test_relative_and_absolute_paths_give_the_same(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_provider(many)
    monkeypatch.chdir(many.parent)
    assert load_provider("provider.yaml") == expected
    assert load_provider(".") == expected
    monkeypatch.chdir(many.parents[1])
    assert load_provider(many) == expected


def test_a_model_is_made_when_it_is_looked_at(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_provider(many)
    provider = load_provider(many)
    made: list[str] = []
    real = reading.AIModelEntity.model_validate

    def note(data: Any, **options: Any) -> Any:
        made.append(data["model"])
        return real(data, **options)

    monkeypatch.setattr(reading.AIModelEntity, "model_validate", note)
    assert len(provider.models) == 6
    assert made == []
    found = provider.model_entity(ModelType.LLM, "m4")
    assert found is not None
    assert found is provider.models[4]
    assert made == ["m4"]
    assert provider.model_entity(ModelType.RERANK, "m4") is None
