"""Every check of a description passes what `new` writes, and fails a description with one mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from wrong_schema import CREDENTIALS, PROVIDER, WRONG, Wrong, plugin

import mrt
from mrt import AIModelEntity, ModelType, ProviderEntity
from mrt_testing_kit import Report, run
from mrt_testing_kit.cli import main
from mrt_testing_kit.references import openai_http
from mrt_testing_kit.references.openai_http.llm import ReferenceLLM
from mrt_testing_kit.references.openai_http.schema import entity

SPEAKS = Wrong("", PROVIDER, "  - llm\n", "  - llm\n  - tts\n")
SPOKEN = Wrong("", PROVIDER, "models:\n", "models:\n  tts:\n    predefined:\n      - models/tts/*.yaml\n")
VOICE = """model: voice
model_type: tts
model_properties:
  default_voice: %s
  audio_type: %s
  voices:
    - {mode: ann, name: Ann, language: [en-US]}
    - {mode: %s, name: Bob, language: [en-US]}
"""


def test_a_right_description_passes(tmp_path: Path) -> None:
    report = run(plugin(tmp_path), "openai", CREDENTIALS, "SCH")
    odd = {found.id: found.status for found in report if found.group == "SCH" and found.status != "pass"}
    assert odd == {"SCH-18": "not-applicable", "SCH-21": "not-applicable"}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_description_fails(name: str, tmp_path: Path) -> None:
    wrong = WRONG[name]
    made = plugin(tmp_path, wrong)
    report = run(made, "openai", CREDENTIALS, wrong.check)
    assert report.status(wrong.check) == "fail", report[wrong.check].reason


@pytest.mark.parametrize(
    ("default", "audio", "other", "status"),
    [
        ("ann", "mp3", "bob", "pass"),
        ("eve", "mp3", "bob", "fail"),
        ("ann", "mp3", "ann", "fail"),
        ("ann", "noise", "bob", "fail"),
    ],
)
def test_voices_are_looked_at(default: str, audio: str, other: str, status: str, tmp_path: Path) -> None:
    described = Wrong("", "models/tts/voice.yaml", "", VOICE % (default, audio, other))
    report = run(plugin(tmp_path, SPEAKS, SPOKEN, described), "openai", CREDENTIALS, "SCH-18")
    assert report.status("SCH-18") == status, report["SCH-18"].reason


class Odd:
    """A provider without files, whose schema holds what is no plain value."""

    @mrt.hookimpl
    def provide_schema(self) -> ProviderEntity:
        entity = ProviderEntity.model_validate(
            {"provider": "odd", "supported_model_types": ["llm"], "configurate_methods": ["customizable-model"]}
        )
        return entity.model_copy(update={"background": object()})

    @mrt.hookimpl
    def validate_credentials(self, model_type: Any, model: Any, credentials: Any) -> None:
        return None

    @mrt.hookimpl
    def invoke(self, invocation: Any) -> Any:
        return None

    @mrt.hookimpl
    def error_mapping(self, model_type: Any) -> dict[Any, Any]:
        return {}


def test_a_schema_that_cannot_be_written_fails() -> None:
    assert run(Odd(), "openai", {}, "SCH-22").status("SCH-22") == "fail"


@pytest.mark.parametrize(
    ("value", "status"), [({"mp3"}, "fail"), (float("inf"), "fail"), (("mp3",), "pass"), (["mp3"], "pass")]
)
def test_a_schema_fails_that_is_another_one_when_it_is_read_again(
    value: Any, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def schema(self: Any, model: str, credentials: Any) -> AIModelEntity:
        return entity(model, ModelType.LLM, {"supported_file_extensions": value})

    monkeypatch.setattr(ReferenceLLM, "get_customizable_model_schema", schema)
    reference = f"{openai_http.__name__}:plugin"
    assert run(reference, "openai", CREDENTIALS, "SCH-22").status("SCH-22") == status


def test_the_command_fails_too_when_core_refuses_the_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = plugin(tmp_path, WRONG["a file that is no YAML"])
    words = ["check", f"{type(made).__module__}:plugin", "--dialect", "openai", "--report", str(tmp_path / "r.json")]
    assert main(words) == 1
    assert "chat.yaml:" in capsys.readouterr().out
    assert Report.from_json((tmp_path / "r.json").read_text("utf-8")).status("SCH-01") == "fail"
