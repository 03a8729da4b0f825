"""The runtime: owner of the registry, the connections and the middleware."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from mrt._similar import most_like
from mrt.entities.common import ModelType
from mrt.entities.message import PromptMessage, PromptMessageTool
from mrt.entities.model import AIModelEntity, ModelPropertyKey
from mrt.entities.provider import ProviderEntity
from mrt.entities.results import Voice
from mrt.entities.secret import Credentials, masked
from mrt.errors import (
    CredentialsValidateFailedError,
    InvokeAuthorizationError,
    InvokeModelNotFoundError,
    ProviderNotFoundError,
)
from mrt.http.context import CallContext
from mrt.http.messages import Timeouts
from mrt.http.transport import Transport
from mrt.middleware.base import Middleware, compose
from mrt.registry import PluginFailure, Registry
from mrt.runtime.calling import Calling
from mrt.runtime.embedding import TextEmbeddingHandle
from mrt.runtime.handle import Handle
from mrt.runtime.llm import LLMHandle
from mrt.runtime.moderation import ModerationHandle
from mrt.runtime.rerank import RerankHandle
from mrt.runtime.schemas import SchemaCache, predefined, refuse_unknown_model
from mrt.runtime.speech import Speech2TextHandle, TTSHandle
from mrt.runtime.terminal import Terminal
from mrt.schema.forms import validate_credentials_form

HandleT = TypeVar("HandleT", bound=Handle)
UnknownParameters = Literal["error", "warn", "drop"]


class Runtime:
    """Finds providers and makes handles; one is enough for a program, and `mrt.llm` and its sisters share one.

    Args:
        load_entry_points: Whether installed plugins are found; without, only `register` brings providers.
        middleware: `mrt.middleware` objects, outermost first, or objects with pluggy hook wrappers.
        timeouts: Time limits of all calls; a handle may have its own.
        unknown_parameters: What happens to a parameter that the model's rules do not name.
        ca_file: File with the certificates to trust for https, in place of the usual ones.
        trust_env: Whether ``HTTPS_PROXY`` and its sisters count.
    """

    def __init__(
        self,
        load_entry_points: bool = True,
        *,
        middleware: Iterable[Any] = (),
        timeouts: Timeouts | None = None,
        unknown_parameters: UnknownParameters = "error",
        ca_file: str | None = None,
        trust_env: bool = True,
    ) -> None:
        self.registry = Registry(load_entry_points)
        around: list[Middleware] = []
        for part in middleware:
            if isinstance(part, Middleware):
                around.append(part)
            else:
                self.registry.add_middleware(part)
        self.chain = compose(around, Terminal(self.registry))
        self._context = CallContext(Transport(ca_file=ca_file, trust_env=trust_env), timeouts or Timeouts())
        self.unknown_parameters: UnknownParameters = unknown_parameters
        self._schemas = SchemaCache()
        self._handles: weakref.WeakSet[Handle] = weakref.WeakSet()
        self._lock = threading.Lock()

    # Providers

    def providers(self) -> dict[str, ProviderEntity]:
        """Return what the installed providers are, from their files, without importing vendor code."""
        return self.registry.providers()

    @property
    def failures(self) -> list[PluginFailure]:
        """Plugins that do not work, each with distribution, version, phase and error."""
        return list(self.registry.failures)

    def register(self, plugin: Any, name: str | None = None) -> str:
        """Add a plugin object or module that is not installed; returns its name.

        Raises:
            PluginError: It has no hooks, wrong hooks, or its name is taken.
        """
        return self.registry.register(plugin, name)

    def disable(self, name: str) -> None:
        """Leave a provider out from now on."""
        self.registry.disable(name)
        self._schemas.forget(name)

    def icon(self, provider: str, key: str = "icon_small", lang: str = "en_US") -> tuple[bytes, str]:
        """Return an icon's bytes and media type.

        Args:
            provider: Provider id.
            key: ``icon_small``, ``icon_large``, ``icon_small_dark`` or ``icon_large_dark``.
            lang: Language of the icon; English when it has none of its own.

        Raises:
            LookupError: The provider, or the icon, is not there.
        """
        return self.registry.get(provider).icon(key, lang)

    # Models

    def models(
        self,
        provider: str,
        model_type: ModelType | str | None = None,
        credentials: Mapping[str, Any] | None = None,
    ) -> list[AIModelEntity]:
        """Return a provider's models: those of its files, or with credentials those that the vendor lists.

        Raises:
            CredentialsValidateFailedError: The credentials are malformed.
            InvokeError: The vendor was asked and failed.
        """
        credentials, kind = masked(credentials), None if model_type is None else ModelType(model_type)
        entry = self.registry.get(provider)
        if credentials is not None:
            checked = validate_credentials_form(entry.schema, credentials, model_type=kind, model=None, partial=True)
            with Calling(entry, checked, kind or ModelType.LLM, "", self._context):
                listed = entry.relay.list_models(model_type=kind, credentials=checked)
            if listed is not None:
                return [entity for entity in listed if kind is None or entity.model_type == kind]
        return [entity for entity in entry.schema.model_entities(kind) if not entity.deprecated]

    def model_schema(
        self,
        provider: str,
        model_type: ModelType | str,
        model: str,
        credentials: Mapping[str, Any] | None = None,
    ) -> AIModelEntity:
        """Return a model's schema; arguments and errors as for a handle."""
        credentials, kind = masked(credentials), ModelType(model_type)
        return self._handle(_HANDLES[kind], f"{provider}/{model}", credentials, None).schema

    def validate_credentials(
        self,
        provider: str,
        credentials: Mapping[str, Any],
        model_type: ModelType | str | None = None,
        model: str | None = None,
    ) -> None:
        """Check credentials against the provider's form, then ask the vendor.

        Args:
            provider: Provider id.
            credentials: The credentials; they are not changed.
            model_type: Together with `model` for a model's credentials, None for the provider's own.
            model: Model name.

        Raises:
            CredentialsValidateFailedError: They do not work, or the form is not filled in right.
            InvokeError: The vendor could not be asked.
        """
        credentials, kind = masked(credentials), None if model_type is None else ModelType(model_type)
        if (kind is None) != (model is None):
            raise CredentialsValidateFailedError("give model_type and model together, or neither: nothing was checked")
        entry = self.registry.get(provider)
        # In place of the caller's, so that no frame of an error's traceback holds a plain key.
        credentials = validate_credentials_form(entry.schema, credentials, model_type=kind, model=model)
        self.check_credentials(provider, credentials, kind, model, self._context)

    # Handles

    def llm(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> LLMHandle:
        """Return a language model.

        Args:
            name: ``provider/model``; only the first slash splits.
            credentials: As the provider's form asks for them; they are not changed.
            timeouts: Time limits of this handle's calls.

        Raises:
            ProviderNotFoundError: No such provider; names the nearest and how to install one.
            CredentialsValidateFailedError: The form is not filled in right.
        """
        credentials = masked(credentials)
        return self._handle(LLMHandle, name, credentials, timeouts)

    def text_embedding(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> TextEmbeddingHandle:
        """Return a text embedding model; arguments and errors as in `llm`."""
        credentials = masked(credentials)
        return self._handle(TextEmbeddingHandle, name, credentials, timeouts)

    def rerank(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> RerankHandle:
        """Return a rerank model; arguments and errors as in `llm`."""
        credentials = masked(credentials)
        return self._handle(RerankHandle, name, credentials, timeouts)

    def speech2text(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> Speech2TextHandle:
        """Return a speech-to-text model; arguments and errors as in `llm`."""
        credentials = masked(credentials)
        return self._handle(Speech2TextHandle, name, credentials, timeouts)

    def tts(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> TTSHandle:
        """Return a text-to-speech model; arguments and errors as in `llm`."""
        credentials = masked(credentials)
        return self._handle(TTSHandle, name, credentials, timeouts)

    def moderation(
        self, name: str, credentials: Mapping[str, Any] | None = None, *, timeouts: Timeouts | None = None
    ) -> ModerationHandle:
        """Return a moderation model; arguments and errors as in `llm`."""
        credentials = masked(credentials)
        return self._handle(ModerationHandle, name, credentials, timeouts)

    # Life

    def close(self) -> None:
        """Close all connections; the runtime can be used again, and opens new ones then."""
        self._context.transport.close()

    async def aclose(self) -> None:
        """Close all connections, also those of the running event loop."""
        await self._context.transport.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # For handles

    def release(self, handle: Handle) -> None:
        """Forget a closed handle; with the last one the connections close."""
        if self._is_last(handle):
            self.close()

    async def arelease(self, handle: Handle) -> None:
        """Do the same as `release` from an event loop."""
        if self._is_last(handle):
            await self.aclose()

    def _is_last(self, handle: Handle) -> bool:
        with self._lock:
            self._handles.discard(handle)
            return not self._handles

    def check_credentials(
        self,
        provider: str,
        credentials: Credentials,
        model_type: ModelType | None,
        model: str | None,
        context: CallContext,
    ) -> None:
        """Ask the vendor about form-checked credentials; errors as in `validate_credentials`."""
        entry = self.registry.get(provider)
        self._schemas.forget(provider)
        try:
            with Calling(entry, credentials, model_type or ModelType.LLM, model or "", context):
                entry.relay.validate_credentials(model_type=model_type, model=model, credentials=credentials)
        except (InvokeAuthorizationError, InvokeModelNotFoundError) as error:
            raise CredentialsValidateFailedError(str(error), cause=error) from error

    def peek_schema(
        self, provider: str, model_type: ModelType, model: str, credentials: Credentials
    ) -> tuple[AIModelEntity | None] | None:
        """Return a schema that is known already, in a tuple; None when it has to be made."""
        entry = self.registry.get(provider)
        found = predefined(entry.schema, model_type, model)
        if found is not None:
            return (found,)
        return self._schemas.peek((provider, model_type, model, credentials.fingerprint))

    def find_schema(
        self, provider: str, model_type: ModelType, model: str, credentials: Credentials, context: CallContext
    ) -> AIModelEntity | None:
        """Return a model's schema: from the provider's files, or made by the plugin; None when it makes none."""
        known = self.peek_schema(provider, model_type, model, credentials)
        if known is not None:
            return known[0]
        entry = self.registry.get(provider)
        refuse_unknown_model(entry.schema, model_type, model)

        def make() -> AIModelEntity | None:
            with Calling(entry, credentials, model_type, model, context):
                return entry.relay.get_customizable_model_schema(
                    model_type=model_type, model=model, credentials=credentials
                )

        return self._schemas.get((provider, model_type, model, credentials.fingerprint), make)

    def count_tokens(
        self, handle: LLMHandle, messages: Sequence[PromptMessage], tools: Sequence[PromptMessageTool]
    ) -> int | None:
        """Ask the plugin for a number of tokens; None when it cannot tell."""
        entry = self.registry.get(handle.provider)
        with Calling(entry, handle.credentials, handle.model_type, handle.model, self._context):
            return entry.relay.get_num_tokens(
                model_type=handle.model_type,
                model=handle.model,
                credentials=handle.credentials,
                prompt_messages=messages,
                tools=tools or None,
            )

    def voices(self, handle: TTSHandle, language: str | None) -> list[Voice]:
        """Return a model's voices, as the plugin lists them or as its schema does."""
        entry = self.registry.get(handle.provider)
        with Calling(entry, handle.credentials, handle.model_type, handle.model, self._context):
            listed: Sequence[Any] | None = entry.relay.get_tts_model_voices(
                model=handle.model, credentials=handle.credentials, language=language
            )
        if listed is None:
            listed = handle.schema.model_properties.get(ModelPropertyKey.VOICES)
        voices = [_voice(item) for item in listed or ()]
        return [voice for voice in voices if language is None or not voice.languages or language in voice.languages]

    def _handle(
        self,
        kind: type[HandleT],
        name: str,
        credentials: Mapping[str, Any] | None,
        timeouts: Timeouts | None,
    ) -> HandleT:
        if not isinstance(name, str):
            raise TypeError(f"a model is named by a text like 'provider/model', not by {type(name).__name__}")
        provider, slash, model = name.partition("/")
        if not slash or not model or not provider:
            raise self._no_model(name)
        entry = self.registry.get(provider)
        checked = validate_credentials_form(entry.schema, credentials or {}, model_type=kind.model_type, model=model)
        context = self._context if timeouts is None else CallContext(self._context.transport, timeouts)
        handle = kind(self, provider, model, checked, context)
        with self._lock:
            self._handles.add(handle)
        return handle

    def _no_model(self, name: str) -> ProviderNotFoundError:
        names = self.registry.names()
        provider = name.strip("/")
        near = most_like(provider, names, 3)
        example = f"{near[0] if near else (names[0] if names else 'provider')}/model"
        return ProviderNotFoundError(
            f"'{name}' does not name provider and model: write it like '{example}'", provider=provider, suggestions=near
        )


def _voice(item: Any) -> Voice:
    if isinstance(item, Voice):
        return item
    # A YAML voice has `mode`, `name` and `language`; plugins of the seed's runtime return `name` and `value`.
    languages = item.get("language") or ()
    return Voice(
        name=str(item.get("name") or item.get("mode") or item.get("value")),
        value=str(item.get("mode") or item.get("value") or item.get("name")),
        languages=tuple([languages] if isinstance(languages, str) else languages),
    )


_HANDLES: dict[ModelType, type[Handle]] = {
    handle.model_type: handle
    for handle in (LLMHandle, TextEmbeddingHandle, RerankHandle, Speech2TextHandle, TTSHandle, ModerationHandle)
}
