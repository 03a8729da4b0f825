"""MRT plugin for Xinference: any model that a server of yours runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from mrt.hookspecs import hookimpl
from mrt.plugin.provider import Provider

if TYPE_CHECKING:
    from mrt.entities.common import ModelType
    from mrt.entities.model import AIModelEntity
    from mrt.entities.secret import Credentials
    from mrt_xinference.model import XinferenceModel

MODELS = {
    "llm": "mrt_xinference.llm:XinferenceLargeLanguageModel",
    "text-embedding": "mrt_xinference.text_embedding:XinferenceTextEmbeddingModel",
    "rerank": "mrt_xinference.rerank:XinferenceRerankModel",
    "speech2text": "mrt_xinference.speech2text:XinferenceSpeech2TextModel",
    "tts": "mrt_xinference.tts:XinferenceTTSModel",
}


class XinferenceProvider(Provider):
    """The provider; its server has one list for the models of all types."""

    @hookimpl
    def list_models(self, model_type: ModelType | None, credentials: Credentials) -> Sequence[AIModelEntity]:
        """Ask the server once, whatever the type; images, videos and worlds are left out."""
        from mrt.entities.common import ModelType

        kinds = [model_type] if model_type is not None else [ModelType(name) for name in MODELS]
        classes = [cast("XinferenceModel", self.model(kind)) for kind in kinds]
        entries = classes[0].list_entries(credentials)
        return [entity for each in classes for entity in each.listed(entries)]


plugin = XinferenceProvider(__name__, models=MODELS)

__all__ = ["MODELS", "XinferenceProvider", "plugin"]
