"""The vendor file and the model schema of the tutorial, as they are printed there."""

from __future__ import annotations

from typing import Any

import pytest

from mrt.entities.common import FetchFrom, I18nObject, ModelType
from mrt.entities.model import AIModelEntity, ModelPropertyKey, ParameterRule, ParameterType
from mrt.errors import CredentialsValidateFailedError
from mrt.schema import lint, load_provider, validate_credentials_form

HEAD = """
provider: selfhosted # Specify vendor identifier
label: # Vendor display name
  en_US: Self Hosted
icon_small: # Small icon
  en_US: icon_s_en.svg
icon_large: # Large icon
  en_US: icon_l_en.svg
help: # Help
  title:
    en_US: How to deploy it
    zh_Hans: 如何部署
  url:
    en_US: https://example.com/inference
supported_model_types:
- llm
- text-embedding
- rerank
configurate_methods:
- customizable-model
provider_credential_schema:
  credential_form_schemas:
"""
FORM = """
    - variable: model_type
      type: select
      label:
        en_US: Model type
        zh_Hans: 模型类型
      required: true
      options:
      - value: text-generation
        label:
          en_US: Language Model
          zh_Hans: 语言模型
      - value: embeddings
        label:
          en_US: Text Embedding
      - value: reranking
        label:
          en_US: Rerank
    - variable: model_name
      type: text-input
      label:
        en_US: Model name
        zh_Hans: 模型名称
      required: true
      placeholder:
        zh_Hans: 填写模型名称
        en_US: Input model name
    - variable: server_url
      label:
        zh_Hans: 服务器URL
        en_US: Server url
      type: text-input
      required: true
      placeholder:
        zh_Hans: 在此输入服务器地址,如 https://example.com/xxx
        en_US: Enter the url, for example https://example.com/xxx
    - variable: model_uid
      label:
        zh_Hans: 模型 UID
        en_US: Model uid
      type: text-input
      required: true
      placeholder:
        zh_Hans: 在此输入您的 Model UID
        en_US: Enter the model uid
"""


@pytest.fixture(params=[HEAD, HEAD + FORM.lstrip("\n")], ids=["null form", "form"])
def path(request: pytest.FixtureRequest, write: Any) -> Any:
    for icon in ("s", "l"):
        write(f"_assets/icon_{icon}_en.svg", "<svg/>")
    return write("selfhosted.yaml", request.param.lstrip("\n"))


def test_it_loads_and_lints_without_errors(path: Any) -> None:
    provider = load_provider(path)
    assert provider.provider == "selfhosted"
    assert provider.label.zh_Hans == "Self Hosted"
    assert provider.help is not None
    assert provider.help.title.zh_Hans == "如何部署"
    assert provider.supported_model_types == [ModelType.LLM, ModelType.TEXT_EMBEDDING, ModelType.RERANK]
    assert [finding for finding in lint(path) if finding.severity != "info"] == []


def test_its_form_takes_credentials(write: Any) -> None:
    provider = load_provider(write("selfhosted.yaml", (HEAD + FORM.lstrip("\n")).lstrip("\n")))
    given = {"server_url": " http://127.0.0.1:9997\n", "model_uid": "qwen"}
    checked = validate_credentials_form(provider, given, model_type=ModelType.RERANK, model="my/model")
    assert dict(checked) == {
        "server_url": "http://127.0.0.1:9997",
        "model_uid": "qwen",
        "model_type": "reranking",
        "model_name": "my/model",
    }
    with pytest.raises(CredentialsValidateFailedError) as caught:
        validate_credentials_form(provider, {}, model_type=ModelType.LLM, model="m", lang="zh_Hans")
    assert list(caught.value.problems) == ["server_url", "model_uid"]
    assert "服务器URL" in str(caught.value)
    assert "模型 UID" in str(caught.value)


def test_the_model_schema_of_the_tutorial() -> None:
    rules = [
        ParameterRule(
            name="temperature",
            type=ParameterType.FLOAT,
            use_template="temperature",
            label=I18nObject(zh_Hans="温度", en_US="Temperature"),
        ),
        ParameterRule(
            name="max_tokens",
            type=ParameterType.INT,
            use_template="max_tokens",
            min=1,
            default=512,
            label=I18nObject(zh_Hans="最大生成长度", en_US="Max Tokens"),
        ),
    ]
    entity = AIModelEntity(
        model="A",
        label=I18nObject(en_US="A"),
        fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
        model_type=ModelType.LLM,
        model_properties={ModelPropertyKey.MODE: ModelType.LLM},
        parameter_rules=rules,
    )
    assert entity.model_properties[ModelPropertyKey.MODE] == "llm"
    assert (rules[0].default, rules[0].max, rules[1].default, rules[1].max) == (0.0, 1.0, 512, 2048)
    assert rules[1].label.zh_Hans == "最大生成长度"
    assert entity.model_dump(mode="json")["model_properties"] == {"mode": "llm"}
