from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_run import Runner
from cli_server import KEY, Vendor

CHAT = ("chat", "acme/zeta-small", "Hi")
STUB = Path(__file__).parents[1] / "credentials" / "stub"


def stored(mrt: Runner) -> Path:
    return Path(mrt.env["MRT_CONFIG_DIR"]) / "credentials.json"


def test_missing_fields_are_all_named_with_their_variables(bare: Runner) -> None:
    done = bare(*CHAT)
    assert (done.code, done.out) == (3, "")
    assert "server_url  Server URL  MRT_ACME_SERVER_URL" in done.err
    assert "api_key     API key     MRT_ACME_API_KEY" in done.err
    assert "mrt credentials set acme" in done.err
    error = bare(*CHAT, "--json").error
    assert error["type"] == "CredentialsValidateFailedError"
    assert set(error["problems"]) == {"server_url", "api_key"}
    assert "密钥" in bare(*CHAT, "--lang", "zh_Hans").err


def test_only_what_is_missing_is_named(bare: Runner) -> None:
    done = bare(*CHAT, env={"MRT_ACME_SERVER_URL": "http://127.0.0.1:1"})
    assert done.code == 3
    assert "MRT_ACME_API_KEY" in done.err
    assert "MRT_ACME_SERVER_URL" not in done.err


def test_hidden_fields_are_not_missing(bare: Runner) -> None:
    done = bare("chat", "bolt/m", "x", "--no-stream", "-c", "uid=u", "-c", "login=none")
    assert done.code == 0
    done = bare("chat", "bolt/m", "x", "-c", "uid=u", "-c", "login=token")
    assert done.code == 3
    assert "MRT_BOLT_TOKEN" in done.err


def test_every_source(bare: Runner, vendor: Vendor) -> None:
    text = json.dumps({"server_url": vendor.url, "api_key": KEY})
    (bare.folder / "c.json").write_text(text)
    assert bare(*CHAT, "--credentials", "c.json").code == 0
    assert bare(*CHAT, "-c", f"server_url={vendor.url}", "--credential", f"api_key={KEY}").code == 0
    assert bare(*CHAT, "--credentials", text).code == 0
    assert bare(*CHAT, env={"MRT_ACME_SERVER_URL": vendor.url, "MRT_ACME_API_KEY": KEY}).code == 0
    assert bare(*CHAT).code == 3
    (bare.folder / ".env").write_text(f"MRT_ACME_SERVER_URL='{vendor.url}'\nexport MRT_ACME_API_KEY={KEY}\n")
    assert bare(*CHAT).code == 0
    (bare.folder / ".env").unlink()
    assert bare("credentials", "set", "acme", "--credentials", "c.json").code == 0
    assert bare(*CHAT).code == 0


def test_the_nearer_source_wins(mrt: Runner) -> None:
    assert mrt(*CHAT).code == 0
    assert mrt(*CHAT, "-c", "api_key=sk-test-wrong").code == 3
    (mrt.folder / ".env").write_text("MRT_ACME_API_KEY=sk-test-wrong\n")
    assert mrt(*CHAT).code == 0
    (mrt.folder / "c.yaml").write_text("api_key: sk-test-wrong\n")
    assert mrt(*CHAT, "--credentials", "c.yaml").code == 3


def test_a_secret_among_the_arguments_is_warned_about(mrt: Runner, vendor: Vendor) -> None:
    done = mrt(*CHAT, "-c", f"api_key={KEY}")
    assert done.code == 0
    assert done.err.startswith("warning: api_key stands on the command line")
    assert "MRT_ACME_API_KEY" in done.err
    assert KEY not in done.err
    assert mrt(*CHAT, "-c", f"server_url={vendor.url}").err == ""


def test_profiles(bare: Runner, vendor: Vendor) -> None:
    (bare.folder / "c.json").write_text(json.dumps({"server_url": vendor.url, "api_key": KEY}))
    done = bare("credentials", "set", "acme", "--profile", "work", "--credentials", "c.json", "--json")
    assert done.json["fields"] == ["api_key", "server_url"]
    assert done.json["file"] == str(stored(bare))
    assert stat.S_IMODE(stored(bare).stat().st_mode) == 0o600
    assert bare(*CHAT).code == 3
    assert bare(*CHAT, "--profile", "work").out == "You said: Hi\n"
    done = bare(*CHAT, "--profile", "home")
    assert done.code == 3
    assert "mrt credentials set acme --profile home" in done.err
    done = bare("credentials", "list")
    assert done.out.splitlines() == ["PROFILE  PROVIDER  FIELDS", "work     acme      server_url, api_key"]
    assert bare("credentials", "list", "--json").json == [
        {"profile": "work", "provider": "acme", "fields": ["server_url", "api_key"], "keyring_fields": []}
    ]
    assert bare("credentials", "remove", "acme").code == 2
    assert bare("credentials", "remove", "acme", "--profile", "work").code == 0
    assert bare("credentials", "list").out == ""


