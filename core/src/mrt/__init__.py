"""MRT, the model runtime: call any AI model vendor through one interface.

    import mrt

    chat = mrt.llm("acme/some-model", credentials={"api_key": "sk-test-1"})
    print(chat.invoke("Tell me a joke").text)

Names are imported when they are first used, so that `import mrt` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mrt.api import llm, moderation, rerank, speech2text, text_embedding, tts
    from mrt.entities.common import ConfigurateMethod, FetchFrom, Help, I18nObject, ModelType
    from mrt.entities.invocation import (
        AudioFile,
        Invocation,
        LLMRequest,
        ModerationRequest,
        RerankRequest,
        Speech2TextRequest,
        TextEmbeddingRequest,
        TTSRequest,
    )
    from mrt.entities.llm import FinishReason, LLMMode, LLMResult, LLMResultChunk, LLMResultChunkDelta
    from mrt.entities.message import (
        AssistantPromptMessage,
        AudioPromptMessageContent,
        DeveloperPromptMessage,
        DocumentPromptMessageContent,
        ImagePromptMessageContent,
        MultiModalPromptMessageContent,
        PromptMessage,
        PromptMessageContent,
        PromptMessageContentType,
        PromptMessageRole,
        PromptMessageTool,
        SystemPromptMessage,
        TextPromptMessageContent,
        ToolCall,
        ToolCallFunction,
        ToolPromptMessage,
        UserPromptMessage,
        VideoPromptMessageContent,
    )
    from mrt.entities.model import (
        AIModelEntity,
        ModelFeature,
        ModelPropertyKey,
        ParameterRule,
        ParameterType,
        PriceConfig,
        PriceTier,
        VoiceEntity,
    )
    from mrt.entities.provider import (
        CredentialFormSchema,
        FieldModelSchema,
        FormOption,
        FormShowOn,
        FormType,
        ModelCredentialSchema,
        ProviderCredentialSchema,
        ProviderEntity,
    )
    from mrt.entities.results import (
        ModerationResult,
        RerankDocument,
        RerankResult,
        SpeechAudio,
        TextEmbeddingResult,
        Voice,
    )
    from mrt.entities.secret import Credentials, Secret, reveal
    from mrt.entities.usage import EmbeddingUsage, LLMUsage, TokenCount
    from mrt.errors import (
        CredentialsValidateFailedError,
        InvokeAuthorizationError,
        InvokeBadRequestError,
        InvokeBadResponseError,
        InvokeConnectionError,
        InvokeContentFilterError,
        InvokeContextLengthError,
        InvokeError,
        InvokeModelNotFoundError,
        InvokeRateLimitError,
        InvokeServerUnavailableError,
        InvokeTimeoutError,
        MRTError,
        PluginError,
        ProviderNotFoundError,
        SchemaError,
    )
    from mrt.hookspecs import MRT_API, hookimpl
    from mrt.http.messages import HTTPRequest, HTTPResponse, ServerSentEvent, Timeouts
    from mrt.plugin.base import AIModel
    from mrt.plugin.http_model import HTTPModel, StreamParser
    from mrt.plugin.llm import LargeLanguageModel
    from mrt.plugin.moderation import ModerationModel
    from mrt.plugin.provider import Provider
    from mrt.plugin.rerank import RerankModel
    from mrt.plugin.speech2text import Speech2TextModel
    from mrt.plugin.text_embedding import TextEmbeddingModel
    from mrt.plugin.tts import TTSModel
    from mrt.runtime import Runtime

_HOMES = {
    "mrt.api": "llm moderation rerank speech2text text_embedding tts",
    "mrt.runtime": "Runtime",
    "mrt.entities.common": "ConfigurateMethod FetchFrom Help I18nObject ModelType",
    "mrt.entities.invocation": "AudioFile Invocation LLMRequest ModerationRequest RerankRequest Speech2TextRequest "
    "TTSRequest TextEmbeddingRequest",
    "mrt.entities.llm": "FinishReason LLMMode LLMResult LLMResultChunk LLMResultChunkDelta",
    "mrt.entities.message": "AssistantPromptMessage AudioPromptMessageContent DeveloperPromptMessage "
    "DocumentPromptMessageContent ImagePromptMessageContent MultiModalPromptMessageContent PromptMessage "
    "PromptMessageContent PromptMessageContentType PromptMessageRole PromptMessageTool SystemPromptMessage "
    "TextPromptMessageContent ToolCall ToolCallFunction ToolPromptMessage UserPromptMessage "
    "VideoPromptMessageContent",
    "mrt.entities.model": "AIModelEntity ModelFeature ModelPropertyKey ParameterRule ParameterType PriceConfig "
    "PriceTier VoiceEntity",
    "mrt.entities.provider": "CredentialFormSchema FieldModelSchema FormOption FormShowOn FormType "
    "ModelCredentialSchema ProviderCredentialSchema ProviderEntity",
    "mrt.entities.results": "ModerationResult RerankDocument RerankResult SpeechAudio TextEmbeddingResult Voice",
    "mrt.entities.secret": "Credentials Secret reveal",
    "mrt.entities.usage": "EmbeddingUsage LLMUsage TokenCount",
    "mrt.errors": "CredentialsValidateFailedError InvokeAuthorizationError InvokeBadRequestError "
    "InvokeBadResponseError InvokeConnectionError InvokeContentFilterError InvokeContextLengthError InvokeError "
    "InvokeModelNotFoundError InvokeRateLimitError InvokeServerUnavailableError InvokeTimeoutError MRTError "
    "PluginError ProviderNotFoundError SchemaError",
    "mrt.hookspecs": "MRT_API hookimpl",
    "mrt.http.messages": "HTTPRequest HTTPResponse ServerSentEvent Timeouts",
    "mrt.plugin.base": "AIModel",
    "mrt.plugin.http_model": "HTTPModel StreamParser",
    "mrt.plugin.llm": "LargeLanguageModel",
    "mrt.plugin.moderation": "ModerationModel",
    "mrt.plugin.provider": "Provider",
    "mrt.plugin.rerank": "RerankModel",
    "mrt.plugin.speech2text": "Speech2TextModel",
    "mrt.plugin.text_embedding": "TextEmbeddingModel",
    "mrt.plugin.tts": "TTSModel",
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOME_OF)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'mrt' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
