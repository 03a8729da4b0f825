"""What does not load; and that an error of the lint and a refusal to load are the same thing."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from mrt.errors import SchemaError
from mrt.schema import Finding, lint, load_model, load_provider

RULE = "    use_template: temperature\n"
BROKEN_MODELS = [
    ("model: acme-1\n", "", "missing-key", "model"),
    ("model: acme-1\n", "model: ''\n", "missing-key", "model"),
    ("model: acme-1\n", "model: [a]\n", "wrong-kind", "model"),
    ("model_type: llm\n", "", "missing-key", "model_type"),
    ("model_type: llm\n", "model_type: large\n", "unknown-model-type", "model_type"),
    ("model_type: llm\n", "model_type: text2img\n", "unknown-model-type", "model_type"),
    ("label:\n  en_US: Acme One\n", "label: [Acme]\n", "wrong-kind", "label"),
    ("  en_US: Acme One\n", "  en_US: Acme One\n  zh_Hans: {a: b}\n", "wrong-kind", "label.zh_Hans"),
    ("  - tool-call\n  - stream-tool-call\n", "  tool-call: true\n", "wrong-kind", "features"),
    ("  - tool-call\n", "  - tool-call\n  - 3.5: x\n", "wrong-kind", "features[1]"),
    ("  mode: chat\n  context_size: 8192\n", "  - chat\n", "wrong-kind", "model_properties"),
    ("  - name: temperature\n", "  - name:\n", "missing-key", "parameter_rules[0].name"),
    (RULE, "", "missing-type", "parameter_rules[0]"),
    (RULE, "    use_template: heat\n", "missing-type", "parameter_rules[0]"),
    (RULE, "    type: number\n", "unknown-parameter-type", "parameter_rules[0].type"),
    (RULE, "    use_template: [a]\n    type: int\n", "wrong-kind", "parameter_rules[0].use_template"),
    (RULE, "    use_template: temperature\n    default: hot\n", "default-type", "parameter_rules[0].default"),
    (RULE, "    use_template: temperature\n    default: true\n", "default-type", "parameter_rules[0].default"),
    (RULE, "    use_template: temperature\n    default: .nan\n", "default-type", "parameter_rules[0].default"),
    (RULE, "    type: int\n    default: 0.5\n", "default-type", "parameter_rules[0].default"),
    (RULE, "    type: boolean\n    default: 1\n", "default-type", "parameter_rules[0].default"),
    (RULE, "    use_template: temperature\n    min: low\n", "wrong-kind", "parameter_rules[0].min"),
    (RULE, "    use_template: temperature\n    max: true\n", "wrong-kind", "parameter_rules[0].max"),
    (RULE, "    use_template: temperature\n    max: .nan\n", "wrong-kind", "parameter_rules[0].max"),
    (RULE, "    use_template: temperature\n    min: 2\n    max: 1\n", "min-above-max", "parameter_rules[0].min"),
    (RULE, "    use_template: temperature\n    min: '2'\n    max: 1\n", "min-above-max", "parameter_rules[0].min"),
    (RULE, "    use_template: temperature\n    precision: 1.5\n", "wrong-kind", "parameter_rules[0].precision"),
    (RULE, "    use_template: temperature\n    required: maybe\n", "wrong-kind", "parameter_rules[0].required"),
    (RULE, "    type: string\n    options: a\n", "wrong-kind", "parameter_rules[0].options"),
    ("name: temperature\n", "name: max_tokens\n", "duplicate-parameter", "parameter_rules[1].name"),
    ("parameter_rules:\n", "parameter_rules:\n  - temperature\n", "wrong-kind", "parameter_rules[0]"),
    ("input: '0.50'", "input: cheap", "wrong-kind", "pricing.input"),
    ("input: '0.50'", "input: 'NaN'", "wrong-kind", "pricing.input"),
    ("output: '1.50'", "output: '1,50'", "wrong-kind", "pricing.output"),
    ("  input: '0.50'\n", "", "missing-key", "pricing.input"),
    ("  unit: '0.000001'\n", "", "missing-key", "pricing.unit"),
    ("  currency: USD\n", "", "missing-key", "pricing.currency"),
    ("features:\n", "deprecated: perhaps\nfeatures:\n", "wrong-kind", "deprecated"),
    ("features:\n", "fetch_from: shop\nfeatures:\n", "unknown-origin", "fetch_from"),
    ("features:\n", "x: !!python/name:os.system\nfeatures:\n", "tag", "x"),
    ("features:\n", "x: [\nfeatures:\n", "syntax", ""),
]


@pytest.mark.parametrize(("old", "new", "code", "key_path"), BROKEN_MODELS)
def test_broken_models(write: Any, model: Any, old: str, new: str, code: str, key_path: str) -> None:
    path = write("m.yaml", model(old, new))
    with pytest.raises(SchemaError) as caught:
        load_model(path)
    errors = [finding for finding in caught.value.findings if finding.severity == "error"]
    assert [(finding.code, finding.key_path) for finding in errors] == [(code, key_path)]
    assert errors[0].line is not None
    assert str(errors[0]) in str(caught.value)
    assert lint(path) == caught.value.findings


BROKEN_PROVIDERS = [
    ("provider: acme\n", "", "missing-key", "provider"),
    ("provider: acme\n", "provider: a/b\n", "provider-name", "provider"),
    ("  - llm\n", "  - llms\n", "unknown-model-type", "supported_model_types[0]"),
    ("supported_model_types:\n  - llm\n", "", "missing-key", "supported_model_types"),
    ("supported_model_types:\n  - llm\n", "supported_model_types: []\n", "missing-key", "supported_model_types"),
    ("  - predefined-model\n", "  - predefined\n", "unknown-method", "configurate_methods[0]"),
    ("    - variable: api_key\n", "    - name: api_key\n", "missing-key", "FIELD.variable"),
    ("      type: secret-input\n", "", "missing-key", "FIELD.type"),
    ("      type: secret-input\n", "      type: password\n", "unknown-form-type", "FIELD.type"),
    ("      required: true\n", "      required: sometimes\n", "wrong-kind", "FIELD.required"),
    ("      required: true\n", "      max_length: long\n", "wrong-kind", "FIELD.max_length"),
    ("      required: true\n", "      show_on: [{variable: a}]\n", "missing-key", "FIELD.show_on[0].value"),
    ("      required: true\n", "      show_on: {variable: a}\n", "wrong-kind", "FIELD.show_on"),
    ("      required: true\n", "      options: [{label: {en_US: A}}]\n", "missing-key", "FIELD.options[0].value"),
    ("      required: true\n", "      default: [a]\n", "wrong-kind", "FIELD.default"),
    ("      - models/llm/*.yaml\n", "      - ../**/*.yaml\n", "outside", "models.llm.predefined[0]"),
    ("      - models/llm/*.yaml\n", "      - /etc/*.yaml\n", "outside", "models.llm.predefined[0]"),
    ("      - models/llm/*.yaml\n", "      - models/llm/../../x.yaml\n", "outside", "models.llm.predefined[0]"),
    ("position: models/llm/_position.yaml\n", "position: ../x.yaml\n", "outside", "models.llm.position"),
    ("label:\n  en_US: Acme\n", "label:\n  en_US: Acme\nhelp: {other: x}\n", "missing-key", "help"),
    ("label:\n  en_US: Acme\n", "label:\n  en_US: Acme\nhelp: here\n", "wrong-kind", "help"),
    ("label:\n  en_US: Acme\n", "label:\n  en_US: [Acme]\n", "wrong-kind", "label.en_US"),
]


@pytest.mark.parametrize(("old", "new", "code", "key_path"), BROKEN_PROVIDERS)
def test_broken_providers(vendor: Any, provider_text: Any, old: str, new: str, code: str, key_path: str) -> None:
    path = vendor(provider=provider_text(old, new), position="- acme-1\n")
    with pytest.raises(SchemaError) as caught:
        load_provider(path)
    errors = [finding for finding in caught.value.findings if finding.severity == "error"]
    expected = key_path.replace("FIELD", "provider_credential_schema.credential_form_schemas[0]")
    assert [(finding.code, finding.key_path) for finding in errors] == [(code, expected)]
    assert lint(path) == caught.value.findings


def test_all_findings_of_all_files_come_at_once(vendor: Any, model: Any, provider_text: Any) -> None:
    models = {"a": model("model_type: llm\n", "model_type: x\n"), "b": model() + "icon: y\n", "c": "a: [\n"}
    path = vendor(models, provider=provider_text("  - llm\n", "  - z\n"), position="a: 1\n")
    with pytest.raises(SchemaError) as caught:
        load_provider(path)
    found = {(Path(finding.file).name, finding.severity, finding.code) for finding in caught.value.findings}
    assert found >= {
        ("provider.yaml", "error", "unknown-model-type"),
        ("a.yaml", "error", "unknown-model-type"),
        ("b.yaml", "warning", "unknown-key"),
        ("c.yaml", "error", "syntax"),
        ("_position.yaml", "error", "wrong-kind"),
    }
    assert "4 errors" in str(caught.value)


def test_the_message_names_ten_errors_and_counts_the_rest(write: Any) -> None:
    rules = "".join(f"  - name: n{number}\n" for number in range(30))
    with pytest.raises(SchemaError) as caught:
        load_model(write("m.yaml", f"model: a\nmodel_type: llm\nparameter_rules:\n{rules}"))
    assert len(str(caught.value).splitlines()) == 12
    assert "and 20 more" in str(caught.value)
    assert len([finding for finding in caught.value.findings if finding.severity == "error"]) == 30


@pytest.mark.parametrize("load", [load_model, load_provider])
@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty-file"), (b"- a\n", "wrong-kind"), (b"text\n", "wrong-kind"), (b"a: \xff\n", "encoding")],
)
def test_files_of_another_kind(write: Any, load: Any, content: bytes, code: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load(write("x.yaml", content))
    assert [finding.code for finding in caught.value.findings] == [code]


@pytest.mark.parametrize("load", [load_model, load_provider])
def test_files_that_are_not_there(tmp_path: Path, load: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        load(tmp_path / "none.yaml")
    assert [finding.code for finding in caught.value.findings] == ["unreadable"]
    assert "none.yaml" in str(caught.value)


def test_a_model_file_is_no_provider_and_the_other_way_round(write: Any, vendor: Any, model: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        load_provider(write("m.yaml", model()))
    assert "missing-key" in {finding.code for finding in caught.value.findings}
    with pytest.raises(SchemaError):
        load_model(vendor())


def test_a_folder_without_a_provider_and_one_with_two(write: Any, tmp_path: Path, provider_text: Any) -> None:
    with pytest.raises(SchemaError, match="holds no provider file"):
        load_provider(tmp_path)
    write("a.yaml", provider_text())
    assert load_provider(tmp_path).provider == "acme"
    write("b.yaml", provider_text())
    with pytest.raises(SchemaError, match=r"a\.yaml, b\.yaml"):
        load_provider(tmp_path)
    write("provider.yaml", provider_text("provider: acme", "provider: third"))
    assert load_provider(tmp_path).provider == "third"


def test_the_error_survives_pickling(write: Any) -> None:
    with pytest.raises(SchemaError) as caught:
        load_model(write("m.yaml", "model: a\n"))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.findings == caught.value.findings


def test_findings_as_text_and_data() -> None:
    finding = Finding("warning", "is odd", "a.yaml", 3, 5, "x[1].y", "odd")
    assert str(finding) == "a.yaml:3: warning: x[1].y: is odd [odd]"
    assert finding.to_dict() == {
        "severity": "warning",
        "code": "odd",
        "message": "is odd",
        "file": "a.yaml",
        "line": 3,
        "column": 5,
        "key_path": "x[1].y",
    }
    assert str(Finding("info", "is empty")) == "info: is empty"
