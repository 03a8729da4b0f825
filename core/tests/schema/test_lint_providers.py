from __future__ import annotations

from typing import Any

import pytest

from mrt.schema import lint

SVG = b'<?xml version="1.0"?>\n<!-- drawn -->\n<svg xmlns="http://www.w3.org/2000/svg"/>'
FIELD = "        - variable: api_key\n"
MODEL_FORM = "model_credential_schema:\n  credential_form_schemas:\n"
FORM = "provider_credential_schema.credential_form_schemas"


@pytest.fixture
def found(vendor: Any, provider_text: Any) -> Any:
    """Lint a provider in which one part is replaced."""

    def check(old: str = "", new: str = "") -> list[str]:
        path = vendor(provider=provider_text(old, new), position="- acme-1\n")
        return [f"{item.severity} {item.code} {item.key_path.replace(FORM, 'FORM')}" for item in lint(path)]

    return check


END = "models:\n"
TYPE = "      type: secret-input\n"


def test_a_sound_provider(found: Any) -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("label:\n  en_US: Acme\n", "", "warning missing-label label"),
        ("provider: acme\n", "provider: ac me\n", "warning provider-name provider"),
        (END, "help:\n  title:\n    en_US: A\n  url:\n    en_US: a.com\nmodels:\n", "warning link help.url.en_US"),
        (END, "help:\n  url: javascript:alert(1)\nmodels:\n", "warning link help.url"),
        (END, "icon_small:\n  en_US: no.svg\nmodels:\n", "warning missing-icon icon_small.en_US"),
        (
            END,
            "icon_large_dark:\n  zh_Hans: no.svg\n  en_US: no.svg\nmodels:\n",
            "warning missing-icon icon_large_dark.en_US",
        ),
        ("  - llm\n", "  - llm\n  - llm\n", "warning duplicate-word supported_model_types[1]"),
        ("  - llm\n", "  - rerank\n", "warning unlisted-type supported_model_types"),
        ("  - predefined-model\n", "  - customizable-model\n", "warning unused-models models"),
        (END, MODEL_FORM + END, "warning unused-form model_credential_schema"),
        (
            END,
            MODEL_FORM.replace("schemas:", "schemas: []") + END,
            "info empty-form model_credential_schema.credential_form_schemas",
        ),
        (
            "    predefined:\n",
            "    predefined:\n      - models/none/*.yaml\n",
            "info empty-glob models.llm.predefined[0]",
        ),
        ("  llm:\n    position", "  llms: {}\n  llm:\n    position", "warning unknown-model-type models.llms"),
        ("  llm:\n    position", "  text2img: {}\n  llm:\n    position", "warning ignored-word models.text2img"),
    ],
)
def test_providers(found: Any, old: str, new: str, expected: str) -> None:
    findings = found(old, new)
    assert expected in findings
    assert len([finding for finding in findings if not finding.startswith("info")]) <= 2


def test_methods_and_forms(write: Any, provider_text: Any) -> None:
    text = provider_text().split("provider_credential_schema")[0]
    assert [item.code for item in lint(write("p/provider.yaml", text))] == ["no-models"]
    text = text.replace("predefined", "customizable")
    assert [item.code for item in lint(write("p/provider.yaml", text))] == ["missing-form"]


def test_names_are_compared_with_folder_and_file(write: Any, provider_text: Any) -> None:
    text = provider_text().split("models:\n")[0].replace("predefined", "customizable")
    assert [item.code for item in lint(write("acme/provider/x.yaml", text))] == ["other-name"]
    write("acme/manifest.yaml", "")
    assert lint(write("acme/provider/x.yaml", text)) == []
    assert lint(write("other/acme.yaml", text)) == []
    assert lint(write("other/provider.yaml", text)) == []
    assert [(item.code, item.severity) for item in lint(write("other/x.yaml", text))] == [("other-name", "info")]


@pytest.mark.parametrize(
    ("content", "name", "codes"),
    [
        (SVG, "a.svg", []),
        (b"\x89PNG\r\n\x1a\n....", "a.png", []),
        (b"\xff\xd8\xff\xe0..", "a.jpg", []),
        (b"RIFF....WEBP", "a.webp", []),
        (b"<html>not found</html>", "a.svg", ["not-an-image"]),
        (b"", "a.png", ["not-an-image"]),
    ],
)
@pytest.mark.parametrize("place", ["_assets/", ""])
def test_icons(write: Any, found: Any, content: bytes, name: str, codes: list[str], place: str) -> None:
    write(place + name, content)
    assert [text.split()[1] for text in found(END, f"icon_small:\n  en_US: {name}\nmodels:\n")] == codes


