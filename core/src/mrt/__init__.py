"""MRT, the model runtime: call any AI model vendor through one interface.

    import mrt

    chat = mrt.llm("acme/some-model", credentials={"api_key": "sk-test-1"})
    print(chat.invoke("Tell me a joke").text)

Names are imported when they are first used, so that `import mrt` costs next to nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"

# Type checkers take it for true; `typing` itself would load thirty modules.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from mrt import (
        credentials as credentials,
        entities as entities,
        errors as errors,
        hookspecs as hookspecs,
        http as http,
        middleware as middleware,
        plugin as plugin,
        registry as registry,
        runtime as runtime,
        schema as schema,
        tokens as tokens,
    )
    from mrt.api import (
        llm as llm,
        moderation as moderation,
        rerank as rerank,
        speech2text as speech2text,
        text_embedding as text_embedding,
        tts as tts,
    )
    from mrt.entities.common import (
        ConfigurateMethod as ConfigurateMethod,
        FetchFrom as FetchFrom,
        Help as Help,
        I18nObject as I18nObject,
        ModelType as ModelType,
    )
    from mrt.entities.invocation import (
        AudioFile as AudioFile,
        Invocation as Invocation,
        LLMRequest as LLMRequest,
        ModerationRequest as ModerationRequest,
        RerankRequest as RerankRequest,
        Speech2TextRequest as Speech2TextRequest,
        TextEmbeddingRequest as TextEmbeddingRequest,
        TTSRequest as TTSRequest,
    )
    from mrt.entities.llm import (
        FinishReason as FinishReason,
        LLMMode as LLMMode,
        LLMResult as LLMResult,
        LLMResultChunk as LLMResultChunk,
        LLMResultChunkDelta as LLMResultChunkDelta,
    )
    from mrt.entities.message import (
        AssistantPromptMessage as AssistantPromptMessage,
        AudioPromptMessageContent as AudioPromptMessageContent,
        DeveloperPromptMessage as DeveloperPromptMessage,
        DocumentPromptMessageContent as DocumentPromptMessageContent,
        ImagePromptMessageContent as ImagePromptMessageContent,
        MultiModalPromptMessageContent as MultiModalPromptMessageContent,
        PromptMessage as PromptMessage,
        PromptMessageContent as PromptMessageContent,
        PromptMessageContentType as PromptMessageContentType,
        PromptMessageRole as PromptMessageRole,
        PromptMessageTool as PromptMessageTool,
        SystemPromptMessage as SystemPromptMessage,
        TextPromptMessageContent as TextPromptMessageContent,
        ToolCall as ToolCall,
        ToolCallFunction as ToolCallFunction,
        ToolPromptMessage as ToolPromptMessage,
        UserPromptMessage as UserPromptMessage,
        VideoPromptMessageContent as VideoPromptMessageContent,
    )
    from mrt.entities.model import (
        AIModelEntity as AIModelEntity,
        ModelFeature as ModelFeature,
        ModelPropertyKey as ModelPropertyKey,
        ParameterRule as ParameterRule,
        ParameterType as ParameterType,
        PriceConfig as PriceConfig,
        PriceTier as PriceTier,
        VoiceEntity as VoiceEntity,
    )
    from mrt.entities.provider import (
        CredentialFormSchema as CredentialFormSchema,
        FieldModelSchema as FieldModelSchema,
        FormOption as FormOption,
        FormShowOn as FormShowOn,
        FormType as FormType,
        ModelCredentialSchema as ModelCredentialSchema,
        ProviderCredentialSchema as ProviderCredentialSchema,
        ProviderEntity as ProviderEntity,
    )
    from mrt.entities.results import (
        ModerationResult as ModerationResult,
        RerankDocument as RerankDocument,
        RerankResult as RerankResult,
        SpeechAudio as SpeechAudio,
        TextEmbeddingResult as TextEmbeddingResult,
        Voice as Voice,
    )
    from mrt.entities.secret import Credentials as Credentials, Secret as Secret, reveal as reveal
    from mrt.entities.usage import EmbeddingUsage as EmbeddingUsage, LLMUsage as LLMUsage, TokenCount as TokenCount
    from mrt.errors import (
        CredentialsValidateFailedError as CredentialsValidateFailedError,
        InvokeAuthorizationError as InvokeAuthorizationError,
        InvokeBadRequestError as InvokeBadRequestError,
        InvokeBadResponseError as InvokeBadResponseError,
        InvokeConnectionError as InvokeConnectionError,
        InvokeContentFilterError as InvokeContentFilterError,
        InvokeContextLengthError as InvokeContextLengthError,
        InvokeError as InvokeError,
        InvokeModelNotFoundError as InvokeModelNotFoundError,
        InvokeRateLimitError as InvokeRateLimitError,
        InvokeServerUnavailableError as InvokeServerUnavailableError,
        InvokeTimeoutError as InvokeTimeoutError,
        MRTError as MRTError,
        PluginError as PluginError,
        ProviderNotFoundError as ProviderNotFoundError,
        SchemaError as SchemaError,
    )
    from mrt.hookspecs import MRT_API as MRT_API, hookimpl as hookimpl
    from mrt.http.messages import (
        HTTPRequest as HTTPRequest,
        HTTPResponse as HTTPResponse,
        ServerSentEvent as ServerSentEvent,
        Timeouts as Timeouts,
    )
    from mrt.plugin.base import AIModel as AIModel
    from mrt.plugin.http_model import HTTPModel as HTTPModel, StreamParser as StreamParser
    from mrt.plugin.llm import LargeLanguageModel as LargeLanguageModel
    from mrt.plugin.moderation import ModerationModel as ModerationModel
    from mrt.plugin.provider import Provider as Provider
    from mrt.plugin.rerank import RerankModel as RerankModel
    from mrt.plugin.speech2text import Speech2TextModel as Speech2TextModel
    from mrt.plugin.text_embedding import TextEmbeddingModel as TextEmbeddingModel
    from mrt.plugin.tts import TTSModel as TTSModel
    from mrt.runtime import Runtime as Runtime


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
_MODULES = frozenset(
    {
        *("credentials", "entities", "errors", "hookspecs", "http", "middleware"),
        *("plugin", "registry", "runtime", "schema", "tokens"),
    }
)
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names.split()}

__all__ = ["__version__", *sorted(_HOME_OF)]  # pyright: ignore[reportUnsupportedDunderAll]


def __dir__() -> list[str]:
    return sorted({*(name for name in globals() if name.startswith("__")), *_HOME_OF, *_MODULES})


# Hidden from type checkers, which would otherwise accept any name.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _MODULES:
            return import_module(f"mrt.{name}")
        module = _HOME_OF.get(name)
        if module is None:
            raise AttributeError(f"module 'mrt' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(module), name)
        return value
