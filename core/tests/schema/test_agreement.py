"""The lint and the loader agree on every file: errors of the one are refusals of the other."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from mrt.errors import SchemaError
from mrt.schema import lint, load_model, load_provider

TEXTS = {"en_US": "A", "zh_Hans": "B"}
MODEL: dict[str, Any] = {
    "model": "a",
    "label": TEXTS,
    "model_type": "tts",
    "features": ["vision", "document"],
    "fetch_from": "predefined-model",
    "model_properties": {
        "mode": "chat",
        "context_size": 8,
        "default_voice": "v",
        "voices": [{"mode": "v", "name": "V", "language": ["en"]}],
        "audio_type": "mp3",
    },
    "parameter_rules": [
        {"name": "t", "use_template": "temperature", "label": TEXTS, "help": TEXTS, "min": 0, "max": 1, "default": 0.5},
        {"name": "s", "type": "string", "options": ["x", "y"], "default": "x", "required": False},
        {"name": "i", "type": "int", "precision": 0, "default": 3},
        {"name": "b", "type": "boolean", "default": True},
    ],
    "pricing": {
        "input": "1",
        "output": "2",
        "unit": "0.1",
        "currency": "USD",
        "cache_read": "0.1",
        "tiers": [{"input": "1", "output": "2", "max_tokens": 5}],
        "tiered_pricing": [{"input": "1", "output": "2", "max_tokens": 5}],
    },
    "deprecated": False,
}
FIELD = {
    "variable": "v",
    "label": TEXTS,
    "type": "select",
    "required": True,
    "default": "o",
    "options": [{"value": "o", "label": TEXTS, "show_on": [{"variable": "w", "value": "x"}]}],
    "placeholder": TEXTS,
    "max_length": 5,
    "show_on": [{"variable": "w", "value": "x"}],
    "help": {"text": TEXTS},
}
PROVIDER: dict[str, Any] = {
    "provider": "acme",
    "label": TEXTS,
    "description": TEXTS,
    "icon_small": {"en_US": "a.svg"},
    "background": "#fff",
    "help": {"title": TEXTS, "url": {"en_US": "https://example.com"}},
    "supported_model_types": ["llm", "tts"],
    "configurate_methods": ["predefined-model", "customizable-model"],
    "provider_credential_schema": {"credential_form_schemas": [FIELD]},
    "model_credential_schema": {
        "model": {"label": TEXTS, "placeholder": TEXTS},
        "credential_form_schemas": [FIELD, {"variable": "w", "type": "switch"}],
    },
    "models": {"llm": {"predefined": ["models/*.yaml"], "position": "models/_position.yaml"}},
    "position": {"llm": ["a"]},
    "extra": {"python": {}},
}
ODD: list[Any] = [
    None, "", " ", "x", "5", "0.5", "-1", "true", "no", "1e6", "nan", "\t", 0, 1, -1, 5, 10**30, 0.5, -0.5, 1e300,
    float("inf"), float("nan"), True, False, [], {}, [None], [""], ["x"], [5], [[]], [{}], {"a": 1}, {"en_US": None},
    {"en_US": "x"}, {"en_US": 5}, {"en_US": []}, {"zh_Hans": "x"}, {"text": "x"}, {"text": []},
    {"title": {"en_US": []}}, {"x": {"y": "z"}},
    {"value": 5}, [{"value": None}], {"predefined": "x"}, {"predefined": [5]}, {"llm": None},
    {"name": "n", "type": "int"}, "temperature",
]  # fmt: skip
GONE = object()


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(*path, key) for key, _ in inner] + [place for key, item in inner for place in places(item, (*path, key))]


def changed(data: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(data)
    target: Any = data
    for key in path[:-1]:
        target = target[key]
    if value is GONE:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return data


def disagreement(load: Any, path: Path) -> str | None:
    findings = lint(path)
    has_errors = any(finding.severity == "error" for finding in findings)
    try:
        load(path)
    except SchemaError as error:
        if not has_errors:
            return f"only the loader refuses: {error}"
        if any(finding.code == "invalid" for finding in error.findings):
            return f"no rule knows this: {error}"
        return None if error.findings == findings else "different findings"
    return f"only the lint refuses: {findings}" if has_errors else None


def write(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = data if isinstance(data, str) else yaml.safe_dump(data, allow_unicode=True, sort_keys=False)
    path.write_text(text, "utf-8")
    return path


values = pytest.mark.parametrize("value", [GONE, *ODD], ids=lambda value: "gone" if value is GONE else repr(value))


@values
def test_every_part_of_a_model(tmp_path: Path, value: Any) -> None:
    for place in places(MODEL):
        path = write(tmp_path, "m.yaml", changed(MODEL, place, value))
        assert disagreement(load_model, path) is None, place


@values
def test_every_part_of_a_provider(tmp_path: Path, value: Any) -> None:
    write(tmp_path, "models/a.yaml", {"model": "a", "model_type": "llm"})
    write(tmp_path, "models/_position.yaml", ["a"])
    for place in places(PROVIDER):
        path = write(tmp_path, "acme.yaml", changed(PROVIDER, place, value))
        assert disagreement(load_provider, path) is None, place


@values
def test_position_files(tmp_path: Path, value: Any) -> None:
    write(tmp_path, "models/a.yaml", {"model": "a", "model_type": "llm"})
    path = write(tmp_path, "acme.yaml", PROVIDER)
    for content in [] if value is GONE else [value, [value], ["a", value]]:
        write(tmp_path, "models/_position.yaml", content)
        assert disagreement(load_provider, path) is None, content


def test_a_mistake_that_no_rule_knows_is_still_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mrt.schema.linter.check_model", lambda doc: None)
    path = write(tmp_path, "m.yaml", changed(MODEL, ("parameter_rules", 1, "type"), "odd"))
    with pytest.raises(SchemaError) as caught:
        load_model(path)
    (finding,) = caught.value.findings
    assert (finding.code, finding.key_path, finding.line) == ("invalid", "parameter_rules[1].type", 29)
    assert "boolean" in finding.message


def test_the_data_is_sound(tmp_path: Path) -> None:
    assert not [finding for finding in lint(write(tmp_path, "m.yaml", MODEL)) if finding.severity == "error"]
    assert not [finding for finding in lint(write(tmp_path, "p.yaml", PROVIDER)) if finding.severity == "error"]