def test_icons_outside_of_the_folder_are_not_there(found: Any, tmp_path: Any) -> None:
    outside = tmp_path.parent / "outside.svg"
    outside.write_bytes(SVG)
    codes = [text.split()[1] for text in found(END, "icon_small:\n  en_US: ../../outside.svg\nmodels:\n")]
    assert codes == ["missing-icon"]


SELECT = (
    "      type: select\n      options:\n        - {value: a, label: {en_US: A}}\n"
    "        - {value: b, label: {en_US: B}}\n"
)
SECOND = "    - {variable: other, type: text-input, required: false, label: {en_US: Other}SHOW}\n"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (TYPE, "      type: text-input\n", "warning secret-as-text FORM[0].type"),
        ("variable: api_key", "variable: server_url", "warning address-as-secret FORM[0].type"),
        (TYPE, TYPE + "      default: sk-test-1\n", "warning secret-default FORM[0].default"),
        (TYPE, TYPE + "      options: [{value: a, label: A}]\n", "warning unused-options FORM[0].options"),
        (TYPE, "      type: select\n", "warning no-options FORM[0]"),
        (TYPE, "      type: radio\n      options: []\n", "warning no-options FORM[0]"),
        (TYPE, SELECT.replace("value: b", "value: a"), "warning duplicate-option FORM[0].options[1].value"),
        (TYPE, SELECT.replace(", label: {en_US: B}", ""), "warning missing-label FORM[0].options[1].label"),
        (TYPE, SELECT + "      default: c\n", "warning default-not-in-options FORM[0].default"),
        (TYPE, "      type: switch\n      default: maybe\n", "warning default-not-in-options FORM[0].default"),
        (TYPE, TYPE + "      max_length: -1\n", "warning limit FORM[0].max_length"),
        (TYPE, TYPE + "      max_length: 2\n      default: abc\n", "warning default-too-long FORM[0].default"),
        (TYPE, TYPE + "      max_length: '2'\n", "warning number-as-text FORM[0].max_length"),
        (
            TYPE,
            TYPE + "      show_on: [{variable: nobody, value: x}]\n",
            "warning condition FORM[0].show_on[0].variable",
        ),
        (
            TYPE,
            TYPE + "      show_on: [{variable: __model_type, value: lmm}]\n",
            "warning condition FORM[0].show_on[0].value",
        ),
        (
            TYPE,
            TYPE + "      show_on: [{variable: api_key, value: 1}]\n",
            "warning yaml-number FORM[0].show_on[0].value",
        ),
        (
            END,
            SECOND.replace("other", "api_key", 1).replace("SHOW", "") + END,
            "warning duplicate-variable FORM[1].variable",
        ),
        ("        zh_Hans: 密钥\n", "        zh_Hans: 密钥\n      lable: x\n", "warning unknown-key FORM[0].lable"),
    ],
)
def test_forms(found: Any, old: str, new: str, expected: str) -> None:
    assert expected in found(old, new)


def test_a_condition_on_an_option_that_is_not_there(found: Any) -> None:
    field = SECOND.replace("SHOW", ", show_on: [{variable: api_key, value: c}]")
    text = f"      type: select\n{SELECT.partition(chr(10))[2]}      required: true\n"
    findings = found(TYPE + "      required: true\n      label:\n        en_US: API Key\n        zh_Hans: 密钥\n",
                     text + "      label: {en_US: Key}\n" + field)  # fmt: skip
    assert findings == ["warning condition FORM[1].show_on[0].value"]


@pytest.mark.parametrize("variable", ["api_key", "secret_access_key", "password", "auth_token", "client_secret"])
def test_names_of_secrets(found: Any, variable: str) -> None:
    findings = found("variable: api_key\n      type: secret-input", f"variable: {variable}\n      type: text-input")
    assert findings == ["warning secret-as-text FORM[0].type"]


@pytest.mark.parametrize("variable", ["max_tokens", "token_limit", "tokenizer", "keyboard", "api_key_id"])
def test_names_that_only_look_like_secrets(found: Any, variable: str) -> None:
    assert found("variable: api_key\n      type: secret-input", f"variable: {variable}\n      type: text-input") == []


def test_the_same_variable_under_conditions_that_exclude_each_other(found: Any) -> None:
    fields = "".join(
        f"    - {{variable: size, type: text-input, label: {{en_US: S}}, "
        f"show_on: [{{variable: __model_type, value: {kind}}}]}}\n"
        for kind in ("llm", "text_embedding", "rerank")
    )
    assert found(END, fields + END) == []
