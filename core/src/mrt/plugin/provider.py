"""The object that a plugin's entry point names."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mrt.entities.common import ModelType
from mrt.entities.invocation import Invocation
from mrt.entities.secret import Credentials
from mrt.errors import InvokeBadRequestError, InvokeError, PluginError
from mrt.hookspecs import MRT_API, hookimpl
from mrt.plugin.base import AIModel

if TYPE_CHECKING:
    from mrt.entities.message import PromptMessage, PromptMessageTool
    from mrt.entities.model import AIModelEntity
    from mrt.entities.provider import ProviderEntity
    from mrt.entities.results import Voice


class Provider:
    """A vendor made of one model class per model type.

        plugin = Provider(__name__, models={"llm": "mrt_acme.llm:AcmeLargeLanguageModel"})

    Args:
        package: The package that holds ``provider.yaml``: ``__name__``.
        models: Model type to class, or to ``"module:Class"``, which is imported at first use.
        schema: Name of the provider file in the package.
        mrt_api: Number of the hook contract that the plugin was written for.
    """

    def __init__(
        self,
        package: str,
        *,
        models: Mapping[str, str | type[AIModel]],
        schema: str = "provider.yaml",
        mrt_api: int = MRT_API,
    ) -> None:
        self.package = package
        self.mrt_api = mrt_api
        self._schema_name = schema
        self._sources: dict[ModelType, str | type[AIModel]] = {}
        for name, source in models.items():
            try:
                self._sources[ModelType(name)] = source
            except ValueError:
                known = ", ".join(kind.key for kind in ModelType)
                raise PluginError(f"{package}: '{name}' is no model type; use {known}") from None
        self._models: dict[ModelType, AIModel] = {}
        self._lock = threading.RLock()

    @property
    def schema_path(self) -> Path:
        """Path of the provider file."""
        module = sys.modules.get(self.package)
        file = getattr(module, "__file__", None)
        if file is None:
            raise PluginError(f"{self.package} is no package in a folder, so {self._schema_name} cannot be found")
        return Path(file).parent / self._schema_name

    def model(self, model_type: ModelType) -> AIModel:
        """Return the object that serves a model type, made at first use.

        Raises:
            InvokeBadRequestError: The provider does not serve this model type.
            PluginError: The class cannot be imported or made.
        """
        model = self._models.get(model_type)
        if model is None:
            with self._lock:
                model = self._models.get(model_type)
                if model is None:
                    model = self._models[model_type] = self._make(model_type)
        return model

    def _make(self, model_type: ModelType) -> AIModel:
        source = self._sources.get(model_type)
        if source is None:
            served = ", ".join(kind.value for kind in self._sources)
            raise InvokeBadRequestError(f"this provider serves no {model_type.value} models, only: {served}")
        if isinstance(source, str):
            source = self._import(source)
        try:
            return source()
        except Exception as error:
            raise PluginError(f"{self.package}: making {source.__name__} failed: {error!r}") from error

    def _import(self, path: str) -> type[AIModel]:
        module_name, _, name = path.partition(":")
        try:
            found = getattr(importlib.import_module(module_name), name)
        except Exception as error:
            raise PluginError(f"{self.package}: '{path}' cannot be imported: {error!r}") from error
        if not (isinstance(found, type) and issubclass(found, AIModel)):
            raise PluginError(f"{self.package}: '{path}' is no class derived from AIModel")
        return found

    def validate_provider_credentials(self, credentials: dict[str, Any]) -> None:
        """Ask the vendor whether the provider's own credentials work; override it where that can be asked.

        Args:
            credentials: Plain credentials.

        Raises:
            CredentialsValidateFailedError: They do not work.
        """

    @hookimpl
    def provide_schema(self) -> ProviderEntity:
        """Read the provider file."""
        from mrt.schema import load_provider

        return load_provider(self.schema_path)

    @hookimpl
    def validate_credentials(self, model_type: ModelType | None, model: str | None, credentials: Credentials) -> None:
        """Ask the model's class, or the provider, about credentials."""
        if model_type is None or model is None:
            self.validate_provider_credentials(credentials.reveal())
        else:
            self.model(model_type).validate_credentials(model, credentials.reveal())

    @hookimpl
    def invoke(self, invocation: Invocation[Any]) -> Any:
        """Hand the call to the model's class."""
        return self.model(invocation.model_type).invoke(invocation)

    @hookimpl
    def ainvoke(self, invocation: Invocation[Any]) -> Any:
        """Hand the call to the model's class."""
        return self.model(invocation.model_type).ainvoke(invocation)

    @hookimpl
    def error_mapping(self, model_type: ModelType) -> Mapping[type[InvokeError], Sequence[type[Exception]]]:
        """Return the class's table."""
        return self.model(model_type)._invoke_error_mapping  # pyright: ignore[reportPrivateUsage]  # the seed's name for it

    @hookimpl
    def get_num_tokens(
        self,
        model_type: ModelType,
        model: str,
        credentials: Credentials,
        prompt_messages: Sequence[PromptMessage],
        tools: Sequence[PromptMessageTool] | None,
    ) -> int | None:
        """Ask a language model's class; 0 means that it cannot tell."""
        count = cast(Any, self.model(model_type)).get_num_tokens
        return count(model, credentials.reveal(), list(prompt_messages), list(tools or ()) or None) or None

    @hookimpl
    def get_customizable_model_schema(
        self, model_type: ModelType, model: str, credentials: Credentials
    ) -> AIModelEntity | None:
        """Ask the model's class."""
        return self.model(model_type).get_customizable_model_schema(model, credentials.reveal())

    @hookimpl
    def list_models(self, model_type: ModelType | None, credentials: Credentials) -> Sequence[AIModelEntity] | None:
        """Ask the classes; a server's list is often the same for all of them, so models count once."""
        found: dict[tuple[ModelType, str], AIModelEntity] = {}
        asked = False
        for kind in [model_type] if model_type is not None else list(self._sources):
            for entity in (listed := self.model(kind).list_models(credentials.reveal())) or ():
                found.setdefault((entity.model_type, entity.model), entity)
            asked = asked or listed is not None
        return list(found.values()) if asked else None

    @hookimpl
    def get_tts_model_voices(
        self, model: str, credentials: Credentials, language: str | None
    ) -> Sequence[Voice] | None:
        """Ask the text-to-speech class."""
        listed: Sequence[Voice] | None = cast(Any, self.model(ModelType.TTS)).get_tts_model_voices(
            model, credentials.reveal(), language
        )
        return listed