def test_a_field_may_be_stored_alone_and_added_to(bare: Runner, vendor: Vendor) -> None:
    assert bare("credentials", "set", "acme", "-c", f"server_url={vendor.url}").code == 0
    assert bare("credentials", "set", "acme", "-c", f"api_key={KEY}").code == 0
    assert bare(*CHAT).code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("acme", "-c", "nope=sk-test-canary"), "acme has no field nope; it has: server_url, api_key"),
        (("acme",), "nothing was given"),
        (("bolt", "-c", "login=sometimes"), "Login is one of: none, token"),
        (("acme", "--credentials", "gone.json"), "gone.json cannot be read"),
    ],
    ids=str,
)
def test_what_cannot_be_stored(bare: Runner, words: tuple[str, ...], told: str) -> None:
    done = bare("credentials", "set", *words)
    assert (done.code, done.out) == (3, "")
    assert told in done.err
    assert "canary" not in done.err
    assert not stored(bare).exists()


def test_a_file_that_others_can_read_is_refused(bare: Runner) -> None:
    bare("credentials", "set", "acme", "-c", f"api_key={KEY}")
    stored(bare).chmod(0o644)
    for words in (CHAT, ("credentials", "list"), ("credentials", "set", "acme", "-c", "server_url=x")):
        done = bare(*words)
        assert done.code == 3
        assert f"run: chmod 600 '{stored(bare)}'" in done.err
        assert KEY not in done.out + done.err


def test_a_keyring_that_is_not_installed(bare: Runner, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['keyring'] = None\n")
    bare.env["PYTHONPATH"] += f":{tmp_path}"
    done = bare("credentials", "set", "acme", "-c", f"api_key={KEY}", "--keyring")
    assert done.code == 3
    assert "pip install 'mrt-core[keyring]'" in done.err
    assert not stored(bare).exists()


def test_secrets_in_a_keyring(bare: Runner, vendor: Vendor, tmp_path: Path) -> None:
    keyring = tmp_path / "keyring.json"
    keyring.write_text("{}")
    bare.env |= {"TEST_KEYRING": str(keyring), "PYTHONPATH": f"{bare.env['PYTHONPATH']}:{STUB}"}
    (bare.folder / "c.json").write_text(json.dumps({"server_url": vendor.url, "api_key": KEY}))
    assert bare("credentials", "set", "acme", "--credentials", "c.json", "--keyring").code == 0
    assert KEY in keyring.read_text()
    assert KEY not in stored(bare).read_text()
    assert bare("credentials", "list").out.splitlines()[1] == "default  acme      server_url, api_key (keyring)"
    assert bare(*CHAT).out == "You said: Hi\n"
    assert bare("credentials", "remove", "acme").code == 0
    assert keyring.read_text() == "{}"
    assert bare(*CHAT).code == 3
    keyring.with_name("keyring.json.absent").touch()
    done = bare("credentials", "set", "acme", "--credentials", "c.json", "--keyring", "--debug")
    assert done.code == 3
    assert "there is no keyring on this machine" in done.err
    assert KEY not in done.err


def test_malformed_credentials_are_explained(mrt: Runner) -> None:
    done = mrt("chat", "bolt/m", "x", "-c", "uid=u", "-c", "login=sometimes")
    assert done.code == 3
    assert "Login" in done.err


BOTH = """
provider: both
label: {en_US: Both}
supported_model_types: [llm]
configurate_methods: [predefined-model, customizable-model]
provider_credential_schema:
  credential_form_schemas:
    - {variable: account, type: text-input, required: true, label: {en_US: Account}}
model_credential_schema:
  model: {label: {en_US: Model}}
  credential_form_schemas:
    - {variable: url, type: text-input, required: true, label: {en_US: URL}}
    - {variable: uid, type: text-input, required: true, label: {en_US: UID}}
models:
  llm: {predefined: [known.yaml]}
"""
ECHO = """
from mrt import AssistantPromptMessage, LargeLanguageModel, LLMResult, Provider
class Echo(LargeLanguageModel):
    def _invoke(self, model, credentials, *arguments, **rest):
        return LLMResult(model, AssistantPromptMessage(", ".join(sorted(credentials))))
plugin = Provider(__name__, models={"llm": Echo})
"""


def test_a_predefined_model_takes_the_providers_credentials_and_another_one_its_own(
    bare: Runner, more_plugins: Callable[..., Path]
) -> None:
    folder = more_plugins("both", ECHO, schema=BOTH)
    (folder / "known.yaml").write_text("model: known\nmodel_type: llm\nlabel: {en_US: Known}\n")
    done = bare("chat", "both/known", "x")
    assert done.code == 3
    assert "MRT_BOTH_ACCOUNT" in done.err
    assert "MRT_BOTH_URL" not in done.err
    done = bare("chat", "both/other", "x", env={"MRT_BOTH_ACCOUNT": "a"})
    assert done.code == 3
    assert "MRT_BOTH_URL" in done.err
    assert "MRT_BOTH_UID" in done.err
    known = bare("chat", "both/known", "x", "--no-stream", env={"MRT_BOTH_ACCOUNT": "a"})
    assert known.out == "account\n"
    own = {"MRT_BOTH_URL": "u", "MRT_BOTH_UID": "i"}
    for model in ("known", "other"):
        assert bare("chat", f"both/{model}", "x", "--no-stream", env=own).out == "uid, url\n"
