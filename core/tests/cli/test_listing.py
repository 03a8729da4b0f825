from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_run import Runner

LONG = "alpha/large-with-a-name-that-is-longer-than-its-column"


def test_providers(bare: Runner) -> None:
    done = bare("providers")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
acme  Acme AI
    models     llm, text-embedding, rerank, speech2text, tts, moderation
    configure  predefined-model
    installed  mrt-acme 1.2.3

bolt  Bolt
    models     llm, rerank
    configure  customizable-model
    installed  mrt-bolt 0.4
"""
    )
    assert bare("providers").out == done.out, "also from the kept list"


def test_providers_in_another_language_and_as_json(bare: Runner) -> None:
    assert bare("providers", "--lang", "zh-Hans").out.startswith("acme  艾克米\n")
    assert bare("providers", "--json").json[1] == {
        "provider": "bolt",
        "label": "Bolt",
        "model_types": ["llm", "rerank"],
        "configurate_methods": ["customizable-model"],
        "distribution": "mrt-bolt",
        "version": "0.4",
    }


def test_broken_plugins_do_not_stop_the_list(bare: Runner, more_plugins: Callable[..., Path]) -> None:
    more_plugins("burnt", "raise SystemExit(7)")
    done = bare("providers")
    assert done.code == 0
    assert "acme  Acme AI" in done.out
    assert done.err == "1 problem (burnt): run `mrt doctor`\n"


def test_models_come_in_position_order_with_prices_and_features(bare: Runner) -> None:
    done = bare("models", "acme")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "llm"
    assert lines[1].split() == ["MODEL", "CONTEXT", "PRICE", "PER", "MILLION", "FEATURES"]
    assert lines[2].startswith("  zeta-small  8192     3 / 15 / 0.3 USD   tool-call, vision,")
    place = lines.index(f"  {LONG}")
    assert lines[place + 1].split() == ["200000", "2", "/", "6", "RMB", "-"]
    assert [line for line in lines if line and not line.startswith(" ")] == [
        "llm", "text-embedding", "rerank", "speech2text", "tts", "moderation",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 80


def test_models_of_one_type_and_as_json(bare: Runner) -> None:
    assert "llm" not in bare("models", "acme", "--type", "text_embedding").out
    found = bare("models", "acme", "--json").json
    assert [model["model"] for model in found][:2] == ["zeta-small", LONG]
    assert found[0]["pricing"]["cache_read"] == "0.30"
    assert found[0]["model_type"] == "llm"


def test_models_of_a_server_need_its_credentials(bare: Runner) -> None:
    done = bare("models", "bolt")
    assert (done.code, done.out) == (0, "")
    assert done.err == "bolt lists no models; --live asks the vendor\n"
    done = bare("models", "bolt", "--live")
    assert done.code == 3
    assert "MRT_BOLT_UID" in done.err
    done = bare("models", "bolt", "--live", "-c", "login=none")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == ["llm", "MODEL", "one", "two"]


def test_the_form_of_a_provider(bare: Runner) -> None:
    done = bare("schema", "acme")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
acme  Acme AI
Models of a made-up vendor.
  models  llm, text-embedding, rerank, speech2text, tts, moderation
  Get a key: https://example.com/keys

Credentials of the provider
  server_url  Server URL (required)
      for example http://127.0.0.1:8000
      in the environment: MRT_ACME_SERVER_URL
  api_key  API key (required, secret)
      The long text that the vendor's page shows once.
      in the environment: MRT_ACME_API_KEY
"""
    )
    assert "api_key  密钥 (required, secret)" in bare("schema", "acme", "--lang", "zh_Hans").out


def test_the_form_of_models(bare: Runner) -> None:
    assert (
        bare("schema", "bolt").out
        == """\
bolt  Bolt
  models  llm, rerank

Credentials of a model
  uid  Model UID (required)
      in the environment: MRT_BOLT_UID
  login  Login (required)
      none   No login
      token  With a token
      in the environment: MRT_BOLT_LOGIN
  token  Token (required, secret)
      only when login is token
      in the environment: MRT_BOLT_TOKEN
  region  Region (optional)
      in the environment: MRT_BOLT_REGION
"""
    )


@pytest.mark.parametrize("words", [("acme/zeta-small",), ("acme", "--model-type", "llm", "--model", "zeta-small")])
def test_a_predefined_model_needs_no_credentials(bare: Runner, words: tuple[str, ...]) -> None:
    done = bare("schema", *words)
    assert (done.code, done.err) == (0, "")
    assert "zeta-small  Zeta Small\n  type" in done.out
    assert "3 / 15 / 0.3 USD" in done.out
    assert "\n  temperature  float    0 to 1" in done.out
    assert "1, plain" in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_a_customizable_model_is_asked_for_with_credentials(bare: Runner) -> None:
    done = bare("schema", "bolt/one", "--type", "llm")
    assert done.code == 3
    done = bare("schema", "bolt/one", "--type", "llm", "-c", "uid=u", "-c", "login=none")
    assert (done.code, done.err) == (0, "")
    assert "top_k" in done.out
    assert "1024" in done.out


def test_formats(bare: Runner) -> None:
    as_json = bare("schema", "acme", "--json").json
    assert as_json["provider"] == "acme"
    assert bare("schema", "acme", "--format", "json").json == as_json
    done = bare("schema", "acme", "--format", "yaml")
    assert yaml.safe_load(done.out) == as_json
    assert "艾克米" in done.out
    model = bare("schema", "acme/zeta-small", "--format", "json").json
    assert model["model"] == "zeta-small"
    assert yaml.safe_load(bare("schema", "acme/zeta-small", "--format", "yaml").out) == model


def properties(schema: Any) -> set[str]:
    return set(schema["properties"])


def test_json_schemas(bare: Runner) -> None:
    form = bare("schema", "acme", "--format", "json-schema").json
    assert properties(form) >= {"server_url", "api_key"}
    assert set(form["required"]) >= {"server_url", "api_key"}
    assert properties(bare("schema", "bolt", "--format", "json-schema").json) >= {"uid", "login", "region"}
    parameters = bare("schema", "acme/zeta-small", "--format", "json-schema").json
    assert properties(parameters) == {"temperature", "max_tokens", "style", "echo"}
    chinese = bare("schema", "acme", "--format", "json-schema", "--lang", "zh_Hans").json
    assert chinese["properties"]["api_key"]["title"] == "密钥"


def test_output_to_a_place_that_cannot_carry_it(bare: Runner) -> None:
    env = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    done = bare("providers", "--lang", "zh_Hans", env=env)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("acme  ???\n")
