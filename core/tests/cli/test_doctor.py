from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

from cli_run import Runner

SCHEMA = """
provider: {0}
label: {{en_US: {0}}}
supported_model_types: [llm]
configurate_methods: [customizable-model]
"""
GOOD = "from mrt import Provider\nplugin = Provider(__name__, models={'llm': 'mrt_lame.none:Class'})\n"
WRONG_HOOK = """
import mrt
class Plugin:
    @mrt.hookimpl
    def invoke(self, nothing_of_that_name): ...
    @mrt.hookimpl
    def validate_credentials(self): ...
plugin = Plugin()
"""


def test_a_sound_installation(bare: Runner) -> None:
    done = bare("doctor")
    assert (done.code, done.err) == (0, "")
    assert f"Python {platform.python_version()} (" in " ".join(done.out.split())
    assert "plugin API 1 (speaks 1)" in " ".join(done.out.split())
    for name in ("click", "httpx", "pluggy", "pydantic", "pyyaml"):
        assert f"\n{name} " in done.out
    assert "ok acme mrt-acme 1.2.3" in " ".join(done.out.split())
    assert max(len(line) for line in done.out.splitlines() if "Python" not in line) <= 80


def test_every_broken_plugin_is_named_with_its_reason(bare: Runner, more_plugins: Callable[..., Path]) -> None:
    more_plugins("burnt", "import nothing_of_that_name", schema=SCHEMA.format("burnt"))
    more_plugins("gone", "raise SystemExit('I do not like it here')", schema=SCHEMA.format("gone"))
    more_plugins("crooked", WRONG_HOOK, schema=SCHEMA.format("crooked"))
    more_plugins("garbled", GOOD, schema="provider: [\n")
    more_plugins("lame", GOOD, schema=SCHEMA.format("lame"))
    more_plugins("tomorrow", GOOD.replace("models=", "mrt_api=99, models="), schema=SCHEMA.format("tomorrow"))
    more_plugins("twice", GOOD, schema=SCHEMA.format("twice"), distribution="mrt-twice-a")
    more_plugins("twice", None, distribution="mrt-twice-b")
    done = bare("doctor")
    assert done.code == 1
    rows = done.out.split("STATUS")[1].split("\n\n")[0].splitlines()[1:]
    listed = {row.split()[1]: row.split()[0] for row in rows}
    broken = {"burnt", "gone", "crooked", "garbled", "lame", "tomorrow", "twice"}
    assert listed == {"acme": "ok", "bolt": "ok", **dict.fromkeys(broken, "failed"), **disabled(listed)}
    for head, reason in (
        ("burnt (mrt-burnt 9.9), phase import", "ModuleNotFoundError"),
        ("gone (mrt-gone 9.9), phase import", "I do not like it here"),
        ("crooked (mrt-crooked 9.9), phase register", "nothing_of_that_name"),
        ("garbled (mrt-garbled 9.9), phase schema", "provider.yaml"),
        ("lame (mrt-lame 9.9), phase models", "mrt_lame.none"),
        ("tomorrow (mrt-tomorrow 9.9), phase api", "upgrade mrt-core"),
        ("twice (mrt-twice-a 9.9), phase discover", "mrt-twice-b"),
    ):
        section = next(part for part in done.out.split("\n\n") if part.startswith(head))
        assert reason in " ".join(section.split())
        assert "What to do: " in section
    assert "Traceback" not in done.out + done.err
    report = bare("doctor", "--json")
    assert report.code == 1
    assert {failure["provider"] for failure in report.json["failures"]} == broken
    assert {failure["phase"] for failure in report.json["failures"]} == {
        "import", "register", "schema", "models", "api", "discover",
    }  # fmt: skip


def disabled(listed: dict[str, str]) -> dict[str, str]:
    return {name: status for name, status in listed.items() if status == "disabled"}


def test_disabled_plugins_are_shown_and_not_imported(bare: Runner, more_plugins: Callable[..., Path]) -> None:
    more_plugins("burnt", "import nothing_of_that_name", schema=SCHEMA.format("burnt"))
    done = bare("doctor", env={"MRT_DISABLED_PLUGINS": f"{bare.env['MRT_DISABLED_PLUGINS']},burnt"})
    assert done.code == 0
    assert "disabled  burnt" in done.out
