"""The texts of the tutorial; what it leaves to the author is marked."""

from __future__ import annotations

INIT = """
from mrt import Provider

plugin = Provider(__name__, models={"llm": "seed_vendor.llm:XinferenceAILargeLanguageModel"})
"""

# The comments of the vendor file are as long as they are printed.
# ruff: noqa: E501
YAML = """
provider: xinference # Specify vendor identifier
label: # Vendor display name, can be set in en_US (English) and zh_Hans (Simplified Chinese). If zh_Hans is not set, en_US will be used by default.
  en_US: Xorbits Inference
icon_small: # Small icon, refer to other vendors' icons, stored in the _assets directory under the corresponding vendor implementation directory. Language strategy is the same as label.
  en_US: icon_s_en.svg
icon_large: # Large icon
  en_US: icon_l_en.svg
help: # Help
  title:
    en_US: How to deploy Xinference
    zh_Hans: 如何部署 Xinference
  url:
    en_US: https://github.com/xorbitsai/inference
supported_model_types: # Supported model types. Xinference supports LLM/Text Embedding/Rerank
- llm
- text-embedding
- rerank
configurate_methods: # Since Xinference is a locally deployed vendor and does not have predefined models, you need to deploy the required models according to Xinference's documentation. Therefore, only custom models are supported here.
- customizable-model
provider_credential_schema:
  credential_form_schemas:
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
        zh_Hans: 在此输入Xinference的服务器地址,如 https://example.com/xxx
        en_US: Enter the url of your Xinference, for example https://example.com/xxx
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

# The author's part: imports, and a vendor's client of the standard library.
_CLIENT = """
import json
from typing import Generator, List, Optional, Union
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from mrt import (
    AIModelEntity, AssistantPromptMessage, CredentialsValidateFailedError, FetchFrom, I18nObject,
    InvokeAuthorizationError, InvokeBadRequestError, InvokeConnectionError, InvokeError, InvokeRateLimitError,
    InvokeServerUnavailableError, LargeLanguageModel, LLMResult, LLMResultChunk, LLMResultChunkDelta, LLMUsage,
    ModelPropertyKey, ModelType, ParameterRule, ParameterType, PromptMessage, PromptMessageTool,
)


class WrongKey(Exception):
    pass


def post(credentials, body):
    request = Request(credentials["server_url"] + "/v1/chat/completions", json.dumps(body).encode())
    request.add_header("content-type", "application/json")
    try:
        return build_opener(ProxyHandler({})).open(request, timeout=30)
    except HTTPError as error:
        with error:
            if error.code == 401:
                raise WrongKey(error.reason) from error
            raise
"""

_CALLS = '''
class XinferenceAILargeLanguageModel(LargeLanguageModel):
    def _invoke(self, model: str, credentials: dict,
                prompt_messages: list[PromptMessage], model_parameters: dict,
                tools: Optional[list[PromptMessageTool]] = None, stop: Optional[List[str]] = None,
                stream: bool = True, user: Optional[str] = None) \\
            -> Union[LLMResult, Generator]:
        """
        Invoke large language model

        :param model: model name
        :param credentials: model credentials
        :param prompt_messages: prompt messages
        :param model_parameters: model parameters
        :param tools: tools for tool calling
        :param stop: stop words
        :param stream: is stream response
        :param user: unique user id
        :return: full response or stream response chunk generator result
        """
        messages = [{"role": message.role.value, "content": message.content} for message in prompt_messages]
        body = {"model": credentials["model_uid"], "messages": messages, "stream": stream, **model_parameters}
        response = post(credentials, body)
        if stream:
            return self._handle_stream_response(model=model, response=response)
        return self._handle_sync_response(model=model, response=response)

    def _handle_stream_response(self, model, response) -> Generator:
        with response:
            for line in response:
                if line.startswith(b"data: {"):
                    delta = json.loads(line[6:])["choices"][0]["delta"]
                    message = AssistantPromptMessage(content=delta.get("content") or "", tool_calls=[])
                    chunk = LLMResultChunk(model=model, delta=LLMResultChunkDelta(index=0, message=message))
                    yield chunk

    def _handle_sync_response(self, model, response) -> LLMResult:
        with response:
            text = json.load(response)["choices"][0]["message"]["content"]
        message = AssistantPromptMessage(content=text)
        response = {"model": model, "message": message, "usage": LLMUsage.empty_usage(), "prompt_messages": []}
        return LLMResult(**response)

    def get_num_tokens(self, model: str, credentials: dict, prompt_messages: list[PromptMessage],
                       tools: Optional[list[PromptMessageTool]] = None) -> int:
        """
        Get number of tokens for given prompt messages

        :param model: model name
        :param credentials: model credentials
        :param prompt_messages: prompt messages
        :param tools: tools for tool calling
        :return:
        """
        return sum(self._get_num_tokens_by_gpt2(message.content) for message in prompt_messages)

    def validate_credentials(self, model: str, credentials: dict) -> None:
        """
        Validate model credentials

        :param model: model name
        :param credentials: model credentials
        :return:
        """
        try:
            ping = [{"role": "user", "content": "ping"}]
            post(credentials, {"model": credentials["model_uid"], "messages": ping}).close()
        except (HTTPError, WrongKey) as error:
            raise CredentialsValidateFailedError(f"{credentials['model_uid']}: {error}") from error
'''

_SCHEMA = '''
    def get_customizable_model_schema(self, model: str, credentials: dict) -> AIModelEntity | None:
        """
            Used to define customizable model schema
        """
        rules = [
            ParameterRule(
                name='temperature', type=ParameterType.FLOAT,
                use_template='temperature',
                label=I18nObject(
                    zh_Hans='温度', en_US='Temperature'
                )
            ),
            ParameterRule(
                name='top_p', type=ParameterType.FLOAT,
                use_template='top_p',
                label=I18nObject(
                    zh_Hans='Top P', en_US='Top P'
                )
            ),
            ParameterRule(
                name='max_tokens', type=ParameterType.INT,
                use_template='max_tokens',
                min=1,
                default=512,
                label=I18nObject(
                    zh_Hans='最大生成长度', en_US='Max Tokens'
                )
            )
        ]

        # if model is A, add top_k to rules
        if model == 'A':
            rules.append(
                ParameterRule(
                    name='top_k', type=ParameterType.INT,
                    use_template='top_k',
                    min=1,
                    default=50,
                    label=I18nObject(
                        zh_Hans='Top K', en_US='Top K'
                    )
                )
            )

        """
            some NOT IMPORTANT code here
        """
        model_type = ModelType.LLM

        entity = AIModelEntity(
            model=model,
            label=I18nObject(
                en_US=model
            ),
            fetch_from=FetchFrom.CUSTOMIZABLE_MODEL,
            model_type=model_type,
            model_properties={
                ModelPropertyKey.MODE: ModelType.LLM,
            },
            parameter_rules=rules
        )

        return entity

    @property
    def _invoke_error_mapping(self) -> dict[type[InvokeError], list[type[Exception]]]:
        """
        Map model invoke error to unified error
        The key is the error type thrown to the caller
        The value is the error type thrown by the model,
        which needs to be converted into a unified error type for the caller.

        :return: Invoke error mapping
        """
        return {
            InvokeConnectionError: [URLError, OSError, ValueError],
            InvokeServerUnavailableError: [],
            InvokeRateLimitError: [],
            InvokeAuthorizationError: [WrongKey],
            InvokeBadRequestError: [HTTPError],
        }
'''

CLASS = _CLIENT + _CALLS + _SCHEMA
